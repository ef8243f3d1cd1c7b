//! Jobs for tests.

use proptest::prelude::*;
use vmpack_sim::scheduling::Job;

/// A job of one processor with an exact estimate.
pub(crate) fn job(arrival: u64, work: u64) -> Job {
    Job { arrival, work, estimate: work, demand: [1, 0], weight: 1, priority: 0 }
}

/// Up to `most` small jobs in order of arrival, on a cluster of 8 processors and 10 MiB.
pub(crate) fn jobs(most: usize) -> impl Strategy<Value = Vec<Job>> {
    let job = (0..30_u64, 0..12_u64, 0..8_u64, 1..=8_u64, 0..=10_u64, 1..5_u32, 0..3_u32);
    prop::collection::vec(job, 0..most).prop_map(|mut drawn| {
        drawn.sort_by_key(|job| job.0);
        let job = |(arrival, work, more, processors, memory, weight, priority)| Job {
            arrival,
            work,
            estimate: work + more,
            demand: [processors, memory],
            weight,
            priority,
        };
        drawn.into_iter().map(job).collect()
    })
}
