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

use std::collections::HashMap;

use vmpack_model::Budget;

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

/// Why there is no graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TooLarge {
    /// The product of the capacities exceeds 2^127.
    Capacities,
    /// More states than allowed.
    States(usize),
    /// More arcs than allowed.
    Arcs(usize),
    /// The budget ended.
    Budget,
}

/// The graph of one host type: nodes in topological order from the source to the sink, the last.
#[derive(Debug)]
pub(super) struct Graph {
    pub(super) items: Vec<Item>,
    /// Sorted, so by ascending tail.
    pub(super) arcs: Vec<Arc>,
    pub(super) nodes: usize,
    pub(super) source: usize,
    /// States by level, kept to find the path of a given pattern.
    levels: Vec<Vec<State>>,
}

/// A use of the capacity, packed into one integer in mixed radix. If one use is at most another in every
/// resource, so are the integers.
type Code = u128;

const NONE: usize = usize::MAX;

/// A state: a use of the capacity before deciding on one more copy of the item of its level.
#[derive(Clone, Copy, Debug)]
struct State {
    code: Code,
    copies: u64,
    /// The state of the same level after one more copy.
    taken: usize,
    /// The state of the next level; `NONE` is the sink.
    skipped: usize,
    /// The node.
    node: usize,
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
    ) -> Result<Self, TooLarge> {
        let share = |item: &Item| {
            let shares = item.size.iter().zip(capacity);
            shares.map(|(&w, &c)| u128::from(w) * 1_000_000_000 / u128::from(c.max(1))).max()
        };
        items.sort_by_cached_key(|item| (std::cmp::Reverse(share(item)), item.row));
        let space = Space::new(capacity, &items).ok_or(TooLarge::Capacities)?;
        let mut levels = space.states(caps, budget)?;
        let labels = space.labels(&levels);
        let mut codes: Vec<Code> = labels.iter().flatten().copied().collect();
        codes.push(space.full());
        codes.sort_unstable();
        codes.dedup();
        let node = |code: Code| codes.binary_search(&code).expect("every label is a node");
        for (level, labels) in levels.iter_mut().zip(&labels) {
            for (state, &label) in level.iter_mut().zip(labels) {
                state.node = node(label);
            }
        }
        let sink = codes.len() - 1;
        let source =
            levels.first().and_then(|level| level.first()).map_or(sink, |state| state.node);
        let mut graph = Self { items, arcs: Vec::new(), nodes: codes.len(), source, levels };
        for (item, level) in graph.levels.iter().enumerate() {
            for state in level {
                if state.taken != NONE {
                    let head = level[state.taken].node;
                    graph.arcs.push(Arc { tail: state.node, head, item: Some(item) });
                }
                let head = graph.levels.get(item + 1).map_or(sink, |next| next[state.skipped].node);
                if head != state.node {
                    graph.arcs.push(Arc { tail: state.node, head, item: None });
                }
            }
        }
        graph.arcs.sort_unstable();
        graph.arcs.dedup();
        if graph.arcs.len() > caps.arcs {
            return Err(TooLarge::Arcs(graph.arcs.len()));
        }
        Ok(graph)
    }

    /// The sink.
    pub(super) fn sink(&self) -> usize {
        self.nodes - 1
    }

    /// The number of states that the graph was compressed from.
    pub(super) fn states(&self) -> usize {
        self.levels.iter().map(Vec::len).sum()
    }

    /// The weight of the heaviest path, exactly: no pattern of the host type weighs more.
    pub(super) fn heaviest(&self, weight: impl Fn(usize) -> u64) -> u128 {
        let mut best = vec![0_u128; self.nodes];
        for arc in &self.arcs {
            let gain = arc.item.map_or(0, |item| u128::from(weight(self.items[item].row)));
            best[arc.head] = best[arc.head].max(best[arc.tail] + gain);
        }
        best[self.sink()]
    }

    /// The arcs of the path that holds the given number of each item; `None` if the pattern does not fit.
    pub(super) fn path(&self, counts: &[u64]) -> Option<Vec<usize>> {
        let mut path = Vec::new();
        let mut at = 0;
        for (item, level) in self.levels.iter().enumerate() {
            let mut push = |tail: usize, head: usize, item: Option<usize>| {
                if tail != head {
                    path.push(self.arcs.binary_search(&Arc { tail, head, item }).ok()?);
                }
                Some(())
            };
            for _ in 0..counts[item] {
                let state = level[at];
                let next = level.get(state.taken)?;
                push(state.node, next.node, Some(item))?;
                at = state.taken;
            }
            let state = level[at];
            let head = match self.levels.get(item + 1) {
                Some(next) => next[state.skipped].node,
                None => self.sink(),
            };
            push(state.node, head, None)?;
            at = state.skipped;
        }
        Some(path)
    }
}

