//! The searches, judged, and compared with branch-and-price and with the greedy rules that they start from.

#[path = "../../../tests/clock.rs"]
mod clock;

use std::time::Duration;

use clock::{cpu_time, given_time};
use ndarray::Array2;
use proptest::prelude::*;
use vmpack_branch_price::BranchPrice;
use vmpack_check::{Effort, Judge};
use vmpack_model::packing::{HostType, Instance, Packing, VmType};
use vmpack_model::{Budget, Method, NullObserver, Outcome, Resource, Status, Trajectory, Value};
use vmpack_search::{ConsistentNeighbourhood, FlavourProgram, LargeNeighbourhood, PACKING};

/// Solves and asserts that the judge finds nothing wrong.
fn solve(method: &dyn Method<Packing>, instance: &Instance, budget: &Budget) -> Outcome<Packing> {
    let outcome = method.solve(instance, budget, &mut NullObserver);
    let judgement = Packing::judge(instance, &outcome, &Effort::default());
    assert!(!judgement.verdict.is_wrong(), "{method:?} on {instance:?}: {outcome:?} {judgement:?}");
    outcome
}

fn cost(outcome: &Outcome<Packing>) -> Option<Value> {
    outcome.solved.as_ref().map(|solved| solved.cost)
}

/// Numbers from a seed.
struct Draw(u64);

impl Draw {
    fn between(&mut self, low: u64, high: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        low + (self.0 >> 33) % (high - low + 1)
    }
}

/// Host types of different capacity and price; the first suffices for everything.
fn instance(seed: u64, types: usize, hosts: usize, d: usize, most: u64) -> Instance {
    let mut draw = Draw(seed);
    let host = |t: usize, draw: &mut Draw| HostType {
        name: format!("h{t}"),
        cost: draw.between(5, 9) * (2 + t as u64),
        stock: (t > 0).then(|| draw.between(0, 3)),
    };
    let kinds: Vec<HostType> = (0..hosts).map(|t| host(t, &mut draw)).collect();
    let vms = (0..types).map(|i| (format!("v{i}"), draw.between(1, most))).collect();
    Instance::simple(
        "drawn",
        Resource::anonymous(d),
        vms,
        Array2::from_shape_simple_fn((types, d), || draw.between(1, 40)),
        kinds,
        Array2::from_shape_fn((hosts, d), |(t, _)| 100 - 15 * t as u64),
    )
    .expect("small")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn never_below_the_optimum_nor_above_greedy(
        seed: u64, types in 1..10_usize, hosts in 1..4_usize, d in 1..4_usize,
    ) {
        let instance = instance(seed, types, hosts, d, 2);
        let exact = solve(&BranchPrice, &instance, &Budget::default());
        prop_assert_eq!(exact.status, Status::Optimal);
        let greedy = vmpack_greedy::start(&instance, &Budget::default()).map(|p| p.cost(&instance));
        for method in PACKING {
            let outcome = solve(*method, &instance, &Budget::default().with_work(5000));
            prop_assert!(cost(&outcome) >= cost(&exact), "{:?}", method);
            if let Some(greedy) = greedy {
                prop_assert!(cost(&outcome).is_some_and(|cost| cost <= Value::from(greedy)), "{:?}", method);
            }
        }
    }
}

#[test]
fn searches_find_most_optima_of_tiny_instances() {
    let (mut better, mut optimal, mut all) = ([0; 3], [0; 3], 0);
    for seed in 0..150 {
        let instance = instance(seed, 16, 1 + seed as usize % 3, 1 + seed as usize % 2, 3);
        let exact = cost(&solve(&BranchPrice, &instance, &Budget::default())).expect("placed");
        let greedy = vmpack_greedy::start(&instance, &Budget::default()).expect("placed");
        let greedy = Value::from(greedy.cost(&instance));
        if greedy == exact {
            continue;
        }
        all += 1;
        for (m, method) in PACKING.iter().enumerate() {
            let found = cost(&solve(*method, &instance, &Budget::default().with_work(30_000)));
            better[m] += u32::from(found.is_some_and(|found| found < greedy));
            optimal[m] += u32::from(found == Some(exact));
        }
    }
    assert!(all >= 8, "greedy rules leave something to do: {all}");
    assert!(better.iter().all(|&n| 10 * n >= 7 * all), "{better:?} of {all} are improved");
    assert!(optimal.iter().all(|&n| 10 * n >= 6 * all), "{optimal:?} of {all} are optimal");
}

