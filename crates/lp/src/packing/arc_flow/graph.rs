//! The graph whose paths are the patterns of one host type.
//!
//! Nodes are amounts of the capacity in use, one per resource. VM rows are taken in a fixed order of
//! decreasing size, each up to as often as it may occur, so that every pattern is one path. Two
//! compressions of Brandao and Pedroso (Bin packing and related problems: general arc-flow formulation
//! with graph compression, 2016, section 4) keep it small:
//!
//! * while it is built, the use of each resource is *lifted* to the capacity less the greatest amount
//!   that the rows still to come can fill, so that equally useful states coincide;
//! * at last, nodes are labelled with the greatest use from which all their continuations fit, and nodes
//!   of the same label are merged.
//!
//! Merged paths may use a row more often than a pattern does, but never more than the capacity: the
//! longest path is a valid bound on the weight of any pattern.

use vmpack_model::Budget;

use super::space::{Code, NONE, Space};
use crate::packing::search::Refused;

/// One VM row in the graph of a host type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    /// Index of the demand row.
    pub(super) row: usize,
    /// What it takes of every resource; not all zero.
    pub(super) size: Vec<u64>,
    /// How often it may occur in one pattern, at least once.
    pub(super) copies: u64,
}

/// An arc: one VM of an item, or unused capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Arc {
    /// Index of the node it leaves.
    pub(super) tail: usize,
    /// Index of the node it enters, greater than the tail.
    pub(super) head: usize,
    /// Index of the item; `None` for unused capacity.
    pub(super) item: Option<usize>,
}

/// The greatest sizes that are built.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caps {
    /// States before nodes are merged.
    pub(super) states: usize,
    /// Arcs at the end.
    pub(super) arcs: usize,
}

/// The graph of one host type: nodes in topological order from the source to the sink, the last.
#[derive(Debug)]
pub(super) struct Graph {
    pub(super) items: Vec<Item>,
    /// Sorted, so by ascending tail.
    pub(super) arcs: Vec<Arc>,
    pub(super) nodes: usize,
    pub(super) source: usize,
    /// How many states it was compressed from.
    pub(super) states: usize,
}

impl Graph {
    /// Builds the graph of a host type with the given capacity. Items must fit it; they are put into
    /// decreasing order of their largest share.
    ///
    /// # Errors
    /// When a cap is exceeded or the budget ends.
    pub(super) fn new(
        capacity: &[u64],
        mut items: Vec<Item>,
        caps: Caps,
        budget: &Budget,
    ) -> Result<Self, Refused> {
        let share = |item: &Item| {
            let shares = item.size.iter().zip(capacity);
            shares.map(|(&w, &c)| u128::from(w) * 1_000_000_000 / u128::from(c.max(1))).max()
        };
        items.sort_by_cached_key(|item| (std::cmp::Reverse(share(item)), item.row));
        let mut space = Space::new(capacity, &items).ok_or(Refused::TooLarge)?;
        let levels = space.states(caps.states, budget)?;
        let labels = space.labels(&levels);
        let mut codes: Vec<Code> = labels.iter().flatten().copied().collect();
        codes.push(space.full());
        codes.sort_unstable();
        codes.dedup();
        let node = |code: Code| codes.binary_search(&code).expect("every label is a node");
        let nodes: Vec<Vec<usize>> =
            labels.iter().map(|level| level.iter().map(|&code| node(code)).collect()).collect();
        let sink = codes.len() - 1;
        let source = nodes.first().and_then(|level| level.first()).map_or(sink, |&node| node);
        let mut arcs = Vec::new();
        for (item, (level, of_level)) in levels.iter().zip(&nodes).enumerate() {
            for (state, &tail) in level.iter().zip(of_level) {
                if state.taken != NONE {
                    arcs.push(Arc { tail, head: of_level[state.taken], item: Some(item) });
                }
                let head = nodes.get(item + 1).map_or(sink, |next| next[state.skipped]);
                if head != tail {
                    arcs.push(Arc { tail, head, item: None });
                }
            }
        }
        arcs.sort_unstable();
        arcs.dedup();
        if arcs.len() > caps.arcs {
            return Err(Refused::TooLarge);
        }
        let states = levels.iter().map(Vec::len).sum();
        Ok(Self { arcs, nodes: codes.len(), source, states, items })
    }

    /// The sink.
    pub(super) fn sink(&self) -> usize {
        self.nodes - 1
    }

    /// The weight of the heaviest path, exactly: no pattern of the host type weighs more.
    pub(super) fn heaviest(&self, weight: impl Fn(usize) -> i128) -> i128 {
        self.up_to(&weight)[self.sink()]
    }

    /// By how much the heaviest path through each arc weighs less than `most`.
    pub(super) fn slacks(&self, weight: impl Fn(usize) -> i128, most: i128) -> Vec<i128> {
        let before = self.up_to(&weight);
        let mut after = vec![0; self.nodes];
        for arc in self.arcs.iter().rev() {
            after[arc.tail] = after[arc.tail].max(after[arc.head] + self.gain(arc, &weight));
        }
        let through = |arc: &Arc| before[arc.tail] + self.gain(arc, &weight) + after[arc.head];
        self.arcs.iter().map(|arc| most - through(arc)).collect()
    }

