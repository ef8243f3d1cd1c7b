//! The project's own regression gate: counts of work and of instructions, never times.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use vmpack_model::{AnyInstance, Budget, NullObserver};

use crate::support::{packing_methods, records, vmpack};

/// Renews the baseline instead of comparing with it.
const RENEW: &str = "VMPACK_RENEW_BASELINE";

/// The counters that say how much work a method did. Others count milliseconds.
const COUNTERS: [&str; 12] = [
    "arcs",
    "columns",
    "cuts",
    "dives",
    "expanded",
    "fills",
    "nodes",
    "patterns",
    "pricings",
    "rows",
    "simplex-iterations",
    "states",
];

fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/gate")
}

/// Records without what differs from day to day, in a steady order: their changes are worth a look.
fn timeless(directory: &Path) -> String {
    let mut records = records(directory);
    records.sort_by_key(|record| {
        [&record["dataset"], &record["instance"], &record["method"]].map(ToString::to_string)
    });
    let mut text = String::new();
    for mut record in records {
        let measurement = record["measurement"].as_object_mut().unwrap();
        measurement.retain(|_, value| value.is_number());
        measurement.values_mut().for_each(|value| *value = 0.into());
        record["answer"]["trajectory"] = serde_json::json!([]);
        let counters = record["answer"]["counters"].as_object_mut().unwrap();
        counters.retain(|name, _| COUNTERS.contains(&name.as_str()));
        text += &format!("{record}\n");
    }
    text
}

/// Methods do no more work than they did when the baseline was made, for costs and bounds that are no worse.
#[test]
fn no_method_does_more_work_than_its_baseline() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let run = |out: &Path| {
        let mut command = vmpack();
        command.arg("run").arg(home().join("experiment.toml")).arg("--out").arg(out);
        command.assert().success();
    };
    run(&out);
    let baseline = home().join("baseline");
    if std::env::var_os(RENEW).is_some() {
        fs::write(baseline.join("records.jsonl"), timeless(&out)).unwrap();
        return;
    }
    let compare = |new: &Path| {
        let mut command = vmpack();
        command.arg("compare").arg(&baseline).arg(new).arg("--exact");
        command.args(["--fail-on", "cost=1", "--fail-on", "bound=1"]);
        command.args(["--fail-on", "solved", "--fail-on", "wrong"]);
        for counter in COUNTERS {
            command.args(["--fail-on", &format!("counter:{counter}=1")]);
        }
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, text) = compare(&out);
    assert_eq!(code, Some(0), "{text}\nif that is meant: {RENEW}=1 cargo test gate::no_method");
    assert!(!text.contains("only in "), "other runs than in the baseline; renew it\n{text}");

    // One more node of one method on one instance does not pass.
    let planted = folder.path().join("planted");
    fs::create_dir(&planted).unwrap();
    let mut records = records(&out);
    let victim = records.iter_mut().find(|r| r["method"] == "branch-price").unwrap();
    let iterations = &mut victim["answer"]["counters"]["simplex-iterations"];
    *iterations = (iterations.as_u64().unwrap() + 1).into();
    let lines: Vec<String> = records.iter().map(ToString::to_string).collect();
    fs::write(planted.join("records.jsonl"), lines.join("\n") + "\n").unwrap();
    let (code, text) = compare(&planted);
    assert_eq!(code, Some(4), "{text}");
    assert!(text.contains("FAILED counter:simplex-iterations=1 (branch-price)"), "{text}");
}

/// The kernels whose instructions are counted.
const KERNELS: [&str; 3] = ["ffd-l2", "bfd-linf", "mbs"];

/// What [`counted`] is to do, in its environment.
const JOB: &str = "VMPACK_COUNTED_JOB";

/// Kernels execute no more instructions, in relation to a reference loop compiled and counted alike, than the baseline
/// says, up to a tenth.
#[test]
fn kernels_execute_no_more_instructions_than_their_baseline() {
    if !Command::new("valgrind").arg("--version").output().is_ok_and(|o| o.status.success()) {
        eprintln!("kernels_execute_no_more_instructions_than_their_baseline: skipped, no valgrind");
        return;
    }
    let nothing = instructions("nothing");
    let reference = instructions("reference") - nothing;
    // Compilers leave other instructions in tests than in releases.
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    let path = home().join("baseline/instructions.toml");
    let mut table: toml::Table = fs::read_to_string(&path).unwrap_or_default().parse().unwrap();
    let ratios = KERNELS.map(|kernel| (instructions(kernel) - nothing) as f64 / reference as f64);
    if std::env::var_os(RENEW).is_some() {
        let renewed = KERNELS.iter().zip(ratios);
        let renewed = renewed
            .map(|(kernel, ratio)| ((*kernel).to_owned(), ((ratio * 1e3).round() / 1e3).into()));
        table.insert(profile.to_owned(), toml::Value::Table(renewed.collect()));
        fs::write(&path, table.to_string()).unwrap();
        return;
    }
    for (kernel, ratio) in KERNELS.iter().zip(ratios) {
        let before = table[profile][kernel].as_float().unwrap();
        eprintln!("{kernel}: {ratio:.3} reference loops, {before:.3} in the baseline ({profile})");
        assert!(
            ratio <= 1.1 * before,
            "{kernel} takes {ratio:.3} reference loops of instructions, {before:.3} in the baseline; if that is meant: \
             {RENEW}=1 cargo test gate::kernels, with and without --release"
        );
    }
}

/// The instructions of this program when it does one job.
fn instructions(job: &str) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "gate::counted", "--ignored", "--test-threads=1"])
        .env(JOB, job)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    let collected = text.lines().find_map(|line| line.split_once("Collected : ")).unwrap();
    collected.1.trim().parse().unwrap()
}

#[test]
#[ignore = "is run under valgrind by another test"]
fn counted() {
    let Ok(job) = std::env::var(JOB) else { return };
    if job == "nothing" {
        return;
    }
    if job == "reference" {
        std::hint::black_box(reference());
        return;
    }
    let methods = packing_methods();
    let method = methods.iter().find(|method| method.name() == job).unwrap();
    let generated = vmpack_datasets::generate("falkenauer-uniform", &BTreeMap::new(), 1).unwrap();
    let AnyInstance::Packing(instance) = generated.instance else { panic!("of packing") };
    let outcome = method.solve(&instance, &Budget::default(), &mut NullObserver);
    std::hint::black_box(outcome);
}

/// First fit of 2000 sizes, as plain as can be: what instructions are measured in.
#[inline(never)]
fn reference() -> usize {
    let mut free: Vec<u64> = Vec::new();
    for item in 0..2000_u64 {
        let size = 10 + item.wrapping_mul(0x9e37_79b9) % 60;
        match free.iter_mut().find(|free| **free >= size) {
            Some(room) => *room -= size,
            None => free.push(100 - size),
        }
    }
    free.len()
}
