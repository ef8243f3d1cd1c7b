//! Which host gets which pattern, and which VM goes where.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// What a host is to hold: how many VMs of each type.
pub(super) type Counts = BTreeMap<usize, u64>;

/// A host or a pattern that needs one.
#[derive(Clone, Debug)]
pub(super) struct Side {
    /// What it must agree in.
    pub(super) kind: usize,
    /// The VMs of each type that are there, or are to be.
    pub(super) vms: Counts,
}

/// The pattern of each host, `None` for a host that is to be empty. Pairs are taken greedily, those first that leave most
/// weight of VMs where it is, then low numbers; patterns that have nothing in common with a host that is left go to one
/// of their kind. In `O(h p log)` for `h` hosts and `p` patterns.
pub(super) fn assign(hosts: &[Side], patterns: &[Side], weight: &[u64]) -> Vec<Option<usize>> {
    let stays = |host: &Side, pattern: &Side| -> u64 {
        let common = pattern.vms.iter().map(|(vm_type, &count)| {
            count.min(host.vms.get(vm_type).copied().unwrap_or(0)) * weight[*vm_type]
        });
        common.sum()
    };
    let mut pairs: Vec<_> = hosts
        .iter()
        .enumerate()
        .flat_map(|(h, host)| {
            let alike = patterns.iter().enumerate().filter(|(_, p)| p.kind == host.kind);
            alike.map(move |(p, pattern)| (Reverse(stays(host, pattern)), h, p))
        })
        .collect();
    pairs.sort_unstable();
    let mut pattern_of = vec![None; hosts.len()];
    let mut open: BTreeSet<usize> = (0..patterns.len()).collect();
    for (_, host, pattern) in pairs {
        if pattern_of[host].is_none() && open.remove(&pattern) {
            pattern_of[host] = Some(pattern);
        }
    }
    pattern_of
}

/// The host of every VM of one type: `on` are the hosts that they are on, in order of VMs, and `wanted` says how many each
/// host is to hold. As many stay as can; the others go to hosts that lack some, both in order.
pub(super) fn place(on: &[usize], wanted: &BTreeMap<usize, u64>) -> Vec<usize> {
    let mut lacking = wanted.clone();
    let stays: Vec<bool> = on
        .iter()
        .map(|host| match lacking.get_mut(host) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        })
        .collect();
    let mut places = lacking.into_iter().flat_map(|(host, left)| (0..left).map(move |_| host));
    on.iter()
        .zip(stays)
        .map(|(&host, stays)| if stays { host } else { places.next().unwrap_or(host) })
        .collect()
}
