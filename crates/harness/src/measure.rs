//! One measured run.

use std::io;
use std::path::Path;

use vmpack_check::Effort;
use vmpack_datasets::{LoadError, Source};
use vmpack_model::{Family, Kind};
use vmpack_results::{Features, Limits, Record, SCHEMA, SOLVING_SCHEMA};

use crate::child::{ReplayRequest, Request, SolveRequest};
use crate::family::AnyOutcome;
use crate::judge::{self, Finding, Protocol};
use crate::plan::run_id;
use crate::process::{self, Ended, Job, Stop};
use crate::replays::replay_id;
use crate::{
    Contender, Interrupt, Launcher, LoadedInstance, MethodInfo, Methods, ReplayRun, Simulator,
    Wanted,
};

/// What one run is asked to do.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    /// The instance, loaded, for the judge.
    pub instance: &'a LoadedInstance,
    /// The method, which supports it.
    pub method: &'a MethodInfo,
    /// The seed.
    pub seed: u64,
    /// Which repetition it is.
    pub repetition: u64,
    /// The limits.
    pub limits: Limits,
    /// The cores that it is kept to; all if none are named.
    pub cores: &'a [usize],
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// What is recorded.
    pub record: Record,
    /// What the method claimed, with its solution; `None` if it did not live to answer.
    pub outcome: Option<AnyOutcome>,
}

/// Why there is no record of a run.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    /// There is no instance to be had from the source.
    #[error(transparent)]
    Load(Box<LoadError>),
    /// The name of the method means nothing, or several.
    #[error("{0}")]
    Method(String),
    /// The method does not take the instance.
    #[error("{method} does not take {instance}: {reason}")]
    Unsupported {
        /// The method.
        method: String,
        /// The instance.
        instance: String,
        /// The method's reason.
        reason: String,
    },
    /// The child process cannot be started or waited for.
    #[error("cannot run {program} as a child process: {source}")]
    Process {
        /// The program.
        program: String,
        /// What the operating system says.
        source: io::Error,
    },
    /// Somebody asked to stop.
    #[error("interrupted")]
    Interrupted,
}

/// Runs a method once in a process of its own and has its answer judged.
///
/// Whatever the child does is a record: a crash, a hang, an answer that is none. Beyond the child's own
/// time a run costs a few milliseconds and the judging.
///
/// # Errors
/// [`MeasureError::Process`] and [`MeasureError::Interrupted`].
pub fn measure(
    launcher: &Launcher,
    task: &Task<'_>,
    effort: Effort,
    interrupt: &Interrupt,
) -> Result<Measured, MeasureError> {
    let &Task { instance, method, seed, repetition, limits, .. } = task;
    let Finding { termination, cause, measurement, answered } = match &method.contender {
        None => own(launcher, task, effort, interrupt),
        Some(contender) => foreign(contender, task, effort, interrupt),
    }?;
    let (answer, outcome) = answered.unzip();
    let record = Record {
        schema: SOLVING_SCHEMA,
        run: run_id(&instance.hash, &method.name, seed, &limits, repetition),
        dataset: instance.dataset.clone(),
        instance: instance.name.clone(),
        instance_hash: instance.hash.clone(),
        class: instance.class.clone(),
        rules: instance.rules.clone(),
        replay: None,
        family: instance.instance.family(),
        features: instance.features,
        reference: instance.reference.clone(),
        method: method.name.clone(),
        kind: method.kind,
        seed,
        repetition,
        limits,
        termination,
        cause,
        answer,
        measurement,
    };
    Ok(Measured { record, outcome })
}

/// Replays a trace once in a process of its own and has what it claims judged. The record, and time series by name.
pub(crate) fn measure_replay(
    launcher: &Launcher,
    simulator: &dyn Simulator,
    run: &ReplayRun,
    repetition: u64,
    limits: Limits,
    cores: &[usize],
    interrupt: &Interrupt,
) -> Result<(Record, Vec<(String, String)>), MeasureError> {
    let wanted = Wanted { log: true, series: run.series };
    let request = Request::Replay(ReplayRequest { scenario: run.scenario.clone(), wanted });
    let ended = ask(launcher, &request, &limits, cores, interrupt)?;
    let Finding { termination, cause, measurement, answered } =
        judge::find_replay(simulator, &run.scenario, &ended, &limits);
    let (answer, series) = answered.unzip();
    let record = Record {
        schema: SCHEMA,
        run: replay_id(&run.content, &run.accepted, run.scenario.seed, &limits, repetition),
        dataset: run.dataset.clone(),
        instance: run.instance.clone(),
        instance_hash: run.hash.clone(),
        class: None,
        rules: None,
        replay: Some(run.accepted.replay.clone()),
        family: Family::Replay,
        features: Features::default(),
        reference: None,
        method: run.accepted.policy.clone(),
        kind: Kind::Policy,
        seed: run.scenario.seed,
        repetition,
        limits,
        termination,
        cause,
        answer,
        measurement,
    };
    Ok((record, series.unwrap_or_default()))
}

