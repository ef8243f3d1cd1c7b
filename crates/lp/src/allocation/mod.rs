//! Allocation by linear programming, on any backend.
//!
//! The optimum comes with its prices: the dual value of a service is what one more unit of its demand
//! costs, that of a capacity what one more unit on the host would save. Backends without dual values get
//! them from the dual program ([`crate::dual`]). The prices, rounded to integers, are the certificate.

mod formulation;
mod prices;
mod refute;
mod rounding;

use vmpack_model::allocation::{Allocation, Amounts, Instance, Multipliers, Objective, Utility};
use vmpack_model::{Bound, Budget, Kind, Method, Observer, Outcome, Solved, Unsupported, Value};

use crate::backend::{Backend, Limits, Microlp, Minilp, Solution, Status, solve_with_duals};
use formulation::{Formulation, open_steps, range};

/// The allocation methods of this build.
#[cfg(feature = "highs")]
pub const ALLOCATION: &[&dyn Method<Allocation>] = &[
    &AllocationLp { name: "alloc-lp-highs", backend: &crate::backend::Highs },
    &AllocationLp { name: "alloc-lp-microlp", backend: &Microlp },
    &AllocationLp { name: "alloc-lp-minilp", backend: &Minilp },
];
/// The allocation methods of this build.
#[cfg(not(feature = "highs"))]
pub const ALLOCATION: &[&dyn Method<Allocation>] = &[
    &AllocationLp { name: "alloc-lp-microlp", backend: &Microlp },
    &AllocationLp { name: "alloc-lp-minilp", backend: &Minilp },
];

/// The greatest relative distance (absolute below 1) of cost and bound at which a continuous optimum
/// counts as proved.
const MARGIN: f64 = 1e-6;

/// The linear program of the instance on one backend; the mixed-integer program where utilities are
/// stepped.
///
/// # References
/// Dantzig, Linear Programming and Extensions (1963), for the programs and piecewise linear objectives;
/// Farkas (1902) for the evidence of infeasibility; Geoffrion, Lagrangean relaxation for integer
/// programming (1974), for the bound with stepped utilities.
struct AllocationLp {
    name: &'static str,
    backend: &'static dyn Backend,
}

impl Method<Allocation> for AllocationLp {
    fn name(&self) -> &'static str {
        self.name
    }

    fn kind(&self) -> Kind {
        Kind::LinearProgramming
    }

    fn summary(&self) -> &'static str {
        "The linear program of amounts with its dual prices; mixed-integer where utilities are stepped."
    }

    fn reference(&self) -> &'static str {
        "Dantzig, Linear Programming and Extensions (1963), chapters 3, 6 and 24"
    }

    fn supports(&self, instance: &Instance) -> Result<(), Unsupported> {
        let d = instance.resources().len();
        let stepped = match instance.objective() {
            Objective::Cost(_) => false,
            Objective::Utility(utilities) => utilities.iter().enumerate().any(|(at, utility)| {
                let Utility::Steps(points) = utility else { return false };
                open_steps(points, range(instance, at / d, at % d)).next().is_some()
            }),
        };
        if stepped && !self.backend.capabilities().integers {
            let name = self.backend.name();
            return Err(Unsupported(format!(
                "stepped utilities need integer variables, which {name} does not have"
            )));
        }
        Ok(())
    }

    fn solve(
        &self,
        instance: &Instance,
        budget: &Budget,
        observer: &mut dyn Observer,
    ) -> Outcome<Allocation> {
        let limits = Limits::from(budget);
        let formulation = Formulation::new(instance);
        let model = &formulation.model;
        let relaxed = solve_with_duals(self.backend, model, &limits);
        let (status, iterations) = match &relaxed {
            Ok(solution) => (Some(solution.status), solution.iterations),
            Err(_) => (None, 0),
        };
        let outcome = match relaxed {
            Ok(relaxed) if relaxed.has_point() => {
                self.finish(instance, &formulation, &limits, &relaxed, observer)
            }
            Ok(Solution { status: Status::LimitReached, .. }) => Outcome::unknown(),
            // Also when the backend gave up: the programs of the diagnosis are easier.
            _ => refute::diagnose(self.backend, instance, &limits, status),
        };
        outcome
            .with_counter("columns", model.columns().len() as u64)
            .with_counter("rows", model.rows().len() as u64)
            .with_counter("simplex-iterations", iterations)
    }
}

