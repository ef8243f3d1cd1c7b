//! Numbers as people read them.

use vmpack_model::Value;

/// A duration: `1.23 s`, `4.5 ms`, `12 \u{b5}s`, `1 h 02 min`.
pub(crate) fn seconds(value: f64) -> String {
    if !value.is_finite() {
        return "\u{2013}".to_owned();
    }
    let size = value.abs();
    // Each bound is where rounding to three figures would carry into the next unit.
    if size < 0.5e-9 {
        "0 s".to_owned()
    } else if size < 0.999_5e-3 {
        format!("{} \u{b5}s", three_figures(value * 1e6))
    } else if size < 0.999_5 {
        format!("{} ms", three_figures(value * 1e3))
    } else if size < 999.5 {
        format!("{} s", three_figures(value))
    } else if size < 3_570.0 {
        format!("{:.0} min", value / 60.0)
    } else {
        let minutes = (value / 60.0).round() as i64;
        format!("{} h {:02} min", minutes / 60, minutes % 60)
    }
}

/// A duration at a tick: a power of ten keeps its unit up to 1000 s.
pub(crate) fn tick_seconds(value: f64) -> String {
    let (scaled, unit) = match value {
        v if v <= 0.0 => (0.0, "s"),
        v if v < 0.999_5e-3 => (v * 1e6, "\u{b5}s"),
        v if v < 0.999_5 => (v * 1e3, "ms"),
        v => (v, "s"),
    };
    format!("{} {unit}", trimmed(scaled))
}

/// Bytes in binary units: `12.3 MiB`.
pub(crate) fn bytes(value: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if value < 1024 {
        return format!("{value} B");
    }
    let mut scaled = value as f64 / 1024.0;
    let mut unit = 0;
    while scaled >= 999.5 && unit + 1 < UNITS.len() {
        scaled /= 1024.0;
        unit += 1;
    }
    format!("{} {}", three_figures(scaled), UNITS[unit])
}

/// A share of one, in percent: `12.3 %`; `0 %` only for zero.
pub(crate) fn percent(share: f64) -> String {
    if !share.is_finite() {
        return "\u{2013}".to_owned();
    }
    let value = share * 100.0;
    if value == 0.0 {
        "0 %".to_owned()
    } else if value.abs() < 0.005 {
        if value > 0.0 { "< 0.01 %".to_owned() } else { "> -0.01 %".to_owned() }
    } else if value.abs() < 9.995 {
        format!("{value:.2} %")
    } else {
        format!("{value:.1} %")
    }
}

/// A whole number with a thin space between groups of three digits.
pub(crate) fn count(value: u64) -> String {
    group(&value.to_string())
}

/// So many of what has a plural with `s`: `1 trace`, `2 traces`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// An exact value: an integer in groups, a fraction as a decimal of six figures.
pub(crate) fn value(value: Value) -> String {
    match value.as_integer() {
        Some(integer) if integer < 0 => format!("-{}", group(&integer.unsigned_abs().to_string())),
        Some(integer) => group(&integer.to_string()),
        None => significant(value.to_f64(), 6),
    }
}

/// At most three decimals, without trailing zeros.
pub(crate) fn trimmed(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A number of any size: four significant figures, as a power of ten where it is tiny or huge.
pub(crate) fn number(value: f64) -> String {
    if !value.is_finite() {
        "\u{2013}".to_owned()
    } else if value != 0.0 && !(1e-3..1e6).contains(&value.abs()) {
        let text = format!("{value:.2e}");
        text.replace(".00e", "e").replace("0e", "e")
    } else if value.abs() >= 1000.0 {
        format!("{value:.0}")
    } else {
        significant(value, 4)
    }
}

/// Something over something else, to three figures; as a power of ten where that would be a long number.
pub(crate) fn ratio(value: f64) -> String {
    if value.is_finite() && (1e-3..1e5).contains(&value.abs()) {
        three_figures(value)
    } else {
        number(value)
    }
}

/// A p-value: no more digits than it deserves.
pub(crate) fn p_value(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { format!("{p:.3}") }
}

/// Three significant figures, as a plain decimal.
fn three_figures(value: f64) -> String {
    significant(value, 3)
}

fn significant(value: f64, figures: i32) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let magnitude = value.abs().log10().floor() as i32;
    let decimals = (figures - 1 - magnitude).clamp(0, 12) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

fn group(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() * 2);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) && digits.len() > 4 {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_naturally() {
        for (value, text) in [
            (0.0, "0 s"),
            (1.2e-5, "12 \u{b5}s"),
            (0.004_5, "4.5 ms"),
            (0.999_6, "1 s"),
            (1.234, "1.23 s"),
            (600.0, "600 s"),
            (1_200.0, "20 min"),
            (3_720.0, "1 h 02 min"),
            (f64::NAN, "\u{2013}"),
        ] {
            assert_eq!(seconds(value), text, "{value}");
        }
    }

    #[test]
    fn bytes_percent_and_counts() {
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(12_897_485), "12.3 MiB");
        assert_eq!(bytes(1_073_741_824), "1 GiB");
        assert_eq!(percent(0.0), "0 %");
        assert_eq!(percent(0.012_34), "1.23 %");
        assert_eq!(percent(0.000_01), "< 0.01 %");
        assert_eq!(percent(1.5), "150.0 %");
        assert_eq!(count(1234), "1234");
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
    }

    #[test]
    fn values_keep_their_sign_and_fractions() {
        let of = |text: &str| value(text.parse().expect("a value"));
        assert_eq!(of("7/2"), "3.5");
        assert_eq!(of("-12345"), "-12\u{202f}345");
        assert_eq!(of("1/3"), "0.333333");
        assert_eq!(of("100000001/2"), "50000000");
    }
}
