//! The assignment program: which VM goes onto which copy of which host type.
//!
//! Integer `x[row][t][k]` VMs by demand `row` on copy `k` of host type `t`, binary `y[t][k]` if that copy
//! is opened:
//!
//! ```text
//! min  sum cost[t] y[t][k]
//!      sum over rows of a VM type, t, k of x[row][t][k]  = count          for every VM type
//!      sum over rows of demand[row][d] x[row][t][k]     <= capacity[t][d] y[t][k]
//!      y[t][k] >= y[t][k+1]
//! ```
//!
//! VMs of a type are counted, not distinguished, and copies of a type are opened in order, which removes
//! most of the symmetry. Copies are bounded by the greedy rules, and the cost from below by the best
//! combinatorial bound. With placement rules it is another program: [`super::rules`].

use std::ops::Range;

use ndarray::Array2;
use vmpack_model::packing::{Certificate, HostType, Instance, Packing, Pattern, VmType};
use vmpack_model::{Bound, Budget, Kind, Method, Observer, Outcome, Unsupported, Value};

use super::claim::{Best, copies, is_free, is_placed};
use super::rules::{FORMS, Ruled};
use super::search::{self, Formulation, Refused};
use crate::backend::Backend;
use crate::model::{Column, Model, Sense};

/// The assignment program on one backend.
///
/// # References
/// Martello and Toth, Knapsack Problems (1990), section 8.1, with counts, several resources and several
/// host types.
pub(super) struct Assignment {
    pub(super) name: &'static str,
    pub(super) backend: &'static dyn Backend,
    /// The greatest number of columns that is tried: branch and bound over dense rows does nothing
    /// useful beyond.
    pub(super) greatest: u64,
}

impl Method<Packing> for Assignment {
    fn name(&self) -> &'static str {
        self.name
    }

    fn kind(&self) -> Kind {
        Kind::LinearProgramming
    }

    fn summary(&self) -> &'static str {
        "The assignment integer program over VM types and host copies, to beat the best greedy rule."
    }

    fn reference(&self) -> &'static str {
        "Martello and Toth, Knapsack Problems (1990), section 8.1"
    }

    fn supports(&self, instance: &Instance) -> Result<(), Unsupported> {
        // By volume alone, which takes no time on any instance; the rest only where that is little.
        let ruled = !instance.rules().only_capacity();
        let mut columns = if ruled {
            Ruled::columns(instance, None)
        } else {
            Copies::columns(instance, &hosts_by_volume(instance))
        };
        if !ruled
            && columns <= u128::from(self.greatest)
            && let Some(copies) = host_copies(instance, None, &Budget::default())
        {
            columns = Copies::columns(instance, &copies);
        }
        if columns <= u128::from(self.greatest) {
            return Ok(());
        }
        Err(Unsupported(format!(
            "the program would have {columns} columns or more than that, and {} is given {}",
            self.backend.name(),
            self.greatest
        )))
    }

    fn keeps(&self) -> &'static [&'static str] {
        FORMS
    }

    fn solve(
        &self,
        instance: &Instance,
        budget: &Budget,
        observer: &mut dyn Observer,
    ) -> Outcome<Packing> {
        if !instance.rules().only_capacity() {
            return search::solve(instance, self.backend, budget, observer, |best| {
                let ceiling = best.placement().map(|placement| placement.cost(instance));
                if Ruled::columns(instance, ceiling) > u128::from(self.greatest) {
                    return Err(Refused::TooLarge);
                }
                let all: Vec<u64> = instance.vms().iter().map(|vm| vm.count).collect();
                Ok(Ruled::new(instance, ceiling, &all))
            });
        }
        search::solve(instance, self.backend, budget, observer, |best| {
            let copies = host_copies(instance, Some(best), budget).ok_or(Refused::Budget)?;
            if Copies::columns(instance, &copies) > u128::from(self.greatest) {
                return Err(Refused::TooLarge);
            }
            Ok(Copies::new(instance, &copies))
        })
    }
}

/// How many hosts of each type all VMs that fit it fill by volume, at most what is in stock.
fn hosts_by_volume(instance: &Instance) -> Vec<u64> {
    let hosts = (0..instance.hosts().len()).map(|t| {
        let fitting = |vm: &&VmType| vm.rows.clone().any(|row| instance.fits(row, t));
        let needed = (0..instance.dimensions()).map(|k| {
            let least = |rows: Range<usize>| rows.map(|row| instance.demand(row)[k]).min();
            let demand: u64 = instance
                .vms()
                .iter()
                .filter(fitting)
                .map(|vm| vm.count * least(vm.rows.clone()).unwrap_or(0))
                .sum();
            demand.checked_div(instance.capacity(t)[k]).unwrap_or(0)
        });
        needed.max().unwrap_or(0).min(instance.hosts()[t].stock.unwrap_or(u64::MAX))
    });
    hosts.collect()
}

/// How many copies of each host type some optimal packing needs at most: what is in stock, what the
/// greedy rules need for all VMs that fit the type, for these can always be packed again among themselves,
/// what the cost of the best packing pays for, and one per VM. `None` if the budget ends.
fn host_copies(instance: &Instance, best: Option<&Best>, budget: &Budget) -> Option<Vec<u64>> {
    let known = best.and_then(|best| best.placement()).map(|best| best.cost(instance));
    (0..instance.hosts().len())
        .map(|t| {
            let host = &instance.hosts()[t];
            let affordable = known.and_then(|cost| cost.checked_div(host.cost));
            let alone = on_type(instance, t);
            let enough = vmpack_greedy::start(&alone, budget)?.hosts_opened();
            let most = enough.min(affordable.unwrap_or(u64::MAX)).min(alone.total_vms());
            Some(most.min(host.stock.unwrap_or(u64::MAX)))
        })
        .collect()
}

