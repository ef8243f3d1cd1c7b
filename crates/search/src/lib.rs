//! Local search.

mod cns;
mod descent;
mod flavour;
mod lanes;
mod lns;
mod neighbourhood;
mod part;
mod partial;
mod repair;
mod run;

pub use cns::ConsistentNeighbourhood;
pub use flavour::FlavourProgram;
pub use lns::LargeNeighbourhood;

use vmpack_model::Method;
use vmpack_model::packing::Packing;

/// The packing methods of this crate.
pub const PACKING: &[&dyn Method<Packing>] = &[&ConsistentNeighbourhood, &LargeNeighbourhood, &FlavourProgram];
