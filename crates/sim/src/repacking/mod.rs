//! Consolidation: running VMs are packed onto fewer hosts by a method of the packing family, so that hosts can be
//! switched off.
//!
//! [`repack`] works on plain data. It lets the method pack the VMs of the 2, 4, 8, .. emptiest hosts, and of all, onto as
//! cheap a choice of these hosts as it finds, gives the patterns of the answer to the hosts that already hold most of
//! them, and keeps the placement whose saving in idle power exceeds what its migrations cost by most. A [`Repacker`] does
//! so on a period in a cluster in operation, in an order of migrations that is feasible at every step.

mod matching;
mod repack;
mod repacker;

pub use repack::{Answer, Guest, Machine, Repacking, Terms, repack};
pub use repacker::{Done, Repacker};
