//! Who runs next: the CPU scheduler of a host, and the queue in front of a cluster.
//!
//! [`host`] shares the cores of one host among jobs that are there at once; [`queue`] holds jobs back until the
//! cluster has room for them, each of which then runs to its end. Both replay the same [`Job`]s, read from a log or
//! drawn by a generator, and both give a [`Schedule`], from which [`Metrics`] are derived: waiting, turnaround,
//! response, slowdown, fairness, makespan, utilisation. A [`LowerBound`] on turnaround and makespan that holds for every
//! scheduler stands beside them.
//!
//! Time is counted in integer [`TICKS`], and the same jobs give the same schedule everywhere.

mod bound;
mod generate;
pub mod host;
mod job;
mod metrics;
pub mod queue;
pub mod swf;

pub use bound::LowerBound;
pub use generate::{DescriptionError, Generator};
pub use job::{Amounts, Job, Overlong, Schedule, TICKS, check};
pub use metrics::{Metrics, Summary, processors};
