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
//! most of the symmetry. Copies are bounded by first fit, and the cost from below by the best
//! combinatorial bound.

use vmpack_model::packing::{Instance, Packing, Pattern, Placement};
use vmpack_model::{Bound, Budget, Kind, Method, Observer, Outcome, Unsupported, Value};

use super::claim::{Best, claimed, is_free, place_free, step};
use super::first_fit;
use crate::backend::{Backend, Limits, Status};
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
        "The assignment integer program over VM types and host copies, started from first fit."
    }

    fn reference(&self) -> &'static str {
        "Martello and Toth, Knapsack Problems (1990), section 8.1"
    }

    fn supports(&self, instance: &Instance) -> Result<(), Unsupported> {
        let Some(copies) = copies(instance, None, &Budget::default()) else { return Ok(()) };
        let columns = Layout::columns(instance, &copies);
        if columns <= u128::from(self.greatest) {
            return Ok(());
        }
        Err(Unsupported(format!(
            "the program would have {columns} columns, more than the {} that {} is given",
            self.greatest,
            self.backend.name()
        )))
    }

    fn solve(
        &self,
        instance: &Instance,
        budget: &Budget,
        observer: &mut dyn Observer,
    ) -> Outcome<Packing> {
        if let Some(refutation) = vmpack_bounds::refute(instance) {
            return Outcome::infeasible(Some(refutation));
        }
        let mut best = Best::new(instance);
        if let Some(bound) = vmpack_bounds::best(instance) {
            best.bound(bound, observer);
        }
        if let Some(placement) = first_fit::best(instance, budget) {
            best.offer(placement, observer);
        }
        if best.is_closed() || budget.exhausted() {
            return best.into_outcome();
        }
        let Some(copies) = copies(instance, best.placement(), budget) else {
            return best.into_outcome();
        };
        let (layout, model) = Layout::new(instance, &copies, best.lower());
        let counted = |outcome: Outcome<Packing>| {
            outcome
                .with_counter("columns", model.columns().len() as u64)
                .with_counter("rows", model.rows().len() as u64)
        };
        if budget.exhausted() {
            return counted(best.into_outcome());
        }
        let limits = Limits {
            // Two costs differ by a step at least: a smaller gap is no gap.
            absolute_gap: step(instance) as f64 * (1.0 - 1e-6),
            start: best.placement().and_then(|placement| layout.values(instance, placement)),
            ..Limits::from(budget)
        };
        let Ok(solution) = self.backend.solve(&model, &limits) else {
            return counted(best.into_outcome());
        };
        if solution.status == Status::Infeasible && best.cost().is_none() {
            return counted(Outcome::infeasible(None));
        }
        if solution.has_point() {
            best.offer(place_free(instance, layout.placement(&solution.values)), observer);
        }
        let lower = solution.best_bound.and_then(|bound| claimed(instance, bound));
        if let Some(lower) = lower.filter(|&lower| best.cost().is_none_or(|cost| lower <= cost)) {
            best.bound(Bound::claimed(lower), observer);
        }
        counted(best.into_outcome())
            .with_counter("simplex-iterations", solution.iterations)
            .with_counter("nodes", solution.nodes)
    }
}

/// How many copies of each host type some optimal packing needs at most: what is in stock, what first
/// fit needs for all VMs that fit the type, what a known packing's cost pays for, and one per VM. At
/// least what the known packing uses. `None` if the budget ends.
fn copies(instance: &Instance, known: Option<&Placement>, budget: &Budget) -> Option<Vec<u64>> {
    (0..instance.hosts().len())
        .map(|t| {
            let host = &instance.hosts()[t];
            let affordable = known
                .and_then(|placement| placement.cost(instance).checked_div(host.cost))
                .unwrap_or(u64::MAX);
            let used = known.map_or(0, |placement| {
                let of_type = placement.patterns.iter().filter(|(pattern, _)| pattern.host == t);
                of_type.map(|&(_, hosts)| hosts).sum()
            });
            let enough = first_fit::hosts_of_type(instance, t, budget)?
                .min(affordable)
                .min(instance.total_vms());
            Some(enough.max(used).min(host.stock.unwrap_or(u64::MAX)))
        })
        .collect()
}

/// Where the columns of each host copy are.
struct Layout {
    /// Demand rows that fit each host type, without those of free VM types.
    rows: Vec<Vec<usize>>,
    /// For every copy, in order of host types: the type and its column `y`, which those of `rows` follow.
    copies: Vec<(usize, usize)>,
}

