//! What a placement uses, leaves free and strands.

use vmpack_datasets::operator::{Compiled, Fleet};
use vmpack_model::packing::Placement;
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
