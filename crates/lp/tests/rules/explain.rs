//! Conflicts, compared with enumeration: what is named cannot hold, and all but one of it can.

use std::time::Duration;

use ndarray::{Array2, arr2};
use vmpack_lp::explain::{Explanation, Finding, Part, explain};
use vmpack_model::packing::{
    Demand, HostType, Instance, Level, Rule, Rules, Strength, Topology, VmType,
};
use vmpack_model::{Budget, Resource};

use super::brute;
use super::draw::Draw;

/// The parts of an explanation, and the number of VMs asked for of each type.
fn parts(explanation: &Explanation, types: usize) -> (Vec<Part>, Vec<u64>) {
    let mut least = vec![0; types];
    for &(vm, n) in &explanation.vms {
        least[vm] = n;
    }
    let parts = explanation.resources.iter().map(|&k| Part::Resource(k));
    let parts = parts.chain(explanation.stock.iter().map(|&t| Part::Stock(t)));
    (parts.chain(explanation.rules.iter().map(|&rule| Part::Rule(rule))).collect(), least)
}

/// Whether some placement keeps these parts and places at least so many VMs.
fn holds(instance: &Instance, parts: &[Part], least: &[u64]) -> bool {
    let mut demands = instance.demands().to_owned();
    for ((_, k), demand) in demands.indexed_iter_mut() {
        *demand *= u64::from(parts.contains(&Part::Resource(k)));
    }
    let hosts = instance.hosts().iter().enumerate().map(|(t, host)| HostType {
        name: host.name.clone(),
        cost: 0,
        stock: host.stock.filter(|_| parts.contains(&Part::Stock(t))),
    });
    let rules = instance.rules().rules.iter().enumerate();
    let rules = rules.filter(|&(index, _)| parts.contains(&Part::Rule(index)));
    let rules = Rules {
        topology: instance.rules().topology.clone(),
        rules: rules.map(|(_, rule)| rule.clone()).collect(),
        ..Rules::default()
    };
    let relaxed = Instance::new(
        "relaxed",
        instance.resources().to_vec(),
        instance.vms().to_vec(),
        demands,
        hosts.collect(),
        instance.capacities().to_owned(),
    );
    let relaxed = relaxed.and_then(|plain| plain.with_rules(rules)).expect("valid");
    brute::optimum(&relaxed, least).is_some()
}

/// Whether what is named cannot hold, and can without any one VM, resource, stock or rule.
fn is_irreducible(instance: &Instance, explanation: &Explanation) -> bool {
    let (parts, least) = parts(explanation, instance.vms().len());
    let fewer_parts = (0..parts.len()).all(|at| {
        let mut fewer = parts.clone();
        fewer.remove(at);
        holds(instance, &fewer, &least)
    });
    let fewer_vms = (0..least.len()).filter(|&vm| least[vm] > 0).all(|vm| {
        let mut fewer = least.clone();
        fewer[vm] -= 1;
        holds(instance, &parts, &fewer)
    });
    !holds(instance, &parts, &least) && fewer_parts && fewer_vms
}

/// Whether every set of so many parts, with all VMs of a type as one, can hold.
fn all_hold(instance: &Instance, size: usize) -> bool {
    let all: Vec<u64> = instance.vms().iter().map(|vm| vm.count).collect();
    let vms = (0..all.len()).map(Part::Vms);
    let others = (0..instance.dimensions()).map(Part::Resource);
    let others = others.chain((0..instance.hosts().len()).map(Part::Stock));
    let rules = instance.rules().rules.iter().enumerate();
    let rules = rules.filter(|(_, rule)| rule.is_hard()).map(|(index, _)| Part::Rule(index));
    let parts: Vec<Part> = vms.chain(others).chain(rules).collect();
    let sets = (0..1_u32 << parts.len()).filter(|set| set.count_ones() as usize == size);
    sets.into_iter().all(|set| {
        let held: Vec<Part> =
            (0..parts.len()).filter(|&at| set >> at & 1 == 1).map(|at| parts[at]).collect();
        let least: Vec<u64> = (0..all.len())
            .map(|vm| if held.contains(&Part::Vms(vm)) { all[vm] } else { 0 })
            .collect();
        holds(instance, &held, &least)
    })
}

#[test]
fn conflicts_are_infeasible_and_nothing_in_them_is_idle() {
    let (mut feasible, mut conflicts, mut smallest) = (0, 0, 0);
    for seed in 0..400 {
        // All forms but survival, which takes too long to enumerate without stock.
        let instance = Draw::new(seed).instance(5);
        let all: Vec<u64> = instance.vms().iter().map(|vm| vm.count).collect();
        match explain(&instance, &Budget::default()) {
            Finding::Feasible => {
                assert!(brute::optimum(&instance, &all).is_some(), "seed {seed}: {instance:?}");
                feasible += 1;
            }
            Finding::Conflict(found) => {
                let at = format!("seed {seed}: {found:?} of {instance:?}");
                assert!(found.irreducible && found.minimum, "{at}");
                assert!(is_irreducible(&instance, &found), "{at}");
                let size =
                    found.vms.len() + found.resources.len() + found.stock.len() + found.rules.len();
                if size <= 4 && seed < 100 {
                    assert!(size == 0 || all_hold(&instance, size - 1), "{at}");
                    smallest += 1;
                }
                conflicts += 1;
            }
            Finding::Unknown => panic!("seed {seed}: no limit"),
        }
    }
    assert!(feasible > 100 && conflicts > 50 && smallest > 10, "{feasible} {conflicts} {smallest}");
}

