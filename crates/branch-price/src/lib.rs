//! Exact vector packing: column generation and branch-and-price on the set-covering formulation of Gilmore
//! and Gomory (1961).
//!
//! * [`ColumnGeneration`]: prices and dives, without a search tree.
//! * [`BranchPrice`]: adds the tree of Ryan and Foster on item types, with subset-row cuts at its nodes.
//! * [`improve`]: column generation from a placement that is known; [`relax`]: its relaxation, rounded down;
//!   [`sketch`]: placements from relaxations that are not solved to the end.
//!
//! The linear programs are floating point, nothing that is claimed is: dual values are rounded to integers
//! and every bound is derived from them and from integer pricing alone. A bound of the root comes with its
//! dual weights, one of the tree with the tree, and the judge proves both again without this crate.
//!
//! # References
//! da Silva, Schouery, *Solving Cutting Stock Problems via an Extended Ryan-Foster Branching Scheme and
//! Fast Column Generation*, INFORMS Journal on Computing 2025; Gilmore, Gomory, *A Linear Programming
//! Approach to the Cutting-Stock Problem*, Operations Research 9 (1961); Farley, *A Note on Bounding a
//! Class of Linear Programming Problems*, Operations Research 38 (1990); Jepsen, Petersen, Spoorendonk,
//! Pisinger, *Subset-Row Inequalities Applied to the Vehicle-Routing Problem with Time Windows*, Operations
//! Research 56 (2008).

mod approximate;
mod brimful;
mod choose;
mod columns;
mod combine;
mod confined;
mod cuts;
mod dive;
mod duals;
mod engine;
mod first;
mod first_order;
mod fleet;
mod incumbent;
mod inequalities;
mod merge;
mod method;
mod normal;
mod price;
mod residual;
mod restricted;
mod several;
mod sketch;
mod solve;
mod tree;

pub use method::{BranchPrice, ColumnGeneration, improve, relax, sketch};

use vmpack_model::Method;
use vmpack_model::packing::Packing;

/// The packing methods of this crate.
pub const PACKING: &[&dyn Method<Packing>] = &[&ColumnGeneration, &BranchPrice];
