//! The queue in front of a cluster.
//!
//! Processors and memory are those of the cluster as a whole, as in studies of batch systems: a job may lie on any hosts.
//! It holds what it asks for from its start to its end, and is not interrupted. Of how long it runs the queue knows the
//! estimate only.

mod conservative;
mod easy;
mod ordered;
mod profile;
mod waiting;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::job::{Amounts, Job, Overlong, Schedule, check};

/// Which job of the queue is started next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discipline {
    /// First come, first served: who is first waits for room, and everybody behind with it.
    Fcfs,
    /// Least estimate first; who is first waits for room, and everybody behind with it.
    Sjf,
    /// Most urgent first, where waiting makes urgent: a job that has waited `aging` ticks longer is one class more
    /// urgent. As all jobs age alike their order never changes, and a job is overtaken only by those that come within
    /// `aging` times the difference of classes. `None`: nobody ages, and who is not urgent may starve.
    Priority {
        /// How long a job waits to become more urgent by one class.
        aging: Option<u64>,
    },
    /// EASY backfilling (Lifka 1995): first come, first served, but who comes later is started as soon as there is room
    /// if, by the estimates, the first of the queue is not delayed.
    Easy,
    /// Conservative backfilling (Mu'alem and Feitelson 2001): every job gets, as it comes, the earliest place in the plan
    /// of all jobs before it, by the estimates; when a job ends early the others move up, in order.
    Conservative,
}

impl Discipline {
    /// Their names, and what they do in a line.
    pub const NAMES: &[(&str, &str)] = &[
        ("fcfs", "first come, first served"),
        ("sjf", "least estimate first"),
        ("priority", "most urgent class first; waiting makes urgent (--aging)"),
        ("easy", "EASY backfilling: later jobs first where that does not delay the first"),
        ("conservative", "conservative backfilling: later jobs first where that delays nobody"),
    ];
}

/// A queue that is told what happens and says whom to start.
trait Queue {
    /// A job comes.
    fn arrive(&mut self, now: u64, job: u32);
    /// The job ends, which was to end at `estimate`; what it held is free already.
    fn end(&mut self, now: u64, job: u32, estimate: u64);
    /// Takes a job out of the queue that is to be started at once; it fits into what is free.
    fn next(&mut self, now: u64, free: &Amounts) -> Option<u32>;
}

/// Whether an amount of everything is there.
fn fits(asked: &Amounts, free: &Amounts) -> bool {
    asked.iter().zip(free).all(|(asked, free)| asked <= free)
}

/// Takes away.
fn take(free: &mut Amounts, asked: &Amounts) {
    free.iter_mut().zip(asked).for_each(|(free, asked)| *free -= asked);
}

/// Gives back.
fn give(free: &mut Amounts, asked: &Amounts) {
    free.iter_mut().zip(asked).for_each(|(free, asked)| *free += asked);
}

/// Runs jobs, in order of arrival, on a cluster with so much; a job that asks for more than that is refused.
///
/// # Errors
/// If times leave 64 bits.
///
/// # Panics
/// If jobs are not as [`check`] wants them.
///
/// # Complexity
/// Memory grows with the jobs, of which the metrics need all. An arrival, a start and an end take `O(log n)` with `n`
/// jobs in the queue or running under FCFS, SJF and priority. EASY adds at an instant the running jobs that end before
/// the first of the queue can start, and a search for who may start before it, which is `O(log n)` as long as parts of
/// the queue that hold nobody are told by the least that somebody there asks for, and `O(n)` at worst. Conservative
/// takes `O(n)` for an arrival, and up to `O(n^2)` for an end that is early.
pub fn run(jobs: &[Job], capacity: &Amounts, discipline: Discipline) -> Result<Schedule, Overlong> {
    check(jobs, 0)?;
    Ok(match discipline {
        Discipline::Fcfs | Discipline::Sjf | Discipline::Priority { .. } => {
            Cluster::new(jobs, capacity, ordered::Ordered::new(jobs, discipline)).run()
        }
        Discipline::Easy => Cluster::new(jobs, capacity, easy::Easy::new(jobs)).run(),
        Discipline::Conservative => {
            Cluster::new(jobs, capacity, conservative::Conservative::new(jobs, capacity)).run()
        }
    })
}

/// A cluster at an instant.
struct Cluster<'a, Q> {
    jobs: &'a [Job],
    capacity: Amounts,
    free: Amounts,
    queue: Q,
    /// The next job to arrive.
    next: usize,
    /// The ends of running jobs.
    ends: BinaryHeap<Reverse<(u64, u32)>>,
    schedule: Schedule,
}

impl<'a, Q: Queue> Cluster<'a, Q> {
    fn new(jobs: &'a [Job], capacity: &Amounts, queue: Q) -> Self {
        Self {
            jobs,
            capacity: *capacity,
            free: *capacity,
            queue,
            next: 0,
            ends: BinaryHeap::new(),
            schedule: Schedule::new(jobs.len()),
        }
    }

    fn run(mut self) -> Schedule {
        while self.step() {}
        self.schedule
    }

    /// Goes to the next instant at which a job comes or ends; whether there is one.
    fn step(&mut self) -> bool {
        let arrival = self.jobs.get(self.next).map(|job| job.arrival);
        let end = self.ends.peek().map(|&Reverse((time, _))| time);
        let Some(now) = [arrival, end].into_iter().flatten().min() else { return false };
        while let Some(&Reverse((time, job))) = self.ends.peek()
            && time == now
        {
            self.ends.pop();
            let Job { demand, estimate, .. } = self.jobs[job as usize];
            give(&mut self.free, &demand);
            self.schedule.finish[job as usize] = now;
            self.queue.end(now, job, self.schedule.start[job as usize] + estimate);
        }
        while let Some(job) = self.jobs.get(self.next)
            && job.arrival == now
        {
            if fits(&job.demand, &self.capacity) {
                self.queue.arrive(now, self.next as u32);
            }
            self.next += 1;
        }
        while let Some(job) = self.queue.next(now, &self.free) {
            let Job { demand, work, .. } = self.jobs[job as usize];
            take(&mut self.free, &demand);
            self.schedule.start[job as usize] = now;
            self.ends.push(Reverse((now + work, job)));
        }
        true
    }
}
