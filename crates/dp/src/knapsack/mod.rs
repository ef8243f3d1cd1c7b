//! Knapsack kernels: the pseudo-polynomial dynamic programs of the textbooks, in exact integers.
//!
//! Each takes a capacity in units, returns an optimal value *and* what attains it, allocates its
//! tables once before the loops, and states their size: callers with a memory limit ask the `bytes`
//! function of the kernel first. Sources: Martello and Toth, *Knapsack Problems* (1990), and
//! Kellerer, Pferschy and Pisinger, *Knapsack Problems* (2004), cited below as KPP.

mod bounded;
mod multiple_choice;
mod subset_sum;
mod unbounded;
mod zero_one;

pub use bounded::{BoundedItem, BoundedPacked, bounded, bounded_bytes};
pub use multiple_choice::{Chosen, multiple_choice, multiple_choice_bytes};
pub use subset_sum::{SubsetSums, subset_sum, subset_sums_bytes};
pub use unbounded::{unbounded, unbounded_bytes};
pub use zero_one::{Packed, zero_one, zero_one_bytes};

/// An item: how much of the capacity it takes and what it brings.
///
/// The profits of a kernel's items, each as often as it may be taken, must add up to a `u64`; sums
/// that leave it panic where overflow is checked and wrap elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// Units of capacity that it takes.
    pub weight: usize,
    /// What it brings.
    pub profit: u64,
}

impl Item {
    /// An item of a weight and a profit.
    pub fn new(weight: usize, profit: u64) -> Self {
        Self { weight, profit }
    }
}

/// Binary splitting (Martello and Toth 1990, chapter 3): parts that add up to `count`, such that
/// every number from 0 to `count` is the sum of some of them. There are at most `log2(count) + 1`.
pub(crate) fn binary_parts(count: u64) -> impl Iterator<Item = u64> {
    let mut left = count;
    let mut next = 1;
    std::iter::from_fn(move || {
        let part = next.min(left);
        left -= part;
        next = next.saturating_mul(2);
        (part > 0).then_some(part)
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every selection of at most `limits[i]` copies of item `i`, as counts.
    pub(crate) fn selections(limits: &[u64]) -> Vec<Vec<u64>> {
        limits.iter().fold(vec![vec![]], |prefixes, &limit| {
            let extend = |prefix: &Vec<u64>| {
                let prefix = prefix.clone();
                (0..=limit).map(move |count| [prefix.as_slice(), &[count]].concat())
            };
            prefixes.iter().flat_map(extend).collect()
        })
    }

    /// The greatest profit over all selections that fit.
    pub(crate) fn brute_force(items: &[Item], limits: &[u64], capacity: usize) -> u64 {
        let sum = |counts: &[u64], of: fn(&Item) -> u64| -> u64 {
            counts.iter().zip(items).map(|(count, item)| count * of(item)).sum()
        };
        selections(limits)
            .iter()
            .filter(|counts| sum(counts, |item| item.weight as u64) <= capacity as u64)
            .map(|counts| sum(counts, |item| item.profit))
            .max()
            .expect("nothing is a selection")
    }

    pub(crate) fn items(greatest: usize, most: usize) -> impl Strategy<Value = Vec<Item>> {
        let item = (0..=greatest, 0_u64..20).prop_map(|(weight, profit)| Item::new(weight, profit));
        proptest::collection::vec(item, 0..=most)
    }

    #[test]
    fn binary_parts_reach_every_number() {
        for count in 0..70 {
            let parts: Vec<u64> = binary_parts(count).collect();
            let mut reached = vec![false; count as usize + 1];
            reached[0] = true;
            for part in parts {
                for sum in (part as usize..reached.len()).rev() {
                    reached[sum] |= reached[sum - part as usize];
                }
            }
            assert!(reached.iter().all(|&sum| sum), "{count}");
        }
        assert_eq!(binary_parts(u64::MAX).map(u128::from).sum::<u128>(), u128::from(u64::MAX));
    }
}
