//! Whether the runs of one store are worse than the same runs of another: a regression gate.
//!
//! Runs are paired by what they were asked: instance, method, seed, limits and, of replays, settings. Repetitions are
//! reduced to their median, then every instance to the mean logarithm of the ratio of new to old, because instances are
//! the sampling unit; ratios are geometric means over instances, with paired bootstrap intervals. Stores are streamed: what
//! is held is what is compared.

mod gate;
mod measure;
mod pairs;
mod ratios;
mod run;
mod text;

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use serde::Serialize;

use crate::stats::{Clock, Resampling};
use crate::{MANIFEST, Manifest, Record, StoreError, read_manifest};
use pairs::{Pair, pairs, sort};
use run::{Mentioned, Run};

pub use gate::{Failure, Gate, ParseGateError};
pub use measure::Measure;

/// Instances below which an interval is too narrow to be believed; measured ratios of fewer fail no gate.
pub const FEWEST: usize = 5;

/// How two stores are compared.
#[derive(Clone, Debug, PartialEq)]
pub struct CompareOptions {
    /// The clock; CPU time where all runs have one thread unless given, see [`Clock::of`].
    pub clock: Option<Clock>,
    /// Seconds added to both times before their ratio is taken, so that what takes no time at all does not decide.
    pub shift_s: f64,
    /// How intervals are drawn.
    pub resampling: Resampling,
    /// Whether runs are the same however often they are repeated, as where no limit of time is reached: gates then judge
    /// the ratios of costs and bounds themselves, as they do those of counters.
    pub exact: bool,
    /// What may not be found.
    pub gates: Vec<Gate>,
}

impl Default for CompareOptions {
    fn default() -> Self {
        let resampling = Resampling { resamples: 10_000, seed: 1 };
        Self { clock: None, shift_s: 0.01, resampling, exact: false, gates: Vec::new() }
    }
}

/// How the new runs compare with the old.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The old store.
    pub old: Side,
    /// The new store.
    pub new: Side,
    /// What makes them hard to compare, one sentence each.
    pub warnings: Vec<String>,
    /// `cpu` or `wall`.
    pub clock: &'static str,
    /// Seconds added to both times before their ratio is taken.
    pub shift_s: f64,
    /// How often instances were drawn again for an interval.
    pub resamples: usize,
    /// The seed of the draws.
    pub bootstrap_seed: u64,
    /// Runs asked for in both.
    pub pairs: u64,
    /// Their instances.
    pub instances: u64,
    /// Ratios by measure: first of all methods together, then of each.
    pub measures: Vec<Compared>,
    /// Answers by method, first of all together.
    pub answers: Vec<Answers>,
    /// Pairs whose answer was lost or gained, and answers that are wrong now.
    pub changes: Vec<Change>,
    /// Gates that were not passed.
    pub failures: Vec<Failure>,
}

/// One of the two stores.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Side {
    /// Its directory.
    pub directory: String,
    /// Records in it.
    pub records: u64,
    /// The commit of the program.
    pub commit: String,
    /// Runs that have no partner in the other.
    pub alone: Vec<RunName>,
}

/// A run, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunName {
    /// The id.
    pub run: String,
    /// The method.
    pub method: String,
    /// The name of the instance.
    pub instance: String,
    /// The seed.
    pub seed: u64,
}

impl From<&Record> for RunName {
    fn from(record: &Record) -> Self {
        Self {
            run: record.run.clone(),
            method: record.method.clone(),
            instance: record.instance.clone(),
            seed: record.seed,
        }
    }
}

/// Ratios of new to old in one measure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    /// Of what; above 1 is worse.
    pub measure: Measure,
    /// All methods together, then each.
    pub ratios: Vec<Ratio>,
}

/// The geometric mean of ratios over instances.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ratio {
    /// The method; `None` for all together.
    pub method: Option<String>,
    /// Instances with a ratio.
    pub instances: u64,
    /// The geometric mean.
    pub ratio: f64,
    /// The 95 % interval by paired bootstrap over instances; `None` of a single one.
    pub interval: Option<[f64; 2]>,
    /// The p-value of the signed-rank test of Wilcoxon, of methods corrected by Holm.
    pub p: f64,
}

/// Answers in the pairs of a method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answers {
    /// The method; `None` for all together.
    pub method: Option<String>,
    /// Pairs.
    pub pairs: u64,
    /// Answered correctly, old and new.
    pub answered: [u64; 2],
    /// With a claim of proof, old and new.
    pub proved: [u64; 2],
    /// Answered before, and not now.
    pub lost: u64,
    /// Not answered before, and now.
    pub gained: u64,
}

