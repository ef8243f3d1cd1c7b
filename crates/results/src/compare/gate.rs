//! What a comparison may not show.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::Measure;

/// A condition under which a comparison fails.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    /// A ratio of new to old above this much.
    Ratio {
        /// Of what.
        measure: Measure,
        /// The greatest ratio that passes.
        most: f64,
    },
    /// More pairs lost than gained by more than so many: answered before, and not now.
    Solved {
        /// The greatest net loss that passes.
        most: u64,
    },
    /// More wrong answers among the new than so many.
    Wrong {
        /// The greatest number that passes.
        most: u64,
    },
}

/// The text is no gate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected time=R, cost=R, bound=R, memory=R or counter:NAME=R with a ratio R above 0, solved[=N] or wrong[=N], \
     found {0:?}"
)]
pub struct ParseGateError(String);

impl FromStr for Gate {
    type Err = ParseGateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseGateError(text.to_owned());
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let number = || value.map_or(Ok(0), |value| value.parse().map_err(|_| error()));
        match name {
            "solved" => return Ok(Self::Solved { most: number()? }),
            "wrong" => return Ok(Self::Wrong { most: number()? }),
            _ => {}
        }
        let measure = Measure::named(name).ok_or_else(error)?;
        let most: f64 = value.ok_or_else(error)?.parse().map_err(|_| error())?;
        if most.is_finite() && most > 0.0 {
            Ok(Self::Ratio { measure, most })
        } else {
            Err(error())
        }
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ratio { measure, most } => write!(f, "{measure}={most}"),
            Self::Solved { most } => write!(f, "solved={most}"),
            Self::Wrong { most } => write!(f, "wrong={most}"),
        }
    }
}

/// A gate that a comparison did not pass.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Failure {
    /// The gate.
    pub gate: String,
    /// The method, or nothing for all of them together.
    pub method: Option<String>,
    /// What was found, for people.
    pub found: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = self.method.as_deref().unwrap_or("all methods");
        write!(f, "{} ({method}): {}", self.gate, self.found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_are_read_as_they_are_written() {
        for text in [
            "time=1.05",
            "cost=1.001",
            "bound=1",
            "memory=2",
            "counter:lp-nodes=1",
            "solved=0",
            "wrong=3",
        ] {
            let gate: Gate = text.parse().expect("a gate");
            assert_eq!(gate.to_string(), text);
        }
        assert_eq!("wrong".parse(), Ok(Gate::Wrong { most: 0 }));
        for text in [
            "",
            "time",
            "time=",
            "time=0",
            "time=-1",
            "time=inf",
            "speed=2",
            "counter:=1",
            "solved=1.5",
        ] {
            assert!(text.parse::<Gate>().is_err(), "{text}");
        }
    }
}
