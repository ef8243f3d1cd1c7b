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

/// Which VM runs on which host, by name, in the order of the fleet.
///
/// The placement must have been judged: VMs and hosts beyond those of the fleet are left out.
pub(crate) fn assignments(
    fleet: &Fleet,
    compiled: &Compiled,
    placement: &Placement,
) -> Vec<(String, String)> {
    let mut waiting: Vec<_> =
        compiled.vms.iter().map(|rows| singles(rows, |row| Some(fleet.vms[row].count))).collect();
    let mut placed: Vec<(Single, Single)> = Vec::new();
    for ((pattern, _), hosts) in placement.patterns.iter().zip(hosts(fleet, compiled, placement)) {
        for host in hosts {
            for &(row, count) in &pattern.vms {
                let vms = waiting[compiled.instance.type_of_row(row)].by_ref().take(count as usize);
                placed.extend(vms.map(|vm| (vm, host)));
            }
        }
    }
    placed.sort_unstable();
    placed
        .into_iter()
        .map(|(vm, host)| (vm.name(&fleet.vms[vm.row].name), host_name(fleet, host)))
        .collect()
}
