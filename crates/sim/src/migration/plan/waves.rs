//! Stages of moves, built greedily.

use std::cmp::Reverse;

use super::Move;
use super::state::State;
use crate::arrivals::MAX_RESOURCES;

/// Stages until all is done or nothing can move, and where that leaves the VMs.
///
/// A stage is all that can start where something changed in the last one: of the VMs that wait for a host first those
/// that leave a host which others wait for, then larger ones. When nothing can move, one VM of every part that is stuck takes
/// a bypass, if a host has room for it; no VM takes two.
pub(super) fn stages(mut state: State<'_>) -> (Vec<Vec<Move>>, State<'_>) {
    let hosts = state.task().capacities.len();
    let mut incoming: Vec<Vec<usize>> = vec![Vec::new(); hosts];
    for vm in state.pending() {
        incoming[state.task().to[vm]].push(vm);
    }
    let wanted: Vec<bool> = incoming.iter().map(|vms| !vms.is_empty()).collect();
    for vms in &mut incoming {
        vms.sort_by_key(|&vm| (!wanted[state.host(vm)], Reverse(size(&state, vm)), vm));
    }
    let part = parts(&state);
    let mut bypassed = vec![false; state.task().to.len()];
    let mut stages = Vec::new();
    let mut changed: Vec<usize> = (0..hosts).collect();
    loop {
        let mut stage = Vec::new();
        for &to in &changed {
            incoming[to].retain(|&vm| {
                let goes = state.admits(vm, to);
                if goes {
                    stage.push(Move { vm, from: state.host(vm), to });
                    state.depart(vm, to);
                }
                !goes
            });
        }
        if stage.is_empty() && changed.len() < hosts {
            // A rule may look at other hosts than those that changed.
            changed = (0..hosts).collect();
            continue;
        }
        if stage.is_empty() {
            stage = detours(&mut state, &incoming, &part, &mut bypassed);
        }
        if stage.is_empty() {
            return (stages, state);
        }
        changed.clear();
        for &Move { vm, from, to } in &stage {
            state.arrive(vm, to);
            changed.extend([from, to]);
        }
        changed.sort_unstable();
        changed.dedup();
        stages.push(stage);
    }
}

/// Bypasses, one in every part: the least VM that is in the way of another and has somewhere to go, else the least one
/// that has.
fn detours(
    state: &mut State<'_>,
    incoming: &[Vec<usize>],
    part: &[usize],
    bypassed: &mut [bool],
) -> Vec<Move> {
    let mut leaving = Vec::new();
    for (host, waiting) in incoming.iter().enumerate().filter(|(_, waiting)| !waiting.is_empty()) {
        for &vm in state.vms_on(host) {
            if state.is_pending(vm) && !bypassed[vm] {
                let decides = waiting.iter().any(|&other| state.fits_without(other, host, vm));
                leaving.push((!decides, size(state, vm), vm, host));
            }
        }
    }
    leaving.sort_unstable();
    let mut served = vec![false; incoming.len()];
    let mut stage = Vec::new();
    for (_, _, vm, from) in leaving {
        if !served[part[from]]
            && let Some(to) = spare(state, incoming, vm)
        {
            served[part[from]] = true;
            bypassed[vm] = true;
            state.depart(vm, to);
            stage.push(Move { vm, from, to });
        }
    }
    stage
}

/// A host that a VM can go to for a while, if possible one that no VM waits for.
fn spare(state: &State<'_>, incoming: &[Vec<usize>], vm: usize) -> Option<usize> {
    let takes = |&host: &usize| host != state.host(vm) && state.admits(vm, host);
    let hosts = 0..incoming.len();
    let quiet = hosts.clone().filter(|&host| incoming[host].is_empty()).find(takes);
    quiet.or_else(|| hosts.filter(|&host| !incoming[host].is_empty()).find(takes))
}

/// Hosts by the part of the pending moves that they belong to: moves of one part share hosts with each other.
pub(super) fn parts(state: &State<'_>) -> Vec<usize> {
    let mut parent: Vec<usize> = (0..state.task().capacities.len()).collect();
    for vm in state.pending() {
        let a = root(&mut parent, state.host(vm));
        let b = root(&mut parent, state.task().to[vm]);
        parent[a.max(b)] = a.min(b);
    }
    (0..parent.len()).map(|host| root(&mut parent, host)).collect()
}

fn root(parent: &mut [usize], mut host: usize) -> usize {
    while parent[host] != host {
        parent[host] = parent[parent[host]];
        host = parent[host];
    }
    host
}

/// The largest share that a VM takes of the host that it goes to, over resources, in billionths.
fn size(state: &State<'_>, vm: usize) -> u128 {
    let task = state.task();
    let (demand, capacity) = (&task.demands[vm], &task.capacities[task.to[vm]]);
    let share = |r: usize| u128::from(demand[r]) * 1_000_000_000 / u128::from(capacity[r].max(1));
    (0..MAX_RESOURCES).map(share).max().unwrap_or(0)
}
