//! Workers that mean ill: the harness lives, the record says what happened, and nothing is left behind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use vmpack_harness::{Launcher, enforcement};
use vmpack_results::{Cause, Limits, Means, Record, Termination, read, read_manifest};

use crate::clock::{eventually, given_time, in_one_of_many};
use crate::runs::{LIMITS, run_with};
use crate::skip::skipped;
use crate::{RIG, is_running, write_instances};

/// A worker that is a line of shell, in which `$RIG` is the rig and `$RIG_PID` the name of a file.
fn shell(script: &str, file: &Path) -> Launcher {
    let variables = [format!("RIG={RIG}"), format!("RIG_PID={}", file.display())];
    let words = variables.into_iter().chain(["sh", "-c", script].map(str::to_owned));
    Launcher { program: "env".into(), arguments: words.map(Into::into).collect() }
}

/// What becomes of such a worker.
fn run_shell(script: &str, limits: Limits) -> Record {
    run_with(&shell(script, Path::new("/dev/null")), "one-per-host", limits).record
}

/// Whether cgroups hold runs together here; says that the test is skipped if not.
fn has_cgroups() -> bool {
    let has = enforcement().processes != Means::Rlimits;
    if !has {
        skipped(format_args!("no cgroups here: {:?}", enforcement().reason));
    }
    has
}

/// The folders of cgroups that belong to a harness.
fn cgroups_of(harness: u32) -> Vec<PathBuf> {
    fn visit(folder: &Path, prefix: &str, depth: u32, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if depth > 0 && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if entry.file_name().to_string_lossy().starts_with(prefix) {
                    found.push(entry.path());
                }
                visit(&entry.path(), prefix, depth - 1, found);
            }
        }
    }
    let mut found = Vec::new();
    visit(Path::new("/sys/fs/cgroup"), &format!("vmpack-{harness}-"), 10, &mut found);
    found
}

/// The number in a file that a worker wrote.
fn number(file: &Path) -> u32 {
    fs::read_to_string(file).expect("it was started").trim().parse().expect("a number")
}

/// An experiment of the rig on one instance.
struct Scene(TempDir);

