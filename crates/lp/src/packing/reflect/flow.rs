//! The integer program on the half graph, and flows taken apart into patterns.

use vmpack_model::packing::{Certificate, Instance, Pattern};
use vmpack_model::{Bound, Value};

use super::graph::Graph;
use crate::model::{Column, Model, Sense};
use crate::packing::program::Program;
use crate::packing::search::Formulation;
use crate::packing::weights::Weights;

/// The program with what is needed to read its solutions.
pub(super) struct Flow<'a> {
    instance: &'a Instance,
    graph: Graph,
    program: Program,
    /// The first column of the arcs, standard ones before reflected ones.
    first: usize,
    weights: Option<Weights>,
}

impl<'a> Flow<'a> {
    /// Builds `min sum cost[t] z[t]` over flows of value `2 sum z[t]` from the empty half, that end where
    /// reflected arcs of type `t` leave and enter, `z[t] <= stock[t]` of them, and whose arcs carry at
    /// least `count` VMs of every type.
    pub(super) fn new(instance: &'a Instance, graph: Graph) -> Self {
        let mut model = Model::default();
        for _ in 0..graph.nodes {
            model.add_row(Sense::Eq, 0.0);
        }
        let types = instance.hosts().len();
        let reflections: Vec<usize> = (0..types).map(|_| model.add_row(Sense::Eq, 0.0)).collect();
        let used = |t: usize| graph.reflected.iter().any(|arc| arc.host == t);
        let entries = |t: usize| used(t).then(|| vec![(0, 2.0), (reflections[t], -1.0)]);
        let mut program = Program::new(instance, model, (0..types).map(entries).collect());
        let first = program.model.columns().len();
        // A host is two halves, and there are no more hosts than VMs.
        let total = 2.0 * instance.total_vms() as f64;
        let mut add = |item: Option<usize>, entries: Vec<(usize, f64)>| {
            let served = item.map(|item| program.served(instance, graph.items[item].row));
            let entries = entries.into_iter().chain(served.map(|row| (row, 1.0)));
            program.model.add_column(Column::integer(0.0, 0.0, total), entries);
        };
        for arc in &graph.standard {
            add(arc.item, vec![(arc.tail, -1.0), (arc.head, 1.0)]);
        }
        for arc in &graph.reflected {
            let ends = if arc.tail == arc.head {
                vec![(arc.tail, -2.0)]
            } else {
                vec![(arc.tail, -1.0), (arc.head, -1.0)]
            };
            add(arc.item, [ends, vec![(reflections[arc.host], 1.0)]].concat());
        }
        Self { instance, graph, program, first, weights: None }
    }
}

impl Formulation for Flow<'_> {
    const RELAXES: bool = true;

    fn model(&self) -> &Model {
        &self.program.model
    }

    fn certify(&mut self, duals: &[f64]) -> Option<Bound<Certificate>> {
        let types = self.instance.hosts().len();
        let weights = Weights::near(self.instance, &self.program.prices(duals), |weights| {
            let weight = |row| weights[self.instance.type_of_row(row)].into();
            self.graph.heaviest(types, weight).into_iter().map(i128::unsigned_abs).collect()
        });
        self.weights = weights;
        self.weights.as_ref()?.bound(self.instance)
    }

    /// Surplus VMs can be left out, so no arc carries more VMs than there are of the type. An arc that
    /// only hosts use which weigh too little is left out.
    fn confine(&mut self, lower: Value, ceiling: Option<u64>) {
        let (instance, graph) = (self.instance, &self.graph);
        self.program.confine(instance, lower, ceiling);
        let ruled_out: Vec<bool> = match (&self.weights, ceiling) {
            (Some(weights), Some(ceiling)) => {
                let weight = |row| weights.of(instance.type_of_row(row));
                let slacks = graph.slacks(weight, |t| weights.most(instance, t));
                slacks.into_iter().map(|slack| weights.rules_out(slack, ceiling)).collect()
            }
            _ => vec![false; graph.arcs()],
        };
        let all: f64 = (0..instance.hosts().len()).map(|t| self.program.most_hosts(t)).sum();
        let standard = graph.standard.iter().map(|arc| (2.0 * all, arc.item));
        let reflected =
            graph.reflected.iter().map(|arc| (self.program.most_hosts(arc.host), arc.item));
        let mosts: Vec<(f64, Option<usize>)> = standard.chain(reflected).collect();
        for (at, ((hosts, item), ruled_out)) in mosts.into_iter().zip(ruled_out).enumerate() {
            let count = item.map_or(f64::INFINITY, |item| {
                instance.vms()[instance.type_of_row(graph.items[item].row)].count as f64
            });
            let most = if ruled_out { 0.0 } else { hosts.min(count) };
            self.program.model.set_range(self.first + at, 0.0, most);
        }
    }

    fn patterns(&self, values: &[f64]) -> Vec<(Pattern, f64)> {
        let graph = &self.graph;
        let flow = &values[self.first..];
        let mut halves = Halves::new(graph, flow);
        let mut patterns = Vec::new();
        for (arc, &hosts) in graph.reflected.iter().zip(&flow[graph.standard.len()..]) {
            let mut left = hosts;
            while left > TINY {
                let Some(first) = halves.take(arc.tail, left) else { break };
                let Some(second) = halves.take(arc.head, first.1) else { break };
                let hosts = second.1;
                halves.give_back(arc.tail, (first.0.clone(), first.1 - hosts));
                left -= hosts;
                let items = first.0.into_iter().chain(second.0).chain(arc.item);
                let vms = items.map(|item| (graph.items[item].row, 1)).collect();
                patterns.push((Pattern { host: arc.host, vms }.normalised(), hosts));
            }
        }
        patterns
    }

    fn sizes(&self) -> Vec<(&'static str, u64)> {
        vec![("arcs", self.graph.arcs() as u64), ("graph-nodes", self.graph.nodes as u64)]
    }
}

