//! How classes slow each other down.

use std::path::Path;

use crate::arrivals::format::TraceError;
use crate::arrivals::random::{Component, Stream};
use crate::operation::Vm;
use crate::square::Square;

/// The greatest entry, in thousandths.
const MOST: u64 = 1_000_000;

/// Resources of a host that nobody sets aside: cache, memory bandwidth, disk, network.
const SHARED: usize = 4;

/// Slowdown by class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// The row is slowed down by the column, in thousandths.
    table: Square,
    saturation: Option<u64>,
}

impl Matrix {
    /// A matrix whose rows are slowed down by its columns, in thousandths at full load.
    pub fn new(table: Square) -> Self {
        Self { table, saturation: None }
    }

    /// Reads a CSV file as [`Square::read`] does, with entries up to 1000000 thousandths.
    ///
    /// # Errors
    /// As [`Square::read`].
    pub fn read(path: &Path) -> Result<Self, TraceError> {
        Square::read(path, MOST).map(Self::new)
    }

    /// A matrix of so many classes that looks as measured ones do: each class presses on some of the resources that hosts
    /// share and is sensitive to some, and what one class suffers by another is the sum over them of sensitivity times
    /// pressure (Mars et al. 2011, *Bubble-Up*). Entries are below 1/3, and below 1/25 on average.
    ///
    /// # Panics
    /// If there are no classes.
    pub fn drawn(classes: usize, seed: u64) -> Self {
        let mut stream = Stream::new(Component::Interference, seed);
        // Squares: most classes care little about most resources.
        let mut profile = || -> Vec<[u64; SHARED]> {
            let mut draw = || stream.below(1001).pow(2) / 1000;
            (0..classes).map(|_| std::array::from_fn(|_| draw())).collect()
        };
        let (sensitivity, pressure) = (profile(), profile());
        let values = sensitivity.iter().flat_map(|felt| {
            let by = |put: &[u64; SHARED]| felt.iter().zip(put).map(|(f, p)| f * p).sum::<u64>();
            pressure.iter().map(move |put| by(put) / (3000 * SHARED as u64))
        });
        let names = (0..classes).map(|class| format!("class{class}")).collect();
        Self::new(Square::new(names, values.collect()))
    }

    /// Has what a VM suffers level off: a sum `s` counts as `s x most / (s + most)`, which stays below `most` millionths.
    ///
    /// # Panics
    /// If `most` is 0.
    #[must_use]
    pub fn saturating(mut self, most: u64) -> Self {
        assert!(most > 0, "something is suffered");
        self.saturation = Some(most);
        self
    }

    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.table.len()
    }

    /// The names of the classes.
    pub fn names(&self) -> &[String] {
        self.table.names()
    }

    /// Whether all VMs are of classes that there are.
    ///
    /// # Errors
    /// The first VM that is not.
    pub fn check(&self, vms: &[Vm]) -> Result<(), String> {
        let classes = self.classes();
        match vms.iter().find(|vm| vm.class as usize >= classes) {
            Some(vm) => Err(format!(
                "VM {:?} is of class {}: expected a number below {classes}",
                vm.name, vm.class
            )),
            None => Ok(()),
        }
    }

    /// What a VM of a class suffers beyond 1, in millionths, on a host with these loads by class, of which `own` is its
    /// own. Linear in the number of classes.
    pub fn added(&self, class: usize, loads: &[u64], own: u64) -> u64 {
        self.level(self.sum(class, loads, own))
    }

    /// As [`Matrix::added`], before it levels off.
    pub(super) fn sum(&self, class: usize, loads: &[u64], own: u64) -> u64 {
        let row = self.table.row(class);
        row.iter().zip(loads).map(|(entry, load)| entry * load).sum::<u64>() - row[class] * own
    }

    /// What a sum counts as.
    pub(super) fn level(&self, sum: u64) -> u64 {
        let leveled = |most: u64| {
            (u128::from(sum) * u128::from(most) / (u128::from(sum) + u128::from(most))) as u64
        };
        self.saturation.map_or(sum, leveled)
    }

    /// How much a class is slowed down by another at full load, in thousandths.
    pub fn entry(&self, class: usize, by: usize) -> u64 {
        self.table.at(class, by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_count_and_the_own_load_does_not() {
        let names = vec!["a".to_owned(), "b".to_owned()];
        let matrix = Matrix::new(Square::new(names, vec![100, 300, 20, 0]));
        // Two VMs of class 0 at half load each, one of class 1 at full load.
        let loads = [1000, 1000];
        assert_eq!(matrix.added(0, &loads, 500), 100 * 500 + 300 * 1000);
        assert_eq!(matrix.added(1, &loads, 1000), 20 * 1000);
        let matrix = matrix.saturating(350_000);
        assert_eq!(matrix.added(0, &loads, 500), 175_000, "half of what it tends to");
    }

    #[test]
    fn drawn_matrices_are_plausible_and_pinned() {
        let matrix = Matrix::drawn(20, 1);
        assert_eq!(matrix, Matrix::drawn(20, 1));
        assert_ne!(matrix, Matrix::drawn(20, 2));
        let entries: Vec<u64> = (0..20).flat_map(|i| matrix.table.row(i).to_vec()).collect();
        let mean = entries.iter().sum::<u64>() / entries.len() as u64;
        assert!((20..50).contains(&mean), "{mean}");
        assert!(entries.iter().all(|&entry| entry < 334));
        assert!((0..20).any(|i| matrix.entry(i, 0) != matrix.entry(0, i)), "no symmetry");
    }
}