/// The VMs that fit a host type, by the rows that do, on unlimited hosts of it.
fn on_type(instance: &Instance, t: usize) -> Instance {
    let mut demands = Vec::new();
    let mut vms = Vec::new();
    let mut rows = 0;
    for vm in instance.vms() {
        let start = rows;
        for row in vm.rows.clone().filter(|&row| instance.fits(row, t)) {
            demands.extend_from_slice(instance.demand(row));
            rows += 1;
        }
        if rows > start {
            vms.push(VmType { name: vm.name.clone(), count: vm.count, rows: start..rows });
        }
    }
    let d = instance.dimensions();
    let host = HostType { name: instance.hosts()[t].name.clone(), cost: 1, stock: None };
    Instance::new(
        instance.name(),
        instance.resources().to_vec(),
        vms,
        Array2::from_shape_vec((rows, d), demands).expect("d demands per row"),
        vec![host],
        Array2::from_shape_vec((1, d), instance.capacity(t).to_vec()).expect("d capacities"),
    )
    .expect("a part of an instance")
}

/// The program with the place of the columns of each host copy.
struct Copies {
    model: Model,
    /// Demand rows that fit each host type, without those of free VM types.
    rows: Vec<Vec<usize>>,
    /// For every copy: the host type and its column `y`, which those of `rows` follow.
    places: Vec<(usize, usize)>,
    /// The rows that bound the cost from below and from above.
    cost: [usize; 2],
}

impl Copies {
    fn rows(instance: &Instance, t: usize) -> Vec<usize> {
        (0..instance.rows()).filter(|&row| is_placed(instance, row, t)).collect()
    }

    fn columns(instance: &Instance, copies: &[u64]) -> u128 {
        let of_type = |(t, &copies): (usize, &u64)| {
            u128::from(copies) * (Self::rows(instance, t).len() as u128 + 1)
        };
        copies.iter().enumerate().map(of_type).sum()
    }

    fn new(instance: &Instance, host_copies: &[u64]) -> Self {
        let d = instance.dimensions();
        let mut model = Model::default();
        let demand: Vec<Option<usize>> = (0..instance.vms().len())
            .map(|vm| {
                let wanted = instance.vms()[vm].count > 0 && !is_free(instance, vm);
                wanted.then(|| model.add_row(Sense::Eq, instance.vms()[vm].count as f64))
            })
            .collect();
        let cost =
            [model.add_row(Sense::Ge, f64::NEG_INFINITY), model.add_row(Sense::Le, f64::INFINITY)];
        let rows: Vec<Vec<usize>> =
            (0..instance.hosts().len()).map(|t| Self::rows(instance, t)).collect();
        let mut places = Vec::new();
        for (t, &host_copies) in host_copies.iter().enumerate() {
            let capacity = instance.capacity(t);
            let mut order_before = None;
            for copy in 0..host_copies {
                let first = model.rows().len();
                for _ in 0..d {
                    model.add_row(Sense::Le, 0.0);
                }
                let order = (copy + 1 < host_copies).then(|| model.add_row(Sense::Ge, 0.0));
                let unit = instance.hosts()[t].cost as f64;
                let offers = capacity.iter().enumerate().map(|(k, &c)| (first + k, -(c as f64)));
                let orders = order.map(|row| (row, 1.0)).into_iter();
                let orders = orders.chain(order_before.map(|row| (row, -1.0)));
                let entries = offers.chain(orders).chain(cost.map(|row| (row, unit)));
                let y = model.add_column(Column::integer(unit, 0.0, 1.0), entries);
                places.push((t, y));
                order_before = order;
                for &row in &rows[t] {
                    let sizes = instance.demand(row).iter().enumerate();
                    let loads = sizes.map(|(k, &w)| (first + k, w as f64));
                    let served = demand[instance.type_of_row(row)].map(|row| (row, 1.0));
                    let fit = copies(instance, row, t) as f64;
                    model.add_column(Column::integer(0.0, 0.0, fit), loads.chain(served));
                }
            }
        }
        Self { model, rows, places, cost }
    }
}

impl Formulation for Copies {
    // It is as weak as the volume bound.
    const RELAXES: bool = false;

    fn model(&self) -> &Model {
        &self.model
    }

    fn certify(&mut self, _: &[f64]) -> Option<Bound<Certificate>> {
        None
    }

    fn confine(&mut self, lower: Value, ceiling: Option<u64>) {
        self.model.set_rhs(self.cost[0], lower.to_f64());
        if let Some(ceiling) = ceiling {
            self.model.set_rhs(self.cost[1], ceiling as f64);
        }
    }

    fn patterns(&self, values: &[f64]) -> Vec<(Pattern, f64)> {
        let pattern = |&(host, y): &(usize, usize)| {
            let rows = self.rows[host].iter().enumerate();
            let vms = rows.map(|(at, &row)| (row, values[y + 1 + at].round().max(0.0) as u64));
            (Pattern { host, vms: vms.collect() }, 1.0)
        };
        self.places.iter().map(pattern).collect()
    }

    fn sizes(&self) -> Vec<(&'static str, u64)> {
        Vec::new()
    }
}
