//! First fit by a tree over the hosts in their order.

use crate::Index;
use crate::extents::{Classes, Extents, Wanted};

/// The number of rows that one row of the next level stands for.
const FANOUT: usize = 16;

/// Finds the first host, by index, that a VM fits.
///
/// A tree of fan-out 16 over the hosts in order holds the componentwise maxima of what is free, and the classes
/// of free vectors, below every node; a query descends into the first child that may hold the VM and goes on with
/// the next where that turns out wrong. An update takes `O(d log n)`. So does a query on one resource, where
/// maxima are exact; on several, `O(d n)` in the worst case (every node mixes hosts that lack different
/// resources), which the classes make rare.
#[derive(Clone, Debug)]
pub struct FirstFit {
    classes: Classes,
    /// Hosts, then their groups, and so on; the last level has at most [`FANOUT`] rows.
    levels: Vec<Extents>,
}

impl FirstFit {
    /// No host yet; `largest` is the most that a host has of each resource, which only decides how well queries
    /// are pruned.
    pub fn new(largest: &[u64]) -> Self {
        Self { classes: Classes::new(largest), levels: vec![Extents::new(largest.len())] }
    }

    /// Tells the levels above of a change of a host.
    fn update_above(&mut self, host: usize) {
        let mut row = host;
        for level in 1..self.levels.len() {
            row /= FANOUT;
            let (below, above) = self.levels.split_at_mut(level);
            let below = &below[level - 1];
            let rows = row * FANOUT..((row + 1) * FANOUT).min(below.len());
            if !above[0].join(row, below, rows) {
                break;
            }
        }
    }

    /// Adds rows until there is one for the host, and levels until the last one is short.
    fn grow(&mut self, host: usize) {
        let mut rows = host + 1;
        let mut level = 0;
        loop {
            if level == self.levels.len() {
                let dimensions = self.levels[0].dimensions();
                self.levels.push(Extents::new(dimensions));
                let (below, above) = self.levels.split_at_mut(level);
                above[0].grow(rows);
                for row in 0..rows {
                    let end = ((row + 1) * FANOUT).min(below[level - 1].len());
                    above[0].join(row, &below[level - 1], row * FANOUT..end);
                }
            } else {
                let missing = rows.saturating_sub(self.levels[level].len());
                self.levels[level].grow(missing);
            }
            if rows <= FANOUT {
                break;
            }
            rows = rows.div_ceil(FANOUT);
            level += 1;
        }
    }

    fn search(
        &self,
        level: usize,
        rows: std::ops::Range<usize>,
        wanted: Wanted,
        admit: &mut dyn FnMut(usize) -> bool,
    ) -> Option<usize> {
        let extents = &self.levels[level];
        for row in rows {
            if !extents.may_cover(row, wanted) {
                continue;
            }
            let Some(below) = level.checked_sub(1) else {
                if admit(row) {
                    return Some(row);
                }
                continue;
            };
            let end = ((row + 1) * FANOUT).min(self.levels[below].len());
            let found = self.search(below, row * FANOUT..end, wanted, admit);
            if found.is_some() {
                return found;
            }
        }
        None
    }
}

impl Index for FirstFit {
    fn insert(&mut self, host: usize, free: &[u64]) {
        self.grow(host);
        self.levels[0].set(host, free, self.classes.of(free));
        self.update_above(host);
    }

    fn update(&mut self, host: usize, _before: &[u64], after: &[u64]) {
        self.levels[0].set(host, after, self.classes.of(after));
        self.update_above(host);
    }

    fn remove(&mut self, host: usize, _free: &[u64]) {
        self.levels[0].clear(host);
        self.update_above(host);
    }

    fn find(&self, demand: &[u64], admit: &mut dyn FnMut(usize) -> bool) -> Option<usize> {
        let wanted = Wanted { demand, classes: self.classes.covering(demand) };
        let top = self.levels.len() - 1;
        self.search(top, 0..self.levels[top].len(), wanted, admit)
    }
}