    /// The weight of the heaviest path to every node.
    fn up_to(&self, weight: &impl Fn(usize) -> i128) -> Vec<i128> {
        let mut best = vec![0; self.nodes];
        for arc in &self.arcs {
            best[arc.head] = best[arc.head].max(best[arc.tail] + self.gain(arc, weight));
        }
        best
    }

    fn gain(&self, arc: &Arc, weight: &impl Fn(usize) -> i128) -> i128 {
        arc.item.map_or(0, |item| weight(self.items[item].row))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    const CAPS: Caps = Caps { states: 100_000, arcs: 100_000 };

    fn item(row: usize, size: &[u64], copies: u64) -> Item {
        Item { row, size: size.to_vec(), copies }
    }

    /// The patterns of all paths, as counts per row.
    fn patterns(graph: &Graph, rows: usize) -> BTreeSet<Vec<u64>> {
        let mut found = BTreeSet::new();
        let mut open = vec![(graph.source, vec![0; rows])];
        while let Some((node, counts)) = open.pop() {
            if node == graph.sink() {
                found.insert(counts);
                continue;
            }
            for arc in graph.arcs.iter().filter(|arc| arc.tail == node) {
                let mut counts = counts.clone();
                if let Some(item) = arc.item {
                    counts[graph.items[item].row] += 1;
                }
                open.push((arc.head, counts));
            }
        }
        found
    }

    fn all_patterns(capacity: &[u64], items: &[Item]) -> BTreeSet<Vec<u64>> {
        let mut found = BTreeSet::from([vec![0; items.len()]]);
        for item in items {
            for counts in found.clone() {
                for copies in 1..=item.copies {
                    let mut more = counts.clone();
                    more[item.row] += copies;
                    let load =
                        |k: usize| items.iter().map(|i| i.size[k] * more[i.row]).sum::<u64>();
                    if (0..capacity.len()).all(|k| load(k) <= capacity[k]) {
                        found.insert(more);
                    }
                }
            }
        }
        found
    }

    #[test]
    fn the_example_of_one_resource_is_small() {
        // Capacity 7, sizes 5, 3, 2 with 3, 1, 2 copies, after Brandao and Pedroso, figure 2.
        let items = vec![item(0, &[5], 1), item(1, &[3], 1), item(2, &[2], 2)];
        let graph = Graph::new(&[7], items.clone(), CAPS, &Budget::default()).expect("small");
        let found = patterns(&graph, 3);
        assert!(all_patterns(&[7], &items).is_subset(&found));
        assert_eq!(graph.heaviest(|row| items[row].size[0].into()), 7);
        assert!(graph.nodes <= 6, "{graph:?}");
    }

    #[test]
    fn caps_are_kept() {
        let items: Vec<Item> =
            (0..12).map(|row| item(row, &[50 + 7 * (row * row) as u64], 1)).collect();
        let caps = Caps { states: 50, ..CAPS };
        let refused = Graph::new(&[1500], items.clone(), caps, &Budget::default());
        assert!(matches!(refused, Err(Refused::TooLarge)));
        let wide = vec![item(0, &[1; 3], 1)];
        let refused = Graph::new(&[1 << 50; 3], wide, CAPS, &Budget::default());
        assert!(matches!(refused, Err(Refused::TooLarge)));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn paths_are_the_patterns(
            capacity in prop::collection::vec(1..12_u64, 1..=2),
            sizes in prop::collection::vec((prop::collection::vec(0..8_u64, 2), 1..4_u64), 1..5),
        ) {
            let d = capacity.len();
            let mut items: Vec<Item> = Vec::new();
            for (size, copies) in sizes {
                let size = size[..d].to_vec();
                let fits = size.iter().zip(&capacity).all(|(w, c)| w <= c);
                if fits && size.iter().any(|&w| w > 0) {
                    items.push(Item { row: items.len(), size, copies });
                }
            }
            let graph = Graph::new(&capacity, items.clone(), CAPS, &Budget::default()).expect("small");
            let found = patterns(&graph, items.len());
            let expected = all_patterns(&capacity, &items);
            prop_assert!(expected.is_subset(&found));
            for counts in &found {
                for (k, &capacity) in capacity.iter().enumerate() {
                    let load: u64 = items.iter().map(|item| item.size[k] * counts[item.row]).sum();
                    prop_assert!(load <= capacity, "{counts:?}");
                }
            }
            let weights: Vec<i128> = (0..items.len()).map(|row| 3 + row as i128).collect();
            let weigh = |counts: &Vec<u64>| counts.iter().zip(&weights).map(|(&n, w)| i128::from(n) * w).sum::<i128>();
            let best = found.iter().map(weigh).max().expect("the empty pattern");
            prop_assert_eq!(graph.heaviest(|row| weights[row]), best);
            // Some arc is on the heaviest path, and none on a heavier one.
            let slacks = graph.slacks(|row| weights[row], best);
            prop_assert_eq!(slacks.into_iter().min().unwrap_or(0), 0);
        }
    }
}
