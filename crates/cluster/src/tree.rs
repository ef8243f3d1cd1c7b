//! A B-tree of hosts along the curve, with what lies below every child.

use crate::covers;
/// Entries of a node. A node that has so many splits.
const WIDTH: usize = 16;

/// A node with fewer entries than this looks whether it can be joined with the next one.
const FEW: usize = WIDTH / 4;

/// A host on its way into the tree or out of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a, C> {
    /// Its place on the curve.
    pub(crate) place: u32,
    pub(crate) host: u32,
    pub(crate) cost: C,
    pub(crate) marks: u64,
    pub(crate) free: &'a [u64],
}

impl<C> Entry<'_, C> {
    fn key(&self) -> u64 {
        u64::from(self.place) << 32 | u64::from(self.host)
    }
}

/// Hosts in increasing order of place and index, found by branch and bound.
///
/// All nodes share arrays, `WIDTH` slots each. The slot of a leaf is a host: its key, its cost, its free
/// capacities, its marks. The slot of an inner node is a child: a lower bound of the keys below it, the least cost, the
/// lowest index and the componentwise greatest free capacities of the hosts below it, and the marks that all of them
/// carry. Memory is linear in hosts: a node
/// that gets nearly empty joins its neighbour if there is room.
#[derive(Clone, Debug)]
pub(crate) struct Tree<C> {
    dimensions: usize,
    /// The number of levels above the leaves.
    height: usize,
    root: usize,
    /// Entries in use per node.
    lengths: Vec<usize>,
    /// Nodes not in use.
    vacant: Vec<usize>,
    keys: Vec<u64>,
    costs: Vec<C>,
    lowest: Vec<u32>,
    /// Slots x resources.
    greatest: Vec<u64>,
    /// The node of a child; of no meaning in a leaf.
    children: Vec<u32>,
    marks: Vec<u64>,
    /// Marks that some host has carried.
    known_marks: u64,
}

/// What a search minimises, and over which hosts.
struct Search<'a, B, A> {
    demand: &'a [u64],
    /// Hosts that carry one of these are passed by.
    avoid: u64,
    bound: B,
    admit: A,
}

impl<C: Copy + Ord + Default> Tree<C> {
    pub(crate) fn new(dimensions: usize) -> Self {
        let mut tree = Self {
            dimensions,
            height: 0,
            root: 0,
            lengths: Vec::new(),
            vacant: Vec::new(),
            keys: Vec::new(),
            costs: Vec::new(),
            lowest: Vec::new(),
            greatest: Vec::new(),
            children: Vec::new(),
            marks: Vec::new(),
            known_marks: 0,
        };
        tree.root = tree.node();
        tree
    }

    /// Adds a host that is not in the tree.
    pub(crate) fn insert(&mut self, entry: Entry<'_, C>) {
        self.known_marks |= entry.marks;
        let root = self.root;
        if let Some(second) = self.insert_below(root, self.height, entry) {
            self.root = self.node();
            self.height += 1;
            self.lengths[self.root] = 2;
            self.describe(self.root * WIDTH, root);
            self.describe(self.root * WIDTH + 1, second);
        }
    }

    /// Takes out a host that is in the tree, given as it is there.
    pub(crate) fn remove(&mut self, entry: Entry<'_, C>) {
        self.remove_below(self.root, self.height, entry);
        while self.height > 0 && self.lengths[self.root] == 1 {
            self.vacant.push(self.root);
            self.root = self.children[self.root * WIDTH] as usize;
            self.height -= 1;
        }
    }

    /// Gives a host that is in the tree other marks.
    pub(crate) fn mark(&mut self, entry: Entry<'_, C>) {
        self.known_marks |= entry.marks;
        self.mark_below(self.root, self.height, entry.key(), entry.marks);
    }

    /// Of the hosts that cover the demand, carry no mark of `avoid` and are admitted, the one with the least `bound(cost, free)`, and the
    /// lowest index of equals. The bound must not rise when an entry of `free` grows or the cost falls: then that
    /// of a child's least cost and greatest capacities bounds those of all hosts below it.
    pub(crate) fn least<T: Copy + Ord>(
        &self,
        (demand, avoid): (&[u64], u64),
        bound: impl Fn(C, &[u64]) -> T,
        admit: &mut dyn FnMut(usize) -> bool,
    ) -> Option<usize> {
        let mut best = None;
        let mut search = Search { demand, avoid, bound, admit };
        self.least_below(self.root, self.height, &mut search, &mut best);
        best.map(|(_, host)| host as usize)
    }

