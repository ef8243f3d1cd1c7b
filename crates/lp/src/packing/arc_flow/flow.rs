//! The integer program on the graphs, and flows taken apart into patterns.

use vmpack_model::packing::{Instance, Pattern, Placement};

use super::graph::Graph;
use crate::model::{Column, Model, Sense};
use crate::packing::claim::is_free;

/// The program with what is needed to read its solutions.
pub(super) struct Flow<'a> {
    instance: &'a Instance,
    graphs: &'a [Option<Graph>],
    pub(super) model: Model,
    /// The row of every VM type that is to be placed.
    pub(super) demand: Vec<Option<usize>>,
    /// The first column of every host type: its number of hosts; its arcs follow.
    first: Vec<usize>,
}

impl<'a> Flow<'a> {
    /// Builds `min sum cost[t] z[t]` over flows of value `z[t] <= stock[t]` from source to sink of graph
    /// `t` whose arcs carry at least `count` VMs of every type.
    pub(super) fn new(instance: &'a Instance, graphs: &'a [Option<Graph>]) -> Self {
        let mut model = Model::default();
        let demand: Vec<Option<usize>> = (0..instance.vms().len())
            .map(|vm| {
                let wanted = instance.vms()[vm].count > 0 && !is_free(instance, vm);
                wanted.then(|| model.add_row(Sense::Ge, instance.vms()[vm].count as f64))
            })
            .collect();
        let total = instance.total_vms() as f64;
        let mut first = Vec::with_capacity(graphs.len());
        for (host, graph) in instance.hosts().iter().zip(graphs) {
            first.push(model.columns().len());
            let Some(graph) = graph else { continue };
            let nodes = model.rows().len();
            for _ in 0..graph.nodes {
                model.add_row(Sense::Eq, 0.0);
            }
            let ends = [(nodes + graph.source, 1.0), (nodes + graph.sink(), -1.0)];
            let stock = host.stock.map_or(f64::INFINITY, |stock| stock as f64);
            let upper = stock.min(total);
            model.add_column(Column::integer(host.cost as f64, 0.0, upper), ends);
            for arc in &graph.arcs {
                let row = arc.item.map(|item| graph.items[item].row);
                let served = row.and_then(|row| demand[instance.type_of_row(row)]);
                let ends = [(nodes + arc.tail, -1.0), (nodes + arc.head, 1.0)];
                let entries = ends.into_iter().chain(served.map(|row| (row, 1.0)));
                // No more hosts than VMs, so no more flow on any arc.
                model.add_column(Column::integer(0.0, 0.0, total), entries);
            }
        }
        Self { instance, graphs, model, demand, first }
    }

    /// Bounds the flow on every arc for a search of packings of at most the given cost: hosts that the
    /// cost pays for, and no more VMs of a type than there are, for surplus VMs can be left out. The
    /// relaxation goes without, so that the demands alone get its prices.
    pub(super) fn tighten(&mut self, cost: Option<u64>) {
        let total = self.instance.total_vms();
        for (t, graph) in self.graphs.iter().enumerate() {
            let Some(graph) = graph else { continue };
            let host = &self.instance.hosts()[t];
            let affordable = cost.and_then(|cost| cost.checked_div(host.cost)).unwrap_or(total);
            let hosts = affordable.min(total).min(host.stock.unwrap_or(total));
            self.model.set_range(self.first[t], 0.0, hosts as f64);
            for (at, arc) in graph.arcs.iter().enumerate() {
                let count = arc.item.map_or(hosts, |item| {
                    self.instance.vms()[self.instance.type_of_row(graph.items[item].row)].count
                });
                self.model.set_range(self.first[t] + 1 + at, 0.0, count.min(hosts) as f64);
            }
        }
    }

    /// The values of a placement; `None` if some pattern has no path.
    pub(super) fn values(&self, placement: &Placement) -> Option<Vec<f64>> {
        let mut values = vec![0.0; self.model.columns().len()];
        for (pattern, hosts) in &placement.patterns {
            let graph = self.graphs[pattern.host].as_ref()?;
            let counts: Vec<u64> = graph
                .items
                .iter()
                .map(|item| {
                    let of_row = pattern.vms.iter().find(|(row, _)| *row == item.row);
                    of_row.map_or(0, |&(_, count)| count)
                })
                .collect();
            let first = self.first[pattern.host];
            values[first] += *hosts as f64;
            for arc in graph.path(&counts)? {
                values[first + 1 + arc] += *hosts as f64;
            }
        }
        Some(values)
    }

