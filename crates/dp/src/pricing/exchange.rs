//! Pricing by exchange: patterns near those that the master problem uses.
//!
//! A pattern of the present basis is worth exactly what it costs, so every exchange of its items that gains
//! anything is a new pattern worth having. It is found without a search from nothing, it differs from
//! basis pattern to basis pattern, and it takes a fraction of the time of a search.

use super::one_resource::select;
use super::{Answer, Effort, Priced, Problem};

/// Pairs of items are taken out of patterns of up to so many.
const SHORT: usize = 10;
/// How often one pattern is improved in a row.
const ROUNDS: usize = 4;

/// Improves given patterns by exchanges. Holds buffers only.
#[derive(Debug, Default)]
pub struct ExchangePricer {
    /// Items by falling profit.
    order: Vec<u32>,
    /// What they take, in that order.
    sizes: Vec<u64>,
    profits: Vec<i64>,
    /// Positions in the order of the items that fit beside what is kept.
    fitting: Vec<u32>,
    room: Vec<u64>,
    /// Where the next call begins among its patterns.
    turn: usize,
    kept: Vec<(u32, u32)>,
    steps: u64,
}

/// What is added in an exchange: one or two positions in the order.
#[derive(Clone, Copy, Debug)]
struct Added {
    first: u32,
    second: Option<u32>,
}

impl ExchangePricer {
    /// A pricer with empty buffers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Patterns above the threshold that are reached from the given ones, whose items are those of the
    /// problem: one or two items (none, too) make room for the one or two that are worth most. The best
    /// exchange of each pattern is made, up to four times in a row. The bound of the answer is a trivial one.
    ///
    /// Takes `O(items)` per pattern and exchange where few pairs are worth more than what they replace.
    pub fn price(
        &mut self,
        problem: &Problem<'_>,
        starts: &[Vec<(u32, u32)>],
        effort: &Effort,
        stop: &dyn Fn() -> bool,
    ) -> Answer {
        self.prepare(problem);
        self.steps = 0;
        let mut found = Vec::new();
        // Calls that do not get through all patterns begin where the last one ended.
        let first = self.turn % starts.len().max(1);
        for start in starts[first..].iter().chain(&starts[..first]) {
            if self.steps >= effort.steps || stop() {
                break;
            }
            self.turn += 1;
            let mut pattern = start.clone();
            let mut best = problem.threshold;
            for _ in 0..ROUNDS {
                let Some((next, profit)) = self.improve(problem, &pattern, best) else { break };
                found.push(Priced { items: next.clone(), profit });
                (pattern, best) = (next, profit);
            }
        }
        self.turn %= starts.len().max(1);
        let all = (0..problem.items())
            .map(|item| problem.profits[item].saturating_mul(i64::from(problem.copies[item])));
        let bound = all.fold(problem.threshold.max(0), i64::saturating_add);
        Answer { patterns: select(found, effort, problem.items()), bound, steps: self.steps }
    }

    fn prepare(&mut self, problem: &Problem<'_>) {
        self.order.clear();
        let useful = |&item: &u32| {
            let at = item as usize;
            problem.copies[at] > 0 && problem.profits[at] > 0
        };
        self.order.extend((0..problem.items() as u32).filter(useful));
        self.order.sort_by_key(|&item| (std::cmp::Reverse(problem.profits[item as usize]), item));
        self.sizes.clear();
        self.profits.clear();
        for &item in &self.order {
            self.sizes.extend_from_slice(problem.size(item as usize));
            self.profits.push(problem.profits[item as usize]);
        }
    }

