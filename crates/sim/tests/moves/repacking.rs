//! Consolidation on plain data, by a small method of its own.

use std::collections::BTreeMap;

use proptest::prelude::*;
use vmpack_model::packing::{Instance, Packing, Pattern, Placement};
use vmpack_model::{Budget, Kind, Method, Observer, Outcome, Unsupported, Value};
use vmpack_sim::arrivals::Demand;
use vmpack_sim::repacking::{Answer, Guest, Machine, Terms, repack};

/// First fit in the order of types from the last, which has the most CPU, on hosts in the order of kinds.
pub(crate) struct FirstFit;

impl Method<Packing> for FirstFit {
    fn name(&self) -> &'static str {
        "first-fit"
    }

    fn kind(&self) -> Kind {
        Kind::Greedy
    }

    fn summary(&self) -> &'static str {
        "first fit by decreasing CPU"
    }

    fn reference(&self) -> &'static str {
        "Johnson (1973)"
    }

    fn supports(&self, _: &Instance) -> Result<(), Unsupported> {
        Ok(())
    }

    fn solve(&self, instance: &Instance, _: &Budget, _: &mut dyn Observer) -> Outcome<Packing> {
        let mut open: Vec<(usize, Vec<u64>, BTreeMap<usize, u64>)> = Vec::new();
        let kinds = instance.hosts().iter().enumerate();
        for (kind, host) in kinds {
            let room = instance.capacity(kind).to_vec();
            let stock = host.stock.expect("hosts are counted") as usize;
            open.extend(std::iter::repeat_n((kind, room, BTreeMap::new()), stock));
        }
        for row in (0..instance.rows()).rev() {
            let demand = instance.demand(row);
            for _ in 0..instance.vms()[row].count {
                let fits = |room: &[u64]| room.iter().zip(demand).all(|(room, need)| room >= need);
                let Some(host) = open.iter_mut().find(|host| fits(&host.1)) else {
                    return Outcome::unknown();
                };
                host.1.iter_mut().zip(demand).for_each(|(room, need)| *room -= need);
                *host.2.entry(row).or_default() += 1;
            }
        }
        let pattern = |(host, _, vms): (usize, Vec<u64>, BTreeMap<usize, u64>)| {
            (Pattern { host, vms: vms.into_iter().collect() }, 1)
        };
        let placement = Placement::from_patterns(open.into_iter().map(pattern));
        let cost = Value::from(placement.cost(instance));
        Outcome::feasible(placement, cost)
    }
}

fn demand(cpu: u64, memory: u64) -> Demand {
    [cpu, memory, 0, 0, 0]
}

const MACHINE: Machine = Machine { capacity: [8, 8, 0, 0, 0], idle: 100 };
const TERMS: Terms = Terms { horizon: 1000, mib: 10, budget: usize::MAX };

fn guest(host: usize, cpu: u64, memory: u64) -> Guest {
    Guest { host, reserved: demand(cpu, memory), memory }
}

fn ask(machines: &[Machine], guests: &[Guest], terms: &Terms) -> Answer {
    repack(machines, guests, 2, &FirstFit, &Budget::default(), terms)
}

fn follow(guests: &[Guest], to: &[usize]) -> Vec<Guest> {
    guests.iter().zip(to).map(|(guest, &host)| Guest { host, ..*guest }).collect()
}

#[test]
fn a_packed_cluster_is_left_alone() {
    let guests: Vec<_> = (0..12).map(|vm| guest(vm / 4, 2, 2)).collect();
    assert_eq!(ask(&[MACHINE; 5], &guests, &TERMS), Answer::default());
    // Nearly: one VM less, and still no host less would do.
    assert_eq!(ask(&[MACHINE; 5], &guests[1..], &TERMS), Answer::default());
}

#[test]
fn vms_gather_where_most_of_them_are() {
    // Nine VMs of a quarter of a host on four hosts, where three would do.
    let guests: Vec<_> = [3, 3, 3, 2, 1, 0, 1, 2, 3].map(|host| guest(host, 2, 2)).to_vec();
    let best = ask(&[MACHINE; 6], &guests, &TERMS).best.expect("worth it");
    let again = follow(&guests, &best.to);
    assert_eq!((best.emptied, best.moves), (1, 1));
    assert_eq!(best.gain, 100 * 1000 - 2 * 10);
    assert_eq!(ask(&[MACHINE; 6], &again, &TERMS).best, None);
}

