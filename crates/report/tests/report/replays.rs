//! Reports of replays.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value as Json, json};
use tempfile::TempDir;
use vmpack_check::Verdict;
use vmpack_model::{Family, Kind, Value};
use vmpack_report::FIGURES;
use vmpack_results::{Metric, Record, Replay};

use crate::Report;
use crate::synthetic::{judged, manifest, record, store};

/// A replay of a policy on a trace.
fn replay(
    kind: &str,
    trace: &str,
    policy: &str,
    settings: &Json,
    metrics: &[(&str, f64, &str)],
) -> Record {
    let mut record = record(Family::Replay, trace, policy, Kind::Policy, Value::ZERO, 0.5);
    record.run = format!("{kind}-{trace}-{policy}-{settings}").replace(['"', '/', '{', '}'], "");
    let settings = settings.as_object().expect("settings").clone().into_iter().collect();
    record.replay = Some(Replay { kind: kind.to_owned(), settings });
    let answer = record.answer.as_mut().expect("it answered");
    (answer.claimed_cost, answer.judgement.cost) = (None, None);
    answer.trajectory.clear();
    answer.metrics = metrics
        .iter()
        .map(|(name, value, unit)| ((*name).to_owned(), Metric::real(*value, unit)))
        .collect();
    answer.derived = vec!["migrations".to_owned()];
    record
}

/// Every kind of replay, with something for every figure.
fn experiment() -> Vec<Record> {
    let mut records = Vec::new();
    for day in 0..6 {
        for (place, policy) in ["best", "dvfs", "thr-mmt-0.8"].into_iter().enumerate() {
            let (day_share, place) = (f64::from(day) * 11.0, place as f64);
            let metrics = [
                ("energy_kwh", 700.0 + day_share + 60.0 * place, "kWh"),
                ("energy_lower_bound_kwh", 690.0 + day_share, "kWh"),
                ("migrations", 100.0 * place, ""),
                ("slav", 1e-9 * 7.0_f64.powf(3.0 - place), ""),
            ];
            let settings = json!({"mode": "corrected", "changes": ["a", "b"], "hosts": 800});
            records.push(replay("load", &format!("day-{day}"), policy, &settings, &metrics));
        }
    }
    for trace in ["poisson:rate=1", "bursty:rate=1"] {
        for noise in [0.0, 0.5, 2.0] {
            let over =
                [("server_days", 50.0 + noise, "days"), ("over_bound_percent", 4.0 + noise, "%")];
            let settings = json!({"cluster": "9x1c1g", "noise": noise});
            records.push(replay("arrivals", trace, "lifetime", &settings, &over));
        }
        let over = [("server_days", 55.0, "days"), ("over_bound_percent", 9.0, "%")];
        let settings = json!({"cluster": "9x1c1g", "noise": 0.0});
        records.push(replay("arrivals", trace, "first-fit", &settings, &over));
    }
    for load in [0.2, 0.5, 0.8] {
        for (policy, factor) in [("fcfs", 1.0), ("srpt", 0.6)] {
            let trace = format!("poisson:rate={load},work=exponential:1,jobs=9");
            let waiting = factor * load / (1.0 - load);
            let metrics =
                [("waiting_s.mean", waiting, "s"), ("turnaround_s.mean", waiting + 1.0, "s")];
            let settings = json!({"cores": 1, "scheduler": policy});
            records.push(replay("scheduler", &trace, policy, &settings, &metrics));
        }
    }
    records
}

#[test]
fn every_figure_of_replays_is_drawn() {
    let records = experiment();
    let directory = TempDir::new().expect("a directory");
    let series = directory.path().join("series");
    fs::create_dir(&series).expect("a new directory");
    for record in records.iter().filter(|record| record.instance == "day-0") {
        let periods = "time_s,hosts_on,power_w,migrations,alarms\n\
                       300,9,810.5,2,0\n600,8,700,0,3\n";
        let hosts = "hour,host,load\n0,0,0.5\n0,1,0\n1,0,0.96\n1,1,0\n";
        for (name, text) in [("periods", periods), ("hosts", hosts)] {
            fs::write(directory.path().join(record.series_file(name)), text).expect("written");
        }
    }
    store(directory.path(), &records, &manifest(records.len() as u64));
    vmpack_report::write(directory.path(), directory.path()).expect("a report");
    let of_replays = || FIGURES.iter().filter(|figure| figure.is_about(Family::Replay));
    assert!(of_replays().count() >= 8);
    for figure in of_replays() {
        let path = directory.path().join(format!("figures/{}-replay.svg", figure.name()));
        let svg = fs::read_to_string(&path).unwrap_or_else(|_| panic!("no {}", figure.name()));
        assert!(!svg.contains("NaN"), "{}", figure.name());
    }
    let html = fs::read_to_string(directory.path().join("report.html")).expect("a page");
    assert!(html.contains("<h2>Replays</h2>") && html.contains("1 host used, 1 never"));
    assert!(!html.contains("Cost against runtime"), "replays have no cost");
}

