//! The CPU scheduler of a host.

use num_rational::Ratio;
use proptest::prelude::*;
use vmpack_sim::scheduling::host::{Host, Scheduler, Slice, run};
use vmpack_sim::scheduling::{Job, LowerBound, Schedule};

use crate::support::{job, jobs};

const ONE: Host = Host { cores: 1, switch_cost: 0 };

/// A schedule and its slices.
fn watched(jobs: &[Job], host: Host, scheduler: Scheduler) -> (Schedule, Vec<Slice>) {
    let mut slices = Vec::new();
    let schedule = run(jobs, host, scheduler, |slice| slices.push(slice)).unwrap();
    (schedule, slices)
}

fn finish(jobs: &[Job], host: Host, scheduler: Scheduler) -> Vec<u64> {
    watched(jobs, host, scheduler).0.finish
}

fn total_turnaround(jobs: &[Job], schedule: &Schedule) -> u64 {
    jobs.iter().zip(&schedule.finish).map(|(job, finish)| finish - job.arrival).sum()
}

const DISCRETE: [Scheduler; 6] = [
    Scheduler::Fcfs,
    Scheduler::Sjf,
    Scheduler::Srpt,
    Scheduler::RoundRobin { quantum: 1 },
    Scheduler::RoundRobin { quantum: 3 },
    Scheduler::Priority,
];

#[test]
fn schedules_worked_by_hand() {
    let mut four = [job(0, 8), job(1, 4), job(2, 9), job(3, 5)];
    assert_eq!(finish(&four, ONE, Scheduler::Fcfs), [8, 12, 21, 26]);
    assert_eq!(finish(&four, ONE, Scheduler::Sjf), [8, 12, 26, 17]);
    assert_eq!(finish(&four, ONE, Scheduler::Srpt), [17, 5, 26, 10]);
    for (job, priority) in four.iter_mut().zip([2, 1, 1, 0]) {
        job.priority = priority;
    }
    // 0: 0-1, 1: 1-3, 3: 3-8, 1: 8-10, 2: 10-19, 0: 19-26.
    let (schedule, _) = watched(&four, ONE, Scheduler::Priority);
    assert_eq!(schedule.finish, [26, 10, 19, 8]);
    assert_eq!((schedule.switches, schedule.preemptions), (5, 2));
    let quantum = Scheduler::RoundRobin { quantum: 4 };
    // 0: 0-4, 1: 4-8, 2: 8-12, 3: 12-16, 0: 16-20, 2: 20-24, 3: 24-25, 2: 25-26.
    assert_eq!(finish(&four, ONE, quantum), [20, 8, 26, 25]);
    assert_eq!(finish(&four, Host { cores: 2, switch_cost: 0 }, Scheduler::Fcfs), [8, 5, 14, 13]);
}

#[test]
fn switches_cost_what_they_should() {
    let host = Host { cores: 1, switch_cost: 1 };
    let three = [job(0, 5), job(0, 3), job(20, 1)];
    // 0: 0-2, switch, 1: 3-5, switch, 0: 6-8, switch, 1: 9-10, switch, 0: 11-12; idle, switch at 20.
    let (schedule, slices) = watched(&three, host, Scheduler::RoundRobin { quantum: 2 });
    assert_eq!(schedule.finish, [12, 10, 22]);
    assert_eq!(schedule.start, [0, 3, 21]);
    assert_eq!((schedule.switches, schedule.switch_time), (5, 5));
    let served: Vec<_> = slices.iter().map(|slice| (slice.job, slice.from, slice.to)).collect();
    assert_eq!(served, [(0, 0, 2), (1, 3, 5), (0, 6, 8), (1, 9, 10), (0, 11, 12), (2, 21, 22)]);
    // Alone, nobody switches, however many slices pass; then the slice in progress is not cut short.
    let two = [job(0, 10), job(5, 1)];
    let (schedule, slices) = watched(&two, host, Scheduler::RoundRobin { quantum: 2 });
    assert_eq!((schedule.finish, slices.len()), (vec![13, 8], 3));
}

#[test]
fn a_job_preempted_while_it_is_switched_to_was_not_served() {
    let host = Host { cores: 1, switch_cost: 3 };
    let mut three = [job(0, 4), job(5, 4), job(6, 2)];
    (three[0].priority, three[1].priority) = (2, 1);
    let mut early = three;
    early[1].arrival = 1;
    early[2].arrival = 2;
    // 0 runs 0-1; the switch to 1 is cut short at 2 by 2, which runs 5-7; 1 runs 10-14, 0 again 17-20.
    let (schedule, _) = watched(&early, host, Scheduler::Priority);
    assert_eq!(schedule.start, [0, 10, 5]);
    assert_eq!(schedule.finish, [20, 14, 7]);
    assert_eq!((schedule.switches, schedule.switch_time, schedule.preemptions), (4, 10, 2));
}

