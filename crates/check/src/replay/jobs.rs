//! Replays of jobs, on the cores of a host or in the queue in front of a cluster.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Derived, Fault, ensure};

/// What is known of a job; times in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    /// When it comes.
    pub arrival: u64,
    /// How long it takes when nothing holds it up.
    pub work: u64,
    /// Processors and memory that it holds.
    pub demand: [u64; 2],
}

/// When jobs were served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// First served and done, in ticks; `None` for jobs that were refused.
    pub times: Vec<Option<(u64, u64)>>,
}

/// Where the jobs run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    /// One host, whose cores serve one job at a time each, or all jobs at once.
    Host {
        /// Its cores.
        cores: u64,
    },
    /// A cluster, where each job holds what it asks for from its start to its end.
    Cluster {
        /// Its processors and memory.
        capacity: [u64; 2],
    },
}

/// Checks a schedule and derives its metrics, with so many ticks in a second.
///
/// # Errors
/// If the schedule cannot be: a job is served before it comes, or is done sooner than its work takes; a cluster holds more
/// than it has at some instant; a host has done more work by some instant, or since one, than its cores can.
pub fn derive(
    jobs: &[Job],
    machine: Machine,
    schedule: &Schedule,
    ticks: u64,
) -> Result<Derived, Fault> {
    let Schedule { times } = schedule;
    ensure(times.len() == jobs.len(), || {
        format!("the schedule is of {} jobs, the trace of {}", times.len(), jobs.len())
    })?;
    let ran: Vec<(usize, Job, u64, u64)> = (0..jobs.len())
        .filter_map(|number| times[number].map(|(start, end)| (number, jobs[number], start, end)))
        .collect();
    // A fluid share may end a fraction of a tick early by rounding.
    let slack = match machine {
        Machine::Host { .. } => 1,
        Machine::Cluster { .. } => 0,
    };
    for &(number, job, start, end) in &ran {
        let Job { arrival, work, .. } = job;
        ensure(start >= arrival, || {
            format!("job {number} is served at {start}, before {arrival}")
        })?;
        ensure(end >= start && end - start + slack >= work, || {
            format!("job {number} is done in {} of {work} ticks", end - start.min(end))
        })?;
    }
    let processors = match machine {
        Machine::Host { cores } => {
            within_cores(&ran, cores)?;
            cores
        }
        Machine::Cluster { capacity } => {
            for &(number, job, start, end) in &ran {
                ensure(end - start == job.work, || format!("job {number} is interrupted"))?;
            }
            within_capacity(&ran, capacity)?;
            capacity[0]
        }
    };
    let taken = |job: &Job| if slack == 1 { 1 } else { job.demand[0] };
    Ok(metrics(jobs, &ran, processors, ticks, taken))
}

/// By every finish, and since every arrival, no more work is done than the cores can.
fn within_cores(ran: &[(usize, Job, u64, u64)], cores: u64) -> Result<(), Fault> {
    let Some(first) = ran.iter().map(|(_, job, ..)| job.arrival).min() else { return Ok(()) };
    let last = ran.iter().map(|&(.., end)| end).max().unwrap_or(first);
    let can = |from: u64, to: u64| u128::from(cores) * u128::from(to - from);
    let check = |done: u128, jobs: usize, from: u64, to: u64| {
        ensure(done <= can(from, to) + jobs as u128, || {
            format!("{done} ticks of work are done from {from} to {to} on {cores} cores")
        })
    };
    let mut by_end: Vec<(u64, u64)> = ran.iter().map(|&(_, job, _, end)| (end, job.work)).collect();
    by_end.sort_unstable();
    let mut done = 0_u128;
    for (place, &(end, work)) in by_end.iter().enumerate() {
        done += u128::from(work);
        check(done, place + 1, first, end)?;
    }
    let mut by_arrival: Vec<(u64, u64)> =
        ran.iter().map(|(_, job, ..)| (job.arrival, job.work)).collect();
    by_arrival.sort_unstable_by(|a, b| b.cmp(a));
    let mut done = 0_u128;
    for (place, &(arrival, work)) in by_arrival.iter().enumerate() {
        done += u128::from(work);
        check(done, place + 1, arrival, last)?;
    }
    Ok(())
}

