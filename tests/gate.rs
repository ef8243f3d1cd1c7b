//! The project's own regression gate: counts of work, never times.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{records, vmpack};

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
        writeln!(text, "{record}").unwrap();
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
