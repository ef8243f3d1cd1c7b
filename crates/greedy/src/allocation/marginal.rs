//! Allocation by marginal cost-effectiveness.

use ndarray::Array2;
use vmpack_model::allocation::{Allocation, Amounts, Instance, Objective, Refutation};
use vmpack_model::{Budget, Kind, Method, Observer, Outcome, Unsupported};

use super::cover::{Price, cover, trim};
use super::dual_ascent::bound;
use super::improve::{improve, unlimited_gain};
use super::refute::refute;
use super::state::State;

/// Starts from the reservations, in whole units, and
///
/// 1. covers the service demands, always by the amount that covers the greatest share of what is unmet
///    per unit of cost ([`cover`]); if that ends before all are met, once more per share of the host
///    capacity that is left;
/// 2. takes back what turned out not to be needed, the dearest first ([`trim`]);
/// 3. raises amounts that lower the cost by being raised, the steepest first ([`improve`]): all of the
///    utility form, where it is exact for concave utilities under host capacities.
///
/// No constraint is ever broken on the way but the demands in step 1, so the answer is feasible or none.
/// Dual ascent gives the bound.
#[derive(Debug)]
pub(crate) struct AllocGreedy;

impl Method<Allocation> for AllocGreedy {
    fn name(&self) -> &'static str {
        "alloc-greedy"
    }

    fn kind(&self) -> Kind {
        Kind::Greedy
    }

    fn summary(&self) -> &'static str {
        "covers demands and raises utilities by the best marginal effect per cost"
    }

    fn reference(&self) -> &'static str {
        "Dobson: Worst-Case Analysis of Greedy Heuristics for Integer Programming with Nonnegative Data \
         (1982); Fox: Discrete Optimization Via Marginal Analysis (1966)"
    }

    fn supports(&self, _: &Instance) -> Result<(), Unsupported> {
        Ok(())
    }

    fn solve(
        &self,
        instance: &Instance,
        budget: &Budget,
        observer: &mut dyn Observer,
    ) -> Outcome<Allocation> {
        if let Some(multipliers) = refute(instance) {
            return Outcome::infeasible(Some(Refutation::Infeasible { multipliers }));
        }
        let outcome = match construct(instance, budget) {
            None => Outcome::unknown(),
            Some(state) => {
                let amounts = amounts(instance, &state);
                if let Some(v) = unlimited_gain(instance, &state) {
                    let mut ray = vec![vec![0; state.resources()]; instance.vms().len()];
                    ray[v / state.resources()][v % state.resources()] = 1;
                    return Outcome::unbounded(Some(Refutation::Unbounded { point: amounts, ray }));
                }
                let cost = amounts.cost(instance);
                observer.incumbent(cost);
                Outcome::feasible(amounts, cost)
            }
        };
        match bound(instance) {
            Some(bound) => {
                observer.bound(bound.value);
                outcome.with_bound(bound)
            }
            None => outcome,
        }
    }
}

/// A feasible allocation, if the rule finds one.
fn construct<'a>(instance: &'a Instance, budget: &Budget) -> Option<State<'a>> {
    let start = State::at_reservations(instance);
    let prices = match instance.objective() {
        Objective::Cost(_) => [Price::Cost, Price::Scarcity].as_slice(),
        Objective::Utility(_) => [Price::Scarcity].as_slice(),
    };
    let mut state = prices.iter().find_map(|&price| {
        let mut state = start.clone();
        cover(&mut state, price, budget).then_some(state)
    })?;
    trim(&mut state);
    improve(&mut state);
    Some(state)
}

fn amounts(instance: &Instance, state: &State) -> Amounts {
    let shape = (instance.vms().len(), state.resources());
    let amounts = Array2::from_shape_vec(shape, state.amounts().to_vec());
    Amounts::integers(amounts.expect("one amount per VM and resource"))
}
