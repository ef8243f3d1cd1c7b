//! Constructive rules: fast, without a guarantee, and hardly ever taking a decision back.
//!
//! [`PACKING`] holds the bin-packing rules of the literature in their vector form, on heterogeneous hosts
//! with stock; [`ALLOCATION`] allocation by marginal cost-effectiveness. All arithmetic is on integers,
//! so an answer is the same on every machine.
//!
//! Exact methods begin with [`start`], the best of a portfolio of the rules, and turn partial packings
//! into placements with [`complete`].
//!
//! Packing works on VM *types* and groups of equal hosts: a million VMs of two hundred types take
//! milliseconds, and memory is linear in types and distinct host contents. The methods named `-indexed` place single
//! VMs on single hosts instead, which placement rules can tell apart; `portfolio` runs them all, and [`survive`] finds
//! the hosts that stand by for failing ones.

mod allocation;
mod packing;

pub use allocation::ALLOCATION;
pub use packing::{PACKING, complete, start, survive};
