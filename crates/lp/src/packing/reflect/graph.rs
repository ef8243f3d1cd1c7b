//! The half graph: loads up to the middle of the hosts, and arcs that cross it and come back.
//!
//! A node is a load of VMs that some order of the items reaches below the middle. A *standard* arc adds
//! a VM and stays there. A *reflected* arc adds the VM that crosses the middle of a host of capacity `c`
//! from load `d`, and enters what that leaves to the rest, `c - d - w`. A pattern is a path that ends
//! with a reflected arc, and a path without one to where that arc enters:
//!
//! Take the VMs in order and give each to the one of two halves that holds less. Once a VM brings its half
//! from `d` beyond the middle, the other half, which held no less than `d`, gets the rest, and all of it
//! is at most `c - d - w`. So reflected arcs that enter below where they leave are not needed. Where no VM
//! crosses the middle, an arc without a VM reflects there.

use vmpack_model::Budget;

use crate::packing::search::Refused;

/// One VM row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    /// Index of the demand row.
    pub(super) row: usize,
    /// What it takes, at least one.
    pub(super) size: u64,
    /// How often one host takes it, at least once.
    pub(super) copies: u64,
}

/// An arc below the middle: one VM of an item, or unused capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Standard {
    /// Index of the node it enters.
    pub(super) head: usize,
    /// Index of the node it leaves, less than the head.
    pub(super) tail: usize,
    /// Index of the item; `None` for unused capacity.
    pub(super) item: Option<usize>,
}

/// An arc across the middle of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reflected {
    /// The host type.
    pub(super) host: usize,
    /// Index of the node it leaves.
    pub(super) tail: usize,
    /// Index of the node where the rest of the VMs arrives, no less than the tail.
    pub(super) head: usize,
    /// Index of the item; `None` if no VM crosses the middle.
    pub(super) item: Option<usize>,
}

/// The half graph of all host types together; node 0 is the empty half.
#[derive(Debug)]
pub(super) struct Graph {
    /// By decreasing size.
    pub(super) items: Vec<Item>,
    pub(super) nodes: usize,
    /// Sorted, so by ascending head.
    pub(super) standard: Vec<Standard>,
    /// Sorted, so by host type.
    pub(super) reflected: Vec<Reflected>,
}

impl Graph {
    /// Builds the graph for items and the capacities of the host types that take part.
    ///
    /// # Errors
    /// When there are more arcs than `most`, or the budget ends.
    pub(super) fn new(
        capacities: &[Option<u64>],
        mut items: Vec<Item>,
        most: usize,
        budget: &Budget,
    ) -> Result<Self, Refused> {
        items.sort_by_key(|item| (std::cmp::Reverse(item.size), item.row));
        let hosts: Vec<(usize, u64)> =
            capacities.iter().enumerate().filter_map(|(t, &c)| Some((t, c?))).collect();
        let middle = hosts.iter().map(|&(_, c)| c / 2).max().unwrap_or(0);
        // Loads before each item, and at which of them a copy of the item may be added.
        let mut loads = vec![0];
        let mut tails: Vec<Vec<u64>> = Vec::with_capacity(items.len());
        let mut arcs = 0;
        for item in &items {
            if budget.exhausted() {
                return Err(Refused::Budget);
            }
            let (all, open) = add_copies(&loads, item, middle);
            arcs += open.len();
            if arcs > most || all.len() > most {
                return Err(Refused::TooLarge);
            }
            loads = all;
            tails.push(open);
        }
        let node = |load: u64| loads.partition_point(|&other| other <= load) - 1;
        let mut standard: Vec<Standard> =
            (1..loads.len()).map(|head| Standard { head, tail: head - 1, item: None }).collect();
        let mut reflected: Vec<Reflected> = hosts
            .iter()
            .map(|&(host, c)| {
                let middle = node(c / 2);
                Reflected { host, tail: middle, head: middle, item: None }
            })
            .collect();
        for (at, (item, tails)) in items.iter().zip(&tails).enumerate() {
            for &load in tails {
                let (tail, after) = (node(load), load + item.size);
                if after <= middle {
                    standard.push(Standard { head: node(after), tail, item: Some(at) });
                }
                for &(host, c) in &hosts {
                    // It crosses the middle, and leaves the other half no less than this one holds.
                    if after <= c && after > c - after && c - after >= load {
                        let head = node(c - after);
                        reflected.push(Reflected { host, tail, head, item: Some(at) });
                    }
                }
            }
            if standard.len() + reflected.len() > most {
                return Err(Refused::TooLarge);
            }
        }
        standard.sort_unstable();
        reflected.sort_unstable();
        Ok(Self { items, nodes: loads.len(), standard, reflected })
    }

