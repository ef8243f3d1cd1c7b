//! Arc flow: packing as a minimum-cost flow through graphs whose paths are the patterns of the host types.
//!
//! One graph per host type, so that each is compressed for its own capacity; a demand row sums the arcs
//! of a VM type, by any of its alternative rows, over all graphs. The linear relaxation is as strong as
//! that of Gilmore and Gomory but for rows that a merged path repeats, and its dual values prove a bound
//! that the checker derives again. The integer program then starts from the better of first fit and the
//! rounded relaxation.

mod flow;
mod graph;
mod weights;

use vmpack_model::packing::{Instance, Packing};
use vmpack_model::{Bound, Budget, Kind, Method, Observer, Outcome, Unsupported};

use super::claim::{Best, claimed, is_free, place_free, step};
use super::first_fit;
use crate::backend::{Backend, Highs, Limits, Status};
use flow::Flow;
use graph::{Caps, Graph, Item, TooLarge};

/// Arc flow on HiGHS.
///
/// # References
/// Valerio de Carvalho, Exact solution of bin-packing problems using column generation and
/// branch-and-bound (1999); Brandao and Pedroso, Bin packing and related problems: general arc-flow
/// formulation with graph compression (2016); for several host types and alternatives, the same authors,
/// Multiple-choice vector bin packing: arc-flow formulation with graph compression (2013).
pub(super) struct ArcFlow;

/// Beyond these the program is too large for any time limit that one would give it.
const CAPS: Caps = Caps { states: 3_000_000, arcs: 150_000 };

impl Method<Packing> for ArcFlow {
    fn name(&self) -> &'static str {
        "arc-flow"
    }

    fn kind(&self) -> Kind {
        Kind::LinearProgramming
    }

    fn summary(&self) -> &'static str {
        "Integer flow through compressed graphs of host patterns; the relaxation certifies a bound."
    }

    fn reference(&self) -> &'static str {
        "Valerio de Carvalho (1999); Brandao and Pedroso, Bin packing and related problems (2016)"
    }

    fn supports(&self, instance: &Instance) -> Result<(), Unsupported> {
        let reason = |reason: String| Err(Unsupported(reason));
        match graphs(instance, &Budget::default()) {
            Ok(_) | Err(TooLarge::Budget) => Ok(()),
            Err(TooLarge::Capacities) => {
                reason("the product of the capacities of a host exceeds 2^127".to_owned())
            }
            Err(TooLarge::States(_)) => {
                reason(format!("the graphs of host patterns have more than {} states", CAPS.states))
            }
            Err(TooLarge::Arcs(arcs)) => reason(format!(
                "the graphs of host patterns have {arcs} arcs or more, the most taken are {}",
                CAPS.arcs
            )),
        }
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
        if best.is_closed() {
            return best.into_outcome();
        }
        let Ok(graphs) = graphs(instance, budget) else { return best.into_outcome() };
        let mut flow = Flow::new(instance, &graphs);
        let arcs = graphs.iter().flatten().map(|graph| graph.arcs.len() as u64).sum();
        let counted = |outcome: Outcome<Packing>, iterations: u64, nodes: u64| {
            outcome
                .with_counter("arcs", arcs)
                .with_counter("graph-nodes", graphs.iter().flatten().map(|g| g.nodes as u64).sum())
                .with_counter("simplex-iterations", iterations)
                .with_counter("nodes", nodes)
        };
        let limits = Limits::from(budget);
        let Ok(relaxed) = Highs.solve(&flow.model.relaxed(), &limits) else {
            return counted(best.into_outcome(), 0, 0);
        };
        if relaxed.status == Status::Infeasible && best.cost().is_none() {
            return counted(Outcome::infeasible(None), relaxed.iterations, 0);
        }
        if relaxed.has_point()
            && let Some(placement) =
                first_fit::complete(instance, flow.rounded(&relaxed.values), budget)
        {
            best.offer(placement, observer);
        }
        if let Some(duals) = &relaxed.duals {
            let of_type = |row: &Option<usize>| row.map_or(0.0, |row| duals[row]);
            let prices: Vec<f64> = flow.demand.iter().map(of_type).collect();
            if let Some(bound) = weights::certified_bound(instance, &graphs, &prices) {
                best.bound(bound, observer);
            }
        }
        if best.is_closed() || budget.exhausted() {
            return counted(best.into_outcome(), relaxed.iterations, 0);
        }
        flow.tighten(best.placement().map(|placement| placement.cost(instance)));
        let limits = Limits {
            // Two costs differ by a step at least: a smaller gap is no gap.
            absolute_gap: step(instance) as f64 * (1.0 - 1e-6),
            start: best.placement().and_then(|placement| flow.values(placement)),
            ..limits
        };
        let Ok(solution) = Highs.solve(&flow.model, &limits) else {
            return counted(best.into_outcome(), relaxed.iterations, 0);
        };
        let iterations = relaxed.iterations + solution.iterations;
        if solution.status == Status::Infeasible && best.cost().is_none() {
            return counted(Outcome::infeasible(None), iterations, solution.nodes);
        }
        if solution.has_point() {
            best.offer(place_free(instance, flow.placement(&solution.values)), observer);
        }
        let lower = solution.best_bound.and_then(|bound| claimed(instance, bound));
        if let Some(lower) = lower.filter(|&lower| best.cost().is_none_or(|cost| lower <= cost)) {
            best.bound(Bound::claimed(lower), observer);
        }
        counted(best.into_outcome(), iterations, solution.nodes)
    }
}

/// The graph of every host type that is in stock and can hold anything.
fn graphs(instance: &Instance, budget: &Budget) -> Result<Vec<Option<Graph>>, TooLarge> {
    let mut caps = CAPS;
    (0..instance.hosts().len())
        .map(|t| {
            let capacity = instance.capacity(t);
            let wanted = |&row: &usize| {
                let vm = instance.type_of_row(row);
                instance.vms()[vm].count > 0 && !is_free(instance, vm) && instance.fits(row, t)
            };
            let items: Vec<Item> = (0..instance.rows())
                .filter(wanted)
                .map(|row| {
                    let size = instance.demand(row);
                    let count = instance.vms()[instance.type_of_row(row)].count;
                    let copies = first_fit::copies(size, capacity).min(count);
                    Item { row, size: size.to_vec(), copies }
                })
                .collect();
            if items.is_empty() || instance.hosts()[t].stock == Some(0) {
                return Ok(None);
            }
            let graph = Graph::new(capacity, items, caps, budget)?;
            caps.states -= graph.states();
            caps.arcs -= graph.arcs.len();
            Ok(Some(graph))
        })
        .collect()
}
