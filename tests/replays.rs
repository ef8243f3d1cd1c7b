//! Experiments of replays, from the file to records, series and report.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::vmpack;

/// A folder with an experiment and a trace of load of so many VMs.
fn laboratory(experiment: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("days/monday");
    fs::create_dir_all(&trace).unwrap();
    for vm in 0..24 {
        let load = |sample: usize| (vm * 37 + sample / 5 * 13) % 71;
        let day: Vec<String> = (0..288).map(|sample| load(sample).to_string()).collect();
        fs::write(trace.join(format!("vm-{vm:02}")), day.join("\n")).unwrap();
    }
    fs::write(folder.path().join("e.toml"), experiment).unwrap();
    folder
}

fn run(folder: &Path, more: &[&str]) -> assert_cmd::assert::Assert {
    let (experiment, out) = (folder.join("e.toml"), folder.join("out"));
    vmpack().arg("run").arg(experiment).arg("--out").arg(out).args(more).assert()
}

fn records(folder: &Path) -> Vec<Value> {
    let text = fs::read_to_string(folder.join("out/records.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn metric(record: &Value, name: &str) -> f64 {
    record["answer"]["metrics"][name]["value"].as_f64().unwrap()
}

const EXPERIMENT: &str = "name = 'e'
limits.wall_s = 600

[[replays]]
traces = ['days/*', 'absent/*']
policies = ['best', 'thr-rs-0.8']
seeds = [1, 2]
options = { mode = ['corrected', 'cloudsim303'], hosts = 30 }
series = true

[[replays]]
traces = ['bursty:rate=100,days=2']
policies = ['first-fit', 'lifetime']
seeds = [7]
options = { cluster = '60x64c256g', noise = [0, 2.5] }

[[replays]]
traces = ['poisson:rate=0.7,jobs=2000']
options = { scheduler = ['fcfs', 'fair-share'], cores = 2 }

[[replays]]
traces = ['poisson:rate=0.01,work=log-normal:600:1.5,processors=64,jobs=300']
options = { queue = ['fcfs', 'easy'], cluster = '128x1c' }
";

#[test]
fn replays_are_runs_like_all_others() {
    let folder = laboratory(EXPERIMENT);
    let folder = folder.path();
    let said = String::from_utf8(run(folder, &[]).success().get_output().stderr.clone()).unwrap();
    assert!(said.contains("The trace absent/* is missing"), "{said}");
    let all = records(folder);
    // `best` draws nothing and needs one seed; nor do exact predictions.
    assert_eq!(all.len(), 2 * (1 + 2) + 2 * 2 + 2 + 2);
    for record in &all {
        assert_eq!(record["answer"]["judgement"]["verdict"], "correct", "{record}");
        assert_eq!((&record["schema"], &record["family"]), (&2.into(), &"replay".into()));
        assert!(!record["answer"]["derived"].as_array().unwrap().is_empty(), "{record}");
    }
    let of = |kind: &str, policy: &str| {
        let is_it = |r: &&Value| r["replay"]["kind"] == kind && r["method"] == policy;
        all.iter().filter(is_it).collect::<Vec<_>>()
    };
    let best = of("load", "best");
    let best = best.iter().find(|r| r["replay"]["settings"]["mode"] == "corrected").unwrap();
    assert!(metric(best, "energy_lower_bound_kwh") <= metric(best, "energy_kwh"));
    assert_eq!(best["answer"]["metrics"]["energy_kwh"]["unit"], "kWh");
    for (name, lines) in [("periods", 1 + 287), ("hosts", 1 + 24 * 30)] {
        let run = best["run"].as_str().unwrap();
        let csv = fs::read_to_string(folder.join(format!("out/series/{run}.{name}.csv"))).unwrap();
        assert_eq!(csv.lines().count(), lines, "{name}");
    }
    // One function serves the harness and the command.
    let alone = vmpack()
        .args(["replay", "--policy", "lifetime", "--cluster", "60x64c256g", "--noise", "2.5"])
        .args(["--seed", "7", "--trace", "bursty:rate=100,days=2", "--json"])
        .assert()
        .success();
    let alone: Value = serde_json::from_slice(&alone.get_output().stdout).unwrap();
    let noisy = of("arrivals", "lifetime");
    let noisy = noisy.iter().find(|r| r["replay"]["settings"]["noise"] == 2.5).unwrap();
    assert!((metric(noisy, "server_days") - alone["server_days"].as_f64().unwrap()).abs() < 1e-9);

    // What is recorded is not run again, and the same runs have the same ids.
    let text = fs::read_to_string(folder.join("out/records.jsonl")).unwrap();
    let kept: String = text.split_inclusive('\n').take(5).collect();
    fs::write(folder.join("out/records.jsonl"), &kept).unwrap();
    let said = run(folder, &["--resume"]).success();
    let said = String::from_utf8(said.get_output().stderr.clone()).unwrap();
    assert!(said.contains(&format!("{} runs recorded, 5 were there before", all.len() - 5)));
    let measured = |records: &[Value]| {
        let mut of: Vec<String> = records
            .iter()
            .map(|r| format!("{} {} {}", r["run"], r["method"], r["answer"]["metrics"]))
            .collect();
        of.sort();
        of
    };
    assert_eq!(measured(&records(folder)), measured(&all));
    vmpack().arg("report").arg(folder.join("out")).assert().success();
}

#[test]
fn another_trace_of_the_same_name_is_another_run() {
    let text = "name = 'e'\nlimits.wall_s = 600\n[[replays]]\ntraces = ['days/monday']\n\
                policies = ['dvfs']\noptions.hosts = 30\n";
    let folder = laboratory(text);
    let folder = folder.path();
    run(folder, &[]).success();
    fs::write(folder.join("days/monday/vm-00"), "1\n".repeat(288)).unwrap();
    run(folder, &["--resume"]).success();
    let runs = records(folder);
    assert_eq!(runs.len(), 2);
    assert_ne!(runs[0]["run"], runs[1]["run"]);
    assert_ne!(runs[0]["instance_hash"], runs[1]["instance_hash"]);
}

#[test]
fn mistakes_are_named_with_their_line() {
    let block = |fields: &str| format!("name = 'e'\nlimits.wall_s = 9\n[[replays]]\n{fields}\n");
    let refusal = |fields: &str| {
        let folder = laboratory(&block(fields));
        let said = run(folder.path(), &[]).code(1).get_output().stderr.clone();
        String::from_utf8(said).unwrap()
    };
    for (fields, expected) in [
        ("policies = ['best']", "e.toml:3: missing field `traces`"),
        ("traces = []", "e.toml:3: traces: expected at least one"),
        ("traces = ['days/*']\nhost = 3", "e.toml:5: unknown field `host`"),
        (
            "traces = ['days/*']",
            "e.toml:3: replays: expected --policy <NAME>, or for jobs --scheduler or --queue",
        ),
        (
            "traces = ['days/*']\npolicies = ['best',\n'bets']",
            "e.toml:6: replays: policies: there is no policy \"bets\" for traces of load; did you mean best",
        ),
        (
            "traces = ['days/*']\npolicies = ['best']\n[replays.options]\nmode = ['corrected', 'wrong']",
            "e.toml:7: replays: options.mode: there is no mode \"wrong\"",
        ),
        (
            "traces = ['days/*']\npolicies = ['best']\n[replays.options]\nhosts = 0",
            "e.toml:7: replays: options.hosts: invalid value '0' for '--hosts <HOSTS>': expected a whole number",
        ),
        (
            "traces = ['days/*']\npolicies = ['best']\noptions.nois = 3",
            "e.toml:6: replays: options.nois: unexpected argument '--nois' found; did you mean noise?",
        ),
        (
            "traces = ['days/*']\npolicies = ['best']\noptions.json = true",
            "e.toml:6: replays: options.json: expected an option of `vmpack replay`",
        ),
        (
            "traces = ['days/*']\npolicies = ['best']\noptions.hosts = []",
            "e.toml:6: options.hosts: expected at least one value in every list, found one that is empty",
        ),
        (
            "traces = ['poisson:rate=1']\npolicies = ['first-fit']",
            "e.toml:3: replays: options.cluster: a trace of arrivals needs --cluster",
        ),
        (
            "traces = ['days/*']\npolicies = ['best']\noptions.noise = 2",
            "e.toml:6: replays: options.noise: --noise is for a trace of arrivals, and ",
        ),
        (
            "traces = ['scenario:day']\noptions.set = ['placement.polcy=x']",
            "e.toml:5: replays: options.set: scenario:day: \"placement.polcy=x\": [placement]: unknown field `polcy`",
        ),
        (
            "traces = ['scenario:faults']\noptions.set = [['faults.recovery=wait'],\n['faults.spare=hosts:x']]",
            "e.toml:5: replays: options.set: scenario:faults: \"faults.spare=hosts:x\": [faults]: spare: ",
        ),
        (
            "traces = ['scenario:allotments']\noptions.set = 'allocation.method=magic'",
            "\"allocation.method=magic\": [allocation]: method: there is none named \"magic\"",
        ),
        (
            "traces = ['scenario:faults']\noptions.set = [['faults.recovery=wait'], ['faults.recovery=restart']]",
            "\"faults.recovery=restart\": expected each field once, found \"faults.recovery=wait\" too",
        ),
        (
            "traces = ['absent']\npolicies = ['best']",
            "there is nothing to run. The trace absent is missing",
        ),
    ] {
        let said = refusal(fields);
        assert!(said.contains(expected), "{fields}: {said}");
    }
}

#[test]
fn records_say_what_was_derived_again() {
    let text = "name = 'e'\nlimits.wall_s = 600\n[[replays]]\ntraces = ['bursty:rate=50,days=1']\n\
                policies = ['first-fit']\noptions.cluster = '60x64c256g'\n";
    let folder = laboratory(text);
    run(folder.path(), &[]).success();
    let honest = &records(folder.path())[0];
    assert_eq!(honest["answer"]["judgement"]["verdict"], "correct");
    let derived: Vec<&str> =
        honest["answer"]["derived"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for name in ["server_days", "server_days_lower_bound", "peak_hosts", "rejected", "events"] {
        assert!(derived.contains(&name), "{name} is taken on trust: {derived:?}");
    }
}

#[test]
fn a_file_that_a_scenario_refers_to_is_part_of_what_a_run_is() {
    let folder = laboratory(
        "name = 'e'\nlimits.wall_s = 600\n[[replays]]\ntraces = ['s.toml']\nseeds = [1]\n",
    );
    let folder = folder.path();
    let scenario = "[cluster]\nhosts = '8x32c128g'\n[workload]\nsource = 'diurnal:rate=4,days=0.2'\n\
                    [interference]\nmatrix = 'matrix.csv'\n";
    fs::write(folder.join("s.toml"), scenario).unwrap();
    let missing = run(folder, &[]).failure().code(1);
    let said = String::from_utf8_lossy(&missing.get_output().stderr).into_owned();
    assert!(said.contains("matrix.csv") && said.contains("e.toml"), "{said}");
    let matrix = |entry: u64| {
        fs::write(folder.join("matrix.csv"), format!("class,all\nall,{entry}\n")).unwrap();
    };
    matrix(100);
    run(folder, &[]).success();
    run(folder, &["--resume"]).success();
    assert_eq!(records(folder).len(), 1);
    matrix(300);
    run(folder, &["--resume"]).success();
    let [before, after] = &records(folder)[..] else { panic!("two runs") };
    assert_ne!(before["run"], after["run"]);
    assert_eq!(before["instance_hash"], after["instance_hash"]);
    assert_ne!(before["answer"]["metrics"], after["answer"]["metrics"]);
}
