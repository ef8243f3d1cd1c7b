//! What the VMs of one class need when they share no host with those of others.

use vmpack_model::packing::{HostType, Instance, VmType};

/// How many hosts, and hosts of what cost, hold some VM of a class if at least so many of each type are placed.
/// `rows` are the demand rows that may run on each host type.
pub(super) fn needs(
    instance: &Instance,
    rows: &[Vec<usize>],
    class: &[usize],
    least: &[u64],
) -> [u64; 2] {
    let bound = |unit: bool| {
        let alone = alone(instance, rows, class, least, unit);
        let bound = vmpack_bounds::best(&alone).map_or(0, |bound| bound.value.ceil());
        u64::try_from(bound).unwrap_or(0)
    };
    [bound(true), bound(false)]
}

/// The instance with the VMs of a class alone, on hosts of cost one or of their own.
fn alone(
    instance: &Instance,
    rows: &[Vec<usize>],
    class: &[usize],
    least: &[u64],
    unit: bool,
) -> Instance {
    let member = |vm: usize| class.binary_search(&vm).is_ok();
    let vms = instance.vms().iter().enumerate().map(|(index, vm)| VmType {
        name: vm.name.clone(),
        count: if member(index) { least[index] } else { 0 },
        rows: vm.rows.clone(),
    });
    let hosts = instance.hosts().iter().zip(rows).map(|(host, rows)| HostType {
        name: host.name.clone(),
        cost: if unit { 1 } else { host.cost },
        stock: if rows.iter().any(|&row| member(instance.type_of_row(row))) {
            host.stock
        } else {
            Some(0)
        },
    });
    Instance::new(
        instance.name(),
        instance.resources().to_vec(),
        vms.collect(),
        instance.demands().to_owned(),
        hosts.collect(),
        instance.capacities().to_owned(),
    )
    .expect("a part of an instance")
}
