//! Scenarios: a cluster in operation, from the command and as runs of an experiment.

use std::fs;

use serde_json::Value;

use crate::support::vmpack;

/// Some VMs on three hosts.
const SCENARIO: &str = "[cluster]
hosts = '3x16c64g'

[workload]
source = 'poisson:rate=10,days=0.5,life=2'

[placement]
queue = 'backfill'
host_boot_s = 60
";

#[test]
fn a_scenario_is_replayed_and_what_is_wrong_with_it_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("office.toml");
    fs::write(&path, SCENARIO).unwrap();
    let replay =
        |more: &[&str]| vmpack().arg("replay").arg("--trace").arg(&path).args(more).assert();
    let said = replay(&["--json", "--set", "placement.policy=worst-fit"]).success();
    let said: Value = serde_json::from_slice(&said.get_output().stdout).unwrap();
    assert_eq!(
        (&said["kind"], &said["policy"]),
        (&"operation".into(), &"placement.policy=worst-fit".into())
    );
    assert!(said["energy_kwh"].as_f64().unwrap() > 0.0 && said["vms"].as_u64().unwrap() > 50);
    let refused = |more: &[&str], why: &str| {
        let said = String::from_utf8(replay(more).failure().get_output().stderr.clone()).unwrap();
        assert!(said.contains(why), "{why:?} is not in {said}");
    };
    refused(&["--policy", "best-fit"], "expected --set placement.policy=best-fit");
    refused(&["--set", "placement.polcy=best-fit"], "[placement]: unknown field `polcy`");
    fs::write(&path, SCENARIO.replace("16c", "16")).unwrap();
    refused(&[], "office.toml:2: [cluster]: hosts: ");
    let unknown = vmpack().args(["replay", "--trace", "scenario:dya"]).assert().failure();
    let said = String::from_utf8(unknown.get_output().stderr.clone()).unwrap();
    assert!(said.contains("did you mean day?"), "{said}");
}

#[test]
fn scenarios_are_runs_of_an_experiment() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("office.toml"), SCENARIO).unwrap();
    let experiment = "name = 'e'
limits.wall_s = 600
[[replays]]
traces = ['office.toml', 'scenario:day']
options = { set = ['placement.policy=first-fit', 'placement.policy=worst-fit'] }
seeds = [1, 2]
series = true
";
    fs::write(folder.path().join("e.toml"), experiment).unwrap();
    let out = folder.path().join("out");
    vmpack().arg("run").arg(folder.path().join("e.toml")).arg("--out").arg(&out).assert().success();
    let report = |name: &str| fs::read_to_string(out.join(name)).unwrap();
    vmpack().arg("report").arg(&out).assert().success();
    // Policies compare within a scenario, seed by seed; settings are told by what differs.
    let table = report("tables/policies.csv");
    for scenario in ["office", "scenario:day"] {
        for policy in ["first-fit", "worst-fit"] {
            let row =
                format!("\n{scenario},placement.policy={policy},policy={policy},energy_kwh,1,2,");
            assert!(table.contains(&row), "{row} is not in {table}");
        }
    }
    let page = report("report.html");
    assert!(page.contains("Medians over 2 seeds;") && page.contains("Comparison of policies"));
    assert!(!page.contains("Waiting against load"), "there are no jobs");
    assert!(!page.contains("Energy against SLA violation"), "no VM was ever moved");
    let text = fs::read_to_string(out.join("records.jsonl")).unwrap();
    let records: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(records.len(), 8);
    for record in &records {
        assert_eq!(record["answer"]["judgement"]["verdict"], "correct", "{record}");
        let run = record["run"].as_str().unwrap();
        let csv = fs::read_to_string(out.join(format!("series/{run}.periods.csv"))).unwrap();
        assert!(csv.starts_with("time_s,hosts_on,power_w,"));
    }
}

#[test]
fn the_judge_follows_rules_through_failures() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = "[cluster]
hosts = '12x16c64g'
rack = 3

[workload]
source = 'poisson:rate=12,days=3,life=6'

[isolation]
tenants = 6
terms = [
    { rule = 'private', tenant = 0, with = [4], within = 'host' },
    { rule = 'wall', tenants = [1, 2], within = 'rack' },
    { rule = 'at-most', of = 'each-tenant', most = 7, within = 'host' },
    { rule = 'together', of = 3, within = 'host' },
    { rule = 'spread', of = 5, least = 3, over = 'rack' },
    { rule = 'survive', failures = 1 },
]

