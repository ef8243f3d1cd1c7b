//! From a child that has ended to what is recorded of it: how it ended, and what the judge finds about
//! its answer.

use std::collections::BTreeMap;

use vmpack_check::replay::Judged;
use vmpack_check::{Effort, Judgement, Verdict};
use vmpack_model::{AnyInstance, Counters, Status, TrajectoryPoint, Value};
use vmpack_results::{Answer, Limits, Measurement, Termination};

use crate::child::{self, ReplayAnswer};
use crate::family::{self, AnyOutcome, Measurable, Visit};
use crate::limits::Exit;
use crate::process::{Ended, GRACE, Stop};
use crate::{Scenario, Simulator};

/// The end of an error message that is recorded, in characters.
const MESSAGE_KEPT: usize = 1000;

/// What is found about a run.
#[derive(Debug)]
pub(crate) struct Finding<T = AnyOutcome> {
    pub(crate) termination: Termination,
    pub(crate) measurement: Measurement,
    /// The answer as it is recorded, and what else the run leaves: the method's own answer, or time series.
    pub(crate) answered: Option<(Answer, T)>,
}

impl<T> Finding<T> {
    /// It could not even be started.
    pub(crate) fn failed(message: String) -> Self {
        Self::unanswered(Termination::Failed { message }, Measurement::default())
    }

    fn unanswered(termination: Termination, measurement: Measurement) -> Self {
        Self { termination, measurement, answered: None }
    }
}

/// A solution that was claimed, but not shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Unshown {
    /// What is claimed of it.
    pub(crate) status: Status,
    /// What it is claimed to cost.
    pub(crate) cost: Option<Value>,
}

/// How the words of a child that returned are understood.
pub(crate) trait Dialect {
    /// What it answered about the instance, and what it claimed without showing it.
    ///
    /// # Errors
    /// What is no answer.
    fn answer<P: Measurable>(
        &self,
        instance: &P::Instance,
        ended: &Ended,
    ) -> Result<(child::Answer<P>, Option<Unshown>), String>;
}

/// What the children of this project speak.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Protocol;

impl Dialect for Protocol {
    fn answer<P: Measurable>(
        &self,
        _: &P::Instance,
        ended: &Ended,
    ) -> Result<(child::Answer<P>, Option<Unshown>), String> {
        let answer = serde_json::from_slice(&ended.output).map_err(|error| error.to_string())?;
        Ok((answer, None))
    }
}

/// Finds how the child ended, and judges its answer on the instance that this process loaded itself.
pub(crate) fn find(
    instance: &AnyInstance,
    ended: &Ended,
    dialect: &impl Dialect,
    limits: &Limits,
    effort: Effort,
) -> Finding {
    let measurement = measurement(ended);
    match end(ended, limits) {
        Some(termination) => Finding::unanswered(termination, measurement),
        None => family::visit(instance, Judging { ended, dialect, limits, effort, measurement }),
    }
}

/// Finds how a child that was to replay ended, and has what it claims judged. What it leaves are time series.
pub(crate) fn find_replay(
    simulator: &dyn Simulator,
    scenario: &Scenario,
    ended: &Ended,
    limits: &Limits,
) -> Finding<Vec<(String, String)>> {
    let mut measurement = measurement(ended);
    if let Some(termination) = end(ended, limits) {
        return Finding::unanswered(termination, measurement);
    }
    let answer: ReplayAnswer = match serde_json::from_slice(&ended.output) {
        Ok(answer) => answer,
        Err(error) => return Finding::unanswered(no_answer(ended, &error), measurement),
    };
    let ReplayAnswer { wall_s, cpu_s, peak_rss_bytes, replayed } = answer;
    if let Some(termination) =
        beyond(limits, &mut measurement, wall_s, cpu_s, peak_rss_bytes.unwrap_or(0))
    {
        return Finding::unanswered(termination, measurement);
    }
    let Judged { judgement, derived } =
        simulator.judge(scenario, &replayed).unwrap_or_else(|reason| Judged {
            judgement: Judgement {
                verdict: Verdict::Inconsistent { reason },
                cost: None,
                certified: false,
                notes: Vec::new(),
                violation: Value::ZERO,
            },
            derived: Vec::new(),
        });
    let answer = Answer {
        status: Status::Feasible,
        claimed_cost: None,
        lower_bound: None,
        certificate: None,
        judgement,
        counters: Counters::new(),
        trajectory: Vec::new(),
        metrics: replayed.metrics.into_iter().collect(),
        derived,
    };
    let answered = Some((answer, replayed.series));
    Finding { termination: Termination::Completed, measurement, answered }
}

/// What is known of a process from outside.
fn measurement(ended: &Ended) -> Measurement {
    let wall_s = ended.wall.as_secs_f64();
    Measurement {
        wall_s,
        cpu_s: ended.usage.cpu_s,
        process_wall_s: wall_s,
        process_cpu_s: ended.usage.cpu_s,
        peak_rss_bytes: ended.peak_rss_bytes,
        involuntary_switches: ended.usage.involuntary_switches,
        load: ended.load,
    }
}

