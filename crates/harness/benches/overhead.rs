//! What a run costs beyond its child: the same child started by hand and as a measured run. The target is
//! less than 5 ms between the two.

use std::hint::black_box;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use vmpack_check::Effort;
use vmpack_datasets::Source;
use vmpack_harness::{
    Interrupt, Launcher, LoadedInstance, MethodInfo, Task, calibrate, measure, own_cpu_seconds,
};
use vmpack_model::{Family, Kind};
use vmpack_results::Limits;

/// The program whose methods do nothing.
const RIG: &str = env!("CARGO_BIN_EXE_harness-rig");

const LIMITS: Limits =
    Limits { wall_s: 20.0, cpu_s: None, memory_bytes: Some(1 << 30), work: None, threads: 1 };

fn overhead(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().join("a.vbp");
    std::fs::write(&path, "1\n100\n2\n51 2\n61 3\n").expect("writable");
    let source = Source::File { path: path.clone(), format: None };
    let instance = LoadedInstance::load("files".into(), source).expect("a valid file");
    let request = format!(
        r#"{{"source":{{"kind":"file","path":"{}","format":null}},"method":"one-per-host","seed":0,"limits":{{"wall_s":20.0,"cpu_s":null,"memory_bytes":null,"work":null,"threads":1}}}}"#,
        path.display()
    );
    let by_hand = || {
        let mut child = Command::new(RIG)
            .arg("run-one")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the rig starts");
        child.stdin.take().expect("piped").write_all(request.as_bytes()).expect("it reads");
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success() && output.stdout.starts_with(b"ready\n"));
    };
    let launcher = Launcher { program: RIG.into(), arguments: vec!["run-one".into()] };
    let method = MethodInfo {
        name: "one-per-host".into(),
        family: Family::Packing,
        kind: Kind::Greedy,
        randomised: false,
        contender: None,
    };
    let task = Task {
        instance: &instance,
        method: &method,
        seed: 0,
        repetition: 0,
        limits: LIMITS,
        cores: &[],
    };
    let interrupt = Interrupt::default();
    let measured = || {
        let measured = measure(&launcher, &task, Effort::default(), &interrupt).expect("a record");
        assert!(measured.record.is_correct(), "{:?}", measured.record);
    };

    let mut group = criterion.benchmark_group("run");
    group.bench_function("child-by-hand", |bencher| bencher.iter(by_hand));
    group.bench_function("measured", |bencher| bencher.iter(measured));
    group.finish();
    difference(&by_hand, &measured);
}

/// Both in turn, so that a busy machine slows both down alike; medians.
fn difference(by_hand: &dyn Fn(), measured: &dyn Fn()) {
    const TURNS: usize = 200;
    let timed = |work: &dyn Fn()| {
        let (started, cpu) = (Instant::now(), own_cpu_seconds());
        work();
        (started.elapsed().as_secs_f64() * 1e3, (own_cpu_seconds() - cpu) * 1e3)
    };
    let (mut walls, mut cpus) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        let (by_hand, measured) = (timed(by_hand), timed(measured));
        walls.push(measured.0 - by_hand.0);
        cpus.push(measured.1 - by_hand.1);
    }
    let median = |values: &mut Vec<f64>| {
        values.sort_unstable_by(f64::total_cmp);
        values[values.len() / 2]
    };
    eprintln!(
        "a measured run takes {:.2} ms longer than its child by hand, and {:.2} ms more of the harness's CPU \
         time (medians of {TURNS} pairs)",
        median(&mut walls),
        median(&mut cpus)
    );
}

/// The calibration is part of every experiment.
fn calibration(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("calibration");
    group.sample_size(10).measurement_time(Duration::from_secs(2));
    group.bench_function("2-samples", |bencher| bencher.iter(|| black_box(calibrate(2))));
    group.finish();
}

criterion_group!(benches, overhead, calibration);
criterion_main!(benches);
