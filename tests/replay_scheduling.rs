//! `vmpack replay` of jobs, driven as a process.

use serde_json::Value;

use crate::command::{file, json, run};

/// Seconds of submission, run and request, and processors: 0 ends before its estimate, 2 is long and narrow, 3 short and
/// narrow, 4 was never run.
const LOG: &str = "; Version: 2.2
; MaxProcs: 4
1  0 -1 10 2 -1 -1 2 12 -1 1 1 1 1 2 1 -1 -1
2  1 -1  5 4 -1 -1 4  5 -1 1 1 1 1 1 1 -1 -1
3  2 -1 20 1 -1 -1 1 20 -1 1 1 1 1 0 1 -1 -1
4  3 -1  7 1 -1 -1 1  9 -1 1 1 1 1 1 1 -1 -1
5  4 -1 -1 1 -1 -1 1  9 -1 5 1 1 1 1 1 -1 -1
";

fn answer(arguments: &[&str]) -> Value {
    let all = [&["replay", "--json"], arguments].concat();
    let (code, out, error) = run(&all);
    assert_eq!((code, error.as_str()), (0, ""), "{arguments:?}");
    json(&out)
}

/// A whole number of seconds, or of quarters in a mean of four.
fn whole(value: f64) -> u64 {
    let rounded = value.round();
    assert!((value - rounded).abs() < 1e-6, "{value}");
    rounded as u64
}

#[test]
fn queues_differ_as_worked_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let log = file(folder.path(), "log.swf", LOG);
    let waits = |queue: &[&str]| {
        let answer = answer(&[&["--trace", &log, "--queue"], queue].concat());
        assert_eq!((&answer["jobs"], &answer["skipped"]), (&4.into(), &1.into()));
        assert!(
            answer["mean_turnaround_lower_bound_s"].as_f64()
                <= answer["turnaround_s"]["mean"].as_f64()
        );
        assert!(answer["makespan_lower_bound_s"].as_f64() <= answer["makespan_s"].as_f64());
        let mean = answer["waiting_s"]["mean"].as_f64().unwrap();
        (whole(4.0 * mean), whole(answer["makespan_s"].as_f64().unwrap()))
    };
    // Starts 0, 10, 15, 15.
    assert_eq!(waits(&["fcfs"]), (9 + 13 + 12, 35));
    // The shortest waits for all processors, 10; then 3, 2.
    assert_eq!(waits(&["sjf"]), (9 + 13 + 12, 35));
    // Class 0 first, at 2, then 1, which waits for it; 3 behind.
    assert_eq!(waits(&["priority"]), (21 + 24, 34));
    // Submission decides, when waiting a second makes a class.
    assert_eq!(waits(&["priority", "--aging", "1s"]), (9 + 13 + 12, 35));
    // 3 ends by 12, when 0 was said to, and starts at once.
    assert_eq!(waits(&["easy"]), (9 + 13, 35));
    assert_eq!(waits(&["conservative"]), (9 + 13, 35));
    // Two more processors let 1 run beside 0, and the others follow it.
    assert_eq!(waits(&["easy", "--cluster", "3x2c"]), (4 + 3, 26));
}

#[test]
fn schedulers_differ_as_worked_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let log = file(folder.path(), "log.swf", LOG);
    let turnaround = |scheduler: &[&str]| {
        let answer = answer(&[&["--trace", &log, "--scheduler"], scheduler].concat());
        whole(4.0 * answer["turnaround_s"]["mean"].as_f64().unwrap())
    };
    assert_eq!(turnaround(&["fcfs"]), 10 + 14 + 33 + 39);
    assert_eq!(turnaround(&["sjf"]), 10 + 14 + 40 + 19);
    assert_eq!(turnaround(&["srpt"]), 22 + 5 + 40 + 10);
    assert_eq!(turnaround(&["priority"]), 42 + 25 + 20 + 30);
    assert_eq!(turnaround(&["fcfs", "--cores", "4"]), 42);
    // Seconds go round: 0 0-5, 1 5-10, 2 10-15, 3 15-20, 0 20-25, 2 25-30, 3 30-32, 2 32-42.
    assert_eq!(turnaround(&["round-robin", "--quantum", "5s"]), 25 + 9 + 40 + 29);
    let switching = answer(&[
        "--trace",
        &log,
        "--scheduler",
        "round-robin",
        "--quantum",
        "5s",
        "--switch-cost",
        "1s",
    ]);
    assert_eq!(switching["context_switches"], 7);
    assert_eq!(switching["switch_time_s"], 7.0);
    assert_eq!(switching["makespan_s"], 49.0);
}

