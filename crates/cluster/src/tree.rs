//! A B-tree of hosts by key, with what lies below every child.

use crate::extents::{Extents, Wanted};

/// Entries of a node. A node that has so many splits.
const WIDTH: usize = 32;

/// A node with fewer entries than this looks whether it can be joined with the next one.
const FEW: usize = WIDTH / 4;

/// Hosts in increasing order of `(key, host)`.
///
/// All nodes share arrays, `WIDTH` slots each. A slot of a leaf is a host: its key, its free capacities, its
/// class. A slot of an inner node is a child: the first key, the maxima and classes of all hosts below it, and the
/// lowest of their indices. Memory is linear in hosts: nodes but the last of a row of siblings are at least a
/// quarter full, up to neighbours that are too full to be joined.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    /// The number of levels above the leaves.
    height: usize,
    root: usize,
    /// Entries in use per node.
    lengths: Vec<usize>,
    /// Nodes not in use.
    vacant: Vec<usize>,
    keys: Vec<u128>,
    /// The host that goes with the key.
    hosts: Vec<u32>,
    /// The node of a child; of no meaning in a leaf.
    children: Vec<u32>,
    /// The lowest index of a host.
    lowest: Vec<u32>,
    extents: Extents,
}

/// A host on its way into the tree.
struct Entry<'a> {
    key: u128,
    host: u32,
    free: &'a [u64],
    classes: u64,
}

impl Tree {
    pub(crate) fn new(dimensions: usize) -> Self {
        let mut tree = Self {
            height: 0,
            root: 0,
            lengths: Vec::new(),
            vacant: Vec::new(),
            keys: Vec::new(),
            hosts: Vec::new(),
            children: Vec::new(),
            lowest: Vec::new(),
            extents: Extents::new(dimensions),
        };
        tree.root = tree.node();
        tree
    }

    /// Adds a host that is not in the tree.
    pub(crate) fn insert(&mut self, key: u128, host: usize, free: &[u64], classes: u64) {
        let host = u32::try_from(host).expect("fewer than 2^32 hosts");
        let entry = Entry { key, host, free, classes };
        let root = self.root;
        if let Some(second) = self.insert_below(root, self.height, &entry) {
            self.root = self.node();
            self.height += 1;
            self.lengths[self.root] = 2;
            self.describe(self.root * WIDTH, root);
            self.describe(self.root * WIDTH + 1, second);
        }
    }

    /// Takes out a host that is in the tree with this key.
    pub(crate) fn remove(&mut self, key: u128, host: usize) {
        self.remove_below(self.root, self.height, key, host as u32);
        while self.height > 0 && self.lengths[self.root] == 1 {
            self.vacant.push(self.root);
            self.root = self.children[self.root * WIDTH] as usize;
            self.height -= 1;
        }
    }

    /// The first host that covers the demand and is admitted.
    pub(crate) fn first(
        &self,
        wanted: Wanted,
        admit: &mut dyn FnMut(usize) -> bool,
    ) -> Option<usize> {
        self.first_below(self.root, self.height, wanted, admit)
    }

