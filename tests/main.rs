//! End-to-end tests in one binary: every method of the registry, and the command driven as a process.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

mod browser;
mod clock;
mod cluster;
mod command;
mod contenders;
mod crossed;
mod experiments;
#[cfg(feature = "highs")]
mod fleets;
#[cfg(feature = "highs")]
mod gate;
mod methods;
mod plan;
mod real;
mod replay_arrivals;
mod replay_monitor;
mod replay_moves;
mod replay_operation;
mod replay_planetlab;
mod replay_scheduling;
mod replays;
mod serve;
mod skip;
mod solvers;
mod store_faults;
mod stores;
mod support;
