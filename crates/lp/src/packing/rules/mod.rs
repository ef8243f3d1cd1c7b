//! The assignment program with placement rules.
//!
//! As without rules, integer `x[row][b]` VMs by a demand row run on host copy `b`, which binary `y[b]` opens.
//! What the forms of [`Demand`](vmpack_model::packing::Demand) add, over the copies of every domain `D`, with a
//! penalty column `w >= 0` at the price of the rule where it is soft:
//!
//! ```text
//! restrict   no column x, or one that costs the price
//! at-most    sum of the members' x in D <= most + w
//! together   x of each member in D <= count z[D],         sum z[D] <= 1 + w
//! spread     z[D] <= sum of the members' x in D,          sum z[D] >= least - w
//! separate   x of each member of class c in D <= count z[D][c],  sum over c of z[D][c] <= 1 + w
//! survive    for every set F of failing copies, e[row][b] VMs that copies outside F take in:
//!            as many of each type as F holds, within capacity and the rules that those that move keep
//! ```
//!
//! Copies of a host type stand in the same domains, so they stay interchangeable, and are put in order: opened
//! ones first, by the first VM type that they hold.
//!
//! # References
//! Martello and Toth, Knapsack Problems (1990), section 8.1, for the assignment; Mann, "Allocation of virtual
//! machines in cloud data centers: a survey of problem models and optimization algorithms", ACM Computing
//! Surveys 48 (2015), for rules of this kind.

mod bins;
mod draft;
mod forms;
mod keep;
mod survive;

use vmpack_model::packing::{Certificate, Demand, Instance, Pattern, Placement, Strength};
use vmpack_model::{Bound, Budget, Value};

use super::claim::copies;
use super::search::Formulation;
use crate::model::{Column, Model, Sense};
use bins::Bins;
use draft::Draft;
pub(super) use keep::keeps;
use survive::Scenario;
pub(super) use survive::among;

/// The forms of rules that the program knows.
pub(super) const FORMS: &[&str] =
    &["restrict", "at-most", "together", "spread", "separate", "survive", "prices"];

/// One host copy.
#[derive(Debug)]
struct Bin {
    /// Its host type.
    host: usize,
    /// The column that opens it.
    open: usize,
    /// The demand rows that may serve VMs on it, and their columns.
    holds: Vec<(usize, usize)>,
}

/// The program with the places of its columns.
#[derive(Debug)]
pub(super) struct Ruled {
    model: Model,
    bins: Vec<Bin>,
    scenarios: Vec<Scenario>,
    /// The rows that bound the cost from below and from above.
    cost: [usize; 2],
}

impl Ruled {
    /// How many columns the program has at most, for placements that cost no more than a ceiling.
    pub(super) fn columns(instance: &Instance, ceiling: Option<u64>) -> u128 {
        Bins::new(instance, ceiling).columns(instance)
    }

    /// The program for placements that cost no more than a ceiling and place at least so many VMs of each
    /// type.
    pub(super) fn new(instance: &Instance, ceiling: Option<u64>, least: &[u64]) -> Self {
        let copies = Bins::new(instance, ceiling);
        let mut draft = Draft::default();
        let bins = place(instance, &copies, &mut draft);
        for (vm, &least) in least.iter().enumerate() {
            let count = instance.vms()[vm].count;
            let everywhere = || bins.iter().flat_map(|bin| of_type(instance, bin, vm));
            if least > 0 {
                draft.row(Sense::Ge, least as f64, everywhere().map(|x| (x, 1.0)));
            }
            draft.row(Sense::Le, count as f64, everywhere().map(|x| (x, 1.0)));
        }
        let mut scenarios = Vec::new();
        for (index, rule) in instance.rules().rules.iter().enumerate() {
            if let Demand::Survive { hosts, failures } = &rule.demand {
                let rows = &copies.rows;
                survive::add(
                    instance,
                    rows,
                    &bins,
                    &mut draft,
                    (index, hosts, *failures),
                    &mut scenarios,
                );
            } else {
                forms::add(instance, &bins, &mut draft, rule);
            }
        }
        let (model, cost) = draft.finish();
        Self { model, bins, scenarios, cost }
    }
}

