//! The state of rules against a recount of everything, through long sequences of VMs that come and go.

#[path = "../../lp/tests/rules/draw.rs"]
mod draw;

use draw::Draw;
use vmpack_cluster::RuleState;
use vmpack_model::packing::{Demand, Instance, Pattern, Placement};

/// VMs by type on single hosts, without any state to keep.
#[derive(Clone)]
struct Hosts<'a> {
    instance: &'a Instance,
    kinds: Vec<usize>,
    held: Vec<Vec<u64>>,
}

impl Hosts<'_> {
    fn placement(&self) -> Placement {
        let patterns = self.kinds.iter().zip(&self.held).map(|(&host, held)| {
            let rows = held.iter().enumerate().filter(|&(_, &n)| n > 0);
            let vms = rows.map(|(vm, &n)| (self.instance.vms()[vm].rows.start, n)).collect();
            (Pattern { host, vms }, 1)
        });
        // Hosts stay apart, and empty ones stay, as those of the state do.
        Placement { patterns: patterns.collect(), evacuations: Vec::new() }
    }

    /// Violations of each rule.
    fn violations(&self) -> Vec<u64> {
        let (placement, rules) = (self.placement(), &self.instance.rules().rules);
        rules.iter().map(|rule| placement.violations(self.instance, &rule.demand)).collect()
    }

    fn broken(&self) -> u64 {
        let rules = self.instance.rules().rules.iter().zip(self.violations());
        rules.filter(|(rule, _)| rule.is_hard()).map(|(_, n)| n).sum()
    }

    /// What is paid beyond the hosts.
    fn cost(&self) -> i128 {
        let hosts: u64 = self.kinds.iter().map(|&kind| self.instance.hosts()[kind].cost).sum();
        i128::from(self.placement().cost(self.instance)) - i128::from(hosts)
    }

    fn of_group(&self, vms: &[usize]) -> u64 {
        self.held.iter().flat_map(|held| vms.iter().map(|&vm| held[vm])).sum()
    }

    /// How many domains hard rules that spread miss beyond the VMs that are still to be placed, rule by rule.
    fn stranded(&self) -> Vec<u64> {
        let rules = self.instance.rules().rules.iter().zip(self.violations());
        let stranded = rules.map(|(rule, missing)| match &rule.demand {
            Demand::Spread { vms, .. } if rule.is_hard() => {
                let all: u64 = vms.iter().map(|&vm| self.instance.vms()[vm].count).sum();
                missing.saturating_sub(all.saturating_sub(self.of_group(vms)))
            }
            _ => 0,
        });
        stranded.collect()
    }
}

/// What the state answers is what a recount finds; returns how often a VM was refused.
fn agrees(draw: &mut Draw, instance: &Instance, steps: usize) -> usize {
    let (types, kinds) = (instance.vms().len(), instance.hosts().len());
    let mut hosts = Hosts { instance, kinds: Vec::new(), held: Vec::new() };
    let mut state = RuleState::new(instance);
    let mut refused = 0;
    for step in 0..steps {
        if step < 2 || draw.below(8) == 0 {
            let kind = draw.below(kinds as u64) as usize;
            assert_eq!(state.add(kind), hosts.kinds.len());
            hosts.kinds.push(kind);
            hosts.held.push(vec![0; types]);
        }
        let host = draw.below(hosts.kinds.len() as u64) as usize;
        let vm = draw.below(types as u64) as usize;
        let vms = 1 + draw.below(2);
        let (broken, cost) = (hosts.broken(), hosts.cost());
        let before = hosts.clone();
        let change = if hosts.held[host][vm] >= vms && draw.below(2) == 0 {
            hosts.held[host][vm] -= vms;
            let change = state.taking_off(vm, host, vms);
            state.take_off(vm, host, vms);
            change
        } else {
            hosts.held[host][vm] += 1;
            let worse = |was: Vec<u64>, now: Vec<u64>, hard: &dyn Fn(usize) -> bool| {
                was.iter().zip(&now).enumerate().any(|(rule, (was, now))| now > was && hard(rule))
            };
            let hard = |rule: usize| instance.rules().rules[rule].is_hard();
            let admits = !worse(before.violations(), hosts.violations(), &hard)
                && !worse(before.stranded(), hosts.stranded(), &hard);
            assert_eq!(state.admits(vm, host), admits, "{vm} on {host}: {instance:?}");
            let kind = hosts.kinds[host];
            if before.held[host].iter().all(|&n| n == 0) {
                assert_eq!(state.admits_new(vm, kind), admits, "{vm} on a new host: {instance:?}");
                assert_eq!(state.placing_new(vm, kind, vms), state.placing(vm, host, vms));
            }
            refused += usize::from(!admits);
            hosts.held[host][vm] += vms - 1;
            let change = state.placing(vm, host, vms);
            state.place(vm, host, vms);
            change
        };
        assert_eq!(change.broken, hosts.broken() as i64 - broken as i64, "{instance:?}");
        assert_eq!(change.cost, hosts.cost() - cost, "{instance:?}");
        assert_eq!(i128::try_from(state.cost()), Ok(hosts.cost()), "{instance:?}");
        assert_eq!(state.broken(), hosts.broken(), "{instance:?}");
        let violations: Vec<u64> =
            (0..instance.rules().rules.len()).map(|rule| state.violations(rule)).collect();
        assert_eq!(violations, hosts.violations(), "{instance:?}");
    }
    refused
}

#[test]
fn the_state_equals_a_recount() {
    let mut refused = 0;
    for seed in 0..800 {
        let mut draw = Draw::new(seed);
        let instance = draw.instance(6);
        refused += agrees(&mut draw, &instance, 40);
    }
    assert!(refused > 2000, "only {refused} VMs were refused");
}
