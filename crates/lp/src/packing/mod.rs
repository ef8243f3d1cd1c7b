//! Packing by integer programming: the assignment program on every backend with integers, arc flow and
//! its reflection on HiGHS. All share one [`search`]: the same start, the same bound to begin with.

#[cfg(feature = "highs")]
mod arc_flow;
mod assignment;
mod claim;
pub mod explain;
#[cfg(feature = "highs")]
mod program;
#[cfg(feature = "highs")]
mod reflect;
mod rounding;
mod rules;
mod search;
#[cfg(feature = "highs")]
mod weights;

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
    &reflect::Reflect,
];
/// The packing methods of this build.
#[cfg(not(feature = "highs"))]
pub const PACKING: &[&dyn Method<Packing>] =
    &[&Assignment { name: "assignment-microlp", backend: &Microlp, greatest: 20_000 }];
