//! Pricing for several resources: greedy patterns around every item, short searches around items that
//! are in none, then depth-first search for the best.
//!
//! The search is bounded by knapsack tables over single resources and over one weighted sum of all, and at
//! every node of many candidates by Lagrangian prices of its own (for the bounds see Kellerer, Pferschy and
//! Pisinger, *Knapsack Problems* (2004), chapter 9).

mod found;
mod goal;
mod greedy;
mod items;
mod lagrange;
mod multipliers;
mod pairs;
mod search;
mod table;
#[cfg(test)]
mod tests;

use found::Found;
use goal::{End, Limits};
use greedy::Greedy;
use items::Items;
use pairs::PairSearch;
use search::{Search, Space};
use table::Table;

use super::{Answer, Effort, Problem};

/// Rows of a surrogate table at most, a power of two.
const ROWS: usize = 2048;
/// Rows of a surrogate table for very many items.
const FEWEST_ROWS: usize = 16;
/// Cells of all surrogate tables, unless they have as few rows as may be: a gigabyte.
const CELLS: usize = 1 << 27;
/// Steps of the search around one seed.
const SEED_STEPS: u64 = 1000;
/// Patterns of more items than this are none of few.
const LONG: u64 = 64;
/// Hosts that hold fewer items of mean weight are filled from the largest item on.
const LARGE: f64 = 6.0;

/// A pricer for any number of resources. It holds buffers only: answers do not depend on earlier calls.
#[derive(Debug, Default)]
pub struct VectorPricer {
    items: Items,
    tables: Vec<Table>,
    multipliers: Vec<f64>,
    greedy: Greedy,
    search: Search,
    pairs: PairSearch,
    /// Whether a host holds so few items that counting them bounds patterns well.
    few: bool,
    found: Found,
    order: Vec<u32>,
    uses: Vec<u32>,
}

impl VectorPricer {
    /// A pricer with empty buffers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Patterns above the threshold, and a bound on all. `stop` is asked every few thousand steps, and for
    /// every table.
    ///
    /// Greedy patterns take about `1000 * items` steps together, so that `effort.steps` of that order and
    /// more fill the quota in most rounds. A search that finds its first pattern late goes on for as
    /// many steps again. Steps take some 5 to 30 nanoseconds, and tables some
    /// `8 * 2048 * items * (resources + 1)` bytes, or a gigabyte where that would be more.
    pub fn price(
        &mut self,
        problem: &Problem<'_>,
        effort: &Effort,
        stop: &dyn Fn() -> bool,
    ) -> Answer {
        self.found.clear();
        self.search.steps = 0;
        let impossible = problem.least_load.iter().zip(problem.capacity).any(|(l, c)| l > c);
        if impossible {
            return Answer { patterns: Vec::new(), bound: problem.threshold, steps: 0 };
        }
        self.items.prepare(problem);
        if self.items.len() == 0 {
            return self.trivial(problem, effort);
        }
        let Some(mut bound) = self.reduce(problem, problem.threshold, stop) else {
            let bound = self.items.all().max(problem.threshold);
            return Answer { patterns: Vec::new(), bound, steps: 0 };
        };
        if self.items.len() == 0 {
            return self.trivial(problem, effort);
        }
        if bound > problem.threshold {
            self.seeded(problem, effort, stop);
            if self.few && self.found.len() < effort.enough {
                bound = self.paired(problem, effort, stop, bound);
            } else if !self.few {
                let found = self.found.len() > 0;
                let steps = if found { effort.steps } else { effort.most_steps };
                if steps > self.search.steps && !stop() {
                    bound = self.exact(problem, effort, stop, bound);
                }
            }
        }
        let best = self.found.best().unwrap_or(problem.threshold);
        Answer {
            patterns: self.found.choose(problem, effort),
            bound: bound.max(best),
            steps: self.search.steps,
        }
    }