/// What happened to the answer of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The new run.
    #[serde(flatten)]
    pub run: RunName,
    /// `lost`, `gained` or `wrong`.
    pub change: &'static str,
    /// How the new run ended, or what is wrong with it.
    pub found: String,
}

/// Compares the store in the directory `new` with that in `old`. Manifests are used where they are there; records alone
/// will do, as of a baseline.
///
/// `O(n log n)` time for `n` records in all, and some three hundred bytes of memory for each; the bootstrap takes
/// `O(instances)` per method, measure and resample on top.
///
/// # Errors
/// If a store cannot be read.
pub fn compare(old: &Path, new: &Path, options: &CompareOptions) -> Result<Comparison, StoreError> {
    let manifest = |directory: &Path| {
        directory.join(MANIFEST).exists().then(|| read_manifest(directory)).transpose()
    };
    let mut mentioned = Mentioned::default();
    let mut old_runs = mentioned.read(old)?;
    let old_manifest = manifest(old)?;
    let mut new_runs = mentioned.read(new)?;
    let new_manifest = manifest(new)?;
    let clock = options.clock.unwrap_or_else(|| clock(&mentioned, [&old_runs, &new_runs]));
    let wrong = wrong(&mentioned, &new_runs);
    let order = sort(&mentioned, [&mut old_runs, &mut new_runs]);
    let mut warnings = warnings(old_manifest.as_ref(), new_manifest.as_ref());
    let (pairs, [old_alone, new_alone]) = pairs(&old_runs, &new_runs, &order);
    if pairs.is_empty() {
        warnings.push("No run of one is in the other.".to_owned());
    }
    let side =
        |directory: &Path, runs: &[Run], manifest: Option<Manifest>, alone: Vec<&Run>| Side {
            directory: directory.display().to_string(),
            records: runs.len() as u64,
            commit: manifest.map_or_else(String::new, |manifest| manifest.commit),
            alone: alone.into_iter().map(|run| mentioned.named(run)).collect(),
        };
    let measures = ratios::measures(&mentioned, &pairs, clock, options);
    let answers = answers(&mentioned, &pairs);
    let failures = failures(options, &measures, &answers, wrong.len() as u64);
    let mut changes = changes(&mentioned, &pairs);
    changes.extend(wrong);
    warnings.extend(idle(options, &measures));
    let instances: HashSet<u32> = pairs.iter().map(|pair| pair.asked().instance).collect();
    Ok(Comparison {
        old: side(old, &old_runs, old_manifest, old_alone),
        new: side(new, &new_runs, new_manifest, new_alone),
        warnings,
        clock: match clock {
            Clock::Cpu => "cpu",
            Clock::Wall => "wall",
        },
        shift_s: options.shift_s,
        resamples: options.resampling.resamples,
        bootstrap_seed: options.resampling.seed,
        pairs: pairs.len() as u64,
        instances: instances.len() as u64,
        measures,
        answers,
        changes,
        failures,
    })
}

/// A sentence for each gate that has judged nothing, since no method has enough instances for an interval.
fn idle(options: &CompareOptions, measures: &[Compared]) -> Vec<String> {
    let is_idle = |gate: &&Gate| match gate {
        Gate::Ratio { measure, .. } if !measure.is_exact(options.exact) => {
            let of = measures.iter().find(|compared| compared.measure == *measure);
            of.is_some_and(|of| of.ratios.iter().all(|r| (r.instances as usize) < FEWEST))
        }
        _ => false,
    };
    let idle = options.gates.iter().filter(is_idle);
    idle.map(|gate| format!("{gate} has judged nothing: it takes at least {FEWEST} instances."))
        .collect()
}

fn warnings(old: Option<&Manifest>, new: Option<&Manifest>) -> Vec<String> {
    let (Some(old), Some(new)) = (old, new) else { return Vec::new() };
    let mut warnings: Vec<String> = Vec::new();
    if old.experiment != new.experiment {
        warnings
            .push(format!("The experiments are {:?} and {:?}.", old.experiment, new.experiment));
    }
    for difference in old.differences(new) {
        let crate::Difference { what, first, second } = difference;
        warnings.push(format!("The old were made with {what} {first}, the new with {second}."));
    }
    warnings
}

