//! Random draws that are the same everywhere.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of draws.
///
/// Bounded integers are drawn here and not by a library, so that a release of that library cannot
/// change an instance: a 64-bit word times the width of the range, the upper half of the product, and
/// the biased words rejected (Lemire 2019).
#[derive(Debug)]
pub(super) struct Draw(ChaCha8Rng);

impl Draw {
    /// The stream of a generator and a seed.
    pub(super) fn new(generator: &str, seed: u64) -> Self {
        let key = blake3::hash(format!("vmpack {generator} {seed}").as_bytes());
        Self(ChaCha8Rng::from_seed(*key.as_bytes()))
    }

    /// An integer from `least` to `greatest`, both included, each equally likely.
    pub(super) fn uniform(&mut self, least: u64, greatest: u64) -> u64 {
        let width = u128::from(greatest - least) + 1;
        // The number of words that would be drawn once too often, `2^64 mod width`.
        let surplus = ((1_u128 << 64) % width) as u64;
        loop {
            let product = u128::from(self.0.next_u64()) * width;
            if product as u64 >= surplus {
                return least + (product >> 64) as u64;
            }
        }
    }

    /// An index below `length`, which is positive.
    pub(super) fn index(&mut self, length: usize) -> usize {
        self.uniform(0, length as u64 - 1) as usize
    }

    /// Whether an event of this many per cent happens.
    pub(super) fn percent(&mut self, chance: u64) -> bool {
        self.uniform(1, 100) <= chance
    }

    /// One of the elements.
    pub(super) fn choose<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.index(from.len())]
    }

    /// Puts the elements in random order (Fisher and Yates).
    pub(super) fn shuffle<T>(&mut self, elements: &mut [T]) {
        for last in (1..elements.len()).rev() {
            let other = self.index(last + 1);
            elements.swap(last, other);
        }
    }

    /// Cuts `whole` into `parts` positive parts, each composition equally likely; `parts <= whole`.
    pub(super) fn composition(&mut self, whole: u64, parts: usize) -> Vec<u64> {
        // A set of distinct cuts between 1 and whole - 1 (Floyd's sampling).
        let mut cuts = std::collections::BTreeSet::new();
        let count = parts as u64 - 1;
        for greatest in whole - count..whole {
            let cut = self.uniform(1, greatest);
            if !cuts.insert(cut) {
                cuts.insert(greatest);
            }
        }
        let ends = cuts.iter().copied().chain([whole]);
        let starts = [0].into_iter().chain(cuts.iter().copied());
        ends.zip(starts).map(|(end, start)| end - start).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_pinned() {
        let mut draw = Draw::new("test", 1);
        let drawn: Vec<u64> = (0..6).map(|_| draw.uniform(1, 100)).collect();
        assert_eq!(drawn, [68, 78, 47, 10, 63, 49]);
    }

    #[test]
    fn draws_fill_their_range_evenly() {
        let mut draw = Draw::new("test", 2);
        let mut seen = [0_u32; 7];
        for _ in 0..7000 {
            seen[(draw.uniform(10, 16) - 10) as usize] += 1;
        }
        // Six standard deviations of a binomial with p = 1/7.
        assert!(seen.iter().all(|&count| (824..=1176).contains(&count)), "{seen:?}");
    }

    #[test]
    fn compositions_add_up() {
        let mut draw = Draw::new("test", 3);
        for parts in 1..=9 {
            let composition = draw.composition(9, parts);
            assert_eq!(composition.len(), parts);
            assert_eq!(composition.iter().sum::<u64>(), 9);
            assert!(composition.iter().all(|&part| part > 0));
        }
        // The three ways of cutting 4 into 2 come up about equally often.
        let mut first = [0_u32; 4];
        for _ in 0..3000 {
            first[draw.composition(4, 2)[0] as usize] += 1;
        }
        assert!(first[1..].iter().all(|&count| (845..=1155).contains(&count)), "{first:?}");
    }
}