    /// The answer if no item is left but the free ones.
    fn trivial(&mut self, problem: &Problem<'_>, effort: &Effort) -> Answer {
        let empty = problem.least_load.iter().all(|&load| load == 0);
        if empty && self.items.base > problem.threshold {
            self.found.push(&self.items, &[], self.items.base);
        }
        let bound = if empty { problem.threshold.max(self.items.base) } else { problem.threshold };
        Answer { patterns: self.found.choose(problem, effort), bound, steps: self.search.steps }
    }

    /// Computes multipliers, order and tables, and drops the items that no pattern above the cutoff can
    /// hold. Returns the bound of the tables; `None` if it was stopped.
    fn reduce(
        &mut self,
        problem: &Problem<'_>,
        cutoff: i64,
        stop: &dyn Fn() -> bool,
    ) -> Option<i64> {
        loop {
            multipliers::optimise(&self.items, &self.items.capacity, &mut self.multipliers);
            self.sort(problem);
            let bound = self.build(stop)?;
            if bound <= cutoff {
                return Some(bound);
            }
            self.order.clear();
            for at in 0..self.items.len() {
                if self.with(at) > cutoff {
                    self.order.push(at as u32);
                }
            }
            let n = self.items.len();
            if self.order.len() == n {
                return Some(bound);
            }
            let few = self.order.len() * 10 > n * 9;
            let order = std::mem::take(&mut self.order);
            self.items.select(problem, &order);
            self.order = order;
            if self.items.len() == 0 {
                return Some(bound.min(cutoff.max(self.items.base)));
            }
            if few {
                return self.build(stop);
            }
        }
    }

    /// Sorts items by falling surrogate weight if few fill a host, so that the rest soon does not fit,
    /// and by falling profit per weight otherwise.
    fn sort(&mut self, problem: &Problem<'_>) {
        let items = &self.items;
        let weight = |at: usize| -> f64 {
            let row = items.size(at).iter().zip(&items.capacity).zip(&self.multipliers);
            row.map(|((&size, &c), u)| size as f64 / c.max(1) as f64 * u).sum::<f64>().max(1e-9)
        };
        let whole: f64 = self.multipliers.iter().sum();
        let mean = (0..items.len()).map(weight).sum::<f64>() / items.len() as f64;
        let large_first = whole < LARGE * mean;
        self.few = large_first && problem.penalties.is_empty() && self.items.longest <= LONG;
        let key = |at: usize| {
            if self.few {
                items.profit[at] as f64
            } else if large_first {
                weight(at)
            } else {
                items.profit[at] as f64 / weight(at)
            }
        };
        let key: Vec<f64> = (0..items.len()).map(key).collect();
        self.order.clear();
        self.order.extend(0..items.len() as u32);
        self.order.sort_by(|&a, &b| key[b as usize].total_cmp(&key[a as usize]));
        let order = std::mem::take(&mut self.order);
        self.items.select(problem, &order);
        self.order = order;
    }

    /// Fills the tables and returns their bound; `None` if it was stopped.
    fn build(&mut self, stop: &dyn Fn() -> bool) -> Option<i64> {
        let d = self.items.dimensions;
        let singles = if d == 1 { 0 } else { d };
        let per_row = (self.items.len() + 1) * (1 + singles);
        let rows = (CELLS / per_row).clamp(FEWEST_ROWS, ROWS);
        self.tables.resize_with(1 + singles, Table::default);
        let (first, rest) = self.tables.split_first_mut().expect("there is one");
        let mut is_full = if d == 1 {
            first.single(&self.items, 0, rows, stop)
        } else {
            first.combined(&self.items, &self.multipliers, rows, stop)
        };
        for (k, table) in rest.iter_mut().enumerate() {
            is_full = is_full && table.single(&self.items, k, rows, stop);
        }
        self.search.closed.clear();
        self.search.closed.resize(self.items.len(), false);
        is_full.then(|| self.bound())
    }

    /// No pattern is worth more.
    fn bound(&self) -> i64 {
        let worths = self.tables.iter().map(|table| table.worth(table.capacity, 0));
        self.items.base + worths.min().expect("there is a table")
    }

