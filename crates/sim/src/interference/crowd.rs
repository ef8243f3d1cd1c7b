//! Who is on which host, by class.

use super::Matrix;

/// The classes of the VMs that are counted to each host. Every VM counts with the load that is expected of it.
#[derive(Clone, Debug)]
pub(super) struct Crowd<'a> {
    matrix: &'a Matrix,
    /// The load that is expected of a VM, in thousandths; positive.
    expected: u64,
    /// Hosts x classes: the sums of expected loads.
    loads: Vec<u64>,
}

impl<'a> Crowd<'a> {
    pub(super) fn new(matrix: &'a Matrix, hosts: usize, expected: u64) -> Self {
        assert!(expected > 0, "VMs do something");
        Self { matrix, expected, loads: vec![0; hosts * matrix.classes()] }
    }

    pub(super) fn join(&mut self, host: usize, class: usize) {
        self.loads[host * self.matrix.classes() + class] += self.expected;
    }

    pub(super) fn leave(&mut self, host: usize, class: usize) {
        self.loads[host * self.matrix.classes() + class] -= self.expected;
    }

    /// What one VM more of a class would suffer on a host and make others suffer, in millionths.
    pub(super) fn added_by(&self, host: usize, class: usize) -> u64 {
        let (matrix, loads) = (self.matrix, self.on(host));
        let others = self.present(host).map(|other| {
            let before = matrix.sum(other, loads, self.expected);
            let after = before + matrix.entry(other, class) * self.expected;
            (matrix.level(after) - matrix.level(before)) * (loads[other] / self.expected)
        });
        matrix.added(class, loads, 0) + others.sum::<u64>()
    }

    /// The most that anybody would suffer on a host with one VM more of a class, itself included, in millionths.
    pub(super) fn worst_with(&self, host: usize, class: usize) -> u64 {
        let (matrix, loads) = (self.matrix, self.on(host));
        let others = self.present(host).map(|other| {
            let before = matrix.sum(other, loads, self.expected);
            matrix.level(before + matrix.entry(other, class) * self.expected)
        });
        others.fold(matrix.added(class, loads, 0), u64::max)
    }

    fn on(&self, host: usize) -> &[u64] {
        let classes = self.matrix.classes();
        &self.loads[host * classes..(host + 1) * classes]
    }

    /// The classes that are on a host.
    fn present(&self, host: usize) -> impl Iterator<Item = usize> {
        self.on(host).iter().enumerate().filter(|(_, load)| **load > 0).map(|(class, _)| class)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arrivals::random::{Component, Stream};

    #[test]
    fn one_more_is_what_counting_everybody_anew_says() {
        for (seed, saturation) in (0..40).zip([None, Some(200_000)].into_iter().cycle()) {
            let mut matrix = Matrix::drawn(3, seed);
            if let Some(most) = saturation {
                matrix = matrix.saturating(most);
            }
            let mut stream = Stream::new(Component::Work, seed);
            let mut on: Vec<usize> = (0..6).map(|_| stream.below(3) as usize).collect();
            let mut crowd = Crowd::new(&matrix, 2, 700);
            for &class in &on {
                crowd.join(1, class);
            }
            crowd.join(1, 2);
            crowd.leave(1, 2);
            let suffered = |on: &[usize]| -> Vec<u64> {
                let by =
                    |i: usize, j: usize| if i == j { 0 } else { matrix.entry(on[i], on[j]) * 700 };
                let sum = |i: usize| (0..on.len()).map(|j| by(i, j)).sum::<u64>();
                (0..on.len())
                    .map(|i| saturation.map_or(sum(i), |most| sum(i) * most / (sum(i) + most)))
                    .collect()
            };
            let before: u64 = suffered(&on).iter().sum();
            let class = stream.below(3) as usize;
            on.push(class);
            let after = suffered(&on);
            assert_eq!(crowd.added_by(1, class), after.iter().sum::<u64>() - before, "{seed}");
            assert_eq!(Some(crowd.worst_with(1, class)), after.iter().max().copied(), "{seed}");
            assert_eq!((crowd.added_by(0, class), crowd.worst_with(0, class)), (0, 0), "empty");
        }
    }
}
