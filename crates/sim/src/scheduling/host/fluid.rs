//! Weighted fair share, exactly but for a rounding that is far below a tick.
//!
//! Let `k` jobs be at the limit of one core, the others have weights that add up to `W`, and `c` cores be there. A job of
//! weight `w` among the others is served at the rate `w (c - k) / W < 1`. *Virtual time* runs at the rate
//! `(c - k) / W`, so that such a job is done when virtual time has grown by its remaining work over its weight: its tag
//! is fixed, whoever comes and goes (the virtual time of generalised processor sharing, Parekh and Gallager 1993).
//!
//! Times and tags are multiples of `2^-32` ticks. An event rounds virtual time down and an end up by less than one such
//! unit, and a tag is rounded down by less than one; with weights up to `w`, an end is early or late by less than
//! `n w 2^-32` ticks after `n` events. Ends are then rounded to the nearest tick.

use std::collections::BTreeSet;

use super::super::job::{Job, Schedule};

/// Bits after the binary point.
const FRACTION: u32 = 32;

/// How a job is served.
#[derive(Clone, Copy, Debug)]
enum Share {
    /// It has a core of its own until then.
    Core(u128),
    /// It shares, until virtual time is this.
    Tag(u128),
}

/// Cores and jobs at an instant.
pub(super) struct FairShare<'a> {
    jobs: &'a [Job],
    cores: u128,
    now: u128,
    virtual_time: u128,
    /// The next job to arrive.
    next: usize,
    share: Vec<Share>,
    /// Jobs with a core of their own, by end and by weight.
    alone: Ordered,
    /// Jobs that share, by tag and by weight.
    sharing: Ordered,
    /// The weights of those that share.
    weight: u128,
    schedule: Schedule,
}

/// Jobs by when they end, and by weight.
#[derive(Default)]
struct Ordered {
    by_end: BTreeSet<(u128, u32)>,
    by_weight: BTreeSet<(u32, u32)>,
}

impl Ordered {
    fn insert(&mut self, end: u128, weight: u32, job: u32) {
        self.by_end.insert((end, job));
        self.by_weight.insert((weight, job));
    }

    fn remove(&mut self, end: u128, weight: u32, job: u32) {
        self.by_end.remove(&(end, job));
        self.by_weight.remove(&(weight, job));
    }
}

impl<'a> FairShare<'a> {
    pub(super) fn new(jobs: &'a [Job], cores: usize) -> Self {
        Self {
            jobs,
            cores: cores.min(jobs.len().max(1)) as u128,
            now: 0,
            virtual_time: 0,
            next: 0,
            share: vec![Share::Tag(0); jobs.len()],
            alone: Ordered::default(),
            sharing: Ordered::default(),
            weight: 0,
            schedule: Schedule::new(jobs.len()),
        }
    }

    pub(super) fn run(mut self) -> Schedule {
        while self.step() {}
        self.schedule
    }

    /// Cores for those that share.
    fn rest(&self) -> u128 {
        self.cores - self.alone.by_end.len() as u128
    }

    /// Goes to the next arrival or end; whether there is one.
    fn step(&mut self) -> bool {
        let alone = self.alone.by_end.first().copied();
        let sharing = self.sharing.by_end.first().map(|&(tag, job)| {
            let left = tag.saturating_sub(self.virtual_time) * self.weight;
            (self.now + left.div_ceil(self.rest()), job)
        });
        let end = match (alone, sharing) {
            (Some(alone), Some(sharing)) => Some(alone.min(sharing)),
            (alone, sharing) => alone.or(sharing),
        };
        let arrival = self.jobs.get(self.next).map(|job| u128::from(job.arrival) << FRACTION);
        match (end, arrival) {
            (Some((time, job)), arrival) if arrival.is_none_or(|arrival| time <= arrival) => {
                self.advance(time);
                self.leave(job);
                let half = 1 << (FRACTION - 1);
                self.schedule.finish[job as usize] = ((time + half) >> FRACTION) as u64;
            }
            (_, Some(time)) => {
                self.advance(time);
                let job = self.next as u32;
                self.next += 1;
                let Job { arrival, work, .. } = self.jobs[job as usize];
                self.schedule.start[job as usize] = arrival;
                self.join(job, u128::from(work) << FRACTION);
            }
            (_, None) => return false,
        }
        self.divide();
        true
    }

    /// Lets time pass.
    fn advance(&mut self, time: u128) {
        // With nobody to share, virtual time stands still.
        let served = (time - self.now) * self.rest();
        self.virtual_time += served.checked_div(self.weight).unwrap_or(0);
        self.now = time;
    }

    /// Has a job with so much to do share.
    fn join(&mut self, job: u32, remaining: u128) {
        let weight = self.jobs[job as usize].weight;
        let tag = self.virtual_time + remaining / u128::from(weight);
        self.share[job as usize] = Share::Tag(tag);
        self.sharing.insert(tag, weight, job);
        self.weight += u128::from(weight);
    }

    /// Takes a job out; what it has still to do.
    fn leave(&mut self, job: u32) -> u128 {
        let weight = self.jobs[job as usize].weight;
        match self.share[job as usize] {
            Share::Core(end) => {
                self.alone.remove(end, weight, job);
                end.saturating_sub(self.now)
            }
            Share::Tag(tag) => {
                self.sharing.remove(tag, weight, job);
                self.weight -= u128::from(weight);
                tag.saturating_sub(self.virtual_time) * u128::from(weight)
            }
        }
    }

    /// Gives a core to whoever's share would be one or more, the heaviest first, and has others share again.
    fn divide(&mut self) {
        loop {
            if let Some(&(weight, job)) = self.sharing.by_weight.last()
                && u128::from(weight) * self.rest() >= self.weight
            {
                let end = self.now + self.leave(job);
                self.share[job as usize] = Share::Core(end);
                self.alone.insert(end, weight, job);
            } else if let Some(&(weight, job)) = self.alone.by_weight.first()
                && u128::from(weight) * (self.rest() + 1) < self.weight + u128::from(weight)
            {
                let remaining = self.leave(job);
                self.join(job, remaining);
            } else {
                return;
            }
        }
    }
}
