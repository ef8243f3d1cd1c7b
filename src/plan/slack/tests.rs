use ndarray::Array2;
use proptest::prelude::*;
use vmpack_check::{Effort, Judge as _, Verdict};
use vmpack_model::packing::{
    Demand, HostType, Instance, Level, Packing, Pattern, Placement, Rule, Rules, Strength, Tally,
    Topology, VmType,
};
use vmpack_model::{Outcome, Resource};

use super::{Slacks, choices, least, unit};

/// Types of VMs and hosts with what they need or have of two resources.
struct Small {
    /// Demand and number.
    vms: Vec<([u64; 2], u64)>,
    /// Capacity, stock, rack.
    hosts: Vec<([u64; 2], Option<u64>, usize)>,
}

impl Small {
    fn instance(&self, demand: &Demand) -> Instance {
        let vms = self.vms.iter().enumerate();
        let vms =
            vms.map(|(i, &(_, count))| VmType { name: format!("vm{i}"), count, rows: i..i + 1 });
        let hosts = self.hosts.iter().enumerate();
        let hosts =
            hosts.map(|(i, &(_, stock, _))| HostType { name: format!("h{i}"), cost: 1, stock });
        let topology = Topology {
            racks: vec!["r0".into(), "r1".into()],
            rack_of: self.hosts.iter().map(|&(_, _, rack)| Some(rack)).collect(),
            ..Topology::default()
        };
        let rule = Rule { name: "it".into(), demand: demand.clone(), strength: Strength::Hard };
        Instance::new(
            "small",
            Resource::anonymous(2),
            vms.collect(),
            Array2::from_shape_fn((self.vms.len(), 2), |(i, k)| self.vms[i].0[k]),
            hosts.collect(),
            Array2::from_shape_fn((self.hosts.len(), 2), |(i, k)| self.hosts[i].0[k]),
        )
        .and_then(|plain| {
            plain.with_rules(Rules { topology, rules: vec![rule], ..Rules::default() })
        })
        .expect("an instance")
    }

    fn slack(&self, placement: &Placement, demand: &Demand) -> Option<u64> {
        let instance = self.instance(demand);
        let tally = Tally::new(&instance, placement);
        Slacks::new(&instance, placement, &tally).of(&instance.rules().rules[0])
    }
}

/// A type of host, the VMs on each, and how many hosts.
type Alike<'a> = (usize, &'a [(usize, u64)], u64);

