//! Shards of an experiment.

use std::fs;

use serde_json::Value;

use super::{Site, content, text};
use crate::support::vmpack;

#[test]
fn shards_are_the_whole_each_run_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let experiment = "name = \"some\"\ndatasets = [\"tiny\"]\nmethods = [\"ff\", \"bfd-l1\", \"wf\"]\n[limits]\nwall_s = 100\n";
    fs::write(path("e.toml"), experiment).unwrap();
    let run = |shard: &[&str], out: &str| {
        let mut command = vmpack();
        command.arg("run").arg(path("e.toml")).args(shard).arg("--out").arg(path(out));
        command
    };
    run(&[], "whole").assert().success();
    let parts = ["1", "2", "3", "4"];
    for part in parts {
        run(&["--shard", &format!("{part}/4")], part).assert().success();
    }
    let sizes = parts.map(|part| content(&path(part)).len());
    assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1, "{sizes:?}");
    let manifest = |out: &str| -> Value {
        serde_json::from_slice(&fs::read(path(out).join("manifest.json")).unwrap()).unwrap()
    };
    assert_eq!(
        manifest("2")["shards"],
        serde_json::json!({ "of": 4, "planned": { "2": sizes[1] } })
    );
    assert_eq!(manifest("whole")["shards"], Value::Null);
    vmpack().arg("merge").args(parts.map(path)).arg("--out").arg(path("all")).assert().success();
    assert_eq!(content(&path("all")), content(&path("whole")));
    assert_eq!(manifest("all")["planned"], manifest("whole")["planned"]);
    // By times that were measured: the same for whoever has them.
    let whole = path("whole");
    for (part, out) in [("1/2", "a"), ("2/2", "b"), ("1/2", "c")] {
        run(&["--shard", part, "--expect", text(&whole)], out).assert().success();
    }
    assert_eq!(content(&path("a")), content(&path("c")));
    assert_eq!(content(&path("a")).len() + content(&path("b")).len(), content(&whole).len());

    for (shard, message) in [
        ("0/4", "expected a part from 1 to 4"),
        ("5/4", "expected a part from 1 to 4"),
        ("1/0", "expected at least one part"),
        ("four", "expected I/N"),
        ("absent.json", "cannot read absent.json"),
    ] {
        let output = run(&["--shard", shard], "wrong").assert().code(1).get_output().clone();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(message), "{shard}: {error}");
        assert!(!path("wrong").exists(), "{shard}");
    }
    // A directory stays what it is, unless somebody says otherwise.
    let parts = [path("1"), path("2")];
    vmpack().arg("merge").args(parts).arg("--out").arg(path("1+2")).assert().success();
    for (out, shard, message) in [
        ("2", &["--shard", "3/4"][..], "shard 2/4 of the experiment, not shard 3/4 of"),
        ("2", &["--shard", "2/5"], "shard 2/4 of the experiment, not shard 2/5 of"),
        ("1+2", &["--shard", "2/4"], "shard 1+2/4 of the experiment, not shard 2/4 of"),
        ("whole", &["--shard", "2/4"], "the whole experiment, not shard 2/4 of"),
        ("2", &[], "shard 2/4 of the experiment alone"),
        ("2", &[], "alone: resume that part with --shard, choose another directory"),
        (
            "1+2",
            &[],
            "alone: choose another directory for the whole, or make this one hold the whole",
        ),
        ("1+2", &[], "from now on with --shard all"),
    ] {
        let before = (content(&path(out)), manifest(out));
        let output = run(shard, out).arg("--resume").assert().code(1).get_output().clone();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(&format!("{out} holds ")) && error.contains(message), "{error}");
        assert_eq!((content(&path(out)), manifest(out)), before, "{out} {shard:?}");
    }
    run(&["--shard", "2/4", "--resume"], "2").assert().success();
    for out in ["2", "1+2"] {
        run(&["--shard", "all", "--resume"], out).assert().success();
        assert_eq!(content(&path(out)), content(&path("whole")));
        assert_eq!(manifest(out)["shards"], Value::Null);
        run(&["--resume"], out).assert().success();
    }
    // The cluster works on the whole.
    let (e, part) = (path("e.toml"), path("3"));
    let words = ["submit", "slurm", text(&e), "--out", text(&part), "--resume", "--dry-run"];
    let error = Site::bare(folder.path()).refuses(&words);
    assert!(error.contains("holds shard 3/4 of the experiment"), "{error}");
}
