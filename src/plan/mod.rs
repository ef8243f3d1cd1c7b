//! A plan for an operator's fleet: the placement with single VMs and hosts by name, and what there is to say of it.

pub(crate) mod attempt;
mod evacuation;
mod measure;
mod names;
mod slack;
pub(crate) mod summary;

pub(crate) use evacuation::moves;
pub(crate) use measure::fills;
pub(crate) use names::assignments;
