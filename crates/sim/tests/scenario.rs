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

#[test]
fn migrations_and_balancing_are_parts() {
    let text = FILE
        .replace("mbit = 1000", "mbit = 10000")
        .replace("rate=40,days=0.5,life=2", "rate=4,days=2,life=20")
        + "in_all = 4\nprice_downtime_s = 2.0\n";
    let number = |metrics: &Metrics, name: &str| match metrics.get(name) {
        Some(Amount::Real(real)) => real,
        Some(Amount::Count(count)) => count as f64,
        None => panic!("{name} is not in {metrics:?}"),
    };
    let balanced = text.clone() + "[balancing]\nhigh = 0.02\nlow = 0.01\nmargin = 0.01\n";
    let metrics = run(&balanced, &[]);
    assert_eq!(metrics, run(&balanced, &[]));
    assert!(number(&metrics, "migrations") > 0.0 && number(&metrics, "migration_core_s") > 0.0);
    let cost = number(&metrics, "migrated_gib") + 2.0 * number(&metrics, "migration_downtime_s");
    assert!((number(&metrics, "migration_cost") - cost).abs() < 1e-6);
    let dry = run(&balanced, &["balancing.dry=true"]);
    assert!(number(&dry, "migrations") == 0.0);
    assert!(number(&metrics, "imbalance_mean") < 0.9 * number(&dry, "imbalance_mean"));
    let simple = run(&balanced, &["migration.model=simple"]);
    assert!(number(&simple, "migration_downtime_s") == 0.0);
    for (change, expected) in [
        ("migration.per_host=0", "[migration]: per_host: expected a positive number"),
        ("migration.slowdown=2", "[migration]: slowdown: expected a number from 0 to 1"),
        ("migration.model=post-copy", "[migration]: unknown variant `post-copy`"),
        ("balancing.low=0.5", "[balancing]: low: expected at most high, which is 0.02"),
        ("balancing.cpu_weight=0", "[balancing]: cpu_weight: expected a positive weight"),
        ("balancing.margin=-1", "[balancing]: margin: expected a number from 0 to 100"),
    ] {
        let changes = [change.to_owned()];
        let folder = tempfile::tempdir().expect("a folder");
        let run = Scenario::read(&file(&folder, &balanced), &changes, 3)
            .and_then(|mut scenario| scenario.run(&Registry::default(), Vec::new()));
        let error = run.expect_err("refused").to_string();
        assert!(error.contains(expected), "{expected:?} is not in {error}");
    }
}

/// The scenario of tests of allotments: a day of VMs that use a third of what they request.
const LOADED: &str = r#"
[cluster]
hosts = "30x16c64g"
power = "ml110-g5"

[workload]
source = "diurnal:rate=12,days=1,life=10"
load = { burst = 0.02, noise = 0.1 }

[placement]
policy = "best-fit"
queue = "fcfs"

[allocation]
policy = "dynamic"
"#;

#[test]
fn policies_of_allotments_are_told_apart() {
    let methods = Registry {
        packing: Vec::new(),
        allocation: [vmpack_greedy::ALLOCATION, vmpack_dp::ALLOCATION].concat(),
    };
    let run = |changes: &[&str]| {
        let metrics = read(LOADED, changes).expect("a scenario").run(&methods, Vec::new());
        metrics.expect("it runs")
    };
    let number = |metrics: &Metrics, name: &str| match metrics.get(name) {
        Some(Amount::Real(real)) => real,
        Some(Amount::Count(count)) => count as f64,
        None => panic!("{name} is not in {metrics:?}"),
    };
    let [fixed, dynamic, hybrid] = ["fixed", "dynamic", "hybrid"]
        .map(|policy| run(&[format!("allocation.policy={policy}").as_str()]));
    for name in ["shortfall", "vm_worst_shortfall_p95", "memory_short_gib_hours", "reclaimed"] {
        assert!(number(&fixed, name) == 0.0, "{name}");
    }
    assert!(number(&dynamic, "energy_kwh") < number(&fixed, "energy_kwh"));
    assert!(number(&hybrid, "energy_kwh") < number(&fixed, "energy_kwh"));
    assert!(number(&dynamic, "reclaimed") > number(&hybrid, "reclaimed"));
    assert!(number(&dynamic, "shortfall") > number(&hybrid, "shortfall"), "it does not burst");
    assert!(number(&dynamic, "vm_shortfall_p95") > number(&dynamic, "shortfall"));
    assert_eq!(dynamic, run(&[]));
    let solved = run(&["allocation.method=alloc-dp", "allocation.relief=cut"]);
    assert_eq!(solved, run(&["allocation.relief=cut"]), "exact methods forgo as little");
}

#[test]
fn what_is_wrong_with_allotments_is_said() {
    let methods = Registry { packing: Vec::new(), allocation: vmpack_dp::ALLOCATION.to_vec() };
    for (change, expected) in [
        ("policy=elastic", "policy: there is none named \"elastic\": they are fixed, dynamic"),
        ("method=alloc-dpp", "method: there is none named \"alloc-dpp\": they are alloc-dp"),
        ("forecast=oracle", "forecast: there is none named \"oracle\": they are last, max"),
        ("margin=-1", "margin: expected a number from 0 to 100, found -1"),
        ("floor=1.5", "floor: expected a number from 0 to 1, found 1.5"),
        ("every=0", "every: expected a positive number"),
        ("least=20", "least: expected at most the window, which is 12 samples"),
        ("quota=0.5", "quota: expected the scope \"cluster\" with it"),
        ("margins=1", "unknown field `margins`"),
    ] {
        let changes = [format!("allocation.{change}"), "allocation.method=alloc-dp".to_owned()];
        let changes = if change.starts_with("method") { &changes[..1] } else { &changes };
        let folder = tempfile::tempdir().expect("a folder");
        let run = Scenario::read(&file(&folder, LOADED), changes, 3)
            .and_then(|mut scenario| scenario.run(&methods, Vec::new()));
        let error = run.expect_err("refused").to_string();
        assert!(error.contains(&format!("[allocation]: {expected}")), "{expected:?}: {error}");
    }
    let error = read(LOADED, &["workload.load={level=2}"]).expect_err("refused").to_string();
    assert!(error.contains("[workload]: load.level: expected a number from 0 to 1"), "{error}");
}
