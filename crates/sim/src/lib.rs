//! What happens to a cluster over time: replays of traces under policies.
//!
//! [`consolidation`] moves running VMs between hosts as their load changes, and measures energy and service level;
//! [`arrivals`] places VMs that come and go, and measures the time that servers are in use. Both report a lower bound
//! beside what a policy reaches. [`operation`] runs a whole cluster: allotments that change, migrations, faults, rules.
//! [`interference`], [`edge`] and [`isolation`] act on it: VMs that slow each other down, sites with prices and latency,
//! tenants that keep apart.
//! beside what a policy reaches. [`operation`] runs a whole cluster: allotments that change, migrations, faults, rules;
//! [`monitoring`] is what an operator sees of it.
//! [`allocation`] says there how much VMs are allotted while they run.

pub mod allocation;
pub mod arrivals;
pub mod balancing;
pub mod consolidation;
pub mod edge;
pub mod faults;
mod histogram;
pub mod interference;
pub mod isolation;
pub mod load;
pub mod migration;
pub mod monitoring;
pub mod operation;
pub mod population;
pub mod power;
pub mod repacking;
pub mod scenario;
pub mod scheduling;
pub mod square;