/// The space of capacity uses, with what the rows still to come can fill.
struct Space<'a> {
    items: &'a [Item],
    capacity: Vec<u64>,
    /// Sizes in reduced units, items x resources.
    sizes: Vec<Vec<u64>>,
    /// Place values of the mixed radix.
    places: Vec<Code>,
    /// Sizes as codes.
    steps: Vec<Code>,
    /// `fill[i][k][c]`: the greatest use of resource `k` within `c` by the items from `i` on; empty where
    /// the table would be too large, which only costs compression.
    fill: Vec<Vec<Vec<u32>>>,
}

/// The greatest number of entries of the tables of fills.
const FILL_ENTRIES: u128 = 40_000_000;

impl<'a> Space<'a> {
    /// `None` if a use does not fit a code.
    fn new(capacity: &[u64], items: &'a [Item]) -> Option<Self> {
        // Units in which all sizes are whole; capacity beyond the last whole unit is of no use.
        let units: Vec<u64> = (0..capacity.len())
            .map(|k| items.iter().fold(0, |unit, item| gcd(unit, item.size[k])).max(1))
            .collect();
        let reduced = |amounts: &[u64]| -> Vec<u64> {
            amounts.iter().zip(&units).map(|(amount, unit)| amount / unit).collect()
        };
        let capacity = reduced(capacity);
        let sizes: Vec<Vec<u64>> = items.iter().map(|item| reduced(&item.size)).collect();
        let mut places = vec![1; capacity.len()];
        let mut place: Code = 1;
        for (k, &c) in capacity.iter().enumerate().rev() {
            places[k] = place;
            place = place.checked_mul(u128::from(c) + 1).filter(|&place| place < 1 << 127)?;
        }
        let code = |amounts: &[u64]| -> Code {
            amounts.iter().zip(&places).map(|(&amount, place)| Code::from(amount) * place).sum()
        };
        let steps = sizes.iter().map(|size| code(size)).collect();
        let mut space = Self { items, capacity, sizes, places, steps, fill: Vec::new() };
        space.fill = space.fills();
        Some(space)
    }

    fn fills(&self) -> Vec<Vec<Vec<u32>>> {
        let levels = self.items.len() as u128 + 1;
        let tables = self.capacity.iter().enumerate().map(|(k, &capacity)| {
            let entries = (u128::from(capacity) + 1) * levels;
            if entries > FILL_ENTRIES / self.capacity.len() as u128 {
                return vec![Vec::new(); self.items.len() + 1];
            }
            let mut reachable = vec![false; capacity as usize + 1];
            reachable[0] = true;
            let mut tables = vec![below(&reachable)];
            for (item, size) in self.items.iter().zip(&self.sizes).rev() {
                add_copies(&mut reachable, size[k] as usize, item.copies);
                tables.push(below(&reachable));
            }
            tables.reverse();
            tables
        });
        let by_resource: Vec<Vec<Vec<u32>>> = tables.collect();
        (0..=self.items.len())
            .map(|i| by_resource.iter().map(|tables| tables[i].clone()).collect())
            .collect()
    }

    fn full(&self) -> Code {
        self.encode(&self.capacity)
    }

    fn encode(&self, amounts: &[u64]) -> Code {
        amounts.iter().zip(&self.places).map(|(&amount, place)| Code::from(amount) * place).sum()
    }

    fn decode(&self, mut code: Code, amounts: &mut [u64]) {
        for (amount, place) in amounts.iter_mut().zip(&self.places) {
            *amount = (code / place) as u64;
            code %= place;
        }
    }

    /// Lifts a use before the items from `level` on.
    fn lift(&self, level: usize, used: &mut [u64]) {
        for (k, used) in used.iter_mut().enumerate() {
            let left = self.capacity[k] - *used;
            if let Some(&fill) = self.fill[level][k].get(left as usize) {
                *used = self.capacity[k] - u64::from(fill);
            }
        }
    }

