//! Experiments end to end: run, resume, interrupt, report.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use crate::support::{records, vmpack};

fn runs(directory: &Path) -> BTreeSet<String> {
    let records = records(directory);
    let ids: BTreeSet<_> =
        records.iter().map(|record| record["run"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), records.len(), "a run is recorded twice");
    ids
}

#[test]
fn the_tiny_experiment_runs_and_reports() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("tiny");
    vmpack().args(["run", "tiny", "--jobs", "2", "--out"]).arg(&out).assert().success();
    let records = records(&out);
    assert!(records.len() > 100, "only {} records", records.len());
    for record in &records {
        assert_eq!(record["termination"]["kind"], "completed", "{record}");
        let verdict = record["answer"]["judgement"]["verdict"].as_str().unwrap();
        assert!(["correct", "no-answer"].contains(&verdict), "{record}");
    }
    let kinds: BTreeSet<_> = records.iter().map(|r| r["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds.len(), 3, "{kinds:?}");
    // A finished store is not overwritten, and resuming it has nothing to do.
    vmpack().args(["run", "tiny", "--out"]).arg(&out).assert().code(1);
    vmpack().args(["run", "tiny", "--resume", "--out"]).arg(&out).assert().success();
    assert_eq!(crate::support::records(&out).len(), records.len());
    vmpack().arg("report").arg(&out).assert().success();
    let html = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(html.contains("ffd-l2") && html.contains("<svg"));
    for figure in std::fs::read_dir(out.join("figures")).unwrap() {
        assert!(figure.unwrap().metadata().unwrap().len() > 500);
    }
}

/// Ctrl-C keeps every finished run, leaves no half line, and `--resume` completes the set.
#[cfg(unix)]
#[test]
fn an_interrupted_run_loses_nothing_finished() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, cut) = (folder.path().join("whole"), folder.path().join("cut"));
    vmpack().args(["run", "tiny", "--out"]).arg(&whole).assert().success();
    // A background shell ignores the signal, which children inherit; `env` becomes the command.
    let mut child = std::process::Command::new("env")
        .args(["--default-signal=INT", env!("CARGO_BIN_EXE_vmpack")])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["run", "tiny", "--jobs", "1", "--out"])
        .arg(&cut)
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let store = cut.join("records.jsonl");
    let lines = || std::fs::read_to_string(&store).map_or(0, |text| text.lines().count());
    for _ in 0..600 {
        if lines() >= 3 {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let interrupt = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(interrupt.success());
    child.wait().unwrap();
    let kept = runs(&cut);
    let all = runs(&whole);
    assert!(!kept.is_empty() && kept.len() < all.len(), "{} of {}", kept.len(), all.len());
    vmpack().args(["run", "tiny", "--resume", "--out"]).arg(&cut).assert().success();
    assert_eq!(runs(&cut), all, "the same experiment has the same runs");
}

/// `nohup` and background shells start programs with these signals ignored.
#[cfg(unix)]
#[test]
fn a_run_goes_on_where_signals_are_ignored() {
    let status = std::process::Command::new("env")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["--ignore-signal=INT,HUP", env!("CARGO_BIN_EXE_vmpack")])
        .args(["solve", "datasets/samples/fleet.json", "--method", "ffd-l2"])
        .stdout(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
}