#[test]
fn slices_that_end_together_move_no_job_needlessly() {
    let host = Host { cores: 3, switch_cost: 0 };
    let four = [job(0, 4), job(0, 4), job(0, 4), job(2, 2)];
    let (schedule, _) = watched(&four, host, Scheduler::RoundRobin { quantum: 2 });
    // At 2 all slices end: 3 takes the core of whoever is last in the queue, 2.
    assert_eq!(schedule.finish, [4, 4, 6, 4]);
    assert_eq!(schedule.switches, 2);
}

#[test]
fn shares_worked_by_hand() {
    let shared =
        |jobs: &[Job], cores| finish(jobs, Host { cores, switch_cost: 0 }, Scheduler::FairShare);
    assert_eq!(shared(&[job(0, 3), job(0, 3)], 1), [6, 6]);
    // Alone to 2; halves: 2 has 1 left at 2, done at 4; the other had 2 left at 2, 1 left at 4.
    assert_eq!(shared(&[job(0, 4), job(2, 1)], 1), [5, 4]);
    // Three quarters and a quarter: done at 4 with 1 of 2 done, then alone.
    let mut weighted = [job(0, 3), job(0, 2)];
    weighted[0].weight = 3;
    assert_eq!(shared(&weighted, 1), [4, 5]);
    // The weight of 9 asks for more than a core of two: it gets one, the others halve the rest.
    let mut heavy = [job(0, 4), job(0, 2), job(0, 2)];
    heavy[0].weight = 9;
    assert_eq!(shared(&heavy, 2), [4, 4, 4]);
    // Thirds do not come out in binary, yet ends are exact.
    assert_eq!(shared(&[job(0, 1), job(0, 1), job(0, 1)], 1), [3, 3, 3]);
}

/// The least total turnaround on one core with preemption at whole ticks, by trying everything.
fn best_preemptive(jobs: &[Job], now: u64, left: &mut [u64]) -> u64 {
    let mut best = u64::MAX;
    for k in 0..jobs.len() {
        if left[k] > 0 && jobs[k].arrival <= now {
            left[k] -= 1;
            let ended = if left[k] == 0 { now + 1 - jobs[k].arrival } else { 0 };
            best = best.min(ended + best_preemptive(jobs, now + 1, left));
            left[k] += 1;
        }
    }
    match best {
        u64::MAX if left.iter().all(|&left| left == 0) => 0,
        u64::MAX => best_preemptive(jobs, now + 1, left),
        best => best,
    }
}

/// The least total turnaround of jobs that are all there at once, over all orders.
fn best_order(jobs: &[Job], done: u64, left: u32) -> u64 {
    let each = (0..jobs.len()).filter(|&k| left & (1 << k) != 0);
    each.map(|k| {
        let end = done + jobs[k].work;
        end + best_order(jobs, end, left & !(1 << k))
    })
    .min()
    .unwrap_or(0)
}

type Exact = Ratio<i128>;

fn whole(value: u64) -> Exact {
    Exact::from_integer(i128::from(value))
}

/// Ends under fair share in exact fractions: shares are filled up together until they reach a core.
fn exact_shares(jobs: &[Job], cores: usize) -> Vec<Exact> {
    let mut left: Vec<Exact> = jobs.iter().map(|job| whole(job.work)).collect();
    let mut finish = vec![None; jobs.len()];
    let mut now = Exact::from_integer(0);
    loop {
        let present = |k: usize, finish: &[Option<Exact>]| {
            finish[k].is_none() && whole(jobs[k].arrival) <= now
        };
        for k in 0..jobs.len() {
            if present(k, &finish) && left[k] == whole(0) {
                finish[k] = Some(now);
            }
        }
        let mut sharing: Vec<usize> = (0..jobs.len()).filter(|&k| present(k, &finish)).collect();
        let mut rate = vec![whole(0); jobs.len()];
        let mut rest = whole(cores as u64);
        loop {
            let weight: u64 = sharing.iter().map(|&k| u64::from(jobs[k].weight)).sum();
            let share = |k: usize| rest * whole(u64::from(jobs[k].weight)) / whole(weight);
            let full: Vec<usize> =
                sharing.iter().copied().filter(|&k| share(k) >= whole(1)).collect();
            if full.is_empty() {
                for &k in &sharing {
                    rate[k] = share(k);
                }
                break;
            }
            // Those of the greatest share only: what they leave may lift others to a core.
            let most = full.iter().map(|&k| jobs[k].weight).max().unwrap();
            let first = full.into_iter().find(|&k| jobs[k].weight == most).unwrap();
            rate[first] = whole(1);
            rest -= whole(1);
            sharing.retain(|&k| k != first);
        }
        let ends = (0..jobs.len())
            .filter(|&k| rate[k] > whole(0) && finish[k].is_none())
            .map(|k| now + left[k] / rate[k]);
        let arrivals = jobs.iter().map(|job| whole(job.arrival)).filter(|&time| time > now);
        let Some(then) = ends.chain(arrivals).min() else { break };
        for k in 0..jobs.len() {
            left[k] -= rate[k] * (then - now);
        }
        now = then;
    }
    finish.into_iter().map(Option::unwrap).collect()
}

