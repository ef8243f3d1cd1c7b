//! Comparing stores: what passes, what fails, and what is said.

use std::path::{Path, PathBuf};

use vmpack_model::{Status, Value};
use vmpack_results::{
    CompareOptions, Comparison, Gate, Measure, RECORDS, Record, Termination, compare,
};

/// A run of one of two methods on one of 20 instances that takes `seconds`.
fn record(method: &str, instance: u64, seed: u64, seconds: f64) -> Record {
    let mut record: Record =
        serde_json::from_str(include_str!("data/record.json")).expect("the example is a record");
    record.run = format!("{method}-{instance}-{seed}");
    method.clone_into(&mut record.method);
    record.instance = format!("i{instance}");
    record.instance_hash = format!("{instance:064}");
    record.seed = seed;
    record.reference = None;
    record.measurement.wall_s = seconds;
    record.measurement.cpu_s = seconds;
    record
}

/// Two methods, 20 instances, 2 seeds; `seconds` of method, instance and seed.
fn records(seconds: impl Fn(&str, u64, u64) -> f64) -> Vec<Record> {
    let mut records = Vec::new();
    for method in ["fast", "slow"] {
        for instance in 1..=20 {
            for seed in 1..=2 {
                records.push(record(method, instance, seed, seconds(method, instance, seed)));
            }
        }
    }
    records
}

struct Stores(tempfile::TempDir);

impl Stores {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    /// A store without a manifest, as a baseline is.
    fn add(&self, name: &str, records: &[Record]) -> PathBuf {
        let directory = self.0.path().join(name);
        std::fs::create_dir_all(&directory).expect("writable");
        let lines = records.iter().map(|r| serde_json::to_string(r).expect("a record") + "\n");
        std::fs::write(directory.join(RECORDS), lines.collect::<String>()).expect("writable");
        directory
    }

    fn compare(&self, old: &[Record], new: &[Record], gates: &[&str]) -> Comparison {
        let (old, new) = (self.add("old", old), self.add("new", new));
        judged(&old, &new, gates)
    }
}

fn judged(old: &Path, new: &Path, gates: &[&str]) -> Comparison {
    let gates = gates.iter().map(|gate| gate.parse::<Gate>().expect("a gate")).collect();
    compare(old, new, &CompareOptions { gates, ..CompareOptions::default() }).expect("two stores")
}

/// Pseudo-random factors around 1, other ones for every salt.
fn noise(instance: u64, seed: u64, salt: u64) -> f64 {
    let mixed = (instance * 31 + seed * 7 + salt).wrapping_mul(6_364_136_223_846_793_005);
    0.8 + 0.4 * (mixed >> 40) as f64 / f64::from(1 << 24)
}

const ALL: [&str; 6] =
    ["time=1.05", "cost=1.001", "bound=1", "counter:placements-tried=1", "solved", "wrong"];

#[test]
fn a_store_against_itself_passes_everything() {
    let stores = Stores::new();
    let runs = records(|_, instance, _| instance as f64);
    let same = stores.compare(&runs, &runs, &ALL);
    assert_eq!((same.pairs, same.instances, &same.failures[..]), (80, 20, &[][..]));
    for compared in &same.measures {
        for ratio in &compared.ratios {
            assert_eq!((ratio.ratio, ratio.interval), (1.0, Some([1.0, 1.0])), "{compared:?}");
        }
    }
    assert!(same.to_string().contains("equal in all pairs: time, cost, bound, memory, counter:"));
}

#[test]
fn noise_passes_and_a_planted_slowdown_of_one_method_fails() {
    let stores = Stores::new();
    let old = records(|_, instance, seed| instance as f64 * noise(instance, seed, 1));
    let again = |slower: f64| {
        records(|method, instance, seed| {
            let planted = if method == "slow" { slower } else { 1.0 };
            planted * instance as f64 * noise(instance, seed, 2)
        })
    };
    let same = stores.compare(&old, &again(1.0), &ALL);
    assert_eq!(same.failures, [], "{same}");
    let time = &same.measures[0];
    assert_eq!(time.measure, Measure::Time);
    assert!(
        time.ratios.iter().all(|ratio| ratio.interval.is_some_and(|[l, h]| l < 1.05 && h > 0.95))
    );

    let slower = stores.compare(&old, &again(1.5), &ALL);
    let failed: Vec<_> =
        slower.failures.iter().map(|f| (f.gate.as_str(), f.method.as_deref())).collect();
    assert_eq!(failed, [("time=1.05", None), ("time=1.05", Some("slow"))], "{slower}");
    let slow = &slower.measures[0].ratios[2];
    assert_eq!((slow.method.as_deref(), slow.instances), (Some("slow"), 20));
    let [low, high] = slow.interval.expect("many instances");
    assert!(low < slow.ratio && slow.ratio < high && high - low < 0.4, "{slow:?}");
    assert!((slow.ratio - 1.5).abs() < 0.2 && slow.p < 1e-4, "{slow:?}");
    assert!(slower.to_string().contains("FAILED time=1.05 (slow): "), "{slower}");
    // The other way round it is no regression.
    assert_eq!(stores.compare(&again(1.5), &old, &ALL).failures, []);
}