#[test]
fn the_same_seed_and_work_give_the_same_answer() {
    for hosts in [1, 3] {
        let instance = instance(5, 60, hosts, 3, 3);
        for method in PACKING {
            let budget = || Budget::default().with_work(20_000).with_seed(7);
            let (one, two) =
                (solve(*method, &instance, &budget()), solve(*method, &instance, &budget()));
            assert_eq!(one.solved, two.solved, "{method:?}");
            assert_eq!(one.bound, two.bound, "{method:?}");
        }
    }
}

#[test]
fn the_deadline_is_kept_and_improvements_are_told() {
    let instance = instance(11, 400, 1, 6, 1);
    let greedy = vmpack_greedy::start(&instance, &Budget::default()).expect("placed");
    let greedy = Some(Value::from(greedy.cost(&instance)));
    for method in PACKING {
        given_time(0.7, |seconds| {
            let budget = Budget::default().with_time(Duration::from_secs_f64(seconds));
            let mut trajectory = Trajectory::default();
            let (outcome, taken) = cpu_time(|| method.solve(&instance, &budget, &mut trajectory));
            assert!(taken.as_secs_f64() < seconds + 1.0, "{method:?} took {taken:?}");
            let points = trajectory.into_points();
            assert_eq!(points.last().and_then(|point| point.cost), cost(&outcome), "{method:?}");
            (method.name() != "cns" || cost(&outcome) < greedy).then_some(())
        });
    }
}

#[test]
fn large_fleets_are_searched_in_parts() {
    // 60,000 VMs of 300 types: more than are looked at one by one.
    let mut draw = Draw(3);
    let items: Vec<(Vec<u64>, u64)> =
        (0..300).map(|_| (vec![draw.between(150, 450), draw.between(150, 450)], 200)).collect();
    let instance = Instance::identical_hosts("large", &[1000, 1000], &items).expect("valid");
    let greedy = vmpack_greedy::start(&instance, &Budget::default()).expect("placed");
    let outcome = solve(&ConsistentNeighbourhood, &instance, &Budget::default().with_work(60_000));
    assert!(cost(&outcome) < Some(Value::from(greedy.cost(&instance))));
}

#[test]
fn many_different_vms_begin_with_an_index() {
    // Rules on counts would compare 30,000 VMs with 7,000 hosts each.
    let mut draw = Draw(5);
    let items: Vec<(Vec<u64>, u64)> = (0..30_000)
        .map(|_| (vec![draw.between(100, 4_000), draw.between(100, 4_000)], 1))
        .collect();
    let instance = Instance::identical_hosts("many", &[10_000, 10_000], &items).expect("valid");
    let budget = Budget::default().with_work(2_000);
    let outcome = solve(&LargeNeighbourhood, &instance, &budget);
    let hosts = outcome.solved.expect("no stock limit").solution.hosts_opened();
    let volume = outcome.bound.expect("a volume bound").value.to_f64();
    assert!((hosts as f64) < 1.03 * volume, "{hosts} for {volume}");
}

#[test]
fn few_flavours_are_packed_to_the_optimum_in_any_numbers() {
    for (count, hosts) in [(1_000, 1), (1_000, 3), (1_000_000, 1), (1_000_000, 3)] {
        let instance = instance(21, 8, hosts, 2, count);
        let outcome = solve(&FlavourProgram, &instance, &Budget::default());
        assert_eq!(outcome.status, Status::Optimal, "{count} on {hosts}");
    }
}

#[test]
fn alternatives_are_kept_by_single_moves_and_refused_by_columns() {
    let vm = |name: &str, count, rows| VmType { name: name.to_owned(), count, rows };
    let instance = Instance::new(
        "alternatives",
        Resource::anonymous(1),
        vec![vm("a", 4, 0..2), vm("b", 3, 2..3)],
        Array2::from_shape_vec((3, 1), vec![6, 7, 4]).expect("shape"),
        vec![HostType { name: "h".to_owned(), cost: 1, stock: None }],
        Array2::from_elem((1, 1), 10),
    )
    .expect("valid");
    assert!(ConsistentNeighbourhood.supports(&instance).is_ok());
    solve(&ConsistentNeighbourhood, &instance, &Budget::default().with_work(1000));
    assert!(LargeNeighbourhood.supports(&instance).is_err());
    assert!(FlavourProgram.supports(&instance).is_err());
}
