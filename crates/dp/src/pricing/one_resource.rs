//! Pricing over one resource: a knapsack table, and many patterns out of one table.
//!
//! `value(level, free)` is the greatest profit of the first `level` copies in a free capacity, without
//! conflicts and penalties, which only lower profits. The table is walked from its end as an enumeration
//! tree: a branch is left as soon as its profit so far and the value of the rest do not exceed the
//! threshold (da Silva and Schouery 2025, section 4). Copies in conflicts and penalties come last in the
//! table and so are decided first.

use super::sparse::SparseTable;
use super::{Answer, Effort, Priced, Problem};

/// The profit of what cannot be reached; sums with it stay negative and do not overflow.
pub(super) const NEVER: i64 = i64::MIN / 4;

/// Tables up to this many cells are faster than lists of states.
const SMALL: usize = 6 << 20;

/// After so many cells or states a table asks whether to stop: a fraction of a millisecond of work.
pub(super) const POLL: usize = 1 << 18;

/// So many states, two megabytes at most, are always allowed.
const FEW_STATES: usize = 1 << 16;

/// One unit of an item in the order of the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Copy {
    pub(super) item: u32,
    pub(super) size: u64,
    pub(super) profit: i64,
    /// The level below the first copy of the same item.
    pub(super) group: usize,
}

/// Prices patterns of a host with one resource. Buffers are kept between calls.
///
/// A call takes `O(N W)` time and memory for `N` copies and capacity `W`, as a dense table of 64-bit
/// integers; where that would exceed the memory allowed, states that cannot lead above the threshold are
/// left out of lists of non-dominated states. Where not even these fit, a call proves little and finds
/// nothing.
#[derive(Debug)]
pub struct OneResourcePricer {
    most_cells: usize,
    copies: Vec<Copy>,
    dense: Vec<i64>,
    sparse: SparseTable,
    ran_out: bool,
}

/// The table of one problem.
enum Table<'a> {
    Dense { cells: &'a [i64], width: usize },
    Sparse(&'a SparseTable),
}

impl Table<'_> {
    fn value(&self, level: usize, free: u64) -> i64 {
        match self {
            Self::Dense { cells, width } => cells[level * width + free as usize],
            Self::Sparse(table) => table.value(level, free),
        }
    }
}

impl OneResourcePricer {
    /// A pricer whose dense table takes at most `bytes`.
    pub fn new(bytes: u64) -> Self {
        let most_cells = usize::try_from(bytes / 8).unwrap_or(usize::MAX);
        Self {
            most_cells,
            copies: Vec::new(),
            dense: Vec::new(),
            sparse: SparseTable::default(),
            ran_out: false,
        }
    }

    /// Whether the last call would have needed more memory than it may take.
    pub fn ran_out(&self) -> bool {
        self.ran_out
    }

    /// Bytes of the tables that are kept between calls.
    pub fn bytes(&self) -> u64 {
        8 * self.dense.capacity() as u64 + self.sparse.bytes()
    }

    /// The patterns of greatest profit above the threshold, and a proved bound on the profit of all.
    /// `stop` is asked every few hundred thousand cells of the table and every few thousand steps of the
    /// walk; a call that it ends proves little.
    ///
    /// # Panics
    /// If the problem has more than one resource.
    pub fn price(
        &mut self,
        problem: &Problem<'_>,
        effort: &Effort,
        stop: &dyn Fn() -> bool,
    ) -> Answer {
        assert_eq!(problem.dimensions(), 1, "this pricer is for one resource");
        let capacity = problem.capacity[0];
        let waste = capacity.saturating_sub(problem.least_load[0]);
        if problem.least_load[0] > capacity {
            return Answer { patterns: Vec::new(), bound: problem.threshold, steps: 0 };
        }
        let free_profit = self.order_copies(problem);
        let width = usize::try_from(capacity).unwrap_or(usize::MAX).saturating_add(1);
        let cells = width.saturating_mul(self.copies.len() + 1);
        // Lists of states know nothing of least loads; where these matter, the table must.
        let is_tight = waste < capacity / 4;
        let is_dense = cells <= if is_tight { self.most_cells } else { self.most_cells.min(SMALL) };
        let filled = if is_dense {
            self.fill(width, waste, stop)
        } else {
            // States take two numbers, and their lists may be twice as long as they need to be.
            let most_states = (self.most_cells / 4).max(FEW_STATES);
            let threshold = problem.threshold - free_profit.1;
            self.sparse.fill(&self.copies, capacity, threshold, most_states, stop)
        };
        self.ran_out = !filled && !stop();
        if !filled {
            let all =
                self.copies.iter().fold(free_profit.1, |sum, copy| sum.saturating_add(copy.profit));
            return Answer { patterns: Vec::new(), bound: all, steps: 0 };
        }
        let table = if is_dense {
            Table::Dense { cells: &self.dense, width }
        } else {
            Table::Sparse(&self.sparse)
        };
        let mut walk = Walk {
            problem,
            copies: &self.copies,
            table,
            waste,
            start: free_profit,
            penalties: Penalties::new(problem),
            state: State::default(),
        };
        let mut answer = walk.run(capacity, effort, stop);
        answer.steps += cells.min(self.most_cells) as u64 / 16;
        answer
    }

