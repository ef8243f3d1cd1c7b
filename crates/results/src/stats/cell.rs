//! Records by method and instance: the median of repeated runs, seeds averaged.

use std::collections::BTreeMap;

use super::{mean, quantile};
use crate::{Limits, Record};

/// Which of the two clocks of a run is read. CPU time is the steadier one on a busy machine, wall time
/// the only one that shows what threads gain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Wall seconds of solving alone.
    Wall,
    /// CPU seconds of solving alone, over all threads.
    Cpu,
}

impl Clock {
    /// The clock that suits all of some records: CPU time, the steadier one, where every run had one thread and the clock
    /// resolves every answer; wall time otherwise.
    pub fn of<'a>(records: impl IntoIterator<Item = &'a Record>) -> Self {
        let cpu_will_do = |r: &Record| {
            let (cpu_s, wall_s) = (r.measurement.cpu_s, r.measurement.wall_s);
            Self::is_cpu_enough(r.limits.threads, r.is_answered(), cpu_s, wall_s)
        };
        if records.into_iter().all(cpu_will_do) { Self::Cpu } else { Self::Wall }
    }

    /// Whether CPU time suits a run of these threads and times.
    pub(crate) fn is_cpu_enough(threads: u64, is_answered: bool, cpu_s: f64, wall_s: f64) -> bool {
        threads == 1 && (!is_answered || cpu_s > 0.0 || wall_s <= 0.0)
    }

    /// The time of a run.
    pub fn seconds(self, record: &Record) -> f64 {
        match self {
            Self::Wall => record.measurement.wall_s,
            Self::Cpu => record.measurement.cpu_s,
        }
    }

    /// The most that a run may take. Without a CPU limit, every thread may use the whole wall limit.
    pub fn limit(self, limits: &Limits) -> f64 {
        match self {
            Self::Wall => limits.wall_s,
            Self::Cpu => limits.cpu_s.unwrap_or(limits.wall_s * limits.threads as f64),
        }
    }
}

/// What one method did on one instance: of repeated runs the median, of seeds the mean of these.
///
/// A cell is answered if all its runs are: averaging over the lucky seeds alone would flatter a method.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// The number of runs.
    pub runs: u64,
    /// The mean verified cost; `None` unless every run has one.
    pub cost: Option<f64>,
    /// The mean time until each run answered correctly; `None` unless every run did.
    pub answered: Option<f64>,
    /// The mean time until each run answered correctly and claimed a proof: optimal, infeasible or
    /// unbounded; `None` unless every run did.
    pub proved: Option<f64>,
    /// Whether of every run the lower bound or the refutation was derived again.
    pub certified: bool,
    /// The time limit.
    pub limit: f64,
    /// How far repeated runs are apart: the quartile coefficient of dispersion of their times,
    /// `(q3 - q1) / (q3 + q1)`, the mean over seeds; `None` without repetitions, or unless every run
    /// answered. Half of the runs are within about so much of the median.
    pub spread: Option<f64>,
}

impl Cell {
    fn new(records: &[&Record], clock: Clock) -> Self {
        let time = |record: &Record| clock.seconds(record);
        let answered = |record: &Record| record.is_answered().then(|| time(record));
        Self {
            runs: records.len() as u64,
            cost: over_runs(records, |record| {
                record.verified_cost().map(vmpack_model::Value::to_f64)
            }),
            answered: over_runs(records, answered),
            proved: over_runs(records, |record| record.is_proved().then(|| time(record))),
            certified: records.iter().all(|record| record.is_certified()),
            limit: records.iter().map(|record| clock.limit(&record.limits)).fold(0.0, f64::max),
            spread: over_seeds(records, answered, dispersion),
        }
    }
}

/// A figure of what one method did on one instance: of repetitions the median, of seeds the mean of these; `None` if some
/// run has none, or if there are no runs.
pub fn over_runs(records: &[&Record], value: impl Fn(&Record) -> Option<f64>) -> Option<f64> {
    over_seeds(records, value, |values| quantile(values, 0.5))
}

/// The mean over seeds of a figure of the repetitions of each.
fn over_seeds(
    records: &[&Record],
    value: impl Fn(&Record) -> Option<f64>,
    figure: impl Fn(&[f64]) -> Option<f64>,
) -> Option<f64> {
    let mut seeds: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for record in records {
        seeds.entry(record.seed).or_default().push(value(record)?);
    }
    // Collecting options yields `None` as soon as one of them is.
    let figures: Option<Vec<f64>> = seeds.values().map(|values| figure(values)).collect();
    mean(&figures?)
}

/// The quartile coefficient of dispersion; `None` of fewer than two values.
fn dispersion(values: &[f64]) -> Option<f64> {
    let (low, high) = (quantile(values, 0.25)?, quantile(values, 0.75)?);
    (values.len() > 1).then(|| if high > low { (high - low) / (high + low) } else { 0.0 })
}

/// Cells by method and, within a method, by the hash of the instance's content.
pub type Table<'a> = BTreeMap<&'a str, BTreeMap<&'a str, Cell>>;

/// Averages the seeds of every method on every instance, each by the median of its repetitions.
///
/// A pair that was not run (unsupported, or not planned) has no cell; a pair that was run and not
/// answered has one.
///
/// ```
/// # use vmpack_results::{Record, Termination, stats::{self, Clock}};
/// # let record: Record = serde_json::from_str(include_str!("../../tests/data/record.json"))
/// #     .expect("a record");
/// // Seed 1 took 0.5 s to a cost of 50, seed 2 a second; seed 3 was stopped.
/// let mut slower = record.clone();
/// (slower.seed, slower.measurement.wall_s) = (2, 1.0);
/// let table = stats::tabulate([&record, &slower], Clock::Wall);
/// let cell = table[&*record.method][&*record.instance_hash];
/// assert_eq!((cell.runs, cell.cost, cell.answered, cell.proved), (2, Some(50.0), Some(0.75), None));
///
/// let mut stopped = record.clone();
/// stopped.termination = Termination::Timeout;
/// stopped.answer = None;
/// let table = stats::tabulate([&record, &slower, &stopped], Clock::Wall);
/// let cell = table[&*record.method][&*record.instance_hash];
/// assert_eq!((cell.runs, cell.cost, cell.answered, cell.limit), (3, None, None, 2.0));
///
/// // Seed 1 once more, twice: the run that somebody disturbed does not count.
/// let mut disturbed = record.clone();
/// (disturbed.repetition, disturbed.measurement.wall_s) = (2, 9.0);
/// let table = stats::tabulate([&record, &record, &disturbed], Clock::Wall);
/// let cell = table[&*record.method][&*record.instance_hash];
/// // The quartiles of 0.5, 0.5 and 9 are 0.5 and 4.75.
/// assert_eq!((cell.answered, cell.spread), (Some(0.5), Some(4.25 / 5.25)));
/// ```
pub fn tabulate<'a>(records: impl IntoIterator<Item = &'a Record>, clock: Clock) -> Table<'a> {
    let mut groups: BTreeMap<&str, BTreeMap<&str, Vec<&Record>>> = BTreeMap::new();
    for record in records {
        let instances = groups.entry(&record.method).or_default();
        instances.entry(&record.instance_hash).or_default().push(record);
    }
    let cells = |instances: BTreeMap<&'a str, Vec<&Record>>| {
        instances.into_iter().map(|(hash, runs)| (hash, Cell::new(&runs, clock))).collect()
    };
    groups.into_iter().map(|(method, instances)| (method, cells(instances))).collect()
}
