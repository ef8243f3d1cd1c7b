//! What all flow programs have: a row per VM type, a column per host type, and rows for the cost.

use vmpack_model::Value;
use vmpack_model::packing::Instance;

use super::claim::is_free;
use crate::model::{Column, Model, Sense};

/// A program with demand rows, cost rows and the columns of the host types, to which arcs are added.
pub(super) struct Program {
    pub(super) model: Model,
    /// The row of every VM type that is to be placed.
    demand: Vec<Option<usize>>,
    /// The column of every host type that is used: its number of hosts.
    hosts: Vec<Option<usize>>,
    /// The rows that bound the cost from below and from above.
    cost: [usize; 2],
}

impl Program {
    /// Adds these to a model of rows that need no columns of hosts but the given entries; `None` for host
    /// types that take no part. No host type needs more hosts than there are VMs.
    pub(super) fn new(
        instance: &Instance,
        mut model: Model,
        hosts: Vec<Option<Vec<(usize, f64)>>>,
    ) -> Self {
        let demand = (0..instance.vms().len())
            .map(|vm| {
                let wanted = instance.vms()[vm].count > 0 && !is_free(instance, vm);
                wanted.then(|| model.add_row(Sense::Ge, instance.vms()[vm].count as f64))
            })
            .collect();
        let cost =
            [model.add_row(Sense::Ge, f64::NEG_INFINITY), model.add_row(Sense::Le, f64::INFINITY)];
        let total = instance.total_vms();
        let mut columns = Vec::with_capacity(hosts.len());
        for (host, entries) in instance.hosts().iter().zip(hosts) {
            columns.push(entries.map(|entries| {
                let unit = host.cost as f64;
                let most = host.stock.unwrap_or(total).min(total) as f64;
                let entries = entries.into_iter().chain(cost.map(|row| (row, unit)));
                model.add_column(Column::integer(unit, 0.0, most), entries)
            }));
        }
        Self { model, demand, hosts: columns, cost }
    }

    /// The demand row that VMs by a row of the instance serve.
    ///
    /// # Panics
    /// If the type of the row is not to be placed.
    pub(super) fn served(&self, instance: &Instance, row: usize) -> usize {
        self.demand[instance.type_of_row(row)].expect("items are to be placed")
    }

    /// The dual values of the demand rows per VM type.
    pub(super) fn prices(&self, duals: &[f64]) -> Vec<f64> {
        self.demand.iter().map(|row| row.map_or(0.0, |row| duals[row])).collect()
    }

    /// Bounds the cost, and the number of hosts by what the ceiling pays for. The relaxation goes without,
    /// so that the demands alone get its prices.
    pub(super) fn confine(&mut self, instance: &Instance, lower: Value, ceiling: Option<u64>) {
        self.model.set_rhs(self.cost[0], lower.to_f64());
        let Some(ceiling) = ceiling else { return };
        self.model.set_rhs(self.cost[1], ceiling as f64);
        for (host, &column) in instance.hosts().iter().zip(&self.hosts) {
            if let (Some(column), Some(hosts)) = (column, ceiling.checked_div(host.cost)) {
                let most = self.model.columns()[column].upper.min(hosts as f64);
                self.model.set_range(column, 0.0, most);
            }
        }
    }

    /// The greatest number of hosts of type `t`.
    pub(super) fn most_hosts(&self, t: usize) -> f64 {
        self.hosts[t].map_or(0.0, |column| self.model.columns()[column].upper)
    }
}
