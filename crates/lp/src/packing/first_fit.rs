//! First-fit decreasing on VM types: the upper bounds and starts of the integer programs.
//!
//! Counts stay counts: a group of equally filled hosts is filled on together, so the effort depends on
//! VM types and distinct fillings, not on VMs (Johnson 1973; several host types as in Friesen and
//! Langston 1986, by cost per VM).

use std::cmp::Reverse;

use vmpack_model::Budget;
use vmpack_model::packing::{Instance, Pattern, Placement};

/// Hosts of one type with the same content.
struct Group {
    host: usize,
    left: Vec<u64>,
    vms: Vec<(usize, u64)>,
    hosts: u64,
}

/// The cheapest of several first-fit packings: over all host types, and onto each one alone.
/// `None` if every one of them runs out of stock or the budget ends.
pub(super) fn best(instance: &Instance, budget: &Budget) -> Option<Placement> {
    let all: Vec<usize> = (0..instance.hosts().len()).collect();
    let single = all.chunks(1);
    std::iter::once(all.as_slice())
        .chain(single)
        .filter_map(|hosts| {
            let patterns = pack(instance, hosts, &counts(instance), stock(instance), budget)?;
            Some(Placement::from_patterns(patterns))
        })
        .min_by_key(|placement| placement.cost(instance))
}

/// How many hosts of one type first fit needs for every VM that fits the type, whatever the stock. Some
/// optimal packing uses no more: the VMs on such hosts can always be packed again among themselves.
pub(super) fn hosts_of_type(instance: &Instance, host: usize, budget: &Budget) -> Option<u64> {
    let fits = |vm: usize| instance.vms()[vm].rows.clone().any(|row| instance.fits(row, host));
    let mut counts = counts(instance);
    for (vm, count) in counts.iter_mut().enumerate() {
        if !fits(vm) {
            *count = 0;
        }
    }
    let stock = vec![u64::MAX; instance.hosts().len()];
    let patterns = pack(instance, &[host], &counts, stock, budget)?;
    Some(patterns.iter().map(|&(_, hosts)| hosts).sum())
}

/// A packing with the given patterns, which place no VM twice and keep the stock: first fit places the
/// VMs that they leave.
#[cfg(feature = "highs")]
pub(super) fn complete(
    instance: &Instance,
    mut patterns: Vec<(Pattern, u64)>,
    budget: &Budget,
) -> Option<Placement> {
    let (mut counts, mut stock) = (counts(instance), stock(instance));
    for (pattern, hosts) in &patterns {
        stock[pattern.host] = stock[pattern.host].checked_sub(*hosts)?;
        for &(row, count) in &pattern.vms {
            let left = &mut counts[instance.type_of_row(row)];
            *left = left.checked_sub(count * hosts)?;
        }
    }
    let all: Vec<usize> = (0..instance.hosts().len()).collect();
    patterns.extend(pack(instance, &all, &counts, stock, budget)?);
    Some(Placement::from_patterns(patterns))
}

fn counts(instance: &Instance) -> Vec<u64> {
    instance.vms().iter().map(|vm| vm.count).collect()
}

fn stock(instance: &Instance) -> Vec<u64> {
    instance.hosts().iter().map(|host| host.stock.unwrap_or(u64::MAX)).collect()
}

/// Packs `counts` VMs of every type onto host types `hosts` of the given stock.
fn pack(
    instance: &Instance,
    hosts: &[usize],
    counts: &[u64],
    mut stock: Vec<u64>,
    budget: &Budget,
) -> Option<Vec<(Pattern, u64)>> {
    let mut order: Vec<usize> = (0..counts.len()).filter(|&vm| counts[vm] > 0).collect();
    order.sort_by_cached_key(|&vm| Reverse(size(instance, vm, hosts)));
    let mut groups: Vec<Group> = Vec::new();
    for vm in order {
        if budget.exhausted() {
            return None;
        }
        let mut remaining = counts[vm];
        loop {
            fill_groups(instance, vm, &mut remaining, &mut groups);
            if remaining == 0 {
                break;
            }
            let (row, host, fill) = cheapest(instance, vm, remaining, hosts, &stock)?;
            // Full hosts first, then one for the rest.
            let opened = (remaining / fill).max(1).min(stock[host]);
            let each = fill.min(remaining);
            stock[host] -= opened;
            remaining -= each * opened;
            let left = instance.capacity(host).to_vec();
            let mut group = Group { host, left, vms: Vec::new(), hosts: opened };
            put(instance, &mut group, row, each);
            groups.push(group);
        }
    }
    let pattern = |group: Group| (Pattern { host: group.host, vms: group.vms }, group.hosts);
    Some(groups.into_iter().map(pattern).collect())
}

