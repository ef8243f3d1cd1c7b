//! From types with counts to single VMs and hosts by name.

use vmpack_datasets::operator::{Compiled, Fleet};
use vmpack_model::packing::Placement;

/// A single VM or host: its row in the fleet, and its number there from 1, if the row has several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Single {
    row: usize,
    number: Option<u64>,
}

impl Single {
    fn name(self, row: &str) -> String {
        match self.number {
            None => row.to_owned(),
            Some(number) => format!("{row}-{number}"),
        }
    }
}

/// The single members of a type, in the order of its rows; without end if a row has as many as wanted.
fn singles(rows: &[usize], count: impl Fn(usize) -> Option<u64>) -> impl Iterator<Item = Single> {
    rows.iter().flat_map(move |&row| {
        let count = count(row);
        let last = count.unwrap_or(u64::MAX);
        (1..=last).map(move |number| Single { row, number: (count != Some(1)).then_some(number) })
    })
}

/// The single hosts that a placement opens, pattern by pattern.
pub(super) fn hosts(fleet: &Fleet, compiled: &Compiled, placement: &Placement) -> Vec<Vec<Single>> {
    let mut free: Vec<_> =
        compiled.hosts.iter().map(|rows| singles(rows, |row| fleet.hosts[row].count)).collect();
    let patterns = placement.patterns.iter();
    patterns
        .map(|(pattern, hosts)| free[pattern.host].by_ref().take(*hosts as usize).collect())
        .collect()
}

/// The name of a single host.
pub(super) fn host_name(fleet: &Fleet, host: Single) -> String {
    host.name(&fleet.hosts[host.row].name)
}

/// A host and the VMs on it.
#[derive(Debug)]
pub(super) struct Filled {
    pub(super) host: Single,
    /// The index of its pattern.
    pub(super) pattern: usize,
    /// Type and VM.
    pub(super) vms: Vec<(usize, Single)>,
}

/// The opened hosts with the VMs on them, pattern by pattern.
///
/// The placement must have been judged: VMs and hosts beyond those of the fleet are left out.
pub(super) fn filled(fleet: &Fleet, compiled: &Compiled, placement: &Placement) -> Vec<Filled> {
    let mut waiting: Vec<_> =
        compiled.vms.iter().map(|rows| singles(rows, |row| Some(fleet.vms[row].count))).collect();
    let mut filled = Vec::new();
    let opened = hosts(fleet, compiled, placement);
    for (index, ((pattern, _), hosts)) in placement.patterns.iter().zip(opened).enumerate() {
        for host in hosts {
            let mut vms = Vec::new();
            for &(row, count) in &pattern.vms {
                let vm_type = compiled.instance.type_of_row(row);
                let taken = waiting[vm_type].by_ref().take(count as usize);
                vms.extend(taken.map(|vm| (vm_type, vm)));
            }
            filled.push(Filled { host, pattern: index, vms });
        }
    }
    filled
}

/// The name of a single VM.
pub(super) fn vm_name(fleet: &Fleet, vm: Single) -> String {
    vm.name(&fleet.vms[vm.row].name)
}

/// Which VM runs on which host, by name, in the order of the fleet.
pub(crate) fn assignments(
    fleet: &Fleet,
    compiled: &Compiled,
    placement: &Placement,
) -> Vec<(String, String)> {
    let filled = filled(fleet, compiled, placement);
    let mut placed: Vec<(Single, Single)> =
        filled.iter().flat_map(|on| on.vms.iter().map(|&(_, vm)| (vm, on.host))).collect();
    placed.sort_unstable();
    let names = placed.into_iter();
    names.map(|(vm, host)| (vm_name(fleet, vm), host_name(fleet, host))).collect()
}
