//! Fewer hosts for the same VMs.

use std::collections::BTreeMap;

use ndarray::Array2;
use vmpack_model::packing::{HostType, Instance, Packing};
use vmpack_model::{Budget, Method, NullObserver, Resource};

use super::matching::{Counts, Side, assign, place};
use crate::arrivals::Demand;

/// A host that may be packed anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    /// What it has.
    pub capacity: Demand,
    /// What it draws when idle, in milliwatts.
    pub idle: u64,
}

/// A VM that may be moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guest {
    /// The host that it is on.
    pub host: usize,
    /// What is set aside for it.
    pub reserved: Demand,
    /// Its memory in MiB, which is what moving it is charged by.
    pub memory: u64,
}

/// What a new placement is worth, and what it may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// For how long hosts that are switched off are expected to stay off, in ms.
    pub horizon: u64,
    /// What moving a MiB costs, in microjoules.
    pub mib: u64,
    /// The most moves.
    pub budget: usize,
}

/// A placement that is worth its moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repacking {
    /// The host of every VM.
    pub to: Vec<usize>,
    /// How many of them move.
    pub moves: usize,
    /// Hosts that hold no VMs any more, less those that did not before.
    pub emptied: usize,
    /// What is saved over the horizon beyond the cost of the moves, in microjoules.
    pub gain: u128,
}

/// What came of asking a method.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The placement that is worth most; none if none is worth its moves within the terms.
    pub best: Option<Repacking>,
    /// How many instances the method did not take, or gave no placement for that holds.
    pub unanswered: u64,
}

/// The best placement that a method finds for the VMs of some of the emptiest hosts.
///
/// The answers of the method are counted again. `resources` is how many of a demand count. Calls the method `log2 h`
/// times for `h` hosts with VMs, and not at all where these are known to be needed.
pub fn repack(
    machines: &[Machine],
    guests: &[Guest],
    resources: usize,
    method: &dyn Method<Packing>,
    budget: &Budget,
    terms: &Terms,
) -> Answer {
    let mut answer = Answer::default();
    let mut load = vec![(0_u64, 0_u64); machines.len()];
    for guest in guests {
        load[guest.host].0 += guest.memory;
        load[guest.host].1 += 1;
    }
    let mut used: Vec<usize> = (0..machines.len()).filter(|&host| load[host].1 > 0).collect();
    if used.len() <= least_hosts(machines, guests, resources) {
        return answer;
    }
    used.sort_by_key(|&host| (load[host], host));
    let mut size = 2;
    loop {
        let among = &used[..size.min(used.len())];
        let Answer { best, unanswered } = &mut answer;
        if let Some(to) = pack(machines, guests, resources, method, budget, among) {
            if let Some(found) = worth(machines, guests, to, terms)
                && best.as_ref().is_none_or(|best| found.gain > best.gain)
            {
                *best = Some(found);
            }
        } else {
            *unanswered += 1;
        }
        if size >= used.len() {
            return answer;
        }
        size *= 2;
    }
}

/// Hosts that hold the sum of all demands at least.
fn least_hosts(machines: &[Machine], guests: &[Guest], resources: usize) -> usize {
    let of_resource = |r: usize| {
        let sum: u128 = guests.iter().map(|guest| u128::from(guest.reserved[r])).sum();
        let most = machines.iter().map(|machine| machine.capacity[r]).max().unwrap_or(0);
        sum.div_ceil(u128::from(most.max(1))) as usize
    };
    (0..resources).map(of_resource).max().unwrap_or(0)
}

/// What a placement is worth, if it saves anything beyond its cost and keeps to the budget.
fn worth(
    machines: &[Machine],
    guests: &[Guest],
    to: Vec<usize>,
    terms: &Terms,
) -> Option<Repacking> {
    let (mut before, mut after) = (vec![false; machines.len()], vec![false; machines.len()]);
    let (mut moves, mut mib) = (0, 0_u64);
    for (guest, &to) in guests.iter().zip(&to) {
        (before[guest.host], after[to]) = (true, true);
        if guest.host != to {
            moves += 1;
            mib += guest.memory;
        }
    }
    let idle = |used: &[bool]| -> u64 {
        machines.iter().zip(used).filter(|(_, used)| **used).map(|(machine, _)| machine.idle).sum()
    };
    let saved = u128::from(idle(&before).checked_sub(idle(&after))?) * u128::from(terms.horizon);
    let gain = saved.checked_sub(u128::from(mib) * u128::from(terms.mib))?;
    let count = |used: &[bool]| used.iter().filter(|used| **used).count();
    let emptied = count(&before).saturating_sub(count(&after));
    (gain > 0 && moves <= terms.budget).then_some(Repacking { to, moves, emptied, gain })
}

