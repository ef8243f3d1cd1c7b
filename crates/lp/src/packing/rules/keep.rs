//! Whether a placement keeps the hard rules, in integers.

use vmpack_model::packing::{Demand, Evacuation, Instance, Level, Pattern, Placement, Tally};

use super::survive::{among, choices};
use crate::packing::claim::is_packed;

/// Whether the placement breaks no hard rule and shows who goes where in every failure that it must survive.
pub(in crate::packing) fn keeps(instance: &Instance, placement: &Placement) -> bool {
    let hard = || instance.rules().rules.iter().filter(|rule| rule.is_hard());
    let tally = Tally::new(instance, placement);
    hard().all(|rule| tally.violations(&rule.demand) == 0)
        && among(instance).all(|(rule, hosts, failures)| {
            choices(&placement.patterns, hosts, failures).into_iter().all(|failed| {
                let shown = placement.evacuations.iter();
                let mut shown = shown.filter(|way| way.rule == rule && way.failed == failed);
                shown.next().is_some_and(|way| survives(instance, placement, hosts, way))
            })
        })
}

/// Whether the hosts that are left after a failure are a placement within the rules that VMs keep when they
/// move.
fn survives(instance: &Instance, placement: &Placement, hosts: &[usize], way: &Evacuation) -> bool {
    let mut after = placement.patterns.clone();
    let mut fewer = |pattern: usize, hosts: u64| {
        let left =
            after.get_mut(pattern).and_then(|(_, n)| n.checked_sub(hosts).map(|less| (n, less)));
        left.map(|(n, less)| *n = less).is_some()
    };
    if !way.failed.iter().all(|&(pattern, hosts)| fewer(pattern, hosts))
        || !way.takes.iter().all(|take| fewer(take.pattern, take.hosts))
    {
        return false;
    }
    for take in &way.takes {
        let Pattern { host, vms } = &placement.patterns[take.pattern].0;
        if hosts.binary_search(host).is_err() {
            return false;
        }
        let vms = vms.iter().chain(&take.vms).copied().collect();
        after.push((Pattern { host: *host, vms }, take.hosts));
    }
    let after = Placement { patterns: after, evacuations: Vec::new() };
    let moves_keep = |demand: &Demand| match demand {
        Demand::Restrict { .. } => true,
        Demand::AtMost { within, .. } | Demand::Separate { within, .. } => *within == Level::Host,
        _ => false,
    };
    let mut kept = instance.rules().rules.iter().filter(|rule| rule.is_hard());
    is_packed(instance, &after)
        && kept
            .all(|rule| !moves_keep(&rule.demand) || after.violations(instance, &rule.demand) == 0)
}
