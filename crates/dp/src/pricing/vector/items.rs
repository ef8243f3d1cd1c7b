//! The items that a pattern may hold, prepared for the search.

use crate::pricing::Problem;

/// The items of a problem that can matter, in the order in which the search decides on them, without
/// the resources that limit nothing.
#[derive(Debug, Default)]
pub(super) struct Items {
    /// Resources that are left.
    pub(super) dimensions: usize,
    /// Capacities and least loads of these.
    pub(super) capacity: Vec<u64>,
    pub(super) least_load: Vec<u64>,
    /// The number of each item in the problem.
    pub(super) number: Vec<u32>,
    /// Items x resources, row by row.
    pub(super) size: Vec<u64>,
    /// The sizes as shares of the capacity.
    pub(super) share: Vec<f64>,
    pub(super) profit: Vec<i64>,
    /// How many of each a pattern can hold at most.
    pub(super) most: Vec<u32>,
    /// Whether an item is in any conflict.
    pub(super) touched: Vec<bool>,
    /// Where the cuts of each item start in `cut`; one more than items.
    pub(super) cut_start: Vec<u32>,
    pub(super) cut: Vec<u32>,
    /// Items that take nothing and meet no conflict and no cut, with their numbers: every pattern may
    /// hold them all.
    pub(super) free: Vec<(u32, u32)>,
    /// What the free items are worth.
    pub(super) base: i64,
    /// No pattern holds more items than this, copies counted and free items left out.
    pub(super) longest: u64,
    resources: Vec<usize>,
    limits: Vec<(u64, u64)>,
}

impl Items {
    /// Takes over the items that fit and can raise a profit or a load.
    pub(super) fn prepare(&mut self, problem: &Problem<'_>) {
        let filled = problem.least_load.iter().any(|&load| load > 0);
        self.resources.clear();
        self.resources.extend((0..problem.dimensions()).filter(|&k| {
            let used =
                (0..problem.items()).any(|i| problem.copies[i] > 0 && problem.size(i)[k] > 0);
            used || problem.least_load[k] > 0
        }));
        if self.resources.is_empty() {
            self.resources.push(0);
        }
        self.dimensions = self.resources.len();
        self.capacity.clear();
        self.capacity.extend(self.resources.iter().map(|&k| problem.capacity[k]));
        self.least_load.clear();
        self.least_load.extend(self.resources.iter().map(|&k| problem.least_load[k]));
        self.number.clear();
        self.free.clear();
        self.base = 0;
        for i in 0..problem.items() {
            let most = Self::most_copies(problem, i);
            if most == 0 || problem.profits[i] == 0 && !filled {
                continue;
            }
            let cut = problem.penalties.iter().any(|penalty| penalty.items.contains(&i));
            let empty = problem.size(i).iter().all(|&size| size == 0);
            if empty && !cut && !problem.conflicts.touches(i) {
                if problem.profits[i] > 0 {
                    self.free.push((i as u32, most));
                    self.base += problem.profits[i] * i64::from(most);
                }
            } else {
                self.number.push(i as u32);
            }
        }
        self.fill(problem);
    }

    /// Keeps the given positions, in the given order.
    pub(super) fn select(&mut self, problem: &Problem<'_>, positions: &[u32]) {
        let numbers: Vec<u32> = positions.iter().map(|&at| self.number[at as usize]).collect();
        self.number = numbers;
        self.fill(problem);
    }

    /// The number of items.
    pub(super) fn len(&self) -> usize {
        self.number.len()
    }

    /// What all items are worth together.
    pub(super) fn all(&self) -> i64 {
        let worth = |(&profit, &most): (&i64, &u32)| profit.saturating_mul(i64::from(most));
        self.profit.iter().zip(&self.most).map(worth).fold(self.base, i64::saturating_add)
    }

    /// What one of an item takes.
    pub(super) fn size(&self, at: usize) -> &[u64] {
        &self.size[at * self.dimensions..(at + 1) * self.dimensions]
    }

    /// The cuts that an item is in.
    pub(super) fn cuts(&self, at: usize) -> &[u32] {
        &self.cut[self.cut_start[at] as usize..self.cut_start[at + 1] as usize]
    }

    fn most_copies(problem: &Problem<'_>, i: usize) -> u32 {
        let alone = problem.conflicts.contains(i, i);
        let allowed = if alone { problem.copies[i].min(1) } else { problem.copies[i] };
        let fitting = problem.capacity.iter().zip(problem.size(i));
        let fitting = fitting.filter_map(|(&capacity, &size)| capacity.checked_div(size)).min();
        fitting.map_or(allowed, |most| allowed.min(u32::try_from(most).unwrap_or(u32::MAX)))
    }

    fn fill(&mut self, problem: &Problem<'_>) {
        self.size.clear();
        self.profit.clear();
        self.most.clear();
        self.touched.clear();
        self.cut_start.clear();
        self.cut.clear();
        for &number in &self.number {
            let i = number as usize;
            let size = problem.size(i);
            self.size.extend(self.resources.iter().map(|&k| size[k]));
            self.profit.push(problem.profits[i]);
            self.most.push(Self::most_copies(problem, i));
            self.touched.push(problem.conflicts.touches(i));
            self.cut_start.push(self.cut.len() as u32);
            let cuts = problem.penalties.iter().enumerate();
            let cuts = cuts.filter(|(_, penalty)| penalty.items.contains(&i));
            self.cut.extend(cuts.map(|(cut, _)| cut as u32));
        }
        self.share.clear();
        let wholes = self.capacity.iter().cycle();
        let shares = self.size.iter().zip(wholes);
        self.share.extend(shares.map(|(&size, &whole)| size as f64 / whole.max(1) as f64));
        self.cut_start.push(self.cut.len() as u32);
        self.longest = self.count_longest();
    }

    /// The greatest number of items that fit one resource, at the least over all resources.
    fn count_longest(&mut self) -> u64 {
        let mut longest: u64 = self.most.iter().map(|&most| u64::from(most)).sum();
        for k in 0..self.dimensions {
            self.limits.clear();
            let rows = self.size.chunks_exact(self.dimensions).map(|row| row[k]);
            self.limits.extend(rows.zip(self.most.iter().map(|&most| u64::from(most))));
            self.limits.sort_unstable();
            let mut left = self.capacity[k];
            let mut count = 0;
            for &(size, most) in &self.limits {
                let taken = left.checked_div(size).map_or(most, |fitting| most.min(fitting));
                count += taken;
                left -= taken * size;
                if taken < most {
                    break;
                }
            }
            longest = longest.min(count);
        }
        longest
    }
}
