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
        "scenario.toml:10: [placement]: policy: there is no policy \"bets-fit\"",
    );
    refused(&FILE.replace("20x", "x"), &[], "scenario.toml:3: [cluster]: hosts: ");
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

#[test]
fn what_a_change_does_wrong_is_not_blamed_on_the_file() {
    let refused = |change: &str, expected: &str| {
        let error = read(FILE, &["placement.queue=backfill", change]).expect_err("refused");
        let expected = format!("scenario.toml: {change:?}: {expected}");
        assert!(error.to_string().contains(&expected), "{expected:?} is not in {error}");
    };
    refused("cluster.hosts=5", "[cluster]: invalid type: integer `5`");
    refused("cluster.hosts=x", "[cluster]: hosts: ");
    refused("cluster.host=x", "[cluster]: unknown field `host`");
    refused("workload.load={lvel=3}", "[workload]: unknown field `lvel`");
    refused("workload.load={level=3}", "[workload]: load.level: expected a number from 0 to 1");
    refused("cluster.power=[1, 2]", "[cluster]: power: expected the name of a power table");
    refused("faults.failures=host:up=x", "[faults]: failures: ");
    refused("moon.of=the-world", "there is no section [moon]");
}

#[test]
fn what_would_run_for_ages_is_refused() {
    let refused = |changes: &[&str], expected: &str| {
        let run = |mut scenario: Scenario| scenario.run(&Registry::default(), Vec::new());
        let error = read(FILE, changes).and_then(run).expect_err("refused").to_string();
        assert!(error.contains(expected), "{expected:?} is not in {error}");
    };
    refused(
        &["workload.days=1000", "workload.load={step_s=1}"],
        "load.step_s: expected at most 200000000 values of use",
    );
    refused(
        &["workload.source=poisson:rate=0.000001,days=0.1"],
        "source: expected VMs that come before the run ends, found none",
    );
    refused(
        &["faults.failures=host:up=fixed:1ms,down=fixed:1ms"],
        "failures: expected at most 5000000 failures in a run",
    );
    refused(&["monitoring.period=0.001"], "period: expected at most 1000000 samples");
}

const FAULTS: &str = r#"
[faults]
failures = "host:up=exponential:6h,down=exponential:30m+degrade:every=exponential:6h,lasts=fixed:20m,down=fixed:1h"
detector = "phi:jitter=20ms,loss=0.001"
recovery = "evacuate:at-once=5"
spare = "hosts:1"
"#;

#[test]
fn faults_are_told_of() {
    let text = format!("{FILE}{FAULTS}");
    let metrics = run(&text, &[]);
    assert_eq!(metrics, run(&text, &[]));
    let of = |metrics: &Metrics, name: &str| match metrics.get(name) {
        Some(Amount::Real(real)) => real,
        Some(Amount::Count(count)) => count as f64,
        None => panic!("{name} is missing"),
    };
    assert!(of(&metrics, "host_failures") > 10.0 && of(&metrics, "migrations") > 0.0);
    let waiting = run(&text, &["faults.recovery=wait", "faults.detector=timeout:after=10s"]);
    assert!(of(&waiting, "vm_availability") < of(&metrics, "vm_availability"));
    assert!((9.0..=10.001).contains(&of(&waiting, "detection_mean_s")));
    assert_eq!(of(&waiting, "fenced").to_bits(), 0);
    let sound = run(FILE, &[]);
    assert!(sound.get("vm_availability").is_none());
}

#[test]
fn incidents_are_read_from_a_file_beside_the_scenario() {
    let folder = tempfile::tempdir().expect("a folder");
    let incidents = "time,component,event\n3600,rack:0,fail\n7200,rack:0,repair\n";
    std::fs::write(folder.path().join("incidents.csv"), incidents).expect("written");
    let text = format!("{FILE}\n[faults]\nfailures = \"incidents.csv\"\nrecovery = \"wait\"\n");
    let path = file(&folder, &text);
    let mut scenario = Scenario::read(&path, &[], 3).expect("a scenario");
    let metrics = scenario.run(&Registry::default(), Vec::new()).expect("runs");
    assert!(matches!(metrics.get("host_failures"), Some(Amount::Count(1..))));
    assert_eq!(metrics.get("mttr_h"), Some(Amount::Real(1.0)));
    std::fs::write(folder.path().join("incidents.csv"), "time,component,event\n1,host:20,fail\n")
        .expect("written");
    let error = scenario.run(&Registry::default(), Vec::new()).expect_err("refused").to_string();
    assert!(
        error.contains("[faults]: failures: ") && error.contains("incidents.csv:2: "),
        "{error}"
    );
}

#[test]
fn what_is_wrong_with_faults_is_said() {
    let text = format!("{FILE}{FAULTS}");
    let refused = |change: &str, expected: &str| {
        let error = read(&text, &[change]).expect_err("refused").to_string();
        assert!(error.contains(expected), "{expected:?} is not in {error}");
    };
    refused(
        "faults.failures=host:up=fixed:1h",
        "[faults]: failures: \"host\": down=LAW is missing",
    );
    refused("faults.detector=timer", "[faults]: detector: \"timer\": expected timeout or phi");
    refused("faults.recovery=pray", "[faults]: recovery: \"pray\": expected wait, restart");
    refused("faults.spare=hosts:0", "[faults]: spare: expected hosts:NUMBER");
    refused("faults.spare=racks:1", "[faults]: spare: 1 of 1 may not fail");
    refused("faults.survive=hosts:9", "[faults]: survive: 9 of 20 may not fail");
    refused("faults.survives=hosts:1", "[faults]: unknown field `survives`");
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
    let mean = metric("latency_mean_ms").expect("runs");
    assert!(matches!(mean, Some(Amount::Real(ms)) if (0.007..=0.009).contains(&ms)), "{mean:?}");
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
    refused("tenants = 6", "tenants = 0", ":9: [isolation]: tenants: expected a positive number");
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
        "scenario.toml:17: [monitoring]: period: expected at least",
    );
    refused("above = 0.5", "over = 0.5", "scenario.toml:23: [monitoring]: unknown field `over`");
    let rule =
        "scenario.toml:16: [monitoring]: rule \"half\": kind: expected threshold, ewma or cusum";
    refused("kind = \"threshold\"", "kind = \"fuzzy\"", rule);
}

#[test]
fn what_vms_use_over_time_is_read() {
    let share = |metrics: &Metrics, name: &str| match metrics.get(name) {
        Some(Amount::Real(share)) => share,
        other => panic!("{name} is {other:?}"),
    };
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
    std::fs::write(folder.path().join("e"), "50\n".repeat(287)).expect("written");
    let error = read(FILE, &[&source]).expect_err("refused").to_string();
    assert!(error.contains("[workload]: source: "), "{error}");
    assert!(error.contains("e:288: expected 288 lines, the file ends here"), "{error}");
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
