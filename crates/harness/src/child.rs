//! The child's side of a run, and the messages between it and its parent.
//!
//! The child reads one [`Request`] from its standard input, loads the instance, writes the line
//! `ready`, solves, and writes one [`Answer`] as one line. Its clocks run while it solves, so neither
//! loading nor printing is counted against a method.

use std::io::{self, Read, Write};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use vmpack_datasets::{LoadError, Source, load};
use vmpack_model::{Budget, Family, Outcome, Problem, Registry, Trajectory, TrajectoryPoint};
use vmpack_results::Limits;

use crate::family::{self, Measurable, Visit};
use crate::limits::own_cpu_seconds;
use crate::machine::peak_rss;
use crate::{Replayed, Scenario, Simulator, Wanted};

/// The argument with which [`Launcher::this_program`](crate::Launcher::this_program) starts a child; the
/// program answers it by calling [`run_one`].
pub const RUN_ONE: &str = "run-one";

/// The line that a child writes when the instance is loaded and solving begins.
pub(crate) const READY: &[u8] = b"ready\n";

/// What the parent asks of a child.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Request {
    /// To solve.
    Solve(SolveRequest),
    /// To replay.
    Replay(ReplayRequest),
}

/// What is to be solved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SolveRequest {
    /// Where the instance comes from.
    pub(crate) source: Source,
    /// The id of the method.
    pub(crate) method: String,
    /// The seed.
    pub(crate) seed: u64,
    /// The limits.
    pub(crate) limits: Limits,
}

/// What is to be replayed. The limits are enforced from outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ReplayRequest {
    pub(crate) scenario: Scenario,
    pub(crate) wanted: Wanted,
}

/// What a child answers that replayed; times count the reading of the trace.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ReplayAnswer {
    pub(crate) wall_s: f64,
    pub(crate) cpu_s: f64,
    pub(crate) peak_rss_bytes: Option<u64>,
    pub(crate) replayed: Replayed,
}

/// What a child answers that solved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub(crate) struct Answer<P: Problem> {
    /// The family that the outcome belongs to.
    pub(crate) family: Family,
    /// Wall seconds of solving alone.
    pub(crate) wall_s: f64,
    /// CPU seconds of solving alone, over all threads.
    pub(crate) cpu_s: f64,
    /// Peak resident memory in bytes at the end of solving.
    pub(crate) peak_rss_bytes: Option<u64>,
    /// When incumbent and bound improved.
    pub(crate) trajectory: Vec<TrajectoryPoint>,
    /// What the method claims.
    pub(crate) outcome: Outcome<P>,
}

/// Why a child gives no answer. Whoever calls [`run_one`] prints it on standard error and exits with a
/// code other than zero: the parent records both.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// Standard input holds no request.
    #[error("expected a request on standard input: {0}")]
    Request(#[from] serde_json::Error),
    /// There is no instance to be had from the source.
    #[error(transparent)]
    Load(Box<LoadError>),
    /// The method is not part of this program.
    #[error("there is no {family} method {name:?} in this build")]
    UnknownMethod {
        /// The family of the instance.
        family: Family,
        /// The name of the method.
        name: String,
    },
    /// The trace cannot be replayed.
    #[error("{0}")]
    Replay(String),
    /// The parent cannot be spoken to.
    #[error("cannot speak to the parent process: {0}")]
    Speak(#[from] io::Error),
}

/// Carries out one run in this process: reads the request from `input`, solves with a method of the
/// registry or replays, and writes the answer to `output`. Whether the method takes the instance, the
/// parent has asked before.
///
/// # Errors
/// See [`ChildError`].
pub fn run_one(
    registry: &Registry,
    simulator: &dyn Simulator,
    mut input: impl Read,
    mut output: impl Write,
) -> Result<(), ChildError> {
    let mut text = Vec::new();
    input.read_to_end(&mut text)?;
    let request = match serde_json::from_slice(&text)? {
        Request::Solve(request) => request,
        Request::Replay(request) => return replay(simulator, &request, &mut output),
    };
    let instance = load(&request.source).map_err(|error| ChildError::Load(Box::new(error)))?;
    family::visit(&instance, Solve { registry, request: &request, output: &mut output })
}

fn replay(
    simulator: &dyn Simulator,
    request: &ReplayRequest,
    output: &mut impl Write,
) -> Result<(), ChildError> {
    output.write_all(READY)?;
    output.flush()?;
    let cpu = own_cpu_seconds();
    let wall = Instant::now();
    let replayed =
        simulator.replay(&request.scenario, request.wanted).map_err(ChildError::Replay)?;
    let wall_s = wall.elapsed().as_secs_f64();
    let cpu_s = own_cpu_seconds() - cpu;
    let answer = ReplayAnswer { wall_s, cpu_s, peak_rss_bytes: peak_rss("self"), replayed };
    send(&answer, output)
}

/// Writes the answer as one line.
fn send(answer: &impl Serialize, output: &mut impl Write) -> Result<(), ChildError> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    output.write_all(&line)?;
    Ok(output.flush()?)
}

