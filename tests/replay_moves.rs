//! Scenarios in which running VMs are moved: consolidation by packing methods and load balancing, judged.

use std::fs;

use serde_json::Value;

use crate::support::vmpack;

/// Runs an experiment on one shipped scenario; what each run measured, all of it judged correct.
fn run(scenario: &str, changes: &str) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let experiment = format!(
        "name = 'e'\nlimits.wall_s = 600\n[[replays]]\ntraces = ['scenario:{scenario}']\noptions = {{ set = {changes} }}\n"
    );
    fs::write(folder.path().join("e.toml"), experiment).unwrap();
    let out = folder.path().join("out");
    vmpack().arg("run").arg(folder.path().join("e.toml")).arg("--out").arg(&out).assert().success();
    let text = fs::read_to_string(out.join("records.jsonl")).unwrap();
    let records: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for record in &records {
        assert_eq!(record["answer"]["judgement"]["verdict"], "correct", "{record}");
    }
    records
}

fn replay(scenario: &str, change: &str) -> Value {
    let trace = format!("scenario:{scenario}");
    let said =
        vmpack().args(["replay", "--json", "--trace", &trace, "--set", change]).assert().success();
    serde_json::from_slice(&said.get_output().stdout).unwrap()
}

#[test]
fn packing_methods_save_hosts_and_energy() {
    let number = |said: &Value, name: &str| said[name].as_f64().unwrap();
    let kept = replay("consolidation", "consolidation.budget=0");
    assert!(number(&kept, "migrations") <= 0.0);
    let packed = replay("consolidation", "consolidation.method=ffd-l2");
    assert!(number(&packed, "hosts_emptied") > 10.0);
    assert!(number(&packed, "energy_kwh") < 0.95 * number(&kept, "energy_kwh"));
    let refused = vmpack()
        .args(["replay", "--trace", "scenario:consolidation", "--set", "consolidation.method=fdd"])
        .assert()
        .failure();
    let said = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    assert!(said.contains("there is no packing method \"fdd\""), "{said}");
}

#[test]
fn moves_of_scenarios_are_judged() {
    assert_eq!(run("consolidation", "['consolidation.method=ffd-l2']").len(), 1);
    assert_eq!(run("balancing", "['balancing.dry=true', 'balancing.dry=false']").len(), 2);
}
