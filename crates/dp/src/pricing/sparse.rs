//! Knapsack values as lists of non-dominated states, for capacities that no dense table could hold.

use super::one_resource::{Copy, NEVER, POLL};

/// For every level the states `(load, profit)` of its copies that no other state dominates, but for those
/// that cannot lead above the threshold whatever is added from the levels above.
///
/// Least loads are not looked at here: values are upper bounds for them. With two to three items per host
/// and `N` copies there are `O(N^2)` states per level at most, and the completion bound leaves a small
/// part of them.
#[derive(Debug, Default)]
pub(super) struct SparseTable {
    loads: Vec<u64>,
    profits: Vec<i64>,
    /// Where the states of each level end.
    ends: Vec<usize>,
}

impl SparseTable {
    /// The greatest profit of the first `level` copies within `free`, where that matters.
    pub(super) fn value(&self, level: usize, free: u64) -> i64 {
        let start = if level == 0 { 0 } else { self.ends[level - 1] };
        let loads = &self.loads[start..self.ends[level]];
        match loads.partition_point(|&load| load <= free) {
            0 => NEVER,
            at => self.profits[start + at - 1],
        }
    }

    /// Bytes that the states take.
    pub(super) fn bytes(&self) -> u64 {
        16 * self.loads.capacity() as u64
    }

    /// Builds all levels for patterns of profit above `threshold`; `false` if it was stopped, or if there
    /// are more than `most_states`.
    pub(super) fn fill(
        &mut self,
        copies: &[Copy],
        capacity: u64,
        threshold: i64,
        most_states: usize,
        stop: &dyn Fn() -> bool,
    ) -> bool {
        self.loads.clear();
        self.profits.clear();
        self.ends.clear();
        self.loads.push(0);
        self.profits.push(0);
        self.ends.push(1);
        let mut rest = Rest::new(copies);
        for (level, copy) in copies.iter().enumerate() {
            rest.remove(level);
            let start = if level == 0 { 0 } else { self.ends[level - 1] };
            let mut merge = Merge {
                without: start,
                with: start,
                end: self.ends[level],
                best: i64::MIN,
                // States come by ascending load, so what is free for the rest falls.
                envelope: rest.envelope(),
            };
            loop {
                if stop() || self.loads.len() > most_states {
                    return false;
                }
                if self.merge(&mut merge, copy, capacity, threshold) {
                    break;
                }
            }
            self.ends.push(self.loads.len());
        }
        true
    }

    /// Appends states of the next level: those of the level below and those with one copy more, by ascending
    /// load. Whether that was the last of them; else there is more to merge.
    fn merge(&mut self, merge: &mut Merge, copy: &Copy, capacity: u64, threshold: i64) -> bool {
        for _ in 0..POLL {
            let Merge { without, with, end, .. } = *merge;
            let skip = (without < end).then(|| (self.loads[without], self.profits[without]));
            let take = (with < end)
                .then(|| (self.loads[with] + copy.size, self.profits[with] + copy.profit))
                .filter(|&(load, _)| load <= capacity);
            let (load, profit) = match (skip, take) {
                (None, None) => return true,
                (Some(skip), Some(take)) if take.0 < skip.0 => {
                    merge.with += 1;
                    take
                }
                (Some(skip), _) => {
                    merge.without += 1;
                    skip
                }
                (None, Some(take)) => {
                    merge.with += 1;
                    take
                }
            };
            if profit > merge.best && profit + merge.envelope.at(capacity - load) > threshold {
                merge.best = profit;
                self.loads.push(load);
                self.profits.push(profit);
            }
        }
        false
    }
}

/// How far a level is merged from the one below.
struct Merge {
    /// The next state to come without the copy, and the next to come with it.
    without: usize,
    with: usize,
    /// Where the states of the level below end.
    end: usize,
    /// The greatest profit so far.
    best: i64,
    envelope: Envelope,
}

/// The copies above a level by falling profit per size, for the linear relaxation of the rest.
struct Rest<'a> {
    copies: &'a [Copy],
    /// Levels by falling efficiency.
    order: Vec<usize>,
    /// Whether a copy is still above.
    above: Vec<bool>,
}

impl<'a> Rest<'a> {
    fn new(copies: &'a [Copy]) -> Self {
        let mut order: Vec<usize> = (0..copies.len()).collect();
        order.sort_by(|&a, &b| {
            let (a, b) = (&copies[a], &copies[b]);
            // What takes nothing comes first; it would equal everything if it is worth nothing either.
            let left = i128::from(b.profit) * i128::from(a.size);
            let right = i128::from(a.profit) * i128::from(b.size);
            (a.size > 0).cmp(&(b.size > 0)).then(left.cmp(&right))
        });
        Self { copies, order, above: vec![true; copies.len()] }
    }

    fn remove(&mut self, level: usize) {
        self.above[level] = false;
    }

    /// The relaxation at falling capacities.
    fn envelope(&self) -> Envelope {
        let mut steps = Vec::new();
        let (mut size, mut profit) = (0_u64, 0_i64);
        for &level in &self.order {
            if self.above[level] {
                size = size.saturating_add(self.copies[level].size);
                profit += self.copies[level].profit;
                steps.push((size, profit));
            }
        }
        let at = steps.len();
        Envelope { steps, at }
    }
}

/// The greatest profit of fractions of the rest, as sums of size and profit.
struct Envelope {
    steps: Vec<(u64, i64)>,
    at: usize,
}

impl Envelope {
    /// The value within `free`, which never grows from call to call; rounded up.
    fn at(&mut self, free: u64) -> i64 {
        while self.at > 0 && self.steps[self.at - 1].0 > free {
            self.at -= 1;
        }
        let (size, profit) = if self.at == 0 { (0, 0) } else { self.steps[self.at - 1] };
        let Some(&(next_size, next_profit)) = self.steps.get(self.at) else { return profit };
        let left = i128::from(free - size);
        let (slope_size, slope_profit) =
            (i128::from(next_size - size), i128::from(next_profit - profit));
        if slope_size == 0 {
            return next_profit;
        }
        let part = (left * slope_profit + slope_size - 1) / slope_size;
        profit + part as i64
    }
}
