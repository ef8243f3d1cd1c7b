//! Plans of moves: replayed step by step, and compared with a search through all states on tiny cases.

use std::collections::{BTreeSet, VecDeque};

use proptest::prelude::*;
use vmpack_sim::arrivals::Demand;
use vmpack_sim::migration::plan::{Move, Obstacle, Plan, Stuck, Task, View};
use vmpack_sim::migration::{Limits, Migrations, PreCopy, Settings};

fn demand(cpu: u64, memory: u64) -> Demand {
    [cpu, memory, 0, 0, 0]
}

#[derive(Clone, Debug)]
struct Case {
    capacities: Vec<Demand>,
    demands: Vec<Demand>,
    from: Vec<usize>,
    to: Vec<usize>,
    /// VMs that are never on the same host.
    apart: Vec<(usize, usize)>,
}

impl Case {
    fn task(&self) -> Task<'_> {
        Task {
            capacities: &self.capacities,
            demands: &self.demands,
            from: &self.from,
            to: &self.to,
        }
    }

    fn are_apart(&self, a: usize, b: usize) -> bool {
        self.apart.contains(&(a, b)) || self.apart.contains(&(b, a))
    }

    fn plan(&self) -> Plan {
        let rule = |vm: usize, host: usize, view: &View| {
            view.vms_on(host).iter().all(|&other| !self.are_apart(vm, other))
        };
        Plan::new(&self.task(), &rule)
    }

    /// Whether hosts hold these VMs; a VM may be on several.
    fn holds(&self, on: &[BTreeSet<usize>]) -> bool {
        on.iter().zip(&self.capacities).all(|(vms, capacity)| {
            let used = |r: usize| vms.iter().map(|&vm| self.demands[vm][r]).sum::<u64>();
            let kept = |&a: &usize| vms.iter().all(|&b| a == b || !self.are_apart(a, b));
            (0..5).all(|r| used(r) <= capacity[r]) && vms.iter().all(kept)
        })
    }

    fn on(&self, hosts: &[usize]) -> Vec<BTreeSet<usize>> {
        let mut on = vec![BTreeSet::new(); self.capacities.len()];
        for (vm, &host) in hosts.iter().enumerate() {
            on[host].insert(vm);
        }
        on
    }

    /// Replays a plan, all moves of a stage at once; where the VMs are in the end.
    fn replay(&self, plan: &Plan) -> Vec<usize> {
        let mut hosts = self.from.clone();
        for stage in &plan.stages {
            assert!(!stage.is_empty());
            let mut during = self.on(&hosts);
            for &Move { vm, from, to } in stage {
                assert_eq!(hosts[vm], from);
                assert_ne!(from, to);
                hosts[vm] = to;
                during[to].insert(vm);
            }
            assert!(self.holds(&during), "{stage:?}");
        }
        let vms: Vec<_> = plan.moves().map(|step| step.vm).collect();
        let bypasses = vms.iter().collect::<BTreeSet<_>>().len();
        assert!(vms.len() - bypasses <= plan.bypasses);
        for &Stuck { vm, at, to, .. } in &plan.stuck {
            assert!(hosts[vm] == at && self.to[vm] == to && at != to);
        }
        let stuck = (0..hosts.len()).filter(|&vm| hosts[vm] != self.to[vm]);
        assert!(stuck.eq(plan.stuck.iter().map(|stuck| stuck.vm)));
        hosts
    }

    /// Whether single moves lead to the end, of which one at most goes elsewhere than to its VM's target. A VM moves
    /// only if it must.
    fn has_plan(&self) -> bool {
        let start = (self.from.clone(), false);
        let mut seen = BTreeSet::from([start.clone()]);
        let mut queue = VecDeque::from([start]);
        while let Some((hosts, used)) = queue.pop_front() {
            if hosts == self.to {
                return true;
            }
            for vm in (0..hosts.len()).filter(|&vm| hosts[vm] != self.to[vm]) {
                for to in (0..self.capacities.len()).filter(|&to| to != hosts[vm]) {
                    let bypass = to != self.to[vm];
                    let mut during = self.on(&hosts);
                    during[to].insert(vm);
                    if (bypass && used) || !self.holds(&during) {
                        continue;
                    }
                    let mut after = hosts.clone();
                    after[vm] = to;
                    let state = (after, used || bypass);
                    if seen.insert(state.clone()) {
                        queue.push_back(state);
                    }
                }
            }
        }
        false
    }
}

