//! VMs that slow each other down: caches, memory bandwidth, disks and links that they share beside the CPU.
//!
//! A [`Matrix`] says how much a VM of one class slows down one of another on the same host:
//! `slowdown(i) = 1 + sum over j != i on the host of A[class i][class j] x load j`, where the load is the CPU that a VM
//! gets over what it has asked for. [`Slowdowns`] measures what VMs suffer, [`Quietest`] places them where they cause and
//! suffer least, and a [`Limit`] keeps them from hosts where somebody would suffer too much: what that costs shows in the
//! host hours beside those of a rule that is blind.
//!
//! Entries of the matrix and loads are in thousandths, slowdowns in millionths, all integers.

mod crowd;
mod limit;
mod matrix;
mod quietest;
mod slowdowns;

pub use limit::Limit;
pub use matrix::Matrix;
pub use quietest::Quietest;
pub use slowdowns::Slowdowns;