    fn least_below<T: Copy + Ord, B: Fn(C, &[u64]) -> T>(
        &self,
        node: usize,
        height: usize,
        search: &mut Search<'_, B, &mut dyn FnMut(usize) -> bool>,
        best: &mut Option<(T, u32)>,
    ) {
        let slots = self.slots(node);
        let rows = &self.greatest[slots.start * self.dimensions..slots.end * self.dimensions];
        let mut candidates = covering(rows, search.demand);
        if search.avoid != 0 {
            let marks = self.marks[slots].iter().enumerate();
            let shunned =
                |set, (at, marks): (usize, &u64)| set | u32::from(marks & search.avoid != 0) << at;
            candidates &= !marks.fold(0, shunned);
        }
        // The most promising child first; hardly ever are there many.
        while candidates != 0 {
            let mut next: Option<((T, u32), usize)> = None;
            let mut rest = candidates;
            while rest != 0 {
                let at = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                let slot = node * WIDTH + at;
                let bound = (search.bound)(self.costs[slot], self.greatest(slot));
                let bound = (bound, self.lowest[slot]);
                if best.is_some_and(|best| bound >= best) {
                    candidates &= !(1 << at);
                } else if next.is_none_or(|(least, _)| bound < least) {
                    next = Some((bound, at));
                }
            }
            let Some((bound, at)) = next else { return };
            candidates &= !(1 << at);
            if height > 0 {
                let child = self.children[node * WIDTH + at] as usize;
                self.least_below(child, height - 1, search, best);
            } else if (search.admit)(bound.1 as usize) {
                // All others of the leaf are worse.
                *best = Some(bound);
                return;
            }
        }
    }

    fn slots(&self, node: usize) -> std::ops::Range<usize> {
        node * WIDTH..node * WIDTH + self.lengths[node]
    }

    fn greatest(&self, slot: usize) -> &[u64] {
        &self.greatest[slot * self.dimensions..(slot + 1) * self.dimensions]
    }

    fn greatest_mut(&mut self, slot: usize) -> &mut [u64] {
        &mut self.greatest[slot * self.dimensions..(slot + 1) * self.dimensions]
    }

    /// An empty node.
    fn node(&mut self) -> usize {
        if let Some(node) = self.vacant.pop() {
            self.lengths[node] = 0;
            return node;
        }
        self.lengths.push(0);
        let slots = self.lengths.len() * WIDTH;
        self.keys.resize(slots, 0);
        self.costs.resize(slots, C::default());
        self.lowest.resize(slots, 0);
        self.greatest.resize(slots * self.dimensions, 0);
        self.children.resize(slots, 0);
        self.marks.resize(slots, 0);
        self.lengths.len() - 1
    }

    /// The number of entries of a node whose keys are at most `key`.
    fn rank(&self, node: usize, key: u64) -> usize {
        self.keys[self.slots(node)].partition_point(|&of| of <= key)
    }

    /// The slot of the child below which a key belongs, or of the entry that has it.
    fn slot_of(&self, node: usize, key: u64) -> usize {
        node * WIDTH + self.rank(node, key).saturating_sub(1)
    }

    /// Inserts below a node, which has room; the second half if the node had to be split then.
    fn insert_below(&mut self, node: usize, height: usize, entry: Entry<'_, C>) -> Option<usize> {
        if height == 0 {
            let slot = node * WIDTH + self.rank(node, entry.key());
            self.make_room(node, slot);
            self.keys[slot] = entry.key();
            self.costs[slot] = entry.cost;
            self.lowest[slot] = entry.host;
            self.marks[slot] = entry.marks;
            self.greatest_mut(slot).copy_from_slice(entry.free);
        } else {
            let slot = self.slot_of(node, entry.key());
            let child = self.children[slot] as usize;
            if let Some(second) = self.insert_below(child, height - 1, entry) {
                self.describe(slot, child);
                self.make_room(node, slot + 1);
                self.describe(slot + 1, second);
            } else {
                self.keys[slot] = self.keys[slot].min(entry.key());
                self.costs[slot] = self.costs[slot].min(entry.cost);
                self.lowest[slot] = self.lowest[slot].min(entry.host);
                self.marks[slot] &= entry.marks;
                let greatest = self.greatest_mut(slot).iter_mut();
                greatest.zip(entry.free).for_each(|(most, &free)| *most = (*most).max(free));
            }
        }
        (self.lengths[node] == WIDTH).then(|| self.split(node))
    }

    fn remove_below(&mut self, node: usize, height: usize, entry: Entry<'_, C>) {
        let slot = self.slot_of(node, entry.key());
        if height == 0 {
            debug_assert_eq!(self.keys[slot], entry.key(), "the host is in the tree");
            self.close_gap(node, slot);
            return;
        }
        let child = self.children[slot] as usize;
        self.remove_below(child, height - 1, entry);
        if self.lengths[child] == 0 {
            self.vacant.push(child);
            self.close_gap(node, slot);
            return;
        }
        if self.lengths[child] < FEW && slot + 1 < self.slots(node).end {
            let next = self.children[slot + 1] as usize;
            if self.lengths[child] + self.lengths[next] <= WIDTH / 2 {
                self.move_slots(next, 0, child, self.lengths[child]);
                self.vacant.push(next);
                self.close_gap(node, slot + 1);
                self.describe(slot, child);
                return;
            }
        }
        // A host that is first in nothing leaves no trace above.
        if self.costs[slot] == entry.cost
            || self.lowest[slot] == entry.host
            || self.known_marks & !entry.marks & !self.marks[slot] != 0
            || self.greatest(slot).iter().zip(entry.free).any(|(most, free)| most == free)
        {
            self.describe(slot, child);
        }
    }