proptest! {
    /// No core is with two jobs, no job on two cores, none before its arrival; each gets its work; without cost of
    /// switches, as many cores are busy at every instant as can be.
    #[test]
    fn work_is_conserved(jobs in jobs(12), cores in 1..4_usize, switch_cost in 0..3_u64) {
        for scheduler in DISCRETE {
            let (schedule, slices) = watched(&jobs, Host { cores, switch_cost }, scheduler);
            for (k, job) in jobs.iter().enumerate() {
                let own: Vec<_> = slices.iter().filter(|slice| slice.job == k).collect();
                prop_assert_eq!(own.iter().map(|slice| slice.to - slice.from).sum::<u64>(), job.work);
                prop_assert!(own.is_sorted_by(|one, next| one.to <= next.from));
                if let (Some(first), Some(last)) = (own.first(), own.last()) {
                    prop_assert!(job.arrival <= first.from);
                    prop_assert_eq!((first.from, last.to), (schedule.start[k], schedule.finish[k]));
                }
            }
            for core in 0..cores {
                let own = slices.iter().filter(|slice| slice.core == core);
                prop_assert!(own.is_sorted_by(|one, next| one.to <= next.from));
            }
            if switch_cost == 0 {
                for at in 0..schedule.finish.iter().copied().max().unwrap_or(0) {
                    let busy = slices.iter().filter(|s| s.from <= at && at < s.to).count();
                    let there = jobs.iter().zip(&schedule.finish);
                    let there = there.filter(|(job, end)| job.arrival <= at && at < **end).count();
                    prop_assert_eq!(busy, there.min(cores), "{:?} at {}", scheduler, at);
                }
                prop_assert_eq!(schedule.switch_time, 0);
            }
        }
    }

    #[test]
    fn srpt_is_best_with_preemption(mut jobs in jobs(5)) {
        for job in &mut jobs {
            (job.work, job.arrival) = (job.work % 4, job.arrival % 5);
        }
        jobs.sort_by_key(|job| job.arrival);
        let schedule = watched(&jobs, ONE, Scheduler::Srpt).0;
        let mut left: Vec<u64> = jobs.iter().map(|job| job.work).collect();
        let best = best_preemptive(&jobs, 0, &mut left);
        prop_assert_eq!(total_turnaround(&jobs, &schedule), best);
        prop_assert_eq!(LowerBound::of(&jobs, 1, |_| 1).total_turnaround, u128::from(best));
    }

    #[test]
    fn sjf_is_best_on_batches(mut jobs in jobs(8)) {
        for job in &mut jobs {
            job.arrival = 0;
        }
        let schedule = watched(&jobs, ONE, Scheduler::Sjf).0;
        let best = best_order(&jobs, 0, (1 << jobs.len()) - 1);
        prop_assert_eq!(total_turnaround(&jobs, &schedule), best);
    }

    #[test]
    fn no_scheduler_undercuts_the_bound(jobs in jobs(12), cores in 1..4_usize) {
        let bound = LowerBound::of(&jobs, cores as u64, |_| 1);
        for scheduler in DISCRETE.into_iter().chain([Scheduler::FairShare]) {
            let schedule = watched(&jobs, Host { cores, switch_cost: 0 }, scheduler).0;
            // An end under fair share may be rounded down by half a tick.
            let slack = if scheduler == Scheduler::FairShare { jobs.len() as u128 } else { 0 };
            let total = u128::from(total_turnaround(&jobs, &schedule));
            prop_assert!(bound.total_turnaround <= total + slack, "{:?}", scheduler);
            let first = jobs.first().map_or(0, |job| job.arrival);
            let last = schedule.finish.iter().max().map_or(0, |last| last - first);
            prop_assert!(bound.makespan <= last + 1, "{:?}", scheduler);
        }
    }

    #[test]
    fn shares_are_exact(jobs in jobs(9), cores in 1..4_usize) {
        let fluid = finish(&jobs, Host { cores, switch_cost: 0 }, Scheduler::FairShare);
        let exact = exact_shares(&jobs, cores);
        let rounding = Exact::new(1, 2) + Exact::new(1, 1_000_000);
        for (fluid, exact) in fluid.into_iter().zip(exact) {
            let off = if whole(fluid) < exact { exact - whole(fluid) } else { whole(fluid) - exact };
            prop_assert!(off <= rounding, "{} {}", fluid, exact);
        }
    }

    /// The shorter the slices the closer round robin comes to processor sharing: within a round for each job that
    /// comes.
    #[test]
    fn round_robin_tends_to_equal_shares(mut jobs in jobs(9)) {
        for job in &mut jobs {
            (job.weight, job.arrival) = (1, 1000 * job.arrival);
            (job.work, job.estimate) = (1000 * job.work, 1000 * job.estimate);
        }
        let shared = finish(&jobs, ONE, Scheduler::FairShare);
        for quantum in [300, 30, 3] {
            let sliced = finish(&jobs, ONE, Scheduler::RoundRobin { quantum });
            for (sliced, shared) in sliced.iter().zip(&shared) {
                let within = quantum * (jobs.len() as u64).pow(2);
                prop_assert!(sliced.abs_diff(*shared) <= within, "{} {}", sliced, shared);
            }
        }
    }
}
