//! Multiple-choice knapsack.

use ndarray::{Array2, Axis};

use super::Item;

/// One option of each class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The greatest total profit for each capacity from 0; `None` where no choice fits.
    pub profits: Vec<Option<u64>>,
    /// Per class and capacity, which option attains it.
    options: Array2<u32>,
    weights: Vec<Vec<usize>>,
}

impl Chosen {
    /// The index of the option taken of each class under a capacity; `None` if no choice fits.
    ///
    /// # Panics
    /// If the capacity exceeds the one that the table was made for.
    pub fn options(&self, capacity: usize) -> Option<Vec<usize>> {
        self.profits[capacity]?;
        let mut left = capacity;
        let mut chosen = vec![0; self.weights.len()];
        for (class, chosen) in chosen.iter_mut().enumerate().rev() {
            *chosen = self.options[[class, left]] as usize;
            left -= self.weights[class][*chosen];
        }
        Some(chosen)
    }
}

/// Exactly one option of every class, of the greatest total profit, for every capacity up to the
/// given.
///
/// Dynamic programming class by class (KPP section 11.5; Dudzinski and Walukiewicz 1987).
///
/// # Complexity
/// `O(c sum of class sizes)` time; memory as [`multiple_choice_bytes`].
///
/// # Examples
/// ```
/// use vmpack_dp::knapsack::{Item, multiple_choice};
///
/// let classes = [
///     vec![Item::new(0, 0), Item::new(3, 5), Item::new(6, 8)],
///     vec![Item::new(1, 1), Item::new(4, 7)],
/// ];
/// let chosen = multiple_choice(&classes, 7);
/// assert_eq!(chosen.profits[7], Some(12));
/// assert_eq!(chosen.options(7), Some(vec![1, 1]));
/// assert_eq!(chosen.options(0), None);
/// ```
pub fn multiple_choice(classes: &[Vec<Item>], capacity: usize) -> Chosen {
    // Profits are kept one higher, so that zero can stand for "no choice fits".
    let mut best = vec![1_u64; capacity + 1];
    let mut next = vec![0_u64; capacity + 1];
    let mut options = Array2::<u32>::zeros((classes.len(), capacity + 1));
    for (class, mut options) in classes.iter().zip(options.axis_iter_mut(Axis(0))) {
        let options = options.as_slice_mut().expect("rows of a fresh table are contiguous");
        next.fill(0);
        for (index, item) in class.iter().enumerate().filter(|(_, item)| item.weight <= capacity) {
            let cells = next[item.weight..].iter_mut().zip(&mut options[item.weight..]);
            for ((next, option), &before) in cells.zip(&best) {
                let profit = if before == 0 { 0 } else { before + item.profit };
                let better = profit > *next;
                *next = if better { profit } else { *next };
                *option = if better { index as u32 } else { *option };
            }
        }
        std::mem::swap(&mut best, &mut next);
    }
    let weights = classes.iter().map(|class| class.iter().map(|item| item.weight).collect());
    let profits = best.iter().map(|profit| profit.checked_sub(1)).collect();
    Chosen { profits, options, weights: weights.collect() }
}

/// The memory of [`multiple_choice`]: `32 + 4 n` bytes per capacity for `n` classes.
pub fn multiple_choice_bytes(classes: usize, capacity: u64) -> u64 {
    capacity.saturating_add(1).saturating_mul(32 + 4 * classes as u64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{items, selections};
    use super::*;

    proptest! {
        #[test]
        fn agrees_with_brute_force(
            classes in proptest::collection::vec(items(9, 4), 0..5),
            capacity in 0_usize..30,
        ) {
            let table = multiple_choice(&classes, capacity);
            let empty = classes.iter().any(Vec::is_empty);
            let limits: Vec<u64> = classes.iter().map(|c| c.len().saturating_sub(1) as u64).collect();
            let picks = if empty { vec![] } else { selections(&limits) };
            for capacity in 0..=capacity {
                let sum = |pick: &[u64]| {
                    let items = pick.iter().zip(&classes).map(|(&o, class)| class[o as usize]);
                    items.fold((0, 0), |(w, p), item| (w + item.weight, p + item.profit))
                };
                let sums = picks.iter().map(|pick| sum(pick));
                let best = sums.filter(|&(w, _)| w <= capacity).map(|(_, p)| p).max();
                prop_assert_eq!(table.profits[capacity], best);
                let options = table.options(capacity);
                prop_assert_eq!(options.is_some(), best.is_some());
                if let Some(options) = options {
                    let pick: Vec<u64> = options.iter().map(|&o| o as u64).collect();
                    let (weight, profit) = sum(&pick);
                    prop_assert!(weight <= capacity);
                    prop_assert_eq!(Some(profit), best);
                }
            }
        }
    }
}