/// Adds host copies within their capacity, in order.
fn place(instance: &Instance, copies_of: &Bins, draft: &mut Draft) -> Vec<Bin> {
    let mut bins: Vec<Bin> = Vec::new();
    for (t, &count) in copies_of.copies.iter().enumerate() {
        let ends = copies_of.ends(instance, t);
        for copy in 0..count {
            let open = draft.column(Column::integer(instance.hosts()[t].cost as f64, 0.0, 1.0));
            if copy > 0 {
                let before = bins[bins.len() - 1].open;
                draft.row(Sense::Ge, 0.0, [(before, 1.0), (open, -1.0)]);
            }
            let rows = copies_of.rows[t].iter().zip(&ends).filter(|&(_, &end)| copy < end);
            let holds = rows.map(|(&row, _)| {
                let price = price(instance, instance.type_of_row(row), t) as f64;
                let fit = copies(instance, row, t) as f64;
                (row, draft.column(Column::integer(price, 0.0, fit)))
            });
            let bin = Bin { host: t, open, holds: holds.collect() };
            within_capacity(instance, draft, &bin, &bin.holds);
            bins.push(bin);
        }
    }
    bins
}

/// What running a VM on a host costs beyond the host, soft restrictions included.
fn price(instance: &Instance, vm: usize, t: usize) -> u64 {
    let rules = instance.rules();
    let broken = rules.rules.iter().map(|rule| match (&rule.demand, rule.strength) {
        (Demand::Restrict { vms, hosts }, Strength::Soft { price })
            if vms.binary_search(&vm).is_ok() && hosts.binary_search(&t).is_err() =>
        {
            price
        }
        _ => 0,
    });
    broken.sum::<u64>() + rules.prices.as_ref().map_or(0, |prices| prices[[vm, t]])
}

/// Demands that what a copy holds, by rows and their columns, is within its capacity, and nothing unless it
/// is opened.
fn within_capacity(instance: &Instance, draft: &mut Draft, bin: &Bin, holds: &[(usize, usize)]) {
    for (k, &capacity) in instance.capacity(bin.host).iter().enumerate() {
        let load = holds.iter().map(|&(row, x)| (x, instance.demand(row)[k] as f64));
        let load: Vec<_> = load.filter(|&(_, demand)| demand > 0.0).collect();
        if !load.is_empty() {
            draft.row(Sense::Le, 0.0, load.into_iter().chain([(bin.open, -(capacity as f64))]));
        }
    }
    let weightless = holds.iter().filter(|(row, _)| instance.demand(*row).iter().all(|&x| x == 0));
    let weightless: Vec<_> = weightless.map(|&(_, x)| (x, 1.0)).collect();
    if !weightless.is_empty() {
        let most = instance.total_vms() as f64 * weightless.len() as f64;
        draft.row(Sense::Le, 0.0, weightless.into_iter().chain([(bin.open, -most)]));
    }
}

/// The columns of the VMs of a type on a copy.
fn of_type(instance: &Instance, bin: &Bin, vm: usize) -> impl Iterator<Item = usize> {
    let rows = &instance.vms()[vm].rows;
    let start = bin.holds.partition_point(|&(row, _)| row < rows.start);
    let end = bin.holds.partition_point(|&(row, _)| row < rows.end);
    bin.holds[start..end].iter().map(|&(_, x)| x)
}

/// The value of an integer column.
fn whole(values: &[f64], column: usize) -> u64 {
    values[column].round().max(0.0) as u64
}

impl Formulation for Ruled {
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
        let opened = self.bins.iter().filter(|bin| values[bin.open] > 0.5);
        let pattern = |bin: &Bin| {
            let vms = bin.holds.iter().map(|&(row, x)| (row, whole(values, x)));
            (Pattern { host: bin.host, vms: vms.collect() }.normalised(), 1.0)
        };
        opened.map(pattern).collect()
    }

    fn placement(&self, instance: &Instance, values: &[f64], _: &Budget) -> Option<Placement> {
        let patterns = self.patterns(values).into_iter().map(|(pattern, _)| pattern);
        Some(survive::read(instance, &self.bins, &self.scenarios, values, patterns.collect()))
    }

    fn sizes(&self) -> Vec<(&'static str, u64)> {
        vec![("scenarios", self.scenarios.len() as u64)]
    }
}