    /// The best pattern one exchange away that is worth more than `floor`.
    fn improve(
        &mut self,
        problem: &Problem<'_>,
        pattern: &[(u32, u32)],
        floor: i64,
    ) -> Option<(Vec<(u32, u32)>, i64)> {
        let many: usize = pattern.iter().map(|&(_, n)| n as usize).sum();
        let mut best: Option<(Vec<(u32, u32)>, i64)> = None;
        let mut floor = floor;
        let nothing = pattern.len();
        for first in 0..=pattern.len() {
            let last = if first == nothing || many > SHORT { first } else { nothing };
            for second in first..=last {
                // `nothing` stands for no item: (x, nothing) takes one out, (nothing, nothing) none.
                let mut out = [first, second];
                if first == second && first != nothing {
                    if many > SHORT {
                        out[1] = nothing;
                    } else if pattern[first].1 < 2 {
                        continue;
                    }
                }
                self.keep(problem, pattern, out);
                let Some(added) = self.best_addition(problem, floor) else { continue };
                let mut next = self.kept.clone();
                for position in [Some(added.first), added.second].into_iter().flatten() {
                    insert(&mut next, self.order[position as usize]);
                }
                let profit = problem.profit(&next);
                if profit > floor && problem.admits(&next) {
                    floor = profit;
                    best = Some((next, profit));
                }
            }
        }
        best
    }

    /// Leaves the given entries out, one copy each, and lists what fits beside the rest.
    fn keep(&mut self, problem: &Problem<'_>, pattern: &[(u32, u32)], out: [usize; 2]) {
        self.kept.clear();
        self.kept.extend_from_slice(pattern);
        for at in out {
            if let Some((_, count)) = self.kept.get_mut(at) {
                *count -= 1;
            }
        }
        self.kept.retain(|&(_, count)| count > 0);
        self.room.clear();
        self.room.extend_from_slice(problem.capacity);
        for &(item, count) in &self.kept {
            for (room, size) in self.room.iter_mut().zip(problem.size(item as usize)) {
                *room -= size * u64::from(count);
            }
        }
        let d = problem.dimensions();
        self.fitting.clear();
        for (position, size) in self.sizes.chunks_exact(d).enumerate() {
            if size.iter().zip(&self.room).all(|(size, room)| size <= room) {
                self.fitting.push(position as u32);
            }
        }
        self.steps += self.order.len() as u64;
        let peaceful = !problem.conflicts.is_empty();
        let (order, kept) = (&self.order, &self.kept);
        self.fitting.retain(|&position| {
            let item = order[position as usize];
            let held = kept.iter().find(|&&(other, _)| other == item).map_or(0, |&(_, n)| n);
            held < problem.copies[item as usize]
                && (!peaceful
                    || kept.iter().all(|&(other, _)| {
                        !problem.conflicts.contains(other as usize, item as usize)
                    }))
        });
    }

    /// The one or two items that lift what is kept the most above `floor`, penalties left out.
    fn best_addition(&mut self, problem: &Problem<'_>, floor: i64) -> Option<Added> {
        let kept = problem.profit(&self.kept);
        let mut need = floor - kept;
        let worth = |position: u32| self.profits[position as usize];
        let &first = self.fitting.first()?;
        let mut best = None;
        if worth(first) > need {
            need = worth(first);
            best = Some(Added { first, second: None });
        }
        let d = problem.dimensions();
        let size = |position: u32| &self.sizes[position as usize * d..][..d];
        for (at, &one) in self.fitting.iter().enumerate() {
            if worth(one) * 2 <= need {
                break;
            }
            let item = self.order[one as usize] as usize;
            for &other in &self.fitting[at..] {
                if worth(one) + worth(other) <= need {
                    break;
                }
                self.steps += 1;
                let partner = self.order[other as usize] as usize;
                let apart = problem.conflicts.contains(item, partner)
                    || one == other && problem.copies[item] < 2;
                let mut sums = size(one).iter().zip(size(other)).zip(&self.room);
                if !apart && sums.all(|((a, b), room)| a + b <= *room) {
                    need = worth(one) + worth(other);
                    best = Some(Added { first: one, second: Some(other) });
                    break;
                }
            }
        }
        best
    }
}

/// Adds one of an item to a pattern.
fn insert(pattern: &mut Vec<(u32, u32)>, item: u32) {
    match pattern.binary_search_by_key(&item, |&(other, _)| other) {
        Ok(at) => pattern[at].1 += 1,
        Err(at) => pattern.insert(at, (item, 1)),
    }
}
