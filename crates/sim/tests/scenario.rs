//! Scenario files: what they mean, and what is refused.

use std::path::PathBuf;

use vmpack_model::Registry;
use vmpack_sim::scenario::{Amount, Metrics, Scenario, ScenarioError};

const FILE: &str = r#"
[cluster]
hosts = "20x16c64g"
power = "ml110-g4"

[workload]
source = "poisson:rate=40,days=0.5,life=2"

[placement]
policy = "best-fit"
queue = "fcfs"

[migration]
bandwidth_mbit = 1000
"#;

fn file(folder: &tempfile::TempDir, text: &str) -> PathBuf {
    let path = folder.path().join("scenario.toml");
    std::fs::write(&path, text).expect("written");
    path
}

fn read(text: &str, changes: &[&str]) -> Result<Scenario, ScenarioError> {
    let folder = tempfile::tempdir().expect("a folder");
    let changes: Vec<String> = changes.iter().map(|&change| change.to_owned()).collect();
    Scenario::read(&file(&folder, text), &changes, 3)
}

fn run(text: &str, changes: &[&str]) -> Metrics {
    let mut scenario = read(text, changes).expect("a scenario");
    scenario.run(&Registry::default(), Vec::new()).expect("runs")
}

#[test]
fn the_same_scenario_gives_the_same_metrics() {
    let metrics = run(FILE, &[]);
    assert_eq!(metrics, run(FILE, &[]));
    assert!(matches!(metrics.get("energy_kwh"), Some(Amount::Real(kwh)) if kwh > 0.0));
    assert!(matches!(metrics.get("vms"), Some(Amount::Count(vms)) if vms > 300));
    assert_ne!(metrics, run(FILE, &["placement.policy=worst-fit"]), "a change counts");
    assert_ne!(metrics, run(FILE, &["cluster.power=[90,90,90,90,90,90,90,90,90,90,90]"]));
}

#[test]
fn what_is_wrong_is_said() {
    let refused = |text: &str, changes: &[&str], expected: &str| {
        let error = read(text, changes).expect_err("refused").to_string();
        assert!(error.contains(expected), "{expected:?} is not in {error}");
    };
    refused("", &[], "scenario.toml:1: expected a section [cluster]");
    refused("[cluster", &[], "scenario.toml:1: ");
    refused(
        &FILE.replace("queue = ", "queues = "),
        &[],
        "scenario.toml:11: [placement]: unknown field `queues`",
    );
    refused(
        &FILE.replace("fcfs", "lifo"),
        &[],
        "scenario.toml:11: [placement]: unknown variant `lifo`",
    );
    refused(
        &FILE.replace("best-fit", "bets-fit"),
        &[],
        "scenario.toml:9: [placement]: policy: there is no policy \"bets-fit\"",
    );
    refused(&FILE.replace("20x", "x"), &[], "scenario.toml:2: [cluster]: hosts: ");
    refused(&FILE.replace("ml110-g4", "steam"), &[], "power: there is no table \"steam\"");
    refused(
        &FILE.replace("poisson:rate=40", "poisson:rat=40"),
        &[],
        "[workload]: source: there is no parameter",
    );
    refused(&FILE.replace("poisson:", "no such file"), &[], "[workload]: source: ");
    refused(
        &FILE.replace("migration", "migrations"),
        &[],
        "scenario.toml:13: there is no section [migrations]",
    );
    refused(FILE, &["placement"], "\"placement\": expected SECTION.FIELD=VALUE");
    refused(FILE, &["placement.polcy=first-fit"], "[placement]: unknown field `polcy`");
    refused(FILE, &["edge.of=the-world"], "there is no section [edge]");
    refused(FILE, &["workload.days=-1"], "days: expected a number");
}