#[test]
fn few_instances_prove_no_slowdown_and_a_count_needs_none() {
    let stores = Stores::new();
    let old: Vec<Record> = (1..=4).map(|i| record("fast", i, 1, 1.0)).collect();
    let mut new: Vec<Record> = (1..=4).map(|i| record("fast", i, 1, 9.0)).collect();
    let found = stores.compare(&old, &new, &["time=1.05"]);
    assert_eq!(found.failures, []);
    assert_eq!(found.warnings, ["time=1.05 has judged nothing: it takes at least 5 instances."]);
    let counters = &mut new[2].answer.as_mut().expect("an answer").counters;
    counters.insert("placements-tried".into(), 2401);
    let found = stores.compare(&old, &new, &["counter:placements-tried=1", "counter:nodes=1"]);
    let failed: Vec<&str> = found.failures.iter().map(|failure| failure.gate.as_str()).collect();
    // Of all methods, of the one, and a counter that nobody has.
    assert_eq!(
        failed,
        ["counter:placements-tried=1", "counter:placements-tried=1", "counter:nodes=1"]
    );
}

#[test]
fn costs_answers_and_wrong_answers_are_compared() {
    let stores = Stores::new();
    let old = records(|_, _, _| 1.0);
    let mut new = old.clone();
    for run in new.iter_mut().filter(|run| run.method == "slow") {
        let answer = run.answer.as_mut().expect("an answer");
        answer.claimed_cost = Some(Value::from(51_u64));
        answer.judgement.cost = Some(Value::from(51_u64));
    }
    new[0].termination = Termination::Timeout;
    new[0].answer = None;
    // Undercut by the other method, so it is found wrong here.
    let proud = new[45].answer.as_mut().expect("an answer");
    (proud.status, proud.lower_bound) = (Status::Optimal, Some(Value::from(51_u64)));
    let found = stores.compare(&old, &new, &ALL);
    let failed: Vec<String> = found.failures.iter().map(ToString::to_string).collect();
    assert_eq!(failed.len(), 6, "{failed:#?}");
    assert!(failed[0].starts_with("cost=1.001 (all methods): 1.0100 "), "{failed:#?}");
    assert!(failed[1].starts_with("cost=1.001 (slow): 1.0200 [1.0200, 1.0200]"), "{failed:#?}");
    assert_eq!(failed[2], "solved=0 (all methods): 2 answers lost, 0 gained");
    assert_eq!(failed[5], "wrong=0 (all methods): 1 wrong answers");
    let kinds: Vec<&str> = found.changes.iter().map(|change| change.change).collect();
    assert_eq!(kinds, ["lost", "lost", "wrong"]);
    assert_eq!(stores.compare(&old, &new, &["solved=2", "wrong=1"]).failures, []);
}

#[test]
fn what_compares_nothing_passes_no_gate_of_pairs() {
    let stores = Stores::new();
    let found = stores.compare(&[record("fast", 1, 1, 1.0)], &[record("slow", 1, 1, 1.0)], &ALL);
    let failed: Vec<&str> = found.failures.iter().map(|f| f.gate.as_str()).collect();
    assert_eq!(failed, ALL[..4].iter().copied().chain(["solved=0"]).collect::<Vec<_>>());
}

#[test]
fn unpaired_runs_are_listed_and_repetitions_are_one() {
    let stores = Stores::new();
    let old: Vec<Record> = (1..=10).map(|i| record("fast", i, 1, 1.0)).collect();
    let mut new = Vec::new();
    for instance in 1..=9 {
        // The median of three repetitions is what it was.
        for seconds in [0.5, 1.0, 30.0] {
            new.push(record("fast", instance, 1, seconds));
        }
    }
    new.push(record("fast", 1, 2, 1.0));
    let mut other = record("fast", 10, 1, 1.0);
    other.limits.wall_s = 3.0;
    new.push(other);
    let found = stores.compare(&old, &new, &["time=1.001"]);
    assert_eq!((found.pairs, &found.failures[..]), (9, &[][..]));
    assert_eq!(found.old.alone.len(), 1);
    assert_eq!(found.new.alone.len(), 2);
    assert!(
        found.to_string().contains("only in new: 2\n  fast on i1 (seed 2, run fast-1-2)"),
        "{found}"
    );
    let nothing = stores.compare(&old[..1], &old[1..], &[]);
    assert_eq!(nothing.warnings, ["No run of one is in the other."]);
}
