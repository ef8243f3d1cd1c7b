//! Stores merged, compared and exported by the command.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::skip::skipped;
use crate::support::{native_python, records, vmpack};

/// An experiment of two methods on 24 instances.
fn run(folder: &Path, out: &str) {
    fs::write(
        folder.join("suite.toml"),
        "description = \"some\"\n[[generate]]\ngenerator = \"falkenauer-uniform\"\nparameters = { n = [10, 20] }\n\
         seeds = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]\n",
    )
    .unwrap();
    fs::write(
        folder.join("e.toml"),
        "name = \"some\"\ndatasets = [\"suite.toml\"]\nmethods = [\"ffd-l1\", \"mbs\"]\nsolutions = \"all\"\n\
         [limits]\nwall_s = 100\n",
    )
    .unwrap();
    let mut command = vmpack();
    command.arg("run").arg(folder.join("e.toml")).arg("--out").arg(folder.join(out));
    command.assert().success();
}

/// Copies a run directory with its records changed, or left out.
fn copy(folder: &Path, from: &str, to: &str, change: impl Fn(&mut serde_json::Value) -> bool) {
    let (from, to) = (folder.join(from), folder.join(to));
    fs::create_dir_all(&to).unwrap();
    fs::copy(from.join("manifest.json"), to.join("manifest.json")).unwrap();
    let mut text = String::new();
    for mut record in records(&from) {
        if change(&mut record) {
            writeln!(text, "{record}").unwrap();
        }
    }
    fs::write(to.join("records.jsonl"), text).unwrap();
}

#[test]
fn halves_merge_to_the_whole_and_contradictions_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    run(folder, "whole");
    let is_first = |record: &serde_json::Value| record["run"].as_str().unwrap() < "8";
    copy(folder, "whole", "a", |record| is_first(record));
    copy(folder, "whole", "b", |record| !is_first(record));
    copy(folder, "whole", "liar", |record| {
        record["answer"]["judgement"]["cost"] = 1.into();
        true
    });
    copy(folder, "whole", "again", |record| {
        record["measurement"]["wall_s"] = 9.into();
        true
    });
    let merge = |sources: &[&str], out: &str, keep: Option<&str>| {
        let mut command = vmpack();
        command.current_dir(folder).arg("merge").args(sources).args(["--out", out]);
        command.args(keep.into_iter().flat_map(|keep| ["--keep", keep]));
        command.assert()
    };
    merge(&["a", "b"], "ab", None).success();
    let sorted = |name: &str| {
        let text = fs::read_to_string(folder.join(name).join("records.jsonl")).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let values = |name: &str| -> Vec<serde_json::Value> {
        let mut all = records(&folder.join(name));
        all.sort_by_key(|record| record["run"].as_str().unwrap().to_owned());
        all
    };
    assert_eq!(values("ab"), values("whole"));
    merge(&["b", "ab", "a"], "again-ab", None).success();
    assert_eq!(sorted("again-ab"), sorted("ab"));
    vmpack().current_dir(folder).args(["report", "ab"]).assert().success();

    let refused = merge(&["whole", "liar"], "no", Some("first")).code(1);
    let text = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    assert!(text.contains("records contradict each other:\n  run "), "{text}");
    assert!(text.contains("whole/records.jsonl, line ") && text.contains("and 38 more"), "{text}");
    assert!(!folder.join("no").exists());
    merge(&["whole", "again"], "no", None).code(1);
    merge(&["whole", "again"], "last", Some("last")).success();
    assert!(records(&folder.join("last")).iter().all(|r| r["measurement"]["wall_s"] == 9));
    // Nothing may be in the way, and no result is made inside what is merged.
    merge(&["a"], "ab", None).code(1);
    let refused = merge(&["a", "b"], "b/inside", None).code(1);
    let text = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    assert!(text.contains("b/inside is inside b, which is to be merged"), "{text}");
    assert!(!folder.join("b/inside").exists());
}

#[test]
fn a_comparison_passes_with_itself_and_fails_on_what_is_planted() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    run(folder, "old");
    // The same once more, in the same times: what else the machine does is not to be judged.
    run(folder, "again");
    let times: BTreeMap<String, serde_json::Value> = records(&folder.join("old"))
        .into_iter()
        .map(|record| (record["run"].to_string(), record["measurement"].clone()))
        .collect();
    copy(folder, "again", "new", |record| {
        record["measurement"] = times[&record["run"].to_string()].clone();
        true
    });
    let compare = |new: &str, gates: &[&str]| {
        let mut command = vmpack();
        command.current_dir(folder).args(["compare", "old", new]);
        command.args(gates.iter().flat_map(|gate| ["--fail-on", gate]));
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let gates = ["time=1.3", "cost=1", "bound=1", "counter:fills=1", "solved", "wrong"];
    let (code, text) = compare("new", &gates);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("pairs: 48 of 24 instances"), "{text}");

    copy(folder, "new", "slow", |record| {
        if record["method"] == "mbs" {
            for clock in ["wall_s", "cpu_s"] {
                let seconds = record["measurement"][clock].as_f64().unwrap();
                record["measurement"][clock] = (2.0 * seconds + 0.02).into();
            }
        }
        true
    });
    let (code, text) = compare("slow", &["time=1.3"]);
    assert_eq!(code, Some(4), "{text}");
    assert!(text.contains("FAILED time=1.3 (mbs): "), "{text}");
    assert!(!text.contains("FAILED time=1.3 (ffd-l1)"), "{text}");

    copy(folder, "new", "busy", |record| {
        if let Some(fills) = record["answer"]["counters"]["fills"].as_u64() {
            record["answer"]["counters"]["fills"] = (fills + 1).into();
        }
        record["seed"] == 0 && record["instance"] != "falkenauer-uniform-n20-s1"
    });
    let mut manifest: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.join("busy/manifest.json")).unwrap())
            .unwrap();
    manifest["commit"] = "0ff".into();
    manifest["machine"]["cores"] = 999.into();
    fs::write(folder.join("busy/manifest.json"), manifest.to_string()).unwrap();
    let (code, text) = compare("busy", &["counter:fills=1"]);
    assert_eq!(code, Some(4), "{text}");
    assert!(text.contains("the new with 0ff") && text.contains("999 x"), "{text}");
    assert!(text.contains("only in old: 2") && text.contains("n20-s1"), "{text}");

    let json =
        vmpack().current_dir(folder).args(["compare", "old", "busy", "--json"]).output().unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["pairs"], 46);
    assert_eq!(json["measures"][0]["measure"], "time");
    vmpack().args(["compare", "a", "b", "--fail-on", "speed=1"]).assert().code(1);
}

