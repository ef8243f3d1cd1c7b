//! Jobs, and what became of them.

/// Ticks of the clock per second.
pub const TICKS: u64 = 1_000_000;

/// What a job asks of a cluster, or a cluster has: processors, and memory in MiB.
pub type Amounts = [u64; 2];

/// Something to be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    /// When it arrives, in ticks.
    pub arrival: u64,
    /// How long it runs when nothing holds it up, in ticks.
    pub work: u64,
    /// How long it is said to run, at least `work`, in ticks. All that a queue knows of it before the job ends.
    pub estimate: u64,
    /// What it holds while it runs. A CPU scheduler takes the job as one thread, whatever it asks for.
    pub demand: Amounts,
    /// Its part of a shared CPU, relative to the other jobs; positive.
    pub weight: u32,
    /// Its class; less is more urgent.
    pub priority: u32,
}

/// What became of jobs, by their number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// When each was first served, in ticks; [`Schedule::NEVER`] if it never was.
    pub start: Vec<u64>,
    /// When each was done, in ticks; [`Schedule::NEVER`] if it was refused.
    pub finish: Vec<u64>,
    /// How often a core went from one job to another.
    pub switches: u64,
    /// Core time that this took, in ticks.
    pub switch_time: u64,
    /// How often a job lost its core before it was done.
    pub preemptions: u64,
}

impl Schedule {
    /// A time that never comes.
    pub const NEVER: u64 = u64::MAX;

    /// The schedule of so many jobs of which nothing is known yet.
    pub(super) fn new(jobs: usize) -> Self {
        let never = vec![Self::NEVER; jobs];
        Self { start: never.clone(), finish: never, ..Self::default() }
    }
}

/// Jobs that could not be counted in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Overlong {
    /// Too many to be numbered.
    #[error("more than {} jobs", u32::MAX - 1)]
    Jobs,
    /// They may take longer than the clock can count.
    #[error("jobs and context switches may take more than {} years", SPAN / TICKS / 31_557_600)]
    Time,
    /// They weigh too much.
    #[error("the weights of all jobs add up to more than {WEIGHT}")]
    Weight,
}

/// The longest that all jobs one after the other may take, in ticks.
const SPAN: u64 = 1 << 55;

/// The most that all weights may add up to.
const WEIGHT: u64 = 1 << 40;

/// Checks that jobs are few, short and light enough for 32-bit numbers, 64-bit times and 128-bit products of times and
/// weights, whatever the schedule, if switching between them takes so long in all.
///
/// # Errors
/// If they are not.
///
/// # Panics
/// If jobs are not in order of arrival, one has no weight, or an estimate lies below the work.
pub fn check(jobs: &[Job], switching: u128) -> Result<(), Overlong> {
    assert!(jobs.is_sorted_by_key(|job| job.arrival), "jobs come in order of arrival");
    assert!(jobs.iter().all(|job| job.weight > 0), "every job has a weight");
    assert!(jobs.iter().all(|job| job.estimate >= job.work), "estimates are upper bounds");
    if jobs.len() >= u32::MAX as usize {
        return Err(Overlong::Jobs);
    }
    if jobs.iter().map(|job| u64::from(job.weight)).sum::<u64>() > WEIGHT {
        return Err(Overlong::Weight);
    }
    let last = jobs.last().map_or(0, |job| u128::from(job.arrival));
    let long = jobs.iter().map(|job| u128::from(job.estimate)).sum::<u128>();
    if last + long + switching > u128::from(SPAN) { Err(Overlong::Time) } else { Ok(()) }
}