impl Scene {
    /// With methods, each under its limits.
    fn new(runs: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        write_instances(directory.path(), &["a"], 1);
        let run = |(method, limits): &(&str, &str)| {
            format!("[[runs]]\nmethods = ['{method}']\nlimits = {{ {limits} }}\n")
        };
        let runs: String = runs.iter().map(run).collect();
        let text = format!("name = 'hostile'\ndatasets = ['a.vbp']\n{runs}");
        fs::write(directory.path().join("e.toml"), text).expect("writable");
        Self(directory)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn contender(&self, name: &str, script: &str) {
        let text = format!(
            "name = '{name}'\ncommand = ['sh', '-c', '{script}', '{{instance}}']\ninput = 'vbp'\n"
        );
        fs::write(self.path(&format!("{name}.toml")), text).expect("writable");
    }

    fn start(&self, out: &str) -> Child {
        let mut command = Command::new(RIG);
        command.arg("run").arg(self.path("e.toml")).arg(self.path(out)).arg("2");
        command.env("RIG_PID", self.path("pid")).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("the rig starts")
    }

    fn records(&self, out: &str) -> Vec<Record> {
        read(&self.path(out)).expect("a store").map(|record| record.expect("whole")).collect()
    }
}

/// It left session, group and parent, and holds the pipes open.
#[test]
fn a_daemon_does_not_outlive_its_run() {
    if !has_cgroups() {
        return;
    }
    let scene = Scene::new(&[("daemon", "wall_s = 100")]);
    let started = Instant::now();
    let mut harness = scene.start("out");
    let id = harness.id();
    assert!(harness.wait().expect("it is ours").success());
    assert!(started.elapsed() < Duration::from_secs(200), "nobody waits for its 300 s");
    assert!(scene.records("out")[0].is_correct());
    let daemon = number(&scene.path("pid"));
    assert!(!is_running(daemon), "it is dead before its run is recorded");
    assert_eq!(cgroups_of(id), Vec::<PathBuf>::new());
    let manifest = read_manifest(&scene.path("out")).expect("a manifest");
    assert_eq!(manifest.enforcement, Some(enforcement()));
}

#[test]
fn who_starts_many_takes_all_of_them_along() {
    if !has_cgroups() {
        return;
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("pids");
    let script = "echo ready; i=0; while [ $i -lt 100 ]; do i=$((i+1)); \
                  setsid sh -c 'echo $$ >> \"$RIG_PID\"; exec sleep 600' & done; sleep 600";
    given_time(1.0, |wall_s| {
        let limits = Limits { wall_s, ..LIMITS };
        let record = run_with(&shell(script, &file), "one-per-host", limits).record;
        assert_eq!(record.termination, Termination::Timeout);
        assert_eq!(record.cause, Some(Cause::WallLimit));
        let text = fs::read_to_string(&file).unwrap_or_default();
        let started: Vec<u32> = text.lines().filter_map(|line| line.parse().ok()).collect();
        eventually("the death of all", || !started.iter().any(|process| is_running(*process)));
        (started.len() > 10).then_some(())
    });
}

/// The kernel kills the worker of a dead harness, but not what that started.
#[test]
fn what_a_killed_harness_left_is_removed_by_the_next_one() {
    if !has_cgroups() {
        return;
    }
    let scene = Scene::new(&[("daemon-sleeper", "wall_s = 100")]);
    let mut first = scene.start("first");
    eventually("the daemon", || scene.path("pid").exists());
    let daemon = number(&scene.path("pid"));
    first.kill().expect("it is ours");
    first.wait().expect("it is ours");
    // Any harness looks after it, those of other tests that begin now too.
    let other = Scene::new(&[("one-per-host", "wall_s = 100")]);
    let mut second = other.start("second");
    assert!(second.wait().expect("it is ours").success());
    eventually("the end of the daemon", || !is_running(daemon));
    eventually("the end of its cgroups", || cgroups_of(first.id()).is_empty());
}

#[test]
fn signals_that_can_be_ignored_are_not_relied_upon() {
    let script = "trap '' TERM INT HUP QUIT XCPU; echo ready; while :; do :; done";
    let record = run_shell(script, Limits { cpu_s: Some(0.2), ..LIMITS });
    assert_eq!((record.termination, record.cause), (Termination::Timeout, Some(Cause::CpuLimit)));
}

#[test]
fn who_stops_itself_is_killed_at_the_wall_limit() {
    let record = run_shell("echo ready; kill -STOP $$", Limits { wall_s: 0.3, ..LIMITS });
    assert_eq!((record.termination, record.cause), (Termination::Timeout, Some(Cause::WallLimit)));
}

#[test]
fn who_kills_itself_did_not_run_out_of_memory_where_that_is_counted() {
    let record = run_shell("echo ready; kill -KILL $$", LIMITS);
    if enforcement().memory == Means::Rlimits {
        assert_eq!(record.cause, Some(Cause::Machine), "nobody can tell");
    } else {
        assert_eq!(record.termination, Termination::Crashed { signal: 9 });
    }
}

#[test]
fn a_burst_of_memory_in_a_child_is_caught() {
    if enforcement().memory == Means::Rlimits {
        skipped(format_args!("no cgroup limits memory here: {:?}", enforcement().reason));
        return;
    }
    let limits = Limits { memory_bytes: Some(64_000_000), ..LIMITS };
    let launcher = Launcher { program: RIG.into(), arguments: vec!["run-one".into()] };
    let record = run_with(&launcher, "burst", limits).record;
    assert_eq!(record.termination, Termination::OutOfMemory, "{record:?}");
    assert_eq!(record.cause, Some(Cause::MemoryLimit));
    let measurement = record.measurement;
    if measurement.peak_by.is_none() && enforcement().memory == Means::CgroupV2 {
        return skipped("in part, this kernel has no memory.peak, as all before 5.19");
    }
    assert_eq!(measurement.peak_by, Some(enforcement().memory));
    assert!((60_000_000..=64_000_000).contains(&measurement.peak_rss_bytes), "{measurement:?}");
}

/// The kernel may kill one process alone: what the others do is no longer of interest.
#[test]
fn a_run_is_over_when_one_of_its_processes_exceeded_the_memory() {
    let script = "echo ready; (head -c 400000000 /dev/zero | tail -n 1; sleep 600) & sleep 600";
    let record = run_shell(script, Limits { memory_bytes: Some(64_000_000), ..LIMITS });
    assert_eq!(record.termination, Termination::OutOfMemory, "{record:?}");
    assert_eq!(record.cause, Some(Cause::MemoryLimit));
    assert!(record.measurement.process_wall_s < LIMITS.wall_s, "{:?}", record.measurement);
}

#[test]
fn the_work_of_children_that_nobody_waits_for_is_counted() {
    if enforcement().processes != Means::CgroupV2 {
        skipped("no cgroup counts CPU time here");
        return;
    }
    let launcher = Launcher { program: RIG.into(), arguments: vec!["run-one".into()] };
    let idle = run_with(&launcher, "one-per-host", LIMITS).record.measurement;
    let busy = run_with(&launcher, "family", LIMITS).record.measurement;
    assert!(busy.cpu_s < 0.5 * busy.process_cpu_s, "the method itself did nothing: {busy:?}");
    assert!(busy.process_cpu_s > idle.process_cpu_s + 0.05, "{busy:?}, {idle:?}");
}

#[test]
fn garbage_is_no_answer() {
    for script in [
        "head -c 100000 /dev/urandom",
        "echo ready; head -c 100000 /dev/urandom",
        "printf 'ready\\n[[[[[[[['",
        "echo ready; head -c 100000 /dev/zero | tr '\\0' '['",
        "echo ready",
        ":",
    ] {
        let record = run_shell(script, LIMITS);
        assert_eq!(record.cause, Some(Cause::NoAnswer), "{script}: {:?}", record.termination);
        let Termination::Failed { message } = record.termination else { panic!("{script}") };
        assert!(message.len() < 2000, "{script}: {message}");
    }
}

#[test]
fn gigabytes_of_words_fill_neither_memory_nor_time() {
    let scene = Scene::new(&[("out.toml", "wall_s = 100"), ("errors.toml", "wall_s = 3")]);
    scene.contender("out", "exec yes 0123456789012345678901234567890123456789");
    scene.contender("errors", "exec yes 0123456789012345678901234567890123456789 >&2");
    let mut harness = scene.start("out");
    let status = format!("/proc/{}/status", harness.id());
    let mut peak_kib = 0;
    while harness.try_wait().expect("it is ours").is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|text| text.trim().trim_end_matches("kB").trim().parse().ok());
        peak_kib = peak_kib.max(kib.unwrap_or(0_u64));
        std::thread::sleep(Duration::from_millis(5));
    }
    // The most that may be an answer, what it is read into, and the program.
    assert!((1..400 << 10).contains(&peak_kib), "{peak_kib} KiB");
    let mut causes: Vec<(String, Option<Cause>)> =
        scene.records("out").into_iter().map(|record| (record.method, record.cause)).collect();
    causes.sort();
    let expected = [
        ("errors".to_owned(), Some(Cause::WallLimit)),
        ("out".to_owned(), Some(Cause::OutputLimit)),
    ];
    assert_eq!(causes, expected);
}

