//! What a schedule was like for the jobs, and for the machine.

use super::job::{Amounts, Job, Schedule};

/// A quantity over all jobs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Summary {
    /// The mean.
    pub mean: f64,
    /// The median; like the other quantiles the least value that so many jobs do not exceed.
    pub p50: f64,
    /// The 95th percentile.
    pub p95: f64,
    /// The 99th percentile.
    pub p99: f64,
    /// The greatest: the job that was treated worst.
    pub max: f64,
}

impl Summary {
    /// The summary of values; all 0 if there are none.
    pub(crate) fn of(mut values: Vec<f64>) -> Self {
        values.sort_unstable_by(f64::total_cmp);
        let Some(&max) = values.last() else { return Self::default() };
        let n = values.len();
        let quantile = |percent: usize| values[(n * percent).div_ceil(100).max(1) - 1];
        Self {
            mean: values.iter().sum::<f64>() / n as f64,
            p50: quantile(50),
            p95: quantile(95),
            p99: quantile(99),
            max,
        }
    }
}

/// The metrics of a schedule; times in ticks.
///
/// With `a` the arrival of a job, `s` when it was first served, `f` its finish and `w` its work:
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metrics {
    /// Jobs that were run.
    pub jobs: usize,
    /// Jobs that were refused, because they ask for more than there is. No other metric counts them.
    pub rejected: usize,
    /// Turnaround `f - a`, which queueing theory calls the response time.
    pub turnaround: Summary,
    /// Waiting `f - a - w`: all the time that a job was not served, or not at full speed.
    pub waiting: Summary,
    /// Response `s - a`: until a job is first served.
    pub response: Summary,
    /// Slowdown `(f - a) / w`, of jobs with work.
    pub slowdown: Summary,
    /// Bounded slowdown `max(1, (f - a) / max(w, b))`, which tiny jobs do not rule (Feitelson and Rudolph 1998).
    pub bounded_slowdown: Summary,
    /// Jain's index `(sum x)^2 / (n sum x^2)` of the speeds `x = w / (f - a)`, of jobs with work: 1 if all jobs were
    /// slowed down alike, `1 / n` if one alone was served.
    pub jain: f64,
    /// From the first arrival to the last finish.
    pub makespan: u64,
    /// Work done over what the processors could have done in the makespan.
    pub utilisation: f64,
}

impl Metrics {
    /// The metrics of jobs on so many processors, of which `taken` says how many a job takes, with that bound of the
    /// bounded slowdown in ticks, which is positive.
    pub fn of(
        jobs: &[Job],
        schedule: &Schedule,
        processors: u64,
        taken: impl Fn(&Job) -> u64,
        bound: u64,
    ) -> Self {
        let ran = || {
            let times = schedule.start.iter().zip(&schedule.finish);
            let all = jobs.iter().zip(times).map(|(job, (&start, &finish))| (job, start, finish));
            all.filter(|&(_, _, finish)| finish != Schedule::NEVER)
        };
        let summary = |value: &dyn Fn(&Job, u64, u64) -> f64| {
            Summary::of(ran().map(|(job, start, finish)| value(job, start, finish)).collect())
        };
        let speeds = || {
            let working = ran().filter(|(job, ..)| job.work > 0);
            working.map(|(job, _, finish)| job.work as f64 / (finish - job.arrival) as f64)
        };
        let (n, sum, squares) = speeds().fold((0.0, 0.0, 0.0), |(n, sum, squares), speed| {
            (n + 1.0, sum + speed, squares + speed * speed)
        });
        let first = jobs.first().map_or(0, |job| job.arrival);
        let makespan = ran().map(|(_, _, finish)| finish).max().map_or(0, |last| last - first);
        let work: u128 = ran().map(|(job, ..)| u128::from(job.work) * u128::from(taken(job))).sum();
        let could = processors as f64 * makespan as f64;
        let count = ran().count();
        Self {
            jobs: count,
            rejected: jobs.len() - count,
            turnaround: summary(&|job, _, finish| (finish - job.arrival) as f64),
            waiting: summary(&|job, _, finish| {
                // A fluid share may end a fraction of a tick early by rounding.
                (finish - job.arrival).saturating_sub(job.work) as f64
            }),
            response: summary(&|job, start, _| (start - job.arrival) as f64),
            slowdown: Summary::of(speeds().map(|speed| 1.0 / speed).collect()),
            bounded_slowdown: summary(&|job, _, finish| {
                ((finish - job.arrival) as f64 / job.work.max(bound) as f64).max(1.0)
            }),
            jain: if squares > 0.0 { sum * sum / (n * squares) } else { 1.0 },
            makespan,
            utilisation: if could > 0.0 { work as f64 / could } else { 0.0 },
        }
    }
}

/// What [`Metrics::of`] takes for a cluster: the processors that a job asks for.
pub fn processors(job: &Job) -> u64 {
    let [processors, _]: Amounts = job.demand;
    processors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_of_a_schedule_worked_by_hand() {
        let job = |arrival, work| Job {
            arrival,
            work,
            estimate: work,
            demand: [1, 0],
            weight: 1,
            priority: 0,
        };
        let jobs = [job(10, 4), job(11, 2), job(12, 0), job(12, 1)];
        let schedule = Schedule {
            start: vec![10, 14, 16, Schedule::NEVER],
            finish: vec![14, 16, 16, Schedule::NEVER],
            ..Schedule::default()
        };
        let metrics = Metrics::of(&jobs, &schedule, 2, processors, 4);
        assert_eq!((metrics.jobs, metrics.rejected, metrics.makespan), (3, 1, 6));
        let close = |found: f64, expected: f64| {
            assert!((found - expected).abs() < 1e-12, "{found}, expected {expected}");
        };
        let Summary { mean, p50, p95, p99, max } = metrics.turnaround;
        close(mean, 13.0 / 3.0);
        close(p50, 4.0);
        close(p95, 5.0);
        close(p99, 5.0);
        close(max, 5.0);
        close(metrics.waiting.mean, 7.0 / 3.0);
        close(metrics.response.max, 4.0);
        close(metrics.slowdown.mean, 1.75);
        close(metrics.bounded_slowdown.max, 1.25);
        close(metrics.utilisation, 0.5);
        close(metrics.jain, 1.4 * 1.4 / (2.0 * 1.16));
    }
}
