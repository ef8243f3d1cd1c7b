//! Why there is no optimal allocation: proofs of infeasibility and of unboundedness.

use vmpack_model::Outcome;
use vmpack_model::allocation::{Allocation, Instance, Multipliers, Objective, Refutation};

use super::formulation::{Constraints, range};
use super::{prices, rounding};
use crate::backend::{Backend, Limits, Status, solve_with_duals};
use crate::fractions;
use crate::model::{Column, Model};

/// What can be said when a backend found no optimum: infeasible with multipliers (Farkas 1902),
/// unbounded with a point and a ray, or what the backend `said` without evidence.
///
/// Both proofs come from bounded linear programs that every backend can solve, so none of them needs the
/// rays that only some backends offer.
pub(super) fn diagnose(
    backend: &dyn Backend,
    instance: &Instance,
    limits: &Limits,
    said: Option<Status>,
) -> Outcome<Allocation> {
    let (services, d) = (instance.services().len(), instance.resources().len());
    let empty = |at: usize| {
        let (low, high) = range(instance, at / d, at % d);
        high.is_some_and(|high| high < low)
    };
    if (0..instance.vms().len() * d).any(empty) {
        // Nothing lies in an empty range, whatever the prices are.
        let multipliers = Multipliers::zero(services, instance.hosts().len(), d);
        return Outcome::infeasible(Some(Refutation::Infeasible { multipliers }));
    }
    let (elastic, constraints) = elastic(instance);
    let Ok(relaxed) = solve_with_duals(backend, &elastic, limits) else {
        return without_evidence(said);
    };
    if let Some(duals) = &relaxed.duals {
        let (services, capacities) = constraints.prices(duals, services);
        if let Some(multipliers) = prices::contradiction(instance, &services, &capacities) {
            return Outcome::infeasible(Some(Refutation::Infeasible { multipliers }));
        }
    }
    if relaxed.status == Status::Optimal
        && let Some(ray) = ray(backend, instance, limits)
    {
        let values = &relaxed.values[..instance.vms().len() * d];
        if let Some((point, _)) = rounding::amounts(instance, values) {
            return Outcome::unbounded(Some(Refutation::Unbounded { point, ray }));
        }
    }
    without_evidence(said)
}

fn without_evidence(said: Option<Status>) -> Outcome<Allocation> {
    match said {
        Some(Status::Infeasible) => Outcome::infeasible(None),
        Some(Status::Unbounded) => Outcome::unbounded(None),
        _ => Outcome::unknown(),
    }
}

/// The elastic program of phase one: every service demand and every capacity may be missed at a price of
/// 1 per unit. It is feasible and bounded, its optimum is zero exactly if the instance has an allocation,
/// and else its dual values contradict the constraints. The first columns are the amounts.
fn elastic(instance: &Instance) -> (Model, Constraints) {
    let mut model = Model::default();
    let constraints = Constraints::add(&mut model, instance);
    let d = instance.resources().len();
    for at in 0..instance.vms().len() * d {
        let (low, high) = range(instance, at / d, at % d);
        let high = high.map_or(f64::INFINITY, |high| high as f64);
        let entries = constraints.entries(at).iter().copied();
        model.add_column(Column::continuous(0.0, low as f64, high), entries);
    }
    let miss = Column::continuous(1.0, 0.0, f64::INFINITY);
    for service in 0..instance.services().len() {
        model.add_column(miss, [(service, 1.0)]);
    }
    for row in constraints.capacity_rows() {
        model.add_column(miss, [(row, -1.0)]);
    }
    (model, constraints)
}

/// A direction of integers along which the cost falls and every constraint stays kept, verified exactly.
fn ray(backend: &dyn Backend, instance: &Instance, limits: &Limits) -> Option<Vec<Vec<i64>>> {
    let Objective::Cost(costs) = instance.objective() else { return None };
    // Least cost over the directions of length at most 1 in every entry. Only amounts without an upper
    // end can grow for ever, and they are on no host.
    let d = instance.resources().len();
    let mut model = Model::default();
    let entries = Constraints::add(&mut model, instance);
    let mut cone = Model::default();
    for row in model.rows() {
        cone.add_row(row.sense, 0.0);
    }
    for ((i, r), &cost) in costs.indexed_iter() {
        let upper = if range(instance, i, r).1.is_none() { 1.0 } else { 0.0 };
        let coefficients = entries.entries(i * d + r).iter().copied();
        cone.add_column(Column::continuous(cost as f64, 0.0, upper), coefficients);
    }
    let solution = backend.solve(&cone, limits).ok()?;
    let fixed = [20, 30].map(|bits| {
        let scale = 2_f64.powi(bits);
        solution.values.iter().map(|&step| (step * scale).round() as i64).collect()
    });
    let exact = fractions::common(&solution.values).map(|(numerators, _)| numerators);
    exact
        .into_iter()
        .chain(fixed)
        .map(|flat: Vec<i64>| flat.chunks(d).map(<[i64]>::to_vec).collect::<Vec<_>>())
        .find(|ray| falls_for_ever(instance, ray))
}

fn falls_for_ever(instance: &Instance, ray: &[Vec<i64>]) -> bool {
    let Objective::Cost(costs) = instance.objective() else { return false };
    let mut change = 0_i128;
    for ((i, r), &cost) in costs.indexed_iter() {
        let Some(&step) = ray.get(i).and_then(|row| row.get(r)) else { return false };
        if step < 0 || step > 0 && range(instance, i, r).1.is_some() {
            return false;
        }
        change = change.saturating_add(i128::from(step).saturating_mul(cost.into()));
    }
    let kept = instance.services().iter().all(|service| {
        let terms = service.terms.iter();
        let grows = terms.map(|t| i128::from(ray[t.vm][t.resource]) * i128::from(t.coefficient));
        grows.sum::<i128>() >= 0
    });
    kept && change < 0
}
