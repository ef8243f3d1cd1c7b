//! The bound of a node and the prices that make it good.

use super::Search;

/// Up to this number of candidates that can still join together is counted.
pub(super) const MOST_COUNTED: usize = 4;
/// More than anybody demands.
const MOST_DEMAND: i64 = 1 << 50;
/// Fractional bits of the normalised direction of a subgradient step.
const FRACTION_BITS: u32 = 16;

impl Search<'_> {
    /// How many candidates can still join together at most, if that is a small number: of how many do
    /// the smallest fit in every resource?
    pub(super) fn joining(&self, level: usize, steps: &mut u64) -> Option<usize> {
        let d = self.d;
        let list = &self.candidates[self.levels[level].start..];
        if list.iter().any(|candidate| candidate.copies > 1) {
            return None;
        }
        *steps = steps.saturating_sub((d * list.len()) as u64);
        let fitting = (0..d).map(|k| {
            // In falling order of what is missing, for the same insertion.
            let mut smallest = [-MOST_DEMAND; MOST_COUNTED + 1];
            for candidate in list {
                insert(&mut smallest, -self.demands[candidate.item as usize * d + k]);
            }
            let mut room = self.room[level * d + k];
            let fits = |demand: &&i64| {
                room += **demand;
                room >= 0
            };
            smallest.iter().take_while(fits).count()
        });
        // One fits at least: every candidate does.
        fitting.min().map(|fitting| fitting.max(1)).filter(|&fitting| fitting <= MOST_COUNTED)
    }

    /// Improves the prices of the node; `None` if the bound does not exceed the limit, else the bound.
    pub(super) fn improve(
        &mut self,
        level: usize,
        joining: Option<usize>,
        steps: &mut u64,
    ) -> Option<i128> {
        let range = level * self.d..(level + 1) * self.d;
        self.trial.copy_from_slice(&self.prices[range.clone()]);
        let mut best = i128::MAX;
        let (mut damping, mut stalled) = (0, 0);
        for _ in 0..self.rounds {
            let bound = self.bound(level, joining, steps);
            let excess = bound - i128::from(self.limit);
            if excess <= 0 {
                return None;
            }
            if bound < best {
                best = bound;
                self.prices[range.clone()].copy_from_slice(&self.trial);
                stalled = 0;
            } else {
                stalled += 1;
                if stalled == 3 {
                    damping += 1;
                    stalled = 0;
                }
            }
            if !self.step(level, excess >> damping) {
                break;
            }
        }
        Some(best)
    }

    /// The bound at the trial prices, and how much of each resource its solution uses. If no more than
    /// `joining` candidates can join together, only those of the greatest excess count.
    fn bound(&mut self, level: usize, joining: Option<usize>, steps: &mut u64) -> i128 {
        let d = self.d;
        let list = &self.candidates[self.levels[level].start..];
        *steps = steps.saturating_sub((list.len() * d) as u64);
        let mut bound = i128::from(self.levels[level].weight);
        for k in 0..d {
            let price = self.trial[k];
            let amount =
                if price >= 0 { self.room[level * d + k] } else { self.need[level * d + k] };
            bound += i128::from(price) * i128::from(amount);
        }
        self.usage.fill(0);
        let mut greatest = [(0, 0); MOST_COUNTED];
        for candidate in list {
            let item = candidate.item as usize;
            let demand = &self.demands[item * d..][..d];
            let cost: i64 = demand.iter().zip(&self.trial).map(|(a, price)| a * price).sum();
            let excess = candidate.weight - cost;
            if excess <= 0 {
                continue;
            }
            if let Some(joining) = joining {
                insert(&mut greatest[..joining], (excess, item));
                continue;
            }
            bound += i128::from(excess) * i128::from(candidate.copies);
            for (usage, a) in self.usage.iter_mut().zip(demand) {
                *usage += a * i64::from(candidate.copies);
            }
        }
        for (excess, item) in greatest.into_iter().filter(|&(excess, _)| excess > 0) {
            bound += i128::from(excess);
            for (usage, a) in self.usage.iter_mut().zip(&self.demands[item * d..][..d]) {
                *usage += a;
            }
        }
        bound
    }

    /// Moves the trial prices against the subgradient, as far as would lower the bound by `excess` if
    /// it were linear; `false` if they are the best there are.
    fn step(&mut self, level: usize, excess: i128) -> bool {
        let d = self.d;
        let mut norm: i128 = 0;
        for k in 0..d {
            let (room, need) = (self.room[level * d + k], self.need[level * d + k]);
            let (usage, price) = (self.usage[k], self.trial[k]);
            let slope = match price {
                1.. => room - usage,
                0 => (room - usage).min(0) + (need - usage).max(0),
                _ => need - usage,
            };
            // In parts of the capacity, so that units do not matter.
            let capacity = i128::from(self.knapsack.capacity[k].max(1));
            let direction = (i128::from(slope) << FRACTION_BITS) / capacity;
            self.usage[k] = direction as i64;
            norm += direction * direction;
        }
        if norm == 0 {
            return false;
        }
        for k in 0..d {
            let capacity = i128::from(self.knapsack.capacity[k].max(1));
            let change = (excess << FRACTION_BITS) / norm * i128::from(self.usage[k]) / capacity;
            let (old, dearest) = (i128::from(self.trial[k]), i128::from(self.dearest[k]));
            let new = (old - change).clamp(-dearest, dearest);
            // Across zero the slope is another one.
            self.trial[k] = if new.signum() * old.signum() < 0 { 0 } else { new as i64 };
            if self.need[level * d + k] == 0 {
                self.trial[k] = self.trial[k].max(0);
            }
        }
        true
    }
}

/// Inserts into a list in falling order, whose last entry is lost.
pub(super) fn insert<T: Copy + PartialOrd>(list: &mut [T], new: T) {
    let Some(last) = list.last_mut().filter(|last| new > **last) else { return };
    *last = new;
    for place in (1..list.len()).rev() {
        if list[place - 1] >= list[place] {
            break;
        }
        list.swap(place - 1, place);
    }
}