    /// The placement that an integer flow means, without surplus VMs; to be verified.
    pub(super) fn placement(&self, values: &[f64]) -> Placement {
        let whole: Vec<f64> = values.iter().map(|flow| flow.round()).collect();
        let patterns = self.patterns(&whole).into_iter();
        let whole = patterns.map(|(pattern, hosts)| (pattern, hosts.round() as u64));
        Placement::from_patterns(self.trimmed(whole.collect()))
    }

    /// Patterns with whole multiplicities from a fractional flow, that place no VM twice: every pattern
    /// rounded down, then once more those that are used half a time or more and still place only VMs
    /// that are left.
    pub(super) fn rounded(&self, values: &[f64]) -> Vec<(Pattern, u64)> {
        let mut fractional = self.patterns(values);
        let whole =
            |(pattern, hosts): &(Pattern, f64)| (pattern.clone(), (hosts + TINY).floor() as u64);
        let mut patterns = self.trimmed(fractional.iter().map(whole).collect());
        let mut left: Vec<u64> = self.instance.vms().iter().map(|vm| vm.count).collect();
        let mut stock: Vec<u64> =
            self.instance.hosts().iter().map(|host| host.stock.unwrap_or(u64::MAX)).collect();
        for (pattern, hosts) in &patterns {
            stock[pattern.host] = stock[pattern.host].saturating_sub(*hosts);
            for &(row, count) in &pattern.vms {
                left[self.instance.type_of_row(row)] -= count * hosts;
            }
        }
        let part = |hosts: f64| (hosts + TINY).fract();
        fractional.retain(|&(_, hosts)| part(hosts) >= 0.5);
        fractional.sort_by(|a, b| part(b.1).total_cmp(&part(a.1)));
        for (pattern, _) in fractional {
            let mut after = left.clone();
            let useful = stock[pattern.host] > 0
                && pattern.vms.iter().all(|&(row, count)| {
                    let left = &mut after[self.instance.type_of_row(row)];
                    let fits = *left >= count;
                    *left = left.saturating_sub(count);
                    fits
                });
            if useful {
                left = after;
                stock[pattern.host] -= 1;
                patterns.push((pattern, 1));
            }
        }
        patterns
    }

    /// A flow taken apart into paths: patterns and how often they are used.
    fn patterns(&self, values: &[f64]) -> Vec<(Pattern, f64)> {
        let mut patterns = Vec::new();
        for (host, graph) in self.graphs.iter().enumerate() {
            let Some(graph) = graph else { continue };
            let mut flow = values[self.first[host] + 1..][..graph.arcs.len()].to_vec();
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

    /// Takes VMs beyond the demand out of the patterns.
    fn trimmed(&self, patterns: Vec<(Pattern, u64)>) -> Vec<(Pattern, u64)> {
        let mut surplus: Vec<u64> = vec![0; self.instance.vms().len()];
        for (pattern, hosts) in &patterns {
            for &(row, count) in &pattern.vms {
                surplus[self.instance.type_of_row(row)] += count * hosts;
            }
        }
        for (surplus, vm) in surplus.iter_mut().zip(self.instance.vms()) {
            *surplus = surplus.saturating_sub(vm.count);
        }
        let mut open = patterns;
        let mut trimmed = Vec::with_capacity(open.len());
        while let Some((mut pattern, hosts)) = open.pop() {
            let excess = |&(row, _): &(usize, u64)| surplus[self.instance.type_of_row(row)] > 0;
            let Some(at) = pattern.vms.iter().position(excess) else {
                trimmed.push((pattern, hosts));
                continue;
            };
            let (row, count) = pattern.vms[at];
            let left = &mut surplus[self.instance.type_of_row(row)];
            // As many hosts as can lose the same number of VMs; the others are looked at again.
            let each = count.min(*left);
            let losing = (*left / each).min(hosts);
            *left -= each * losing;
            if losing < hosts {
                open.push((pattern.clone(), hosts - losing));
            }
            pattern.vms[at].1 -= each;
            pattern.vms.retain(|&(_, count)| count > 0);
            open.push((pattern, losing));
        }
        trimmed
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
