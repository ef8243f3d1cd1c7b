//! One resource, with exclusions and penalties: a walk along the rows of a dense table.
//!
//! The items that are part of an exclusion or a penalty are decided one after the other, depth first.
//! The rows of a table that knows neither, over the items still undecided, bound every completion
//! (exclusions and penalties only make patterns lighter), and are exact once only free items are left.
//! So the walk sees nothing but patterns that would be too heavy without exclusions and penalties.

use super::table::{MOST_CELLS, MOST_WEIGHT, UNREACHED, passes};
use super::{Answer, Knapsack};

/// The greatest number of cells in all stored rows: 128 MiB.
const MOST_STORED: usize = 1 << 24;
/// What a node of the walk costs in cells of the table: it jumps in memory.
const NODE_STEPS: u64 = 8;

/// The table: from some of the bound items on, the greatest weight of what is undecided per room.
struct Rows {
    /// Row `r` counts the bound items from place `r * stride` on, and all free ones; the last row counts
    /// the free ones only.
    rows: Vec<Vec<i64>>,
    stride: usize,
}

impl Knapsack {
    /// Fills the rows, and walks. A step is a cell of the table.
    pub(super) fn walk(&self, limit: u128, steps: &mut u64) -> Answer {
        let [capacity] = self.capacity[..] else { return Answer::Undecided };
        let cells = capacity.saturating_add(1);
        let passed: u64 = self.items.iter().map(|item| passes(item.most)).sum();
        let work = cells.saturating_mul(passed);
        let total = self.total_weight();
        // A penalty counts as the weight of everything at most, which settles as much as all of it.
        let least = total.saturating_mul(self.penalties.len() as u128 + 1);
        if cells > MOST_CELLS || least >= MOST_WEIGHT || work > *steps {
            return Answer::Undecided;
        }
        if limit >= total {
            return Answer::Within;
        }
        *steps -= work;
        let mut bonded = vec![false; self.items.len()];
        for item in self.penalties.iter().flat_map(|penalty| &penalty.items) {
            bonded[*item] = true;
        }
        let (mut order, free): (Vec<usize>, Vec<usize>) = (0..self.items.len())
            .partition(|&item| bonded[item] || !self.conflicts[item].is_empty());
        // Large items first: little room is left after them.
        order.sort_by_key(|&item| std::cmp::Reverse(self.items[item].demand[0]));
        let rows = Rows::new(self, &order, &free);
        let mut walk = Walk::new(self, &order, &rows, limit as i64, total as i64);
        walk.run(steps)
    }
}

impl Rows {
    fn new(knapsack: &Knapsack, order: &[usize], free: &[usize]) -> Self {
        let cells = knapsack.capacity[0] as usize + 1;
        let idle = (knapsack.capacity[0] - knapsack.least[0]) as usize;
        let mut row = vec![UNREACHED; cells];
        row[..=idle].fill(0);
        for &item in free {
            improve(&mut row, knapsack, item);
        }
        let stride = order.len().div_ceil((MOST_STORED / cells).max(1)).max(1);
        let mut rows = vec![row.clone()];
        for (place, &item) in order.iter().enumerate().rev() {
            improve(&mut row, knapsack, item);
            if place % stride == 0 {
                rows.push(row.clone());
            }
        }
        rows.reverse();
        Self { rows, stride }
    }

    /// No completion by the bound items from `place` on and by free ones weighs more than this.
    fn bound(&self, place: usize, places: usize, room: usize) -> i64 {
        let row = if place == places { self.rows.len() - 1 } else { place / self.stride };
        self.rows[row][room]
    }
}

/// Offers the item to the row, in bundles of 1, 2, 4, ... copies.
fn improve(row: &mut [i64], knapsack: &Knapsack, item: usize) {
    let item = &knapsack.items[item];
    let (mut left, mut copies) = (item.most, 1);
    while left > 0 {
        copies = copies.min(left);
        let (demand, weight) = ((item.demand[0] * copies) as usize, (item.weight * copies) as i64);
        // Downwards, so that no bundle is taken twice.
        for room in (demand..row.len()).rev() {
            row[room] = row[room].max(row[room - demand] + weight);
        }
        left -= copies;
        copies *= 2;
    }
}

