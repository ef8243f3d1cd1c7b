//! Running VMs are moved: migrations that share links, plans of many moves, load balancing.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

mod balancing;
mod plan;
mod repacking;
mod transfers;
