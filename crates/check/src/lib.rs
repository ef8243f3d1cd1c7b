//! The judge: solutions, bounds and refutations, re-derived in exact arithmetic.
//!
//! This crate shares no code with the solvers, and none of the model's convenience sums either: it reads
//! the instance and the claim, and derives everything again. Its answer is a [`Judgement`], never a
//! boolean.

mod verdict;

pub use verdict::{Judgement, Verdict};

use vmpack_model::{Outcome, Problem};

/// How much work the judge may spend on proving certificates again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// The greatest number of elementary steps (table cells, search nodes) of one exact knapsack.
    pub knapsack_steps: u64,
}

impl Default for Effort {
    /// A few seconds per certificate.
    fn default() -> Self {
        Self { knapsack_steps: 1_000_000_000 }
    }
}

/// A problem family whose claims can be judged.
pub trait Judge: Problem {
    /// Judges everything that the outcome claims about the instance.
    fn judge(instance: &Self::Instance, outcome: &Outcome<Self>, effort: &Effort) -> Judgement;
}
