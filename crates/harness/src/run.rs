//! Working a plan off.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rayon::prelude::*;
use vmpack_check::Effort;
use vmpack_results::{
    Cause, Enforcement, MANIFEST, Manifest, Record, SCHEMA, SOLVING_SCHEMA, Shards, Store,
    StoreError, Termination, UNLIKE, read_manifest, write_manifest,
};

use crate::calibrate::Calibrator;
use crate::limits::allowed_cores;
use crate::measure::measure_replay;
use crate::{
    Interrupt, Launcher, MeasureError, Monitor, Plan, Run, Simulator, Task, Work, confine, machine,
    measure, pin, solutions,
};

/// How many samples of the machine's speed are taken at the start of an experiment, and at its end.
const CALIBRATIONS: usize = 2;

/// The most seconds of wall time that a run to warm up may take.
const WARM_UP_LIMIT_S: f64 = 10.0;

/// What the records should say of the program that made them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setup {
    /// Versions: vmpack, the compiler, every backend.
    pub versions: BTreeMap<String, String>,
    /// The commit it was built from; empty if unknown.
    pub commit: String,
    /// The command line.
    pub command: Vec<String>,
}

/// How a plan is worked off.
#[derive(Debug)]
pub struct RunOptions<'a> {
    /// The directory of the store.
    pub directory: &'a Path,
    /// Runs in parallel; zero counts as one.
    pub jobs: usize,
    /// Whether to add to an existing store what it lacks.
    pub resume: bool,
    /// Whether a store that holds a part of the experiment may become the store of the whole.
    pub widen: bool,
    /// How children are started.
    pub launcher: &'a Launcher,
    /// What replays traces, and has them judged.
    pub simulator: &'a dyn Simulator,
    /// What the judge may spend on an answer.
    pub effort: Effort,
    /// Whether each worker's runs are kept to cores of their own, also where the experiment does not ask
    /// for it.
    pub pin: bool,
    /// What goes into the manifest.
    pub setup: Setup,
}

/// How far a plan was worked off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Runs planned.
    pub planned: u64,
    /// Runs that were in the store already.
    pub found: u64,
    /// Runs recorded now.
    pub recorded: u64,
    /// Of these, answers in which the judge found something false.
    pub wrong: u64,
    /// Whether somebody asked to stop before all was done.
    pub interrupted: bool,
    /// The store.
    pub store: PathBuf,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let store = self.store.display();
        let done = self.found + self.recorded;
        if self.interrupted {
            return write!(
                f,
                "interrupted: {done} of {} runs are kept in {store}; \
                 give the same command with --resume to run the others",
                self.planned
            );
        }
        write!(f, "{} runs recorded", self.recorded)?;
        if self.found > 0 {
            write!(f, ", {} were there before", self.found)?;
        }
        if self.wrong > 0 {
            write!(f, ", {} ANSWERS WERE WRONG", self.wrong)?;
        }
        write!(f, ": {store}")
    }
}

/// Why a plan cannot be worked off.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The store cannot be written, or must not be.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store belongs to another experiment.
    #[error(
        "{} holds the experiment {found:?}, not {expected:?}: choose another directory",
        directory.display()
    )]
    OtherExperiment {
        /// The directory.
        directory: PathBuf,
        /// The experiment in it.
        found: String,
        /// The experiment to be run.
        expected: String,
    },
    /// The store belongs to another part of the experiment.
    #[error("{} holds {}, not {}: choose another directory", directory.display(), part(found.as_ref()), part(expected.as_ref()))]
    OtherShard {
        /// The directory.
        directory: PathBuf,
        /// The parts in it; `None` for the whole.
        found: Option<Shards>,
        /// The part to be run.
        expected: Option<Shards>,
    },
    /// The store belongs to a part of the experiment, and the whole is to be run.
    #[error(
        "{} holds {} alone: {}choose another directory for the whole, or make this one hold the whole from now on with \
         --shard all",
        directory.display(), part(Some(found)), resumable(found)
    )]
    OnlyShard {
        /// The directory.
        directory: PathBuf,
        /// The parts in it.
        found: Shards,
    },
    /// A child cannot be started.
    #[error(transparent)]
    Measure(#[from] MeasureError),
    /// A solution, or a time series, cannot be kept.
    #[error("{}: cannot keep what run {run} leaves: {source}", directory.display())]
    Keep {
        /// The directory of the store.
        directory: PathBuf,
        /// The run.
        run: String,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// There are not as many cores as pinning takes.
    #[error(
        "{jobs} runs at a time of up to {threads} threads cannot be pinned: that takes {} cores, and this \
         process may use {cores}; allow fewer runs at a time (--jobs), or do without pinning",
        jobs.saturating_mul(usize::try_from(*threads).unwrap_or(usize::MAX))
    )]
    Pin {
        /// Runs in parallel.
        jobs: usize,
        /// Threads of a run.
        threads: u64,
        /// Cores that this process may use.
        cores: usize,
    },
    /// The threads that wait for children cannot be started.
    #[error("cannot start {jobs} threads: {source}")]
    Threads {
        /// How many.
        jobs: usize,
        /// Why not.
        source: rayon::ThreadPoolBuildError,
    },
}

