//! Subset sum, in one dimension or several, on bit sets.

use super::Packed;

/// The sums that subsets of items reach, in one dimension or several, with a subset for each.
///
/// Items are added one by one: a bit per sum says whether it is reached, and adding an item shifts
/// the bits by its weight, 64 sums at a time (KPP section 4.1.1, word-parallel subset sum). In `d`
/// dimensions the bits of the last dimension are the words of a row, and there is a row for every
/// combination of the others. Each sum remembers the item by which it was *first* reached; what was
/// left then had been reached by earlier items, so the chain of first items is a subset that
/// attains the sum.
///
/// A table is allocated once and may be used for many questions: see [`SubsetSums::reset`].
///
/// # Complexity
/// Adding an item takes `O(S / 64)` for `S` sums within the capacities, and a constant for each sum
/// that is new: `O(n S / 64 + S)` for `n` items. Memory as [`subset_sums_bytes`].
///
/// # Examples
/// ```
/// use vmpack_dp::knapsack::SubsetSums;
///
/// let mut sums = SubsetSums::new(&[10, 10]);
/// for (item, weight) in [[6, 2], [5, 5], [4, 7]].iter().enumerate() {
///     sums.add(weight, item as u32);
/// }
/// assert!(sums.contains(&[10, 9]) && !sums.contains(&[9, 10]));
/// assert_eq!(sums.items(&[10, 9]), vec![2, 0]);
/// ```
#[derive(Clone, Debug)]
pub struct SubsetSums {
    /// How far sums may go, per dimension; at most the capacities of the allocated table.
    limits: Vec<usize>,
    /// The sum of no items.
    origin: Vec<usize>,
    /// How far sums do go, per dimension.
    reach: Vec<usize>,
    /// Rows that one step in a dimension skips; the last dimension lies within a row.
    strides: Vec<usize>,
    /// The sum under the cursor of a loop over rows, without the last dimension.
    cursor: Vec<usize>,
    words_per_row: usize,
    words: Vec<u64>,
    first: Vec<u32>,
    /// Per item in the order of addition: the caller's number and the weight.
    numbers: Vec<u32>,
    weights: Vec<usize>,
}

impl SubsetSums {
    /// A table for sums up to `capacities`, in which the empty sum is reached.
    ///
    /// # Panics
    /// If there is no dimension.
    pub fn new(capacities: &[usize]) -> Self {
        let (&last, outer) = capacities.split_last().expect("at least one dimension");
        let words_per_row = last / 64 + 1;
        let mut rows = 1;
        let mut strides = vec![0; outer.len()];
        for (stride, capacity) in strides.iter_mut().zip(outer).rev() {
            *stride = rows;
            rows *= capacity + 1;
        }
        let d = capacities.len();
        let mut sums = Self {
            limits: capacities.to_vec(),
            origin: vec![0; d],
            reach: vec![0; d],
            strides,
            cursor: vec![0; d - 1],
            words_per_row,
            words: vec![0; rows * words_per_row],
            first: vec![0; rows * words_per_row * 64],
            numbers: Vec::new(),
            weights: Vec::new(),
        };
        sums.words[0] = 1;
        sums
    }

    /// Forgets all items: from now on sums start at `origin` and may go up to `limits`.
    ///
    /// # Panics
    /// If the origin exceeds the limits, or these the capacities that the table was made for.
    pub fn reset(&mut self, origin: &[usize], limits: &[usize]) {
        assert!(origin.iter().zip(limits).all(|(start, limit)| start <= limit), "origin > limits");
        // Rows and words beyond the reach were never touched.
        let last = self.reach.len() - 1;
        let low = self.origin[last] / 64;
        let high = self.reach[last] / 64;
        let end = self.row(&self.reach);
        for row in self.row(&self.origin)..=end {
            let start = row * self.words_per_row;
            self.words[start + low..=start + high].fill(0);
        }
        self.limits.copy_from_slice(limits);
        self.origin.copy_from_slice(origin);
        self.reach.copy_from_slice(origin);
        self.numbers.clear();
        self.weights.clear();
        let (word, bit) = self.position(origin);
        self.words[word] |= 1 << bit;
    }

    /// Adds an item, under a number of the caller's choice, that may be part of a sum once.
    pub fn add(&mut self, weight: &[usize], number: u32) {
        let d = self.limits.len();
        let fits = |k: usize| weight[k] <= self.limits[k] - self.origin[k];
        if !(0..d).all(fits) || weight.iter().all(|&w| w == 0) {
            return;
        }
        let item = self.numbers.len() as u32;
        self.numbers.push(number);
        self.weights.extend_from_slice(weight);
        for ((reach, limit), weight) in self.reach.iter_mut().zip(&self.limits).zip(weight) {
            *reach = (*reach + weight).min(*limit);
        }
        let low = (self.origin[d - 1] + weight[d - 1]) / 64;
        let shift = Shift {
            words: weight[d - 1] / 64,
            bits: (weight[d - 1] % 64) as u32,
            low,
            high: self.reach[d - 1] / 64,
            // Bits of the highest word that are within the limit.
            mask: u64::MAX >> (63 - self.reach[d - 1] % 64),
        };
        let rows_back: usize = weight.iter().zip(&self.strides).map(|(w, stride)| w * stride).sum();
        // Rows from the last to the first: those read, `rows_back` before, are then unchanged.
        self.cursor.copy_from_slice(&self.reach[..d - 1]);
        loop {
            let row = self.cursor.iter().zip(&self.strides).map(|(x, stride)| x * stride).sum();
            self.shift_row(row, row - rows_back, &shift, item);
            let Some(k) = (0..d - 1).rev().find(|&k| self.cursor[k] > self.origin[k] + weight[k])
            else {
                break;
            };
            self.cursor[k] -= 1;
            self.cursor[k + 1..].copy_from_slice(&self.reach[k + 1..d - 1]);
        }
    }