struct Walk<'a> {
    knapsack: &'a Knapsack,
    /// The items that are decided, in order.
    order: &'a [usize],
    rows: &'a Rows,
    limit: i64,
    penalties: Vec<i64>,
    part_of: Vec<Vec<usize>>,
    room: usize,
    weight: i64,
    /// By item.
    taken: Vec<u64>,
    /// By how many taken items an item is excluded.
    excluded: Vec<u32>,
    /// How many items of a penalty are taken.
    held: Vec<u32>,
}

impl<'a> Walk<'a> {
    fn new(
        knapsack: &'a Knapsack,
        order: &'a [usize],
        rows: &'a Rows,
        limit: i64,
        total: i64,
    ) -> Self {
        let n = knapsack.items.len();
        let mut part_of = vec![Vec::new(); n];
        for (p, penalty) in knapsack.penalties.iter().enumerate() {
            for &item in &penalty.items {
                part_of[item].push(p);
            }
        }
        let penalties = knapsack.penalties.iter().map(|p| i64::try_from(p.weight).unwrap_or(total));
        Self {
            knapsack,
            order,
            rows,
            limit,
            penalties: penalties.map(|weight| weight.min(total)).collect(),
            part_of,
            room: knapsack.capacity[0] as usize,
            weight: 0,
            taken: vec![0; n],
            excluded: vec![0; n],
            held: vec![0; knapsack.penalties.len()],
        }
    }

    fn run(&mut self, steps: &mut u64) -> Answer {
        let places = self.order.len();
        let mut place = 0;
        loop {
            // What is undecided goes on as long as it could be too heavy.
            while self.weight + self.rows.bound(place, places, self.room) > self.limit {
                if place == places {
                    let weight = self.weight + self.rows.bound(place, places, self.room);
                    return Answer::Heavier { pattern: None, weight: weight as u128 };
                }
                let item = self.order[place];
                let demand = self.knapsack.items[item].demand[0] as usize;
                let fitting = self.room.checked_div(demand).unwrap_or(usize::MAX) as u64;
                if self.excluded[item] == 0 {
                    self.take(item, fitting.min(self.knapsack.items[item].most));
                }
                place += 1;
                *steps = steps.saturating_sub(NODE_STEPS);
            }
            if *steps == 0 {
                return Answer::Undecided;
            }
            // Back to the last item taken, and one fewer of it.
            while place > 0 && self.taken[self.order[place - 1]] == 0 {
                place -= 1;
                *steps = steps.saturating_sub(1);
            }
            let Some(last) = place.checked_sub(1) else { return Answer::Within };
            self.put_back(self.order[last]);
        }
    }

    fn take(&mut self, item: usize, copies: u64) {
        if copies == 0 {
            return;
        }
        let kind = &self.knapsack.items[item];
        self.taken[item] = copies;
        self.room -= (kind.demand[0] * copies) as usize;
        self.weight += (kind.weight * copies) as i64;
        for &other in &self.knapsack.conflicts[item] {
            self.excluded[other] += 1;
        }
        for &p in &self.part_of[item] {
            self.held[p] += 1;
            if self.held[p] == 2 {
                self.weight -= self.penalties[p];
            }
        }
    }

    fn put_back(&mut self, item: usize) {
        let kind = &self.knapsack.items[item];
        self.taken[item] -= 1;
        self.room += kind.demand[0] as usize;
        self.weight -= kind.weight as i64;
        if self.taken[item] > 0 {
            return;
        }
        for &other in &self.knapsack.conflicts[item] {
            self.excluded[other] -= 1;
        }
        for &p in &self.part_of[item] {
            self.held[p] -= 1;
            if self.held[p] == 1 {
                self.weight += self.penalties[p];
            }
        }
    }
}