/// Takes in what a child measured of itself; how it ended if that is beyond its limits.
fn beyond(
    limits: &Limits,
    measurement: &mut Measurement,
    wall_s: f64,
    cpu_s: f64,
    peak_rss_bytes: u64,
) -> Option<Termination> {
    measurement.wall_s = wall_s;
    measurement.cpu_s = cpu_s;
    measurement.peak_rss_bytes = measurement.peak_rss_bytes.max(peak_rss_bytes);
    if limits.memory_bytes.is_some_and(|limit| measurement.peak_rss_bytes > limit) {
        return Some(Termination::OutOfMemory);
    }
    let grace = GRACE.as_secs_f64();
    let is_late =
        wall_s > limits.wall_s + grace || limits.cpu_s.is_some_and(|limit| cpu_s > limit + grace);
    is_late.then_some(Termination::Timeout)
}

fn no_answer(ended: &Ended, error: &dyn std::fmt::Display) -> Termination {
    let said = message(&ended.errors);
    let message = format!("what it printed is no answer: {error}\n{said}");
    failed(message.trim_end())
}

/// How a child ended that did not simply return; `None` if it did, so that its answer decides.
fn end(ended: &Ended, limits: &Limits) -> Option<Termination> {
    // Rust's allocator and C++'s `new`, when the address space is used up.
    let allocation_failed =
        ["memory allocation of", "bad_alloc"].iter().any(|says| ended.errors.contains(says));
    let over_memory = limits.memory_bytes.is_some_and(|limit| ended.peak_rss_bytes > limit);
    let over_cpu = limits.cpu_s.is_some_and(|limit| ended.usage.cpu_s >= limit);
    Some(match (ended.stop, ended.exit) {
        // Nobody sees the record of an interrupted run.
        (Some(Stop::Time | Stop::Interrupt), _) | (None, Exit::Signal(libc::SIGXCPU)) => {
            Termination::Timeout
        }
        (Some(Stop::Loading), _) => failed("it took too long to load the instance"),
        (Some(Stop::Output), _) => failed("it printed more than an answer can be"),
        (None, Exit::Signal(libc::SIGKILL)) if over_cpu => Termination::Timeout,
        // A signal to kill that we did not send: the kernel's, when the machine runs out of memory.
        (Some(Stop::Memory), _) | (None, Exit::Signal(libc::SIGKILL)) => Termination::OutOfMemory,
        (None, Exit::Signal(_) | Exit::Code(1..)) if allocation_failed => Termination::OutOfMemory,
        (None, _) if over_memory => Termination::OutOfMemory,
        (None, Exit::Signal(signal)) => Termination::Crashed { signal },
        (None, Exit::Code(0)) => return None,
        (None, Exit::Code(code)) => match message(&ended.errors) {
            "" => failed(&format!("it exited with code {code} and said nothing")),
            message => failed(message),
        },
    })
}

fn failed(message: &str) -> Termination {
    Termination::Failed { message: message.to_owned() }
}

/// What is worth recording of the text on standard error: a panic without its backtrace, or else the
/// end.
fn message(errors: &str) -> &str {
    let start = errors.find("thread '").filter(|_| errors.contains("panicked at")).unwrap_or(0);
    let end = errors.find("\nstack backtrace:").unwrap_or(errors.len());
    let text = errors.get(start..end).unwrap_or(errors).trim();
    match text.char_indices().rev().nth(MESSAGE_KEPT) {
        Some((start, before)) => &text[start + before.len_utf8()..],
        None => text,
    }
}

struct Judging<'a, D> {
    ended: &'a Ended,
    dialect: &'a D,
    limits: &'a Limits,
    effort: Effort,
    measurement: Measurement,
}

impl<D: Dialect> Visit for Judging<'_, D> {
    type Output = Finding;

    fn visit<P: Measurable>(self, instance: &P::Instance) -> Finding {
        let Self { ended, dialect, limits, effort, mut measurement } = self;
        let (answer, unshown) = match dialect.answer::<P>(instance, ended) {
            Ok(said) => said,
            Err(error) => return Finding::unanswered(no_answer(ended, &error), measurement),
        };
        if answer.family != P::FAMILY {
            let (found, expected) = (answer.family, P::FAMILY);
            let message = format!("it answered a {found} instance, not a {expected} one");
            return Finding::unanswered(failed(&message), measurement);
        }
        let peak = answer.peak_rss_bytes.unwrap_or(0);
        if let Some(termination) =
            beyond(limits, &mut measurement, answer.wall_s, answer.cpu_s, peak)
        {
            return Finding::unanswered(termination, measurement);
        }

        let child::Answer { outcome, trajectory, .. } = answer;
        let mut judgement = P::judge(instance, &outcome, &effort);
        if let Some(note) = unfounded(&trajectory, judgement.cost) {
            judgement.notes.push(note);
        }
        let mut status = outcome.status;
        let mut claimed_cost = outcome.solved.as_ref().map(|solved| solved.cost);
        if let Some(unshown) = unshown {
            (status, claimed_cost) = (unshown.status, unshown.cost);
            if !judgement.verdict.is_wrong() {
                judgement.verdict = Verdict::Unverifiable { claimed: claimed_cost };
            }
        }
        let recorded = Answer {
            status,
            claimed_cost,
            lower_bound: outcome.bound.as_ref().map(|bound| bound.value),
            certificate: P::certificate(&outcome).map(str::to_owned),
            judgement,
            counters: outcome.counters.clone(),
            trajectory,
            metrics: BTreeMap::new(),
            derived: Vec::new(),
        };
        Finding {
            termination: Termination::Completed,
            measurement,
            answered: Some((recorded, P::any(outcome))),
        }
    }
}

