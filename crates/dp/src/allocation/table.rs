//! The covering knapsack over several requirements and capacities.

use ndarray::{Array2, ArrayView1, Axis};

/// One coordinate of the cells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dimension {
    /// Quanta required, or quanta of capacity.
    pub(super) quanta: usize,
    /// Whether the quanta must be covered; otherwise they may be used.
    pub(super) covers: bool,
}

impl Dimension {
    /// Where a part leads from a coordinate; `None` if the capacity does not suffice.
    fn after(self, quanta: usize, step: usize) -> Option<usize> {
        if self.covers { Some(quanta.saturating_sub(step)) } else { quanta.checked_sub(step) }
    }
}

/// The bytes of the table per cell, times 8: a cost and a bit per part.
pub(super) fn bits_per_cell(parts: usize) -> u64 {
    64 + parts as u64
}

/// The cheapest parts that cover every requirement within every capacity; `None` if no parts do, or
/// if `stop` says so between two parts.
///
/// The recursion of the minimisation knapsack (KPP chapter 13) on the remaining quanta of every
/// dimension, where a requirement that is exceeded counts as met. `steps` are parts x dimensions.
pub(super) fn cover(
    dimensions: &[Dimension],
    costs: &[u64],
    steps: &Array2<usize>,
    mut stop: impl FnMut() -> bool,
) -> Option<Vec<usize>> {
    let (&last, outer) = dimensions.split_last()?;
    let width = last.quanta + 1;
    let rows: usize = outer.iter().map(|dimension| dimension.quanta + 1).product();
    let mut table = vec![u64::MAX; rows * width];
    let mut taken = Array2::<u64>::zeros((costs.len(), table.len().div_ceil(64)));
    let mut cursor = vec![0; outer.len()];
    clear_covered(&mut table, dimensions, &mut cursor);
    for ((&cost, step), mut taken) in
        costs.iter().zip(steps.rows()).zip(taken.axis_iter_mut(Axis(0)))
    {
        if stop() {
            return None;
        }
        let taken = taken.as_slice_mut().expect("rows of a fresh table are contiguous");
        let last_step = step[outer.len()];
        cursor.iter_mut().zip(outer).for_each(|(x, dimension)| *x = dimension.quanta);
        // Rows and cells from the last to the first: those read come later in this order.
        for row in (0..rows).rev() {
            if let Some(target) = target_row(outer, &cursor, &step) {
                let (row, target) = (row * width, target * width);
                let lowest = if last.covers { 0 } else { last_step };
                for quanta in (lowest..width).rev() {
                    let after = target + quanta.saturating_sub(last_step);
                    let total = table[after].saturating_add(cost);
                    let cell = row + quanta;
                    let better = total < table[cell];
                    table[cell] = if better { total } else { table[cell] };
                    taken[cell / 64] |= u64::from(better) << (cell % 64);
                }
            }
            step_back(&mut cursor, outer);
        }
    }
    if table[table.len() - 1] == u64::MAX {
        return None;
    }
    let mut position: Vec<usize> = dimensions.iter().map(|dimension| dimension.quanta).collect();
    let mut chosen = Vec::new();
    for part in (0..costs.len()).rev() {
        let index =
            |cell: usize, (x, dimension): (&usize, &Dimension)| cell * (dimension.quanta + 1) + x;
        let cell = position.iter().zip(dimensions).fold(0, index);
        if taken[[part, cell / 64]] >> (cell % 64) & 1 == 1 {
            chosen.push(part);
            for ((x, dimension), &step) in position.iter_mut().zip(dimensions).zip(steps.row(part))
            {
                *x = dimension.after(*x, step).expect("the part was taken here");
            }
        }
    }
    chosen.reverse();
    Some(chosen)
}

/// Where nothing is required any more, nothing costs nothing.
fn clear_covered(table: &mut [u64], dimensions: &[Dimension], cursor: &mut [usize]) {
    let Some((last, outer)) = dimensions.split_last() else { return };
    cursor.iter_mut().zip(outer).for_each(|(x, dimension)| *x = dimension.quanta);
    for row in table.rchunks_exact_mut(last.quanta + 1) {
        if cursor.iter().zip(outer).all(|(&x, dimension)| x == 0 || !dimension.covers) {
            let free = if last.covers { 1 } else { row.len() };
            row[..free].fill(0);
        }
        step_back(cursor, outer);
    }
}

/// The row that a part leads to; `None` if a capacity does not suffice.
fn target_row(outer: &[Dimension], cursor: &[usize], step: &ArrayView1<usize>) -> Option<usize> {
    let mut row = 0;
    for ((dimension, &x), &step) in outer.iter().zip(cursor).zip(step) {
        row = row * (dimension.quanta + 1) + dimension.after(x, step)?;
    }
    Some(row)
}

/// The coordinates of the row before.
fn step_back(cursor: &mut [usize], outer: &[Dimension]) {
    for (x, dimension) in cursor.iter_mut().zip(outer).rev() {
        if *x > 0 {
            *x -= 1;
            return;
        }
        *x = dimension.quanta;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Question = (Vec<(usize, bool)>, Vec<(u64, Vec<usize>)>);

    fn question() -> impl Strategy<Value = Question> {
        (1..4_usize).prop_flat_map(|d| {
            let dimensions = proptest::collection::vec((0..7_usize, any::<bool>()), d);
            let part = (0..9_u64, proptest::collection::vec(0..5_usize, d));
            (dimensions, proptest::collection::vec(part, 0..8))
        })
    }

    proptest! {
        #[test]
        fn agrees_with_brute_force((dimensions, parts) in question()) {
            let d = dimensions.len();
            let sums = |chosen: &dyn Fn(usize) -> bool| {
                let mut sums = (0, vec![0; d]);
                for (index, (cost, step)) in parts.iter().enumerate() {
                    if chosen(index) {
                        sums.0 += cost;
                        sums.1.iter_mut().zip(step).for_each(|(sum, x)| *sum += x);
                    }
                }
                let holds = |(&(quanta, covers), &sum): (&(usize, bool), &usize)| {
                    if covers { sum >= quanta } else { sum <= quanta }
                };
                dimensions.iter().zip(&sums.1).all(holds).then_some(sums.0)
            };
            let best = (0..1 << parts.len()).filter_map(|set| sums(&|i| set >> i & 1 == 1)).min();
            let shape: Vec<Dimension> =
                dimensions.iter().map(|&(quanta, covers)| Dimension { quanta, covers }).collect();
            let costs: Vec<u64> = parts.iter().map(|&(cost, _)| cost).collect();
            let steps = Array2::from_shape_fn((parts.len(), d), |(part, k)| parts[part].1[k]);
            let chosen = cover(&shape, &costs, &steps, || false);
            let cost = chosen.map(|chosen| sums(&|i| chosen.contains(&i)).expect("it covers"));
            prop_assert_eq!(cost, best);
        }
    }
}
