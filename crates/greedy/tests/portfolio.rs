//! The portfolio against its members, and the same on any number of threads.

#[path = "../../../tests/clock.rs"]
mod clock;
#[path = "../../bounds/tests/tiny/mod.rs"]
mod tiny;

use std::time::Duration;

use clock::cpu_time;
use proptest::prelude::*;
use vmpack_check::{Effort, Judge, Verdict};
use vmpack_greedy::{PACKING, start};
use vmpack_model::packing::{Instance, Packing};
use vmpack_model::{Budget, Method, NullObserver, Outcome, Value};

fn method(name: &str) -> &'static dyn Method<Packing> {
    *PACKING.iter().find(|method| method.name() == name).expect("registered")
}

fn solve(instance: &Instance, budget: &Budget) -> Outcome<Packing> {
    let outcome = method("portfolio").solve(instance, budget, &mut NullObserver);
    let judgement = Packing::judge(instance, &outcome, &Effort::default());
    assert!(!judgement.verdict.is_wrong(), "{}", judgement.verdict);
    outcome
}

/// Sixty VMs in three resources, all different.
fn vectors(seed: u64) -> Instance {
    let mut state = seed;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        10 + (state >> 33) % 60
    };
    let items: Vec<_> = (0..60).map(|_| ((0..3).map(|_| draw()).collect(), 1)).collect();
    Instance::identical_hosts("vectors", &[100; 3], &items).expect("valid")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn no_member_is_better(instance in prop_oneof![tiny::instances(), tiny::uniform_instances()]) {
        let cost = solve(&instance, &Budget::default().with_work(80)).solved.map(|best| best.cost);
        let started = start(&instance, &Budget::default());
        if let Some(started) = started {
            let started = Value::from(started.cost(&instance));
            prop_assert!(cost.is_some_and(|cost| cost <= started), "{cost:?} {started}");
        }
        let optimum = tiny::optimum(&instance).map(Value::from);
        prop_assert!(cost.is_none() || cost >= optimum);
    }
}

#[test]
fn seed_and_work_decide_on_any_number_of_threads() {
    let instance = vectors(1);
    let run = |seed, threads, work| {
        let budget = Budget::default().with_seed(seed).with_threads(threads).with_work(work);
        solve(&instance, &budget).solved
    };
    for work in [1, 45, 70] {
        let alone = run(7, 1, work);
        assert!(alone.is_some());
        assert_eq!(alone, run(7, 3, work), "{work} constructions");
    }
}

#[test]
fn chance_improves_on_the_rules() {
    let mut better = 0;
    for seed in 0..4 {
        let instance = vectors(seed);
        let cost = |work| {
            let budget = Budget::default().with_work(work);
            solve(&instance, &budget).solved.expect("no stock limit").cost
        };
        let (rules, variants) = (cost(45), cost(80));
        assert!(variants <= rules);
        better += u32::from(variants < rules);
    }
    assert!(better >= 1, "{better} of 4");
}

/// So many different VMs begin with a rule that an index serves, and end when the budget does.
#[test]
fn limits_are_kept() {
    let items: Vec<_> =
        (0..30_000).map(|i| (vec![1 + i * 7919 % 499, 1 + i * 31 % 487], 1)).collect();
    let instance = Instance::identical_hosts("", &[1000; 2], &items).expect("valid");
    let outcome = solve(&instance, &Budget::default().with_work(1));
    let judgement = Packing::judge(&instance, &outcome, &Effort::default());
    assert_eq!(judgement.verdict, Verdict::Correct);
    assert!(outcome.solved.is_some());
    assert_eq!(outcome.counters["constructions"], 1);

    // All rules would take minutes, one of them seconds.
    let budget = Budget::default().with_time(Duration::from_millis(300));
    let (_, taken) = cpu_time(|| solve(&instance, &budget));
    assert!(taken < Duration::from_secs(30), "{taken:?}");
}
