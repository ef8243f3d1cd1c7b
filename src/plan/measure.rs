//! What a placement uses, leaves free and strands.

use vmpack_datasets::operator::{Compiled, Fleet};
use vmpack_model::packing::{Demand, Placement};
use vmpack_report::Fill;

use super::names::{host_name, hosts};

/// What a pattern uses of each resource of its host, in base units.
pub(super) fn used(compiled: &Compiled, vms: &[(usize, u64)]) -> Vec<u64> {
    let amount = |k: usize| -> u64 {
        let demands = vms.iter().map(|&(row, count)| compiled.instance.demand(row)[k] * count);
        demands.sum::<u64>() * compiled.units[k]
    };
    (0..compiled.units.len()).map(amount).collect()
}

/// Whether no VM of the fleet fits beside what a host uses already, whatever the rules say.
pub(super) fn is_stranded(compiled: &Compiled, host: usize, used: &[u64]) -> bool {
    let fits = |row: usize| {
        let demand = compiled.instance.demand(row).iter().zip(&compiled.units);
        let needed = demand.map(|(demand, unit)| demand * unit);
        needed.zip(used).zip(&compiled.usable[host]).all(|((more, used), all)| used + more <= *all)
    };
    !(0..compiled.instance.rows()).any(fits)
}

/// How full the opened hosts are, for the figure.
pub(crate) fn fills(fleet: &Fleet, compiled: &Compiled, placement: &Placement) -> Vec<Fill> {
    let opened = hosts(fleet, compiled, placement);
    let patterns = placement.patterns.iter().zip(opened);
    let fill = |((pattern, hosts), opened): (&(vmpack_model::packing::Pattern, u64), Vec<_>)| {
        let used = used(compiled, &pattern.vms);
        let shares = used.iter().zip(&compiled.usable[pattern.host]);
        let share =
            |(used, all): (&u64, &u64)| if *all == 0 { 0.0 } else { *used as f64 / *all as f64 };
        Fill {
            name: opened.first().map(|host| host_name(fleet, *host)).unwrap_or_default(),
            hosts: *hosts,
            kind: pattern.host,
            stranded: is_stranded(compiled, pattern.host, &used),
            used: shares.map(share).collect(),
        }
    };
    patterns.map(fill).collect()
}

/// How much a rule that is kept could be tightened before the placement breaks it: for at most `k` of a group in a
/// domain, how many fewer would do; for a spread, how many domains more there are. Other forms have no measure.
pub(super) fn slack(compiled: &Compiled, placement: &Placement, demand: &Demand) -> Option<u64> {
    let instance = &compiled.instance;
    let kept = |demand: &Demand| placement.violations(instance, demand) == 0;
    match demand {
        Demand::AtMost { vms, most, within } => {
            let demand = |most| Demand::AtMost { vms: vms.clone(), most, within: *within };
            // Domains hold nothing at all only where there are no VMs.
            let tightest = least(1, *most, |most| kept(&demand(most)))?;
            Some(most - tightest)
        }
        Demand::Spread { vms, least: domains, over } => {
            let total: u64 = vms.iter().map(|&vm| instance.vms()[vm].count).sum();
            let demand = |least| Demand::Spread { vms: vms.clone(), least, over: *over };
            if !kept(&demand(*domains)) {
                return None;
            }
            // One beyond the greatest number that is kept is the least that is not.
            let broken = least(*domains, total.max(*domains) + 1, |n| !kept(&demand(n)))?;
            Some(broken - 1 - domains)
        }
        Demand::Restrict { .. }
        | Demand::Together { .. }
        | Demand::Separate { .. }
        | Demand::Survive { .. } => None,
    }
}

/// The least number from `low` to `high` of which a monotone predicate is true.
fn least(low: u64, high: u64, is: impl Fn(u64) -> bool) -> Option<u64> {
    let (mut low, mut high) = (low, high);
    if !is(high) {
        return None;
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if is(middle) { high = middle } else { low = middle + 1 }
    }
    Some(low)
}

#[cfg(test)]
mod tests {
    use super::least;

    #[test]
    fn the_least_of_a_monotone_predicate() {
        for (low, high, from) in [(1, 9, 4), (1, 1, 1), (3, 8, 1), (1, 8, 8)] {
            assert_eq!(least(low, high, |n| n >= from), Some(from.max(low)));
        }
        assert_eq!(least(1, 8, |n| n >= 9), None);
    }
}
