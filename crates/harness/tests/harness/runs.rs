//! Single runs: every way in which a child can end.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use vmpack_check::{Effort, Verdict};
use vmpack_datasets::Source;
use vmpack_harness::{
    AnyOutcome, GRACE, Interrupt, Launcher, LoadedInstance, MeasureError, Measured, MethodInfo,
    Task, measure,
};
use vmpack_model::{Family, Kind, Status, Value};
use vmpack_results::{Cause, Limits, Termination};

use crate::clock::{eventually, given_time, in_one_of_many};
use crate::{is_running, rig, write_instances};

/// Wide ones, which no method reaches that ends by itself.
pub(crate) const LIMITS: Limits =
    Limits { wall_s: 120.0, cpu_s: None, memory_bytes: None, work: None, threads: 1 };

fn instance(directory: &Path) -> LoadedInstance {
    write_instances(directory, &["a"], 1);
    let source = Source::File { path: directory.join("a.vbp"), format: None };
    LoadedInstance::load("files".into(), source).expect("a valid file")
}

fn method(name: &str) -> MethodInfo {
    let (name, family, kind) = (name.to_owned(), Family::Packing, Kind::Greedy);
    MethodInfo { name, family, kind, randomised: false, contender: None }
}

fn task<'a>(instance: &'a LoadedInstance, method: &'a MethodInfo, limits: Limits) -> Task<'a> {
    Task { instance, method, seed: 3, repetition: 0, limits, cores: &[] }
}

pub(crate) fn run_with(launcher: &Launcher, name: &str, limits: Limits) -> Measured {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let instance = instance(directory.path());
    let method = method(name);
    let task = task(&instance, &method, limits);
    measure(launcher, &task, Effort::default(), &Interrupt::default()).expect("a record")
}

fn run(name: &str, limits: Limits) -> Measured {
    run_with(&rig(&["run-one"]), name, limits)
}

#[test]
fn an_honest_answer_is_recorded_with_its_solution() {
    let Measured { record, outcome } = run("one-per-host", LIMITS);
    assert_eq!(record.termination, Termination::Completed);
    let answer = record.answer.as_ref().expect("an answer");
    assert_eq!(answer.judgement.verdict, Verdict::Correct);
    assert_eq!(answer.status, Status::Feasible);
    assert_eq!(record.verified_cost(), Some(Value::from(5_u64)));
    assert_eq!(answer.trajectory.len(), 1);
    assert_eq!((record.instance.as_str(), record.seed, record.features.vms), ("a", 3, 5));
    let measurement = record.measurement;
    assert!(measurement.wall_s <= measurement.process_wall_s, "{measurement:?}");
    assert!(measurement.peak_rss_bytes > 1 << 19, "{measurement:?}");
    let Some(AnyOutcome::Packing(outcome)) = outcome else { panic!("a packing") };
    let placement = outcome.solved.expect("a solution").solution;
    assert_eq!(placement.hosts_opened(), 5);
}

#[test]
fn what_the_judge_rejects_is_recorded_as_wrong() {
    let record = run("liar", LIMITS).record;
    assert_eq!(record.termination, Termination::Completed);
    assert!(record.is_wrong());
    assert_eq!(record.verified_cost(), None);
    let verdict = record.answer.expect("an answer").judgement.verdict;
    let (claimed, actual) = (Value::from(4_u64), Value::from(5_u64));
    assert_eq!(verdict, Verdict::WrongCost { claimed, actual });
}

#[test]
fn a_hanging_child_is_killed_at_its_limit_with_its_children() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("pid");
    let launcher = Launcher {
        program: "env".into(),
        arguments: [format!("RIG_PID={}", file.display()), crate::RIG.into(), "run-one".into()]
            .map(Into::into)
            .into(),
    };
    let (record, grandchild) = given_time(0.5, |wall_s| {
        let record = run_with(&launcher, "parent", Limits { wall_s, ..LIMITS }).record;
        assert_eq!(record.termination, Termination::Timeout);
        assert_eq!(record.cause, Some(Cause::WallLimit));
        assert_eq!(record.answer, None);
        // Too early to have started anything, on a slow machine.
        Some((record, fs::read_to_string(&file).ok()?.parse().ok()?))
    });
    let (wall, limit) = (record.measurement.process_wall_s, record.limits.wall_s);
    assert!(wall >= limit + GRACE.as_secs_f64(), "{wall} of {limit}");
    eventually("the death of the grandchild", || !is_running(grandchild));
}

#[test]
fn a_child_that_is_left_behind_holds_nobody_up() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("pid");
    let launcher = Launcher {
        program: "env".into(),
        arguments: [format!("RIG_PID={}", file.display()), crate::RIG.into(), "run-one".into()]
            .map(Into::into)
            .into(),
    };
    let started = Instant::now();
    let record = run_with(&launcher, "deserter", LIMITS).record;
    assert!(record.is_correct(), "{record:?}");
    // The other one sleeps for 300 s.
    assert!(started.elapsed() < Duration::from_secs(200), "{:?}", started.elapsed());
    let grandchild = fs::read_to_string(file).expect("it was started").parse().expect("a number");
    eventually("the death of the grandchild", || !is_running(grandchild));
}

