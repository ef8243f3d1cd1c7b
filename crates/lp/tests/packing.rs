//! Packing by integer programming, judged and compared with enumeration.

#[path = "../../../tests/clock.rs"]
mod clock;

use std::time::Duration;

use clock::cpu_time;
use ndarray::Array2;
use proptest::prelude::*;
use vmpack_check::{Effort, Judge};
use vmpack_lp::PACKING as METHODS;
use vmpack_model::packing::{HostType, Instance, Packing, VmType};
use vmpack_model::{Budget, Method, NullObserver, Outcome, Resource, Status, Value};

/// Solves, asserts that the judge finds nothing wrong, and returns the claim.
fn solve(method: &dyn Method<Packing>, instance: &Instance, budget: &Budget) -> Outcome<Packing> {
    let outcome = method.solve(instance, budget, &mut NullObserver);
    let judgement = Packing::judge(instance, &outcome, &Effort::default());
    assert!(!judgement.verdict.is_wrong(), "{method:?} on {instance:?}: {outcome:?} {judgement:?}");
    outcome
}

fn cost(outcome: &Outcome<Packing>) -> Option<Value> {
    outcome.solved.as_ref().map(|solved| solved.cost)
}

/// The least cost by trying every host for every VM in turn; `None` if there is no placement.
fn enumerate(instance: &Instance) -> Option<u64> {
    fn place(
        instance: &Instance,
        vms: &[usize],
        open: &mut Vec<(usize, Vec<u64>)>,
        stock: &mut [u64],
        spent: u64,
        best: &mut Option<u64>,
    ) {
        if best.is_some_and(|best| spent >= best) {
            return;
        }
        let Some((&vm, rest)) = vms.split_first() else {
            *best = Some(spent);
            return;
        };
        for row in instance.vms()[vm].rows.clone() {
            let demand = instance.demand(row);
            for at in 0..open.len() {
                if demand.iter().zip(&open[at].1).all(|(w, left)| w <= left) {
                    let before = open[at].1.clone();
                    open[at].1.iter_mut().zip(demand).for_each(|(left, w)| *left -= w);
                    place(instance, rest, open, stock, spent, best);
                    open[at].1 = before;
                }
            }
            for t in 0..instance.hosts().len() {
                if stock[t] > 0 && instance.fits(row, t) {
                    stock[t] -= 1;
                    let left = instance.capacity(t).iter().zip(demand).map(|(c, w)| c - w);
                    open.push((t, left.collect()));
                    let spent = spent + instance.hosts()[t].cost;
                    place(instance, rest, open, stock, spent, best);
                    open.pop();
                    stock[t] += 1;
                }
            }
        }
    }
    let vms: Vec<usize> = (0..instance.vms().len())
        .flat_map(|vm| std::iter::repeat_n(vm, instance.vms()[vm].count as usize))
        .collect();
    let mut stock: Vec<u64> =
        instance.hosts().iter().map(|host| host.stock.unwrap_or(u64::MAX)).collect();
    let mut best = None;
    place(instance, &vms, &mut Vec::new(), &mut stock, 0, &mut best);
    best
}

/// Up to six VMs of up to three types, some with two alternative rows, on up to three host types with
/// stock and costs; sizes may be zero.
fn tiny() -> impl Strategy<Value = Instance> {
    (1..=2_usize, 1..=3_usize, 1..=3_usize).prop_flat_map(|(d, types, hosts)| {
        let vm = (1..=2_u64, 1..=2_usize);
        (
            prop::collection::vec(vm, types),
            prop::collection::vec(0..=8_u64, types * 2 * d),
            prop::collection::vec((0..=5_u64, prop::option::of(0..=3_u64)), hosts),
            prop::collection::vec(4..=12_u64, hosts * d),
        )
            .prop_map(move |(vms, mut sizes, hosts, capacities)| {
                let mut rows = 0;
                let vms: Vec<VmType> = vms
                    .into_iter()
                    .enumerate()
                    .map(|(i, (count, alternatives))| {
                        let start = rows;
                        rows += alternatives;
                        VmType { name: format!("vm{i}"), count, rows: start..rows }
                    })
                    .collect();
                sizes.truncate(rows * d);
                let hosts: Vec<HostType> = hosts
                    .into_iter()
                    .enumerate()
                    .map(|(t, (cost, stock))| HostType { name: format!("h{t}"), cost, stock })
                    .collect();
                let demands = Array2::from_shape_vec((rows, d), sizes).expect("rows x d");
                let capacities =
                    Array2::from_shape_vec((hosts.len(), d), capacities).expect("hosts x d");
                let resources = Resource::anonymous(d);
                Instance::new("tiny", resources, vms, demands, hosts, capacities).expect("valid")
            })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tiny_instances_reach_the_enumerated_optimum(instance in tiny()) {
        let optimum = enumerate(&instance);
        for method in METHODS {
            if let Err(reason) = method.supports(&instance) {
                prop_assert!(method.name() == "reflect" && instance.dimensions() > 1, "{reason}");
                continue;
            }
            let outcome = solve(*method, &instance, &Budget::default());
            let status = if optimum.is_some() { Status::Optimal } else { Status::Infeasible };
            prop_assert_eq!(outcome.status, status, "{:?} {:?}", method, outcome);
            prop_assert_eq!(cost(&outcome), optimum.map(Value::from), "{:?}", method);
        }
    }
}

/// `n` VMs of two resources with sizes of 10 to 60 % of a host.
fn two_resources(n: u64) -> Instance {
    let mut state = n;
    let mut draw = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        100 + (state >> 33) % 500
    };
    let items: Vec<(Vec<u64>, u64)> = (0..n).map(|_| (vec![draw(), draw()], 1)).collect();
    Instance::identical_hosts("two-resources", &[1000, 1000], &items).expect("valid")
}

#[test]
fn deadlines_are_kept_with_an_answer() {
    let instance = two_resources(100);
    for method in METHODS {
        if let Err(reason) = method.supports(&instance) {
            let reason = reason.to_string();
            assert!(reason.contains("more than") || reason.contains("one resource"), "{reason}");
            continue;
        }
        let budget = Budget::default().with_time(Duration::from_millis(700));
        // Whether a solver on a thread of its own ends, the patience of the clock says.
        let (outcome, taken) = cpu_time(|| solve(*method, &instance, &budget));
        assert!(taken < Duration::from_secs(5), "{method:?}: {taken:?}");
        assert!(outcome.solved.is_some() && outcome.bound.is_some(), "{method:?}");
        let spent = Budget::default().with_time(Duration::ZERO);
        let outcome = solve(*method, &instance, &spent);
        assert!(matches!(outcome.status, Status::Unknown | Status::Feasible), "{method:?}");
    }
}

#[test]
fn programs_beyond_the_documented_size_are_refused_with_the_size() {
    let items: Vec<(Vec<u64>, u64)> = (0..200).map(|i| (vec![500 + i], 5_000)).collect();
    let instance = Instance::identical_hosts("million", &[4_000], &items).expect("valid");
    for method in METHODS.iter().filter(|method| method.name().starts_with("assignment")) {
        let reason = method.supports(&instance).expect_err("too large").to_string();
        assert!(reason.contains("columns"), "{reason}");
    }
}
