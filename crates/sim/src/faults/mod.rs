//! Faults: what fails, how it is noticed, and what is done about it.
//!
//! [`Failures`] describe hosts, racks and groups that fail, and hosts that degrade; a [`Process`] draws them, or
//! [`read_incidents`] reads them from a file. A [`Detector`] listens to heartbeats, and a [`Detection`] tells when it
//! suspects hosts, rightly or not. [`Recovery`] is what an operator does about it,
//! [`Spare`] keeps room so that hosts may fail, and a [`Chronicle`] adds up what it all came to.
//!
//! In a cluster in operation ([`crate::operation`]) [`Incidents`] are a source, a [`Watchdog`] and [`Recovery`] controllers,
//! [`Spare`] a guard and [`Chronicle`] an observer.

mod detection;
mod detector;
mod failures;
mod heartbeat;
mod hooks;
mod incidents;
mod law;
mod outcome;
mod process;
mod recovery;
mod reserve;
mod spare;
mod terms;

pub use detection::{Detection, Verdict};
pub use detector::{DETECTORS, Detector, PhiAccrual, Rule, phi};
pub use failures::{Degradation, Failures, Renewal, Shock};
pub use heartbeat::Network;
pub use hooks::{Incidents, Watchdog};
pub use incidents::read_incidents;
pub use law::Law;
pub use outcome::{Chronicle, Outcome};
pub use process::Process;
pub use recovery::{POLICIES, Policy as RecoveryPolicy, Recovery};
pub use reserve::{Plan, Reserve, Scope};
pub use spare::Spare;
pub use terms::DescriptionError;

use crate::operation::{Incident, Time};
