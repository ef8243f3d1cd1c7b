//! From a child that has ended to what is recorded of it: how it ended, and what the judge finds about
//! its answer.

use std::collections::BTreeMap;
use std::time::Duration;

use vmpack_check::replay::Judged;
use vmpack_check::{Effort, Judgement, Verdict};
use vmpack_model::{AnyInstance, Counters, Status, TrajectoryPoint, Value};
use vmpack_results::{Answer, Cause, Limits, Measurement, Noise, Termination};

use crate::child::{self, ReplayAnswer};
use crate::confine::Shortage;
use crate::family::{self, AnyOutcome, Measurable, Visit};
use crate::limits::{Exit, Usage};
use crate::process::{Ended, GRACE, Stop};
use crate::{Scenario, Simulator};

/// The end of an error message that is recorded, in characters.
const MESSAGE_KEPT: usize = 1000;

/// What is found about a run.
#[derive(Debug)]
pub(crate) struct Finding<T = AnyOutcome> {
    pub(crate) termination: Termination,
    /// Why it did not complete, if more is known.
    pub(crate) cause: Option<Cause>,
    pub(crate) measurement: Measurement,
    /// The answer as it is recorded, and what else the run leaves: the method's own answer, or time series.
    pub(crate) answered: Option<(Answer, T)>,
}

impl<T> Finding<T> {
    /// It could not even be started.
    pub(crate) fn failed(message: &str) -> Self {
        Self::unanswered(ended_by(Cause::NotStarted, message), Measurement::default())
    }

    fn unanswered((termination, cause): Ending, measurement: Measurement) -> Self {
        Self { termination, cause, measurement, answered: None }
    }
}

/// How a run ended that did not complete, and why if more is known.
type Ending = (Termination, Option<Cause>);

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
        Ok((read(ended)?, None))
    }
}

/// The answer of a child of this project: the first line that it printed, and nothing behind it. Whoever goes
/// on printing may have gone on computing.
fn read<T: serde::de::DeserializeOwned>(ended: &Ended) -> Result<T, String> {
    let end = ended.output.iter().position(|byte| *byte == b'\n').unwrap_or(ended.output.len());
    let (line, rest) = ended.output.split_at(end);
    if rest.len() > 1 {
        return Err("it goes on after its first line".to_owned());
    }
    serde_json::from_slice(line).map_err(|error| error.to_string())
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
        Some(ending) => Finding::unanswered(ending, measurement),
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
    if let Some(ending) = end(ended, limits) {
        return Finding::unanswered(ending, measurement);
    }
    let answer: ReplayAnswer = match read(ended) {
        Ok(answer) => answer,
        Err(error) => return Finding::unanswered(no_answer(ended, &error), measurement),
    };
    let ReplayAnswer { wall_s, cpu_s, peak_rss_bytes, replayed } = answer;
    if let Some(ending) = beyond(limits, &mut measurement, wall_s, cpu_s, peak_rss_bytes) {
        return Finding::unanswered(ending, measurement);
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
    Finding { termination: Termination::Completed, cause: None, measurement, answered }
}

/// What is recorded of a run whose child printed this behind the line `ready`, and returned in time: how it ended, and the
/// answer if it is one. A harness has it from [`measure()`](crate::measure()); this is for tests of what may be printed.
pub fn understand(
    instance: &AnyInstance,
    printed: &[u8],
    effort: Effort,
) -> (Termination, Option<Answer>) {
    understood(instance, printed, &Protocol, effort)
}

/// Likewise of whoever speaks that way.
pub(crate) fn understood(
    instance: &AnyInstance,
    printed: &[u8],
    dialect: &impl Dialect,
    effort: Effort,
) -> (Termination, Option<Answer>) {
    let finding = find(instance, &returned(printed.to_owned()), dialect, &UNLIMITED, effort);
    (finding.termination, finding.answered.map(|(answer, _)| answer))
}

/// Likewise of a child that was to replay.
pub fn understand_replay(
    simulator: &dyn Simulator,
    scenario: &Scenario,
    printed: &[u8],
) -> (Termination, Option<Answer>) {
    let ended = returned(printed.to_owned());
    let finding = find_replay(simulator, scenario, &ended, &UNLIMITED);
    (finding.termination, finding.answered.map(|(answer, _)| answer))
}

/// No limits but those of the clock.
const UNLIMITED: Limits =
    Limits { wall_s: f64::MAX, cpu_s: None, memory_bytes: None, work: None, threads: 1 };

/// A child that printed this and returned after some hours.
fn returned(output: Vec<u8>) -> Ended {
    let wall = Duration::from_hours(24);
    Ended {
        exit: Exit::Code(0),
        stop: None,
        output,
        errors: String::new(),
        wall,
        answered: Some(wall),
        usage: Usage { cpu_s: wall.as_secs_f64(), peak_rss_bytes: 0, involuntary_switches: 0 },
        peak_rss_bytes: 0,
        peak_by: None,
        shortage: None,
        load: 0.0,
        noise: Noise::default(),
    }
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
        peak_by: ended.peak_by,
        cgroup_peak_bytes: None,
        involuntary_switches: ended.usage.involuntary_switches,
        load: ended.load,
        noise: Some(ended.noise),
    }
}

