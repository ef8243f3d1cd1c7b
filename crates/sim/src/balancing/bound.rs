//! What no placement can undercut.

use super::levels::{Level, level, scaled};
use super::{Goal, Host, Vm};
use crate::arrivals::{Demand, MAX_RESOURCES};

/// A lower bound on the greatest level that a placement of these VMs has which differs from theirs by as many moves as
/// the goal allows, whatever rules there are. In `O((V + h) log V)` for `V` VMs on `h` hosts and each resource.
///
/// It is the greatest of three:
/// * all load over all capacity, which is what the linear relaxation comes to where one resource decides;
/// * of the `k h + 1` VMs that use most some `k + 1` are on one host, for every `k`;
/// * hosts above a level have to shed at least so many VMs, the largest first, to come below it, and the moves must be
///   enough for all.
pub fn least_maximum(hosts: &[Host], vms: &[Vm], goal: &Goal) -> Level {
    let of_resource =
        |r| scaled(average(hosts, vms, r).max(together(hosts, vms, r)), r, &goal.weights);
    let any = (0..MAX_RESOURCES).map(of_resource).max().unwrap_or(0);
    any.max(within_budget(hosts, vms, goal))
}

fn average(hosts: &[Host], vms: &[Vm], r: usize) -> Level {
    level(vms.iter().map(|vm| vm.load[r]).sum(), hosts.iter().map(|host| host.capacity[r]).sum())
}

/// Of the VMs that use most, those that must share a host.
fn together(hosts: &[Host], vms: &[Vm], r: usize) -> Level {
    let largest = hosts.iter().map(|host| host.capacity[r]).max().unwrap_or(0);
    let mut loads: Vec<u64> = vms.iter().map(|vm| vm.load[r]).collect();
    loads.sort_unstable_by(|a, b| b.cmp(a));
    let shared = |k: usize| {
        let last = k * hosts.len();
        loads.get(last).map(|_| loads[last - k..=last].iter().sum::<u64>())
    };
    let most = (0..).map_while(shared).max().unwrap_or(0);
    level(most, largest)
}

/// The least level that as many moves as the goal allows could bring all hosts to, if whatever leaves a host vanished.
fn within_budget(hosts: &[Host], vms: &[Vm], goal: &Goal) -> Level {
    let mut on: Vec<Vec<&Vm>> = vec![Vec::new(); hosts.len()];
    for vm in vms {
        on[vm.host].push(vm);
    }
    let weighed = || (0..MAX_RESOURCES).filter(|&r| goal.weights[r] > 0);
    let of_host = |(host, vms): (&Host, &Vec<&Vm>)| -> Vec<Vec<Level>> {
        weighed().map(|r| shedding(host, vms, r, &goal.weights)).collect()
    };
    let hosts: Vec<_> = hosts.iter().zip(&on).map(of_host).collect();
    // How many VMs a host has to shed; `None` if those that stay are too many.
    let shed = |resources: &Vec<Vec<Level>>, most: Level| {
        let mut counts = resources.iter().map(|levels| {
            let count = levels.partition_point(|&left| left > most);
            (count < levels.len()).then_some(count)
        });
        counts.try_fold(0, |greatest: usize, count| Some(greatest.max(count?)))
    };
    let is_enough = |most: Level| {
        let moves = hosts.iter().try_fold(0, |sum, host| Some(sum + shed(host, most)?));
        moves.is_some_and(|moves: usize| moves <= goal.budget)
    };
    let now = hosts.iter().flatten().map(|levels| levels[0]);
    let (mut low, mut high) = (0, now.max().unwrap_or(0));
    while low < high {
        let middle = low + (high - low) / 2;
        if is_enough(middle) { high = middle } else { low = middle + 1 }
    }
    high
}

/// The scaled level of a host in one resource after it loses none, one, two, .. of its movable VMs, the largest first.
fn shedding(host: &Host, vms: &[&Vm], r: usize, weights: &Demand) -> Vec<Level> {
    let mut left: u64 = vms.iter().map(|vm| vm.load[r]).sum();
    let mut sizes: Vec<u64> = vms.iter().filter(|vm| vm.movable).map(|vm| vm.load[r]).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    let of = |left| scaled(level(left, host.capacity[r]), r, weights);
    let mut levels = vec![of(left)];
    for size in sizes {
        left -= size;
        levels.push(of(left));
    }
    levels
}
