//! The CPU scheduler of one host: cores, and jobs that want them.
//!
//! Every job is one thread. Under all schedulers but [`Scheduler::FairShare`] a core serves one job at a time
//! (`discrete.rs`); under that one all jobs are served at once, each at its share (`fluid.rs`).

mod discrete;
mod fluid;

use super::job::{Job, Overlong, Schedule, check};

/// A host as its scheduler sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Host {
    /// Its cores; positive.
    pub cores: usize,
    /// What it takes a core to go from one job to another, in ticks. The first job of a core is there at once, and so
    /// is a job that comes back to the core it left last when no other was there in between.
    pub switch_cost: u64,
}

/// How a host's cores are given to jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheduler {
    /// First come, first served, each to its end.
    Fcfs,
    /// Shortest job first, each to its end.
    Sjf,
    /// Shortest remaining processing time: a shorter job takes the core of one that has longer to go (Schrage and
    /// Miller 1966). The start of a job counts as progress, so that no job is given up for less than a switch.
    Srpt,
    /// Round robin: a job goes to the end of the queue when it has run this many ticks, positive, and others wait.
    /// Who arrives at that moment is ahead of it.
    RoundRobin {
        /// The time slice, without the switch before it.
        quantum: u64,
    },
    /// The most urgent class first; it takes the core of a less urgent job. First come, first served in a class.
    Priority,
    /// Weighted fair share, the fluid ideal that fair schedulers of operating systems approach: all cores are divided
    /// in proportion to weights, at most one core for each job; what a job at that limit leaves goes to the others.
    /// Equal weights make it processor sharing. Switches cost nothing.
    FairShare,
}

impl Scheduler {
    /// Their names, and what they do in a line.
    pub const NAMES: &[(&str, &str)] = &[
        ("fcfs", "first come, first served, each to its end"),
        ("sjf", "shortest job first, each to its end"),
        ("srpt", "shortest remaining time first, preemptive"),
        ("round-robin", "in turn, a time slice each (--quantum)"),
        ("priority", "most urgent class first, preemptive"),
        ("fair-share", "all at once, by weight: processor sharing"),
    ];

    /// Whether a running job may lose its core to one that just came.
    fn preempts(self) -> bool {
        matches!(self, Self::Srpt | Self::Priority)
    }
}

/// Work done without a break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// The number of the job.
    pub job: usize,
    /// The number of the core.
    pub core: usize,
    /// From when, in ticks.
    pub from: u64,
    /// Until when, in ticks.
    pub to: u64,
}

/// Runs jobs, in order of arrival, on a host; `watch` sees every slice, but none of fair share, which has none.
///
/// # Errors
/// If times leave 64 bits.
///
/// # Panics
/// If the host has no core, a quantum is 0, or jobs are not as [`check`] wants them.
///
/// # Complexity
/// Memory grows with the jobs, of which the metrics need all. `O(log n)` for an arrival, a context switch and an end,
/// `n` being jobs that are there at once and cores; under fair share also for each time that a job of at most as many as
/// there are cores comes to or leaves the limit of one core.
pub fn run(
    jobs: &[Job],
    host: Host,
    scheduler: Scheduler,
    watch: impl FnMut(Slice),
) -> Result<Schedule, Overlong> {
    assert!(host.cores > 0, "a host has a core");
    let slices: u128 = match scheduler {
        Scheduler::RoundRobin { quantum } => {
            assert!(quantum > 0, "a slice takes time");
            jobs.iter().map(|job| u128::from(job.work / quantum + 1)).sum()
        }
        _ => 2 * jobs.len() as u128,
    };
    check(jobs, slices * u128::from(host.switch_cost))?;
    Ok(match scheduler {
        Scheduler::FairShare => fluid::FairShare::new(jobs, host.cores).run(),
        _ => discrete::Discrete::new(jobs, host, scheduler, watch).run(),
    })
}