/// How far the clocks of a child and its parent may be apart, in seconds: they read the same ones, at
/// different moments.
const CLOCKS_APART: f64 = 0.02;

/// Takes in what a child measured of itself; how it ended if that is beyond its limits, or cannot be.
fn beyond(
    limits: &Limits,
    measurement: &mut Measurement,
    wall_s: f64,
    cpu_s: f64,
    peak_rss_bytes: Option<u64>,
) -> Option<Ending> {
    let clocks =
        [("wall", wall_s, measurement.process_wall_s), ("CPU", cpu_s, measurement.process_cpu_s)];
    for (clock, said, whole) in clocks {
        if !(0.0..=whole + CLOCKS_APART).contains(&said) {
            let message = format!(
                "it reported {said} s of {clock} time for solving, in a process of {whole:.3} s"
            );
            return Some(ended_by(Cause::AbsurdTimes, &message));
        }
    }
    measurement.wall_s = wall_s;
    measurement.cpu_s = cpu_s;
    if let (Some(own), Some(_)) = (peak_rss_bytes, measurement.peak_by) {
        // The cgroup has held the limit; its figure stands beside that which other machines have as well.
        measurement.cgroup_peak_bytes = Some(measurement.peak_rss_bytes);
        (measurement.peak_rss_bytes, measurement.peak_by) = (own, None);
    } else if measurement.peak_by.is_none() {
        measurement.peak_rss_bytes = measurement.peak_rss_bytes.max(peak_rss_bytes.unwrap_or(0));
        if limits.memory_bytes.is_some_and(|limit| measurement.peak_rss_bytes > limit) {
            return Some((Termination::OutOfMemory, Some(Cause::MemoryLimit)));
        }
    }
    let grace = GRACE.as_secs_f64();
    let is_late =
        wall_s > limits.wall_s + grace || limits.cpu_s.is_some_and(|limit| cpu_s > limit + grace);
    is_late.then_some((Termination::Timeout, Some(Cause::LateAnswer)))
}

fn no_answer(ended: &Ended, error: &dyn std::fmt::Display) -> Ending {
    let said = message(&ended.errors);
    let message = format!("what it printed is no answer: {error}\n{said}");
    ended_by(Cause::NoAnswer, message.trim_end())
}

