//! The search that all formulations share: the same start and bound, then the relaxation, then the
//! integer program for something cheaper.

use vmpack_model::packing::{Certificate, Instance, Packing, Pattern, Placement};
use vmpack_model::{Bound, Budget, Observer, Outcome, Value};

use super::claim::{Best, claimed, step};
use super::rounding::rounded;
use crate::backend::{Backend, Limits, Progress, Status};
use crate::model::Model;

/// A packing problem as an integer program.
pub(super) trait Formulation {
    /// Whether the linear relaxation is strong enough to be worth solving by itself.
    const RELAXES: bool;

    /// The program.
    fn model(&self) -> &Model;

    /// The bound that dual values of the relaxation prove.
    fn certify(&mut self, duals: &[f64]) -> Option<Bound<Certificate>>;

    /// Confines the program to placements that cost at least `lower` and, if there is a `ceiling`, no
    /// more than that.
    fn confine(&mut self, lower: Value, ceiling: Option<u64>);

    /// The patterns of a point and how often they are used; whole times if the point is.
    fn patterns(&self, values: &[f64]) -> Vec<(Pattern, f64)>;

    /// The placement near a point; that of the point if it is whole.
    fn placement(&self, instance: &Instance, values: &[f64], budget: &Budget) -> Option<Placement> {
        vmpack_greedy::complete(instance, &rounded(instance, self.patterns(values)), budget)
    }

    /// The sizes that tell formulations apart.
    fn sizes(&self) -> Vec<(&'static str, u64)>;
}

/// Why there is no program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// More of something than is taken.
    TooLarge,
    /// The budget ended.
    Budget,
}

/// Solves the instance by the formulation that `build` makes once there is a first answer.
///
/// The program asks for a placement that is *cheaper* than the best: with the start as a bound, nothing
/// of it has to be told apart from what the relaxation rules out. Where there is none, the best is
/// optimal by the word of the backend. An instance that `build` refuses keeps the first answer, with the
/// counter `too-large`.
pub(super) fn solve<F: Formulation>(
    instance: &Instance,
    backend: &dyn Backend,
    budget: &Budget,
    observer: &mut dyn Observer,
    build: impl FnOnce(&Best) -> Result<F, Refused>,
) -> Outcome<Packing> {
    if let Some(refutation) = vmpack_bounds::refute(instance) {
        return Outcome::infeasible(Some(refutation));
    }
    let mut best = Best::new(instance);
    if let Some(bound) = vmpack_bounds::best(instance) {
        best.bound(bound, observer);
    }
    if let Some(placement) = vmpack_greedy::start(instance, budget) {
        best.offer(placement, observer);
    }
    if best.is_closed() || budget.exhausted() {
        return best.into_outcome();
    }
    match build(&best) {
        Ok(formulation) => search(instance, backend, budget, observer, best, formulation),
        Err(Refused::Budget) => best.into_outcome(),
        Err(Refused::TooLarge) => best.into_outcome().with_counter("too-large", 1),
    }
}

fn search<F: Formulation>(
    instance: &Instance,
    backend: &dyn Backend,
    budget: &Budget,
    observer: &mut dyn Observer,
    mut best: Best,
    mut formulation: F,
) -> Outcome<Packing> {
    let mut sizes = formulation.sizes();
    sizes.push(("columns", formulation.model().columns().len() as u64));
    sizes.push(("rows", formulation.model().rows().len() as u64));
    let counted = |outcome: Outcome<Packing>, iterations: u64, nodes: u64| {
        let work = [("simplex-iterations", iterations), ("nodes", nodes)];
        let counters = sizes.iter().copied().chain(work);
        counters.fold(outcome, |outcome, (name, count)| outcome.with_counter(name, count))
    };
    let limits = Limits::from(budget);
    let mut iterations = 0;
    if F::RELAXES {
        let Ok(relaxed) = backend.solve(&formulation.model().relaxed(), &limits) else {
            return counted(best.into_outcome(), 0, 0);
        };
        iterations = relaxed.iterations;
        if relaxed.status.is_infeasible() && best.cost().is_none() {
            return counted(Outcome::infeasible(None), iterations, 0);
        }
        if relaxed.has_point()
            && let Some(placement) = formulation.placement(instance, &relaxed.values, budget)
        {
            best.offer(placement, observer);
        }
        if let Some(bound) = relaxed.duals.and_then(|duals| formulation.certify(&duals)) {
            best.bound(bound, observer);
        }
    }
    if best.is_closed() || budget.exhausted() {
        return counted(best.into_outcome(), iterations, 0);
    }
    let step = step(instance);
    let ceiling = best.placement().map(|placement| placement.cost(instance).saturating_sub(step));
    formulation.confine(best.lower(), ceiling);
    // Two costs differ by a step at least: a smaller gap is no gap.
    let limits = Limits { absolute_gap: step as f64 * (1.0 - 1e-6), ..limits };
    let mut note = |best: &mut Best, news: Progress| match news {
        Progress::Incumbent(values) => {
            let values: Vec<f64> = values.iter().map(|x| x.round()).collect();
            // Short, and worth it when time is over as well.
            let placement = formulation.placement(instance, &values, &Budget::default());
            if let Some(placement) = placement {
                best.offer(placement, observer);
            }
        }
        Progress::Bound(bound) => {
            // What is cheaper than the best costs at least that.
            let lower = claimed(instance, bound);
            let lower = lower.map(|lower| best.cost().map_or(lower, |cost| lower.min(cost)));
            if let Some(lower) = lower {
                best.bound(Bound::claimed(lower), observer);
            }
        }
    };
    let solution =
        backend.solve_observed(formulation.model(), &limits, &mut |news| note(&mut best, news));
    let Ok(solution) = solution else {
        return counted(best.into_outcome(), iterations, 0);
    };
    iterations += solution.iterations;
    if solution.has_point() {
        note(&mut best, Progress::Incumbent(solution.values));
    }
    if let Some(bound) = solution.best_bound {
        note(&mut best, Progress::Bound(bound));
    }
    let proved = match (solution.status, ceiling) {
        // The gap is closed.
        (Status::Optimal, _) => best.cost().filter(|cost| {
            let objective = solution.objective.unwrap_or(f64::NEG_INFINITY);
            cost.to_f64() < objective + 0.5 * step as f64
        }),
        (status, Some(ceiling)) if status.is_infeasible() => Some(Value::from(ceiling + step)),
        (status, None) if status.is_infeasible() => {
            return counted(Outcome::infeasible(None), iterations, solution.nodes);
        }
        _ => None,
    };
    if let Some(value) = proved {
        best.bound(Bound::claimed(value), observer);
    }
    counted(best.into_outcome(), iterations, solution.nodes)
}
