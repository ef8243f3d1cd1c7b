//! Queues in an order that never changes, whose first waits for room.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::super::job::{Amounts, Job};
use super::{Discipline, Queue, fits};

/// First come first served, shortest first, and priority with or without aging.
pub(super) struct Ordered<'a> {
    jobs: &'a [Job],
    discipline: Discipline,
    /// Jobs by rank, then in order of arrival.
    queue: BinaryHeap<Reverse<(u64, u32)>>,
}

impl<'a> Ordered<'a> {
    pub(super) fn new(jobs: &'a [Job], discipline: Discipline) -> Self {
        Self { jobs, discipline, queue: BinaryHeap::new() }
    }

    /// Where a job stands; the least is first.
    fn rank(&self, job: &Job) -> u64 {
        match self.discipline {
            Discipline::Sjf => job.estimate,
            Discipline::Priority { aging: None } => u64::from(job.priority),
            // At time t its class is `priority - (t - arrival) / aging`, which compares as this does for all jobs.
            Discipline::Priority { aging: Some(aging) } => {
                job.arrival.saturating_add(aging.saturating_mul(u64::from(job.priority)))
            }
            Discipline::Fcfs | Discipline::Easy | Discipline::Conservative => 0,
        }
    }
}

impl Queue for Ordered<'_> {
    fn arrive(&mut self, _: u64, job: u32) {
        self.queue.push(Reverse((self.rank(&self.jobs[job as usize]), job)));
    }

    fn end(&mut self, _: u64, _: u32, _: u64) {}

    fn next(&mut self, _: u64, free: &Amounts) -> Option<u32> {
        let &Reverse((_, job)) = self.queue.peek()?;
        if !fits(&self.jobs[job as usize].demand, free) {
            return None;
        }
        self.queue.pop();
        Some(job)
    }
}
