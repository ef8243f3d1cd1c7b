//! Which VMs lose their hosts together.

use rand::{Rng, RngExt};
use vmpack_model::packing::{Demand, Level};

use super::fleet::Fleet;

/// No more hosts are freed at a time.
const MOST_HOSTS: usize = 3;
/// No more hosts are freed once so many VMs wait.
const MANY_VMS: usize = 40;
/// So many hosts are drawn where the worst of them is wanted.
const DRAWS: usize = 3;

/// Draws VMs whose places depend on each other: those of hosts at random, of the dearest for what they hold, of one
/// rack or site, or of one rule. All of them have hosts.
pub(super) fn ruin(fleet: &Fleet<'_>, rng: &mut impl Rng) -> Vec<u32> {
    let rules = &fleet.instance.rules().rules;
    let mut out = Vec::new();
    let number = rng.random_range(1..=MOST_HOSTS);
    match rng.random_range(0..4) {
        0 if !rules.is_empty() => {
            let rule = &rules[rng.random_range(0..rules.len())];
            of_rule(fleet, &rule.demand, rng, &mut out);
        }
        1 => {
            let Some(seed) = draw(fleet, rng) else { return out };
            let level = if rng.random_bool(0.5) { Level::Rack } else { Level::Site };
            let topology = &fleet.instance.rules().topology;
            let place = |host: usize| topology.domain(level, fleet.hosts()[host].kind);
            free(fleet, seed, &mut out);
            for _ in 0..number * DRAWS {
                match draw(fleet, rng) {
                    Some(host) if place(host) == place(seed) => free(fleet, host, &mut out),
                    _ => {}
                }
                if out.len() >= MANY_VMS {
                    break;
                }
            }
        }
        _ => {
            for at in 0..number {
                let draws: Vec<usize> =
                    (0..if at == 0 { DRAWS } else { 1 }).filter_map(|_| draw(fleet, rng)).collect();
                let Some(host) = draws.into_iter().min_by_key(|&host| fleet.cheapness(host)) else {
                    break;
                };
                free(fleet, host, &mut out);
                if out.len() >= MANY_VMS {
                    break;
                }
            }
        }
    }
    out
}

/// A random host that holds VMs: that of a random VM, so that full ones come up more often.
fn draw(fleet: &Fleet<'_>, rng: &mut impl Rng) -> Option<usize> {
    let vms = fleet.vms() as u32;
    if vms == 0 { None } else { fleet.host_of(rng.random_range(0..vms)) }
}

/// Adds the VMs of a host, unless they are there.
fn free(fleet: &Fleet<'_>, host: usize, out: &mut Vec<u32>) {
    let vms = &fleet.hosts()[host].vms;
    if vms.first().is_some_and(|vm| !out.contains(vm)) {
        out.extend_from_slice(vms);
    }
}

/// Adds VMs that a rule is about, and what shares hosts with some of them.
fn of_rule(fleet: &Fleet<'_>, demand: &Demand, rng: &mut impl Rng, out: &mut Vec<u32>) {
    let classes: &[Vec<usize>] = match demand {
        Demand::Restrict { vms, .. }
        | Demand::AtMost { vms, .. }
        | Demand::Together { vms, .. }
        | Demand::Spread { vms, .. } => std::slice::from_ref(vms),
        Demand::Separate { classes, .. } => classes,
        Demand::Survive { .. } => &[],
    };
    let kinds: Vec<usize> = classes.iter().flatten().copied().collect();
    if kinds.is_empty() {
        return;
    }
    let whole = rng.random_bool(0.5);
    for _ in 0..MANY_VMS {
        let members = fleet.of_kind(kinds[rng.random_range(0..kinds.len())]);
        if members.is_empty() {
            continue;
        }
        let vm = rng.random_range(members);
        match fleet.host_of(vm) {
            Some(host) if whole => free(fleet, host, out),
            Some(_) if !out.contains(&vm) => out.push(vm),
            _ => {}
        }
        if out.len() >= MANY_VMS / 2 {
            break;
        }
    }
}
