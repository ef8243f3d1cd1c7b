//! Decisions within the rules against a scan of all hosts, as they are made one after the other.

use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vmpack_cluster::{FirstFit, GreatestScore, Index, LeastCost, Measure, Scale};
use vmpack_model::Resource;
use vmpack_model::packing::{
    Demand, HostType, Instance, Level, Rule, Rules, Strength, Topology, VmType,
};

use super::super::sequence::{Order, Sequence};
use super::fleet::Fleet;
use super::settle::{Chooser, Place};
use super::units::units;
use super::{Choice, Preference};

/// Some types of up to forty VMs, one in four with an alternative, on hosts in three racks of two sites, one of them
/// scarce; rules of the forms about who is where, hard and soft, and prices now and then.
fn fleet(random: &mut ChaCha8Rng) -> Instance {
    let types = random.random_range(1..=30_usize);
    let most = if types < 6 { 40 } else { 3 };
    let mut rows = 0;
    let vms: Vec<VmType> = (0..types)
        .map(|vm| {
            let start = rows;
            rows += 1 + usize::from(random.random_bool(0.25));
            let count = random.random_range(1..=most);
            VmType { name: format!("vm{vm}"), count, rows: start..rows }
        })
        .collect();
    let demands = Array2::from_shape_fn((rows, 2), |_| random.random_range(1..=9_u64));
    let hosts = (0..6).map(|t| HostType {
        name: format!("h{t}"),
        cost: random.random_range(3..=12),
        stock: (t < 2).then_some(3),
    });
    let hosts: Vec<_> = hosts.collect();
    let capacities = Array2::from_shape_fn((6, 2), |_| random.random_range(20..=40_u64));
    let names = |what: &str, n| (0..n).map(|i| format!("{what}{i}")).collect();
    let topology = Topology {
        racks: names("rack", 3),
        sites: names("site", 2),
        rack_of: (0..6).map(|t| Some(t / 2)).collect(),
        site_of: (0..6).map(|t| Some(t / 4)).collect(),
    };
    let rules = (0..random.random_range(1..=5)).map(|index| {
        let mut group = |share: f64| -> Vec<usize> {
            let first = random.random_range(0..types);
            (0..types).filter(|&vm| vm == first || random.random_bool(share)).collect()
        };
        let (vms, others) = (group(0.5), group(0.3));
        let within =
            [Level::Host, Level::Host, Level::Rack, Level::Site][random.random_range(0..4)];
        let demand = match random.random_range(0..5) {
            0 => Demand::Restrict { vms, hosts: vec![0, 2, random.random_range(3..6)] },
            1 => Demand::AtMost { vms, most: random.random_range(1..=4), within: Level::Host },
            2 => Demand::Together { vms: others, within },
            3 => Demand::Spread { vms, least: random.random_range(2..=3), over: within },
            _ => {
                let vms: Vec<usize> = vms.into_iter().filter(|vm| !others.contains(vm)).collect();
                let classes = [vms, others].into_iter().filter(|class| !class.is_empty());
                Demand::Separate { classes: classes.collect(), within }
            }
        };
        let price = random.random_range(0..6);
        let hard = random.random_bool(0.5);
        let strength = if hard { Strength::Hard } else { Strength::Soft { price } };
        Rule { name: format!("rule{index}"), demand, strength }
    });
    let rules = rules.collect();
    let priced = random.random_bool(0.3);
    let prices = priced.then(|| Array2::from_shape_fn((types, 6), |_| random.random_range(0..3)));
    Instance::new("fleet", Resource::anonymous(2), vms, demands, hosts, capacities)
        .and_then(|plain| plain.with_rules(Rules { topology, prices, rules, ..Rules::default() }))
        .expect("valid")
}

/// Places unit after unit; now and then takes some back. How many parts were decided.
fn decide<I: Index>(
    random: &mut ChaCha8Rng,
    instance: &Instance,
    preference: Preference<'_>,
    index: I,
) -> usize {
    let sequence = Sequence::new(instance, preference.scale, Order::Given);
    let mut fleet = Fleet::new(instance, &sequence, index);
    let mut chooser = Chooser::new(instance, preference);
    let mut decided = 0;
    for unit in units(instance, &sequence, random.random_bool(0.5)) {
        let mut kind = None;
        let parts: Vec<_> =
            unit.parts.iter().flat_map(|(part, copies)| (0..*copies).map(move |_| part)).collect();
        for attempt in 0..2 {
            let mark = fleet.mark();
            for &part in &parts {
                fleet.turn_to(part);
                let within =
                    random.random_bool(0.2).then(|| (Level::Rack, random.random_range(0..3)));
                let placed = match part[..] {
                    [(job, 1)] if fleet.is_free(job) => {
                        chooser.settle_free(&mut fleet, job, &mut kind)
                    }
                    _ => {
                        let scanned = chooser.scan(&mut fleet, part, within);
                        let hosts = fleet.cluster.len();
                        let host = chooser.settle(&mut fleet, part, within);
                        match (scanned, host) {
                            (Some(Place::Open(expected)), Some(host)) => assert_eq!(host, expected),
                            (Some(Place::New(kind)), Some(host)) => {
                                assert_eq!(fleet.state.kind(host), kind, "of {hosts} hosts");
                            }
                            (None, None) => {}
                            (scanned, host) => panic!("{host:?} instead of {scanned:?}"),
                        }
                        decided += 1;
                        host.is_some()
                    }
                };
                if !placed {
                    break;
                }
            }
            if attempt == 0 && random.random_bool(0.3) {
                fleet.return_to(mark);
            } else {
                break;
            }
        }
    }
    decided
}

#[test]
fn decisions_within_rules_equal_the_scan() {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut decided = 0;
    for _ in 0..250 {
        let instance = fleet(&mut random);
        let scale = Scale::new(&instance);
        let scale = &scale;
        let of = |choice: Choice| Preference { choice, scale };
        let largest = [40, 40];
        decided += decide(&mut random, &instance, of(Choice::First), FirstFit::new(&largest));
        for choice in [Choice::Fullest(Measure::L1), Choice::Emptiest(Measure::L1)] {
            let rank = |free: &[u64]| of(choice).rank(&[], free);
            let index = LeastCost::new(&largest, rank);
            decided += decide(&mut random, &instance, of(choice), index);
        }
        let score = |demand: &[u64], free: &[u64]| scale.dot(demand, free);
        let index = GreatestScore::new(&largest, score);
        decided += decide(&mut random, &instance, of(Choice::Aligned), index);
    }
    println!("{decided} decisions");
    assert!(decided > 20_000);
}