#[test]
fn moves_must_be_worth_it_and_within_the_budget() {
    let guests = [guest(0, 2, 5), guest(1, 2, 3)];
    let gain = |terms: Terms| ask(&[MACHINE; 2], &guests, &terms).best.map(|best| best.gain);
    assert_eq!(gain(TERMS), Some(100_000 - 30));
    assert_eq!(gain(Terms { mib: 33_333, ..TERMS }), Some(1));
    assert_eq!(gain(Terms { mib: 33_334, ..TERMS }), None);
    assert_eq!(gain(Terms { budget: 0, ..TERMS }), None);
}

#[test]
fn hosts_that_draw_less_are_kept() {
    let machines = [Machine { idle: 300, ..MACHINE }, Machine { idle: 90, ..MACHINE }];
    let guests = [guest(0, 3, 4), guest(1, 3, 4)];
    let best = ask(&machines, &guests, &TERMS).best.expect("worth it");
    assert_eq!(best.to, [1, 1]);
}

/// Packs all VMs on one host.
struct Liar;

impl Method<Packing> for Liar {
    fn name(&self) -> &'static str {
        "liar"
    }

    fn kind(&self) -> Kind {
        Kind::Greedy
    }

    fn summary(&self) -> &'static str {
        "one host holds all"
    }

    fn reference(&self) -> &'static str {
        "none"
    }

    fn supports(&self, instance: &Instance) -> Result<(), Unsupported> {
        if instance.total_vms() > 2 { Ok(()) } else { Err(Unsupported("needs three".to_owned())) }
    }

    fn solve(&self, instance: &Instance, _: &Budget, _: &mut dyn Observer) -> Outcome<Packing> {
        let vms = instance.vms().iter().enumerate().map(|(row, vm)| (row, vm.count)).collect();
        let placement = Placement::from_patterns([(Pattern { host: 0, vms }, 1)]);
        Outcome::feasible(placement, Value::from(1_u64))
    }
}

#[test]
fn answers_that_do_not_hold_are_passed_over() {
    let guests: Vec<_> = (0..4).map(|host| guest(host, 3, 3)).collect();
    let answer = repack(&[MACHINE; 4], &guests, 2, &Liar, &Budget::default(), &TERMS);
    assert_eq!(answer, Answer { best: None, unanswered: 2 }, "of two hosts and of four");
}

proptest! {
    #[test]
    fn placements_hold_and_asking_again_ends(
        kinds in prop::collection::vec((6_u64..12, 6_u64..12, 50_u64..200), 1..4),
        vms in prop::collection::vec((0_usize..12, 1_u64..4, 1_u64..4), 1..30),
        budget in 1_usize..20,
    ) {
        let machines: Vec<_> = (0..12)
            .map(|host| kinds[host % kinds.len()])
            .map(|(cpu, memory, idle)| Machine { capacity: demand(cpu, memory), idle })
            .collect();
        // Whatever still fits where it is.
        let mut used = vec![(0, 0); machines.len()];
        let mut guests = Vec::new();
        for (host, cpu, memory) in vms {
            let capacity = machines[host].capacity;
            if used[host].0 + cpu <= capacity[0] && used[host].1 + memory <= capacity[1] {
                used[host] = (used[host].0 + cpu, used[host].1 + memory);
                guests.push(guest(host, cpu, memory));
            }
        }
        let terms = Terms { budget, ..TERMS };
        for round in 0.. {
            prop_assert!(round <= machines.len(), "each round saves power");
            let Some(best) = ask(&machines, &guests, &terms).best else { break };
            let after = follow(&guests, &best.to);
            let moved = guests.iter().zip(&after).filter(|(a, b)| a.host != b.host);
            let mib: u64 = moved.clone().map(|(guest, _)| guest.memory).sum();
            prop_assert!(moved.count() == best.moves && best.moves <= budget);
            let idle = |guests: &[Guest]| -> u64 {
                let on = |host: usize| guests.iter().any(|guest| guest.host == host);
                (0..12).filter(|&host| on(host)).map(|host| machines[host].idle).sum()
            };
            let gain = (idle(&guests) - idle(&after)) * 1000 - mib * 10;
            prop_assert_eq!(u128::from(gain), best.gain);
            for (host, machine) in machines.iter().enumerate() {
                for r in 0..2 {
                    let here = after.iter().filter(|guest| guest.host == host);
                    prop_assert!(here.map(|guest| guest.reserved[r]).sum::<u64>() <= machine.capacity[r]);
                }
            }
            guests = after;
        }
    }
}
