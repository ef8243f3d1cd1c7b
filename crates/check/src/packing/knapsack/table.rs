//! The dynamic program over a dense table of capacities.

use super::{Answer, Item, Knapsack};

/// The greatest number of cells: two tables of 64-bit weights take 64 MiB then.
pub(super) const MOST_CELLS: u64 = 1 << 22;
/// No sum of weights reaches this, so that sums stay away from [`UNREACHED`].
pub(super) const MOST_WEIGHT: u128 = 1 << 61;
/// The weight in a cell that no pattern reaches with as much load as is asked for.
pub(super) const UNREACHED: i64 = i64::MIN / 2;

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
    /// too much memory, or sums of weights beyond 62 bits. Exclusions and penalties are not looked at.
    pub(super) fn table(&self, limit: u128, steps: &mut u64) -> Answer {
        let (Some(shape), true) = (self.shape(), self.sums_are_small(limit)) else {
            return Answer::Undecided;
        };
        if shape.cells as u128 * u128::from(self.stages()) > u128::from(*steps) {
            return Answer::Undecided;
        }
        *steps -= shape.cells as u64 * self.stages();
        let mut best = self.unloaded(&shape);
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
                // The last cell is the whole host; what it says some pattern reaches.
                if let Ok(weight) = u128::try_from(best[shape.cells - 1])
                    && weight > limit
                {
                    return Answer::Heavier { pattern: None, weight };
                }
                left -= copies;
                copies *= 2;
            }
        }
        Answer::Within
    }

    /// Whether sums in the table stay small: because all that may be taken weighs little, or because the table is
    /// given up once its last cell exceeds the limit. Without least loads no cell holds more than the last one, so
    /// that before each bundle all are within the limit.
    fn sums_are_small(&self, limit: u128) -> bool {
        let bundle = |item: &Item| u128::from(item.weight) * u128::from(item.most) < MOST_WEIGHT;
        let is_monotone = self.least.iter().all(|&least| least == 0);
        self.total_weight() < MOST_WEIGHT
            || is_monotone && limit < MOST_WEIGHT && self.items.iter().all(bundle)
    }

    /// The table before anything is taken: the room that a pattern leaves must not be greater than the
    /// least load allows.
    fn unloaded(&self, shape: &Shape) -> Vec<i64> {
        let idle: Vec<u64> = self.capacity.iter().zip(&self.least).map(|(c, l)| c - l).collect();
        let allowed = |mut cell: usize| {
            shape.sides.iter().zip(&idle).rev().all(|(&side, &idle)| {
                let room = cell % side;
                cell /= side;
                room as u64 <= idle
            })
        };
        (0..shape.cells).map(|cell| if allowed(cell) { 0 } else { UNREACHED }).collect()
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
            1 => passes(group.most),
            rows => group.most.saturating_mul(rows as u64),
        });
        stages.fold(0, u64::saturating_add)
    }
}

/// How many bundles of 1, 2, 4, ... and the rest make up so many copies.
pub(super) fn passes(copies: u64) -> u64 {
    u64::from(u64::BITS - copies.leading_zeros())
}

impl Shape {
    /// Raises the cells in which the bundle fits to its weight on top of what was best without it.
    fn improve(&self, best: &mut [i64], before: &[i64], bundle: &Bundle) {
        let copies = bundle.copies as usize;
        let weight = (bundle.item.weight * bundle.copies) as i64;
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
                    *cell = (*cell).max(rest + weight);
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