    /// Marks in row `to` what row `from` reaches, shifted; words from the last to the first, so
    /// that it works in place as well.
    fn shift_row(&mut self, to: usize, from: usize, shift: &Shift, item: u32) {
        let (to, from) = (to * self.words_per_row, from * self.words_per_row);
        for at in (shift.low..=shift.high).rev() {
            let source = from + at - shift.words;
            let mut moved = self.words[source] << shift.bits;
            if shift.bits > 0 && at > shift.words {
                moved |= self.words[source - 1] >> (64 - shift.bits);
            }
            if at == shift.high {
                moved &= shift.mask;
            }
            let mut new = moved & !self.words[to + at];
            self.words[to + at] |= new;
            while new != 0 {
                self.first[(to + at) * 64 + new.trailing_zeros() as usize] = item;
                new &= new - 1;
            }
        }
    }

    /// Whether some subset, with the origin, has this sum.
    pub fn contains(&self, sum: &[usize]) -> bool {
        let within = |k: usize| self.origin[k] <= sum[k] && sum[k] <= self.limits[k];
        let (word, bit) = self.position(sum);
        (0..sum.len()).all(within) && self.words[word] >> bit & 1 == 1
    }

    /// The reached sum of the greatest worth, where a unit of dimension `k` is worth `worths[k]`;
    /// `O(S / 64)`. Ties go to the sum that is lexicographically largest.
    pub fn best(&self, worths: &[u64]) -> Vec<usize> {
        let d = self.limits.len();
        let mut best = self.origin.clone();
        let mut best_worth = worth(&best, worths);
        let mut at = self.reach.clone();
        loop {
            let row = self.row(&at) * self.words_per_row;
            let words = &self.words[row..=row + self.reach[d - 1] / 64];
            // Within a row more is better.
            if let Some(word) = words.iter().rposition(|&word| word != 0) {
                at[d - 1] = word * 64 + words[word].ilog2() as usize;
                let worth = worth(&at, worths);
                if worth > best_worth {
                    best_worth = worth;
                    best.copy_from_slice(&at);
                }
            }
            let Some(k) = (0..d - 1).rev().find(|&k| at[k] > self.origin[k]) else { break };
            at[k] -= 1;
            at[k + 1..].copy_from_slice(&self.reach[k + 1..]);
        }
        best
    }

    /// The numbers of the items of a subset with this sum, latest first.
    ///
    /// # Panics
    /// If the sum is not reached.
    pub fn items(&self, sum: &[usize]) -> Vec<u32> {
        assert!(self.contains(sum), "a sum that no subset reaches");
        let d = self.limits.len();
        let mut items = Vec::new();
        let mut left = sum.to_vec();
        while left != self.origin {
            let (word, bit) = self.position(&left);
            let item = self.first[word * 64 + bit] as usize;
            items.push(self.numbers[item]);
            for (left, weight) in left.iter_mut().zip(&self.weights[item * d..]) {
                *left -= weight;
            }
        }
        items
    }

    /// The row of a sum.
    fn row(&self, sum: &[usize]) -> usize {
        sum.iter().zip(&self.strides).map(|(x, stride)| x * stride).sum()
    }

    /// The word of a sum, and the bit within it.
    fn position(&self, sum: &[usize]) -> (usize, usize) {
        let last = sum[sum.len() - 1];
        (self.row(sum) * self.words_per_row + last / 64, last % 64)
    }
}

/// The words that adding an item changes in each row, and by how much they are shifted.
struct Shift {
    words: usize,
    bits: u32,
    low: usize,
    high: usize,
    mask: u64,
}

fn worth(sum: &[usize], worths: &[u64]) -> u128 {
    sum.iter().zip(worths).map(|(&x, &worth)| x as u128 * u128::from(worth)).sum()
}

/// The memory of [`SubsetSums`]: four bytes and a bit per sum, with rows rounded up to 64 sums.
pub fn subset_sums_bytes(capacities: &[u64]) -> u64 {
    let Some((&last, outer)) = capacities.split_last() else { return 0 };
    let words = outer
        .iter()
        .fold(last / 64 + 1, |words, &capacity| words.saturating_mul(capacity.saturating_add(1)));
    words.saturating_mul(8 + 4 * 64)
}