    /// The number of arcs.
    pub(super) fn arcs(&self) -> usize {
        self.standard.len() + self.reflected.len()
    }

    /// The weight of the heaviest pair of paths per host type, exactly: no pattern weighs more.
    pub(super) fn heaviest(&self, hosts: usize, weight: impl Fn(usize) -> i128) -> Vec<i128> {
        let up_to = self.up_to(&weight);
        let mut heaviest = vec![0; hosts];
        for arc in &self.reflected {
            let both = up_to[arc.tail] + self.gain(arc.item, &weight) + up_to[arc.head];
            heaviest[arc.host] = both.max(heaviest[arc.host]);
        }
        heaviest
    }

    /// By how much the heaviest pair of paths through each arc, standard ones first, weighs less than
    /// `most` of its host type.
    pub(super) fn slacks(
        &self,
        weight: impl Fn(usize) -> i128,
        most: impl Fn(usize) -> i128,
    ) -> Vec<i128> {
        let up_to = self.up_to(&weight);
        // The least slack of any pair, beyond what its path to the node weighs.
        let mut from = vec![i128::MAX; self.nodes];
        let mut slacks = vec![0; self.arcs()];
        let (standard, reflected) = slacks.split_at_mut(self.standard.len());
        for (slack, arc) in reflected.iter_mut().zip(&self.reflected) {
            let left = most(arc.host) - self.gain(arc.item, &weight);
            *slack = left - up_to[arc.tail] - up_to[arc.head];
            from[arc.tail] = from[arc.tail].min(left - up_to[arc.head]);
            from[arc.head] = from[arc.head].min(left - up_to[arc.tail]);
        }
        for (slack, arc) in standard.iter_mut().zip(&self.standard).rev() {
            // Some reflection is always ahead: unused capacity leads to the greatest middle.
            let after = from[arc.head] - self.gain(arc.item, &weight);
            *slack = after - up_to[arc.tail];
            from[arc.tail] = from[arc.tail].min(after);
        }
        slacks
    }

    /// The weight of the heaviest path to every node.
    fn up_to(&self, weight: &impl Fn(usize) -> i128) -> Vec<i128> {
        let mut best = vec![0; self.nodes];
        for arc in &self.standard {
            best[arc.head] = best[arc.head].max(best[arc.tail] + self.gain(arc.item, weight));
        }
        best
    }

    fn gain(&self, item: Option<usize>, weight: &impl Fn(usize) -> i128) -> i128 {
        item.map_or(0, |item| weight(self.items[item].row))
    }
}