/// At every instant the jobs that run hold no more than there is.
fn within_capacity(ran: &[(usize, Job, u64, u64)], capacity: [u64; 2]) -> Result<(), Fault> {
    // At one instant, jobs end before others start.
    let mut changes: BTreeMap<u64, [[u128; 2]; 2]> = BTreeMap::new();
    for &(_, job, start, end) in ran.iter().filter(|(_, _, start, end)| start < end) {
        for resource in 0..2 {
            let amount = u128::from(job.demand[resource]);
            changes.entry(start).or_default()[0][resource] += amount;
            changes.entry(end).or_default()[1][resource] += amount;
        }
    }
    let mut held = [0_u128; 2];
    for (time, [comes, goes]) in changes {
        for resource in 0..2 {
            held[resource] = held[resource] + comes[resource] - goes[resource];
            // Memory that nobody speaks of is not limited.
            let limit = u128::from(capacity[resource]);
            let is_limited = resource == 0 || limit > 0;
            ensure(!is_limited || held[resource] <= limit, || {
                format!("{} of {limit} are held at {time}", held[resource])
            })?;
        }
    }
    Ok(())
}

fn metrics(
    jobs: &[Job],
    ran: &[(usize, Job, u64, u64)],
    processors: u64,
    ticks: u64,
    taken: impl Fn(&Job) -> u64,
) -> Derived {
    let seconds =
        |ticks_in_all: u128, of: u64| ticks_in_all as f64 / of.max(1) as f64 / ticks as f64;
    let n = ran.len() as u64;
    let sum = |value: fn(&Job, u64, u64) -> u64| -> u128 {
        ran.iter().map(|(_, job, start, end)| u128::from(value(job, *start, *end))).sum()
    };
    let most = |value: fn(&Job, u64, u64) -> u64| -> u128 {
        ran.iter()
            .map(|(_, job, start, end)| u128::from(value(job, *start, *end)))
            .max()
            .unwrap_or(0)
    };
    let turnaround = |job: &Job, _: u64, end: u64| end - job.arrival;
    let waiting = |job: &Job, _: u64, end: u64| (end - job.arrival).saturating_sub(job.work);
    let response = |job: &Job, start: u64, _: u64| start - job.arrival;
    let first = jobs.iter().map(|job| job.arrival).min().unwrap_or(0);
    let makespan = ran.iter().map(|&(.., end)| end).max().map_or(0, |last| last - first);
    let work: u128 =
        ran.iter().map(|(_, job, ..)| u128::from(job.work) * u128::from(taken(job))).sum();
    let mut derived = Derived::default();
    derived.metric("jobs", n as f64);
    derived.metric("rejected", (jobs.len() as u64 - n) as f64);
    derived.metric("turnaround_s.mean", seconds(sum(turnaround), n));
    derived.metric("turnaround_s.max", seconds(most(turnaround), 1));
    derived.metric("waiting_s.mean", seconds(sum(waiting), n));
    derived.metric("waiting_s.max", seconds(most(waiting), 1));
    derived.metric("response_s.mean", seconds(sum(response), n));
    derived.metric("response_s.max", seconds(most(response), 1));
    derived.metric("makespan_s", seconds(u128::from(makespan), 1));
    if makespan > 0 {
        let could = u128::from(processors) * u128::from(makespan);
        derived.metric("utilisation", work as f64 / could as f64);
    }
    derived
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOBS: [Job; 2] =
        [Job { arrival: 0, work: 10, demand: [3, 1] }, Job { arrival: 2, work: 4, demand: [2, 1] }];

    fn follow(machine: Machine, times: [Option<(u64, u64)>; 2]) -> Result<Derived, String> {
        derive(&JOBS, machine, &Schedule { times: times.to_vec() }, 2).map_err(|fault| fault.0)
    }

    #[test]
    fn a_cluster_holds_what_it_has() {
        let cluster = Machine::Cluster { capacity: [4, 0] };
        let derived = follow(cluster, [Some((0, 10)), Some((10, 14))]).expect("one by one");
        assert!((derived.metrics["waiting_s.mean"] - 2.0).abs() < 1e-12);
        assert!((derived.metrics["utilisation"] - 38.0 / 56.0).abs() < 1e-12);
        for wrong in [
            [Some((0, 10)), Some((9, 13))],
            [Some((0, 10)), Some((10, 13))],
            [Some((0, 10)), Some((10, 15))],
            [Some((0, 10)), Some((1, 5))],
        ] {
            assert!(follow(cluster, wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn cores_do_no_more_than_they_can() {
        let host = |cores| Machine::Host { cores };
        assert!(follow(host(1), [Some((0, 14)), Some((2, 6))]).is_ok());
        assert!(follow(host(2), [Some((0, 10)), Some((2, 6))]).is_ok());
        let said = follow(host(1), [Some((0, 10)), Some((2, 6))]).expect_err("both at once");
        assert!(said.contains("14 ticks of work are done from 0 to 10 on 1 cores"), "{said}");
        let refused = follow(host(1), [Some((0, 10)), None]).expect("it may be");
        assert!((refused.metrics["rejected"] - 1.0).abs() < 1e-12);
    }
}