[faults]
failures = 'host:up=exponential:20h,down=exponential:2h+rack:up=exponential:3d,down=exponential:1h'
recovery = 'evacuate:fence=10s'
";
    fs::write(folder.path().join("strict.toml"), scenario).unwrap();
    let experiment = "name = 'e'
limits.wall_s = 600
[[replays]]
traces = ['strict.toml']
options = { set = ['isolation.enforce=true', 'isolation.enforce=false', 'faults.recovery=wait'] }
";
    fs::write(folder.path().join("e.toml"), experiment).unwrap();
    let out = folder.path().join("out");
    vmpack().arg("run").arg(folder.path().join("e.toml")).arg("--out").arg(&out).assert().success();
    let text = fs::read_to_string(out.join("records.jsonl")).unwrap();
    let records: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(records.len(), 3);
    for record in &records {
        assert_eq!(record["answer"]["judgement"]["verdict"], "correct", "{record}");
        assert!(record.to_string().contains("exposure_pair_hours"), "{record}");
    }
}

/// The error of `vmpack replay`, which must refuse.
fn refusal(words: &[&str]) -> String {
    let said = vmpack().arg("replay").args(words).assert().code(1).stdout("");
    String::from_utf8(said.get_output().stderr.clone()).unwrap()
}

#[test]
fn options_of_another_kind_of_replay_are_refused_by_name() {
    let scenario = ["--trace", "scenario:day"];
    let arrivals = ["--trace", "poisson:days=1", "--policy", "first-fit", "--cluster", "9x16c64g"];
    let jobs = ["--trace", "poisson:rate=0.5,jobs=9", "--scheduler", "fcfs"];
    for (trace, option, subject) in [
        (&scenario[..], &["--hosts", "3"][..], "a scenario"),
        (&scenario, &["--cluster", "3x1c1g"], "a scenario"),
        (&arrivals, &["--mode", "corrected"], "a trace of arrivals"),
        (&arrivals, &["--with", "ram-enforced"], "a trace of arrivals"),
        (&arrivals, &["--hosts", "800"], "a trace of arrivals"),
        (&arrivals, &["--set", "placement.queue=fcfs"], "a trace of arrivals"),
        (&arrivals, &["--monitor", "never-written"], "a trace of arrivals"),
        (&arrivals, &["--cores", "1"], "a trace of arrivals"),
        (&jobs, &["--noise", "0"], "jobs"),
        (&jobs, &["--finished-only"], "jobs"),
    ] {
        let said = refusal(&[trace, option].concat());
        let expected = format!("{} is for ", option[0]);
        assert!(said.contains(&expected) && said.contains(subject), "{option:?}: {said}");
    }
    assert!(
        refusal(&["--trace", "x", "--queue", "easy", "--cores", "2"]).contains("--cores is for")
    );
}

#[test]
fn a_trace_of_nothing_is_no_result() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name).to_str().unwrap().to_owned()
    };
    let header = write("header.csv", "vmid,cpu,memory,time,type\n");
    let log = write("log.swf", "; MaxProcs: 4\n");
    let said = refusal(&["--trace", &header, "--policy", "first-fit", "--cluster", "3x4c4g"]);
    assert!(said.contains("header.csv: expected VMs that come, found none"), "{said}");
    let said = refusal(&["--trace", &log, "--queue", "easy"]);
    assert!(said.contains("log.swf: expected jobs, found none"), "{said}");
    let scenario =
        write("s.toml", "[cluster]\nhosts = '1x1c1g'\n[workload]\nsource = 'header.csv'\n");
    let said = refusal(&["--trace", &scenario]);
    assert!(said.contains("s.toml:4: [workload]: source: expected VMs that come"), "{said}");
}

#[test]
fn traces_are_found_in_the_data_directory() {
    let data = tempfile::tempdir().unwrap();
    fs::write(data.path().join("few.csv"), "vmid,cpu,memory,time,type\n0,1,1,0,0\n0,1,1,9,1\n")
        .unwrap();
    let replay = ["replay", "--trace", "few.csv", "--policy", "first-fit", "--cluster", "3x4c4g"];
    vmpack().env("VMPACK_DATA", data.path()).args(replay).assert().success();
}