    fn mark_below(&mut self, node: usize, height: usize, key: u64, marks: u64) {
        let slot = self.slot_of(node, key);
        if height == 0 {
            debug_assert_eq!(self.keys[slot], key, "the host is in the tree");
            self.marks[slot] = marks;
            return;
        }
        let child = self.children[slot] as usize;
        self.mark_below(child, height - 1, key, marks);
        self.marks[slot] = self.common_marks(child);
    }

    /// The marks that all entries of a node carry.
    fn common_marks(&self, node: usize) -> u64 {
        self.marks[self.slots(node)].iter().fold(u64::MAX, |all, marks| all & marks)
    }

    /// Makes a slot speak of a child that has entries.
    fn describe(&mut self, slot: usize, child: usize) {
        let d = self.dimensions;
        let below = self.slots(child);
        self.keys[slot] = self.keys[below.start];
        self.children[slot] = child as u32;
        self.marks[slot] = if self.known_marks == 0 { 0 } else { self.common_marks(child) };
        let costs = self.costs[below.clone()].iter().copied();
        self.costs[slot] = costs.min().unwrap_or_default();
        self.lowest[slot] = self.lowest[below.clone()].iter().copied().min().unwrap_or(u32::MAX);
        for k in 0..d {
            let of = below.clone().map(|row| self.greatest[row * d + k]);
            self.greatest[slot * d + k] = of.max().unwrap_or(0);
        }
    }

    /// Moves about half of a full node to a new one: where neighbours differ in the most significant bit, that
    /// is, along the border of the greatest boxes, so that both parts are compact.
    fn split(&mut self, node: usize) -> usize {
        let keys = &self.keys[self.slots(node)];
        let step = |at: &usize| (keys[*at] ^ keys[at - 1]).leading_zeros();
        let middle = WIDTH / 2;
        let from_middle = |at: usize| (step(&at), at.abs_diff(middle));
        let first = (FEW..=WIDTH - FEW).min_by_key(|&at| from_middle(at)).unwrap_or(middle);
        let second = self.node();
        self.move_slots(node, first, second, 0);
        second
    }

    /// Moves the entries of a node from position `first` on to the end of another one.
    fn move_slots(&mut self, from: usize, first: usize, to: usize, end: usize) {
        let moved = self.lengths[from] - first;
        let start = from * WIDTH + first;
        self.shift(start..start + moved, to * WIDTH + end);
        self.lengths[from] = first;
        self.lengths[to] = end + moved;
    }

    fn make_room(&mut self, node: usize, slot: usize) {
        self.shift(slot..self.slots(node).end, slot + 1);
        self.lengths[node] += 1;
    }

    fn close_gap(&mut self, node: usize, slot: usize) {
        self.shift(slot + 1..self.slots(node).end, slot);
        self.lengths[node] -= 1;
    }

    fn shift(&mut self, slots: std::ops::Range<usize>, to: usize) {
        let d = self.dimensions;
        self.greatest.copy_within(slots.start * d..slots.end * d, to * d);
        self.keys.copy_within(slots.clone(), to);
        self.costs.copy_within(slots.clone(), to);
        self.lowest.copy_within(slots.clone(), to);
        self.marks.copy_within(slots.clone(), to);
        self.children.copy_within(slots, to);
    }
}

/// Which of the rows cover the demand, by bits. With a length known to the compiler there is no branch in it.
#[expect(clippy::needless_bitwise_bool, reason = "a lazy `and` would be a branch per resource")]
fn covering(rows: &[u64], demand: &[u64]) -> u32 {
    fn unrolled<const D: usize>(rows: &[u64], demand: &[u64]) -> u32 {
        let demand: &[u64; D] = demand.try_into().expect("the length asked for");
        let (rows, _) = rows.as_chunks::<D>();
        let covers = |row: &[u64; D]| (0..D).fold(true, |all, k| all & (row[k] >= demand[k]));
        rows.iter().enumerate().fold(0, |set, (at, row)| set | u32::from(covers(row)) << at)
    }
    match demand.len() {
        1 => unrolled::<1>(rows, demand),
        2 => unrolled::<2>(rows, demand),
        3 => unrolled::<3>(rows, demand),
        4 => unrolled::<4>(rows, demand),
        d => {
            let rows = rows.chunks_exact(d).enumerate();
            rows.fold(0, |set, (at, row)| set | u32::from(covers(row, demand)) << at)
        }
    }
}
