//! What no placement gets below.

use super::Sites;
use crate::arrivals::Demand;
use crate::operation::{Hosts, Time, Vm};

/// Parts of a millionth of the currency, so that rounding down loses little.
const PARTS: u32 = 24;

/// A lower bound on what hosts cost, in the currency, that serve all these VMs from when they come until they leave or the
/// run ends, each at a site within its limit, or in the cloud too if VMs may fall back on it.
///
/// At every instant and for every resource, each VM takes a fraction of the host that serves it, which costs at least as
/// much as that fraction of the host where it costs least; the resource that costs most counts. Whatever a run does, if it
/// refuses none and lets none wait, its hosts cost no less. VMs that no host may serve are left out.
///
/// Sorts the VMs by time; memory is linear in VMs.
pub fn cost_bound(sites: &Sites, hosts: &Hosts, vms: &[Vm], end: Time, falls_back: bool) -> f64 {
    let resources = hosts.resources();
    let mut kinds: Vec<(usize, Demand)> =
        hosts.all().iter().map(|host| (host.site as usize, host.capacity)).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let mut changes: Vec<(Time, bool, usize)> = Vec::new();
    let mut prices: Vec<Vec<u128>> = Vec::with_capacity(vms.len());
    for (number, vm) in vms.iter().enumerate() {
        let leaves = vm.end.unwrap_or(end).min(end);
        if vm.start < leaves {
            changes.push((vm.start, true, number));
            changes.push((leaves, false, number));
        }
        prices.push((0..resources).map(|r| fraction(sites, &kinds, vm, r, falls_back)).collect());
    }
    changes.sort_unstable();
    let mut sums = vec![0_u128; resources];
    let (mut before, mut total) = (0, 0.0);
    for (time, comes, vm) in changes {
        let most = sums.iter().max().copied().unwrap_or(0);
        total += most as f64 * (time - before) as f64;
        before = time;
        for (sum, price) in sums.iter_mut().zip(&prices[vm]) {
            *sum = if comes { *sum + price } else { *sum - price };
        }
    }
    total / 3.6e6 / 1e6 / f64::from(1 << PARTS)
}

/// What a VM's part of a resource costs per hour where that costs least, in parts; 0 if no host may serve it.
fn fraction(
    sites: &Sites,
    kinds: &[(usize, Demand)],
    vm: &Vm,
    resource: usize,
    falls_back: bool,
) -> u128 {
    let price = |&(site, capacity): &(usize, Demand)| {
        let may = sites.reaches(vm, site) || (falls_back && site == sites.cloud());
        let part = u128::from(sites.site(site).host_hour) * u128::from(vm.request[resource]);
        (may && vmpack_cluster::covers(&capacity, &vm.request))
            .then(|| (part << PARTS) / u128::from(capacity[resource].max(1)))
    };
    kinds.iter().filter_map(price).min().unwrap_or(0)
}