/// Every cell of both tables against the records, Parquet as polars reads it.
#[test]
fn exports_hold_what_the_records_say() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("tiny");
    fs::create_dir_all(&out).unwrap();
    // All kinds of values: fractions, great integers, text that CSV quotes, runs without an answer, a replay.
    let example = include_str!("../crates/results/tests/data/record.json");
    let mut lines = String::new();
    for number in 0..7_u64 {
        let mut record: serde_json::Value = serde_json::from_str(example).unwrap();
        record["run"] = format!("{number:032x}").into();
        record["instance"] = format!("a \"b\", c\n{number} \u{e9}").into();
        record["seed"] = (u64::MAX - number).into();
        match number {
            0 => record["answer"]["judgement"]["cost"] = "7/3".into(),
            1 => record["answer"]["lower_bound"] = "18446744073709551617".into(),
            2 => {
                record["answer"] = serde_json::Value::Null;
                record["termination"] = serde_json::json!({"kind": "crashed", "signal": 11});
            }
            3 => {
                record["answer"] = serde_json::Value::Null;
                record["termination"] =
                    serde_json::json!({"kind": "failed", "message": "no, \"no\""});
                record["reference"] = serde_json::Value::Null;
            }
            4 => {
                record["schema"] = 2.into();
                record["family"] = "replay".into();
                record["replay"] = serde_json::json!({"kind": "load", "settings": {"hosts": 800}});
                record["answer"]["metrics"] = serde_json::json!({"energy": {"value": 0.1, "unit": "kWh"}, "hosts_on": {"value": 3, "unit": ""}});
            }
            5 => {
                record["answer"]["counters"] = serde_json::json!({"nodes": u64::MAX, "columns": 0});
            }
            _ => {}
        }
        writeln!(lines, "{record}").unwrap();
    }
    fs::write(out.join("records.jsonl"), lines).unwrap();
    let export = |name: &str| {
        vmpack().arg("export").arg(&out).arg("--out").arg(folder.path().join(name)).assert()
    };
    export("t.json").code(1);
    export("t.csv").success();
    export("t.parquet").success();
    let mut csv = csv::Reader::from_path(folder.path().join("t.csv")).unwrap();
    let names: Vec<String> = csv.headers().unwrap().iter().map(str::to_owned).collect();
    let rows: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 7);
    let all = records(&out);
    let cell = |row: usize, name: &str| &rows[row][names.iter().position(|n| n == name).unwrap()];
    assert_eq!((cell(0, "cost_exact"), cell(0, "cost")), ("7/3", "2.3333333333333335"));
    assert_eq!(cell(1, "lower_bound_exact"), "18446744073709551617");
    assert_eq!((cell(2, "signal"), cell(2, "cost"), cell(3, "message")), ("11", "", "no, \"no\""));
    assert_eq!(
        (cell(4, "metric_energy"), cell(5, "counter_nodes")),
        ("0.1", "18446744073709551615")
    );
    for (row, record) in all.iter().enumerate() {
        assert_eq!(cell(row, "instance"), record["instance"].as_str().unwrap());
        assert_eq!(cell(row, "seed"), record["seed"].to_string());
        assert_eq!(
            cell(row, "peak_rss_bytes"),
            record["measurement"]["peak_rss_bytes"].to_string()
        );
    }

    let python = native_python();
    let polars = Command::new(&python).args(["-c", "import polars"]).output();
    if !polars.is_ok_and(|output| output.status.success()) {
        skipped("in part, there is no Python package polars in .native/python");
        return;
    }
    // Both tables hold the same: what polars reads of one by type equals the text of the other.
    let script = "
import csv, json, sys
import polars
table = polars.read_parquet(sys.argv[1])
rows = list(csv.DictReader(open(sys.argv[2], newline='')))
assert table.columns == list(rows[0]), table.columns
types = {name: str(kind) for name, kind in table.schema.items()}
read = {'String': str, 'UInt64': int, 'Float64': float, 'Boolean': lambda text: text == 'true'}
for place, row in enumerate(table.iter_rows(named=True)):
    for name, value in row.items():
        text = rows[place][name]
        expected = None if text == '' else read[types[name]](text)
        assert value == expected, (place, name, value, text)
print(json.dumps(types))
";
    let output = Command::new(&python)
        .args(["-c", script])
        .arg(folder.path().join("t.parquet"))
        .arg(folder.path().join("t.csv"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let types: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    for (name, expected) in [
        ("run", "String"),
        ("seed", "UInt64"),
        ("cost", "Float64"),
        ("cost_exact", "String"),
        ("proved", "Boolean"),
        ("counter_nodes", "UInt64"),
        ("metric_energy", "Float64"),
    ] {
        assert_eq!(types[name], expected, "{name}");
    }
}
