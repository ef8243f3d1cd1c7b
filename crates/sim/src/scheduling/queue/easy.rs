//! EASY backfilling.

use std::collections::BTreeSet;

use super::super::job::{Amounts, Job};
use super::waiting::Waiting;
use super::{Queue, fits, give, take};

/// First come first served, with backfilling that does not delay the first.
pub(super) struct Easy<'a> {
    jobs: &'a [Job],
    queue: Waiting,
    /// Running jobs by when they are said to end.
    running: BTreeSet<(u64, u32)>,
    /// When the first of the queue can start by the estimates, and what is free then beside it; `None` if that is to
    /// be found again, because something happened.
    reservation: Option<(u64, Amounts)>,
}

impl<'a> Easy<'a> {
    pub(super) fn new(jobs: &'a [Job]) -> Self {
        Self { jobs, queue: Waiting::new(jobs.len()), running: BTreeSet::new(), reservation: None }
    }

    /// The reservation of a job that does not fit into what is free.
    fn reserve(&self, demand: &Amounts, free: &Amounts) -> (u64, Amounts) {
        let mut free = *free;
        let mut enough = None;
        for &(end, job) in &self.running {
            if enough.is_some_and(|enough| end > enough) {
                break;
            }
            give(&mut free, &self.jobs[job as usize].demand);
            if enough.is_none() && fits(demand, &free) {
                enough = Some(end);
            }
        }
        let start = enough.expect("a job that fits the cluster fits when all others are gone");
        take(&mut free, demand);
        (start, free)
    }

    /// Takes a job out of the queue.
    fn start(&mut self, now: u64, job: u32) -> u32 {
        self.queue.remove(job);
        self.running.insert((now + self.jobs[job as usize].estimate, job));
        job
    }
}

impl Queue for Easy<'_> {
    fn arrive(&mut self, _: u64, job: u32) {
        self.queue.push(job, &self.jobs[job as usize]);
    }

    fn end(&mut self, _: u64, job: u32, estimate: u64) {
        self.running.remove(&(estimate, job));
        self.reservation = None;
    }

    fn next(&mut self, now: u64, free: &Amounts) -> Option<u32> {
        let first = self.queue.first()?;
        let demand = &self.jobs[first as usize].demand;
        if fits(demand, free) {
            self.reservation = None;
            return Some(self.start(now, first));
        }
        let (time, extra) = match self.reservation {
            Some(reservation) => reservation,
            None => self.reserve(demand, free),
        };
        self.reservation = Some((time, extra));
        let job = self.queue.find(free, time - now, &extra)?;
        let Job { demand, estimate, .. } = self.jobs[job as usize];
        if estimate > time - now {
            take(&mut self.reservation.as_mut().expect("just made").1, &demand);
        }
        Some(self.start(now, job))
    }
}