/// How a child ended that did not simply return; `None` if it did, so that its answer decides.
fn end(ended: &Ended, limits: &Limits) -> Option<Ending> {
    use Termination::{OutOfMemory, Timeout};
    // Rust's allocator and C++'s `new`, when the address space is used up.
    let allocation_failed =
        ["memory allocation of", "bad_alloc"].iter().any(|says| ended.errors.contains(says));
    let is_over_memory = limits.memory_bytes.is_some_and(|limit| ended.peak_rss_bytes > limit);
    let seen = if is_over_memory { Shortage::Own } else { Shortage::Nobodys };
    let shortage = ended.shortage.unwrap_or(seen);
    let over_cpu = limits.cpu_s.is_some_and(|limit| ended.usage.cpu_s >= limit);
    let limit = Duration::try_from_secs_f64(limits.wall_s).unwrap_or(Duration::MAX);
    let is_late = ended.answered.is_some_and(|answered| answered > limit.saturating_add(GRACE));
    let (termination, cause) = match (ended.stop, ended.exit) {
        // Nobody sees the record of an interrupted run.
        (Some(Stop::Wall | Stop::Interrupt), _) => (Timeout, Cause::WallLimit),
        (Some(Stop::Cpu), _) | (None, Exit::Signal(libc::SIGXCPU)) => (Timeout, Cause::CpuLimit),
        (Some(Stop::Loading), _) => {
            return Some(ended_by(Cause::LoadingLimit, "it took too long to load the instance"));
        }
        (Some(Stop::Output), _) => {
            return Some(ended_by(Cause::OutputLimit, "it printed more than an answer can be"));
        }
        (Some(Stop::Memory), _) if shortage == Shortage::Machines => (OutOfMemory, Cause::Machine),
        (Some(Stop::Memory), _) => (OutOfMemory, Cause::MemoryLimit),
        (None, Exit::Signal(libc::SIGKILL)) if over_cpu => (Timeout, Cause::CpuLimit),
        (None, _) if shortage == Shortage::Own => (OutOfMemory, Cause::MemoryLimit),
        (None, _) if shortage == Shortage::Machines => (OutOfMemory, Cause::Machine),
        (None, Exit::Signal(_) | Exit::Code(1..)) if allocation_failed => {
            (OutOfMemory, Cause::Allocation)
        }
        // A signal to kill that we did not send: the kernel's, when the machine runs out of memory, unless
        // it counts those and has none.
        (None, Exit::Signal(libc::SIGKILL)) if ended.shortage.is_none() => {
            (OutOfMemory, Cause::Machine)
        }
        (None, Exit::Signal(signal)) => return Some((Termination::Crashed { signal }, None)),
        (None, Exit::Code(0)) if is_late => (Timeout, Cause::LateAnswer),
        (None, Exit::Code(0)) => return None,
        (None, Exit::Code(code)) => {
            let silence = format!("it exited with code {code} and said nothing");
            let message = Some(message(&ended.errors)).filter(|message| !message.is_empty());
            return Some(ended_by(Cause::ExitCode, message.unwrap_or(&silence)));
        }
    };
    Some((termination, Some(cause)))
}