    /// Puts the copies in order; items of size zero are in every pattern, so their contents and profit
    /// come back instead.
    fn order_copies(&mut self, problem: &Problem<'_>) -> (Vec<(u32, u32)>, i64) {
        let capacity = problem.capacity[0];
        let mut last = vec![false; problem.items()];
        for (item, last) in last.iter_mut().enumerate() {
            *last = problem.conflicts.touches(item);
        }
        for penalty in problem.penalties {
            for &item in &penalty.items {
                last[item] = true;
            }
        }
        let mut free = (Vec::new(), 0);
        let mut order: Vec<(bool, u64, u32)> = Vec::with_capacity(problem.items());
        for (item, &last) in last.iter().enumerate() {
            let (size, copies, profit) =
                (problem.sizes[item], problem.copies[item], problem.profits[item]);
            if copies == 0 || size > capacity || (profit <= 0 && problem.least_load[0] == 0) {
                continue;
            }
            if size == 0 && !last {
                free.0.push((item as u32, copies));
                free.1 += profit * i64::from(copies);
                continue;
            }
            order.push((last, size, item as u32));
        }
        order.sort_unstable();
        self.copies.clear();
        for (_, size, item) in order {
            let fit = capacity.checked_div(size).unwrap_or(u64::MAX);
            let mut most = u64::from(problem.copies[item as usize]).min(fit);
            if problem.conflicts.contains(item as usize, item as usize) {
                most = most.min(1);
            }
            let group = self.copies.len();
            let profit = problem.profits[item as usize];
            self.copies.extend((0..most).map(|_| Copy { item, size, profit, group }));
        }
        free
    }

    /// Fills the dense table, level by level; `false` if it was stopped.
    fn fill(&mut self, width: usize, waste: u64, stop: &dyn Fn() -> bool) -> bool {
        let cells = width * (self.copies.len() + 1);
        if self.dense.capacity() < cells {
            // Nothing of it is needed, so nothing is copied.
            self.dense = Vec::new();
            self.dense.reserve_exact(cells);
        }
        let allowed = usize::try_from(waste).unwrap_or(usize::MAX).saturating_add(1).min(width);
        for start in (0..width).step_by(POLL) {
            if stop() {
                return false;
            }
            let row = touch(&mut self.dense, start, POLL.min(width - start));
            let (within, beyond) = row.split_at_mut(allowed.saturating_sub(start).min(row.len()));
            within.fill(0);
            beyond.fill(NEVER);
        }
        for (level, copy) in self.copies.iter().enumerate() {
            let size = copy.size as usize;
            for start in (0..width).step_by(POLL) {
                if stop() {
                    return false;
                }
                let end = width.min(start + POLL);
                touch(&mut self.dense, (level + 1) * width + start, end - start);
                let (done, rest) = self.dense.split_at_mut((level + 1) * width);
                let below = &done[level * width..];
                let least = size.clamp(start, end);
                rest[start..least].copy_from_slice(&below[start..least]);
                let (without, with) = (&below[least..end], &below[least - size.min(least)..]);
                for ((cell, &without), &with) in rest[least..end].iter_mut().zip(without).zip(with)
                {
                    let with = with + copy.profit;
                    *cell = if with > without { with } else { without };
                }
            }
        }
        true
    }
}

/// Part of a table that is made as it is first touched: all memory at once would take a second per gigabyte.
fn touch(cells: &mut Vec<i64>, start: usize, count: usize) -> &mut [i64] {
    let end = start + count;
    if cells.len() < end {
        cells.resize(end, 0);
    }
    &mut cells[start..end]
}

/// The penalties by item, and how many of the three items of each the walk holds.
struct Penalties {
    /// Penalties that each item is in.
    of_item: Vec<Vec<u32>>,
    held: Vec<u8>,
    amounts: Vec<i64>,
}