/// Has a child of this project answer a request.
fn ask(
    launcher: &Launcher,
    request: &Request,
    limits: &Limits,
    cores: &[usize],
    interrupt: &Interrupt,
) -> Result<Ended, MeasureError> {
    let process_error =
        |source| MeasureError::Process { program: launcher.program.display().to_string(), source };
    let request = serde_json::to_vec(request).map_err(|error| process_error(error.into()))?;
    let cores = cores.to_owned();
    let job = Job { command: launcher.command(), request, is_ours: true, cores };
    let ended = process::run(job, limits, interrupt).map_err(process_error)?;
    uninterrupted(&ended)?;
    Ok(ended)
}

/// Runs a method of this project.
fn own(
    launcher: &Launcher,
    task: &Task<'_>,
    effort: Effort,
    interrupt: &Interrupt,
) -> Result<Finding, MeasureError> {
    let &Task { instance, method, seed, limits, cores, .. } = task;
    let (source, method) = (instance.source.clone(), method.name.clone());
    let request = Request::Solve(SolveRequest { source, method, seed, limits });
    let ended = ask(launcher, &request, &limits, cores, interrupt)?;
    Ok(judge::find(&instance.instance, &ended, &Protocol, &limits, effort))
}

/// Runs a contender. That it cannot be started is a result: it was there when the run was planned.
fn foreign(
    contender: &Contender,
    task: &Task<'_>,
    effort: Effort,
    interrupt: &Interrupt,
) -> Result<Finding, MeasureError> {
    let &Task { instance, seed, limits, cores, .. } = task;
    let instance = &instance.instance;
    let session = contender
        .session(instance, seed, &limits)
        .map_err(|source| MeasureError::Process { program: contender.name.clone(), source })?;
    match process::run(session.job(cores), &limits, interrupt) {
        Ok(ended) => {
            uninterrupted(&ended)?;
            Ok(judge::find(instance, &ended, &session, &limits, effort))
        }
        Err(error) => {
            let program = session.program().display();
            Ok(Finding::failed(&format!("cannot start {program}: {error}")))
        }
    }
}

fn uninterrupted(ended: &Ended) -> Result<(), MeasureError> {
    if ended.stop == Some(Stop::Interrupt) {
        return Err(MeasureError::Interrupted);
    }
    Ok(())
}

/// Loads one instance and runs one method on it, for a user who asks for just that. The method may be
/// the file of a contender.
///
/// # Errors
/// See [`MeasureError`].
pub fn measure_one(
    launcher: &Launcher,
    methods: &Methods<'_>,
    source: &Source,
    method: &str,
    seed: u64,
    limits: Limits,
    interrupt: &Interrupt,
) -> Result<Measured, MeasureError> {
    let instance =
        LoadedInstance::load(String::new(), source.clone()).map_err(MeasureError::Load)?;
    let selection = methods.select(method, Path::new("")).map_err(MeasureError::Method)?;
    let unsupported = |reason| MeasureError::Unsupported {
        method: method.to_owned(),
        instance: instance.name.clone(),
        reason,
    };
    let family = instance.instance.family();
    let of_family = selection.present.iter().filter(|method| method.family == family);
    let candidates: Vec<&MethodInfo> = match &selection.present[..] {
        [method] => vec![method],
        _ => of_family.collect(),
    };
    let method = match candidates[..] {
        [method] => method,
        [] => return Err(MeasureError::Method(selection.missing.join(" "))),
        _ => {
            let message = format!("expected one method, but {method:?} means several");
            return Err(MeasureError::Method(message));
        }
    };
    methods.supports(method, &instance).map_err(unsupported)?;
    let task = Task { instance: &instance, method, seed, repetition: 0, limits, cores: &[] };
    measure(launcher, &task, Effort::default(), interrupt)
}
