//! What many hosts have free at most: what a tree knows of the hosts below a node.

/// Free capacities are told apart by so many powers of two, beginning with that of the largest host.
const OCTAVES: usize = 8;

/// Sorts vectors of free capacities into at most 64 *classes*, so that a set of classes is one word.
///
/// Every resource has a few levels (eight on one or two resources, four on three, two on four to six; further
/// ones are not looked at). A vector that covers a demand has at least the levels of the demand, so hosts of
/// all other classes are no candidates, and a node that has only such hosts below it is passed by with one
/// operation. The componentwise maxima of a node alone cannot tell hosts without memory beside hosts without
/// processors from one host with both.
#[derive(Clone, Debug)]
pub(crate) struct Classes {
    /// Per resource that is looked at: the number of bits of the largest capacity.
    bits: Vec<u32>,
    /// Levels per resource.
    levels: usize,
}

impl Classes {
    /// Classes for hosts with up to `largest` of each resource; more is allowed, and counts as so much.
    pub(crate) fn new(largest: &[u64]) -> Self {
        let levels = match largest.len() {
            0..=2 => OCTAVES,
            3 => 4,
            _ => 2,
        };
        let bits = largest.iter().take(6).map(|&most| u64::BITS - most.leading_zeros());
        Self { bits: bits.collect(), levels }
    }

    /// The level of an amount; monotone.
    fn level(&self, k: usize, amount: u64) -> usize {
        let bits = (u64::BITS - amount.leading_zeros()).min(self.bits[k]);
        let octave = (bits as usize + OCTAVES - 1).saturating_sub(self.bits[k] as usize);
        octave * self.levels / OCTAVES
    }

    /// The set of the one class of a vector.
    pub(crate) fn of(&self, free: &[u64]) -> u64 {
        let mut class = 0;
        for (k, &amount) in free.iter().enumerate().take(self.bits.len()) {
            class = class * self.levels + self.level(k, amount);
        }
        1 << class
    }

    /// The classes of all vectors that may cover a demand.
    pub(crate) fn covering(&self, demand: &[u64]) -> u64 {
        let mut classes = 1_u64;
        let mut width = 1;
        for (k, &amount) in demand.iter().enumerate().take(self.bits.len()).rev() {
            let least = self.level(k, amount);
            let mut wider = 0;
            for level in least..self.levels {
                wider |= classes << (level * width);
            }
            classes = wider;
            width *= self.levels;
        }
        classes
    }
}

/// What a query looks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    /// The demand to cover.
    pub(crate) demand: &'a [u64],
    /// The classes that may cover it.
    pub(crate) classes: u64,
}

/// One row per host or group of hosts: the greatest free capacity of each resource, and the classes that occur.
/// A row without classes stands for nothing, and takes nothing.
#[derive(Clone, Debug)]
pub(crate) struct Extents {
    dimensions: usize,
    greatest: Vec<u64>,
    classes: Vec<u64>,
}

impl Extents {
    pub(crate) fn new(dimensions: usize) -> Self {
        Self { dimensions, greatest: Vec::new(), classes: Vec::new() }
    }

    /// The number of rows.
    pub(crate) fn len(&self) -> usize {
        self.classes.len()
    }

    pub(crate) fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Adds rows that stand for nothing.
    pub(crate) fn grow(&mut self, rows: usize) {
        self.classes.resize(self.classes.len() + rows, 0);
        self.greatest.resize(self.classes.len() * self.dimensions, 0);
    }

    /// The greatest free capacities.
    pub(crate) fn greatest(&self, row: usize) -> &[u64] {
        &self.greatest[row * self.dimensions..(row + 1) * self.dimensions]
    }

    /// Replaces a row.
    pub(crate) fn set(&mut self, row: usize, free: &[u64], classes: u64) {
        self.greatest[row * self.dimensions..(row + 1) * self.dimensions].copy_from_slice(free);
        self.classes[row] = classes;
    }

