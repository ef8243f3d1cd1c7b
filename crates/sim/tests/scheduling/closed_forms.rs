//! Means over many seeded runs against formulas of queueing theory.
//!
//! Every figure is a mean over independent runs, of jobs after a warm-up. It must lie within four standard errors of the
//! closed form, which a correct simulator misses with a probability of about one in ten thousand (the seeds are fixed, so
//! the outcome is too), and the standard error must be at most 1.5 % of it, so that an error of 10 % cannot hide.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use vmpack_sim::scheduling::host::{Host, Scheduler, run};
use vmpack_sim::scheduling::queue::{self, Discipline};
use vmpack_sim::scheduling::{Job, Schedule};

use crate::support::job;

/// Mean work of a job, in ticks.
const WORK: f64 = 1e6;
/// Jobs of a run, and those at its beginning that are not counted.
const JOBS: usize = 11_000;
const WARM_UP: usize = 1_000;
/// Independent runs.
const RUNS: u64 = 40;

struct Draws(ChaCha8Rng);

impl Draws {
    fn unit(&mut self) -> f64 {
        ((self.0.next_u64() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    fn exponential(&mut self, mean: f64) -> f64 {
        -mean * self.unit().ln()
    }
}

/// How long jobs work.
#[derive(Clone, Copy)]
enum Work {
    Exponential,
    Fixed,
    /// Short with probability 0.9, else long: exponential of means 2/3 and 4, of mean 1 together.
    Mixed,
}

impl Work {
    fn draw(self, draws: &mut Draws) -> f64 {
        match self {
            Self::Exponential => draws.exponential(WORK),
            Self::Fixed => WORK,
            Self::Mixed => {
                let mean = if draws.unit() < 0.9 { 2.0 / 3.0 } else { 4.0 };
                draws.exponential(mean * WORK)
            }
        }
    }

    /// The second moment over the square of the mean.
    fn second_moment(self) -> f64 {
        match self {
            Self::Exponential => 2.0,
            Self::Fixed => 1.0,
            Self::Mixed => 2.0 * (0.9 * (2.0_f64 / 3.0).powi(2) + 0.1 * 16.0),
        }
    }
}

/// Poisson arrivals at a rate per mean work; classes 0 and 1 by turns of a fair coin.
fn poisson(rate: f64, work: Work, seed: u64) -> Vec<Job> {
    let mut draws = Draws(ChaCha8Rng::seed_from_u64(seed));
    let mut now = 0.0;
    (0..JOBS)
        .map(|_| {
            now += draws.exponential(WORK / rate);
            let priority = u32::from(draws.unit() < 0.5);
            Job { priority, ..job(now as u64, work.draw(&mut draws) as u64) }
        })
        .collect()
}

/// Checks that the mean turnaround over runs, in mean works, of jobs that `counts` accepts, is as it should be.
fn turnaround_is(
    expected: f64,
    jobs: impl Fn(u64) -> Vec<Job>,
    schedule: impl Fn(&[Job]) -> Schedule,
    counts: impl Fn(&Job) -> bool,
) {
    let means: Vec<f64> = (0..RUNS)
        .map(|seed| {
            let jobs = jobs(seed);
            let finish = schedule(&jobs).finish;
            let all = jobs.iter().zip(&finish).skip(WARM_UP).filter(|(job, _)| counts(job));
            let (sum, n) = all.fold((0.0, 0.0), |(sum, n), (job, finish)| {
                (sum + (finish - job.arrival) as f64, n + 1.0)
            });
            sum / n / WORK
        })
        .collect();
    let mean = means.iter().sum::<f64>() / RUNS as f64;
    let variance = means.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (RUNS - 1) as f64;
    let error = (variance / RUNS as f64).sqrt();
    assert!((mean - expected).abs() <= 4.0 * error, "{mean} +- {error}, expected {expected}");
    assert!(error <= 0.015 * expected, "too few runs: {mean} +- {error}");
}

fn on_cores(cores: usize, scheduler: Scheduler) -> impl Fn(&[Job]) -> Schedule {
    move |jobs| run(jobs, Host { cores, switch_cost: 0 }, scheduler, |_| {}).unwrap()
}

/// Load at which means over affordable runs are exact enough.
const LOAD: f64 = 0.5;

/// Mean turnaround of M/G/1 FCFS (Pollaczek and Khinchine).
fn pollaczek_khinchine(work: Work) -> f64 {
    1.0 + LOAD * work.second_moment() / (2.0 * (1.0 - LOAD))
}

#[test]
fn fcfs_is_as_pollaczek_and_khinchine_say() {
    for work in [Work::Exponential, Work::Fixed, Work::Mixed] {
        let jobs = |seed| poisson(LOAD, work, seed);
        turnaround_is(pollaczek_khinchine(work), jobs, on_cores(1, Scheduler::Fcfs), |_| true);
    }
    // M/M/1.
    assert!((pollaczek_khinchine(Work::Exponential) - 1.0 / (1.0 - LOAD)).abs() < 1e-12);
}

/// Processor sharing knows the mean of work only.
#[test]
fn fair_share_of_equals_is_insensitive_to_the_distribution() {
    for work in [Work::Exponential, Work::Fixed, Work::Mixed] {
        let jobs = |seed| poisson(LOAD, work, seed);
        turnaround_is(1.0 / (1.0 - LOAD), jobs, on_cores(1, Scheduler::FairShare), |_| true);
    }
}

/// Mean turnaround of M/M/c with a load per server (Erlang C).
fn erlang_c(servers: u32, load: f64) -> f64 {
    let offered = load * f64::from(servers);
    // Erlang B by its recursion, then C.
    let blocked = (1..=servers).fold(1.0, |b, k| offered * b / (f64::from(k) + offered * b));
    let waits = blocked / (1.0 - load * (1.0 - blocked));
    1.0 + waits / (f64::from(servers) * (1.0 - load))
}

#[test]
fn several_servers_are_as_erlang_says() {
    assert!((erlang_c(1, LOAD) - 1.0 / (1.0 - LOAD)).abs() < 1e-12);
    for servers in [2, 8] {
        let jobs = |seed| poisson(LOAD * f64::from(servers), Work::Exponential, seed);
        let expected = erlang_c(servers, LOAD);
        turnaround_is(expected, jobs, on_cores(servers as usize, Scheduler::Fcfs), |_| true);
        // With exponential work sharing has the same number of jobs there, hence the same mean.
        turnaround_is(expected, jobs, on_cores(servers as usize, Scheduler::FairShare), |_| true);
        let queued =
            |jobs: &[Job]| queue::run(jobs, &[u64::from(servers), 0], Discipline::Fcfs).unwrap();
        turnaround_is(expected, jobs, queued, |_| true);
    }
}

/// M/G/1 with two classes and preemptive resume (Kleinrock 1976, section 3.4).
#[test]
fn classes_wait_as_kleinrock_says() {
    for work in [Work::Exponential, Work::Mixed] {
        let half = LOAD / 2.0;
        let rest = half * work.second_moment() / 2.0;
        let expected = [
            1.0 + rest / (1.0 - half),
            1.0 / (1.0 - half) + 2.0 * rest / ((1.0 - half) * (1.0 - LOAD)),
        ];
        for (class, expected) in [0, 1].into_iter().zip(expected) {
            let jobs = |seed| poisson(LOAD, work, seed);
            turnaround_is(expected, jobs, on_cores(1, Scheduler::Priority), |job| {
                job.priority == class
            });
        }
    }
}
