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

/// Milliseconds since the start.
pub type Time = u64;

/// What befalls a host from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incident {
    /// It fails.
    Fail {
        /// The host.
        host: usize,
    },
    /// It works again.
    Repair {
        /// The host.
        host: usize,
    },
    /// It runs at so many thousandths of its CPU; 1000 is sound.
    Slow {
        /// The host.
        host: usize,
        /// The thousandths.
        permille: u32,
    },
}
