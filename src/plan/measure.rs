//! What a placement uses, leaves free and strands.

use vmpack_datasets::operator::{Compiled, Fleet};
use vmpack_model::packing::{Demand, Placement, Tally};
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

/// The VMs of a fleet that fit beside something if any VM does: those than which none demands less of everything.
#[derive(Debug)]
pub(super) struct Smallest(Vec<Vec<u64>>);

impl Smallest {
    /// Linear in the demand rows times the smallest ones, of which there are few unless resources are many.
    pub(super) fn new(compiled: &Compiled) -> Self {
        let amounts = |row: usize| -> Vec<u64> {
            let demand = compiled.instance.demand(row).iter().zip(&compiled.units);
            demand.map(|(demand, unit)| demand * unit).collect()
        };
        let mut rows: Vec<Vec<u64>> = (0..compiled.instance.rows()).map(amounts).collect();
        // None demands less of everything than one before it in this order.
        rows.sort_unstable();
        let mut smallest: Vec<Vec<u64>> = Vec::new();
        for row in rows {
            if !smallest.iter().any(|less| less.iter().zip(&row).all(|(less, more)| less <= more)) {
                smallest.push(row);
            }
        }
        Self(smallest)
    }

    /// Whether no VM of the fleet fits beside what a host uses already, whatever the rules say.
    pub(super) fn is_stranded(&self, usable: &[u64], used: &[u64]) -> bool {
        let fits = |needed: &Vec<u64>| {
            needed.iter().zip(used).zip(usable).all(|((more, used), all)| used + more <= *all)
        };
        !self.0.iter().any(fits)
    }
}

/// How full the opened hosts are, for the figure.
pub(crate) fn fills(fleet: &Fleet, compiled: &Compiled, placement: &Placement) -> Vec<Fill> {
    let opened = hosts(fleet, compiled, placement);
    let smallest = Smallest::new(compiled);
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
            stranded: smallest.is_stranded(&compiled.usable[pattern.host], &used),
            used: shares.map(share).collect(),
        }
    };
    patterns.map(fill).collect()
}

/// How much a rule that is kept could be tightened before the placement breaks it: for at most `k` of a group in a
/// domain, how many fewer would do; for a spread, how many domains more there are. Other forms have no measure.
pub(super) fn slack(compiled: &Compiled, tally: &Tally<'_>, demand: &Demand) -> Option<u64> {
    let instance = &compiled.instance;
    let kept = |demand: &Demand| tally.violations(demand) == 0;
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
