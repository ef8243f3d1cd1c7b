//! Constructive rules for allocation.

mod cover;
mod dual_ascent;
mod improve;
mod marginal;
mod pieces;
mod refute;
mod state;

use vmpack_model::Method;
use vmpack_model::allocation::Allocation;

/// The rules for allocation.
pub const ALLOCATION: &[&dyn Method<Allocation>] = &[&marginal::AllocGreedy];