    fn first_below(
        &self,
        node: usize,
        height: usize,
        wanted: Wanted,
        admit: &mut dyn FnMut(usize) -> bool,
    ) -> Option<usize> {
        for slot in self.slots(node) {
            if !self.extents.may_cover(slot, wanted) {
                continue;
            }
            if height == 0 {
                let host = self.hosts[slot] as usize;
                if admit(host) {
                    return Some(host);
                }
                continue;
            }
            let child = self.children[slot] as usize;
            let found = self.first_below(child, height - 1, wanted, admit);
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// The host of the greatest score, the lowest index of equals, that covers the demand and is admitted. The
    /// score must not fall when an entry of its argument grows.
    pub(crate) fn greatest(
        &self,
        wanted: Wanted,
        score: &dyn Fn(&[u64]) -> u128,
        admit: &mut dyn FnMut(usize) -> bool,
    ) -> Option<usize> {
        let mut best = None;
        self.greatest_below(self.root, self.height, wanted, score, admit, &mut best);
        best.map(|(_, host)| host as usize)
    }

    fn greatest_below(
        &self,
        node: usize,
        height: usize,
        wanted: Wanted,
        score: &dyn Fn(&[u64]) -> u128,
        admit: &mut dyn FnMut(usize) -> bool,
        best: &mut Option<(u128, u32)>,
    ) {
        for slot in self.slots(node) {
            if !self.extents.may_cover(slot, wanted) {
                continue;
            }
            let reach = score(self.extents.greatest(slot));
            let lowest = self.lowest[slot];
            if best.is_some_and(|(most, host)| reach < most || (reach == most && lowest > host)) {
                continue;
            }
            if height > 0 {
                let child = self.children[slot] as usize;
                self.greatest_below(child, height - 1, wanted, score, admit, best);
            } else if admit(lowest as usize) {
                *best = Some((reach, lowest));
            }
        }
    }

    fn slots(&self, node: usize) -> std::ops::Range<usize> {
        node * WIDTH..node * WIDTH + self.lengths[node]
    }

    /// An empty node.
    fn node(&mut self) -> usize {
        if let Some(node) = self.vacant.pop() {
            self.lengths[node] = 0;
            return node;
        }
        let node = self.lengths.len();
        self.lengths.push(0);
        let slots = (node + 1) * WIDTH;
        self.keys.resize(slots, 0);
        self.hosts.resize(slots, 0);
        self.children.resize(slots, 0);
        self.lowest.resize(slots, 0);
        self.extents.grow(WIDTH);
        node
    }

    /// The number of entries of a node that are at most `(key, host)`.
    fn rank(&self, node: usize, key: u128, host: u32) -> usize {
        let slots = self.slots(node);
        let (keys, hosts) = (&self.keys[slots.clone()], &self.hosts[slots]);
        let equal = keys.partition_point(|&of| of < key);
        let mut rank = equal;
        while rank < keys.len() && keys[rank] == key && hosts[rank] <= host {
            rank += 1;
        }
        rank
    }

    /// The child below which `(key, host)` belongs.
    fn child_for(&self, node: usize, key: u128, host: u32) -> usize {
        node * WIDTH + self.rank(node, key, host).saturating_sub(1)
    }

    /// Inserts below a node, which has room; the second half if the node had to be split then.
    fn insert_below(&mut self, node: usize, height: usize, entry: &Entry) -> Option<usize> {
        if height == 0 {
            let slot = node * WIDTH + self.rank(node, entry.key, entry.host);
            self.make_room(node, slot);
            self.keys[slot] = entry.key;
            self.hosts[slot] = entry.host;
            self.lowest[slot] = entry.host;
            self.extents.set(slot, entry.free, entry.classes);
        } else {
            let slot = self.child_for(node, entry.key, entry.host);
            let child = self.children[slot] as usize;
            if let Some(second) = self.insert_below(child, height - 1, entry) {
                self.describe(slot, child);
                self.make_room(node, slot + 1);
                self.describe(slot + 1, second);
            } else {
                let first = child * WIDTH;
                (self.keys[slot], self.hosts[slot]) = (self.keys[first], self.hosts[first]);
                self.lowest[slot] = self.lowest[slot].min(entry.host);
                self.extents.widen(slot, entry.free, entry.classes);
            }
        }
        (self.lengths[node] == WIDTH).then(|| self.split(node))
    }

    fn remove_below(&mut self, node: usize, height: usize, key: u128, host: u32) {
        let slot = self.child_for(node, key, host);
        if height == 0 {
            debug_assert_eq!((self.keys[slot], self.hosts[slot]), (key, host), "in the tree");
            self.close_gap(node, slot);
            return;
        }
        let child = self.children[slot] as usize;
        self.remove_below(child, height - 1, key, host);
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
            }
        }
        self.describe(slot, child);
    }

    /// Makes a slot speak of a child that has entries.
    fn describe(&mut self, slot: usize, child: usize) {
        let below = self.slots(child);
        self.keys[slot] = self.keys[below.start];
        self.hosts[slot] = self.hosts[below.start];
        self.children[slot] = child as u32;
        self.lowest[slot] = self.lowest[below.clone()].iter().copied().min().unwrap_or(u32::MAX);
        self.extents.join_within(slot, below);
    }

    /// Moves the second half of a node to a new one.
    fn split(&mut self, node: usize) -> usize {
        let second = self.node();
        self.move_slots(node, WIDTH / 2, second, 0);
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
        self.keys.copy_within(slots.clone(), to);
        self.hosts.copy_within(slots.clone(), to);
        self.children.copy_within(slots.clone(), to);
        self.lowest.copy_within(slots.clone(), to);
        self.extents.shift(slots, to);
    }
}
