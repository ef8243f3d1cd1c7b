//! Words and values as LaTeX.

use crate::format;
use crate::table::{Cell, Column, Unit};

/// The heading, with the unit of the whole column.
pub(super) fn heading(column: &Column) -> String {
    let unit = match column.unit {
        Unit::Seconds => " [s]",
        Unit::Bytes => " [MiB]",
        Unit::Share => " [\\%]",
        _ => "",
    };
    format!("{}{unit}", escape(column.heading))
}

/// A value, rounded; the unit is that of the column.
pub(super) fn value(column: &Column, cell: &Cell) -> String {
    const BYTES_PER_MIB: f64 = 1_048_576.0;
    match (cell, column.unit) {
        (Cell::Count(bytes), Unit::Bytes) => number(*bytes as f64 / BYTES_PER_MIB),
        (Cell::Real(share), Unit::Share) => {
            if share.is_finite() {
                format!("${:.2}$", 100.0 * share)
            } else {
                "--".to_owned()
            }
        }
        (Cell::Real(real), Unit::Seconds | Unit::Number | Unit::Ratio) => number(*real),
        (Cell::Real(p), Unit::Probability) => {
            let text = format::p_value(*p);
            format!("${}$", text.replace(' ', ""))
        }
        _ => escape(&column.text(cell)),
    }
}

/// Three significant figures, tiny and huge numbers as powers of ten.
pub(super) fn number(value: f64) -> String {
    if !value.is_finite() {
        return "--".to_owned();
    }
    if value == 0.0 {
        return "$0$".to_owned();
    }
    let text = format!("{value:.2e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    match exponent.parse::<i32>() {
        Ok(exponent @ -3..=5) => format!("${value:.*}$", (2 - exponent).max(0) as usize),
        _ => format!("${mantissa}\\cdot10^{{{exponent}}}$"),
    }
}

/// Text in which nothing is a command. Characters that LaTeX has no sign for in its usual fonts become `?`.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' => escaped += "\\textbackslash{}",
            '~' => escaped += "\\textasciitilde{}",
            '^' => escaped += "\\textasciicircum{}",
            '<' => escaped += "\\textless{}",
            '>' => escaped += "\\textgreater{}",
            '|' => escaped += "\\textbar{}",
            '"' => escaped += "''",
            // Ligatures of TeX.
            '-' => escaped += "{-}",
            '\'' => escaped += "\\textquotesingle{}",
            '`' => escaped += "\\textasciigrave{}",
            '#' | '$' | '%' | '&' | '_' | '{' | '}' => {
                escaped.push('\\');
                escaped.push(character);
            }
            '\u{2013}' => escaped += "--",
            '\u{d7}' => escaped += "$\\times$",
            '\u{b5}' => escaped += "\\textmu{}",
            '\u{202f}' => escaped += "\\,",
            '\u{a0}' => escaped.push('~'),
            // Letters with accents of western languages, which the default encodings have.
            '\u{c0}'..='\u{cf}'
            | '\u{d1}'..='\u{d6}'
            | '\u{d8}'..='\u{dd}'
            | '\u{df}'..='\u{ef}'
            | '\u{f1}'..='\u{fd}' => {
                escaped.push(character);
            }
            ' '..='~' => escaped.push(character),
            _ if character.is_control() => {}
            _ => escaped.push('?'),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_figures() {
        for (value, text) in [
            (1234.5, "$1234$"),
            (12.345, "$12.3$"),
            (0.001_234_5, "$0.00123$"),
            (1.5e-6, "$1.50\\cdot10^{-6}$"),
            (-0.5, "$-0.500$"),
            (0.0, "$0$"),
            (f64::NAN, "--"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
