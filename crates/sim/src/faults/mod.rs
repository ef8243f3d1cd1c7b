//! Faults: what fails, how it is noticed, and what is done about it.
//!
//! [`Failures`] describe hosts, racks and groups that fail, and hosts that degrade; a [`Process`] draws them, or
//! [`read_incidents`] reads them from a file. A [`Detector`] listens to heartbeats, and a [`Detection`] tells when it
//! suspects hosts, rightly or not. A [`Reserve`] watches over the room that is needed when hosts fail.

mod detection;
mod detector;
mod failures;
mod heartbeat;
mod incidents;
mod law;
mod process;
mod reserve;
mod terms;

pub use detection::{Detection, Verdict};
pub use detector::{DETECTORS, Detector, PhiAccrual, Rule, phi};
pub use failures::{Degradation, Failures, Renewal, Shock};
pub use heartbeat::Network;
pub use incidents::read_incidents;
pub use law::Law;
pub use process::Process;
pub use reserve::{Plan, Reserve, Scope};
pub use terms::DescriptionError;

use crate::operation::{Incident, Time};
