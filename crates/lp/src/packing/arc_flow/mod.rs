//! Arc flow: packing as a minimum-cost flow through graphs whose paths are the patterns of the host types.
//!
//! One graph per host type, so that each is compressed for its own capacity; a demand row sums the arcs
//! of a VM type, by any of its alternative rows, over all graphs. The linear relaxation is as strong as
//! that of Gilmore and Gomory but for rows that a merged path repeats, and its dual values prove a bound
//! that the checker derives again, and which arcs no cheaper placement uses.

mod flow;
mod graph;
mod space;

use vmpack_model::packing::{Instance, Packing};
use vmpack_model::{Budget, Kind, Method, Observer, Outcome, Unsupported};

use super::claim::{copies, is_placed};
use super::search::{self, Formulation, Refused};
use crate::backend::Highs;
use flow::Flow;
use graph::{Caps, Graph, Item};
use space::Space;

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

    /// Whether uses of the capacities have codes. How large the graphs become is only known once they
    /// are built: `solve` gives up on graphs that are too large.
    fn supports(&self, instance: &Instance) -> Result<(), Unsupported> {
        let coded = |t| Space::new(instance.capacity(t), &items(instance, t)).is_some();
        if (0..instance.hosts().len()).all(coded) {
            return Ok(());
        }
        Err(Unsupported("the product of the capacities of a host exceeds 2^127".to_owned()))
    }

    fn solve(
        &self,
        instance: &Instance,
        budget: &Budget,
        observer: &mut dyn Observer,
    ) -> Outcome<Packing> {
        search::solve(instance, &Highs, budget, observer, |_| flow(instance, budget))
    }
}

/// The formulation of an instance.
pub(super) fn flow<'a>(
    instance: &'a Instance,
    budget: &Budget,
) -> Result<impl Formulation + use<'a>, Refused> {
    Ok(Flow::new(instance, graphs(instance, budget)?))
}

/// The graph of every host type that is in stock and can hold anything.
fn graphs(instance: &Instance, budget: &Budget) -> Result<Vec<Option<Graph>>, Refused> {
    let mut caps = CAPS;
    (0..instance.hosts().len())
        .map(|t| {
            let items = items(instance, t);
            if items.is_empty() || instance.hosts()[t].stock == Some(0) {
                return Ok(None);
            }
            let graph = Graph::new(instance.capacity(t), items, caps, budget)?;
            caps.states -= graph.states;
            caps.arcs -= graph.arcs.len();
            Ok(Some(graph))
        })
        .collect()
}

/// The rows that hosts of type `t` can run.
fn items(instance: &Instance, t: usize) -> Vec<Item> {
    let rows = (0..instance.rows()).filter(|&row| is_placed(instance, row, t));
    let item =
        |row| Item { row, size: instance.demand(row).to_vec(), copies: copies(instance, row, t) };
    rows.map(item).collect()
}
