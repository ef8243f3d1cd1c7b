//! Unbounded knapsack.

use super::{BoundedPacked, Item};

/// Stands for "no item" in the table of last items.
const NONE: u32 = u32::MAX;

/// Copies of the greatest total profit that fit the capacity, with as many copies of each item as
/// wanted; `None` if an item that weighs nothing brings something, for then there is no greatest
/// profit.
///
/// One pass over rising capacities (KPP section 8.3, UKP by dynamic programming), remembering the
/// last item of each entry.
///
/// # Complexity
/// `O(n c)` time; memory as [`unbounded_bytes`].
///
/// # Examples
/// ```
/// use vmpack_dp::knapsack::{Item, unbounded};
///
/// let packed = unbounded(&[Item::new(3, 5), Item::new(5, 9)], 11).expect("positive weights");
/// assert_eq!((packed.profit, packed.chosen), (19, vec![(0, 2), (1, 1)]));
/// ```
pub fn unbounded(items: &[Item], capacity: usize) -> Option<BoundedPacked> {
    if items.iter().any(|item| item.weight == 0 && item.profit > 0) {
        return None;
    }
    let mut best = vec![0_u64; capacity + 1];
    let mut last = vec![NONE; capacity + 1];
    for (index, item) in items.iter().enumerate() {
        if item.weight == 0 || item.weight > capacity {
            continue;
        }
        // From the bottom, so that the entries read may hold the item already.
        for total in item.weight..=capacity {
            let profit = best[total - item.weight] + item.profit;
            if profit > best[total] {
                best[total] = profit;
                last[total] = index as u32;
            }
        }
    }
    let mut counts = vec![0_u64; items.len()];
    let mut left = capacity;
    while last[left] != NONE {
        let index = last[left] as usize;
        counts[index] += 1;
        left -= items[index].weight;
    }
    let chosen = counts.into_iter().enumerate().filter(|&(_, count)| count > 0).collect();
    Some(BoundedPacked { profit: best[capacity], weight: capacity - left, chosen })
}

/// The memory of [`unbounded`]: `12 (c + 1)` bytes.
pub fn unbounded_bytes(capacity: usize) -> u64 {
    12_u64.saturating_mul(capacity as u64 + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{brute_force, items};
    use super::*;

    proptest! {
        #[test]
        fn agrees_with_brute_force(items in items(9, 4), capacity in 0_usize..24) {
            let free_lunch = items.iter().any(|item| item.weight == 0 && item.profit > 0);
            let Some(packed) = unbounded(&items, capacity) else {
                prop_assert!(free_lunch);
                return Ok(());
            };
            let limit = |item: &Item| capacity.checked_div(item.weight).unwrap_or(0) as u64;
            let limits: Vec<u64> = items.iter().map(limit).collect();
            prop_assert!(!free_lunch);
            prop_assert_eq!(packed.profit, brute_force(&items, &limits, capacity));
            let sum = |of: fn(&Item) -> u64| -> u64 {
                packed.chosen.iter().map(|&(i, copies)| copies * of(&items[i])).sum()
            };
            prop_assert_eq!(sum(|item| item.profit), packed.profit);
            prop_assert_eq!(sum(|item| item.weight as u64), packed.weight as u64);
            prop_assert!(packed.weight <= capacity);
        }
    }
}