fn answers(mentioned: &Mentioned, pairs: &[Pair<'_>]) -> Vec<Answers> {
    let none =
        |method| Answers { method, pairs: 0, answered: [0; 2], proved: [0; 2], lost: 0, gained: 0 };
    let mut all = none(None);
    let mut methods: BTreeMap<&str, Answers> = BTreeMap::new();
    for pair in pairs {
        let method = mentioned.text_of(pair.asked().method);
        let of_method = methods.entry(method).or_insert_with(|| none(Some(method.to_owned())));
        let [old, new] = [pair.old, pair.new].map(|runs| runs.iter().all(Run::is_answered));
        let proved = [pair.old, pair.new].map(|runs| runs.iter().all(Run::is_proved));
        for counts in [&mut all, of_method] {
            counts.pairs += 1;
            for (side, answered) in [old, new].into_iter().enumerate() {
                counts.answered[side] += u64::from(answered);
                counts.proved[side] += u64::from(proved[side]);
            }
            counts.lost += u64::from(old && !new);
            counts.gained += u64::from(!old && new);
        }
    }
    std::iter::once(all).chain(methods.into_values()).collect()
}

/// The answers that were lost and gained.
fn changes(mentioned: &Mentioned, pairs: &[Pair<'_>]) -> Vec<Change> {
    let mut changes = Vec::new();
    for pair in pairs {
        let [before, after] = [pair.old, pair.new].map(|runs| runs.iter().all(Run::is_answered));
        let run = pair.new.iter().find(|run| run.is_answered() != before).unwrap_or(&pair.new[0]);
        if before != after {
            let change = if before { "lost" } else { "gained" };
            let found = run.termination.to_owned();
            changes.push(Change { run: mentioned.named(run), change, found });
        }
    }
    changes
}

/// The wrong answers of a store, in its order.
fn wrong(mentioned: &Mentioned, runs: &[Run]) -> Vec<Change> {
    let wrong = runs.iter().filter_map(|run| Some((run, run.wrong()?)));
    let change = |(run, verdict): (&Run, &vmpack_check::Verdict)| Change {
        run: mentioned.named(run),
        change: "wrong",
        found: verdict.to_string(),
    };
    wrong.map(change).collect()
}

/// The clock that suits all runs, as [`Clock::of`] chooses it.
fn clock(mentioned: &Mentioned, stores: [&[Run]; 2]) -> Clock {
    let cpu_will_do = |run: &Run| {
        let threads = mentioned.limits(run).threads;
        Clock::is_cpu_enough(threads, run.is_answered(), run.cpu_s, run.wall_s)
    };
    if stores.into_iter().flatten().all(cpu_will_do) { Clock::Cpu } else { Clock::Wall }
}

fn failures(
    options: &CompareOptions,
    measures: &[Compared],
    answers: &[Answers],
    wrong: u64,
) -> Vec<Failure> {
    let mut failures = Vec::new();
    for gate in &options.gates {
        let mut fail = |method: Option<&String>, found: String| {
            failures.push(Failure { gate: gate.to_string(), method: method.cloned(), found });
        };
        match gate {
            Gate::Ratio { measure, most } => {
                let ratios = measures.iter().find(|compared| compared.measure == *measure);
                let Some(ratios) = ratios.map(|compared| &compared.ratios) else {
                    fail(None, "nothing to compare: no pair has it".to_owned());
                    continue;
                };
                for ratio in ratios {
                    // Counts are what they are; what is measured must be past the threshold beyond doubt.
                    let [low, high] = match ratio.interval {
                        _ if measure.is_exact(options.exact) => [ratio.ratio; 2],
                        Some(interval) if ratio.instances as usize >= FEWEST => interval,
                        _ => continue,
                    };
                    if low > *most {
                        let n = ratio.instances;
                        let found = format!(
                            "{:.4} [{low:.4}, {high:.4}] over {n} instances is above {most}",
                            ratio.ratio
                        );
                        fail(ratio.method.as_ref(), found);
                    }
                }
            }
            Gate::Solved { .. } if answers.iter().all(|counts| counts.pairs == 0) => {
                fail(None, "nothing to compare: there are no pairs".to_owned());
            }
            Gate::Solved { most } => {
                for counts in answers.iter().filter(|c| c.lost > c.gained + most) {
                    let found = format!("{} answers lost, {} gained", counts.lost, counts.gained);
                    fail(counts.method.as_ref(), found);
                }
            }
            Gate::Wrong { most } => {
                if wrong > *most {
                    fail(None, format!("{wrong} wrong answers"));
                }
            }
        }
    }
    failures
}