    /// Makes a row stand for nothing.
    pub(crate) fn clear(&mut self, row: usize) {
        self.greatest[row * self.dimensions..(row + 1) * self.dimensions].fill(0);
        self.classes[row] = 0;
    }

    /// Makes a row stand for one more host.
    pub(crate) fn widen(&mut self, row: usize, free: &[u64], classes: u64) {
        let greatest = &mut self.greatest[row * self.dimensions..(row + 1) * self.dimensions];
        greatest.iter_mut().zip(free).for_each(|(most, &free)| *most = (*most).max(free));
        self.classes[row] |= classes;
    }

    /// Whether what the row stands for may cover the demand; exact for one host.
    pub(crate) fn may_cover(&self, row: usize, wanted: Wanted) -> bool {
        self.classes[row] & wanted.classes != 0 && covers(self.greatest(row), wanted.demand)
    }

    /// Makes a row stand for all of the `rows` of another table; whether that changes it.
    pub(crate) fn join(&mut self, row: usize, below: &Self, rows: std::ops::Range<usize>) -> bool {
        let mut changed = self.replace_classes(row, &below.classes[rows.clone()]);
        for k in 0..self.dimensions {
            let mut most = 0;
            for of in rows.clone() {
                most = most.max(below.greatest[of * self.dimensions + k]);
            }
            let greatest = &mut self.greatest[row * self.dimensions + k];
            changed |= *greatest != most;
            *greatest = most;
        }
        changed
    }

    /// The same within the table.
    pub(crate) fn join_within(&mut self, row: usize, rows: std::ops::Range<usize>) {
        self.classes[row] = self.classes[rows.clone()].iter().fold(0, |all, classes| all | classes);
        for k in 0..self.dimensions {
            let mut most = 0;
            for of in rows.clone() {
                most = most.max(self.greatest[of * self.dimensions + k]);
            }
            self.greatest[row * self.dimensions + k] = most;
        }
    }

    /// Moves rows; they may overlap.
    pub(crate) fn shift(&mut self, rows: std::ops::Range<usize>, to: usize) {
        let d = self.dimensions;
        self.greatest.copy_within(rows.start * d..rows.end * d, to * d);
        self.classes.copy_within(rows, to);
    }

    fn replace_classes(&mut self, row: usize, below: &[u64]) -> bool {
        let all = below.iter().fold(0, |all, classes| all | classes);
        std::mem::replace(&mut self.classes[row], all) != all
    }
}

/// Whether every entry of `free` is at least that of `demand`.
pub fn covers(free: &[u64], demand: &[u64]) -> bool {
    free.iter().zip(demand).all(|(free, demand)| free >= demand)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// No class is left out that covers the demand, and the classes of tiny vectors are.
        #[test]
        fn a_covering_vector_has_a_covering_class(
            pairs in prop::collection::vec((0_u64..=1000, 0_u64..=1000), 1..=8),
        ) {
            let free: Vec<u64> = pairs.iter().map(|p| p.0).collect();
            let demand: Vec<u64> = pairs.iter().map(|p| p.1).collect();
            let classes = Classes::new(&vec![1000; free.len()]);
            let candidate = classes.of(&free) & classes.covering(&demand) != 0;
            prop_assert!(candidate || !covers(&free, &demand));
            prop_assert_eq!(classes.of(&free).count_ones(), 1);
            let nothing = classes.of(&vec![0; free.len()]);
            prop_assert_eq!(nothing & classes.covering(&vec![1000; free.len()]), 0);
        }
    }

    #[test]
    fn hosts_that_lack_different_resources_are_told_from_one_that_lacks_none() {
        let classes = Classes::new(&[64, 256]);
        let both = classes.of(&[0, 256]) | classes.of(&[64, 0]);
        assert_eq!(both & classes.covering(&[4, 16]), 0);
        assert_ne!(classes.of(&[4, 16]) & classes.covering(&[4, 16]), 0);
    }
}