fn ended_by(cause: Cause, message: &str) -> Ending {
    (Termination::Failed { message: message.to_owned() }, Some(cause))
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
            return Finding::unanswered(ended_by(Cause::NoAnswer, &message), measurement);
        }
        let peak = answer.peak_rss_bytes;
        if let Some(ending) = beyond(limits, &mut measurement, answer.wall_s, answer.cpu_s, peak) {
            return Finding::unanswered(ending, measurement);
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
            cause: None,
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
    use vmpack_results::Means;

    use super::*;

    const LIMITS: Limits =
        Limits { wall_s: 2.0, cpu_s: Some(2.0), memory_bytes: Some(1000), work: None, threads: 1 };

    fn ended(exit: Exit, stop: Option<Stop>, errors: &str, peak_rss_bytes: u64) -> Ended {
        Ended {
            exit,
            stop,
            errors: errors.into(),
            wall: Duration::from_secs(1),
            answered: None,
            usage: Usage { cpu_s: 1.0, peak_rss_bytes, involuntary_switches: 0 },
            peak_rss_bytes,
            ..returned(Vec::new())
        }
    }

    #[test]
    fn every_way_to_end_has_its_name() {
        let name = |exit, stop, errors, peak| {
            end(&ended(exit, stop, errors, peak), &LIMITS).map_or("returned", |(t, _)| t.name())
        };
        let killed = Exit::Signal(libc::SIGKILL);
        let aborted = Exit::Signal(libc::SIGABRT);
        assert_eq!(name(killed, Some(Stop::Wall), "", 0), "timeout");
        assert_eq!(name(killed, Some(Stop::Cpu), "", 0), "timeout");
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
        let timeout = Some((Termination::Timeout, Some(Cause::CpuLimit)));
        assert_eq!(end(&over, &LIMITS), timeout, "SIGXCPU was ignored");
        let mut late = ended(Exit::Code(0), None, "", 0);
        late.answered = Some(Duration::from_millis(2300));
        assert_eq!(end(&late, &LIMITS), None, "within the grace");
        late.answered = Some(Duration::from_millis(2500));
        assert_eq!(end(&late, &LIMITS), Some((Termination::Timeout, Some(Cause::LateAnswer))));
    }

    #[test]
    fn where_a_cgroup_counts_it_decides_about_memory() {
        let counted = |shortage, exit, peak| {
            let ended = Ended {
                shortage: Some(shortage),
                peak_by: Some(Means::CgroupV2),
                ..ended(exit, None, "", peak)
            };
            end(&ended, &LIMITS)
        };
        let killed = Exit::Signal(libc::SIGKILL);
        let out_of_memory = Some((Termination::OutOfMemory, Some(Cause::MemoryLimit)));
        let (own, nobodys) = (Shortage::Own, Shortage::Nobodys);
        assert_eq!(counted(own, killed, 900), out_of_memory);
        let child = counted(own, Exit::Code(0), 900);
        assert_eq!(child, out_of_memory, "one of its children was killed");
        assert_eq!(counted(nobodys, killed, 900), Some((Termination::Crashed { signal: 9 }, None)));
        assert_eq!(counted(nobodys, Exit::Code(0), 1001), None, "the limit is held to the page");
        // It kept to its limit, and the machine had no more.
        let machine = Some((Termination::OutOfMemory, Some(Cause::Machine)));
        assert_eq!(counted(Shortage::Machines, killed, 900), machine);
        let mut stopped = ended(killed, Some(Stop::Memory), "", 900);
        stopped.shortage = Some(Shortage::Machines);
        assert_eq!(end(&stopped, &LIMITS), machine, "seen while others of it ran on");
    }

    #[test]
    fn resident_memory_is_told_wherever_it_is_known() {
        // What is said from outside, what the child says of itself: the record's peak, its means, and that of the cgroup.
        let of = |peak_rss_bytes, peak_by, own| {
            let whole = Measurement { peak_rss_bytes, peak_by, ..Measurement::default() };
            let mut measurement = whole;
            let ending = beyond(&LIMITS, &mut measurement, 0.0, 0.0, own);
            let Measurement { peak_rss_bytes, peak_by, cgroup_peak_bytes, .. } = measurement;
            (peak_rss_bytes, peak_by, cgroup_peak_bytes, ending.is_some())
        };
        let cgroup = Some(Means::CgroupV2);
        assert_eq!(of(300, cgroup, Some(900)), (900, None, Some(300), false));
        assert_eq!(of(300, cgroup, Some(5000)), (5000, None, Some(300), false), "shared pages");
        assert_eq!(of(300, cgroup, None), (300, cgroup, None, false), "a contender");
        assert_eq!(of(300, None, Some(900)), (900, None, None, false));
        assert_eq!(of(800, None, Some(700)), (800, None, None, false));
        assert_eq!(of(300, None, Some(1001)), (1001, None, None, true));
    }

    #[test]
    fn times_that_cannot_be_are_no_answer() {
        let whole =
            Measurement { process_wall_s: 1.0, process_cpu_s: 0.5, ..Measurement::default() };
        let cause = |wall_s: f64, cpu_s: f64| {
            let mut measurement = whole;
            let ending = beyond(&LIMITS, &mut measurement, wall_s, cpu_s, None);
            assert_eq!(ending.is_none(), measurement.wall_s > 0.0, "kept if believed");
            ending.and_then(|(_, cause)| cause)
        };
        assert_eq!(cause(1.0, 0.5), None);
        assert_eq!(cause(1.01, 0.51), None, "clocks are read one after the other");
        for (wall_s, cpu_s) in [
            (-0.1, 0.1),
            (0.1, -0.1),
            (f64::NAN, 0.1),
            (0.1, f64::INFINITY),
            (1.1, 0.1),
            (0.1, 0.6),
        ] {
            assert_eq!(cause(wall_s, cpu_s), Some(Cause::AbsurdTimes), "{wall_s} {cpu_s}");
        }
    }

    #[test]
    fn an_answer_is_one_line() {
        let read_text = |text: &str| {
            let mut child = ended(Exit::Code(0), None, "", 0);
            child.output = text.into();
            read::<u64>(&child)
        };
        assert_eq!(read_text("7\n"), Ok(7));
        assert_eq!(read_text("7"), Ok(7));
        for text in ["7\n ", "\n7\n", "7\n\n", "7 8\n", ""] {
            assert!(read_text(text).is_err(), "{text:?}");
        }
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