impl Penalties {
    fn new(problem: &Problem<'_>) -> Self {
        let mut of_item = Vec::new();
        if !problem.penalties.is_empty() {
            of_item.resize(problem.items(), Vec::new());
            for (at, penalty) in problem.penalties.iter().enumerate() {
                for &item in &penalty.items {
                    of_item[item].push(at as u32);
                }
            }
        }
        let amounts = problem.penalties.iter().map(|penalty| penalty.amount).collect();
        Self { of_item, held: vec![0; problem.penalties.len()], amounts }
    }

    /// What the first copy of an item costs on top of what is held; takes note of it.
    fn take(&mut self, item: u32) -> i64 {
        let Some(penalties) = self.of_item.get(item as usize) else { return 0 };
        let mut paid = 0;
        for &at in penalties {
            self.held[at as usize] += 1;
            if self.held[at as usize] == 2 {
                paid += self.amounts[at as usize];
            }
        }
        paid
    }

    /// Takes [`Penalties::take`] back.
    fn put_back(&mut self, item: u32) -> i64 {
        let Some(penalties) = self.of_item.get(item as usize) else { return 0 };
        let mut paid = 0;
        for &at in penalties {
            if self.held[at as usize] == 2 {
                paid += self.amounts[at as usize];
            }
            self.held[at as usize] -= 1;
        }
        paid
    }
}

/// A depth-first walk over the table.
struct Walk<'a> {
    problem: &'a Problem<'a>,
    copies: &'a [Copy],
    table: Table<'a>,
    waste: u64,
    /// What is in every pattern, and its profit.
    start: (Vec<(u32, u32)>, i64),
    penalties: Penalties,
    state: State,
}

#[derive(Default)]
struct State {
    /// The levels at which a copy was taken.
    taken: Vec<usize>,
    /// Items in conflict with what is taken, counted.
    blocked: Vec<u32>,
    steps: u64,
}

/// In how many patterns of one walk an item appears before the walk turns elsewhere.
const FAMILIAR: u32 = 6;

/// What a walk is after.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Aim {
    /// Many different patterns.
    Many,
    /// Better ones only: the threshold rises with each.
    Best,
}