/// Lets a method pack the VMs of some hosts onto these; the host of every VM.
fn pack(
    machines: &[Machine],
    guests: &[Guest],
    resources: usize,
    method: &dyn Method<Packing>,
    budget: &Budget,
    among: &[usize],
) -> Option<Vec<usize>> {
    // Types of VMs and kinds of hosts, each with those that are of it, in a fixed order.
    let place_of: BTreeMap<usize, usize> = among.iter().copied().zip(0..).collect();
    let mut types: BTreeMap<Demand, Vec<usize>> = BTreeMap::new();
    for (number, guest) in guests.iter().enumerate() {
        if place_of.contains_key(&guest.host) {
            types.entry(guest.reserved).or_default().push(number);
        }
    }
    let mut kinds: BTreeMap<(Demand, u64), u64> = BTreeMap::new();
    for &host in among {
        *kinds.entry((machines[host].capacity, machines[host].idle)).or_default() += 1;
    }
    let instance = instance(resources, &types, &kinds)?;
    if method.accepts(&instance).is_err() {
        return None;
    }
    let placement = method.solve(&instance, budget, &mut NullObserver).solved?.solution;
    let mut patterns = Vec::new();
    for (pattern, times) in &placement.patterns {
        let vms: Counts = pattern.vms.iter().copied().collect();
        let times = usize::try_from(*times).ok().filter(|&times| times <= among.len())?;
        patterns.extend(std::iter::repeat_n(Side { kind: pattern.host, vms }, times));
    }
    holds(&instance, &patterns).then_some(())?;
    let type_of: BTreeMap<usize, usize> = types
        .values()
        .enumerate()
        .flat_map(|(vm_type, vms)| vms.iter().map(move |&vm| (vm, vm_type)))
        .collect();
    let kind_of = |host: usize| {
        let kind = (machines[host].capacity, machines[host].idle);
        kinds.keys().position(|&known| known == kind).expect("its kind was counted")
    };
    let mut sides: Vec<Side> =
        among.iter().map(|&host| Side { kind: kind_of(host), vms: Counts::new() }).collect();
    for (&vm, &vm_type) in &type_of {
        *sides[place_of[&guests[vm].host]].vms.entry(vm_type).or_default() += 1;
    }
    let weight: Vec<u64> = types.values().map(|vms| guests[vms[0]].memory.max(1)).collect();
    let pattern_of = assign(&sides, &patterns, &weight);
    let mut to: Vec<usize> = guests.iter().map(|guest| guest.host).collect();
    for (vm_type, vms) in types.values().enumerate() {
        let on: Vec<usize> = vms.iter().map(|&vm| guests[vm].host).collect();
        let wanted = among.iter().zip(&pattern_of).filter_map(|(&host, pattern)| {
            let count = patterns[(*pattern)?].vms.get(&vm_type)?;
            Some((host, *count))
        });
        for (&vm, host) in vms.iter().zip(place(&on, &wanted.collect())) {
            to[vm] = host;
        }
    }
    Some(to)
}

fn instance(
    resources: usize,
    types: &BTreeMap<Demand, Vec<usize>>,
    kinds: &BTreeMap<(Demand, u64), u64>,
) -> Option<Instance> {
    let names = |what: &str, count: usize| (0..count).map(|n| format!("{what}{n}")).collect();
    let vm_names: Vec<String> = names("vm", types.len());
    let host_names: Vec<String> = names("host", kinds.len());
    let rows = |amounts: Vec<&Demand>| {
        let flat = amounts.iter().flat_map(|amount| &amount[..resources]).copied().collect();
        Array2::from_shape_vec((amounts.len(), resources), flat).ok()
    };
    let hosts = host_names.into_iter().zip(kinds).map(|(name, (&(_, cost), &count))| HostType {
        name,
        cost: cost.max(1),
        stock: Some(count),
    });
    let vms = vm_names.into_iter().zip(types.values().map(|vms| vms.len() as u64));
    Instance::simple(
        "repacking",
        Resource::anonymous(resources),
        vms.collect(),
        rows(types.keys().collect())?,
        hosts.collect(),
        rows(kinds.keys().map(|(capacity, _)| capacity).collect())?,
    )
    .ok()
}

/// Whether patterns hold all VMs, fit their hosts, and are no more than there are hosts.
fn holds(instance: &Instance, patterns: &[Side]) -> bool {
    let mut missing: Vec<u64> = instance.vms().iter().map(|vm_type| vm_type.count).collect();
    let mut stock: Vec<u64> =
        instance.hosts().iter().map(|host| host.stock.unwrap_or(u64::MAX)).collect();
    for Side { kind, vms } in patterns {
        let fits = (0..instance.dimensions()).all(|r| {
            let used = vms.iter().try_fold(0_u64, |sum, (&row, &count)| {
                sum.checked_add(instance.demand(row)[r].checked_mul(count)?)
            });
            used.is_some_and(|used| used <= instance.capacity(*kind)[r])
        });
        let there = vms.iter().all(|(&row, &count)| {
            missing[row].checked_sub(count).map(|left| missing[row] = left).is_some()
        });
        let free = stock[*kind].checked_sub(1).map(|left| stock[*kind] = left).is_some();
        if !fits || !there || !free {
            return false;
        }
    }
    missing.iter().all(|&missing| missing == 0)
}
