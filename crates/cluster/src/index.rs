//! The rules: first fit, best and worst fit, dot product.

use std::cmp::Reverse;

use crate::curve::Curve;
use crate::tree::{Entry, Tree};

/// Knows what every open host has free, and which of those that a VM fits a rule prefers.
///
/// All rules share one structure. A B-tree holds the hosts along a space-filling curve through the free
/// capacities, so that a node is a small box in that space, with componentwise maxima, least cost and lowest index
/// of the hosts in it. A query is branch and bound: nodes whose maxima do not cover the demand, or that hold nothing
/// better than what was found, are passed by, and the most promising child is entered first. Nodes whose whole box
/// covers the demand are decided by their bound alone, so what is searched is the border of the covering
/// region: about `n^(1 - 1/d)` nodes for `n` hosts at most, `log n` on one resource, and far less where the
/// answer is found early. In an order by index or by measure alone it could be all of them, as soon as hosts that
/// lack different resources lie side by side. An update takes `O(d log n)`.
pub trait Index {
    /// A host opens, with marks.
    fn insert(&mut self, host: usize, free: &[u64], marks: u64);

    /// What an open host with marks has free changes from `before` to `after`.
    fn update(&mut self, host: usize, before: &[u64], after: &[u64], marks: u64) {
        self.remove(host, before, marks);
        self.insert(host, after, marks);
    }

    /// An open host that has `free` free and carries these marks closes.
    fn remove(&mut self, host: usize, free: &[u64], marks: u64);

    /// An open host that has `free` free carries these marks from now on, and no others.
    fn mark(&mut self, host: usize, free: &[u64], marks: u64);

    /// The preferred one of the hosts that cover the demand, carry no mark of `avoid` and are admitted. `admit` is
    /// asked only of hosts that cover it without such marks, and that are better than the best one admitted so far.
    fn find(
        &self,
        demand: &[u64],
        avoid: u64,
        admit: &mut dyn FnMut(usize) -> bool,
    ) -> Option<usize>;
}

/// Hosts along the curve, with a cost each.
#[derive(Clone, Debug)]
struct Hosts<C> {
    curve: Curve,
    tree: Tree<C>,
}

impl<C: Copy + Ord + Default> Hosts<C> {
    fn new(largest: &[u64]) -> Self {
        Self { curve: Curve::new(largest), tree: Tree::new(largest.len()) }
    }

    fn entry<'a>(&self, host: usize, free: &'a [u64], marks: u64, cost: C) -> Entry<'a, C> {
        let host = u32::try_from(host).expect("fewer than 2^32 hosts");
        Entry { place: self.curve.place(free), host, cost, marks, free }
    }

    fn insert(&mut self, host: usize, free: &[u64], marks: u64, cost: C) {
        self.tree.insert(self.entry(host, free, marks, cost));
    }

    fn remove(&mut self, host: usize, free: &[u64], marks: u64, cost: C) {
        self.tree.remove(self.entry(host, free, marks, cost));
    }

    fn mark(&mut self, host: usize, free: &[u64], marks: u64) {
        // Found by its place alone.
        self.tree.mark(self.entry(host, free, marks, C::default()));
    }
}

/// First fit: the first host, by index, that a VM fits.
#[derive(Clone, Debug)]
pub struct FirstFit(Hosts<()>);

impl FirstFit {
    /// No host yet; `largest` is the most that a host has of each resource, which only decides how well queries
    /// are pruned.
    pub fn new(largest: &[u64]) -> Self {
        Self(Hosts::new(largest))
    }
}

impl Index for FirstFit {
    fn insert(&mut self, host: usize, free: &[u64], marks: u64) {
        self.0.insert(host, free, marks, ());
    }

    fn remove(&mut self, host: usize, free: &[u64], marks: u64) {
        self.0.remove(host, free, marks, ());
    }

    fn mark(&mut self, host: usize, free: &[u64], marks: u64) {
        self.0.mark(host, free, marks);
    }

    fn find(
        &self,
        demand: &[u64],
        avoid: u64,
        admit: &mut dyn FnMut(usize) -> bool,
    ) -> Option<usize> {
        self.0.tree.least((demand, avoid), |(), _| (), admit)
    }
}

/// Best fit and worst fit: of the hosts that a VM fits the one whose free capacities cost least by some measure,
/// the lowest index of equals. The complement of a measure makes worst fit of best fit.
#[derive(Clone, Debug)]
pub struct LeastCost<F> {
    cost: F,
    hosts: Hosts<u128>,
}

impl<F: Fn(&[u64]) -> u128> LeastCost<F> {
    /// No host yet, see [`FirstFit::new`]. The cost is any function of nothing but its argument.
    pub fn new(largest: &[u64], cost: F) -> Self {
        Self { cost, hosts: Hosts::new(largest) }
    }
}

impl<F: Fn(&[u64]) -> u128> Index for LeastCost<F> {
    fn insert(&mut self, host: usize, free: &[u64], marks: u64) {
        self.hosts.insert(host, free, marks, (self.cost)(free));
    }

    fn remove(&mut self, host: usize, free: &[u64], marks: u64) {
        self.hosts.remove(host, free, marks, (self.cost)(free));
    }

    fn mark(&mut self, host: usize, free: &[u64], marks: u64) {
        self.hosts.mark(host, free, marks);
    }

    fn find(
        &self,
        demand: &[u64],
        avoid: u64,
        admit: &mut dyn FnMut(usize) -> bool,
    ) -> Option<usize> {
        self.hosts.tree.least((demand, avoid), |cost, _| cost, admit)
    }
}

/// Dot product, and whatever else grows with every free capacity: of the hosts that a VM fits the one with the
/// greatest `score(demand, free)`, the lowest index of equals.
#[derive(Clone, Debug)]
pub struct GreatestScore<S> {
    score: S,
    hosts: Hosts<()>,
}

impl<S: Fn(&[u64], &[u64]) -> u128> GreatestScore<S> {
    /// No host yet, see [`FirstFit::new`]. The score must not fall when an entry of `free` grows.
    pub fn new(largest: &[u64], score: S) -> Self {
        Self { score, hosts: Hosts::new(largest) }
    }
}

impl<S: Fn(&[u64], &[u64]) -> u128> Index for GreatestScore<S> {
    fn insert(&mut self, host: usize, free: &[u64], marks: u64) {
        self.hosts.insert(host, free, marks, ());
    }

    fn remove(&mut self, host: usize, free: &[u64], marks: u64) {
        self.hosts.remove(host, free, marks, ());
    }

    fn mark(&mut self, host: usize, free: &[u64], marks: u64) {
        self.hosts.mark(host, free, marks);
    }

    fn find(
        &self,
        demand: &[u64],
        avoid: u64,
        admit: &mut dyn FnMut(usize) -> bool,
    ) -> Option<usize> {
        self.hosts.tree.least(
            (demand, avoid),
            |(), free| Reverse((self.score)(demand, free)),
            admit,
        )
    }
}
