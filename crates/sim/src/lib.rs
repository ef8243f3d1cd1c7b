//! What happens to a cluster over time: replays of traces under policies.
//!
//! [`consolidation`] moves running VMs between hosts as their load changes, and measures energy and service level;
//! [`arrivals`] places VMs that come and go, and measures the time that servers are in use. Both report a lower bound
//! beside what a policy reaches. [`operation`] runs a whole cluster: allotments that change, migrations, faults, rules;
//! [`monitoring`] is what an operator sees of it.

pub mod arrivals;
pub mod consolidation;
pub mod monitoring;
pub mod operation;
pub mod power;
pub mod scenario;
pub mod scheduling;
