//! What the judge finds.

use std::fmt;

use serde::{Deserialize, Serialize};
use vmpack_model::Value;

/// What the judge finds about a claim. Only `Correct` enters statistics.
///
/// Records have its fields beside those of the [`Judgement`], so none may be called like one of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub enum Verdict {
    /// Everything that was claimed and can be derived again is true.
    Correct,
    /// Nothing was claimed: no solution, no bound, no refutation.
    NoAnswer,
    /// A cost is claimed, or that it is optimal, but no solution is shown: nothing that could be derived
    /// again, and nothing that is believed.
    Unverifiable {
        /// What the method said, if it said a cost.
        claimed: Option<Value>,
    },
    /// The solution breaks constraints, or is not a solution of this instance at all.
    Infeasible {
        /// One sentence per violation, naming what is broken and by how much; the first few.
        violations: Vec<String>,
    },
    /// The solution is feasible, but does not cost what was claimed.
    WrongCost {
        /// What the method said.
        claimed: Value,
        /// What the judge derived.
        actual: Value,
    },
    /// The certificate does not prove the bound.
    InvalidBound {
        /// What the method said.
        claimed: Value,
        /// Why the certificate does not yield it.
        reason: String,
    },
    /// The bound is above the cost of a feasible solution.
    BoundAboveCost {
        /// The bound.
        bound: Value,
        /// The cost of the solution, derived by the judge.
        actual: Value,
    },
    /// Called optimal, but a feasible solution is known that costs less.
    FalseOptimal {
        /// What was called optimal.
        claimed: Value,
        /// What somebody else reached.
        better: Value,
    },
    /// Called infeasible or unbounded, which the evidence does not show or a solution disproves.
    FalseRefutation {
        /// What is wrong.
        reason: String,
    },
    /// A metric of a replay is not what follows from its log.
    WrongMetric {
        /// Its name.
        metric: String,
        /// What the replay said.
        claimed: String,
        /// What the judge derived.
        actual: String,
    },
    /// The parts of the claim contradict each other, for example `optimal` without a solution.
    Inconsistent {
        /// The contradiction.
        reason: String,
    },
}

impl Verdict {
    /// The name of the variant as records and tables show it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Correct => "Correct",
            Self::NoAnswer => "NoAnswer",
            Self::Unverifiable { .. } => "Unverifiable",
            Self::Infeasible { .. } => "Infeasible",
            Self::WrongCost { .. } => "WrongCost",
            Self::InvalidBound { .. } => "InvalidBound",
            Self::BoundAboveCost { .. } => "BoundAboveCost",
            Self::FalseOptimal { .. } => "FalseOptimal",
            Self::FalseRefutation { .. } => "FalseRefutation",
            Self::WrongMetric { .. } => "WrongMetric",
            Self::Inconsistent { .. } => "Inconsistent",
        }
    }

    /// Whether the method claimed something false.
    pub fn is_wrong(&self) -> bool {
        !matches!(self, Self::Correct | Self::NoAnswer | Self::Unverifiable { .. })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::Correct | Self::NoAnswer => Ok(()),
            Self::Unverifiable { claimed: Some(cost) } => {
                write!(f, ": a cost of {cost} is claimed, but no solution shown")
            }
            Self::Unverifiable { claimed: None } => {
                f.write_str(": a solution is claimed, but not shown")
            }
            Self::Infeasible { violations } => write!(f, ": {}", violations.join("; ")),
            Self::WrongCost { claimed, actual } => write!(f, ": claimed {claimed}, is {actual}"),
            Self::InvalidBound { claimed, reason } => write!(f, ": {claimed}: {reason}"),
            Self::BoundAboveCost { bound, actual } => {
                write!(f, ": bound {bound}, yet a feasible solution costs {actual}")
            }
            Self::FalseOptimal { claimed, better } => {
                write!(f, ": {claimed} was called optimal, yet {better} was reached")
            }
            Self::WrongMetric { metric, claimed, actual } => {
                write!(f, ": {metric} is claimed to be {claimed}, is {actual}")
            }
            Self::FalseRefutation { reason } | Self::Inconsistent { reason } => {
                write!(f, ": {reason}")
            }
        }
    }
}

/// The verdict with what the judge derived on the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// What was found.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The cost of the solution, derived again; `None` without a feasible solution.
    pub cost: Option<Value>,
    /// Whether the bound (or the refutation) was derived again from its certificate.
    pub certified: bool,
    /// What was not proved and why, for example a certificate whose knapsack exceeds the effort.
    pub notes: Vec<String>,
    /// The greatest amount by which a constraint is missed within a stated tolerance; zero if exact.
    pub violation: Value,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_found_is_read_as_it_was_written() {
        let (low, high) = (Value::from(3_u64), Value::from(7_u64));
        let text = || "why".to_owned();
        for verdict in [
            Verdict::Correct,
            Verdict::NoAnswer,
            Verdict::Unverifiable { claimed: Some(low) },
            Verdict::Infeasible { violations: vec![text()] },
            Verdict::WrongCost { claimed: low, actual: high },
            Verdict::InvalidBound { claimed: high, reason: text() },
            Verdict::BoundAboveCost { bound: high, actual: low },
            Verdict::FalseOptimal { claimed: high, better: low },
            Verdict::FalseRefutation { reason: text() },
            Verdict::WrongMetric { metric: text(), claimed: text(), actual: text() },
            Verdict::Inconsistent { reason: text() },
        ] {
            let cost = Some(high);
            let notes = vec![text()];
            let found = Judgement { verdict, cost, certified: true, notes, violation: low };
            let written = serde_json::to_string(&found).expect("plain data");
            let again: Judgement = serde_json::from_str(&written).expect("what was written");
            assert_eq!(again, found, "{written}");
        }
    }
}
