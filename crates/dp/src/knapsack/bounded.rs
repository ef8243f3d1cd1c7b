//! Bounded knapsack.

use super::{Item, binary_parts, zero_one, zero_one_bytes};

/// An item of which several copies may be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoundedItem {
    /// Weight and profit of one copy.
    pub item: Item,
    /// The greatest number of copies.
    pub count: u64,
}

/// The copies of an optimal packing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BoundedPacked {
    /// The sum of their profits.
    pub profit: u64,
    /// The sum of their weights.
    pub weight: usize,
    /// Item indices, rising, and how many copies of each; counts are positive.
    pub chosen: Vec<(usize, u64)>,
}

/// Copies of the greatest total profit that fit the capacity.
///
/// Binary splitting: the copies of an item become `O(log count)` items of 1, 2, 4, ... copies for
/// [`zero_one`] (Martello and Toth 1990, chapter 3; KPP section 7.1.1). Copies beyond those that
/// fit an empty knapsack are dropped first.
///
/// # Complexity
/// `O(c sum_i log min(count_i, c / weight_i))` time; memory as [`bounded_bytes`].
///
/// # Examples
/// ```
/// use vmpack_dp::knapsack::{BoundedItem, Item, bounded};
///
/// let items = [
///     BoundedItem { item: Item::new(7, 10), count: 2 },
///     BoundedItem { item: Item::new(3, 4), count: 5 },
/// ];
/// let packed = bounded(&items, 16);
/// assert_eq!((packed.profit, packed.chosen), (22, vec![(0, 1), (1, 3)]));
/// ```
pub fn bounded(items: &[BoundedItem], capacity: usize) -> BoundedPacked {
    let mut parts = Vec::new();
    let mut origin = Vec::new();
    for (index, BoundedItem { item, count }) in items.iter().enumerate() {
        for copies in binary_parts(useful(item, *count, capacity)) {
            let weight = item.weight * copies as usize;
            parts.push(Item::new(weight, item.profit * copies));
            origin.push((index, copies));
        }
    }
    let packed = zero_one(&parts, capacity);
    let mut chosen: Vec<(usize, u64)> = Vec::new();
    for (index, copies) in packed.chosen.iter().map(|&part| origin[part]) {
        match chosen.last_mut() {
            Some((last, total)) if *last == index => *total += copies,
            _ => chosen.push((index, copies)),
        }
    }
    BoundedPacked { profit: packed.profit, weight: packed.weight, chosen }
}

/// The memory of [`bounded`]: that of [`zero_one`] for the parts of all items.
pub fn bounded_bytes(items: &[BoundedItem], capacity: usize) -> u64 {
    let parts = |BoundedItem { item, count }: &BoundedItem| {
        binary_parts(useful(item, *count, capacity)).count()
    };
    zero_one_bytes(items.iter().map(parts).sum(), capacity)
}

/// How many copies can be in a knapsack together.
fn useful(item: &Item, count: u64, capacity: usize) -> u64 {
    capacity.checked_div(item.weight).map_or(count, |most| count.min(most as u64))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{brute_force, items};
    use super::*;

    proptest! {
        #[test]
        fn agrees_with_brute_force(
            items in items(9, 4),
            counts in proptest::collection::vec(0_u64..6, 4),
            capacity in 0_usize..60,
        ) {
            let bounded_items: Vec<BoundedItem> =
                items.iter().zip(&counts).map(|(&item, &count)| BoundedItem { item, count }).collect();
            let packed = bounded(&bounded_items, capacity);
            prop_assert_eq!(packed.profit, brute_force(&items, &counts[..items.len()], capacity));
            let (mut profit, mut weight) = (0, 0);
            for &(index, copies) in &packed.chosen {
                prop_assert!(copies > 0 && copies <= counts[index]);
                profit += copies * items[index].profit;
                weight += copies as usize * items[index].weight;
            }
            prop_assert!(packed.chosen.is_sorted_by(|a, b| a.0 < b.0));
            prop_assert_eq!((profit, weight), (packed.profit, packed.weight));
            prop_assert!(weight <= capacity);
        }
    }
}
