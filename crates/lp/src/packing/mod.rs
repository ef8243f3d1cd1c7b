//! Packing by integer programming: the assignment program on every backend with integers, and arc flow
//! on HiGHS.

#[cfg(feature = "highs")]
mod arc_flow;
mod assignment;
mod claim;
mod first_fit;

use vmpack_model::Method;
use vmpack_model::packing::Packing;

use crate::backend::Microlp;
use assignment::Assignment;

/// The packing methods of this build.
#[cfg(feature = "highs")]
pub const PACKING: &[&dyn Method<Packing>] = &[
    &Assignment { name: "assignment-highs", backend: &crate::backend::Highs, greatest: 300_000 },
    &Assignment { name: "assignment-microlp", backend: &Microlp, greatest: 20_000 },
    &arc_flow::ArcFlow,
];
/// The packing methods of this build.
#[cfg(not(feature = "highs"))]
pub const PACKING: &[&dyn Method<Packing>] =
    &[&Assignment { name: "assignment-microlp", backend: &Microlp, greatest: 20_000 }];
