//! What a method claims.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Bound, Problem, Value};

/// What a method claims about its answer. The checker's finding is a different type, the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// The solution is feasible and none is cheaper.
    Optimal,
    /// The solution is feasible.
    Feasible,
    /// There is no feasible solution.
    Infeasible,
    /// Feasible solutions exist, and for each of them a cheaper one.
    Unbounded,
    /// Neither a solution nor a proof that there is none.
    Unknown,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Optimal => "optimal",
            Self::Feasible => "feasible",
            Self::Infeasible => "infeasible",
            Self::Unbounded => "unbounded",
            Self::Unknown => "unknown",
        })
    }
}

/// Named counts of a method's work, for example `nodes` or `simplex-iterations`.
pub type Counters = BTreeMap<String, u64>;

/// A solution with the cost that the method says it has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Solved<S> {
    /// The solution.
    pub solution: S,
    /// Its claimed cost.
    pub cost: Value,
}

/// What a method returns: claims, to be judged by the checker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Outcome<P: Problem> {
    /// What is claimed of the solution.
    pub status: Status,
    /// The best solution found and its claimed cost; present for `Optimal` and `Feasible`.
    pub solved: Option<Solved<P::Solution>>,
    /// The best lower bound found.
    pub bound: Option<Bound<P::Certificate>>,
    /// Evidence for `Infeasible` or `Unbounded`.
    pub refutation: Option<P::Refutation>,
    /// How much work it took.
    pub counters: Counters,
}

impl<P: Problem> Outcome<P> {
    /// No solution, no proof.
    pub fn unknown() -> Self {
        Self {
            status: Status::Unknown,
            solved: None,
            bound: None,
            refutation: None,
            counters: Counters::new(),
        }
    }

    /// A feasible solution of the claimed cost.
    pub fn feasible(solution: P::Solution, cost: Value) -> Self {
        Self {
            status: Status::Feasible,
            solved: Some(Solved { solution, cost }),
            ..Self::unknown()
        }
    }

    /// There is no feasible solution; `refutation` shows why, if the method can.
    pub fn infeasible(refutation: Option<P::Refutation>) -> Self {
        Self { status: Status::Infeasible, refutation, ..Self::unknown() }
    }

    /// Costs fall without end; `refutation` shows along which ray.
    pub fn unbounded(refutation: Option<P::Refutation>) -> Self {
        Self { status: Status::Unbounded, refutation, ..Self::unknown() }
    }

    /// Adds a lower bound. A feasible solution that costs no more becomes optimal.
    #[must_use]
    pub fn with_bound(mut self, bound: Bound<P::Certificate>) -> Self {
        if let Some(solved) = &self.solved
            && self.status == Status::Feasible
            && solved.cost <= bound.value
        {
            self.status = Status::Optimal;
        }
        self.bound = Some(bound);
        self
    }

    /// Adds a count of work.
    #[must_use]
    pub fn with_counter(mut self, name: &str, count: u64) -> Self {
        self.counters.insert(name.to_owned(), count);
        self
    }
}
