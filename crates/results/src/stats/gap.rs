//! The relative gap between two values.

use vmpack_model::Value;

/// The gap of Berthold (2013, "Measuring the impact of primal heuristics", section 2) between a value
/// and the one that it is measured against, in [0, 1]: 0 if they are equal, 1 without a value or if the
/// signs differ, else `|reference - value| / max(|reference|, |value|)`.
///
/// ```
/// use vmpack_model::Value;
/// use vmpack_results::stats::gap;
///
/// let value = |text: &str| text.parse::<Value>().expect("a value");
/// assert_eq!(gap(Some(value("50")), value("40")), 0.2);
/// assert_eq!(gap(Some(value("7/2")), value("7/2")), 0.0);
/// assert_eq!(gap(Some(value("0")), value("0")), 0.0);
/// assert_eq!(gap(Some(value("3")), value("0")), 1.0);
/// assert_eq!(gap(Some(value("-3")), value("5")), 1.0);
/// assert_eq!(gap(None, value("40")), 1.0);
/// ```
pub fn gap(value: Option<Value>, reference: Value) -> f64 {
    let Some(value) = value else { return 1.0 };
    if value == reference {
        return 0.0;
    }
    let (value, reference) = (value.to_f64(), reference.to_f64());
    if value * reference < 0.0 {
        return 1.0;
    }
    (reference - value).abs() / reference.abs().max(value.abs())
}