/// Works a plan off, `jobs` runs at a time, and records each as it finishes. What is in the store
/// already is not run again.
///
/// An interrupt kills the runs under way, which are not recorded; the summary says so.
///
/// # Errors
/// See [`RunError`]; records that were written before stay.
pub fn run(
    plan: &Plan,
    options: &RunOptions<'_>,
    interrupt: &Interrupt,
    monitor: &dyn Monitor,
) -> Result<Summary, RunError> {
    let directory = options.directory;
    let jobs = workers(plan, options);
    // Before anything is written.
    let is_pinned = options.pin || plan.experiment.pin;
    let mut cores = if is_pinned { pinned(plan, options.jobs.max(1))? } else { Vec::new() };
    cores.truncate(jobs);
    let (store, found) = if options.resume {
        let (store, recovered) = Store::resume(directory)?;
        if let Some(torn) = recovered.torn {
            monitor.note(&format!(
                "{}, line {}: a record was cut short ({} bytes); its run is repeated",
                store.path().display(),
                torn.line,
                torn.bytes
            ));
        }
        (store, recovered.runs)
    } else {
        (Store::create(directory)?, BTreeSet::new())
    };
    // Read once nobody else writes there.
    let earlier = earlier(plan, options)?;
    let todo: Vec<&Run> = plan.runs.iter().filter(|run| !found.contains(&run.id)).collect();
    // Held to the end, so that runs share it.
    let session = confine::session();
    let mut calibrator = Calibrator::new();
    (0..CALIBRATIONS).for_each(|_| calibrator.sample());
    let mut manifest =
        manifest(plan, options, earlier, session.enforcement(), &cores, &found, monitor);
    let earlier = manifest.calibration.take();
    manifest.calibration = Some(calibrator.found(earlier.as_ref()));
    write_manifest(directory, &manifest)?;

    let planned = plan.runs.len() as u64;
    let mut summary = Summary {
        planned,
        found: planned - todo.len() as u64,
        recorded: 0,
        wrong: 0,
        interrupted: false,
        store: store.path().to_owned(),
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(jobs)
        .build()
        .map_err(|source| RunError::Threads { jobs, source })?;
    monitor.started(summary.found, planned);
    let progress = Mutex::new((store, &mut summary));
    let calibrator = Mutex::new(calibrator);
    let is_warm: Vec<AtomicBool> = (0..jobs).map(|_| AtomicBool::new(false)).collect();
    let result = pool.install(|| {
        // A bridge hands the runs out one by one in the order of the plan.
        todo.into_iter().par_bridge().try_for_each(|run| {
            let worker = rayon::current_thread_index().unwrap_or(0);
            let cores = cores.get(worker).map_or(&[][..], |cores| cores);
            if !is_warm[worker].swap(true, Ordering::Relaxed) {
                for _ in 0..plan.experiment.warm_up {
                    carry_out(plan, &short(run), options, cores, None, interrupt)?;
                }
            }
            // One worker's turn is enough, and nobody waits for it.
            if let Ok(mut calibrator) = calibrator.try_lock() {
                calibrator.sample_if_due();
            }
            // What it leaves is kept before its record: what is recorded is not run again.
            let record = carry_out(plan, run, options, cores, Some(directory), interrupt)?;
            let mut guard = progress.lock().expect("no thread panics while it writes");
            let (store, summary) = &mut *guard;
            store.append(&record)?;
            summary.recorded += 1;
            summary.wrong += u64::from(record.is_wrong());
            monitor.recorded(&record);
            Ok(())
        })
    });
    monitor.ended();
    let mut calibrator = calibrator.into_inner().expect("no thread panics while it calibrates");
    (0..CALIBRATIONS).for_each(|_| calibrator.sample());
    manifest.calibration = Some(calibrator.found(earlier.as_ref()));
    write_manifest(directory, &manifest)?;
    match result {
        Ok(()) => Ok(summary),
        Err(RunError::Measure(MeasureError::Interrupted)) => {
            summary.interrupted = true;
            Ok(summary)
        }
        Err(error) => Err(error),
    }
}

/// Runs in parallel. A worker without a run would be a thread for nothing.
fn workers(plan: &Plan, options: &RunOptions<'_>) -> usize {
    options.jobs.clamp(1, plan.runs.len().max(1))
}

/// Cores for each worker.
fn pinned(plan: &Plan, jobs: usize) -> Result<Vec<Vec<usize>>, RunError> {
    let threads = plan.threads();
    let too_few = || RunError::Pin { jobs, threads, cores: allowed_cores().len() };
    pin::deal(jobs, threads).ok_or_else(too_few)
}

/// A run to warm up: the same, for a short time at most.
fn short(run: &Run) -> Run {
    let mut short = run.clone();
    short.limits.wall_s = short.limits.wall_s.min(WARM_UP_LIMIT_S);
    short
}

/// Makes a run on these cores. What it leaves is kept in the directory, if there is one.
fn carry_out(
    plan: &Plan,
    run: &Run,
    options: &RunOptions<'_>,
    cores: &[usize],
    directory: Option<&Path>,
    interrupt: &Interrupt,
) -> Result<Record, RunError> {
    if interrupt.is_set() {
        return Err(MeasureError::Interrupted.into());
    }
    let launcher = options.launcher;
    let &Run { seed, repetition, limits, .. } = run;
    let (record, kept) = match &run.work {
        Work::Solve { instance, method } => {
            let instance = &plan.instances[*instance];
            let task = Task { instance, method, seed, repetition, limits, cores };
            let measured = measure(launcher, &task, options.effort, interrupt)?;
            let keep = |directory| {
                let which = plan.experiment.solutions;
                solutions::keep(directory, which, &instance.instance, &measured)
            };
            let kept = directory.map_or(Ok(()), keep);
            (measured.record, kept)
        }
        Work::Replay(replay) => {
            let simulator = options.simulator;
            let (record, series) =
                measure_replay(launcher, simulator, replay, repetition, limits, cores, interrupt)?;
            let keep = |directory| solutions::keep_series(directory, &record, &series);
            let kept = directory.map_or(Ok(()), keep);
            (record, kept)
        }
    };
    kept.map_err(|source| RunError::Keep {
        directory: options.directory.to_owned(),
        run: run.id.clone(),
        source,
    })?;
    if may_be_ended_with_us(&record) {
        thread::sleep(SIGNAL_DELAY);
        if interrupt.is_set() {
            return Err(MeasureError::Interrupted.into());
        }
    }
    Ok(record)
}

/// How long a signal to this process may be behind one that was sent to a child at the same time.
const SIGNAL_DELAY: Duration = Duration::from_secs(1);

/// Whether a child ended as it does when a batch system ends its job: that signals all processes at once, and the end of a
/// child may be seen before our own signal is. It says nothing about the method then.
fn may_be_ended_with_us(record: &Record) -> bool {
    match &record.termination {
        Termination::Crashed { signal } => {
            [libc::SIGTERM, libc::SIGINT, libc::SIGHUP].contains(signal)
        }
        // SIGKILL by somebody else looks like this.
        Termination::OutOfMemory => record.cause == Some(Cause::Machine),
        _ => false,
    }
}

/// The manifest of an earlier session in the directory, which must be of the same part of the same experiment.
fn earlier(plan: &Plan, options: &RunOptions<'_>) -> Result<Option<Manifest>, RunError> {
    let directory = options.directory;
    if !options.resume || !directory.join(MANIFEST).exists() {
        return Ok(None);
    }
    let earlier = read_manifest(directory)?;
    if earlier.experiment != plan.experiment.name {
        return Err(RunError::OtherExperiment {
            directory: directory.to_owned(),
            found: earlier.experiment,
            expected: plan.experiment.name.clone(),
        });
    }
    match (&earlier.shards, &plan.shards) {
        (None, None) => Ok(Some(earlier)),
        (Some(found), Some(expected)) if found.are_those_of(expected) => Ok(Some(earlier)),
        (Some(_), None) if options.widen => Ok(Some(earlier)),
        (Some(found), None) => {
            Err(RunError::OnlyShard { directory: directory.to_owned(), found: found.clone() })
        }
        (found, expected) => Err(RunError::OtherShard {
            directory: directory.to_owned(),
            found: found.clone(),
            expected: expected.clone(),
        }),
    }
}

/// The manifest of this session. Where an earlier one left records, it says in what they differ.
fn manifest(
    plan: &Plan,
    options: &RunOptions<'_>,
    earlier: Option<Manifest>,
    enforcement: &Enforcement,
    cores: &[Vec<usize>],
    found: &BTreeSet<String>,
    monitor: &dyn Monitor,
) -> Manifest {
    let jobs = workers(plan, options) as u64;
    let mut manifest = Manifest {
        schema: if plan.runs.iter().any(|run| run.replay().is_some()) {
            SCHEMA
        } else {
            SOLVING_SCHEMA
        },
        experiment: plan.experiment.name.clone(),
        experiment_hash: plan.experiment.hash.clone(),
        order_seed: plan.experiment.order_seed,
        planned: plan.runs.len() as u64,
        shards: plan.shards.clone(),
        skipped: plan.skipped.clone(),
        missing: plan.missing.clone(),
        versions: versions(plan, options),
        commit: options.setup.commit.clone(),
        started: jiff::Timestamp::now().to_string(),
        command: options.setup.command.clone(),
        jobs,
        machine: machine(),
        enforcement: Some(enforcement.clone()),
        pinned: cores.to_vec(),
        warm_up: plan.experiment.warm_up,
        calibration: None,
    };
    if let Some(earlier) = earlier {
        manifest.started.clone_from(&earlier.started);
        manifest.calibration.clone_from(&earlier.calibration);
        manifest.missing.extend(differences(&earlier, &manifest, found, plan));
    }
    for sentence in &manifest.missing {
        monitor.note(sentence);
    }
    let threads = plan.threads();
    let cores = manifest.machine.cores;
    if jobs.saturating_mul(threads) > cores {
        monitor.note(&format!(
            "{jobs} runs at a time of up to {threads} threads share {cores} cores: \
             times will be longer than on a quiet machine"
        ));
    }
    manifest
}

/// The versions of the program, and those of the contenders.
fn versions(plan: &Plan, options: &RunOptions<'_>) -> BTreeMap<String, String> {
    let methods = plan.runs.iter().filter_map(Run::method);
    let contenders = methods.filter_map(|method| method.contender.as_ref());
    let contenders =
        contenders.map(|contender| (contender.name.clone(), contender.version.clone()));
    options.setup.versions.clone().into_iter().chain(contenders).collect()
}

/// What makes the records of two sessions unequal, one sentence each; what earlier sessions said of
/// each other stays.
fn differences(
    earlier: &Manifest,
    now: &Manifest,
    found: &BTreeSet<String>,
    plan: &Plan,
) -> Vec<String> {
    let mut sentences: Vec<String> =
        earlier.missing.iter().filter(|sentence| sentence.starts_with(UNLIKE)).cloned().collect();
    if !found.is_empty() {
        sentences.extend(earlier.differences(now).iter().map(ToString::to_string));
    }
    let planned: BTreeSet<&str> = plan.runs.iter().map(|run| run.id.as_str()).collect();
    let stray = found.iter().filter(|id| !planned.contains(id.as_str())).count();
    if stray > 0 {
        sentences.push(format!(
            "{UNLIKE}{stray} of them belong to runs that the experiment no longer plans."
        ));
    }
    let mut seen = BTreeSet::new();
    sentences.retain(|sentence| seen.insert(sentence.clone()));
    sentences
}

/// How the parts in a directory are resumed: one that was merged of several is not.
fn resumable(found: &Shards) -> &'static str {
    if found.planned.len() == 1 { "resume that part with --shard, " } else { "" }
}

/// A part of an experiment, or all of it, in words.
fn part(shards: Option<&Shards>) -> String {
    shards.map_or_else(
        || "the whole experiment".to_owned(),
        |shards| format!("shard {shards} of the experiment"),
    )
}
