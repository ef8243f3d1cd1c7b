//! Tiny packing instances, and their optimum by trying everything.

use ndarray::Array2;
use proptest::prelude::*;
use vmpack_model::Resource;
use vmpack_model::packing::{HostType, Instance, VmType};

/// A VM type: alternative demands and how many.
pub(crate) type Kind = (Vec<Vec<u64>>, u64);
/// A host type: capacity, cost, stock.
pub(crate) type Host = (Vec<u64>, u64, Option<u64>);

pub(crate) fn instance(kinds: &[Kind], hosts: &[Host]) -> Instance {
    let d = hosts[0].0.len();
    let mut rows = 0;
    let mut vms = Vec::new();
    for (i, (alternatives, count)) in kinds.iter().enumerate() {
        let end = rows + alternatives.len();
        vms.push(VmType { name: format!("vm{i}"), count: *count, rows: rows..end });
        rows = end;
    }
    let demands = kinds.iter().flat_map(|(alternatives, _)| alternatives.iter().flatten().copied());
    let capacities = hosts.iter().flat_map(|(capacity, ..)| capacity.iter().copied());
    let types = hosts.iter().enumerate();
    Instance::new(
        "tiny",
        Resource::anonymous(d),
        vms,
        Array2::from_shape_vec((rows, d), demands.collect()).expect("rows x resources"),
        types
            .map(|(t, &(_, cost, stock))| HostType { name: format!("host{t}"), cost, stock })
            .collect(),
        Array2::from_shape_vec((hosts.len(), d), capacities.collect()).expect("hosts x resources"),
    )
    .expect("a valid instance")
}

/// Up to three VM types with alternatives and five VMs, on up to `host_types` host types.
pub(crate) fn instances(host_types: usize) -> impl Strategy<Value = Instance> {
    (1_usize..=2).prop_flat_map(move |d| {
        let alternatives = prop::collection::vec(prop::collection::vec(0_u64..=9, d), 1..=2);
        let kinds = prop::collection::vec((alternatives, 0_u64..=2), 1..=3);
        let host = (
            prop::collection::vec(1_u64..=12, d),
            0_u64..=6,
            prop_oneof![2 => Just(None), 1 => (0_u64..=3).prop_map(Some)],
        );
        let hosts = prop::collection::vec(host, 1..=host_types);
        (kinds, hosts).prop_map(|(kinds, hosts)| instance(&kinds, &hosts))
    })
}

/// The least cost, or `None` if there is no placement: every VM tries every open host and a new host of
/// every type, by every row.
pub(crate) fn optimum(instance: &Instance) -> Option<u64> {
    let vms: Vec<usize> = (0..instance.vms().len())
        .flat_map(|i| std::iter::repeat_n(i, instance.vms()[i].count as usize))
        .collect();
    let mut best = None;
    place(instance, &vms, &mut Vec::new(), 0, &mut best);
    best
}

fn place(
    instance: &Instance,
    vms: &[usize],
    open: &mut Vec<(usize, Vec<u64>)>,
    cost: u64,
    best: &mut Option<u64>,
) {
    if best.is_some_and(|best| cost >= best) {
        return;
    }
    let Some((&vm, rest)) = vms.split_first() else {
        *best = Some(cost);
        return;
    };
    for row in instance.vms()[vm].rows.clone() {
        let demand: Vec<u64> = instance.demands().row(row).to_vec();
        for h in 0..open.len() {
            if let Some(room) = subtract(&open[h].1, &demand) {
                let before = std::mem::replace(&mut open[h].1, room);
                place(instance, rest, open, cost, best);
                open[h].1 = before;
            }
        }
        for (t, host) in instance.hosts().iter().enumerate() {
            let opened = open.iter().filter(|&&(of, _)| of == t).count() as u64;
            let capacity = instance.capacities().row(t).to_vec();
            if host.stock.is_none_or(|stock| opened < stock)
                && let Some(room) = subtract(&capacity, &demand)
            {
                open.push((t, room));
                place(instance, rest, open, cost + host.cost, best);
                open.pop();
            }
        }
    }
}

fn subtract(room: &[u64], demand: &[u64]) -> Option<Vec<u64>> {
    room.iter().zip(demand).map(|(room, demand)| room.checked_sub(*demand)).collect()
}

/// The greatest weight that a host of type `t` can hold, by enumeration.
pub(crate) fn heaviest(instance: &Instance, weights: &[u64], t: usize) -> u64 {
    let left: Vec<u64> = instance.vms().iter().map(|vm| vm.count).collect();
    heaviest_from(instance, weights, 0, &instance.capacities().row(t).to_vec(), &left)
}

fn heaviest_from(
    instance: &Instance,
    weights: &[u64],
    row: usize,
    room: &[u64],
    left: &[u64],
) -> u64 {
    if row == weights.len() {
        return 0;
    }
    let mut best = heaviest_from(instance, weights, row + 1, room, left);
    let vm = instance.type_of_row(row);
    if left[vm] > 0
        && let Some(room) = subtract(room, &instance.demands().row(row).to_vec())
    {
        let mut left = left.to_vec();
        left[vm] -= 1;
        best = best.max(weights[row] + heaviest_from(instance, weights, row, &room, &left));
    }
    best
}
