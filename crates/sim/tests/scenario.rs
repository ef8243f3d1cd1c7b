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
    refused(FILE, &["moon.of=the-world"], "there is no section [moon]");
    refused(FILE, &["workload.days=-1"], "days: expected a number");
}

const PLACES: &str = r#"
[cluster]
hosts = "20x16c64g"

[workload]
source = "poisson:rate=40,days=0.2,life=2"

[isolation]
tenants = 6
terms = [
    { rule = "apart", within = "rack" },
    { rule = "at-most", of = "each-service", most = 4, within = "host" },
    { rule = "private", tenant = 2, with = [], within = "host" },
]

[interference]
classes = 4
placement = "quietest"
limit = 1.3

[edge]
sites = [
    { name = "north", hosts = 4, host_hour = 2, power = "ml110-g4" },
    { name = "south", hosts = 4, host_hour = 1.5, gigabyte = 0.02 },
    { name = "cloud", hosts = 12, host_hour = 0.5, gigabyte = 0.02 },
]
cloud = "cloud"
limits_ms = [10, 30, inf]
"#;

#[test]
fn tenants_classes_and_sites_are_measured() {
    let real = |metrics: &Metrics, name: &str| match metrics.get(name) {
        Some(Amount::Real(real)) => real,
        other => panic!("{name}: {other:?}"),
    };
    let kept = run(PLACES, &[]);
    assert!(real(&kept, "rules_broken_hours") <= 0.0);
    assert!(real(&kept, "exposure_pair_hours") <= 0.0);
    assert!((1.0..=1.3).contains(&real(&kept, "slowdown_p99")));
    let open = run(PLACES, &["isolation.enforce=false", "interference.placement=blind"]);
    assert!(real(&open, "rules_broken_hours") > 0.0 && real(&open, "exposure_pair_hours") > 0.0);
    assert_eq!(open.get("refused"), Some(Amount::Count(0)));
    let near = run(PLACES, &["isolation.enforce=false", "edge.rule=nearest"]);
    let cheap = run(PLACES, &["isolation.enforce=false", "edge.rule=cheapest-within-limit"]);
    assert!(real(&near, "latency_mean_ms") < real(&cheap, "latency_mean_ms"));
    assert!(real(&near, "host_cost") > real(&cheap, "host_cost"));
    for metrics in [&open, &near, &cheap] {
        assert!(real(metrics, "host_cost_lower_bound") > 0.0);
        assert!(real(metrics, "host_cost_lower_bound") <= real(metrics, "host_cost"));
    }
    let energy = ["north", "south", "cloud"].map(|s| real(&near, &format!("energy_kwh_{s}")));
    assert!((energy.iter().sum::<f64>() - real(&near, "energy_kwh")).abs() < 1e-6);
    let strict = run(PLACES, &["edge.strict=true", "edge.rule=nearest"]);
    assert!(real(&strict, "latency_missed_share") <= 0.0);
}

#[test]
fn matrices_are_read_from_beside_the_scenario() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = PLACES
        .replace("classes = 4", "classes = 2\nmatrix = \"slow.csv\"")
        .replace("cloud = \"cloud\"", "cloud = \"cloud\"\nlatency = \"far.csv\"");
    let path = file(&folder, &text);
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("written");
    };
    let metric = |name: &str| {
        let mut scenario = Scenario::read(&path, &["edge.rule=nearest".to_owned()], 3)?;
        let metrics = scenario.run(&Registry::default(), Vec::new())?;
        Ok::<_, ScenarioError>(metrics.get(name))
    };
    write("slow.csv", "class,web,batch\nweb,0,0\nbatch,0,0\n");
    write("far.csv", "site,north,south,cloud\nnorth,7,9,9\nsouth,9,7,9\ncloud,9,9,9\n");
    assert_eq!(metric("slowdown_mean").expect("runs"), Some(Amount::Real(1.0)));
    assert_eq!(metric("latency_p95_ms").expect("runs"), Some(Amount::Real(0.007)));
    let refused = |expected: &str| {
        let error = metric("slowdown_mean").expect_err("refused").to_string();
        assert!(error.contains(expected), "{expected:?} is not in {error}");
    };
    write("far.csv", "site,south,north,cloud\nsouth,7,9,9\nnorth,9,7,9\ncloud,9,9,9\n");
    refused("[edge]: latency: expected the sites north, south, cloud, found south, north, cloud");
    write("slow.csv", "class,web\nweb,0\n");
    refused("[interference]: VM ");
    write("slow.csv", "class,web,batch\nweb,0,0\nbatch,0,x\n");
    refused("slow.csv:3: value: expected an integer from 0 to 1000000, found \"x\"");
}

#[test]
fn sections_on_places_are_checked() {
    let refused = |from: &str, to: &str, expected: &str| {
        assert!(PLACES.contains(from));
        let text = PLACES.replace(from, to);
        let read = read(&text, &[]);
        let error = match read {
            Err(error) => error,
            Ok(mut scenario) => {
                scenario.run(&Registry::default(), Vec::new()).expect_err("refused")
            }
        };
        let error = error.to_string();
        assert!(error.contains(expected), "{expected:?} is not in {error}");
    };
    refused("tenants = 6", "tenants = 0", ":8: [isolation]: tenants: expected a positive number");
    refused("tenant = 2", "tenant = 9", ":8: [isolation]: term 3: tenant 9 has no VMs");
    refused("\"apart\"", "\"aprat\"", "[isolation]: unknown variant `aprat`");
    refused("\"each-service\"", "\"all\"", "expected \"each-tenant\", \"each-service\"");
    refused("limit = 1.3", "limit = 0.9", "[interference]: limit: expected a number from 1");
    refused("limit = 1.3", "matrix = \"no.csv\"", "[interference]: matrix: ");
    refused("\"quietest\"", "\"loudest\"", "[interference]: unknown variant `loudest`");
    refused("hosts = 12", "hosts = 13", "[edge]: sites: expected 20 hosts in all, found 21");
    refused("cloud = \"cloud\"", "cloud = \"sky\"", "[edge]: cloud: there is no site \"sky\"");
    refused("limits_ms", "rule = \"far\"\nlimits_ms", "[edge]: rule: there is no rule \"far\"");
    refused("[10,", "[nan,", "[edge]: limits_ms: expected numbers");
    refused("\"ml110-g4\"", "\"coal\"", "[edge]: sites: \"north\": power: there is no table");
}