impl AllocationLp {
    /// The outcome when the relaxation has a solution.
    fn finish(
        &self,
        instance: &Instance,
        formulation: &Formulation,
        limits: &Limits,
        relaxed: &Solution,
        observer: &mut dyn Observer,
    ) -> Outcome<Allocation> {
        let services = instance.services().len();
        let mut bound = relaxed.duals.as_ref().and_then(|duals| {
            let (services, capacities) = formulation.constraints.prices(duals, services);
            prices::certified_bound(instance, &services, &capacities)
        });
        if let Some(bound) = &bound {
            observer.bound(bound.value);
        }
        let mut nodes = 0;
        let best = if formulation.model.has_integers() {
            let (best, claimed, visited) = self.branch(instance, formulation, limits, relaxed);
            nodes = visited;
            // The search tree proves more than the prices, but cannot be checked.
            if let Some(claimed) = claimed
                && bound.as_ref().is_none_or(|bound| bound.value < claimed)
            {
                observer.bound(claimed);
                bound = Some(Bound::claimed(claimed));
            }
            best
        } else {
            rounding::amounts(instance, &formulation.amounts(&relaxed.values))
        };
        let outcome = claim(best, bound, observer);
        if nodes > 0 { outcome.with_counter("nodes", nodes) } else { outcome }
    }

    /// The best amounts of the mixed-integer program, the bound that the backend claims, and the nodes
    /// it visited.
    fn branch(
        &self,
        instance: &Instance,
        formulation: &Formulation,
        limits: &Limits,
        relaxed: &Solution,
    ) -> (Option<(Amounts, Value)>, Option<Value>, u64) {
        let start = formulation.round(&relaxed.values);
        let fallback = rounding::amounts(instance, &formulation.amounts(&start));
        let gap = MARGIN / 4.0 * relaxed.objective.unwrap_or(0.0).abs().max(1.0);
        let limits = Limits { start: Some(start), absolute_gap: gap, ..limits.clone() };
        let Ok(solution) = self.backend.solve(&formulation.model, &limits) else {
            return (fallback, None, 0);
        };
        let claimed = solution.best_bound.and_then(|bound| {
            // Less than the backend's own tolerance, and rounded down to a fixed-point number.
            let safe = bound - MARGIN / 4.0 * bound.abs().max(1.0);
            let scaled = (safe * 2_f64.powi(40)).floor();
            (scaled.abs() < 2_f64.powi(100)).then(|| Value::new(scaled as i128, 1 << 40)).flatten()
        });
        // The steps are chosen; the amounts of a vertex are simpler than those of the search.
        let polished = (!solution.values.is_empty())
            .then(|| formulation.with_steps_of(&solution.values))
            .and_then(|model| self.backend.solve(&model, &limits).ok())
            .and_then(|vertex| {
                (!vertex.values.is_empty()).then(|| formulation.amounts(&vertex.values))
            });
        let found = (!solution.values.is_empty()).then(|| formulation.amounts(&solution.values));
        let best = [polished, found]
            .into_iter()
            .flatten()
            .filter_map(|values| rounding::amounts(instance, &values))
            .chain(fallback)
            .min_by_key(|(_, cost)| *cost);
        (best, claimed, solution.nodes)
    }
}

/// The claim: optimal if the bound proves it within the margin.
fn claim(
    best: Option<(Amounts, Value)>,
    bound: Option<Bound<Multipliers>>,
    observer: &mut dyn Observer,
) -> Outcome<Allocation> {
    let mut outcome = Outcome::unknown();
    if let Some((amounts, cost)) = best {
        observer.incumbent(cost);
        let proved = bound.as_ref().is_some_and(|bound| {
            // Half the margin leaves room for the rounding of this comparison.
            let gap = cost.to_f64() - bound.value.to_f64();
            gap <= MARGIN / 2.0 * cost.to_f64().abs().max(1.0)
        });
        outcome.status =
            if proved { vmpack_model::Status::Optimal } else { vmpack_model::Status::Feasible };
        outcome.solved = Some(Solved { solution: amounts, cost });
    }
    outcome.bound = bound;
    outcome
}