struct Solve<'a, W> {
    registry: &'a Registry,
    request: &'a SolveRequest,
    output: &'a mut W,
}

impl<W: Write> Visit for Solve<'_, W> {
    type Output = Result<(), ChildError>;

    fn visit<P: Measurable>(self, instance: &P::Instance) -> Self::Output {
        let SolveRequest { method: name, seed, limits, .. } = self.request;
        let Some(method) = family::method::<P>(self.registry, name) else {
            return Err(ChildError::UnknownMethod { family: P::FAMILY, name: name.clone() });
        };
        self.output.write_all(READY)?;
        self.output.flush()?;

        let mut trajectory = Trajectory::default();
        let budget = budget(limits, *seed);
        if let Some(seconds) = limits.cpu_s {
            stop_after_cpu(&budget, seconds);
        }
        let cpu = own_cpu_seconds();
        let wall = Instant::now();
        let outcome = method.solve(instance, &budget, &mut trajectory);
        let wall_s = wall.elapsed().as_secs_f64();
        let cpu_s = own_cpu_seconds() - cpu;

        let answer = Answer::<P> {
            family: P::FAMILY,
            wall_s,
            cpu_s,
            peak_rss_bytes: peak_rss("self"),
            trajectory: trajectory.into_points(),
            outcome,
        };
        send(&answer, self.output)
    }
}

/// Asks whoever spends the budget to stop once this process has used so many CPU seconds, and says what is left before.
fn stop_after_cpu(budget: &Budget, seconds: f64) {
    /// How often the clock is read when little is left, in seconds, and of what is left.
    const PATROL: f64 = 0.005;
    const SHARE: f64 = 1.0 / 16.0;
    let (stop, cpu_left) = (budget.stop_flag(), budget.cpu_left());
    let threads = budget.threads() as f64;
    // The thread ends with the process.
    let report = move || {
        let left = ((seconds - own_cpu_seconds()) / threads).max(0.0);
        cpu_left.store((left * 1e9).min(1e18) as u64, Ordering::Relaxed);
        left
    };
    report();
    thread::spawn(move || {
        loop {
            // All threads together cannot use it up sooner.
            let left = report();
            if left <= 0.0 {
                stop.store(true, Ordering::Relaxed);
                return;
            }
            thread::sleep(Duration::from_secs_f64((left * SHARE).clamp(PATROL, 1e6)));
        }
    });
}

fn budget(limits: &Limits, seed: u64) -> Budget {
    let mut budget = Budget::default()
        .with_seed(seed)
        .with_threads(usize::try_from(limits.threads).unwrap_or(1));
    if let Some(work) = limits.work {
        budget = budget.with_work(work);
    }
    if let Some(bytes) = limits.memory_bytes {
        budget = budget.with_memory(bytes);
    }
    match Duration::try_from_secs_f64(limits.wall_s) {
        Ok(time) => budget.with_time(time),
        // Longer than any clock counts.
        Err(_) => budget,
    }
}