    /// All states by level, the first one the empty host.
    fn states(&self, caps: Caps, budget: &Budget) -> Result<Vec<Vec<State>>, TooLarge> {
        let d = self.capacity.len();
        let mut used = vec![0; d];
        let mut levels = Vec::with_capacity(self.items.len());
        self.lift(0, &mut used);
        let mut entering = vec![self.encode(&used)];
        let mut total = 0;
        for (i, (item, size)) in self.items.iter().zip(&self.sizes).enumerate() {
            if budget.exhausted() {
                return Err(TooLarge::Budget);
            }
            let start = |&code: &Code| State {
                code,
                copies: item.copies,
                taken: NONE,
                skipped: NONE,
                node: NONE,
            };
            let mut states: Vec<State> = entering.iter().map(start).collect();
            let mut known: HashMap<(u64, Code), usize> = HashMap::new();
            let mut next: Vec<Code> = Vec::new();
            let mut next_index: HashMap<Code, usize> = HashMap::new();
            let mut at = 0;
            // States with more copies left come before those with fewer.
            while at < states.len() {
                let state = states[at];
                self.decode(state.code, &mut used);
                let fits = used.iter().zip(size).zip(&self.capacity).all(|((u, w), c)| u + w <= *c);
                if state.copies > 0 && fits {
                    let (code, copies) = (state.code + self.steps[i], state.copies - 1);
                    states[at].taken = *known.entry((copies, code)).or_insert_with(|| {
                        states.push(State { code, copies, taken: NONE, skipped: NONE, node: NONE });
                        states.len() - 1
                    });
                }
                if i + 1 < self.items.len() {
                    self.lift(i + 1, &mut used);
                    let code = self.encode(&used);
                    states[at].skipped = *next_index.entry(code).or_insert_with(|| {
                        next.push(code);
                        next.len() - 1
                    });
                }
                at += 1;
                if at.is_multiple_of(4096) && budget.exhausted() {
                    return Err(TooLarge::Budget);
                }
                if total + states.len() > caps.states {
                    return Err(TooLarge::States(total + states.len()));
                }
            }
            total += states.len();
            levels.push(states);
            entering = next;
        }
        Ok(levels)
    }

    /// For every state the greatest use from which all its continuations fit.
    fn labels(&self, levels: &[Vec<State>]) -> Vec<Vec<Code>> {
        let d = self.capacity.len();
        let (mut label, mut other) = (vec![0; d], vec![0; d]);
        let mut labels: Vec<Vec<Code>> = vec![Vec::new(); levels.len()];
        for (i, level) in levels.iter().enumerate().rev() {
            let mut of_level = vec![0; level.len()];
            for (at, state) in level.iter().enumerate().rev() {
                let skipped = labels.get(i + 1).map_or(self.full(), |next| next[state.skipped]);
                self.decode(skipped, &mut label);
                if state.taken != NONE {
                    self.decode(of_level[state.taken], &mut other);
                    for (k, label) in label.iter_mut().enumerate() {
                        *label = (*label).min(other[k] - self.sizes[i][k]);
                    }
                }
                of_level[at] = self.encode(&label);
            }
            labels[i] = of_level;
        }
        labels
    }
}

/// The greatest reachable amount at or below every amount.
fn below(reachable: &[bool]) -> Vec<u32> {
    let mut last = 0;
    let table = reachable.iter().enumerate().map(|(amount, &reached)| {
        if reached {
            last = amount as u32;
        }
        last
    });
    table.collect()
}

/// Adds up to `copies` steps to a set of reachable amounts.
fn add_copies(reachable: &mut [bool], step: usize, copies: u64) {
    if step == 0 {
        return;
    }
    // How many copies the amount needs beyond those reached before.
    let mut needed: Vec<u64> = vec![0; reachable.len()];
    for amount in step..reachable.len() {
        if !reachable[amount] && reachable[amount - step] && needed[amount - step] < copies {
            reachable[amount] = true;
            needed[amount] = needed[amount - step] + 1;
        }
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
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
        assert_eq!(graph.heaviest(|row| items[row].size[0]), 7);
        assert!(graph.nodes <= 6, "{graph:?}");
    }

    #[test]
    fn caps_are_kept() {
        let items: Vec<Item> =
            (0..12).map(|row| item(row, &[50 + 7 * (row * row) as u64], 1)).collect();
        let caps = Caps { states: 50, ..CAPS };
        let refused = Graph::new(&[1500], items.clone(), caps, &Budget::default());
        assert!(matches!(refused, Err(TooLarge::States(_))));
        let wide = vec![item(0, &[1; 3], 1)];
        let refused = Graph::new(&[1 << 50; 3], wide, CAPS, &Budget::default());
        assert!(matches!(refused, Err(TooLarge::Capacities)));
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
            for counts in &expected {
                let by_item: Vec<u64> = graph.items.iter().map(|item| counts[item.row]).collect();
                let path = graph.path(&by_item).expect("every pattern has a path");
                let mut node = graph.source;
                for arc in path {
                    prop_assert_eq!(graph.arcs[arc].tail, node);
                    node = graph.arcs[arc].head;
                }
                prop_assert_eq!(node, graph.sink());
            }
            let weights: Vec<u64> = (0..items.len()).map(|row| 3 + row as u64).collect();
            let weigh = |counts: &Vec<u64>| counts.iter().zip(&weights).map(|(n, w)| n * w).sum::<u64>();
            let best = found.iter().map(weigh).max().expect("the empty pattern");
            prop_assert_eq!(graph.heaviest(|row| weights[row]), u128::from(best));
        }
    }
}