/// The largest share of a host that a VM takes in some resource, in parts per billion, by the smallest
/// of its rows.
fn size(instance: &Instance, vm: usize, hosts: &[usize]) -> u64 {
    let largest =
        |k: usize| hosts.iter().map(|&host| instance.capacity(host)[k]).max().unwrap_or(0);
    let share = |row: usize| {
        let shares =
            instance.demand(row).iter().enumerate().map(|(k, &demand)| {
                u128::from(demand) * 1_000_000_000 / u128::from(largest(k).max(1))
            });
        shares.max().unwrap_or(0)
    };
    instance.vms()[vm].rows.clone().map(share).min().map_or(0, |share| share as u64)
}

/// Puts as many VMs as fit into the groups in order, splitting the group in which they end.
fn fill_groups(instance: &Instance, vm: usize, remaining: &mut u64, groups: &mut Vec<Group>) {
    let mut at = 0;
    while at < groups.len() && *remaining > 0 {
        let group = &groups[at];
        let fits = |row: usize| (copies(instance.demand(row), &group.left), Reverse(row));
        let best = instance.vms()[vm].rows.clone().map(fits).max();
        let Some((fill, Reverse(row))) = best.filter(|&(fill, _)| fill > 0) else {
            at += 1;
            continue;
        };
        let each = fill.min(*remaining);
        let hosts = (*remaining / each).min(group.hosts);
        if hosts < group.hosts {
            let rest = Group {
                host: group.host,
                left: group.left.clone(),
                vms: group.vms.clone(),
                hosts: group.hosts - hosts,
            };
            groups[at].hosts = hosts;
            groups.insert(at + 1, rest);
        }
        put(instance, &mut groups[at], row, each);
        *remaining -= each * hosts;
        at += 1;
    }
}

/// The row and the host type in stock that serve a VM at the least cost per VM, and how many fit.
fn cheapest(
    instance: &Instance,
    vm: usize,
    remaining: u64,
    hosts: &[usize],
    stock: &[u64],
) -> Option<(usize, usize, u64)> {
    let mut best: Option<(u64, u64, usize, usize)> = None;
    for &host in hosts.iter().filter(|&&host| stock[host] > 0) {
        for row in instance.vms()[vm].rows.clone() {
            let fill = copies(instance.demand(row), instance.capacity(host)).min(remaining);
            let cost = instance.hosts()[host].cost;
            let better = best.is_none_or(|(best_cost, best_fill, ..)| {
                let (ours, theirs) = (
                    u128::from(cost) * u128::from(best_fill),
                    u128::from(best_cost) * u128::from(fill),
                );
                ours < theirs || ours == theirs && fill > best_fill
            });
            if fill > 0 && better {
                best = Some((cost, fill, row, host));
            }
        }
    }
    best.map(|(_, fill, row, host)| (row, host, fill))
}

/// How many copies of a demand fit into what is left.
pub(super) fn copies(demand: &[u64], left: &[u64]) -> u64 {
    let each = demand.iter().zip(left).filter(|(demand, _)| **demand > 0);
    each.map(|(demand, left)| left / demand).min().unwrap_or(u64::MAX)
}

fn put(instance: &Instance, group: &mut Group, row: usize, count: u64) {
    for (left, demand) in group.left.iter_mut().zip(instance.demand(row)) {
        *left -= demand * count;
    }
    group.vms.push((row, count));
}