#[test]
fn generated_jobs_are_those_of_the_seed() {
    let answer = |seed: &str, scheduler: &str| {
        let jobs = "poisson:rate=0.5,work=exponential:1,jobs=20000,classes=2";
        answer(&["--trace", jobs, "--seed", seed, "--scheduler", scheduler])
    };
    let mean = |answer: &Value| answer["turnaround_s"]["mean"].as_f64().unwrap();
    let (one, two) = (answer("1", "fair-share"), answer("2", "fair-share"));
    assert_ne!(one["turnaround_s"], two["turnaround_s"]);
    // The mean is 2 under sharing as under first come, first served, but jobs fare more alike.
    assert!((mean(&one) - 2.0).abs() < 0.2, "{one}");
    let queued = answer("1", "fcfs");
    assert!(queued["jain"].as_f64() < one["jain"].as_f64());
    // Nothing is better than the shortest remaining first, and the bound says so.
    let best = answer("1", "srpt");
    let bound = best["mean_turnaround_lower_bound_s"].as_f64().unwrap();
    assert!((mean(&best) - bound).abs() < 1e-6 && bound < mean(&one));
    assert_eq!(best["mean_turnaround_lower_bound_s"], one["mean_turnaround_lower_bound_s"]);
}

#[test]
fn what_is_wrong_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let log = file(folder.path(), "log.swf", LOG);
    let bare = file(folder.path(), "bare.swf", "1 0 -1 10 2 -1 -1 2 12 -1 1 1 1 1 2 1 -1 -1\n");
    let bad = file(folder.path(), "bad.swf", LOG.replace(" 20 1 -1 -1", " 20x 1 -1 -1"));
    let long = "poisson:rate=1,work=fixed:1e9,jobs=100";
    for (arguments, expected) in [
        (&["--trace", &log][..], "--policy"),
        (&["--trace", &log, "--queue", "esay"], "did you mean easy?"),
        (
            &["--trace", &log, "--queue", "easy", "--policy", "first-fit", "--cluster", "4x1c1g"],
            "VMs queue by fcfs or backfill",
        ),
        (&["--trace", &log, "--scheduler", "robin"], "fcfs, sjf, srpt, round-robin"),
        (&["--trace", &log, "--scheduler", "fcfs", "--queue", "easy"], "cannot be used with"),
        (&["--trace", &log, "--scheduler", "fcfs", "--policy", "dvfs"], "cannot be used with"),
        (&["--trace", &log, "--scheduler", "fcfs", "--cluster", "4x1c"], "cannot be used with"),
        (&["--trace", &log, "--scheduler", "fcfs", "--cores", "0"], "--cores"),
        (&["--trace", &log, "--scheduler", "fcfs", "--quantum", "1s"], "no time slices"),
        (&["--trace", &log, "--scheduler", "round-robin", "--quantum", "1"], "such as 10ms"),
        (&["--trace", &log, "--scheduler", "round-robin", "--quantum", "0s"], "more than 0"),
        (&["--trace", &log, "--scheduler", "fair-share", "--switch-cost", "1us"], "never switches"),
        (&["--trace", &log, "--queue", "easy", "--aging", "1h"], "nobody ages under easy"),
        (&["--trace", &log, "--queue", "easy", "--quantum", "1s"], "for --scheduler"),
        (&["--trace", &log, "--queue", "easy", "--cluster", "4x"], "the cluster"),
        (&["--trace", &log, "--queue", "easy", "--cluster", "4x0c"], "has no processor"),
        (&["--trace", &log, "--queue", "easy", "--format", "csv"], "of format swf"),
        (&["--trace", &bare, "--queue", "easy"], "no comment says MaxProcs"),
        (&["--trace", &bad, "--queue", "easy"], "bad.swf:5: run time: expected a number"),
        (&["--trace", "none.swf", "--queue", "easy"], "none.swf: cannot read"),
        (&["--trace", "poisson:", "--queue", "easy"], "rate of arrivals is missing"),
        (&["--trace", long, "--scheduler", "fcfs"], "more than 1141 years"),
    ] {
        let (code, out, error) = run(&[&["replay"], arguments].concat());
        assert_eq!((code, out.as_str()), (1, ""), "{arguments:?}");
        assert!(error.contains(expected), "{arguments:?}: {error}");
    }
}
