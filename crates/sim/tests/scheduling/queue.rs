//! The queue in front of a cluster.

use proptest::prelude::*;
use vmpack_sim::scheduling::queue::{Discipline, run};
use vmpack_sim::scheduling::{Amounts, Job, LowerBound, Schedule, processors};

use crate::support::{job, jobs};

const CAPACITY: Amounts = [8, 10];

const ALL: [Discipline; 6] = [
    Discipline::Fcfs,
    Discipline::Sjf,
    Discipline::Priority { aging: None },
    Discipline::Priority { aging: Some(4) },
    Discipline::Easy,
    Discipline::Conservative,
];

fn start(jobs: &[Job], capacity: &Amounts, discipline: Discipline) -> Vec<u64> {
    run(jobs, capacity, discipline).unwrap().start
}

/// A job of so many processors.
fn wide(arrival: u64, work: u64, processors: u64) -> Job {
    Job { demand: [processors, 0], ..job(arrival, work) }
}

#[test]
fn schedules_worked_by_hand() {
    // Four processors: 0 holds two to 10, 1 wants all, the others are small and 3 is long.
    let five = [wide(0, 10, 2), wide(1, 5, 4), wide(2, 6, 1), wide(3, 20, 1), wide(4, 2, 2)];
    let capacity = [4, 0];
    assert_eq!(start(&five, &capacity, Discipline::Fcfs), [0, 10, 15, 15, 15]);
    assert_eq!(start(&five, &capacity, Discipline::Sjf), [0, 10, 15, 15, 4]);
    assert_eq!(start(&five, &capacity, Discipline::Easy), [0, 10, 2, 15, 8]);
    assert_eq!(start(&five, &capacity, Discipline::Conservative), [0, 10, 2, 15, 8]);
}

#[test]
fn easy_delays_the_second_of_the_queue_and_conservative_does_not() {
    // A processor is left beside 1, on which 3 goes past 15, when 2 could have had all four.
    let mut four = [wide(0, 10, 2), wide(1, 5, 3), wide(2, 1, 4), wide(3, 20, 1)];
    let capacity = [4, 0];
    assert_eq!(start(&four, &capacity, Discipline::Easy), [0, 10, 23, 3]);
    assert_eq!(start(&four, &capacity, Discipline::Conservative), [0, 10, 15, 16]);
    // 0 ends before its estimate, and the plan moves up.
    four[0].work = 4;
    assert_eq!(start(&four, &capacity, Discipline::Easy), [0, 4, 23, 3]);
    assert_eq!(start(&four, &capacity, Discipline::Conservative), [0, 4, 9, 10]);
}

#[test]
fn memory_holds_jobs_back_as_processors_do() {
    let two = [Job { demand: [1, 6], ..job(0, 7) }, Job { demand: [1, 5], ..job(1, 2) }];
    for discipline in ALL {
        assert_eq!(start(&two, &[8, 10], discipline), [0, 7]);
        assert_eq!(start(&two, &[8, 11], discipline), [0, 1]);
    }
}

#[test]
fn who_asks_for_more_than_there_is_is_refused() {
    for discipline in ALL {
        let schedule = run(&[wide(0, 1, 9), wide(0, 1, 8)], &CAPACITY, discipline).unwrap();
        assert_eq!(schedule.start, [Schedule::NEVER, 0]);
        assert_eq!(schedule.finish, [Schedule::NEVER, 1]);
    }
}

/// An urgent job every tick keeps the machine busy; one that is less urgent comes at 10.
#[test]
fn aging_prevents_starvation() {
    let mut stream: Vec<Job> = (0..1000).map(|at| job(at, 1)).collect();
    stream.insert(11, Job { priority: 5, ..job(10, 1) });
    let capacity = [1, 0];
    let starved = start(&stream, &capacity, Discipline::Priority { aging: None });
    assert_eq!(starved[11], 1000);
    for aging in [1, 7, 100] {
        let aged = start(&stream, &capacity, Discipline::Priority { aging: Some(aging) });
        assert_eq!(aged[11], 10 + 5 * aging, "after all that came less than 5 x aging later");
    }
}

/// Whom a naive imitation starts next: the place in the queue.
type Choice<'a> = dyn FnMut(u64, &[usize], &[(usize, u64)], &Amounts) -> Option<usize> + 'a;