/// VM types of one resource with size and count, host types with capacity and stock, hard rules.
fn planted(
    vms: &[(u64, u64)],
    hosts: &[(u64, Option<u64>)],
    topology: Topology,
    rules: Vec<(&str, Demand)>,
) -> Instance {
    let sizes = Array2::from_shape_fn((vms.len(), 1), |(vm, _)| vms[vm].0);
    let capacities = Array2::from_shape_fn((hosts.len(), 1), |(t, _)| hosts[t].0);
    let vms = vms.iter().enumerate();
    let vms =
        vms.map(|(vm, &(_, count))| VmType { name: format!("vm{vm}"), count, rows: vm..vm + 1 });
    let hosts = hosts.iter().enumerate();
    let hosts = hosts.map(|(t, &(_, stock))| HostType { name: format!("h{t}"), cost: 1, stock });
    let rules = rules.into_iter().map(|(name, demand)| Rule {
        name: name.into(),
        demand,
        strength: Strength::Hard,
    });
    let rules = Rules { topology, rules: rules.collect(), ..Rules::default() };
    let resources = vec![Resource::new("memory", "GiB")];
    Instance::new("planted", resources, vms.collect(), sizes, hosts.collect(), capacities)
        .and_then(|plain| plain.with_rules(rules))
        .expect("valid")
}

fn conflict(instance: &Instance) -> Explanation {
    match explain(instance, &Budget::default()) {
        Finding::Conflict(found) if found.irreducible => found,
        other => panic!("{other:?}"),
    }
}

#[test]
fn survival_is_explained() {
    // Three hosts hold two VMs each; when one fails, the others have no room.
    let survive = |failures| Demand::Survive { hosts: vec![0], failures };
    let hosts = [(10, Some(3))];
    let instance = planted(&[(5, 6)], &hosts, Topology::default(), vec![("n+1", survive(1))]);
    let found = conflict(&instance);
    assert_eq!(
        (&found.vms[..], &found.stock[..], &found.rules[..]),
        (&[(0, 5)][..], &[0][..], &[0][..])
    );
    assert!(found.minimum && is_irreducible(&instance, &found));
}

#[test]
fn what_does_not_matter_is_left_out() {
    // A group of six in one rack that holds five; fifty idle VM types and rules around it.
    let topology = Topology {
        racks: vec!["left".into(), "right".into()],
        rack_of: vec![Some(0), Some(1)],
        ..Topology::default()
    };
    let mut vms = vec![(3, 4), (3, 2)];
    vms.extend([(1, 1); 50]);
    let together = Demand::Together { vms: vec![0, 1], within: Level::Rack };
    let mut rules = vec![("close", together)];
    let names: Vec<String> = (0..20).map(|i| format!("apart{i}")).collect();
    rules.extend(names.iter().enumerate().map(|(i, name)| {
        let vms = vec![2 * i + 2, 2 * i + 3];
        (name.as_str(), Demand::AtMost { vms, most: 1, within: Level::Host })
    }));
    let instance = planted(&vms, &[(3, Some(5)), (4, Some(30))], topology, rules);
    assert!(matches!(explain(&instance, &Budget::default()), Finding::Feasible));

    let rule = instance.rules().rules[0].clone();
    let restrict = Demand::Restrict { vms: vec![1], hosts: vec![0] };
    let left = Rule { name: "left".into(), demand: restrict, strength: Strength::Hard };
    let mut rules = instance.rules().clone();
    rules.rules = [rules.rules, vec![left]].concat();
    let instance = instance.with_rules(rules).expect("valid");
    let found = conflict(&instance);
    assert_eq!(instance.rules().rules[0], rule);
    assert_eq!(found.rules, [0, 21]);
    assert_eq!(found.vms, [(0, 4), (1, 2)]);
    assert_eq!((found.stock, found.resources), (vec![0], vec![0]));
}

#[test]
fn a_group_smaller_than_its_spread_is_told_by_the_rule_alone() {
    let spread = Demand::Spread { vms: vec![0], least: 3, over: Level::Host };
    let instance =
        planted(&[(1, 2), (1, 5)], &[(9, None)], Topology::default(), vec![("spread", spread)]);
    let found = conflict(&instance);
    assert_eq!(
        found.sentence(&instance),
        "the rule \"spread\" (\"vm0\" over at least 3 hosts) cannot hold."
    );
}

#[test]
fn without_time_nothing_is_claimed() {
    let apart = Demand::AtMost { vms: vec![0], most: 1, within: Level::Host };
    let instance =
        planted(&[(1, 3), (1, 2)], &[(9, Some(2))], Topology::default(), vec![("apart", apart)]);
    let spent = Budget::default().with_time(Duration::ZERO);
    let Finding::Conflict(found) = explain(&instance, &spent) else { panic!("counted") };
    assert!(!found.irreducible && !found.minimum);
    assert!(found.sentence(&instance).ends_with("not shown to be minimal."));
    // Two hosts suffice, but not for next fit, for which there is always time.
    let (sizes, size) = (arr2(&[[7], [6], [5], [4]]), arr2(&[[11]]));
    let host = HostType { name: "h".into(), cost: 1, stock: Some(2) };
    let vms = ["a", "b", "c", "d"].map(|name| (name.to_owned(), 1)).to_vec();
    let instance =
        Instance::simple("", Resource::anonymous(1), vms, sizes, vec![host], size).expect("valid");
    assert_eq!(explain(&instance, &spent), Finding::Unknown);
    assert_eq!(explain(&instance, &Budget::default()), Finding::Feasible);
}
