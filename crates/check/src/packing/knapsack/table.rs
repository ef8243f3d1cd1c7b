//! The dynamic program over a dense table of capacities.

use super::{Answer, Item, Knapsack};

/// The greatest number of cells: two tables of 64-bit weights take 64 MiB then.
const MOST_CELLS: u64 = 1 << 22;

/// The shape of a table: the last resource runs fastest and has the longest rows.
struct Shape {
    /// Cells along each resource: capacity + 1.
    sides: Vec<usize>,
    cells: usize,
}

/// Some copies of one item, taken together or not at all.
struct Bundle<'a> {
    item: &'a Item,
    copies: u64,
}

impl Knapsack {
    /// Fills the table of the greatest weight per capacity, VM by VM (in bundles of 1, 2, 4, ... where
    /// types have one demand row). `Undecided` without any work if it takes more than `steps` cells, or
    /// too much memory, or weights beyond 64 bits.
    pub(super) fn table(&self, limit: u128, steps: u64) -> Answer {
        let (Some(shape), true) = (self.shape(), limit < u128::from(u64::MAX)) else {
            return Answer::Undecided;
        };
        if shape.cells as u128 * u128::from(self.stages()) > u128::from(steps) {
            return Answer::Undecided;
        }
        let mut best = vec![0_u64; shape.cells];
        let mut before = best.clone();
        for group in &self.groups {
            let items = &self.items[group.items.clone()];
            let mut left = group.most;
            let mut copies = 1;
            while left > 0 {
                copies = if items.len() == 1 { copies.min(left) } else { 1 };
                before.copy_from_slice(&best);
                for item in items {
                    shape.improve(&mut best, &before, &Bundle { item, copies });
                }
                // Weights do not fall with capacity: the last cell is the greatest. It saturates above
                // every limit that comes here.
                let weight = u128::from(best[shape.cells - 1]);
                if weight > limit {
                    return Answer::Heavier { pattern: None, weight };
                }
                left -= copies;
                copies *= 2;
            }
        }
        Answer::Within
    }

    fn shape(&self) -> Option<Shape> {
        let mut cells: u64 = 1;
        let mut sides = Vec::with_capacity(self.capacity.len());
        for &capacity in &self.capacity {
            let side = capacity.checked_add(1)?;
            cells = cells.checked_mul(side).filter(|&cells| cells <= MOST_CELLS)?;
            sides.push(side as usize);
        }
        Some(Shape { sides, cells: cells as usize })
    }

    /// How often the whole table is passed.
    fn stages(&self) -> u64 {
        let stages = self.groups.iter().map(|group| match group.items.len() {
            1 => u64::from(u64::BITS - group.most.leading_zeros()),
            rows => group.most.saturating_mul(rows as u64),
        });
        stages.fold(0, u64::saturating_add)
    }
}

impl Shape {
    /// Raises the cells in which the bundle fits to its weight on top of what was best without it.
    fn improve(&self, best: &mut [u64], before: &[u64], bundle: &Bundle) {
        let copies = bundle.copies as usize;
        let weight = bundle.item.weight.saturating_mul(bundle.copies);
        // Bundles fit the host, so these products stay below the sides.
        let demand: Vec<usize> = bundle.item.demand.iter().map(|&d| d as usize * copies).collect();
        let (Some((&row, outer)), Some((&fast, slow))) =
            (self.sides.split_last(), demand.split_last())
        else {
            return;
        };
        let stride = slow.iter().zip(outer).fold(0, |stride, (&d, &side)| stride * side + d);
        for index in stride..self.cells / row {
            if fits(index, slow, outer) {
                let (to, from) = (index * row, (index - stride) * row);
                let cells = best[to + fast..to + row].iter_mut();
                for (cell, &rest) in cells.zip(&before[from..from + row - fast]) {
                    *cell = (*cell).max(rest.saturating_add(weight));
                }
            }
        }
    }
}

/// Whether the cell with this row index offers the demand in every resource but the last.
fn fits(mut index: usize, demand: &[usize], sides: &[usize]) -> bool {
    demand.iter().zip(sides).rev().all(|(&d, &side)| {
        let coordinate = index % side;
        index /= side;
        coordinate >= d
    })
}
