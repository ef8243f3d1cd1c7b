//! What happens to a cluster over time: replays of traces under policies.
//!
//! [`consolidation`] moves running VMs between hosts as their load changes, and measures energy and service level;
//! [`arrivals`] places VMs that come and go, and measures the time that servers are in use. Both report a lower bound
//! beside what a policy reaches. [`operation`] runs a whole cluster: allotments that change, migrations, faults, rules.
//! [`allocation`] says there how much VMs are allotted while they run.

pub mod allocation;
pub mod arrivals;
pub mod balancing;
pub mod consolidation;
pub mod load;
pub mod migration;
pub mod operation;
pub mod power;
pub mod scenario;
pub mod scheduling;
