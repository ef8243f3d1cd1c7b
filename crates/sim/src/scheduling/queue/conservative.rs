//! Conservative backfilling.

use super::super::job::{Amounts, Job};
use super::profile::Profile;
use super::{Queue, fits};

/// A plan in which every job that waits has its place.
pub(super) struct Conservative<'a> {
    jobs: &'a [Job],
    /// What running and waiting jobs leave.
    profile: Profile,
    /// Starts of jobs that wait by the plan, in order, with the jobs.
    queue: Vec<(u64, u32)>,
    /// The most of each resource that is free anywhere that has become free since the plan was last made shorter; nobody
    /// who asks for more can move up. `None` if nothing has.
    freed: Option<Amounts>,
}

impl<'a> Conservative<'a> {
    pub(super) fn new(jobs: &'a [Job], capacity: &Amounts) -> Self {
        Self { jobs, profile: Profile::new(capacity), queue: Vec::new(), freed: None }
    }

    /// Moves up whoever can be. In order of start, so that nobody is held back by a job that itself moves up later: in
    /// the plan that this leaves, every job starts now or when another is said to end.
    fn compress(&mut self) {
        let Some(mut freed) = self.freed.take() else { return };
        for (start, job) in &mut self.queue {
            let Job { demand, estimate, .. } = &self.jobs[*job as usize];
            if !fits(demand, &freed) {
                continue;
            }
            if let Some(earlier) = self.profile.earlier(demand, *estimate, *start) {
                let end = *start + estimate;
                self.profile.give(demand, *start, end);
                self.profile.take(demand, earlier, earlier + estimate);
                let left = self.profile.most((earlier + estimate).max(*start), end);
                freed = [freed[0].max(left[0]), freed[1].max(left[1])];
                *start = earlier;
            }
        }
        self.queue.sort_unstable();
    }
}

impl Queue for Conservative<'_> {
    fn arrive(&mut self, now: u64, job: u32) {
        self.profile.advance(now);
        // Who was there when a job ended early moves up before who comes now.
        self.compress();
        let Job { demand, estimate, .. } = &self.jobs[job as usize];
        let start = self
            .profile
            .earliest(demand, *estimate)
            .expect("a job that fits the cluster fits at the end of the plan");
        self.profile.take(demand, start, start + estimate);
        let at = self.queue.partition_point(|&planned| planned < (start, job));
        self.queue.insert(at, (start, job));
    }

    fn end(&mut self, now: u64, job: u32, estimate: u64) {
        self.profile.advance(now);
        if now < estimate {
            self.profile.give(&self.jobs[job as usize].demand, now, estimate);
            let most = self.profile.most(now, estimate);
            let freed = self.freed.unwrap_or_default();
            self.freed = Some([freed[0].max(most[0]), freed[1].max(most[1])]);
        }
    }

    fn next(&mut self, now: u64, free: &Amounts) -> Option<u32> {
        self.compress();
        // Jobs that take no time have no place in the plan, and may be in the way for an instant.
        let mut due = self.queue.iter().take_while(|&&(start, _)| start <= now);
        let at = due.position(|&(_, job)| fits(&self.jobs[job as usize].demand, free))?;
        Some(self.queue.remove(at).1)
    }
}