fn placed(patterns: &[Alike<'_>]) -> Placement {
    let pattern = |&(host, vms, hosts): &Alike<'_>| (Pattern { host, vms: vms.to_vec() }, hosts);
    // As it is: hosts that stand by hold nothing.
    Placement { patterns: patterns.iter().map(pattern).collect(), evacuations: Vec::new() }
}

/// Three VMs of 2 and two of 3; three hosts of 8 in rack 0, two of 6 in rack 1.
fn fleet() -> Small {
    Small {
        vms: vec![([2, 0], 3), ([3, 0], 2)],
        hosts: vec![([8, 9], Some(3), 0), ([6, 9], Some(2), 1)],
    }
}

/// One host of 8 with two of the VMs of 2, one of 8 with a VM of 3, one of 6 with one of 2 and one of 3.
fn placement() -> Placement {
    placed(&[(0, &[(0, 2)], 1), (0, &[(1, 1)], 1), (1, &[(0, 1), (1, 1)], 1)])
}

#[test]
fn slack_of_restrict_is_the_room_on_allowed_hosts() {
    let slack = |vms: &[usize], hosts: &[usize]| {
        fleet().slack(&placement(), &Demand::Restrict { vms: vms.to_vec(), hosts: hosts.to_vec() })
    };
    // 4, 5 and 1 are free on the opened ones, 8 and 6 on the closed ones.
    assert_eq!(slack(&[0], &[0, 1]), Some(2 + 2 + 4 + 3));
    assert_eq!(slack(&[0, 1], &[0, 1]), Some(1 + 1 + 2 + 2), "the larger VMs find less");
    assert_eq!(slack(&[0], &[0]), None, "one is elsewhere");
    let mut fleet = fleet();
    fleet.hosts[0].1 = None;
    let anywhere = Demand::Restrict { vms: vec![0], hosts: vec![0, 1] };
    assert_eq!(fleet.slack(&placement(), &anywhere), None, "hosts without end");
}

#[test]
fn the_vms_that_find_the_least_decide() {
    // On a host of 8 and 4: two of (3, 1), one of (1, 3), four of (1, 1), of which a fifth is there.
    let vms = vec![([3, 1], 0), ([1, 3], 0), ([1, 1], 1)];
    let small = Small { vms, hosts: vec![([9, 5], Some(1), 0)] };
    let here = |vms: &[usize]| {
        let demand = Demand::Restrict { vms: vms.to_vec(), hosts: vec![0] };
        small.slack(&placed(&[(0, &[(2, 1)], 1)]), &demand)
    };
    assert_eq!([here(&[0]), here(&[1]), here(&[2])], [Some(2), Some(1), Some(4)]);
    assert_eq!([here(&[0, 2]), here(&[0, 1]), here(&[0, 1, 2])], [Some(2), Some(1), Some(1)]);
}

#[test]
fn slack_of_at_most_and_spread_is_what_could_be_asked_beyond() {
    let most = |most| Demand::AtMost { vms: vec![0], most, within: Level::Host };
    assert_eq!(fleet().slack(&placement(), &most(5)), Some(3));
    assert_eq!(fleet().slack(&placement(), &most(2)), Some(0));
    assert_eq!(fleet().slack(&placement(), &most(1)), None);
    let spread = |least, over| Demand::Spread { vms: vec![0, 1], least, over };
    assert_eq!(fleet().slack(&placement(), &spread(2, Level::Host)), Some(1));
    assert_eq!(fleet().slack(&placement(), &spread(2, Level::Rack)), Some(0));
    assert_eq!(fleet().slack(&placement(), &spread(3, Level::Rack)), None);
}

#[test]
fn slack_of_together_is_the_room_beside_the_group() {
    let together = |vms: &[usize], within| Demand::Together { vms: vms.to_vec(), within };
    let one_host = placed(&[(0, &[(0, 3)], 1), (0, &[(1, 1)], 1), (1, &[(1, 1)], 1)]);
    assert_eq!(fleet().slack(&one_host, &together(&[0], Level::Host)), Some(1));
    // Beside it in the rack: 5 on the host with a VM of 3, and a closed host of 8.
    assert_eq!(fleet().slack(&one_host, &together(&[0], Level::Rack)), Some(1 + 2 + 4));
    assert_eq!(fleet().slack(&one_host, &together(&[1], Level::Rack)), None, "in two racks");
}

#[test]
fn slack_of_separate_is_the_room_without_the_others() {
    let apart = |within| Demand::Separate { classes: vec![vec![0], vec![1]], within };
    assert_eq!(fleet().slack(&placement(), &apart(Level::Host)), None, "two share a host");
    let kept = placed(&[(0, &[(0, 3)], 1), (1, &[(1, 2)], 1)]);
    // VMs of 2: one beside its own, four on each closed host of 8, three on that of 6. VMs of 3: none beside its own,
    // two on each of the three closed ones.
    assert_eq!(fleet().slack(&kept, &apart(Level::Host)), Some(6));
    // In their racks: 1 + 4 + 4 VMs of 2, or two of 3 on the closed host of 6.
    assert_eq!(fleet().slack(&kept, &apart(Level::Rack)), Some(2));
    let mut full = fleet();
    full.hosts[1].1 = Some(1);
    assert_eq!(full.slack(&kept, &apart(Level::Rack)), Some(0), "one more goes to the others");
}

#[test]
fn slack_of_survive_is_how_many_more_hosts_may_fail() {
    let demand = Demand::Survive { hosts: vec![0], failures: 1 };
    let fleet = |stock| Small { vms: vec![([2, 0], 4)], hosts: vec![([8, 9], Some(stock), 0)] };
    let each = |hosts| placed(&[(0, &[(0, 1)], hosts)]);
    // All four fit on one host: any three may fail.
    assert_eq!(fleet(9).slack(&each(4), &demand), Some(2), "closed hosts play no part");
    let two = placed(&[(0, &[(0, 2)], 2)]);
    assert_eq!(fleet(9).slack(&two, &demand), Some(0), "none is left beside two");
    let full = Small { vms: vec![([2, 0], 8)], hosts: vec![([8, 9], None, 0)] };
    let standing_by = placed(&[(0, &[(0, 4)], 2), (0, &[], 1)]);
    assert_eq!(full.slack(&standing_by, &demand), Some(0));
    let idle = Demand::Survive { hosts: vec![1], failures: 1 };
    let mut other = fleet(9);
    other.hosts.push(([8, 9], Some(1), 1));
    assert_eq!(other.slack(&each(4), &idle), None, "nothing is lost with them");
    assert_eq!(unit(&idle), "hosts");
}

#[test]
fn ways_to_choose() {
    assert_eq!([choices(1, 5), choices(3, 2), choices(4, 1)], [1, 6, 4]);
    assert_eq!(choices(1 << 40, 9), u128::MAX);
}

#[test]
fn the_least_of_a_monotone_predicate() {
    for (low, high, from) in [(1, 9, 4), (1, 1, 1), (3, 8, 1), (1, 8, 8)] {
        assert_eq!(least(low, high, |n| n >= from), Some(from.max(low)));
    }
    assert_eq!(least(1, 8, |n| n >= 9), None);
}

/// A host type and how many VMs of each type are on the host.
type Single = (usize, Vec<u64>);

fn collected(hosts: &[Single]) -> Placement {
    Placement::from_patterns(hosts.iter().map(|(host, vms)| {
        let held = vms.iter().copied().enumerate().filter(|&(_, count)| count > 0);
        (Pattern { host: *host, vms: held.collect() }, 1)
    }))
}

/// Whether so many more VMs of a type find room on hosts from one on, with nothing moved: every way is judged.
fn finds_room(
    small: &Small,
    demand: &Demand,
    (hosts, from): (&[Single], usize),
    (vm, more): (usize, u64),
) -> bool {
    if more == 0 {
        let instance = small.instance(demand);
        let placement = collected(hosts);
        let cost = placement.cost(&instance).into();
        let outcome = Outcome::feasible(placement, cost);
        return Packing::judge(&instance, &outcome, &Effort::default()).verdict == Verdict::Correct;
    }
    let mut vms = small.vms.clone();
    vms[vm].1 += 1;
    let larger = Small { vms, hosts: small.hosts.clone() };
    (from..hosts.len()).any(|host| {
        let mut hosts = hosts.to_vec();
        hosts[host].1[vm] += 1;
        finds_room(&larger, demand, (&hosts, host), (vm, more - 1))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, max_global_rejects: 20_000, ..ProptestConfig::default() })]

    /// So many more of every type find room, and of some type not one more.
    #[test]
    fn slack_counts_the_vms_that_find_room(
        demands in prop::collection::vec([2_u64..5, 0_u64..5], 2),
        capacities in prop::collection::vec([3_u64..9, 3_u64..9], 2),
        on in prop::collection::vec(prop::collection::vec(0_u64..2, 2), 3),
        racks in prop::collection::vec(0_usize..2, 2),
        form in 0_usize..3,
        rack in any::<bool>(),
        group in 1_usize..4,
        allowed in 1_usize..4,
    ) {
        let subset = |bits: usize| (0..2).filter(|i| bits >> i & 1 == 1).collect::<Vec<usize>>();
        let within = if rack { Level::Rack } else { Level::Host };
        let vms = subset(group);
        let demand = match form {
            0 => Demand::Restrict { vms: vms.clone(), hosts: subset(allowed) },
            1 => Demand::Together { vms: vms.clone(), within },
            _ => Demand::Separate { classes: vec![vec![0], vec![1]], within },
        };
        let asked = if form == 2 { vec![0, 1] } else { vms };
        let hosts: Vec<Single> = [0, 0, 1].into_iter().zip(on).collect();
        let count = |vm: usize| hosts.iter().map(|(_, vms)| vms[vm]).sum::<u64>();
        let small = Small {
            vms: (0..2).map(|vm| (demands[vm], count(vm))).collect(),
            hosts: vec![(capacities[0], Some(2), racks[0]), (capacities[1], Some(1), racks[1])],
        };
        prop_assume!(finds_room(&small, &demand, (&hosts, 0), (0, 0)));
        let Some(slack) = small.slack(&collected(&hosts), &demand) else {
            // Nobody of the group is anywhere yet.
            prop_assert!(form == 1 && asked.iter().all(|&vm| count(vm) == 0));
            return Ok(());
        };
        let finds = |vm: usize, more| finds_room(&small, &demand, (&hosts, 0), (vm, more));
        prop_assert!(asked.iter().all(|&vm| finds(vm, slack)));
        prop_assert!(!asked.iter().all(|&vm| finds(vm, slack + 1)));
    }
}
