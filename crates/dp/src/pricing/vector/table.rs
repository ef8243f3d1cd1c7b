//! Surrogate tables: what the items from a position on are worth in one aggregated resource.

use super::items::Items;

/// The bits of a resource's capacity when resources are weighed together.
const RESOURCE_BITS: u32 = 40;
/// The bits of the sum of the multipliers.
const MULTIPLIER_BITS: u32 = 16;
/// How many cells are filled between two questions whether to stop.
const POLL: usize = 1 << 18;
/// Stands for a load that cannot be reached.
const NEVER: i64 = i64::MIN / 2;

/// The knapsack table over one surrogate resource: a nonnegative combination of the resources, rounded
/// so that every pattern that fits all resources fits it. Row by row for capacities, a column for
/// every position, so that a search that moves along the positions at a fixed capacity reads
/// neighbouring cells.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// What an item takes of the surrogate, in full precision.
    pub(super) weight: Vec<u64>,
    /// What the host offers of it.
    pub(super) capacity: u64,
    shift: u32,
    columns: usize,
    cells: Vec<i64>,
    row: Vec<i64>,
}

impl Table {
    /// The table of one resource, of so many rows at most; `false` if it was stopped, and then the table is
    /// none.
    pub(super) fn single(
        &mut self,
        items: &Items,
        k: usize,
        most_rows: usize,
        stop: &dyn Fn() -> bool,
    ) -> bool {
        self.weight.clear();
        self.weight.extend(items.size.chunks_exact(items.dimensions).map(|row| row[k]));
        self.capacity = items.capacity[k];
        let spare = self.capacity - items.least_load[k];
        self.build(items, spare, most_rows, stop)
    }

    /// The table of a combination of all resources, as fractions of the capacity; `false` as before.
    pub(super) fn combined(
        &mut self,
        items: &Items,
        multipliers: &[f64],
        most_rows: usize,
        stop: &dyn Fn() -> bool,
    ) -> bool {
        let total: f64 = multipliers.iter().sum();
        let parts = f64::from(1_u32 << MULTIPLIER_BITS);
        let part = |u: &f64| if total > 0.0 { (u / total * parts) as u64 } else { 1 };
        let parts: Vec<u64> = multipliers.iter().map(part).collect();
        let share = |size: u64, capacity: u64| {
            let scaled = (u128::from(size) << RESOURCE_BITS) / u128::from(capacity.max(1));
            scaled as u64
        };
        self.weight.clear();
        self.weight.extend(items.size.chunks_exact(items.dimensions).map(|row| {
            let shares = row.iter().zip(&items.capacity).map(|(&size, &c)| share(size, c));
            shares.zip(&parts).map(|(share, part)| share * part).sum::<u64>()
        }));
        let whole = items.capacity.iter().zip(&parts).map(|(&c, part)| share(c, c) * part);
        self.capacity = whole.sum();
        // A share loses less than one in rounding, per item and resource.
        let lost = items.longest.saturating_mul(1 << MULTIPLIER_BITS);
        let spare = items.capacity.iter().zip(&items.least_load).zip(&parts);
        let spare: u64 =
            spare.map(|((&c, &least), part)| (share(c - least, c) + 1) * part).sum::<u64>();
        self.build(items, spare.saturating_add(lost), most_rows, stop)
    }

    /// No pattern of the items from position `from` on that leaves `room` of the surrogate is worth more.
    pub(super) fn worth(&self, room: u64, from: usize) -> i64 {
        self.cells[(room >> self.shift) as usize * self.columns + from]
    }

    /// Fills the table; `spare` is the most that a pattern may leave unused.
    fn build(
        &mut self,
        items: &Items,
        spare: u64,
        most_rows: usize,
        stop: &dyn Fn() -> bool,
    ) -> bool {
        let bits = u64::BITS - self.capacity.leading_zeros();
        self.shift = bits.saturating_sub(most_rows.ilog2());
        let rows = (self.capacity >> self.shift) as usize + 1;
        let n = items.len();
        self.columns = n + 1;
        self.cells.clear();
        self.cells.resize(rows * self.columns, 0);
        // A rounded weight is less than a cell short.
        let lost = if self.shift == 0 { 0 } else { items.longest.saturating_add(1) };
        let spare = (spare >> self.shift).saturating_add(lost);
        self.row.clear();
        self.row.extend((0..rows).map(|c| if c as u64 <= spare { 0 } else { NEVER }));
        for (c, &worth) in self.row.iter().enumerate() {
            self.cells[c * self.columns + n] = worth;
        }
        let mut poll = POLL;
        for at in (0..n).rev() {
            poll += rows;
            if poll >= POLL {
                poll = 0;
                if stop() {
                    return false;
                }
            }
            let weight = (self.weight[at] >> self.shift) as usize;
            let mut left = items.most[at];
            let mut part = 1;
            while left > 0 {
                let taken = part.min(left);
                add(
                    &mut self.row,
                    weight.saturating_mul(taken as usize),
                    items.profit[at] * i64::from(taken),
                );
                left -= taken;
                part *= 2;
            }
            for (c, &worth) in self.row.iter().enumerate() {
                self.cells[c * self.columns + at] = worth;
            }
        }
        true
    }
}

/// One more item of the knapsack, in place.
fn add(row: &mut [i64], weight: usize, profit: i64) {
    if weight == 0 {
        for worth in row {
            *worth += profit;
        }
        return;
    }
    // From the end in blocks of the weight: a block and the one before it do not overlap.
    let mut end = row.len();
    while end > weight {
        let start = end.saturating_sub(weight).max(weight);
        let (before, block) = row[..end].split_at_mut(start);
        let source = &before[start - weight..];
        for (worth, &less) in block.iter_mut().zip(source) {
            *worth = (*worth).max(less + profit);
        }
        end = start;
    }
}
