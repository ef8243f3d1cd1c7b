//! Cheaper hosts for the same contents, within the rules.

use vmpack_cluster::{Index, covers};
use vmpack_model::packing::{Pattern, Placement};

use super::fleet::Fleet;

/// Moves the contents of single hosts, by falling cost, to cheaper types in stock where no hard rule is broken more
/// often and all costs together fall: those of hosts, of VMs on them and of soft rules.
pub(super) fn right_size_ruled<I: Index>(fleet: &mut Fleet<'_, I>) -> Placement {
    let instance = fleet.instance;
    let types = instance.hosts();
    let mut by_cost: Vec<usize> = (0..types.len()).collect();
    by_cost.sort_by_key(|&t| types[t].cost);
    let mut hosts = fleet.contents();
    hosts.sort_by_key(|(_, pattern)| std::cmp::Reverse(types[pattern.host].cost));
    for (host, pattern) in &mut hosts {
        let mut load = vec![0; instance.dimensions()];
        for &(row, count) in &pattern.vms {
            let demand = instance.demand(row);
            load.iter_mut().zip(demand).for_each(|(sum, demand)| *sum += count * demand);
        }
        for &kind in &by_cost {
            if kind == pattern.host
                || fleet.stock.left(kind) == 0
                || !covers(instance.capacity(kind), &load)
            {
                continue;
            }
            let saved = i128::from(types[pattern.host].cost) - i128::from(types[kind].cost);
            let mark = fleet.mark();
            let new = fleet.open(kind);
            let before = (fleet.state.broken(), fleet.state.cost() as i128);
            shift(fleet, &pattern.vms, *host, new);
            let after = (fleet.state.broken(), fleet.state.cost() as i128);
            if after.0 <= before.0 && after.1 - before.1 < saved {
                fleet.stock.give_back(pattern.host, 1);
                (*host, pattern.host) = (new, kind);
                break;
            }
            shift(fleet, &pattern.vms, new, *host);
            fleet.return_to(mark);
        }
    }
    Placement::from_patterns(hosts.into_iter().map(|(_, pattern): (_, Pattern)| (pattern, 1)))
}

/// Moves VMs from one host to another.
fn shift<I: Index>(fleet: &mut Fleet<'_, I>, vms: &[(usize, u64)], from: usize, to: usize) {
    for &(row, count) in vms {
        let vm = fleet.instance.type_of_row(row);
        fleet.state.take_off(vm, from, count);
        fleet.state.place(vm, to, count);
    }
}
