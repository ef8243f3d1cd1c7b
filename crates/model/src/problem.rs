//! What a problem family is.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The problem families that vmpack holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Which VMs share which hosts, at least cost of opened hosts: see [`crate::packing`].
    Packing,
    /// How much of each resource every VM gets: see [`crate::allocation`].
    Allocation,
    /// What happens to a trace under a policy: a replay, which has metrics instead of a solution.
    Replay,
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Packing => "packing",
            Self::Allocation => "allocation",
            Self::Replay => "replay",
        })
    }
}

/// What solutions and evidence have in common: they are plain data that travels between processes.
pub trait Evidence:
    fmt::Debug + Clone + PartialEq + Send + Sync + Serialize + DeserializeOwned
{
}

impl<T: fmt::Debug + Clone + PartialEq + Send + Sync + Serialize + DeserializeOwned> Evidence
    for T
{
}

/// A problem family: its instance, its solution and the evidence that may accompany a claim.
///
/// All objectives are minimised. A family is a type without values; harness, registry and report are
/// generic over it and know nothing of what it means.
pub trait Problem: fmt::Debug + Copy + Send + Sync + 'static {
    /// Which family this is.
    const FAMILY: Family;
    /// The question.
    type Instance: fmt::Debug + Clone + Send + Sync;
    /// An answer, in the form the checker judges.
    type Solution: Evidence;
    /// Data from which a lower bound can be derived again without the method that found it.
    type Certificate: Evidence;
    /// Data from which it follows that there is no optimal solution: infeasible, or unbounded.
    type Refutation: Evidence;

    /// The kinds of rule that the instance has beyond what every method of the family keeps, each once;
    /// see [`crate::Method::keeps`].
    fn rules(instance: &Self::Instance) -> Vec<&'static str> {
        let _ = instance;
        Vec::new()
    }
}