/// A subset of the greatest sum that does not exceed the capacity: [`SubsetSums`] in one dimension.
///
/// # Complexity
/// `O(n c / 64 + c)` time; memory as [`subset_sums_bytes`].
///
/// # Examples
/// ```
/// let packed = vmpack_dp::knapsack::subset_sum(&[5, 7, 11, 20], 21);
/// assert_eq!((packed.weight, packed.chosen), (20, vec![3]));
/// ```
pub fn subset_sum(weights: &[usize], capacity: usize) -> Packed {
    let mut sums = SubsetSums::new(&[capacity]);
    for (index, &weight) in weights.iter().enumerate() {
        if sums.contains(&[capacity]) {
            break;
        }
        sums.add(&[weight], index as u32);
    }
    let best = sums.best(&[1]);
    let mut chosen: Vec<usize> = sums.items(&best).iter().map(|&index| index as usize).collect();
    chosen.reverse();
    Packed { profit: best[0] as u64, weight: best[0], chosen }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// All sums of subsets within the limits.
    fn oracle(origin: &[usize], limits: &[usize], items: &[Vec<usize>]) -> BTreeSet<Vec<usize>> {
        let mut sums = BTreeSet::from([origin.to_vec()]);
        for item in items {
            let add = |sum: &Vec<usize>| sum.iter().zip(item).map(|(a, b)| a + b).collect();
            let more: Vec<Vec<usize>> = sums.iter().map(add).collect();
            sums.extend(more.into_iter().filter(|s| s.iter().zip(limits).all(|(x, c)| x <= c)));
        }
        sums
    }

    fn check(sums: &SubsetSums, origin: &[usize], limits: &[usize], items: &[Vec<usize>]) {
        let reached = oracle(origin, limits, items);
        let mut cells = vec![vec![]];
        for &limit in limits {
            cells = cells
                .iter()
                .flat_map(|cell: &Vec<usize>| (0..=limit).map(|x| [cell.as_slice(), &[x]].concat()))
                .collect();
        }
        for cell in &cells {
            assert_eq!(sums.contains(cell), reached.contains(cell), "{cell:?}");
        }
        for sum in &reached {
            let subset = sums.items(sum);
            let mut total = origin.to_vec();
            for &item in &subset {
                for (total, weight) in total.iter_mut().zip(&items[item as usize]) {
                    *total += weight;
                }
            }
            assert_eq!(&total, sum);
            assert_eq!(subset.iter().collect::<BTreeSet<_>>().len(), subset.len(), "an item twice");
        }
        let worths: Vec<u64> = (0..limits.len() as u64).map(|k| 3 + 4 * k).collect();
        let best = reached.iter().map(|sum| worth(sum, &worths)).max().expect("the origin");
        assert_eq!(worth(&sums.best(&worths), &worths), best);
    }

    fn question(d: usize, greatest: usize) -> impl Strategy<Value = Vec<Vec<usize>>> {
        let item = proptest::collection::vec(0..=greatest, d);
        proptest::collection::vec(item, 0..8)
    }

    proptest! {
        #[test]
        fn one_dimension(items in question(1, 90), limit in 0_usize..300, start in 0_usize..70) {
            let mut sums = SubsetSums::new(&[400]);
            // The second question must not see the first.
            for origin in [0, start.min(limit)] {
                sums.reset(&[origin], &[limit]);
                for (index, item) in items.iter().enumerate() {
                    sums.add(item, index as u32);
                }
                check(&sums, &[origin], &[limit], &items);
            }
            let weights: Vec<usize> = items.iter().map(|item| item[0]).collect();
            let packed = subset_sum(&weights, limit);
            let best = oracle(&[0], &[limit], &items).pop_last().expect("the empty sum");
            prop_assert_eq!(packed.weight, best[0]);
            prop_assert_eq!(packed.chosen.iter().map(|&i| weights[i]).sum::<usize>(), best[0]);
            prop_assert!(packed.chosen.is_sorted_by(|a, b| a < b));
        }

        #[test]
        fn two_and_three_dimensions(
            two in question(2, 9),
            three in question(3, 4),
            limits in proptest::array::uniform3(4_usize..20),
            last in 60_usize..140,
        ) {
            let mut sums = SubsetSums::new(&[25, 150]);
            let stretched: Vec<Vec<usize>> = two.iter().map(|i| vec![i[0], 7 * i[1]]).collect();
            for (origin, limits) in [([0, 0], [limits[0], last]), ([2, 66], [limits[1], last + 7])] {
                sums.reset(&origin, &limits);
                for (index, item) in stretched.iter().enumerate() {
                    sums.add(item, index as u32);
                }
                check(&sums, &origin, &limits, &stretched);
            }
            let mut sums = SubsetSums::new(&[19, 19, 19]);
            for origin in [[0, 0, 0], [1, 3, 2]] {
                sums.reset(&origin, &limits);
                for (index, item) in three.iter().enumerate() {
                    sums.add(item, index as u32);
                }
                check(&sums, &origin, &limits, &three);
            }
        }
    }
}
