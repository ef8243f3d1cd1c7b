//! The words of descriptions: `KIND:NAME=VALUE,NAME=VALUE`, with times and numbers.

use std::ops::RangeInclusive;

use super::Time;

/// Why a description is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{term:?}: {reason}")]
pub struct DescriptionError {
    /// The part that is wrong.
    pub term: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Units of time, in milliseconds; a unit that another one ends with stands before it.
const UNITS: &[(&str, f64)] =
    &[("ms", 1.0), ("s", 1e3), ("m", 6e4), ("h", 3.6e6), ("d", 8.64e7), ("y", 3.1536e10)];

/// The longest time, in milliseconds: 10,000 years.
const MOST: f64 = 3.1536e14;

/// Reads a time such as `250ms`, `90s`, `1.5h` or `30d`, in milliseconds; at least one.
pub(super) fn duration(text: &str) -> Result<Time, String> {
    let unit = UNITS.iter().find_map(|(unit, scale)| Some((text.strip_suffix(unit)?, scale)));
    let time = unit.and_then(|(digits, scale)| Some(digits.parse::<f64>().ok()? * scale));
    let time = time.filter(|time| (1.0..=MOST).contains(time));
    time.map(|time| time.round() as Time).ok_or_else(|| {
        format!("expected a time such as 90s, 1.5h or 30d (ms, s, m, h, d, y), found {text:?}")
    })
}

/// As [`duration`], or `0`.
pub(super) fn duration_or_none(text: &str) -> Result<Time, String> {
    if text == "0" { Ok(0) } else { duration(text) }
}

/// Reads a number in a range.
pub(super) fn number(text: &str, range: RangeInclusive<f64>) -> Result<f64, String> {
    text.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
        format!("expected a number from {} to {}, found {text:?}", range.start(), range.end())
    })
}

/// Reads a whole number in a range.
pub(super) fn integer(text: &str, range: RangeInclusive<u64>) -> Result<u64, String> {
    text.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
        format!("expected an integer from {} to {}, found {text:?}", range.start(), range.end())
    })
}

/// Goes through the parts `NAME=VALUE` of a description, joined by commas; `set` says whether it knows the name.
///
/// # Errors
/// If a part is not of that form, its name is none of `names`, or `set` refuses its value.
pub(super) fn each(
    parts: &str,
    names: &str,
    mut set: impl FnMut(&str, &str) -> Option<Result<(), String>>,
) -> Result<(), DescriptionError> {
    for part in parts.split(',').filter(|part| !part.is_empty()) {
        let refuse = |reason: String| DescriptionError { term: part.to_owned(), reason };
        let (name, value) =
            part.split_once('=').ok_or_else(|| refuse("expected NAME=VALUE".into()))?;
        set(name, value)
            .ok_or_else(|| refuse(format!("expected one of {names}")))?
            .map_err(refuse)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_units() {
        let read = |text: &str| duration(text).ok();
        assert_eq!(read("250ms"), Some(250));
        assert_eq!(read("90s"), Some(90_000));
        assert_eq!(read("1.5h"), Some(5_400_000));
        assert_eq!(read("30d"), Some(2_592_000_000));
        assert_eq!(read("1y"), Some(31_536_000_000));
        for wrong in ["", "5", "h", "-1s", "0s", "nans", "infd", "1 week", "99999y"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!(duration_or_none("0"), Ok(0));
    }
}
