//! What happens to a cluster over time: replays of traces under policies.
//!
//! [`consolidation`] moves running VMs between hosts as their load changes, and measures energy and service level;
//! [`arrivals`] places VMs that come and go, and measures the time that servers are in use. Both report a lower bound
//! beside what a policy reaches.
//!
//! [`operation`] runs a whole cluster, on which parts act: [`allocation`] says how much VMs are allotted while they run,
//! [`migration`] how long moving them takes and in which order many go, [`balancing`] and [`repacking`] which are moved;
//! [`interference`], [`edge`] and [`isolation`] are VMs that slow each other down, sites with prices and latency, tenants
//! that keep apart; [`faults`] is what fails, and [`monitoring`] what an operator sees. A [`scenario`] describes it all.

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
