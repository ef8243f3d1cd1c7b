//! Arrivals and departures: VMs that come, stay for a while, and leave.
//!
//! A [`Trace`] yields VMs in order of time, read by one of the [`FORMATS`] or drawn by a generator. A [`Replay`] lets
//! them arrive in a [`Fleet`], where a [`Policy`] says which host each goes to, and reports the *server time*: how
//! long hosts had at least one VM, added up over hosts (the objective of `MinUsageTime` dynamic vector bin packing).
//! Nothing is moved once placed. Beside it stands a lower bound on what any placement of the same VMs needs.
//!
//! Time and resources are integers, memory is bounded by the VMs that live at once, and the same trace, fleet,
//! policy and seed give the same result everywhere.

mod bound;
mod fleet;
pub mod format;
mod generate;
pub mod policy;
mod predict;
pub(crate) mod random;
mod replay;
mod trace;

pub use bound::ServerTimeBound;
pub use fleet::{Fleet, FleetError, Kind};
pub use format::FORMATS;
pub use generate::Generator;
pub use policy::{POLICIES, Policy};
pub use predict::Predictor;
pub use replay::{Admission, Event, Outcome, Replay, What};
pub use trace::{Arrival, Demand, MAX_RESOURCES, Resource, Trace, Vm};