/// What to say of a trajectory that tells of a cheaper solution than the one handed over.
fn unfounded(trajectory: &[TrajectoryPoint], cost: Option<Value>) -> Option<String> {
    let told = trajectory.iter().filter_map(|point| point.cost).min()?;
    match cost {
        Some(cost) if told >= cost => None,
        Some(cost) => Some(format!("reported a cost of {told} on the way, but handed over {cost}")),
        None => Some(format!("reported a cost of {told} on the way, but handed over no solution")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::limits::Usage;

    const LIMITS: Limits =
        Limits { wall_s: 2.0, cpu_s: Some(2.0), memory_bytes: Some(1000), work: None, threads: 1 };

    fn ended(exit: Exit, stop: Option<Stop>, errors: &str, peak_rss_bytes: u64) -> Ended {
        Ended {
            exit,
            stop,
            output: vec![],
            errors: errors.into(),
            wall: Duration::from_secs(1),
            usage: Usage { cpu_s: 1.0, peak_rss_bytes, involuntary_switches: 0 },
            peak_rss_bytes,
            load: 0.0,
        }
    }

    #[test]
    fn every_way_to_end_has_its_name() {
        let name = |exit, stop, errors, peak| {
            end(&ended(exit, stop, errors, peak), &LIMITS).map_or("returned", |t| t.name())
        };
        let killed = Exit::Signal(libc::SIGKILL);
        let aborted = Exit::Signal(libc::SIGABRT);
        assert_eq!(name(killed, Some(Stop::Time), "", 0), "timeout");
        assert_eq!(name(killed, Some(Stop::Memory), "", 0), "out-of-memory");
        assert_eq!(name(killed, Some(Stop::Output), "", 0), "failed");
        assert_eq!(name(Exit::Signal(libc::SIGXCPU), None, "", 0), "timeout");
        assert_eq!(name(killed, None, "", 0), "out-of-memory", "by the kernel");
        assert_eq!(name(aborted, None, "memory allocation of 9 bytes failed", 0), "out-of-memory");
        assert_eq!(name(Exit::Code(1), None, "std::bad_alloc", 0), "out-of-memory");
        assert_eq!(name(aborted, None, "assertion failed", 0), "crashed");
        assert_eq!(name(aborted, None, "assertion failed", 1001), "out-of-memory");
        assert_eq!(name(Exit::Code(101), None, "panicked", 1000), "failed");
        assert_eq!(name(Exit::Code(0), None, "", 1001), "out-of-memory");
        assert_eq!(name(Exit::Code(0), None, "a warning", 0), "returned");
        let mut over = ended(killed, None, "", 0);
        over.usage.cpu_s = 3.0;
        assert_eq!(end(&over, &LIMITS), Some(Termination::Timeout), "SIGXCPU was ignored");
    }

    #[test]
    fn messages_are_short_and_to_the_point() {
        let long = "\u{e4}".repeat(MESSAGE_KEPT) + "end";
        let kept = message(&long);
        assert_eq!(kept.chars().count(), MESSAGE_KEPT);
        assert!(kept.ends_with("end"));
        assert_eq!(message(" short\n"), "short");
        let panic = "a warning\n\nthread 'main' (7) panicked at src/a.rs:1:1:\nwhy\n\
                     stack backtrace:\n   0: begin\n";
        assert_eq!(message(panic), "thread 'main' (7) panicked at src/a.rs:1:1:\nwhy");
    }

    #[test]
    fn a_trajectory_must_be_founded_on_the_solution() {
        let point = |cost: u64| TrajectoryPoint {
            seconds: 0.0,
            cost: Some(Value::from(cost)),
            bound: None,
        };
        let cost = |cost: u64| Some(Value::from(cost));
        assert_eq!(unfounded(&[point(9), point(7)], cost(7)), None);
        assert!(unfounded(&[point(9), point(6)], cost(7)).is_some());
        assert!(unfounded(&[point(9)], None).is_some());
        assert_eq!(unfounded(&[], None), None);
    }
}
