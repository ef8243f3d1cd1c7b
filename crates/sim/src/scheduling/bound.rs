//! What no scheduler can do better.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::job::Job;

/// Lower bounds that hold for every schedule of the same jobs, with or without preemption, that knows all of the future.
///
/// A machine as fast as all processors together that serves one job at a time can imitate any schedule, giving every job
/// of width `q` among `P` processors its area `q w` at the rate `P`: no job ends later. On such a machine the shortest
/// remaining area first has the least total turnaround (Schrage 1968). The same holds for memory as for processors.
/// Besides, no job takes less time than its work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LowerBound {
    /// Of the sum of turnarounds, in ticks, rounded up.
    pub total_turnaround: u128,
    /// Of the makespan, from the first arrival on, in ticks, rounded up.
    pub makespan: u64,
}

impl LowerBound {
    /// The bound of jobs, in order of arrival, of which each takes `taken` of one resource with this capacity, positive.
    pub fn of(jobs: &[Job], capacity: u64, taken: impl Fn(&Job) -> u64) -> Self {
        let first = jobs.first().map_or(0, |job| job.arrival);
        let capacity = u128::from(capacity);
        let area = |job: &Job| u128::from(job.work) * u128::from(taken(job));
        // In units of a tick over the capacity.
        let since = |job: &Job| u128::from(job.arrival - first) * capacity;
        let shared = least_turnaround(jobs.iter().map(|job| (since(job), area(job))));
        let alone: u128 = jobs.iter().map(|job| u128::from(job.work)).sum();
        let (mut later, mut span) = (0_u128, 0_u128);
        for job in jobs.iter().rev() {
            later += area(job);
            let end = u128::from(job.arrival - first + job.work);
            span = span.max(end).max((since(job) + later).div_ceil(capacity));
        }
        Self { total_turnaround: shared.div_ceil(capacity).max(alone), makespan: span as u64 }
    }

    /// The stronger of two bounds, part by part.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            total_turnaround: self.total_turnaround.max(other.total_turnaround),
            makespan: self.makespan.max(other.makespan),
        }
    }
}

/// The total turnaround of shortest remaining time first, of arrivals in order and what is to do, on one machine.
fn least_turnaround(jobs: impl Iterator<Item = (u128, u128)>) -> u128 {
    let mut waiting = BinaryHeap::new();
    let (mut now, mut total) = (0, 0);
    for next in jobs.map(Some).chain([None]) {
        let until = next.map_or(u128::MAX, |(arrival, _)| arrival);
        while let Some(Reverse((left, arrival))) = waiting.pop() {
            if left > until - now {
                waiting.push(Reverse((left - (until - now), arrival)));
                break;
            }
            now += left;
            total += now - arrival;
        }
        if let Some((arrival, work)) = next {
            now = arrival;
            waiting.push(Reverse((work, arrival)));
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_those_of_jobs_worked_by_hand() {
        // Shortest remaining first: 5 runs 0..2 and 4..7, 2 runs 2..4.
        assert_eq!(least_turnaround([(0, 5), (2, 2)].into_iter()), 7 + 2);
        assert_eq!(least_turnaround([(0, 1), (5, 1), (5, 3)].into_iter()), 1 + 1 + 4);
        let job = |arrival, work| Job {
            arrival,
            work,
            estimate: work,
            demand: [1, 0],
            weight: 1,
            priority: 0,
        };
        let two_cores = LowerBound::of(&[job(3, 4), job(3, 3), job(3, 2)], 2, |_| 1);
        // On a core twice as fast: 1, 2.5, 4.5.
        assert_eq!(two_cores, LowerBound { total_turnaround: 9, makespan: 5 });
    }
}