#[test]
fn many_metrics_are_rows_and_only_what_is_compared_is_bold() {
    let names: Vec<String> = (0..12).map(|k| format!("metric_{k}")).collect();
    let of = |policy: &str, hours: f64| {
        let others = names.iter().map(|name| (name.as_str(), hours, ""));
        let metrics: Vec<_> = [("vm_down_hours", hours, "h")].into_iter().chain(others).collect();
        replay("operation", "faults", policy, &json!({}), &metrics)
    };
    let html = Report::of(&[of("wait", 2.0), of("restart", 1.0)]).html;
    for part in [
        "<th scope=\"col\">metric</th>\n<th scope=\"col\" class=\"n\">restart</th>",
        "<th scope=\"row\">VM down hours</th><td class=\"n best\">1</td><td class=\"n\">2</td>",
        "<th scope=\"row\">metric 0</th><td class=\"n\">1</td><td class=\"n\">2</td>",
    ] {
        assert!(html.contains(part), "{part}");
    }
}

#[test]
fn policies_are_compared_over_traces() {
    let report = Report::of(&experiment());
    let rows = report.table("policies");
    let energy: Vec<&BTreeMap<String, String>> =
        rows.iter().filter(|r| r["group"] == "load" && r["metric"] == "energy_kwh").collect();
    let names: Vec<&str> = energy.iter().map(|row| row["policy"].as_str()).collect();
    assert_eq!(names, ["best", "dvfs", "thr-mmt-0.8"]);
    assert_eq!(energy[0]["median"], "727.5");
    // Six of six days, two-sided, for the greater of two values by Holm's correction.
    assert_eq!((&*energy[0]["p_holm"], &*energy[0]["traces"]), ("", "6"));
    assert_eq!(energy[1]["p_holm"], "0.0625");
    let noisy = rows.iter().filter(|r| r["group"] == "arrivals" && r["metric"] == "server_days");
    let names: Vec<&str> = noisy.map(|row| row["label"].as_str()).collect();
    assert_eq!(
        names,
        ["lifetime, noise 0", "lifetime, noise 0.5", "lifetime, noise 2", "first-fit"]
    );
    assert_eq!((&*energy[0]["seeds"], &*energy[0]["label"]), ("1", "best"));
    let long = report.table("replays");
    let found = long.iter().find(|r| r["metric"] == "migrations" && r["policy"] == "dvfs");
    let found = found.expect("every metric is there");
    assert_eq!((&*found["derived_again"], &*found["value"]), ("true", "100"));
}

/// Two scenarios, one of them with availability, three seeds each; and the baseline was run in the other alone.
#[test]
fn more_of_some_metrics_is_better_and_a_baseline_that_is_missing_is_said() {
    let mut records = Vec::new();
    for seed in 0..3 {
        for (scenario, policy, available) in [
            ("faults", "wait", 0.9),
            ("faults", "restart", 0.99),
            ("lossy", "patient", 0.8),
            ("lossy", "hasty", 0.7),
        ] {
            let metrics = [("vm_down_hours", 1.0, "h"), ("vm_availability", available, "")];
            let mut record = replay("operation", scenario, policy, &json!({}), &metrics);
            record.seed = seed;
            record.run.push_str(&seed.to_string());
            records.push(record);
        }
    }
    let report = Report::of(&records);
    let rows = report.table("policies");
    let of = |policy: &str| {
        let is = |row: &&BTreeMap<String, String>| {
            row["policy"] == policy && row["metric"] == "vm_availability"
        };
        rows.iter().find(is).expect("a row")
    };
    assert_eq!((&*of("restart")["against"], &*of("wait")["against"]), ("", "restart"));
    assert_eq!((&*of("wait")["traces"], &*of("wait")["seeds"]), ("1", "3"));
    let directory = report.directory.path();
    let against = |name| vmpack_report::write_against(directory, directory, Some(name));
    assert_eq!(against("wait").expect("a report").without_baseline, ["lossy"]);
}

/// What the judge did not believe is shown and enters nothing.
#[test]
fn wrong_replays_enter_no_comparison() {
    let mut records = experiment();
    let wrong = Verdict::WrongMetric {
        metric: "energy_kwh".into(),
        claimed: "1".into(),
        actual: "from 600 to 900".into(),
    };
    let liar = records.iter().position(|r| r.method == "dvfs").expect("it is there");
    records[liar] = judged(records[liar].clone(), wrong);
    let report = Report::of(&records);
    report.says("energy_kwh is claimed to be 1, is from 600 to 900");
    let rows = report.table("policies");
    let energy = rows.iter().find(|r| r["metric"] == "energy_kwh").expect("a row");
    assert_eq!(energy["traces"], "5", "the day that one policy lacks is left out");
}
