//! What a record says of a replay.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What was replayed, beside the trace and the policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Replay {
    /// The kind of replay: `load`, `arrivals`, ...
    pub kind: String,
    /// All that determines the result, by the names of the command's options, defaults included.
    pub settings: BTreeMap<String, Value>,
}

/// Something that a replay measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// How much.
    pub value: Amount,
    /// Of what: `kWh`, `s`, ...; empty for counts and shares.
    pub unit: String,
}

/// A number that keeps whether it was counted or measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Amount {
    /// A count.
    Count(u64),
    /// A finite number.
    Real(f64),
}

impl Amount {
    /// As a floating-point number.
    pub fn to_f64(self) -> f64 {
        match self {
            Self::Count(count) => count as f64,
            Self::Real(real) => real,
        }
    }
}

impl Metric {
    /// A count.
    pub fn count(count: u64) -> Self {
        Self { value: Amount::Count(count), unit: String::new() }
    }

    /// A measured number in a unit.
    ///
    /// # Panics
    /// If it is not finite, which no record can hold.
    pub fn real(real: f64, unit: &str) -> Self {
        assert!(real.is_finite(), "{real} {unit} is no measurement");
        Self { value: Amount::Real(real), unit: unit.to_owned() }
    }
}
