//! Placement rules: answers judged, on tiny instances of every form, and how many of those that have a placement are
//! solved.

#[path = "../../lp/tests/rules/brute.rs"]
#[expect(dead_code, reason = "other tests expand placements as well")]
mod brute;
#[path = "../../lp/tests/rules/draw.rs"]
mod draw;

use std::collections::BTreeMap;

use draw::Draw;
use ndarray::Array2;
use vmpack_check::{Effort, Judge, Verdict};
use vmpack_greedy::PACKING;
use vmpack_model::packing::{
    Demand, HostType, Instance, Level, Packing, Rule, Rules, Strength, Topology,
};
use vmpack_model::{Budget, Method, NullObserver, Problem, Resource, Value};

/// The methods that keep every form.
fn ruled() -> impl Iterator<Item = &'static dyn Method<Packing>> {
    PACKING.iter().copied().filter(|method| method.keeps().len() == 7)
}

/// The cost of the answer, once it is judged; `None` without a placement.
fn judged(method: &dyn Method<Packing>, instance: &Instance) -> Option<Value> {
    method.accepts(instance).expect("every form is known");
    let outcome = method.solve(instance, &Budget::default().with_work(5), &mut NullObserver);
    let judgement = Packing::judge(instance, &outcome, &Effort::default());
    assert!(!judgement.verdict.is_wrong(), "{}: {judgement:?} {instance:?}", method.name());
    if outcome.solved.is_some() {
        assert_eq!(judgement.verdict, Verdict::Correct, "{}: {instance:?}", method.name());
    }
    outcome.solved.map(|solved| solved.cost)
}

#[test]
fn tiny_instances_of_every_form() {
    let mut feasible = 0;
    let mut solved: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for seed in 0..600 {
        let instance = Draw::new(seed).instance(6);
        let all: Vec<u64> = instance.vms().iter().map(|vm| vm.count).collect();
        let optimum = brute::optimum(&instance, &all).map(Value::from);
        feasible += u32::from(optimum.is_some());
        for method in ruled() {
            let cost = judged(method, &instance);
            assert!(optimum.is_some() || cost.is_none());
            assert!(cost.is_none_or(|cost| Some(cost) >= optimum));
            let (found, best) = solved.entry(method.name()).or_default();
            *found += u32::from(cost.is_some());
            *best += u32::from(cost.is_some() && cost == optimum);
        }
    }
    println!("of {feasible} feasible instances, solved and at least cost: {solved:?}");
    assert!(feasible > 300);
    assert!(solved.values().all(|&(found, _)| found * 100 >= feasible * 98), "{solved:?}");
    assert!(solved.values().all(|&(_, best)| best * 100 >= feasible * 90), "{solved:?}");
}

/// Some forty VM types, a few VMs of each, on hosts in three racks of two sites, one of them scarce; ten rules of all
/// forms, hard and soft.
fn fleet(draw: &mut Draw) -> Instance {
    let vms: Vec<_> = (0..40).map(|vm| (format!("vm{vm}"), 1 + draw.below(3))).collect();
    let demands = Array2::from_shape_fn((40, 2), |_| 1 + draw.below(12));
    let host = |t: usize, cost: u64| HostType {
        name: format!("h{t}"),
        cost,
        stock: (t == 0).then_some(3),
    };
    let hosts: Vec<_> = (0..6).map(|t| host(t, 5 + draw.below(10))).collect();
    let capacities = Array2::from_shape_fn((6, 2), |_| 24 + draw.below(20));
    let names = |what: &str, n| (0..n).map(|i| format!("{what}{i}")).collect();
    let topology = Topology {
        racks: names("rack", 3),
        sites: names("site", 2),
        rack_of: (0..6).map(|t| Some(t / 2)).collect(),
        site_of: (0..6).map(|t| Some(t / 4)).collect(),
    };
    let rules = (0..10).map(|index| {
        let mut group = |size: usize| -> Vec<usize> {
            let mut group: Vec<usize> = (0..size).map(|_| draw.below(40) as usize).collect();
            group.sort_unstable();
            group.dedup();
            group
        };
        let (small, large) = (group(3), group(9));
        let within = [Level::Host, Level::Rack, Level::Site][draw.below(3) as usize];
        let demand = match index % 6 {
            0 => Demand::Restrict { vms: large, hosts: vec![1, 2, 3 + draw.below(3) as usize] },
            1 => Demand::AtMost { vms: large, most: 1 + draw.below(4), within: Level::Host },
            2 => Demand::Together { vms: small, within },
            3 => Demand::Spread { vms: small, least: 2, over: within },
            4 => {
                let others = large.iter().copied().filter(|vm| !small.contains(vm)).collect();
                Demand::Separate { classes: vec![small, others], within: Level::Host }
            }
            _ => Demand::Survive { hosts: vec![0, 1, 4], failures: 1 + draw.below(2) },
        };
        let hard = index == 5 || draw.below(3) > 0;
        let strength = if hard { Strength::Hard } else { Strength::Soft { price: draw.below(9) } };
        Rule { name: format!("rule{index}"), demand, strength }
    });
    let rules = rules.collect();
    let prices = Array2::from_shape_fn((40, 6), |_| draw.below(2));
    let priced = (draw.below(2) == 0).then_some(prices);
    Instance::simple("fleet", Resource::anonymous(2), vms, demands, hosts, capacities)
        .and_then(|plain| {
            plain.with_rules(Rules { topology, prices: priced, rules, ..Rules::default() })
        })
        .expect("valid")
}

#[test]
fn fleets_with_many_rules() {
    let mut solved: BTreeMap<&str, u32> = BTreeMap::new();
    for seed in 0..12 {
        let instance = fleet(&mut Draw::new(seed));
        assert!(Packing::rules(&instance).len() >= 6);
        for method in ruled() {
            let cost = judged(method, &instance);
            *solved.entry(method.name()).or_default() += u32::from(cost.is_some());
        }
    }
    println!("of 12 fleets, solved: {solved:?}");
    assert!(solved.values().all(|&found| found >= 9), "{solved:?}");
}
