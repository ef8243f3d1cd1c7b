//! Placement rules: answers judged on tiny instances of every form, and how many of them are optimal.

#[path = "../../lp/tests/rules/brute.rs"]
#[expect(dead_code, reason = "other tests expand placements as well")]
mod brute;
#[path = "../../lp/tests/rules/draw.rs"]
mod draw;

use draw::Draw;
use ndarray::Array2;
use vmpack_check::{Effort, Judge, Verdict};
use vmpack_model::packing::{
    Demand, HostType, Instance, Level, Packing, Rule, Rules, Strength, Topology,
};
use vmpack_model::{Budget, Method, NullObserver, Outcome, Resource, Value};
use vmpack_search::LargeNeighbourhood;

/// The answer, once it is judged.
fn judged(instance: &Instance, budget: &Budget) -> Outcome<Packing> {
    LargeNeighbourhood.accepts(instance).expect("every form is known");
    let outcome = LargeNeighbourhood.solve(instance, budget, &mut NullObserver);
    let judgement = Packing::judge(instance, &outcome, &Effort::default());
    assert!(!judgement.verdict.is_wrong(), "{judgement:?} {instance:?}");
    if outcome.solved.is_some() {
        assert_eq!(judgement.verdict, Verdict::Correct, "{instance:?}");
    }
    outcome
}

fn cost(outcome: &Outcome<Packing>) -> Option<Value> {
    outcome.solved.as_ref().map(|solved| solved.cost)
}

#[test]
fn tiny_instances_of_every_form_are_solved_to_the_optimum() {
    let (mut feasible, mut optimal) = (0, 0);
    let mut missed = Vec::new();
    for seed in 0..300 {
        let instance = Draw::new(seed).instance(6);
        if instance.rules().only_capacity() {
            continue;
        }
        let all: Vec<u64> = instance.vms().iter().map(|vm| vm.count).collect();
        let optimum = brute::optimum(&instance, &all).map(Value::from);
        let found = cost(&judged(&instance, &Budget::default().with_work(3000)));
        assert!(optimum.is_some() || found.is_none(), "seed {seed}");
        assert!(found.is_none_or(|found| Some(found) >= optimum), "seed {seed}");
        feasible += usize::from(optimum.is_some());
        optimal += usize::from(found.is_some() && found == optimum);
        if found != optimum {
            missed.push((seed, found, optimum));
        }
    }
    println!("{optimal} of {feasible} optimal, missed {missed:?}");
    assert!(feasible > 150, "{feasible}");
    assert!(optimal * 100 >= feasible * 98, "{optimal} of {feasible}, missed {missed:?}");
}

/// Tenants apart, replicas on racks of their own, a dear and a cheap model of host in three racks.
fn fleet(seed: u64, services: usize) -> Instance {
    let mut draw = Draw::new(seed);
    let (replicas, racks) = (3, 3);
    let vms = (0..services).map(|i| (format!("s{i}"), replicas)).collect();
    let demands = Array2::from_shape_simple_fn((services, 2), || 5 + draw.below(36));
    let models = [(10, 64), (17, 128)];
    let hosts = (0..racks).flat_map(|rack| models.map(|model| (rack, model)));
    let hosts: Vec<_> = hosts.collect();
    let kinds = hosts.iter().map(|&(rack, (cost, size))| HostType {
        name: format!("r{rack}-{size}"),
        cost,
        stock: None,
    });
    let capacities = Array2::from_shape_fn((hosts.len(), 2), |(t, _)| hosts[t].1.1);
    let classes = (0..4).map(|tenant| (0..services).filter(|i| i % 5 == tenant).collect());
    let rule = |name: String, demand| Rule { name, demand, strength: Strength::Hard };
    let apart = Demand::Separate { classes: classes.collect(), within: Level::Host };
    let mut rules = vec![rule("tenants".to_owned(), apart)];
    rules.extend((0..services).step_by(2).map(|i| {
        let demand = Demand::AtMost { vms: vec![i], most: 1, within: Level::Rack };
        rule(format!("replicas of {i}"), demand)
    }));
    let topology = Topology {
        racks: (0..racks).map(|rack| format!("r{rack}")).collect(),
        rack_of: hosts.iter().map(|&(rack, _)| Some(rack)).collect(),
        ..Topology::default()
    };
    Instance::simple("fleet", Resource::anonymous(2), vms, demands, kinds.collect(), capacities)
        .and_then(|plain| plain.with_rules(Rules { topology, rules, ..Rules::default() }))
        .expect("valid")
}

#[test]
fn fleets_end_below_every_greedy_rule_and_repeat() {
    for seed in 0..2 {
        let instance = fleet(seed, 40);
        let greedy =
            vmpack_greedy::PACKING.iter().filter(|method| method.accepts(&instance).is_ok());
        let greedy = greedy.filter_map(|method| {
            cost(&method.solve(&instance, &Budget::default(), &mut NullObserver))
        });
        let greedy = greedy.min().expect("no stock limit");
        let budget = || Budget::default().with_work(40_000).with_seed(seed);
        let found = judged(&instance, &budget());
        println!("{greedy} -> {:?}", cost(&found));
        assert!(cost(&found) < Some(greedy));
        assert_eq!(found.solved, judged(&instance, &budget()).solved);
    }
}
