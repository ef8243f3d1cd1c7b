//! The integer program on the graphs, and flows taken apart into patterns.

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
    graphs: Vec<Option<Graph>>,
    program: Program,
    /// The first arc of every host type among the columns.
    first: Vec<usize>,
    weights: Option<Weights>,
}

impl<'a> Flow<'a> {
    /// Builds `min sum cost[t] z[t]` over flows of value `z[t] <= stock[t]` from source to sink of graph
    /// `t` whose arcs carry at least `count` VMs of every type.
    pub(super) fn new(instance: &'a Instance, graphs: Vec<Option<Graph>>) -> Self {
        let mut model = Model::default();
        let mut nodes = Vec::with_capacity(graphs.len());
        for graph in &graphs {
            nodes.push(model.rows().len());
            for _ in 0..graph.as_ref().map_or(0, |graph| graph.nodes) {
                model.add_row(Sense::Eq, 0.0);
            }
        }
        let hosts = graphs.iter().zip(&nodes).map(|(graph, nodes)| {
            let ends =
                |graph: &Graph| vec![(nodes + graph.source, 1.0), (nodes + graph.sink(), -1.0)];
            graph.as_ref().map(ends)
        });
        let mut program = Program::new(instance, model, hosts.collect());
        let total = instance.total_vms() as f64;
        let mut first = Vec::with_capacity(graphs.len());
        for (graph, nodes) in graphs.iter().zip(nodes) {
            first.push(program.model.columns().len());
            let Some(graph) = graph else { continue };
            for arc in &graph.arcs {
                let served = arc.item.map(|item| program.served(instance, graph.items[item].row));
                let ends = [(nodes + arc.tail, -1.0), (nodes + arc.head, 1.0)];
                let entries = ends.into_iter().chain(served.map(|row| (row, 1.0)));
                // No more hosts than VMs, so no more flow on any arc.
                program.model.add_column(Column::integer(0.0, 0.0, total), entries);
            }
        }
        Self { instance, graphs, program, first, weights: None }
    }
}

impl Formulation for Flow<'_> {
    const RELAXES: bool = true;

    fn model(&self) -> &Model {
        &self.program.model
    }

    fn certify(&mut self, duals: &[f64]) -> Option<Bound<Certificate>> {
        let weights = Weights::near(self.instance, &self.program.prices(duals), |weights| {
            let weight = |row| weights[self.instance.type_of_row(row)].into();
            let heaviest = |graph: &Option<Graph>| {
                graph.as_ref().map_or(0, |graph| graph.heaviest(weight).unsigned_abs())
            };
            self.graphs.iter().map(heaviest).collect()
        });
        self.weights = weights;
        self.weights.as_ref()?.bound(self.instance)
    }

    /// Surplus VMs can be left out, so no arc carries more VMs than there are of the type. An arc that
    /// only hosts use which weigh too little is left out.
    fn confine(&mut self, lower: Value, ceiling: Option<u64>) {
        let instance = self.instance;
        self.program.confine(instance, lower, ceiling);
        for (t, graph) in self.graphs.iter().enumerate() {
            let Some(graph) = graph else { continue };
            let hosts = self.program.most_hosts(t);
            let ruled_out: Vec<bool> = match (&self.weights, ceiling) {
                (Some(weights), Some(ceiling)) => {
                    let weight = |row| weights.of(instance.type_of_row(row));
                    let slacks = graph.slacks(weight, weights.most(instance, t));
                    slacks.into_iter().map(|slack| weights.rules_out(slack, ceiling)).collect()
                }
                _ => vec![false; graph.arcs.len()],
            };
            for (at, (arc, ruled_out)) in graph.arcs.iter().zip(ruled_out).enumerate() {
                let count = |item: usize| {
                    instance.vms()[instance.type_of_row(graph.items[item].row)].count as f64
                };
                let most = arc.item.map_or(hosts, |item| count(item).min(hosts));
                let most = if ruled_out { 0.0 } else { most };
                self.program.model.set_range(self.first[t] + at, 0.0, most);
            }
        }
    }

    fn patterns(&self, values: &[f64]) -> Vec<(Pattern, f64)> {
        let mut patterns = Vec::new();
        for (host, graph) in self.graphs.iter().enumerate() {
            let Some(graph) = graph else { continue };
            let mut flow = values[self.first[host]..][..graph.arcs.len()].to_vec();
            while let Some(path) = positive_path(graph, &flow) {
                let hosts = path.iter().map(|&arc| flow[arc]).fold(f64::INFINITY, f64::min);
                let mut vms = Vec::new();
                for arc in path {
                    flow[arc] -= hosts;
                    if let Some(item) = graph.arcs[arc].item {
                        vms.push((graph.items[item].row, 1));
                    }
                }
                patterns.push((Pattern { host, vms }.normalised(), hosts));
            }
        }
        patterns
    }

    fn sizes(&self) -> Vec<(&'static str, u64)> {
        let sum = |size: fn(&Graph) -> usize| {
            self.graphs.iter().flatten().map(size).sum::<usize>() as u64
        };
        vec![("arcs", sum(|graph| graph.arcs.len())), ("graph-nodes", sum(|graph| graph.nodes))]
    }
}

/// Flow below this is rounding.
const TINY: f64 = 1e-6;

/// A path from source to sink on arcs that carry flow.
fn positive_path(graph: &Graph, flow: &[f64]) -> Option<Vec<usize>> {
    let mut path = Vec::new();
    let mut node = graph.source;
    while node != graph.sink() {
        let start = graph.arcs.partition_point(|arc| arc.tail < node);
        let leaving = graph.arcs[start..].iter().take_while(|arc| arc.tail == node).count();
        let arc = (start..start + leaving).find(|&arc| flow[arc] > TINY)?;
        path.push(arc);
        node = graph.arcs[arc].head;
    }
    (!path.is_empty()).then_some(path)
}