    /// No pattern that holds an item is worth more.
    fn with(&self, at: usize) -> i64 {
        let rest =
            self.tables.iter().map(|table| table.worth(table.capacity - table.weight[at], 0));
        self.items.base + self.items.profit[at] + rest.min().expect("there is a table")
    }

    /// A greedy pattern around every item, and then, unless hosts hold few, a short search around those that
    /// are in none, which makes patterns that differ.
    fn seeded(&mut self, problem: &Problem<'_>, effort: &Effort, stop: &dyn Fn() -> bool) {
        self.search.reset(&self.items, problem);
        self.uses.clear();
        self.uses.resize(self.items.len(), 0);
        let steps = (effort.steps / self.items.len() as u64).max(SEED_STEPS);
        let limits =
            Limits { cutoff: problem.threshold, steps, patience: u64::MAX, slack: 0, stop };
        let passes: &[bool] = if self.few { &[true] } else { &[true, false] };
        for &greedy in passes {
            for seed in 0..self.items.len() {
                if self.search.closed[seed] {
                    continue;
                }
                if self.search.steps >= effort.steps && self.found.len() > 0
                    || self.search.steps >= effort.most_steps
                    || stop()
                {
                    break;
                }
                let space = Space {
                    problem,
                    items: &self.items,
                    tables: &self.tables,
                    multipliers: &self.multipliers,
                };
                let before = self.found.len();
                if greedy {
                    let closed = &self.search.closed;
                    self.search.steps += self.greedy.run(&space, seed, closed, &mut self.found);
                } else {
                    self.search.run(&space, Some(seed), limits, &mut self.found);
                }
                if self.found.len() > before {
                    self.close(effort.repeats);
                }
            }
        }
        self.search.closed.fill(false);
    }

    /// Searches for patterns of few items, and returns a bound on all.
    fn paired(
        &mut self,
        problem: &Problem<'_>,
        effort: &Effort,
        stop: &dyn Fn() -> bool,
        bound: i64,
    ) -> i64 {
        let space = Space {
            problem,
            items: &self.items,
            tables: &self.tables,
            multipliers: &self.multipliers,
        };
        let limits = [effort.steps, effort.most_steps];
        let extent = self.pairs.run(space, limits, stop, &mut self.found);
        self.search.steps += extent.steps;
        bound.min(extent.bound)
    }

    /// Counts the pattern found last, and closes the items that are in enough patterns.
    fn close(&mut self, repeats: u32) {
        for (at, &number) in self.items.number.iter().enumerate() {
            let pattern = self.found.last();
            if let Ok(index) = pattern.binary_search_by_key(&number, |&(i, _)| i) {
                self.uses[at] += pattern[index].1;
                self.search.closed[at] = self.uses[at] >= repeats;
            }
        }
    }

    /// Depth-first search with a falling cutoff: a pass that finds nothing proves its cutoff.
    fn exact(
        &mut self,
        problem: &Problem<'_>,
        effort: &Effort,
        stop: &dyn Fn() -> bool,
        mut bound: i64,
    ) -> i64 {
        self.search.reset(&self.items, problem);
        let target = self.found.best().unwrap_or(problem.threshold).max(problem.threshold);
        let gap = bound - target;
        for part in [16, 4, 1] {
            let cutoff = target.max(bound.min(target + gap - gap / part));
            let found = self.found.len() > 0;
            let limit = if found { effort.steps } else { effort.most_steps };
            let steps = limit.saturating_sub(self.search.steps);
            let slack = if cutoff == problem.threshold { effort.patterns as u32 } else { 0 };
            let limits = Limits { cutoff, steps, patience: effort.steps, slack, stop };
            let space = Space {
                problem,
                items: &self.items,
                tables: &self.tables,
                multipliers: &self.multipliers,
            };
            let (end, best) = self.search.run(&space, None, limits, &mut self.found);
            match end {
                End::Exhausted => bound = bound.min(best),
                End::Cut(open) => return bound.min(open.max(best)),
            }
            if best > cutoff {
                break;
            }
        }
        bound
    }
}
