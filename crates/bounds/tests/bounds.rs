//! Bounds against brute force, against published values, and through the judge.

#[path = "../../../tests/skip.rs"]
mod skip;
mod tiny;

use std::path::Path;

use ndarray::array;
use proptest::prelude::*;
use skip::data_with;
use vmpack_bounds::{best, dual_feasible, finish, give_up, one_type, refute, surrogate, volume};
use vmpack_check::{Effort, Judge, Verdict};
use vmpack_model::packing::{
    Certificate, DualFeasibleFunction, HostType, Instance, Packing, Pattern, Placement,
};
use vmpack_model::{Bound, NullObserver, Outcome, Resource, Status, Value};

/// Every bound that the crate knows for an instance.
fn all(instance: &Instance) -> Vec<Bound<Certificate>> {
    let per_resource =
        (0..instance.dimensions()).flat_map(|k| [volume(instance, k), dual_feasible(instance, k)]);
    per_resource
        .chain([one_type(instance), surrogate(instance), best(instance)])
        .flatten()
        .collect()
}

fn assert_certified(instance: &Instance, outcome: &Outcome<Packing>) {
    let judgement = Packing::judge(instance, outcome, &Effort::default());
    assert_eq!(judgement.verdict, Verdict::Correct, "{outcome:?}");
    assert!(judgement.certified, "{:?}", judgement.notes);
}

fn check(instance: &Instance) {
    let optimum = tiny::optimum(instance);
    for bound in all(instance) {
        if let Some(optimum) = optimum {
            assert!(bound.value <= Value::from(optimum), "{bound:?} above {optimum}");
        }
        assert_certified(instance, &Outcome::unknown().with_bound(bound));
    }
    if optimum.is_some() {
        assert!(best(instance).is_some() || instance.total_vms() == 0);
        assert_eq!(refute(instance), None);
    }
    if refute(instance).is_some() {
        assert_certified(instance, &give_up(instance, &mut NullObserver));
    }
}

proptest! {
    #[test]
    fn bounds_hold_and_are_certified(instance in tiny::instances()) {
        check(&instance);
    }

    #[test]
    fn bounds_on_identical_hosts_hold_and_are_certified(instance in tiny::uniform_instances()) {
        check(&instance);
    }

    #[test]
    fn more_vms_never_lower_the_bound(
        sizes in prop::collection::vec((1_u64..=100, 1_u64..=3), 1..30),
        capacity in 100_u64..200,
    ) {
        let items: Vec<_> = sizes.iter().map(|&(size, count)| (vec![size], count)).collect();
        let value = |items: &[(Vec<u64>, u64)]| {
            let instance = Instance::identical_hosts("", &[capacity], items).expect("valid");
            best(&instance).expect("every size fits").value
        };
        prop_assert!(value(&items[1..]) <= value(&items));
    }
}

#[test]
fn no_vms_cost_nothing_and_that_is_optimal() {
    let empty = Instance::identical_hosts("empty", &[5], &[]).expect("valid");
    let outcome = finish(&empty, Placement::default(), &mut NullObserver);
    assert_eq!(outcome.status, Status::Optimal);
    assert_certified(&empty, &outcome);
}

#[test]
fn a_vm_that_demands_nothing_still_needs_a_host() {
    let idle = Instance::identical_hosts("idle", &[5], &[(vec![0], 3)]).expect("valid");
    let pattern = Pattern { host: 0, vms: vec![(0, 3)] };
    let placement = Placement::from_patterns([(pattern, 1)]);
    let outcome = finish(&idle, placement, &mut NullObserver);
    assert_eq!(outcome.status, Status::Optimal);
    assert_certified(&idle, &outcome);
}

/// Hosts with cheap cores and hosts with cheap memory: each resource alone is cheap to cover.
#[test]
fn the_surrogate_sees_both_resources() {
    let host = |name: &str, cost| HostType { name: name.into(), cost, stock: None };
    let instance = Instance::simple(
        "shapes",
        Resource::anonymous(2),
        vec![("even".into(), 1000)],
        array![[10, 10]],
        vec![host("cores", 9), host("memory", 10)],
        array![[80, 20], [20, 80]],
    )
    .expect("valid");
    let single = [0, 1].map(|k| volume(&instance, k).expect("unlimited stock").value);
    assert_eq!(
        single,
        [1125_u64, 1250].map(Value::from),
        "125 hosts of one kind for each resource"
    );
    // 100 hosts of each kind cover 10,000 of both.
    let bound = surrogate(&instance).expect("two resources, two host types");
    assert_eq!(bound.value, Value::from(1900_u64));
    assert_certified(&instance, &Outcome::unknown().with_bound(bound));
}

/// The sizes of a BPPLIB file in BPP form: the number of items, the capacity, one size per item.
fn read_bpp(path: &Path) -> Instance {
    let text = std::fs::read_to_string(path).expect("a readable file");
    let numbers: Vec<u64> = text.split_whitespace().map(|n| n.parse().expect("a number")).collect();
    let items: Vec<_> = numbers[2..].iter().map(|&size| (vec![size], 1)).collect();
    Instance::identical_hosts("bpplib", &[numbers[1]], &items).expect("valid")
}

/// The published bounds L1 and L2 of a sample of BPPLIB (Delorme, Iori, Martello 2018), found exactly.
#[test]
fn published_l1_and_l2_are_met() {
    let Some(data) = data_with("bpplib/best_known.csv") else { return };
    let table = std::fs::read_to_string(data.join("bpplib/best_known.csv")).expect("readable");
    let mut compared = 0;
    for line in table.lines().skip(1).step_by(13) {
        let fields: Vec<&str> = line.split(',').collect();
        let path = data.join("bpplib").join(fields[11]);
        let (Ok(l1), Ok(l2)) = (fields[5].parse::<u64>(), fields[6].parse::<u64>()) else {
            continue;
        };
        if !path.exists() {
            continue;
        }
        let instance = read_bpp(&path);
        let volume = volume(&instance, 0).expect("stock is unlimited").value;
        assert_eq!(volume, Value::from(l1), "L1 of {line}");
        let bound = dual_feasible(&instance, 0).expect("one host type");
        match bound.certificate {
            Some(Certificate::DualFeasible {
                function: DualFeasibleFunction::Threshold { .. },
                ..
            }) => {
                assert_eq!(bound.value, Value::from(l2), "L2 of {line}");
            }
            _ => assert!(bound.value > Value::from(l2), "L2 of {line}"),
        }
        let best_known: u64 = fields[1].parse().expect("a number of hosts");
        assert!(bound.value <= Value::from(best_known), "{line}");
        compared += 1;
    }
    assert!(compared > 100, "only {compared} files were found");
}
