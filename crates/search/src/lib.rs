//! Local search for vector packing, and the program of few flavours: near-optimal placements at any size.
//!
//! * [`ConsistentNeighbourhood`]: closes hosts, or exchanges them for cheaper ones, by ejections of single VMs.
//! * [`LargeNeighbourhood`]: frees hosts, more and more of them, and packs their VMs by column generation;
//!   with placement rules, takes VMs off and places them again one by one.
//! * [`FlavourProgram`]: few VM types in any numbers; the relaxation rounded down, the rest packed exactly.
//!
//! All are anytime: they begin with the best of the greedy rules, are never worse, and tell the observer of every
//! improvement. The same seed and work limit give the same answer.

mod cns;
mod descent;
mod flavour;
mod lanes;
mod lns;
mod neighbourhood;
mod part;
mod partial;
mod repair;
mod ruled;
mod run;

pub use cns::ConsistentNeighbourhood;
pub use flavour::FlavourProgram;
pub use lns::LargeNeighbourhood;

use vmpack_model::Method;
use vmpack_model::packing::Packing;

/// The packing methods of this crate.
pub const PACKING: &[&dyn Method<Packing>] =
    &[&ConsistentNeighbourhood, &LargeNeighbourhood, &FlavourProgram];
