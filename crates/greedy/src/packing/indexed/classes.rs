//! Parts that are alike to all rules.

use std::collections::HashMap;

use vmpack_cluster::RuleState;
use vmpack_model::packing::{Demand, Instance, Level};

/// Numbers for parts: two with the same number hold as many VMs of which rules and prices say the same.
#[derive(Debug)]
pub(super) struct Classes {
    /// Per VM type.
    of_type: Vec<u32>,
    /// Of several VMs: the classes of their types, and how many of each.
    of_several: HashMap<Vec<(u32, u64)>, u32>,
    known: u32,
}

impl Classes {
    pub(super) fn new(instance: &Instance, state: &RuleState<'_>) -> Self {
        let rules = instance.rules();
        // Who stays together on one host is placed at once, so that such a rule refuses nothing.
        let at_once = |rule: usize| {
            let rule = &rules.rules[rule];
            rule.is_hard() && matches!(rule.demand, Demand::Together { within: Level::Host, .. })
        };
        let mut known: HashMap<(Vec<u32>, Option<Vec<u64>>), u32> = HashMap::new();
        let of_type = (0..instance.vms().len()).map(|vm| {
            let stakes = state.stakes_of(vm).filter(|&(_, rule)| !at_once(rule));
            let stakes = stakes.map(|(stake, _)| stake).collect();
            let prices = rules.prices.as_ref().map(|prices| prices.row(vm).to_vec());
            let next = known.len() as u32;
            *known.entry((stakes, prices)).or_insert(next)
        });
        let of_type = of_type.collect();
        Self { of_type, of_several: HashMap::new(), known: known.len() as u32 }
    }

    /// The class of a part with so many VMs of some types.
    pub(super) fn of(&mut self, mut vms: impl Iterator<Item = (usize, u64)>) -> u32 {
        let first = vms.next();
        let second = vms.next();
        if let (Some((vm, 1)), None) = (first, second) {
            return self.of_type[vm];
        }
        let all = first.into_iter().chain(second).chain(vms);
        let mut all: Vec<(u32, u64)> = all.map(|(vm, count)| (self.of_type[vm], count)).collect();
        all.sort_unstable();
        *self.of_several.entry(all).or_insert_with(|| {
            self.known += 1;
            self.known - 1
        })
    }
}