impl Walk<'_> {
    fn run(&mut self, capacity: u64, effort: &Effort, stop: &dyn Fn() -> bool) -> Answer {
        let threshold = self.problem.threshold;
        let top = self.copies.len();
        let relaxed = self.start.1 + self.table.value(top, capacity);
        if relaxed <= threshold {
            // A sparse table knows nothing below the threshold.
            let known = matches!(self.table, Table::Dense { .. });
            let bound = if known { relaxed } else { threshold };
            return Answer { patterns: Vec::new(), bound: bound.max(0), steps: 1 };
        }
        self.state.blocked = vec![0; self.problem.items()];
        let mut found = Vec::new();
        let exhausted = self.search(capacity, Aim::Many, threshold, effort, stop, &mut found);
        let steps = self.state.steps;
        let best = found.iter().map(|pattern: &Priced| pattern.profit).max();
        let bound = match (best, exhausted) {
            (None, true) => threshold,
            (Some(best), true) => best,
            (_, false) => relaxed,
        };
        let plain = self.problem.penalties.is_empty() && self.problem.conflicts.is_empty();
        if let Some(best) = best
            && best < bound
        {
            // The best of all is the column that the bound depends on.
            let more = Effort { steps: effort.steps / 2, most_steps: effort.steps / 2, ..*effort };
            self.state.steps = 0;
            let aim = if plain { relaxed - 1 } else { best };
            self.search(capacity, Aim::Best, aim, &more, stop, &mut found);
        }
        let patterns = select(found, effort, self.problem.items());
        Answer { patterns, bound, steps: steps + self.state.steps }
    }

    /// Collects patterns of profit above `threshold`; whether the walk saw all of them.
    fn search(
        &mut self,
        capacity: u64,
        aim: Aim,
        mut threshold: i64,
        effort: &Effort,
        stop: &dyn Fn() -> bool,
        found: &mut Vec<Priced>,
    ) -> bool {
        let most_found = effort.patterns.saturating_mul(16);
        let before = found.len();
        let mut familiar = vec![0_u32; if aim == Aim::Many { self.problem.items() } else { 0 }];
        let mut complete = true;
        let (mut level, mut free, mut profit) = (self.copies.len(), capacity, self.start.1);
        self.state.taken.clear();
        loop {
            self.state.steps += 1;
            let steps = self.state.steps;
            let enough = found.len() > before && steps > effort.steps;
            let stopped = steps.is_multiple_of(4096) && stop();
            if enough || stopped || steps > effort.most_steps || found.len() - before >= most_found
            {
                self.unwind();
                return false;
            }
            if level > 0 && profit + self.table.value(level, free) > threshold {
                let copy = self.copies[level - 1];
                if copy.size <= free && self.state.blocked[copy.item as usize] == 0 {
                    let first = self.holds(copy.item) == 0;
                    let paid = if first { self.penalties.take(copy.item) } else { 0 };
                    let after = profit + copy.profit - paid;
                    if after + self.table.value(level - 1, free - copy.size) > threshold {
                        if first {
                            self.block(copy.item, true);
                        }
                        self.state.taken.push(level);
                        (level, free, profit) = (level - 1, free - copy.size, after);
                        continue;
                    }
                    if first {
                        self.penalties.put_back(copy.item);
                    }
                }
                // Not this copy, so none of the item's other copies either.
                level = copy.group;
                continue;
            }
            if level == 0 && free <= self.waste && profit > threshold {
                found.push(self.pattern(profit));
                match aim {
                    Aim::Best => threshold = profit,
                    Aim::Many => {
                        for &level in &self.state.taken {
                            familiar[self.copies[level - 1].item as usize] += 1;
                        }
                    }
                }
            }
            // Back to the last copy taken, which is skipped now, unless the walk has seen enough of
            // what is taken before it.
            loop {
                let Some(last) = self.state.taken.pop() else { return complete };
                let copy = self.copies[last - 1];
                profit -= copy.profit;
                free += copy.size;
                if self.holds(copy.item) == 0 {
                    profit += self.penalties.put_back(copy.item);
                    self.block(copy.item, false);
                }
                let is_familiar = |&level: &usize| {
                    let item = self.copies[level - 1].item as usize;
                    familiar.get(item).is_some_and(|&times| times > FAMILIAR)
                };
                if self.state.taken.iter().any(is_familiar) {
                    complete = false;
                    continue;
                }
                level = copy.group;
                break;
            }
        }
    }

    /// Takes everything back after a walk that was cut short.
    fn unwind(&mut self) {
        while let Some(last) = self.state.taken.pop() {
            let item = self.copies[last - 1].item;
            if self.holds(item) == 0 {
                self.penalties.put_back(item);
                self.block(item, false);
            }
        }
    }

    /// Copies of an item that are taken; those of one item are neighbours.
    fn holds(&self, item: u32) -> usize {
        let of_item = |&&level: &&usize| self.copies[level - 1].item == item;
        self.state.taken.iter().rev().take_while(of_item).count()
    }

    fn block(&mut self, item: u32, on: bool) {
        if !self.problem.conflicts.touches(item as usize) {
            return;
        }
        for (word, &bits) in self.problem.conflicts.row(item as usize).iter().enumerate() {
            let mut bits = bits;
            while bits != 0 {
                let other = word * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                // The single copy of an item in conflict with itself does not keep itself out.
                if other != item as usize {
                    let count = &mut self.state.blocked[other];
                    *count = if on { *count + 1 } else { *count - 1 };
                }
            }
        }
    }

    fn pattern(&self, profit: i64) -> Priced {
        let mut items = self.start.0.clone();
        for &level in &self.state.taken {
            let item = self.copies[level - 1].item;
            match items.last_mut() {
                Some((last, count)) if *last == item => *count += 1,
                _ => items.push((item, 1)),
            }
        }
        items.sort_unstable();
        Priced { items, profit }
    }
}

/// The most profitable patterns, each item in few of them; the best of all first.
pub(super) fn select(mut found: Vec<Priced>, effort: &Effort, items: usize) -> Vec<Priced> {
    found.sort_by(|a, b| b.profit.cmp(&a.profit).then_with(|| a.items.cmp(&b.items)));
    found.dedup();
    let mut used = vec![0_u32; items];
    let mut selected = Vec::with_capacity(effort.patterns.min(found.len()));
    for pattern in found {
        if selected.len() >= effort.patterns {
            break;
        }
        let fresh = pattern.items.iter().all(|&(item, _)| used[item as usize] < effort.repeats);
        if fresh {
            for &(item, count) in &pattern.items {
                used[item as usize] += count;
            }
            selected.push(pattern);
        }
    }
    selected
}
