//! Who goes where when hosts fail, by name.

use std::collections::BTreeMap;

use vmpack_datasets::operator::{Compiled, Fleet};
use vmpack_model::packing::{Evacuation, Placement};

use super::names::{Filled, filled, host_name, vm_name};

/// A VM that moves when hosts fail.
#[derive(Debug)]
pub(crate) struct Move {
    /// The rule that asks for it.
    pub(crate) rule: String,
    /// The hosts that fail, by name.
    pub(crate) failed: Vec<String>,
    /// The VM.
    pub(crate) vm: String,
    /// Where it goes.
    pub(crate) to: String,
}

/// The moves of every evacuation that comes with a judged placement. Hosts that are filled alike are one case: the first
/// of them fail.
pub(crate) fn moves(fleet: &Fleet, compiled: &Compiled, placement: &Placement) -> Vec<Move> {
    if placement.evacuations.is_empty() {
        return Vec::new();
    }
    let mut by_pattern: Vec<Vec<Filled>> = placement.patterns.iter().map(|_| Vec::new()).collect();
    for host in filled(fleet, compiled, placement) {
        by_pattern[host.pattern].push(host);
    }
    let each = placement.evacuations.iter();
    each.flat_map(|evacuation| moves_of(fleet, compiled, &by_pattern, evacuation)).collect()
}

fn moves_of(
    fleet: &Fleet,
    compiled: &Compiled,
    by_pattern: &[Vec<Filled>],
    evacuation: &Evacuation,
) -> Vec<Move> {
    let rule = &compiled.instance.rules().rules[evacuation.rule].name;
    // The hosts of each pattern that are still there, by the number that is not.
    let mut next: BTreeMap<usize, usize> = BTreeMap::new();
    let mut failed = Vec::new();
    let mut leaving: BTreeMap<usize, Vec<_>> = BTreeMap::new();
    for &(pattern, hosts) in &evacuation.failed {
        for host in by_pattern[pattern].iter().take(hosts as usize) {
            failed.push(host_name(fleet, host.host));
            for &(vm_type, vm) in host.vms.iter().rev() {
                leaving.entry(vm_type).or_default().push(vm);
            }
        }
        next.insert(pattern, hosts as usize);
    }
    let mut moves = Vec::new();
    for intake in &evacuation.takes {
        let start = next.entry(intake.pattern).or_insert(0);
        for host in by_pattern[intake.pattern].iter().skip(*start).take(intake.hosts as usize) {
            for &(row, count) in &intake.vms {
                let vms = leaving.entry(compiled.instance.type_of_row(row)).or_default();
                let taken = vms.split_off(vms.len().saturating_sub(count as usize));
                moves.extend(taken.into_iter().rev().map(|vm| Move {
                    rule: rule.clone(),
                    failed: failed.clone(),
                    vm: vm_name(fleet, vm),
                    to: host_name(fleet, host.host),
                }));
            }
        }
        *start += intake.hosts as usize;
    }
    moves
}
