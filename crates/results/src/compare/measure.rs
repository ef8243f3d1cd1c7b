//! What a run is compared by.

use std::fmt;

use serde::{Serialize, Serializer};

use super::pairs::Pair;
use super::run::{Mentioned, Run};
use crate::stats::{Clock, quantile};

/// What two runs of the same are compared by, always so that a ratio above 1 is worse.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// Seconds until it answered, or its limit where it did not.
    Time,
    /// The verified cost.
    Cost,
    /// The lower bound; the ratio is old to new.
    Bound,
    /// Peak memory.
    Memory,
    /// A count of work.
    Counter(String),
}

impl Measure {
    /// The measure of a name as gates have it.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "time" => Self::Time,
            "cost" => Self::Cost,
            "bound" => Self::Bound,
            "memory" => Self::Memory,
            _ => Self::Counter(name.strip_prefix("counter:").filter(|n| !n.is_empty())?.to_owned()),
        })
    }

    /// Whether it is the same however often it is measured, so that its ratio needs no interval. Answers are if `exact`.
    pub(super) fn is_exact(&self, exact: bool) -> bool {
        match self {
            Self::Counter(_) => true,
            Self::Cost | Self::Bound => exact,
            Self::Time | Self::Memory => false,
        }
    }

    /// The logarithm of how much worse the new runs are than the old ones, repetitions of one and the same run each;
    /// `None` where they cannot be compared.
    pub(super) fn log_ratio(
        &self,
        mentioned: &Mentioned,
        pair: Pair<'_>,
        clock: Clock,
        shift_s: f64,
    ) -> Option<f64> {
        let Pair { old, new } = pair;
        let positive = |a: f64, b: f64| (a > 0.0 && b > 0.0).then(|| (b / a).ln());
        let median = |runs: &[Run], value: &dyn Fn(&Run) -> Option<f64>| {
            // Collecting options yields `None` as soon as one of them is.
            let values: Option<Vec<f64>> = runs.iter().map(value).collect();
            quantile(&values?, 0.5)
        };
        let both =
            |value: &dyn Fn(&Run) -> Option<f64>| Some((median(old, value)?, median(new, value)?));
        match self {
            Self::Time => {
                let answered = |runs: &[Run]| runs.iter().any(Run::is_answered);
                // Two that were stopped say nothing about time.
                if !answered(old) && !answered(new) {
                    return None;
                }
                let (old, new) = both(&|run| {
                    let seconds = match clock {
                        _ if !run.is_answered() => clock.limit(mentioned.limits(run)),
                        Clock::Wall => run.wall_s,
                        Clock::Cpu => run.cpu_s,
                    };
                    Some(seconds + shift_s)
                })?;
                positive(old, new)
            }
            Self::Cost => {
                let (old, new) = both(&|run| mentioned.verified_cost(run))?;
                dearer(old, new)
            }
            Self::Bound => {
                let (old, new) = both(&|run| mentioned.correct_bound(run))?;
                dearer(new, old)
            }
            Self::Memory => {
                // What a cgroup holds and what a process has resident do not compare.
                let resident = both(&|run| Some(run.resident_bytes? as f64));
                let of_cgroups = || both(&|run| Some(run.cgroup_bytes? as f64));
                let (old, new) = resident.or_else(of_cgroups)?;
                positive(old, new)
            }
            Self::Counter(name) => {
                let name = mentioned.number(name)?;
                let (old, new) = both(&|run| run.counter(name).map(|count| count as f64))?;
                // From nothing to something is a finite ratio as well.
                positive(old + 1.0, new + 1.0)
            }
        }
    }
}

/// The logarithm of the ratio of two costs of one sign, above 0 where the new one is dearer; utilities are negative costs.
fn dearer(old: f64, new: f64) -> Option<f64> {
    if old.total_cmp(&new).is_eq() {
        Some(0.0)
    } else if old > 0.0 && new > 0.0 {
        Some((new / old).ln())
    } else if old < 0.0 && new < 0.0 {
        Some((old / new).ln())
    } else {
        None
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time => f.write_str("time"),
            Self::Cost => f.write_str("cost"),
            Self::Bound => f.write_str("bound"),
            Self::Memory => f.write_str("memory"),
            Self::Counter(name) => write!(f, "counter:{name}"),
        }
    }
}

impl Serialize for Measure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