#[test]
fn an_answer_at_the_deadline_counts() {
    let limits = Limits { wall_s: 0.3, ..LIMITS };
    let measurement = in_one_of_many(|| {
        let record = run("punctual", limits).record;
        (record.termination == Termination::Completed).then_some(record.measurement)
    });
    assert!(measurement.wall_s >= limits.wall_s, "{measurement:?}");
}

/// A process that held gigabytes takes a while to end.
#[test]
fn who_has_answered_may_take_a_while_to_end() {
    let limits = Limits { wall_s: 0.2, ..LIMITS };
    let measurement = in_one_of_many(|| {
        let record = run_with(&rig(&["linger"]), "punctual", limits).record;
        (record.termination == Termination::Completed).then_some(record.measurement)
    });
    let most = limits.wall_s + GRACE.as_secs_f64();
    assert!(measurement.wall_s <= most && measurement.process_wall_s > 1.0, "{measurement:?}");
}

/// However long a busy machine takes to give it that much.
#[test]
fn cpu_time_is_limited() {
    let limits = Limits { wall_s: 200.0, cpu_s: Some(1.0), ..LIMITS };
    let record = run("burner", limits).record;
    assert_eq!(record.termination, Termination::Timeout);
    assert_eq!(record.cause, Some(Cause::CpuLimit));
    let measurement = record.measurement;
    // A second for its answer, and what it used until the patrol came; the kernel comes after four.
    assert!((2.0..5.0).contains(&measurement.process_cpu_s), "{measurement:?}");
}

#[test]
fn who_stops_at_the_limit_of_cpu_time_keeps_its_answer() {
    let measurement = in_one_of_many(|| {
        let record = run("obedient", Limits { cpu_s: Some(0.5), ..LIMITS }).record;
        record.is_correct().then_some(record.measurement)
    });
    // Less what it took to begin.
    assert!(measurement.cpu_s > 0.2, "{measurement:?}");
}

#[test]
fn memory_is_limited_bit_by_bit_and_at_once() {
    let limits = Limits { memory_bytes: Some(100_000_000), ..LIMITS };
    let record = run("hoarder", limits).record;
    assert_eq!(record.termination, Termination::OutOfMemory, "{record:?}");
    let peak = record.measurement.peak_rss_bytes;
    // The kernel holds the limit to the page; without it, somebody looks every 50 ms.
    let is_exact = record.measurement.peak_by.is_some();
    let most = if is_exact { 100_000_000 } else { 500_000_000 };
    assert!((99_000_000..=most).contains(&peak), "{peak}");
    let record = run("giant", limits).record;
    assert_eq!(record.termination, Termination::OutOfMemory, "{record:?}");
}

#[test]
fn the_memory_of_the_harness_is_not_taken_for_the_childs() {
    let ballast = vec![1_u8; 300_000_000];
    let record = run("one-per-host", LIMITS).record;
    std::hint::black_box(&ballast);
    assert!(record.measurement.peak_rss_bytes < 100_000_000, "{:?}", record.measurement);
}

#[test]
fn crashes_and_failures_say_what_happened() {
    assert_eq!(run("abort", LIMITS).record.termination, Termination::Crashed { signal: 6 });
    assert_eq!(run("segfault", LIMITS).record.termination, Termination::Crashed { signal: 11 });
    let failure = |measured: Measured| match measured.record.termination {
        Termination::Failed { message } => message,
        other => panic!("failed, not {other:?}"),
    };
    let message = failure(run("panic", LIMITS));
    assert!(message.contains("out of ideas"), "{message}");
    let message = failure(run("unheard-of", LIMITS));
    assert_eq!(message, "there is no packing method \"unheard-of\" in this build");
    let message = failure(run_with(&rig(&["garbage"]), "one-per-host", LIMITS));
    assert!(message.contains("what it printed is no answer"), "{message}");
    let message = failure(run_with(&rig(&["silent"]), "one-per-host", LIMITS));
    assert_eq!(message, "it exited with code 3 and said nothing");
    let message = failure(run_with(&rig(&["flood"]), "one-per-host", LIMITS));
    assert_eq!(message, "it printed more than an answer can be");
}

#[test]
fn a_full_pipe_blocks_nobody() {
    let record = run("chatty", LIMITS).record;
    assert!(record.is_correct(), "{record:?}");
}

#[test]
fn a_program_that_cannot_be_started_is_an_error() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let instance = instance(directory.path());
    let launcher = Launcher { program: "/nowhere".into(), arguments: vec![] };
    let method = method("one-per-host");
    let task = task(&instance, &method, LIMITS);
    let error = measure(&launcher, &task, Effort::default(), &Interrupt::default())
        .expect_err("nothing to start");
    assert!(matches!(error, MeasureError::Process { .. }), "{error}");
    assert!(error.to_string().contains("cannot run /nowhere"), "{error}");
}

#[test]
fn an_interrupt_ends_a_run_without_a_record() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let instance = instance(directory.path());
    let interrupt = Interrupt::default();
    let from_outside = interrupt.clone();
    let thread = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        from_outside.set();
    });
    let method = method("sleeper");
    let task = task(&instance, &method, LIMITS);
    let result = measure(&rig(&["run-one"]), &task, Effort::default(), &interrupt);
    thread.join().expect("it only sleeps");
    // Had nobody heard, it would have slept to its end and answered.
    assert!(matches!(result, Err(MeasureError::Interrupted)));
}