fn none_apart(capacities: &[Demand], vms: &[(Demand, usize, usize)]) -> Case {
    Case {
        capacities: capacities.to_vec(),
        demands: vms.iter().map(|vm| vm.0).collect(),
        from: vms.iter().map(|vm| vm.1).collect(),
        to: vms.iter().map(|vm| vm.2).collect(),
        apart: Vec::new(),
    }
}

/// Tiny tasks between two placements that both hold.
fn tiny() -> impl Strategy<Value = Case> {
    let vm = (1_u64..5, 1_u64..5, 0_usize..4, 0_usize..4);
    let hosts = prop::collection::vec((4_u64..9, 4_u64..9), 2..5);
    let apart = prop::collection::vec((0_usize..6, 0_usize..6), 0..3);
    (hosts, prop::collection::vec(vm, 2..7), apart).prop_filter_map(
        "both placements hold",
        |(hosts, vms, apart)| {
            let n = hosts.len();
            let vms: Vec<_> =
                vms.iter().map(|vm| (demand(vm.0, vm.1), vm.2 % n, vm.3 % n)).collect();
            let capacities: Vec<_> = hosts.iter().map(|host| demand(host.0, host.1)).collect();
            let case = Case { apart, ..none_apart(&capacities, &vms) };
            (case.holds(&case.on(&case.from)) && case.holds(&case.on(&case.to))).then_some(case)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { max_global_rejects: 200_000, ..ProptestConfig::with_cases(600) })]

    #[test]
    fn a_plan_with_one_bypass_at_most_is_found_whenever_there_is_one(case in tiny()) {
        let plan = case.plan();
        let end = case.replay(&plan);
        if case.has_plan() {
            prop_assert_eq!(end, case.to);
        } else if !plan.stuck.is_empty() {
            prop_assert!(plan.proved);
        }
    }
}

#[test]
fn a_move_that_takes_the_last_room_too_early_is_put_off() {
    // VMs 0 and 1 fill host 0, which has two of three free. If the larger one goes first, VM 2 cannot make room for
    // VM 1 nor VM 1 for VM 2, and VM 4 is on the only spare host that they could go to.
    let vms = [
        (demand(2, 1), 2, 0),
        (demand(1, 1), 1, 0),
        (demand(1, 1), 0, 1),
        (demand(2, 1), 3, 2),
        (demand(0, 1), 3, 3),
    ];
    let mut case = none_apart(&[demand(3, 9), demand(1, 9), demand(2, 9), demand(2, 9)], &vms);
    case.apart = vec![(1, 4), (2, 4)];
    let plan = case.plan();
    assert_eq!(case.replay(&plan), case.to);
    assert_eq!(plan.bypasses, 0);
}

#[test]
fn a_chain_goes_link_by_link_and_what_is_free_goes_at_once() {
    let full = demand(4, 4);
    let chain: Vec<_> = (0..5).map(|host| (full, host, host + 1)).collect();
    let case = none_apart(&[full; 6], &chain);
    let plan = case.plan();
    assert_eq!(case.replay(&plan), case.to);
    assert_eq!((plan.stages.len(), plan.bypasses), (5, 0));
    let spread: Vec<_> = (0..5).map(|host| (demand(1, 1), host, 5)).collect();
    assert_eq!(none_apart(&[demand(8, 8); 6], &spread).plan().stages.len(), 1);
}

