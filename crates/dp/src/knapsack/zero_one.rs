//! 0/1 knapsack.

use ndarray::{Array2, Axis};

use super::Item;

/// The items of an optimal packing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packed {
    /// The sum of their profits.
    pub profit: u64,
    /// The sum of their weights.
    pub weight: usize,
    /// Their indices in rising order.
    pub chosen: Vec<usize>,
}

/// Items of the greatest total profit that fit the capacity, each at most once.
///
/// Bellman's recursion over items and capacities (KPP section 2.3) on two rows of profits; a bit
/// per item and capacity remembers whether the item was taken, from which the items are read off.
/// Ties leave the later item out.
///
/// # Complexity
/// `O(n c)` time; memory as [`zero_one_bytes`].
///
/// # Examples
/// ```
/// use vmpack_dp::knapsack::{Item, zero_one};
///
/// let items = [Item::new(5, 10), Item::new(4, 40), Item::new(6, 30), Item::new(3, 50)];
/// let packed = zero_one(&items, 10);
/// assert_eq!((packed.profit, packed.weight, packed.chosen), (90, 7, vec![1, 3]));
/// ```
pub fn zero_one(items: &[Item], capacity: usize) -> Packed {
    let mut best = vec![0_u64; capacity + 1];
    let mut next = best.clone();
    let mut taken = Array2::<u64>::zeros((items.len(), words(capacity)));
    for (item, mut taken) in items.iter().zip(taken.axis_iter_mut(Axis(0))) {
        if item.weight > capacity {
            continue;
        }
        let taken = taken.as_slice_mut().expect("rows of a fresh table are contiguous");
        next[..item.weight].copy_from_slice(&best[..item.weight]);
        // 64 capacities at a time, so that the bits of a word are written at once.
        for (word, taken) in taken.iter_mut().enumerate().skip(item.weight / 64) {
            let start = (64 * word).max(item.weight);
            let end = (64 * word + 64).min(capacity + 1);
            let with = &best[start - item.weight..end - item.weight];
            let cells = next[start..end].iter_mut().zip(with).zip(&best[start..end]);
            let mut bits = 0;
            for (bit, ((next, with), &without)) in cells.enumerate() {
                let profit = with + item.profit;
                let better = profit > without;
                *next = if better { profit } else { without };
                bits |= u64::from(better) << bit;
            }
            *taken = bits << (start % 64);
        }
        std::mem::swap(&mut best, &mut next);
    }
    let mut packed = Packed { profit: best[capacity], ..Packed::default() };
    let mut left = capacity;
    for (index, item) in items.iter().enumerate().rev() {
        if taken[[index, left / 64]] >> (left % 64) & 1 == 1 {
            packed.chosen.push(index);
            packed.weight += item.weight;
            left -= item.weight;
        }
    }
    packed.chosen.reverse();
    packed
}

/// The memory of [`zero_one`]: `16 (c + 1)` bytes for the profits and one bit per item and
/// capacity.
pub fn zero_one_bytes(items: usize, capacity: usize) -> u64 {
    let rows = 16_u64.saturating_mul(capacity as u64 + 1);
    rows.saturating_add((8 * words(capacity) as u64).saturating_mul(items as u64))
}

/// Words of 64 bits for one bit per capacity from 0.
fn words(capacity: usize) -> usize {
    capacity / 64 + 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{brute_force, items};
    use super::*;

    proptest! {
        #[test]
        fn agrees_with_brute_force(items in items(12, 9), capacity in 0_usize..80) {
            let packed = zero_one(&items, capacity);
            prop_assert_eq!(packed.profit, brute_force(&items, &vec![1; items.len()], capacity));
            prop_assert!(packed.chosen.is_sorted_by(|a, b| a < b));
            let sum = |of: fn(&Item) -> u64| packed.chosen.iter().map(|&i| of(&items[i])).sum::<u64>();
            prop_assert_eq!(sum(|item| item.profit), packed.profit);
            prop_assert_eq!(sum(|item| item.weight as u64), packed.weight as u64);
            prop_assert!(packed.weight <= capacity);
        }
    }

    /// The instance P08 of Burkardt's collection of knapsack problems (24 items).
    #[test]
    fn published_instance() {
        let weights = [
            382_745, 799_601, 909_247, 729_069, 467_902, 44_328, 34_610, 698_150, 823_460, 903_959,
            853_665, 551_830, 610_856, 670_702, 488_960, 951_111, 323_046, 446_298, 931_161,
            31_385, 496_951, 264_724, 224_916, 169_684,
        ];
        let profits = [
            825_594, 1_677_009, 1_676_628, 1_523_970, 943_972, 97_426, 69_666, 1_296_457,
            1_679_693, 1_902_996, 1_844_992, 1_049_289, 1_252_836, 1_319_836, 953_277, 2_067_538,
            675_367, 853_655, 1_826_027, 65_731, 901_489, 577_243, 466_257, 369_261,
        ];
        let items: Vec<Item> = weights
            .iter()
            .zip(profits)
            .map(|(&weight, profit)| Item::new(weight, profit))
            .collect();
        let packed = zero_one(&items, 6_404_180);
        assert_eq!(packed.profit, 13_549_094);
        assert_eq!(packed.weight, 6_402_560);
    }
}
