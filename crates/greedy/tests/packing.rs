//! Every packing rule on tiny instances against brute force, and through the judge.

#[path = "../../../tests/clock.rs"]
mod clock;
#[path = "../../../tests/skip.rs"]
mod skip;
#[path = "../../bounds/tests/tiny/mod.rs"]
mod tiny;

use std::time::Duration;

use clock::cpu_time;
use ndarray::Array2;
use proptest::prelude::*;
use skip::data_with;
use vmpack_check::{Effort, Judge, Verdict};
use vmpack_greedy::PACKING;
use vmpack_model::packing::{HostType, Instance, Packing, Refutation, VmType};
use vmpack_model::{
    Budget, Method, NullObserver, Observer, Outcome, Resource, Status, Trajectory, Value,
};

/// The single rules that take any number of VMs.
fn counted() -> impl Iterator<Item = &'static dyn Method<Packing>> {
    let single = |name: &str| name != "portfolio" && !name.ends_with("-indexed");
    PACKING.iter().copied().filter(move |method| single(method.name()))
}

fn solve(method: &dyn Method<Packing>, instance: &Instance) -> Outcome<Packing> {
    let outcome = method.solve(instance, &Budget::default(), &mut NullObserver);
    let judgement = Packing::judge(instance, &outcome, &Effort::default());
    assert!(!judgement.verdict.is_wrong(), "{}: {}", method.name(), judgement.verdict);
    if outcome.solved.is_some() {
        assert_eq!(judgement.verdict, Verdict::Correct, "{}", method.name());
    }
    outcome
}

fn cost(outcome: &Outcome<Packing>) -> Option<Value> {
    outcome.solved.as_ref().map(|solved| solved.cost)
}

fn check(instance: &Instance) {
    let optimum = tiny::optimum(instance).map(Value::from);
    for method in PACKING {
        let name = method.name();
        let outcome = solve(*method, instance);
        match outcome.status {
            Status::Optimal => assert_eq!(cost(&outcome), optimum, "{name}"),
            Status::Feasible => assert!(cost(&outcome) >= optimum, "{name}"),
            Status::Infeasible => assert_eq!(optimum, None, "{name}"),
            Status::Unknown => {
                // Only scarce hosts can make a rule fail.
                let scarce = instance.hosts().iter().any(|host| host.stock.is_some());
                assert!(scarce, "{name} found nothing");
            }
            Status::Unbounded => panic!("{name} calls a packing unbounded"),
        }
        assert!(optimum.is_some() || outcome.solved.is_none(), "{name}");
    }
}

proptest! {
    #[test]
    fn answers_are_correct_and_never_below_the_optimum(instance in tiny::instances()) {
        check(&instance);
    }

    #[test]
    fn answers_on_identical_hosts_are_correct(instance in tiny::uniform_instances()) {
        check(&instance);
    }

    #[test]
    fn names_do_not_matter(instance in tiny::instances()) {
        let vm = |(i, vm): (usize, &VmType)| VmType { name: format!("z{}", 9 - i), ..vm.clone() };
        let host = |(t, host): (usize, &HostType)| HostType {
            name: format!("q{}", 9 - t),
            ..host.clone()
        };
        let renamed = Instance::new(
            "renamed",
            instance.resources().to_vec(),
            instance.vms().iter().enumerate().map(vm).collect(),
            instance.demands().to_owned(),
            instance.hosts().iter().enumerate().map(host).collect(),
            instance.capacities().to_owned(),
        )
        .expect("valid");
        for method in PACKING {
            prop_assert_eq!(solve(*method, &instance), solve(*method, &renamed));
        }
    }
}

#[test]
fn ids_are_unique_and_in_the_style_of_the_literature() {
    let ids: Vec<&str> = PACKING.iter().map(|method| method.name()).collect();
    let unique: std::collections::BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), unique.len());
    let well_formed =
        |id: &str| id.chars().all(|c| c.is_ascii_lowercase() || "-0123456789".contains(c));
    assert!(ids.iter().all(|id| well_formed(id)));
    for id in ["nf", "ff", "bf", "wf", "nfd", "ffd-l1", "ffd-linf", "bfd-l2", "dot-product"] {
        assert!(unique.contains(id), "{id}");
    }
}

#[test]
fn no_vms_cost_nothing_which_is_optimal() {
    let empty = Instance::identical_hosts("empty", &[4, 4], &[(vec![1, 1], 0)]).expect("valid");
    for method in PACKING {
        let outcome = solve(*method, &empty);
        assert_eq!(outcome.status, Status::Optimal, "{}", method.name());
        assert_eq!(cost(&outcome), Some(Value::ZERO));
    }
}

#[test]
fn a_vm_too_large_for_every_host_is_refuted() {
    let items = [(vec![3], 2), (vec![7], 1)];
    let instance = Instance::identical_hosts("too large", &[6], &items).expect("valid");
    for method in PACKING {
        let outcome = solve(*method, &instance);
        assert_eq!(outcome.status, Status::Infeasible, "{}", method.name());
        assert_eq!(outcome.refutation, Some(Refutation::FitsNowhere { vm: 1 }));
    }
}

