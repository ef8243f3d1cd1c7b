//! Exact objective and bound values.

use std::fmt;
use std::str::FromStr;

use num_rational::Ratio;
use num_traits::{ToPrimitive, Zero};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An exact cost, utility or bound: a fraction of two 128-bit integers in lowest terms.
///
/// Packing costs are integers; allocation costs are fractions because amounts are. In JSON an integer
/// that fits 53 bits is a number, everything else a string such as `"7/2"`, so that no reader rounds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value(Ratio<i128>);

impl Value {
    /// Zero.
    pub const ZERO: Self = Self(Ratio::new_raw(0, 1));

    /// The fraction `numerator / denominator`; `None` when the denominator is zero, or when either is
    /// the extreme integer, which has no negation.
    pub fn new(numerator: i128, denominator: i128) -> Option<Self> {
        let extreme = numerator == i128::MIN || denominator == i128::MIN;
        (denominator != 0 && !extreme).then(|| Self(Ratio::new(numerator, denominator)))
    }

    /// The fraction as a number of `num-rational`, for arithmetic. Mind overflow: its operators wrap in
    /// release builds, the checker uses unbounded integers instead.
    pub fn ratio(self) -> Ratio<i128> {
        self.0
    }

    /// The numerator in lowest terms; carries the sign.
    pub fn numerator(self) -> i128 {
        *self.0.numer()
    }

    /// The positive denominator in lowest terms.
    pub fn denominator(self) -> i128 {
        *self.0.denom()
    }

    /// The value as an integer, if it is one.
    pub fn as_integer(self) -> Option<i128> {
        self.0.is_integer().then(|| self.0.to_integer())
    }

    /// The least integer that is not smaller.
    pub fn ceil(self) -> i128 {
        self.0.ceil().to_integer()
    }

    /// The nearest double, for plots and statistics only.
    pub fn to_f64(self) -> f64 {
        self.0.to_f64().unwrap_or(f64::NAN)
    }

    /// Whether the value is zero.
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }
}

impl From<Ratio<i128>> for Value {
    fn from(ratio: Ratio<i128>) -> Self {
        Self(ratio)
    }
}

impl From<u64> for Value {
    fn from(integer: u64) -> Self {
        Self(Ratio::from_integer(i128::from(integer)))
    }
}

impl From<i128> for Value {
    fn from(integer: i128) -> Self {
        Self(Ratio::from_integer(integer))
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The text is neither an integer nor a fraction `a/b` with `b` not zero.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an integer or a fraction such as \"7/2\", found {0:?}")]
pub struct ParseValueError(String);

impl FromStr for Value {
    type Err = ParseValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseValueError(text.to_owned());
        let (numerator, denominator) = text.split_once('/').unwrap_or((text, "1"));
        let numerator = numerator.trim().parse().map_err(|_| error())?;
        let denominator = denominator.trim().parse().map_err(|_| error())?;
        Self::new(numerator, denominator).ok_or_else(error)
    }
}

/// The largest integer that every JSON reader takes exactly.
const MAX_JSON_INTEGER: i128 = (1 << 53) - 1;

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.as_integer() {
            Some(integer) if integer.abs() <= MAX_JSON_INTEGER => {
                serializer.serialize_i64(integer as i64)
            }
            _ => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Integer(i64),
            Text(String),
        }
        match Form::deserialize(deserializer)? {
            Form::Integer(integer) => Ok(Self::from(i128::from(integer))),
            Form::Text(text) => text.parse().map_err(serde::de::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_prints_and_orders_exactly() {
        let half: Value = "2/4".parse().expect("a fraction");
        assert_eq!(half.to_string(), "1/2");
        assert_eq!(half.ceil(), 1);
        assert!(half < Value::from(1_u64));
        assert_eq!("-3".parse::<Value>().map(Value::as_integer), Ok(Some(-3)));
        for wrong in ["", "1/0", "a", "1/2/3", "0.5", "-170141183460469231731687303715884105728"] {
            assert!(wrong.parse::<Value>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn arithmetic_over_extremes_does_not_lose_order() {
        let big = Value::from(u64::MAX);
        let bigger = Value::from(i128::from(u64::MAX) + 1);
        assert!(big < bigger);
    }
}