#[test]
fn times_that_cannot_be_are_not_recorded() {
    for time in ["-1", "1e9", "null", "\"soon\"", "1e999"] {
        let script = format!("\"$RIG\" run-one | sed -u 's/\"wall_s\":[^,]*,/\"wall_s\":{time},/'");
        let record = run_shell(&script, LIMITS);
        let cause = if time.starts_with(['-', '1']) && time != "1e999" {
            Cause::AbsurdTimes
        } else {
            Cause::NoAnswer
        };
        assert_eq!(record.cause, Some(cause), "{time}: {:?}", record.termination);
        let measurement = record.measurement;
        assert!((0.0..LIMITS.wall_s).contains(&measurement.wall_s), "{measurement:?}");
    }
    let record = run_shell("\"$RIG\" run-one | cat", LIMITS);
    assert!(record.is_correct(), "nothing is wrong with the pipe itself: {record:?}");
}

#[test]
fn what_is_printed_after_the_limit_does_not_count() {
    let limits = Limits { wall_s: 0.2, ..LIMITS };
    // It claims to have taken no time at all.
    let answer = "answer=$(\"$RIG\" run-one | tail -n 1 | sed 's/\"wall_s\":[^,]*,/\"wall_s\":0,/'); echo ready;";
    let in_time = format!("{answer} echo \"$answer\"");
    in_one_of_many(|| run_shell(&in_time, limits).is_correct().then_some(()));
    let record = run_shell(&format!("{answer} sleep 20; echo \"$answer\""), limits);
    assert_eq!((record.termination, record.cause), (Termination::Timeout, Some(Cause::WallLimit)));
    // Who has begun an answer is given time to end, and might go on computing.
    let script = format!("{answer} echo \" \"; sleep 1; echo \"$answer\"");
    in_one_of_many(|| {
        let record = run_shell(&script, limits);
        assert_eq!(record.answer, None, "{record:?}");
        (record.cause == Some(Cause::NoAnswer)).then_some(())
    });
}