#[test]
fn a_ring_of_full_hosts_turns_over_a_spare_one_or_says_that_it_cannot() {
    let full = demand(4, 4);
    let ring: Vec<_> = (0..5).map(|host| (full, host, (host + 1) % 5)).collect();
    let case = none_apart(&[full; 6], &ring);
    let plan = case.plan();
    assert_eq!(case.replay(&plan), case.to);
    assert_eq!((plan.stages.len(), plan.bypasses), (6, 1));
    let plan = none_apart(&[full; 5], &ring).plan();
    assert!(plan.proved && plan.stages.is_empty());
    let expected = Stuck { vm: 0, at: 0, to: 1, obstacle: Obstacle::Resource(0) };
    assert_eq!((plan.stuck.len(), plan.stuck[0]), (5, expected));
}

#[test]
fn a_rule_that_is_in_the_way_is_named_and_what_can_be_done_is() {
    let vms = [(demand(1, 1), 0, 1), (demand(1, 1), 1, 1), (demand(2, 1), 0, 1)];
    let mut case = none_apart(&[demand(8, 8); 2], &vms);
    case.apart = vec![(0, 1)];
    let plan = case.plan();
    assert_eq!(plan.stages, [[Move { vm: 2, from: 0, to: 1 }]]);
    assert_eq!(plan.stuck, [Stuck { vm: 0, at: 0, to: 1, obstacle: Obstacle::Rule }]);
}

#[test]
fn a_part_that_is_stuck_does_not_hold_up_others() {
    // Many pairs that change places, of which only those that fit the spare host can.
    let large = demand(9, 9);
    let mut vms = vec![(large, 0, 1), (large, 1, 0)];
    let mut capacities = vec![large; 2];
    for pair in 1..200 {
        vms.extend([
            (demand(4, 4), 2 * pair, 2 * pair + 1),
            (demand(4, 4), 2 * pair + 1, 2 * pair),
        ]);
        capacities.extend([demand(4, 4); 2]);
    }
    capacities.push(demand(5, 5));
    let case = none_apart(&capacities, &vms);
    let plan = case.plan();
    case.replay(&plan);
    assert_eq!(plan.stuck.iter().map(|stuck| stuck.vm).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(plan.bypasses, 199);
}

#[test]
fn no_two_stages_overlap_and_limits_stretch_them() {
    let full = demand(4, 4);
    let vms: Vec<_> = (0..4).map(|host| (full, host, host + 4)).chain([(full, 8, 0)]).collect();
    let case = none_apart(&[full; 9], &vms);
    let plan = case.plan();
    assert_eq!(plan.stages.iter().map(Vec::len).collect::<Vec<_>>(), [4, 1]);
    let makespan = |in_all| {
        let model = PreCopy { threshold: 0, rounds: 3, resume: 0 };
        let settings = Settings { model, limits: Limits { per_host: 1, in_all }, most: u64::MAX };
        plan.makespan(Migrations::new(&[1000; 9], settings).unwrap(), |_| (2000, 0))
    };
    assert_eq!((makespan(9), makespan(2), makespan(1)), (4000, 6000, 10_000));
}

/// Shuffled placements of many VMs on hosts that are nearly full.
#[test]
fn ten_thousand_moves_are_planned() {
    let hosts = 1000_usize;
    let capacities = vec![demand(100, 100); hosts];
    let mut state = 1_u64;
    let mut random = |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let demands: Vec<_> = (0..10_500).map(|_| demand(4 + random(10), 4 + random(10))).collect();
    // First fit from two different places.
    let place = |shift: usize, step: usize| {
        let mut used = vec![demand(0, 0); hosts];
        let mut host = |vm: usize| {
            let mut at = (vm * step + shift) % hosts;
            while (0..2).any(|r| used[at][r] + demands[vm][r] > 100) {
                at = (at + 1) % hosts;
            }
            (0..2).for_each(|r| used[at][r] += demands[vm][r]);
            at
        };
        (0..demands.len()).map(&mut host).collect::<Vec<_>>()
    };
    let (from, to) = (place(0, 1), place(17, 7));
    let case = Case { capacities, demands: demands.clone(), from, to, apart: Vec::new() };
    let pending = case.from.iter().zip(&case.to).filter(|(a, b)| a != b).count();
    assert!(pending > 10_000);
    let plan = case.plan();
    assert_eq!(case.replay(&plan), case.to);
}