/// Runs jobs tick by tick. The choice sees the time, the queue in order of arrival, running jobs with their starts, and
/// what is free.
fn imitate(jobs: &[Job], choose: &mut Choice<'_>) -> Vec<u64> {
    let mut start = vec![Schedule::NEVER; jobs.len()];
    let (mut queue, mut running, mut free) = (Vec::new(), Vec::<(usize, u64)>::new(), CAPACITY);
    for now in 0..1000 {
        queue.extend((0..jobs.len()).filter(|&k| jobs[k].arrival == now));
        loop {
            running.retain(|&(k, since)| {
                let ends = since + jobs[k].work == now;
                if ends {
                    (0..2).for_each(|r| free[r] += jobs[k].demand[r]);
                }
                !ends
            });
            let before = running.len();
            while let Some(at) = choose(now, &queue, &running, &free) {
                let k = queue.remove(at);
                (0..2).for_each(|r| free[r] -= jobs[k].demand[r]);
                start[k] = now;
                running.push((k, now));
            }
            if running.len() == before {
                break;
            }
        }
    }
    start
}

fn fits(asked: &Amounts, free: &Amounts) -> bool {
    asked[0] <= free[0] && asked[1] <= free[1]
}

/// When a job that does not fit can start by the estimates of those that run, and what is left beside it.
fn shadow(jobs: &[Job], job: &Job, running: &[(usize, u64)], free: &Amounts) -> (u64, Amounts) {
    let end = |&(k, since): &(usize, u64)| since + jobs[k].estimate;
    let left = |at: u64| {
        let ended = running.iter().filter(|run| end(run) <= at);
        ended
            .fold(*free, |free, &(k, _)| [free[0] + jobs[k].demand[0], free[1] + jobs[k].demand[1]])
    };
    let at = running.iter().map(end).filter(|&at| fits(&job.demand, &left(at))).min().unwrap();
    (at, [left(at)[0] - job.demand[0], left(at)[1] - job.demand[1]])
}

fn naive_easy(jobs: &[Job]) -> Vec<u64> {
    imitate(jobs, &mut |now, queue, running, free| {
        let first = &jobs[*queue.first()?];
        if fits(&first.demand, free) {
            return Some(0);
        }
        let (time, extra) = shadow(jobs, first, running, free);
        queue.iter().position(|&k| {
            let job = &jobs[k];
            fits(&job.demand, free) && (now + job.estimate <= time || fits(&job.demand, &extra))
        })
    })
}

/// Moves everybody up at every instant, in the order of the plan; who is new comes last.
fn naive_conservative(jobs: &[Job]) -> Vec<u64> {
    let mut promised = vec![u64::MAX; jobs.len()];
    let mut planned = (u64::MAX, 0);
    imitate(jobs, &mut |now, queue, running, free| {
        // The plan, tick by tick; who waits holds his promise until it is his turn to be moved.
        let mut plan = vec![CAPACITY; 2000];
        let hold = |plan: &mut Vec<Amounts>, k: usize, from: u64, sign: i64| {
            for at in from.max(now)..from + jobs[k].estimate {
                for (free, asked) in plan[at as usize].iter_mut().zip(jobs[k].demand) {
                    *free = free.checked_add_signed(sign * asked as i64).unwrap();
                }
            }
        };
        for &(k, since) in running {
            hold(&mut plan, k, since, -1);
        }
        let old = |k: &&usize| promised[**k] != u64::MAX;
        queue.iter().filter(old).for_each(|&k| hold(&mut plan, k, promised[k], -1));
        if planned != (now, queue.len() + running.len()) {
            let mut order = queue.to_vec();
            order.sort_by_key(|&k| (promised[k], k));
            for k in order {
                if promised[k] != u64::MAX {
                    hold(&mut plan, k, promised[k], 1);
                }
                let all = |from: u64| {
                    let span = from as usize..(from + jobs[k].estimate.max(1)) as usize;
                    plan[span].iter().all(|free| fits(&jobs[k].demand, free))
                };
                promised[k] = (now..1500).find(|&from| all(from)).unwrap().min(promised[k]);
                hold(&mut plan, k, promised[k], -1);
            }
            planned = (now, queue.len() + running.len());
        }
        let due = (0..queue.len())
            .filter(|&at| promised[queue[at]] <= now && fits(&jobs[queue[at]].demand, free));
        due.min_by_key(|&at| (promised[queue[at]], queue[at]))
    })
}