impl Layout {
    fn rows(instance: &Instance, t: usize) -> Vec<usize> {
        let wanted = |&row: &usize| {
            let vm = instance.type_of_row(row);
            instance.vms()[vm].count > 0 && !is_free(instance, vm) && instance.fits(row, t)
        };
        (0..instance.rows()).filter(wanted).collect()
    }

    fn columns(instance: &Instance, copies: &[u64]) -> u128 {
        let of_type = |(t, &copies): (usize, &u64)| {
            u128::from(copies) * (Self::rows(instance, t).len() as u128 + 1)
        };
        copies.iter().enumerate().map(of_type).sum()
    }

    fn new(instance: &Instance, copies: &[u64], lower: Value) -> (Self, Model) {
        let d = instance.dimensions();
        let mut model = Model::default();
        let demand: Vec<Option<usize>> = (0..instance.vms().len())
            .map(|vm| {
                let wanted = instance.vms()[vm].count > 0 && !is_free(instance, vm);
                wanted.then(|| model.add_row(Sense::Eq, instance.vms()[vm].count as f64))
            })
            .collect();
        let cost = model.add_row(Sense::Ge, lower.to_f64());
        let rows: Vec<Vec<usize>> =
            (0..instance.hosts().len()).map(|t| Self::rows(instance, t)).collect();
        let mut layout = Self { rows, copies: Vec::new() };
        for (t, &copies) in copies.iter().enumerate() {
            let capacity = instance.capacity(t);
            let mut order_before = None;
            for copy in 0..copies {
                let first = model.rows().len();
                for _ in 0..d {
                    model.add_row(Sense::Le, 0.0);
                }
                let order = (copy + 1 < copies).then(|| model.add_row(Sense::Ge, 0.0));
                let unit = instance.hosts()[t].cost as f64;
                let offers = capacity.iter().enumerate().map(|(k, &c)| (first + k, -(c as f64)));
                let orders = order.map(|row| (row, 1.0)).into_iter();
                let orders = orders.chain(order_before.map(|row| (row, -1.0)));
                let entries = offers.chain(orders).chain([(cost, unit)]);
                let y = model.add_column(Column::integer(unit, 0.0, 1.0), entries);
                layout.copies.push((t, y));
                order_before = order;
                for &row in &layout.rows[t] {
                    let vm = instance.type_of_row(row);
                    let sizes = instance.demand(row);
                    let fit = first_fit::copies(sizes, capacity).min(instance.vms()[vm].count);
                    let loads = sizes.iter().enumerate().map(|(k, &w)| (first + k, w as f64));
                    let entries = loads.chain(demand[vm].map(|row| (row, 1.0)));
                    model.add_column(Column::integer(0.0, 0.0, fit as f64), entries);
                }
            }
        }
        (layout, model)
    }

    /// The values of a placement; `None` if it opens more copies than there are.
    fn values(&self, instance: &Instance, placement: &Placement) -> Option<Vec<f64>> {
        let columns = self.copies.last().map_or(0, |&(t, y)| y + 1 + self.rows[t].len());
        let mut values = vec![0.0; columns];
        // The copies of a type follow each other.
        let mut next: Vec<usize> = (0..instance.hosts().len())
            .map(|t| self.copies.partition_point(|copy| copy.0 < t))
            .collect();
        for (pattern, hosts) in &placement.patterns {
            for _ in 0..*hosts {
                let t = pattern.host;
                let &(_, y) = self.copies.get(next[t]).filter(|copy| copy.0 == t)?;
                next[t] += 1;
                values[y] = 1.0;
                for &(row, count) in &pattern.vms {
                    // Rows of free VM types have no column.
                    if let Ok(at) = self.rows[t].binary_search(&row) {
                        values[y + 1 + at] = count as f64;
                    }
                }
            }
        }
        Some(values)
    }

    /// The placement that the values mean, to be verified.
    fn placement(&self, values: &[f64]) -> Placement {
        let patterns = self.copies.iter().map(|&(host, y)| {
            let count = |at: usize| values[y + 1 + at].round().max(0.0) as u64;
            let rows = self.rows[host].iter().enumerate();
            let vms = rows.map(|(at, &row)| (row, count(at))).collect();
            (Pattern { host, vms }, 1)
        });
        Placement::from_patterns(patterns)
    }
}
