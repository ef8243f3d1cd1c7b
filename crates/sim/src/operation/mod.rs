//! A cluster in operation: VMs come, use more or less of what they asked for, are moved, lose their hosts, and leave.
//!
//! An [`Engine`] takes [`Vm`]s through their lives on [`Hosts`]. A [`Placer`] says where a VM goes, among hosts that every
//! [`Guard`] admits. [`Controller`]s change what VMs are allotted, move them, and switch hosts, by [`Action`]s; they know
//! what an operator can know. A [`Source`] brings failures from outside, a [`Mover`] says how long a live migration
//! takes. [`Observer`]s see every [`Event`] and every span of time in which a host stayed as it was, so that what they add
//! up is exact.
//!
//! Time is in whole milliseconds, CPU in thousandths of a core, memory in MiB, energy in microjoules. The same input and
//! seeds give the same run everywhere.

mod engine;
mod event;
mod hooks;
mod hosts;
mod ledger;
mod mover;
mod placer;
mod share;
mod state;
pub mod traces;
mod workload;

pub use engine::{Engine, Setting};
pub use event::{Action, Allotment, Event, Terms, What};
pub use hooks::{Controller, Guard, Incident, Observer, Source};
pub use hosts::{Host, Hosts};
pub use ledger::{Ledger, Totals};
pub use mover::{Arrived, Mover, Simple, Transfer};
pub use placer::{ByPolicy, Placer};
pub use share::{Claim, share};
pub use state::{HostState, Phase, State, Status, VmState};
pub use workload::{Usage, Vm};

/// Milliseconds since the start.
pub type Time = u64;

/// The place of CPU among resources.
pub const CPU: usize = 0;

/// The place of memory among resources.
pub const MEMORY: usize = 1;
