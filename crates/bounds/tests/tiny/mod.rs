//! Tiny random packing instances and their optimum by brute force.

use std::ops::Range;

use ndarray::Array2;
use proptest::prelude::*;
use vmpack_model::Resource;
use vmpack_model::packing::{HostType, Instance, VmType};

/// Instances of at most six VMs, in 1 or 2 resources, on up to three host types with or without stock;
/// some VM types have alternatives, demands may be zero, and some instances have no placement.
pub(crate) fn instances() -> impl Strategy<Value = Instance> {
    (1_usize..=2, 1_usize..=3, 0_usize..=4).prop_flat_map(|(d, hosts, types)| {
        let host = (1_u64..=9, prop::option::weighted(0.5, 0_u64..=3));
        let vm = (0_u64..=2, 1_usize..=2);
        (
            prop::collection::vec(prop::collection::vec(4_u64..=12, d), hosts),
            prop::collection::vec(host, hosts),
            prop::collection::vec(vm, types),
            prop::collection::vec(prop::collection::vec(0_u64..=9, d), 2 * types),
        )
            .prop_map(|(capacities, hosts, vms, demands)| {
                build(&capacities, &hosts, &vms, &demands)
            })
    })
}

/// The same on a single host type without stock limit.
pub(crate) fn uniform_instances() -> impl Strategy<Value = Instance> {
    (prop::collection::vec(6_u64..=12, 2), prop::collection::vec((0_u64..=9, 0_u64..=6), 0..=6))
        .prop_map(|(capacity, sizes)| {
            let items: Vec<_> = sizes.iter().map(|&(x, y)| (vec![x, y], 1)).collect();
            Instance::identical_hosts("tiny", &capacity, &items).expect("valid")
        })
}

fn build(
    capacities: &[Vec<u64>],
    hosts: &[(u64, Option<u64>)],
    vms: &[(u64, usize)],
    demands: &[Vec<u64>],
) -> Instance {
    let d = capacities[0].len();
    let hosts = hosts.iter().enumerate().map(|(t, &(cost, stock))| HostType {
        name: format!("host{t}"),
        cost,
        stock,
    });
    let mut rows = 0;
    let vms: Vec<VmType> = vms
        .iter()
        .enumerate()
        .map(|(i, &(count, alternatives))| {
            let range: Range<usize> = rows..rows + alternatives;
            rows = range.end;
            VmType { name: format!("vm{i}"), count, rows: range }
        })
        .collect();
    let matrix = |rows: &[Vec<u64>]| {
        Array2::from_shape_vec((rows.len(), d), rows.concat()).expect("rows of d entries")
    };
    Instance::new(
        "tiny",
        Resource::anonymous(d),
        vms,
        matrix(&demands[..rows]),
        hosts.collect(),
        matrix(capacities),
    )
    .expect("valid")
}

/// The least cost of a placement by trying everything; `None` if there is no placement.
pub(crate) fn optimum(instance: &Instance) -> Option<u64> {
    let vms: Vec<usize> = instance
        .vms()
        .iter()
        .enumerate()
        .flat_map(|(i, vm)| std::iter::repeat_n(i, vm.count as usize))
        .collect();
    let mut search = Search { instance, vms, open: Vec::new(), best: None };
    search.place(0, 0);
    search.best
}

struct Search<'a> {
    instance: &'a Instance,
    vms: Vec<usize>,
    /// Host type and what is left.
    open: Vec<(usize, Vec<u64>)>,
    best: Option<u64>,
}

impl Search<'_> {
    fn place(&mut self, next: usize, cost: u64) {
        if self.best.is_some_and(|best| cost >= best) {
            return;
        }
        let Some(&vm) = self.vms.get(next) else {
            self.best = Some(cost);
            return;
        };
        for row in self.instance.vms()[vm].rows.clone() {
            let demand = self.instance.demand(row).to_vec();
            for h in 0..self.open.len() {
                if self.open[h].1.iter().zip(&demand).all(|(free, need)| free >= need) {
                    self.open[h].1.iter_mut().zip(&demand).for_each(|(free, need)| *free -= need);
                    self.place(next + 1, cost);
                    self.open[h].1.iter_mut().zip(&demand).for_each(|(free, need)| *free += need);
                }
            }
            for (t, host) in self.instance.hosts().iter().enumerate() {
                let opened = self.open.iter().filter(|&&(of, _)| of == t).count() as u64;
                if self.instance.fits(row, t) && host.stock.is_none_or(|stock| opened < stock) {
                    let capacity = self.instance.capacity(t);
                    let left = capacity.iter().zip(&demand).map(|(free, need)| free - need);
                    self.open.push((t, left.collect()));
                    self.place(next + 1, cost + host.cost);
                    self.open.pop();
                }
            }
        }
    }
}
