//! Reflect: arc flow on half of every host.
//!
//! A host is two half paths that a reflected arc joins, so nodes and arcs only go up to half the
//! capacity, and all host types share one graph: only their reflected arcs differ. The relaxation is that
//! of arc flow but for rows that both halves repeat; its dual values prove a bound that the checker
//! derives again, and which arcs no cheaper placement uses.

mod flow;
mod graph;

use vmpack_model::packing::{Instance, Packing};
use vmpack_model::{Budget, Kind, Method, Observer, Outcome, Unsupported};

use super::claim::is_placed;
use super::search::{self, Refused};
use crate::backend::Highs;
use flow::Flow;
use graph::{Graph, Item};

/// Reflect on HiGHS, for one resource.
///
/// # References
/// Delorme and Iori, Enhanced pseudo-polynomial formulations for bin packing and cutting stock problems
/// (2020); for several host types the same, and Delorme and Martinovic (2025). The arcs that the
/// relaxation rules out are left out as there, but in exact arithmetic.
pub(super) struct Reflect;

/// Beyond this the program is too large for any time limit that one would give it.
const ARCS: usize = 150_000;

impl Method<Packing> for Reflect {
    fn name(&self) -> &'static str {
        "reflect"
    }

    fn kind(&self) -> Kind {
        Kind::LinearProgramming
    }

    fn summary(&self) -> &'static str {
        "Integer flow through a graph of half hosts, joined in pairs; the relaxation certifies a bound."
    }

    fn reference(&self) -> &'static str {
        "Delorme and Iori, Enhanced pseudo-polynomial formulations for bin packing (2020)"
    }

    /// Whether there is one resource. How large the graph becomes is only known once it is built: `solve`
    /// gives up on a graph that is too large.
    fn supports(&self, instance: &Instance) -> Result<(), Unsupported> {
        match instance.dimensions() {
            1 => Ok(()),
            d => Err(Unsupported(format!("needs one resource, the instance has {d}"))),
        }
    }

    fn solve(
        &self,
        instance: &Instance,
        budget: &Budget,
        observer: &mut dyn Observer,
    ) -> Outcome<Packing> {
        search::solve(instance, &Highs, budget, observer, |_| {
            Ok(Flow::new(instance, graph(instance, budget)?))
        })
    }
}

/// The graph of all host types in stock.
fn graph(instance: &Instance, budget: &Budget) -> Result<Graph, Refused> {
    let types = 0..instance.hosts().len();
    let in_stock: Vec<usize> =
        types.clone().filter(|&t| instance.hosts()[t].stock != Some(0)).collect();
    let placed = |&row: &usize| in_stock.iter().any(|&t| is_placed(instance, row, t));
    let rows: Vec<usize> = (0..instance.rows()).filter(placed).collect();
    // In units in which all sizes are whole.
    let unit = rows.iter().fold(0, |unit, &row| gcd(unit, instance.demand(row)[0])).max(1);
    let capacities: Vec<Option<u64>> =
        types.map(|t| in_stock.contains(&t).then(|| instance.capacity(t)[0] / unit)).collect();
    let largest = capacities.iter().flatten().copied().max().unwrap_or(0);
    let item = |row: usize| {
        let size = instance.demand(row)[0] / unit;
        let count = instance.vms()[instance.type_of_row(row)].count;
        Item { row, size, copies: count.min(largest / size) }
    };
    Graph::new(&capacities, rows.into_iter().map(item).collect(), ARCS, budget)
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
