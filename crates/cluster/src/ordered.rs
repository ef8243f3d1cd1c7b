//! Best fit, worst fit and dot product by a search tree over the hosts in the order of a measure.

use crate::Index;
use crate::extents::{Classes, Wanted};
use crate::tree::Tree;

/// Finds the first host that a VM fits in the order of an integer key of what hosts have free, the lowest index
/// of equals: best fit for a measure of the free capacities, worst fit for its complement.
///
/// A B-tree over `(key, host)` holds, beside every child, componentwise maxima and classes of what is free below
/// it. A query goes through it in order, and past every child that cannot hold the VM. An update takes
/// `O(d log n)`; a query `O(d log n)` on one resource (there the hosts that fit are a suffix), and up to `O(d n)` on
/// several, where hosts of one key may all lack one resource or another: the classes make it rare that a child
/// is entered in vain.
#[derive(Clone, Debug)]
pub struct FirstByKey<K> {
    key: K,
    classes: Classes,
    tree: Tree,
}

impl<K: Fn(&[u64]) -> u128> FirstByKey<K> {
    /// No host yet; `largest` is the most that a host has of each resource, which only decides how well queries
    /// are pruned. The key depends on nothing but its argument.
    pub fn new(largest: &[u64], key: K) -> Self {
        Self { key, classes: Classes::new(largest), tree: Tree::new(largest.len()) }
    }
}

impl<K: Fn(&[u64]) -> u128> Index for FirstByKey<K> {
    fn insert(&mut self, host: usize, free: &[u64]) {
        self.tree.insert((self.key)(free), host, free, self.classes.of(free));
    }

    fn update(&mut self, host: usize, before: &[u64], after: &[u64]) {
        self.remove(host, before);
        self.insert(host, after);
    }

    fn remove(&mut self, host: usize, free: &[u64]) {
        self.tree.remove((self.key)(free), host);
    }

    fn find(&self, demand: &[u64], admit: &mut dyn FnMut(usize) -> bool) -> Option<usize> {
        let wanted = Wanted { demand, classes: self.classes.covering(demand) };
        self.tree.first(wanted, admit)
    }
}

/// Finds the host with the greatest score of what it has free for a demand, the lowest index of equals, among
/// those that the VM fits: dot product, and whatever else grows with every free capacity.
///
/// The tree of [`FirstByKey`], most free first by the measure; a query goes through it by branch and bound, with the
/// score of a child's maxima as its bound. Updates take `O(d log n)`, queries `O(d n)` in the worst case; hosts of
/// like measure lie together, so that few children are entered where the score goes along with the measure.
#[derive(Clone, Debug)]
pub struct GreatestScore<M, S> {
    measure: M,
    score: S,
    classes: Classes,
    tree: Tree,
}

impl<M, S> GreatestScore<M, S>
where
    M: Fn(&[u64]) -> u128,
    S: Fn(&[u64], &[u64]) -> u128,
{
    /// No host yet. `score(demand, free)` must not fall when an entry of `free` grows; the measure, which is any,
    /// and `largest`, the most that a host has of each resource, only decide how well queries are pruned.
    pub fn new(largest: &[u64], measure: M, score: S) -> Self {
        Self { measure, score, classes: Classes::new(largest), tree: Tree::new(largest.len()) }
    }
}

impl<M, S> Index for GreatestScore<M, S>
where
    M: Fn(&[u64]) -> u128,
    S: Fn(&[u64], &[u64]) -> u128,
{
    fn insert(&mut self, host: usize, free: &[u64]) {
        self.tree.insert(!(self.measure)(free), host, free, self.classes.of(free));
    }

    fn update(&mut self, host: usize, before: &[u64], after: &[u64]) {
        self.remove(host, before);
        self.insert(host, after);
    }

    fn remove(&mut self, host: usize, free: &[u64]) {
        self.tree.remove(!(self.measure)(free), host);
    }

    fn find(&self, demand: &[u64], admit: &mut dyn FnMut(usize) -> bool) -> Option<usize> {
        let wanted = Wanted { demand, classes: self.classes.covering(demand) };
        self.tree.greatest(wanted, &|free| (self.score)(demand, free), admit)
    }
}