#[test]
fn johnson_worst_case_of_first_fit() {
    // 1/6 - e, 1/3 + e, 1/2 + e in this order: first fit opens 5/3 of the optimum (Johnson 1973).
    let items = [(vec![14], 6), (vec![34], 6), (vec![51], 6)];
    let instance = Instance::identical_hosts("5/3", &[101], &items).expect("valid");
    let hosts = |name: &str| {
        let method = PACKING.iter().find(|method| method.name() == name).expect("registered");
        cost(&solve(*method, &instance)).expect("every item fits")
    };
    assert_eq!(hosts("ff"), Value::from(10_u64));
    assert_eq!(hosts("ffd-l1"), Value::from(6_u64));
}

#[test]
fn observer_and_budget_are_honoured() {
    let items = [(vec![3], 5), (vec![4], 5)];
    let instance = Instance::identical_hosts("small", &[10], &items).expect("valid");
    for method in PACKING {
        let mut trajectory = Trajectory::default();
        let outcome = method.solve(&instance, &Budget::default(), &mut trajectory);
        let last = trajectory.into_points().pop().expect("something was told");
        assert_eq!(last.cost, cost(&outcome), "{}", method.name());
        assert_eq!(last.bound, outcome.bound.map(|bound| bound.value));

        let spent = Budget::default().with_time(Duration::ZERO);
        let outcome = method.solve(&instance, &spent, &mut NeverIncumbent);
        assert_eq!(outcome.status, Status::Unknown, "{}", method.name());
    }
}

struct NeverIncumbent;

impl Observer for NeverIncumbent {
    fn incumbent(&mut self, cost: Value) {
        panic!("an incumbent of {cost} although no time was left");
    }

    fn bound(&mut self, _: Value) {}
}

/// Nothing is ever done VM by VM or host by host.
#[test]
fn astronomical_counts_take_no_longer() {
    let capacity = 1_000_000_000_000;
    let items = [
        (vec![1, 2], 1_000_000_000_000_000),
        (vec![2, 1], 999_999_999_999_989),
        (vec![0, 0], 1_000_000_000_000_000),
        (vec![300_000_000_007, 1], 1_000_000),
        (vec![1_000, 1_000_000_000], 123_457),
    ];
    let instance = Instance::identical_hosts("huge", &[capacity; 2], &items).expect("valid");
    for method in counted() {
        let (outcome, taken) = cpu_time(|| solve(method, &instance));
        assert!(taken < Duration::from_secs(5), "{} took {taken:?}", method.name());
        let patterns = outcome.solved.expect("everything fits").solution.patterns.len();
        assert!(patterns < 40, "{}: {patterns} patterns", method.name());
    }
}

/// The number of hosts that first fit decreasing opens on BPPLIB, as published with the instances
/// (Delorme, Iori, Martello 2018): a sample.
#[test]
fn published_results_of_first_fit_decreasing_are_met() {
    let Some(data) = data_with("bpplib/best_known.csv") else { return };
    let table = std::fs::read_to_string(data.join("bpplib/best_known.csv")).expect("readable");
    let ffd = PACKING.iter().find(|method| method.name() == "ffd-l1").expect("registered");
    let mut compared = 0;
    for line in table.lines().skip(1).step_by(37) {
        let fields: Vec<&str> = line.split(',').collect();
        let (Ok(hosts), Ok(text)) = (
            fields[7].parse::<u64>(),
            std::fs::read_to_string(data.join("bpplib").join(fields[11])),
        ) else {
            continue;
        };
        let numbers: Vec<u64> =
            text.split_whitespace().map(|n| n.parse().expect("a number")).collect();
        let items: Vec<_> = numbers[2..].iter().map(|&size| (vec![size], 1)).collect();
        let instance = Instance::identical_hosts(fields[0], &[numbers[1]], &items).expect("valid");
        assert_eq!(cost(&solve(*ffd, &instance)), Some(Value::from(hosts)), "{line}");
        compared += 1;
    }
    assert!(compared > 40, "only {compared} files were found");
}

/// A million VMs on scarce and plentiful hosts: seconds at most, and few patterns.
#[test]
fn a_million_vms_are_packed_by_types() {
    let types = 200;
    let demands = (0..types).flat_map(|i| {
        let cores = 1 + i % 16;
        [1000 * cores, 1024 * cores * (1 + i / 16 % 8) + 7 * i]
    });
    let host = |name: &str, cost, stock| HostType { name: name.into(), cost, stock };
    let instance = Instance::simple(
        "million",
        vec![Resource::new("cpu", "millicore"), Resource::new("memory", "MiB")],
        (0..types).map(|i| (format!("vm{i}"), 5_000)).collect(),
        Array2::from_shape_vec((types as usize, 2), demands.collect()).expect("two columns"),
        vec![host("small", 100, None), host("large", 290, Some(30_000)), host("memory", 350, None)],
        Array2::from_shape_vec((3, 2), vec![32_000, 131_072, 96_000, 393_216, 64_000, 524_288])
            .expect("two columns"),
    )
    .expect("valid");
    assert_eq!(instance.total_vms(), 1_000_000);
    for method in counted() {
        let (outcome, taken) = cpu_time(|| solve(method, &instance));
        assert!(taken < Duration::from_secs(5), "{} took {taken:?}", method.name());
        let solved = outcome.solved.expect("small hosts are unlimited");
        let patterns = solved.solution.patterns.len();
        assert!(patterns < 20 * types as usize, "{}: {patterns} patterns", method.name());
    }
}
