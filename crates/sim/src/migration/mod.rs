//! Live migration: how long a running VM takes from one host to another, what it costs, and in which order many go.
//!
//! [`PreCopy`] is the model of one migration: memory is copied in rounds while the VM runs and dirties pages, until
//! what is left is little enough to stop the VM for. [`Migrations`] lets many of them share the links of the hosts,
//! with a limit on how many are under way; a [`LiveMover`] is that in a cluster in operation. [`Spent`] adds up what they
//! take, [`Charge`] what that costs. [`plan`] finds an order in which a set of moves is feasible at every step.
//!
//! Bytes and milliseconds go in and come out. In between, time runs in nanoseconds and volumes in billionths of a
//! byte, so that a rate of whole bytes per second carries a whole number of them: all that is ever rounded is the end
//! of a round, up to the next nanosecond, and a share of a link, down to a whole byte per second.

mod cost;
mod mover;
pub mod plan;
mod pre_copy;
mod share;
mod slots;
mod transfers;

pub use cost::{Charge, Spent};
pub use mover::{Dirtying, LiveMover};
pub use pre_copy::{Estimate, PreCopy};
pub use slots::Limits;
pub use transfers::{Completed, LinkError, Migrations, Settings, Transfer};