/// Flow below this is rounding.
const TINY: f64 = 1e-6;

/// The items of a half path, and how often it is taken.
type Half = (Vec<usize>, f64);

/// The flow on standard arcs, taken apart into paths by the node where a reflected arc meets them.
struct Halves {
    ending: Vec<Vec<Half>>,
}

impl Halves {
    fn new(graph: &Graph, flow: &[f64]) -> Self {
        let mut rest = flow[..graph.standard.len()].to_vec();
        let mut ends = vec![0.0; graph.nodes];
        for (arc, hosts) in graph.reflected.iter().zip(&flow[graph.standard.len()..]) {
            ends[arc.tail] += hosts;
            ends[arc.head] += hosts;
        }
        let ending = (0..graph.nodes).map(|node| {
            let mut halves = Vec::new();
            while ends[node] > TINY {
                let Some(path) = path_to(graph, &rest, node) else { break };
                let often = path.iter().map(|&arc| rest[arc]).fold(ends[node], f64::min);
                for &arc in &path {
                    rest[arc] -= often;
                }
                ends[node] -= often;
                halves.push((
                    path.iter().filter_map(|&arc| graph.standard[arc].item).collect(),
                    often,
                ));
            }
            halves
        });
        Self { ending: ending.collect() }
    }

    /// A path to the node, at most so often.
    fn take(&mut self, node: usize, most: f64) -> Option<Half> {
        let (items, often) = self.ending[node].pop()?;
        let taken = often.min(most);
        self.give_back(node, (items.clone(), often - taken));
        Some((items, taken))
    }

    fn give_back(&mut self, node: usize, half: Half) {
        if half.1 > TINY {
            self.ending[node].push(half);
        }
    }
}

/// The arcs of a path from the empty half that carries flow.
fn path_to(graph: &Graph, flow: &[f64], mut node: usize) -> Option<Vec<usize>> {
    let mut path = Vec::new();
    while node != 0 {
        let start = graph.standard.partition_point(|arc| arc.head < node);
        let entering = graph.standard[start..].iter().take_while(|arc| arc.head == node).count();
        let arc = (start..start + entering).find(|&arc| flow[arc] > TINY)?;
        path.push(arc);
        node = graph.standard[arc].tail;
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use proptest::prelude::*;
    use vmpack_model::packing::HostType;
    use vmpack_model::{Budget, Resource};

    use super::*;
    use crate::backend::{Backend, Highs, Limits};
    use crate::packing::{arc_flow, reflect};

    fn relaxed(formulation: &mut impl Formulation) -> (f64, Value) {
        let relaxed =
            Highs.solve(&formulation.model().relaxed(), &Limits::default()).expect("an answer");
        let duals = relaxed.duals.expect("an optimum");
        let bound = formulation.certify(&duals).expect("weights");
        (relaxed.objective.expect("an optimum"), bound.value)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

        /// With more VMs of every type than a host takes, both relaxations are that of Gilmore and Gomory.
        #[test]
        fn the_relaxation_is_that_of_arc_flow(
            hosts in prop::collection::vec((5..40_u64, 1..30_u64), 1..4),
            vms in prop::collection::vec((1..20_u64, 40..90_u64), 1..6),
        ) {
            let largest = hosts.iter().map(|&(c, _)| c).max().unwrap_or(0);
            let vms: Vec<_> = vms.into_iter().filter(|&(w, _)| w <= largest).collect();
            prop_assume!(!vms.is_empty());
            let column = |numbers: Vec<u64>| {
                Array2::from_shape_vec((numbers.len(), 1), numbers).expect("one column")
            };
            let host = |(t, &(_, cost)): (usize, &(u64, u64))| {
                HostType { name: format!("h{t}"), cost, stock: None }
            };
            let instance = Instance::simple(
                "many",
                Resource::anonymous(1),
                vms.iter().enumerate().map(|(i, vm)| (format!("vm{i}"), vm.1)).collect(),
                column(vms.iter().map(|vm| vm.0).collect()),
                hosts.iter().enumerate().map(host).collect(),
                column(hosts.iter().map(|host| host.0).collect()),
            )
            .expect("valid");
            let budget = Budget::default();
            let (half, proved) =
                relaxed(&mut Flow::new(&instance, reflect::graph(&instance, &budget).expect("small")));
            let (whole, also) = relaxed(&mut arc_flow::flow(&instance, &budget).expect("small"));
            prop_assert!((half - whole).abs() <= 1e-6 * whole, "{half} against {whole}");
            prop_assert_eq!(proved, also);
            prop_assert!(proved.to_f64() >= whole - 1e-6 * whole);
        }
    }
}
