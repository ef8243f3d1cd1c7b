//! What fleets show: prices of rules, growth, and methods under several limits.

use vmpack_model::{Family, Kind, Status, Value};
use vmpack_results::{Asked, Record};

use crate::synthetic::{record, unanswered};
use crate::{Report, packing};

/// The record on the same fleet with rules of some forms.
fn ruled(mut record: Record, forms: &[&str]) -> Record {
    let plain = record.instance_hash.clone();
    record.instance = format!("{} with {forms:?}", record.instance);
    record.instance_hash = format!("{plain} with {forms:?}");
    record.run = format!("{} with {forms:?}", record.run);
    let forms = forms.iter().map(|&form| form.to_owned()).collect();
    record.rules = Some(Asked { forms, plain });
    record
}

/// The record with a bound that nobody doubts.
fn bounded(mut record: Record, bound: u64) -> Record {
    let answer = record.answer.as_mut().expect("an answer");
    answer.lower_bound = Some(Value::from(bound));
    if answer.claimed_cost == answer.lower_bound {
        answer.status = Status::Optimal;
    }
    record
}

#[test]
fn the_price_of_rules_is_between_runs_of_one_method_on_one_fleet() {
    let timeout = vmpack_results::Termination::Timeout;
    let records = [
        bounded(packing("a", "exact", 100, 1.0), 100),
        packing("b", "exact", 100, 1.0),
        packing("a", "fast", 120, 0.1),
        packing("b", "fast", 100, 0.1),
        bounded(ruled(packing("a", "exact", 120, 1.0), &["spread"]), 115),
        unanswered(ruled(packing("b", "exact", 0, 1.0), &["spread"]), timeout),
        ruled(packing("a", "fast", 120, 0.1), &["spread"]),
        ruled(packing("b", "fast", 121, 0.1), &["spread"]),
        ruled(packing("a", "exact", 90, 1.0), &["overcommit", "prices"]),
        // Nothing to compare it with.
        ruled(packing("c", "fast", 90, 1.0), &["restrict"]),
    ];
    let report = Report::of(&records);
    let prices = report.table("rule-prices");
    let of = |forms: &str, method: &str| {
        let row = prices.iter().find(|row| row["forms"] == forms && row["method"] == method);
        let row = row.unwrap_or_else(|| panic!("{forms}, {method}: {prices:?}"));
        let columns = ["pairs", "instances", "mean_ratio", "least_ratio", "greatest_ratio"];
        columns.map(|column| row[column].as_str())
    };
    assert_eq!(prices.len(), 3);
    assert_eq!(of("spread", "exact"), ["1", "2", "1.2", "1.2", "1.2"]);
    let [pairs, instances, mean, least, greatest] = of("spread", "fast");
    assert_eq!((pairs, instances, least, greatest), ("2", "2", "1", "1.21"));
    assert!((mean.parse::<f64>().expect("a number") - 1.1).abs() < 1e-12);
    assert_eq!(of("overcommit + prices", "exact")[2], "0.9");
    // Only the first fleet has bounds, and the optimum is between 115 and 120 with the rule, 100 without.
    let range = |row: usize| ["range_least", "range_most"].map(|c| prices[row][c].as_str());
    assert_eq!((range(0), range(1), range(2)), (["1.15", "1.2"], ["1.15", "1.2"], ["", ""]));
    assert!(report.path("figures/rule-prices-packing.svg").exists());
}

#[test]
fn growth_is_fitted_to_the_two_greatest_decades() {
    let run = |vms: u64, method: &str, seconds: f64, bytes: u64| {
        let instance = format!("{vms} VMs");
        let cost = Value::from(vms);
        let mut run = record(Family::Packing, &instance, method, Kind::Greedy, cost, seconds);
        run.features.vms = vms;
        run.measurement.peak_rss_bytes = bytes;
        run
    };
    let mut records = Vec::new();
    for vms in [10, 100, 1000, 10_000, 100_000] {
        let n = vms as f64;
        records.push(run(vms, "linear", 1e-6 * n, 1 << 20));
        // As slow as the greatest on the small ones, which are left out.
        let seconds = if vms < 1000 { 50.0 } else { 1e-9 * n * n };
        records.push(run(vms, "quadratic", seconds, 5_000_000 + 100 * vms));
    }
    let short = [10, 20].map(|vms| run(vms, "short", 1e-6, 1 << 20));
    records.extend(short);
    let report = Report::of(&records);
    let growth = report.table("growth");
    assert_eq!(growth.len(), 2, "{growth:?}");
    for (row, method, time, memory) in [(0, "linear", 1.0, 0.0), (1, "quadratic", 2.0, 1.0)] {
        assert_eq!(growth[row]["method"], method);
        let number = |column: &str| growth[row][column].parse::<f64>().expect("a number");
        assert!((number("cpu_exponent") - time).abs() < 1e-6, "{method}");
        assert!((number("wall_exponent") - time).abs() < 1e-6, "{method}");
        // What the smallest takes counts as the program's.
        assert!((number("memory_exponent") - memory).abs() < 0.01, "{method}");
    }
    report.says("Growth with the number of VMs");
}

#[test]
fn a_method_under_two_limits_is_two_methods() {
    let under = |limit: f64, cost: u64| {
        let mut record = packing("a", "cns", cost, 0.5);
        record.limits.cpu_s = Some(limit);
        record.run = format!("{} within {limit}", record.run);
        record
    };
    let report = Report::of(&[under(1.0, 30), under(10.0, 20), packing("a", "ff", 40, 0.1)]);
    let methods = report.table("methods");
    let names: Vec<&str> = methods.iter().map(|row| row["method"].as_str()).collect();
    assert_eq!(names, ["cns 1 s", "cns 10 s", "ff"]);
    // Other instances under other limits are no reason.
    let mut other = packing("b", "ff", 40, 0.1);
    other.limits.cpu_s = Some(99.0);
    let report = Report::of(&[packing("a", "ff", 40, 0.1), other]);
    assert_eq!(report.table("methods").len(), 1);
}
