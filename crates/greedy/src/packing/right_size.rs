//! Cheaper hosts for the same contents.

use vmpack_model::packing::{Instance, Pattern, Placement};

use super::stock::Stock;
use vmpack_cluster::covers;

/// Moves the contents of every host to the cheapest type in stock that holds them: the last step of every
/// rule on several host types. Hosts are taken by falling cost; those that are given up may serve later
/// ones. The cost never rises.
pub(crate) fn right_size(
    instance: &Instance,
    placement: Placement,
    stock: &mut Stock,
) -> Placement {
    let types = instance.hosts();
    if types.len() == 1 {
        return placement;
    }
    let mut by_cost: Vec<usize> = (0..types.len()).collect();
    by_cost.sort_by_key(|&t| types[t].cost);
    let mut patterns = placement.patterns;
    patterns.sort_by_key(|(pattern, _)| std::cmp::Reverse(types[pattern.host].cost));

    let mut moved = Vec::with_capacity(patterns.len());
    for (pattern, mut hosts) in patterns {
        let load = load(instance, &pattern);
        let cheaper = by_cost.iter().take_while(|&&t| types[t].cost < types[pattern.host].cost);
        for &t in cheaper.filter(|&&t| covers(instance.capacity(t), &load)) {
            let taken = stock.left(t).min(hosts);
            stock.take(t, taken);
            stock.give_back(pattern.host, taken);
            moved.push((Pattern { host: t, vms: pattern.vms.clone() }, taken));
            hosts -= taken;
        }
        moved.push((pattern, hosts));
    }
    Placement::from_patterns(moved)
}

/// What the VMs of a pattern demand together.
fn load(instance: &Instance, pattern: &Pattern) -> Vec<u64> {
    let mut load = vec![0; instance.dimensions()];
    for &(row, count) in &pattern.vms {
        load.iter_mut().zip(instance.demand(row)).for_each(|(sum, demand)| *sum += count * demand);
    }
    load
}
