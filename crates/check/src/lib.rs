//! The judge: solutions, bounds and refutations, re-derived in exact arithmetic.
//!
//! This crate shares no code with the solvers, and none of the model's convenience sums either: it reads
//! the instance and the claim, and derives everything again. Its answer is a [`Judgement`], never a
//! boolean.
//!
//! What is true by derivation and what rests on a method's word are kept apart: a bound without a
//! certificate, `optimal` without a bound that proves it, and `infeasible` without evidence are `Correct`
//! as long as nothing contradicts them, but never [`certified`](Judgement::certified), and a note says so.
//! [`cross_check`] then confronts the claims of several methods about one instance.

mod allocation;
mod claim;
mod cross_check;
mod exact;
mod packing;
pub mod replay;
mod verdict;
mod violations;

pub use cross_check::{Claim, CrossCheck, DoubtfulReference, cross_check};
pub use verdict::{Judgement, Verdict};

use vmpack_model::{Outcome, Problem};

/// How much work the judge may spend on proving certificates again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// The greatest number of elementary steps of one exact knapsack: table cells, states, or items
    /// looked at in one resource during a search.
    pub knapsack_steps: u64,
    /// The same for all exact knapsacks of a search tree together.
    pub tree_steps: u64,
}

impl Default for Effort {
    /// About twenty seconds per host type of a certificate, and a minute per search tree: a step takes one
    /// nanosecond (dense tables) to three (searches).
    fn default() -> Self {
        Self { knapsack_steps: 8_000_000_000, tree_steps: 20_000_000_000 }
    }
}

/// A problem family whose claims can be judged.
pub trait Judge: Problem {
    /// Judges everything that the outcome claims about the instance, however malformed it is.
    ///
    /// * `optimal` and `feasible` need a solution, the other statuses must not have one; evidence that
    ///   there is no optimum belongs to `infeasible` and `unbounded` alone.
    /// * A bound must follow from its certificate, if it has one, and must not exceed the cost of the
    ///   solution beside it. `optimal` beside a bound that leaves a gap is inconsistent.
    /// * `unknown` with a bound claims the bound; with nothing at all it is [`Verdict::NoAnswer`].
    ///
    /// The first of several findings becomes the verdict, the others are noted.
    fn judge(instance: &Self::Instance, outcome: &Outcome<Self>, effort: &Effort) -> Judgement;
}
