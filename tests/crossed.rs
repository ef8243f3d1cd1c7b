//! Settings of replays that are crossed, and reports against a baseline.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::support::{records, vmpack};

/// A day of a small cluster whose hosts fail often.
const SCENARIO: &str = "[cluster]\nhosts = '6x16c64g'\nrack = 3\n
[workload]\nsource = 'poisson:rate=4,days=1,life=4'\n
[placement]\npolicy = 'first-fit'\n
[faults]\nfailures = 'host:up=exponential:1d,down=log-normal:1h:1'\ndetector = 'timeout:after=10s'\n\
recovery = 'wait'\n";

/// Runs an experiment on the scenario with these values of the option `set`; the ids of its runs by policy.
fn run(folder: &Path, name: &str, set: &str) -> BTreeMap<String, String> {
    fs::write(folder.join("s.toml"), SCENARIO).unwrap();
    let text = format!(
        "name = 'e'\nlimits.wall_s = 60\n[[replays]]\ntraces = ['s.toml']\noptions.set = {set}\n"
    );
    fs::write(folder.join("e.toml"), text).unwrap();
    let out = folder.join(name);
    vmpack().arg("run").arg(folder.join("e.toml")).arg("--out").arg(&out).assert().success();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let all = records(&out);
    assert!(all.iter().all(|r| r["answer"]["judgement"]["verdict"] == "correct"));
    all.iter().map(|record| (text(&record["method"]), text(&record["run"]))).collect()
}

fn table(folder: &Path, name: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(folder.join(format!("tables/{name}.csv"))).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

#[test]
fn settings_are_crossed_and_a_report_tells_them_apart() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let alone = run(folder, "alone", "['faults.recovery=restart', 'faults.spare=hosts:1']");
    let crossed = run(
        folder,
        "crossed",
        "[['faults.detector=timeout:after=4s', 'faults.detector=timeout:after=1m'], \
          [false, 'faults.recovery=wait', 'faults.recovery=restart'], [false, 'faults.spare=hosts:1']]",
    );
    assert_eq!((alone.len(), crossed.len()), (2, 2 * 3 * 2));
    let all = "faults.detector=timeout:after=4s faults.recovery=restart faults.spare=hosts:1";
    assert!(crossed.contains_key(all), "{crossed:?}");
    assert!(crossed.contains_key("faults.detector=timeout:after=1m"), "nothing else is changed");
    // Runs of one setting are the same runs, however they were asked for.
    let same =
        run(folder, "same", "[['faults.recovery=restart', 'faults.spare=hosts:1'], [false]]");
    assert_eq!(same, alone);

    let out = folder.join("crossed");
    let report = |more: &[&str]| vmpack().arg("report").arg(&out).args(more).assert();
    report(&[]).success();
    let policies = table(&out, "policies");
    assert!(policies.iter().any(|row| row["label"] == "detector=after=4s recovery=restart spare"));
    let baseline = "detector=after=1m recovery=wait";
    report(&["--baseline", baseline]).success();
    let mut policies = table(&out, "policies");
    // Some have metrics that the baseline has not.
    policies.retain(|row| row["metric"] == "vm_down_hours");
    assert_eq!(policies.len(), crossed.len());
    let (own, others): (Vec<_>, Vec<_>) = policies.iter().partition(|row| row["label"] == baseline);
    assert!(!own.is_empty() && own.iter().all(|row| row["against"].is_empty()));
    assert!(policies.iter().all(|row| crossed.contains_key(&row["policy"])), "as runs name it");
    assert!(policies.iter().all(|row| (&*row["traces"], &*row["seeds"]) == ("1", "1")));
    assert!(others.iter().all(|row| row["against"] == baseline && !row["p_holm"].is_empty()));
    let said = report(&["--baseline", "nobody"]).code(1).get_output().stderr.clone();
    let said = String::from_utf8(said).unwrap();
    assert!(said.contains("baseline \"nobody\": there is no such method; there are "), "{said}");
    assert!(said.contains(baseline), "{said}");
}