proptest! {
    /// Nothing starts before it comes, everything runs once, and what runs never exceeds what there is.
    #[test]
    fn capacity_is_kept_and_all_is_run(jobs in jobs(14)) {
        for discipline in ALL {
            let schedule = run(&jobs, &CAPACITY, discipline).unwrap();
            for (k, job) in jobs.iter().enumerate() {
                prop_assert!(schedule.start[k] >= job.arrival);
                prop_assert_eq!(schedule.finish[k], schedule.start[k] + job.work);
            }
            for at in 0..schedule.finish.iter().copied().max().unwrap_or(0) {
                let running = (0..jobs.len()).filter(|&k| schedule.start[k] <= at && at < schedule.finish[k]);
                let held = running.fold([0, 0], |held: Amounts, k| {
                    [held[0] + jobs[k].demand[0], held[1] + jobs[k].demand[1]]
                });
                prop_assert!(fits(&held, &CAPACITY), "{:?} at {}: {:?}", discipline, at, held);
            }
        }
    }

    #[test]
    fn first_come_first_served_is_in_order(jobs in jobs(14)) {
        prop_assert!(start(&jobs, &CAPACITY, Discipline::Fcfs).is_sorted());
    }

    #[test]
    fn easy_is_as_by_hand(jobs in jobs(20)) {
        prop_assert_eq!(start(&jobs, &CAPACITY, Discipline::Easy), naive_easy(&jobs));
    }

    /// Whoever comes to the front starts no later than the estimates of those that ran then promised.
    #[test]
    fn easy_never_delays_the_first(mut jobs in jobs(20)) {
        // Jobs that come and go within an instant leave no trace in the schedule.
        jobs.retain(|job| job.work > 0);
        let schedule = run(&jobs, &CAPACITY, Discipline::Easy).unwrap();
        for (k, job) in jobs.iter().enumerate() {
            let before = schedule.start[..k].iter().copied().max().unwrap_or(0);
            let front = before.max(job.arrival);
            let running: Vec<(usize, u64)> = (0..jobs.len())
                .filter(|&i| schedule.start[i] < front || schedule.start[i] == front && i < k)
                .filter(|&i| front < schedule.finish[i])
                .map(|i| (i, schedule.start[i]))
                .collect();
            let free = running.iter().fold(CAPACITY, |free, &(i, _)| {
                [free[0] - jobs[i].demand[0], free[1] - jobs[i].demand[1]]
            });
            let promise = if fits(&job.demand, &free) { front } else { shadow(&jobs, job, &running, &free).0 };
            prop_assert!(schedule.start[k] <= promise, "{}: {} > {}", k, schedule.start[k], promise);
        }
    }

    #[test]
    fn conservative_is_as_by_hand(jobs in jobs(14)) {
        prop_assert_eq!(start(&jobs, &CAPACITY, Discipline::Conservative), naive_conservative(&jobs));
    }

    /// With exact estimates nobody is delayed by those behind: the schedule of a job is that of the jobs up to it.
    #[test]
    fn conservative_delays_nobody(mut jobs in jobs(14)) {
        for job in &mut jobs {
            job.estimate = job.work;
        }
        jobs.retain(|job| job.work > 0);
        let all = start(&jobs, &CAPACITY, Discipline::Conservative);
        for k in 0..jobs.len() {
            prop_assert_eq!(&start(&jobs[..k], &CAPACITY, Discipline::Conservative)[..], &all[..k]);
        }
    }

    #[test]
    fn nobody_undercuts_the_bound(jobs in jobs(14)) {
        let bound = LowerBound::of(&jobs, CAPACITY[0], processors)
            .max(LowerBound::of(&jobs, CAPACITY[1], |job| job.demand[1]));
        for discipline in ALL {
            let schedule = run(&jobs, &CAPACITY, discipline).unwrap();
            let total: u64 = jobs.iter().zip(&schedule.finish).map(|(j, f)| f - j.arrival).sum();
            prop_assert!(bound.total_turnaround <= u128::from(total));
            let first = jobs.first().map_or(0, |job| job.arrival);
            let last = schedule.finish.iter().max().map_or(0, |last| last - first);
            prop_assert!(bound.makespan <= last);
        }
    }
}
