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

/// A host that wants more than half of its CPU is alarming; VMs use all that they ask for, so none is short.
const MONITORING: &str = r#"
[monitoring]
period = 600
[[monitoring.rules]]
name = "half"
metric = "host_cpu_wanted_ratio"
tells = "overload"
kind = "threshold"
above = 0.5
"#;

#[test]
fn a_section_has_the_run_monitored() {
    let alone = run(FILE, &[]);
    let text = format!("{FILE}{MONITORING}");
    let metrics = run(&text, &[]);
    assert!(matches!(metrics.get("alarms"), Some(Amount::Count(alarms)) if alarms > 10));
    assert_eq!(metrics.get("incidents"), Some(Amount::Count(0)));
    assert_eq!(metrics.get("alarm_precision.half"), Some(Amount::Real(0.0)));
    assert_eq!(metrics.get("alarm_recall.half"), None, "there is nothing to recall");
    let rest = &metrics.all()[..alone.all().len()];
    assert_eq!(rest, alone.all(), "nothing else changes");
    assert_eq!(read(&text, &[]).expect("a scenario").monitoring().period, 600_000);
    let seldom = run(&text, &["monitoring.period=7200"]);
    assert_ne!(seldom.get("alarms"), metrics.get("alarms"));

    let refused = |from: &str, to: &str, expected: &str| {
        let error = read(&text.replace(from, to), &[]).expect_err("refused").to_string();
        assert!(error.contains(expected), "{expected:?} is not in {error}");
    };
    refused(
        "period = 600",
        "period = 0",
        "scenario.toml:16: [monitoring]: period: expected at least",
    );
    refused("above = 0.5", "over = 0.5", "scenario.toml:23: [monitoring]: unknown field `over`");
    let rule =
        "scenario.toml:16: [monitoring]: rule \"half\": kind: expected threshold, ewma or cusum";
    refused("kind = \"threshold\"", "kind = \"fuzzy\"", rule);
}

#[test]
fn what_vms_use_over_time_is_read_or_drawn() {
    let share = |metrics: &Metrics, name: &str| match metrics.get(name) {
        Some(Amount::Real(share)) => share,
        other => panic!("{name} is {other:?}"),
    };
    let drawn = |seed: &str| {
        let source = format!("workload.source=diurnal-load:vms=80,days=0.5,mean=0.9,seed={seed}");
        run(FILE, &[&source])
    };
    let metrics = drawn("1");
    assert_eq!(metrics.get("vms"), Some(Amount::Count(80)));
    assert_eq!(metrics, drawn("1"));
    assert_ne!(metrics, drawn("2"));
    // A folder of PlanetLab: four VMs of 2.5, 2, 1 and 0.5 cores, of which two do not fit the first host.
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["a", "b", "c", "d"] {
        std::fs::write(folder.path().join(name), "50\n".repeat(288)).expect("written");
    }
    let source = format!("workload.source={}", folder.path().display());
    let planetlab = run(FILE, &[&source, "cluster.hosts=2x3.72c4g", "placement.policy=first-fit"]);
    assert_eq!(planetlab.get("peak_hosts"), Some(Amount::Count(2)));
    assert!((share(&planetlab, "host_hours") - 48.0).abs() < 1e-9);
    // 1.75 and 1.25 cores of 3.72 of ML110 G4, for a day: piecewise linear between the tenths.
    let watts = |cores: f64| {
        let tenths = cores / 3.72 * 10.0;
        let points = [86.0, 89.4, 92.6, 96.0, 99.5, 102.0, 106.0];
        let k = tenths as usize;
        points[k] + (points[k + 1] - points[k]) * (tenths - k as f64)
    };
    let expected = (watts(1.75) + watts(1.25)) * 24.0 / 1000.0;
    let found = share(&planetlab, "energy_kwh");
    assert!((found - expected).abs() < 1e-4, "{found} {expected}");
    let error =
        read(FILE, &["workload.source=diurnal-load:vms=x"]).expect_err("refused").to_string();
    assert!(error.contains("source: vms: expected a number from 1 to 10000000"), "{error}");
}