/// The loads up to `middle` that copies of an item reach from sorted ones, these included, and those from
/// which one more copy can be added.
fn add_copies(loads: &[u64], item: &Item, middle: u64) -> (Vec<u64>, Vec<u64>) {
    // Each load with the least number of copies that it holds.
    let mut all: Vec<(u64, u64)> = Vec::with_capacity(loads.len());
    let (mut old, mut grown) = (0, 0);
    loop {
        while all.get(grown).is_some_and(|&(_, used)| used == item.copies) {
            grown += 1;
        }
        let more = all.get(grown).map(|&(load, used)| (load + item.size, used + 1));
        let more = more.filter(|&(load, _)| load <= middle);
        match (loads.get(old), more) {
            (Some(&load), more) if more.is_none_or(|(other, _)| load <= other) => {
                if more.is_some_and(|(other, _)| other == load) {
                    grown += 1;
                }
                all.push((load, 0));
                old += 1;
            }
            (_, Some(more)) => {
                all.push(more);
                grown += 1;
            }
            (_, None) => break,
        }
    }
    let open = all.iter().filter(|&&(_, used)| used < item.copies).map(|&(load, _)| load).collect();
    (all.into_iter().map(|(load, _)| load).collect(), open)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    const MOST: usize = 100_000;

    /// The counts per row of all paths from the empty half to every node.
    fn halves(graph: &Graph) -> Vec<BTreeSet<Vec<u64>>> {
        let mut halves = vec![BTreeSet::new(); graph.nodes];
        halves[0].insert(vec![0; graph.items.len()]);
        for arc in &graph.standard {
            for mut counts in halves[arc.tail].clone() {
                if let Some(item) = arc.item {
                    counts[graph.items[item].row] += 1;
                }
                halves[arc.head].insert(counts);
            }
        }
        halves
    }

    /// The counts per row of all pairs of paths that make up a host of a type.
    fn patterns(graph: &Graph, host: usize) -> BTreeSet<Vec<u64>> {
        let halves = halves(graph);
        let mut found = BTreeSet::new();
        for arc in graph.reflected.iter().filter(|arc| arc.host == host) {
            for first in &halves[arc.tail] {
                for second in &halves[arc.head] {
                    let mut counts: Vec<u64> =
                        first.iter().zip(second).map(|(a, b)| a + b).collect();
                    if let Some(item) = arc.item {
                        counts[graph.items[item].row] += 1;
                    }
                    found.insert(counts);
                }
            }
        }
        found
    }

    fn all_patterns(capacity: u64, items: &[Item]) -> Vec<Vec<u64>> {
        let mut all = vec![(0, vec![0; items.len()])];
        for item in items {
            let more = |(load, counts): &(u64, Vec<u64>)| -> Vec<(u64, Vec<u64>)> {
                let one = |n: u64| {
                    let mut counts = counts.clone();
                    counts[item.row] = n;
                    (load + n * item.size, counts)
                };
                (0..=item.copies).map(one).filter(|&(load, _)| load <= capacity).collect()
            };
            all = all.iter().flat_map(more).collect();
        }
        all.into_iter().map(|(_, counts)| counts).collect()
    }

    #[test]
    fn a_capacity_of_nine_needs_loads_up_to_four() {
        let item = |row, size, copies| Item { row, size, copies };
        let items = vec![item(0, 4, 1), item(1, 3, 3), item(2, 2, 1)];
        let graph = Graph::new(&[Some(9)], items, MOST, &Budget::default()).expect("small");
        assert_eq!(graph.nodes, 4, "0, 2, 3, 4");
        assert!(patterns(&graph, 0).contains(&vec![0, 3, 0]));
        assert_eq!(graph.heaviest(1, |row| [4, 3, 2][row]), [9]);
        let refused = Graph::new(&[Some(9)], graph.items.clone(), 3, &Budget::default());
        assert!(matches!(refused, Err(Refused::TooLarge)));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn pairs_of_paths_are_the_patterns(
            capacities in prop::collection::vec(prop::option::weighted(0.8, 1..20_u64), 1..4),
            sizes in prop::collection::vec((1..14_u64, 1..4_u64), 1..5),
        ) {
            let largest = capacities.iter().flatten().copied().max().unwrap_or(0);
            let sizes: Vec<(u64, u64)> = sizes.into_iter().filter(|&(w, _)| w <= largest).collect();
            let items: Vec<Item> = sizes
                .iter()
                .enumerate()
                .map(|(row, &(size, copies))| Item { row, size, copies })
                .collect();
            let graph = Graph::new(&capacities, items.clone(), MOST, &Budget::default()).expect("small");
            let weight = |row: usize| 3 + 2 * row as i128;
            let heaviest = graph.heaviest(capacities.len(), weight);
            for (host, &capacity) in capacities.iter().enumerate() {
                let found = patterns(&graph, host);
                let Some(capacity) = capacity else {
                    prop_assert!(found.is_empty());
                    continue;
                };
                for counts in all_patterns(capacity, &items) {
                    prop_assert!(found.contains(&counts), "{counts:?} on {capacity}");
                }
                let weigh = |counts: &Vec<u64>| -> i128 {
                    counts.iter().enumerate().map(|(row, &n)| i128::from(n) * weight(row)).sum()
                };
                for counts in &found {
                    let load: u64 = items.iter().map(|item| item.size * counts[item.row]).sum();
                    prop_assert!(load <= capacity, "{counts:?} on {capacity}");
                }
                prop_assert_eq!(found.iter().map(weigh).max(), Some(heaviest[host]));
            }
            // Without the arcs of some slack, pairs of less slack stay.
            let most = |host: usize| heaviest[host] + host as i128;
            let slacks = graph.slacks(weight, most);
            let limit = 4;
            let kept = Graph {
                items: graph.items.clone(),
                nodes: graph.nodes,
                standard: (graph.standard.iter().zip(&slacks))
                    .filter(|&(_, &slack)| slack <= limit)
                    .map(|(&arc, _)| arc)
                    .collect(),
                reflected: (graph.reflected.iter().zip(&slacks[graph.standard.len()..]))
                    .filter(|&(_, &slack)| slack <= limit)
                    .map(|(&arc, _)| arc)
                    .collect(),
            };
            let light = |host: usize, counts: &Vec<u64>| {
                let weight: i128 =
                    counts.iter().enumerate().map(|(row, &n)| i128::from(n) * weight(row)).sum();
                most(host) - weight <= limit
            };
            for host in 0..capacities.len() {
                let light = |graph: &Graph| -> BTreeSet<Vec<u64>> {
                    patterns(graph, host).into_iter().filter(|counts| light(host, counts)).collect()
                };
                prop_assert_eq!(light(&kept), light(&graph));
            }
        }
    }
}
