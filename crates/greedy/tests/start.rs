//! The portfolio and the completion of partial packings, judged and against the rules one by one.

#[path = "../../../tests/clock.rs"]
mod clock;
#[path = "../../bounds/tests/tiny/mod.rs"]
mod tiny;

use std::time::Duration;

use clock::cpu_time;
use ndarray::Array2;
use proptest::prelude::*;
use vmpack_check::{Effort, Judge, Verdict};
use vmpack_greedy::{PACKING, complete, start};
use vmpack_model::packing::{HostType, Instance, Packing, Pattern, Placement};
use vmpack_model::{Budget, NullObserver, Outcome, Resource, Value};

/// The cost, once the judge has found the placement correct.
fn judged(instance: &Instance, placement: Placement) -> u64 {
    let cost = placement.cost(instance);
    let outcome = Outcome::feasible(placement, Value::from(cost));
    let judgement = Packing::judge(instance, &outcome, &Effort::default());
    assert_eq!(judgement.verdict, Verdict::Correct, "{instance:?}: {outcome:?}");
    cost
}

/// The rules that the portfolio holds in any number of resources.
const MEMBERS: [&str; 2] = ["bfd-l1", "ffd-l1"];

proptest! {
    #[test]
    fn starts_are_as_good_as_the_members(
        instance in prop_oneof![tiny::instances(), tiny::uniform_instances()],
    ) {
        let started = start(&instance, &Budget::default()).map(|found| judged(&instance, found));
        if let Some(cost) = started {
            prop_assert!(Some(cost) >= tiny::optimum(&instance));
        }
        for member in PACKING.iter().filter(|method| MEMBERS.contains(&method.name())) {
            let outcome = member.solve(&instance, &Budget::default(), &mut NullObserver);
            if let Some(solved) = outcome.solved {
                let cost = started.map(Value::from);
                prop_assert!(cost.is_some_and(|cost| cost <= solved.cost), "{member:?} {cost:?}");
            }
        }
    }

    #[test]
    fn completions_are_placements(
        instance in tiny::instances(),
        wanted in prop::collection::vec((0_usize..3, 0_usize..8, 0_u64..=2, 1_u64..=3), 0..4),
    ) {
        prop_assume!(instance.rows() > 0);
        let pattern = |&(host, row, count, hosts): &(usize, usize, u64, u64)| {
            let host = host % instance.hosts().len();
            (Pattern { host, vms: vec![(row % instance.rows(), count)] }, hosts)
        };
        let patterns: Vec<_> = wanted.iter().map(pattern).collect();
        if let Some(placement) = complete(&instance, &patterns, &Budget::default()) {
            prop_assert!(Some(judged(&instance, placement)) >= tiny::optimum(&instance));
        }
    }
}

#[test]
fn a_placement_completes_to_itself() {
    let items = [(vec![5, 1], 20), (vec![3, 4], 31), (vec![2, 2], 7)];
    let instance = Instance::identical_hosts("", &[10, 10], &items).expect("valid");
    let started = start(&instance, &Budget::default()).expect("no stock limit");
    let completed = complete(&instance, &started.patterns, &Budget::default());
    assert_eq!(completed, Some(started));
}

#[test]
fn a_dear_host_type_alone_may_be_cheapest() {
    // By volume small hosts look cheaper, but the VMs of 4 waste a third of them.
    let host = |name: &str, cost| HostType { name: name.into(), cost, stock: None };
    let instance = Instance::simple(
        "alone",
        Resource::anonymous(1),
        vec![("vm".into(), 6)],
        Array2::from_elem((1, 1), 4),
        vec![host("small", 6), host("large", 13)],
        Array2::from_shape_vec((2, 1), vec![6, 12]).expect("two hosts"),
    )
    .expect("valid");
    let started = start(&instance, &Budget::default()).expect("no stock limit");
    assert_eq!(judged(&instance, started), 26);
}

#[test]
fn patterns_that_cannot_be_kept_complete_to_nothing() {
    let host = |stock| HostType { name: "h".into(), cost: 1, stock };
    let build = |stock| {
        Instance::simple(
            "",
            Resource::anonymous(1),
            vec![("vm".into(), 4)],
            Array2::from_elem((1, 1), 4),
            vec![host(stock)],
            Array2::from_elem((1, 1), 9),
        )
        .expect("valid")
    };
    let pattern = |count, hosts| [(Pattern { host: 0, vms: vec![(0, count)] }, hosts)];
    let complete = |stock, patterns: &[_]| complete(&build(stock), patterns, &Budget::default());
    assert_eq!(complete(None, &pattern(3, 1)), None, "overfull");
    assert_eq!(complete(Some(3), &pattern(1, 4)), None, "too many hosts");
    assert_eq!(complete(Some(2), &pattern(1, 2)).map(|found| found.hosts_opened()), Some(2));
    assert_eq!(complete(Some(1), &pattern(2, 1)), None, "the rest finds no host");
    assert_eq!(complete(None, &pattern(u64::MAX, 1)), None, "more than all of them");
}

#[test]
fn astronomical_counts_and_spent_budgets() {
    let items = [(vec![1, 2], 1_000_000_000_000_000), (vec![300_000_000_007, 1], 1_000_000)];
    let instance =
        Instance::identical_hosts("huge", &[1_000_000_000_000; 2], &items).expect("valid");
    let (started, taken) = cpu_time(|| start(&instance, &Budget::default()));
    assert!(taken < Duration::from_secs(5), "{taken:?}");
    let started = started.expect("no stock limit");
    judged(&instance, started);
    let spent = Budget::default().with_time(Duration::ZERO);
    judged(&instance, start(&instance, &spent).expect("next fit at least"));
    assert_eq!(complete(&instance, &[], &spent), None);
}

/// Rules on counts would take minutes.
#[test]
fn many_different_vms_are_placed_one_by_one() {
    let sizes = (0..100_000).map(|i| (vec![20_000 + i * 61_001 % 680_003], 1));
    let instance = Instance::identical_hosts("many", &[1_000_000], &sizes.collect::<Vec<_>>());
    let instance = instance.expect("valid");
    let (started, taken) = cpu_time(|| start(&instance, &Budget::default()));
    assert!(taken < Duration::from_secs(30), "{taken:?}");
    let cost = judged(&instance, started.expect("no stock limit"));
    let method = PACKING.iter().find(|method| method.name() == "bfd-indexed").expect("a method");
    let outcome = method.solve(&instance, &Budget::default(), &mut NullObserver);
    assert!(Value::from(cost) <= outcome.solved.expect("no stock limit").cost);
}
