//! Waiting jobs in order of arrival, searched for the first that may be started.

use super::super::job::{Amounts, Job};
use super::fits;

/// What is known of one job, or of all below a node: the least that one asks for, part by part.
#[derive(Clone, Copy)]
struct Least {
    demand: Amounts,
    estimate: u64,
}

/// A place without a job.
const NOBODY: Least = Least { demand: [u64::MAX; 2], estimate: u64::MAX };

impl Least {
    fn with(self, other: Self) -> Self {
        let least = |k: usize| self.demand[k].min(other.demand[k]);
        Self { demand: [least(0), least(1)], estimate: self.estimate.min(other.estimate) }
    }
}

/// A tree of minima over the queue. Jobs come in at the end; the places of those that left are given up whenever the
/// end is reached.
pub(super) struct Waiting {
    /// Jobs by place.
    places: Vec<u32>,
    /// The place of every job.
    place: Vec<u32>,
    /// Minima: the root at 1, children of `i` at `2 i` and `2 i + 1`, leaves in the order of places.
    tree: Vec<Least>,
    /// The first place that may hold a job.
    first: usize,
}

/// The fewest places.
const FEWEST: usize = 16;

impl Waiting {
    /// A queue for jobs of numbers below that.
    pub(super) fn new(jobs: usize) -> Self {
        Self { places: Vec::new(), place: vec![0; jobs], tree: vec![NOBODY; 2 * FEWEST], first: 0 }
    }

    fn leaves(&self) -> usize {
        self.tree.len() / 2
    }

    fn taken(&self, place: usize) -> bool {
        self.tree[self.leaves() + place].estimate != u64::MAX
    }

    /// The job that came first, if there is one.
    pub(super) fn first(&mut self) -> Option<u32> {
        while self.first < self.places.len() {
            if self.taken(self.first) {
                return Some(self.places[self.first]);
            }
            self.first += 1;
        }
        None
    }

    /// A job comes in.
    pub(super) fn push(&mut self, number: u32, job: &Job) {
        if self.places.len() == self.leaves() {
            self.compact();
        }
        let place = self.places.len();
        self.places.push(number);
        self.place[number as usize] = place as u32;
        self.set(place, Least { demand: job.demand, estimate: job.estimate });
    }

    /// A job goes out.
    pub(super) fn remove(&mut self, number: u32) {
        self.set(self.place[number as usize] as usize, NOBODY);
    }

    fn set(&mut self, place: usize, least: Least) {
        let mut node = self.leaves() + place;
        self.tree[node] = least;
        while node > 1 {
            node /= 2;
            self.tree[node] = self.tree[2 * node].with(self.tree[2 * node + 1]);
        }
    }

    /// Gives up the places of those that left; there are at least as many free places as jobs afterwards.
    fn compact(&mut self) {
        let old = self.leaves();
        let kept: Vec<usize> = (0..self.places.len()).filter(|&place| self.taken(place)).collect();
        let leaves = (2 * kept.len()).next_power_of_two().max(FEWEST);
        let mut tree = vec![NOBODY; 2 * leaves];
        for (place, &was) in kept.iter().enumerate() {
            tree[leaves + place] = self.tree[old + was];
            self.places[place] = self.places[was];
            self.place[self.places[place] as usize] = place as u32;
        }
        for node in (1..leaves).rev() {
            tree[node] = tree[2 * node].with(tree[2 * node + 1]);
        }
        self.places.truncate(kept.len());
        (self.tree, self.first) = (tree, 0);
    }

    /// The first job that fits into `free`, and either is said to end within `window` or fits into `extra`.
    pub(super) fn find(&self, free: &Amounts, window: u64, extra: &Amounts) -> Option<u32> {
        let admits = |node: usize| {
            let Least { demand, estimate } = self.tree[node];
            fits(&demand, free) && (estimate <= window || fits(&demand, extra))
        };
        // Depth first, left before right; the path back up is in the number of the node.
        let mut node = 1;
        loop {
            if admits(node) {
                if node >= self.leaves() {
                    return Some(self.places[node - self.leaves()]);
                }
                node *= 2;
                continue;
            }
            while node % 2 == 1 {
                node /= 2;
                if node == 0 {
                    return None;
                }
            }
            node += 1;
        }
    }
}
