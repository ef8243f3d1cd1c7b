//! Arc flow and reflect against published optima and on many VMs, judged.
#![cfg(feature = "highs")]

#[path = "../../../tests/clock.rs"]
mod clock;
#[path = "../../../tests/skip.rs"]
mod skip;

use std::time::{Duration, Instant};

use clock::given_time;
use skip::{data_with, skipped};
use vmpack_check::{Effort, Judge};
use vmpack_model::packing::{Certificate, Instance, Packing};
use vmpack_model::{Budget, Method, NullObserver, Outcome, Status, Value};

const BOTH: [&str; 2] = ["arc-flow", "reflect"];

fn method(name: &str) -> &'static dyn Method<Packing> {
    let mut methods = vmpack_lp::PACKING.iter().copied();
    methods.find(|method| method.name() == name).expect("built with HiGHS")
}

/// Solves, asserts that the judge finds nothing wrong, and returns the claim.
fn solve(name: &str, instance: &Instance, budget: &Budget) -> Outcome<Packing> {
    let outcome = method(name).solve(instance, budget, &mut NullObserver);
    let judgement = Packing::judge(instance, &outcome, &Effort::default());
    assert!(!judgement.verdict.is_wrong(), "{instance:?}: {outcome:?} {judgement:?}");
    outcome
}

fn cost(outcome: &Outcome<Packing>) -> Option<Value> {
    outcome.solved.as_ref().map(|solved| solved.cost)
}

#[test]
fn flows_are_better_than_greedy_rules_and_volumes() {
    for name in BOTH {
        // Johnson's bad case for first fit decreasing, which opens 11: optimum 9, six of 51 + 27 + 23
        // and three of 26 + 26 + 23 + 23.
        let items = [(vec![51], 6), (vec![27], 6), (vec![26], 6), (vec![23], 12)];
        let instance = Instance::identical_hosts("ffd-bad", &[101], &items).expect("valid");
        let outcome = solve(name, &instance, &Budget::default());
        assert_eq!((outcome.status, cost(&outcome)), (Status::Optimal, Some(Value::from(9_u64))));
        // No three VMs of 34 share a host of 101, so 30 of them need 15 hosts; the volume says 14.
        let items = [(vec![34], 30), (vec![20], 15)];
        let instance = Instance::identical_hosts("thirds", &[101], &items).expect("valid");
        let outcome = solve(name, &instance, &Budget::default());
        assert_eq!((outcome.status, cost(&outcome)), (Status::Optimal, Some(Value::from(15_u64))));
    }
}

#[test]
fn graphs_that_are_too_large_leave_the_start_and_its_bound() {
    let items: Vec<(Vec<u64>, u64)> =
        (0..400).map(|i| (vec![70_001 + 37 * i * i % 90_001], 1)).collect();
    let instance = Instance::identical_hosts("large", &[1_000_000], &items).expect("valid");
    for name in BOTH {
        assert_eq!(method(name).supports(&instance), Ok(()), "{name}");
        let outcome = solve(name, &instance, &Budget::default());
        assert!(outcome.solved.is_some() && outcome.bound.is_some(), "{name}");
        if outcome.status != Status::Optimal {
            assert_eq!(outcome.counters.get("too-large"), Some(&1), "{name}: {outcome:?}");
        }
    }
}

#[test]
fn a_million_vms_of_few_types_flow() {
    let items: Vec<(Vec<u64>, u64)> = (1..=20).map(|i| (vec![3 * i + 5, 50 - i], 50_000)).collect();
    let instance = Instance::identical_hosts("million", &[128, 128], &items).expect("valid");
    assert_eq!(method("arc-flow").supports(&instance), Ok(()));
    assert!(method("reflect").supports(&instance).is_err(), "two resources");
    given_time(5.0, |seconds| {
        let budget = Budget::default().with_time(Duration::from_secs_f64(seconds));
        let outcome = solve("arc-flow", &instance, &budget);
        let (cost, bound) = (cost(&outcome).expect("feasible"), outcome.bound.expect("a bound"));
        let gap = (cost.to_f64() - bound.value.to_f64()) / cost.to_f64();
        assert!(gap >= 0.0, "{cost} against {}", bound.value);
        let by_duals = matches!(bound.certificate, Some(Certificate::DualWeights { .. }));
        (by_duals && gap < 0.01).then_some(())
    });
}

/// The BPP format: number of items, capacity, one size per line.
fn read_bpp(text: &str) -> Instance {
    let mut numbers = text.split_whitespace().map(|word| word.parse::<u64>().expect("an integer"));
    let (_, capacity) = (numbers.next(), numbers.next().expect("a capacity"));
    let mut counts = std::collections::BTreeMap::new();
    numbers.for_each(|size| *counts.entry(size).or_insert(0) += 1);
    let items: Vec<(Vec<u64>, u64)> = counts.into_iter().map(|(w, n)| (vec![w], n)).collect();
    Instance::identical_hosts("bpp", &[capacity], &items).expect("valid")
}

#[test]
fn published_optima() {
    let Some(data) = data_with("bpplib/bpp") else { return };
    for (file, optimum) in [
        ("Falkenauer_U/Falkenauer_u120_00.txt", 48_u64),
        ("Falkenauer_U/Falkenauer_u120_08.txt", 50),
        ("Falkenauer_T/Falkenauer_t60_00.txt", 20),
        ("Falkenauer_T/Falkenauer_t120_00.txt", 40),
    ] {
        let path = data.join("bpplib/bpp").join(file);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => {
                skipped(format_args!("in part, {}: {error}", path.display()));
                continue;
            }
        };
        let instance = read_bpp(&text);
        for name in BOTH {
            let started = Instant::now();
            let budget = Budget::default().with_time(Duration::from_mins(5));
            let outcome = solve(name, &instance, &budget);
            eprintln!(
                "{file}: {name} {:?} in {:?}, {:?}",
                cost(&outcome),
                started.elapsed(),
                outcome.counters
            );
            assert_eq!(outcome.status, Status::Optimal, "{file}");
            assert_eq!(cost(&outcome), Some(Value::from(optimum)), "{file}");
            let bound = outcome.bound.expect("a bound");
            assert!(bound.certificate.is_some(), "{file}: the relaxation proves the optimum");
        }
    }
}