/// Every look at the calendar is an hour further, or an hour back.
const STEPPING_CLOCK: &str = r"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <sys/time.h>
#include <time.h>
static long step(void) { static long looks; ++looks; return (looks % 2 * 2 - 1) * 3600 * looks; }
int clock_gettime(clockid_t clock, struct timespec *time) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, __func__);
    int result = real(clock, time);
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) time->tv_sec += step();
    return result;
}
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec time;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &time);
    now->tv_sec = time.tv_sec;
    now->tv_usec = time.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *result) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (result) *result = now.tv_sec;
    return now.tv_sec;
}
";

#[test]
fn no_duration_comes_from_a_clock_that_may_be_set() {
    let scene = Scene::new(&[
        ("slow", "wall_s = 100"),
        ("sleeper", "wall_s = 0.5"),
        ("obedient", "wall_s = 100, cpu_s = 0.3"),
    ]);
    let (source, library) = (scene.path("clock.c"), scene.path("clock.so"));
    fs::write(&source, STEPPING_CLOCK).expect("writable");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .arg("-ldl")
        .status();
    if !compiled.is_ok_and(|status| status.success()) {
        skipped("no C compiler here");
        return;
    }
    let date = |preload: Option<&Path>| {
        let mut command = Command::new("date");
        command.arg("+%s").envs(preload.map(|library| ("LD_PRELOAD", library)));
        let text = String::from_utf8(command.output().expect("date is there").stdout);
        text.expect("digits").trim().parse::<i64>().expect("digits")
    };
    let steps = (date(None) - date(Some(&library))).abs();
    assert!(steps > 1000, "the clock steps: {steps}");

    let mut command = Command::new(RIG);
    command.arg("run").arg(scene.path("e.toml")).arg(scene.path("out")).arg("1");
    command.env("LD_PRELOAD", &library).stderr(Stdio::null());
    let started = Instant::now();
    assert!(command.status().expect("the rig starts").success());
    let total = started.elapsed().as_secs_f64();
    let records = scene.records("out");
    let of = |method: &str| records.iter().find(|r| r.method == method).expect("it ran");
    for record in &records {
        let m = record.measurement;
        for seconds in [m.wall_s, m.cpu_s, m.process_wall_s, m.process_cpu_s] {
            assert!((0.0..total).contains(&seconds), "{}: {m:?}", record.method);
        }
        let points = record.answer.iter().flat_map(|answer| &answer.trajectory);
        points.for_each(|point| assert!((0.0..total).contains(&point.seconds), "{point:?}"));
    }
    assert!(of("slow").is_correct() && of("slow").measurement.wall_s >= 0.1);
    assert_eq!(of("sleeper").cause, Some(Cause::WallLimit));
    assert!(of("sleeper").measurement.process_wall_s >= 0.9);
    assert!(of("obedient").is_correct(), "{:?}", of("obedient"));
}
