//! Dynamic programs: knapsack kernels, and the methods built on them for packing and allocation.

pub mod knapsack;
pub mod pricing;

mod allocation;
mod counts;
mod fill;
mod mbs;
mod patterns;
mod tables;
mod worth;

pub use allocation::{AllocDp, MAX_CELLS};
pub use counts::{Counts, MAX_STATES};
pub use mbs::MinimumBinSlack;
pub use tables::DEFAULT_TABLE_BYTES;

use vmpack_model::Method;
use vmpack_model::allocation::Allocation;
use vmpack_model::packing::Packing;

/// The methods of the packing family.
pub const PACKING: &[&dyn Method<Packing>] = &[&MinimumBinSlack, &Counts];

/// The methods of the allocation family.
pub const ALLOCATION: &[&dyn Method<Allocation>] = &[&AllocDp];
