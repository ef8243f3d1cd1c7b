//! Can one host hold more weight than allowed? An exact bounded multidimensional knapsack, in integers,
//! with what the leaves of a search tree add to it: VM types that exclude each other, least loads, and
//! penalties for holding two of three types.
//!
//! Several ways of deciding it, tried in turn within the effort:
//! * depth-first search with fractional bounds ([`search`]) settles most plain cases at once, and knows
//!   types with alternatives and enormous counts;
//! * a dynamic program over the loads that occur ([`states`]), for one resource;
//! * a dynamic program over a dense table of capacities ([`table`]), whose work is known beforehand, and
//!   on one resource a walk along its rows ([`walk`]) for exclusions and penalties;
//! * branch and bound with Lagrangian multipliers ([`branch`]), for many resources.

mod branch;
mod search;
mod states;
mod table;
mod walk;

use std::ops::Range;

use vmpack_model::packing::Instance;

use super::rules::usable;

/// What is known about the weight that one host can hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// No pattern is heavier than the limit.
    Within,
    /// Some pattern is.
    Heavier {
        /// The demand rows of such a pattern with their numbers; `None` where a table proves it.
        pattern: Option<Vec<(usize, u64)>>,
        /// The weight of it.
        weight: u128,
    },
    /// The effort did not suffice.
    Undecided,
}

/// One host and the VMs that may fill it, reduced to what matters: rows that fit and that some heaviest
/// pattern may need, resources that can run out or must be used, divided by the common divisor of their
/// demands.
#[derive(Clone, Debug)]
pub(super) struct Knapsack {
    /// What the host offers of each resource that matters; at least one entry.
    capacity: Vec<u64>,
    /// What must be used of each of them at least. A pattern that uses less does not count.
    least: Vec<u64>,
    /// Candidate rows; those of one VM type are neighbours.
    items: Vec<Item>,
    /// The VM types.
    groups: Vec<Group>,
    /// For each item the items that may not join it, in increasing order; symmetric, not reflexive.
    conflicts: Vec<Vec<usize>>,
    penalties: Vec<Penalty>,
}

/// A demand row.
#[derive(Clone, Debug)]
struct Item {
    row: usize,
    demand: Vec<u64>,
    weight: u64,
    /// How many fit the empty host, and exist.
    most: u64,
    group: usize,
}

/// A VM type: the items of its rows, and how many VMs of it may be taken in total.
#[derive(Clone, Debug)]
struct Group {
    items: Range<usize>,
    most: u64,
}

/// What a pattern loses that holds at least two of two or three items, each of which it holds once at
/// most.
#[derive(Clone, Debug)]
struct Penalty {
    items: Vec<usize>,
    weight: u64,
}

/// What a short search may take at most.
const SHORT_STEPS: u64 = 1 << 22;

/// One way of deciding against a limit; takes what it spends from the steps.
type Attempt = fn(&Knapsack, u128, &mut u64) -> Answer;

/// A demand row that may fill a host: its number, its demands, its weight.
pub(super) type Row<'a> = (usize, &'a [u64], u64);

/// Decides whether one host of type `host` can hold VMs, at most `count` of each type, whose rows weigh
/// more than `limit` together. Takes what it spends from `steps`.
pub(super) fn decide(
    instance: &Instance,
    host: usize,
    weights: &[u64],
    limit: u128,
    steps: &mut u64,
) -> Answer {
    Knapsack::of_host(instance, host, weights).decide(limit, steps)
}

impl Knapsack {
    fn of_host(instance: &Instance, host: usize, weights: &[u64]) -> Self {
        let capacity = usable(instance, host);
        let types = instance.vms().iter().map(|vm| {
            let rows = vm.rows.clone().map(|row| (row, instance.demand(row), weights[row]));
            (vm.count, rows)
        });
        Self::new(&capacity, &vec![0; capacity.len()], types)
    }

    /// A host that offers `capacity` and must be loaded with `least`, and VM types: how many there are
    /// of each, and the demand rows any of which may serve one.
    pub(super) fn new<'a, R>(
        capacity: &[u64],
        least: &[u64],
        types: impl Iterator<Item = (u64, R)>,
    ) -> Self
    where
        R: Iterator<Item = Row<'a>>,
    {
        // Where a host must be filled, weightless VMs may be what fills it.
        let lightest = u64::from(least.iter().all(|&least| least == 0));
        let mut items: Vec<Item> = Vec::new();
        let mut groups: Vec<Group> = Vec::new();
        for (count, rows) in types {
            let (start, group) = (items.len(), groups.len());
            for (row, demand, weight) in rows.filter(|&(_, _, weight)| weight >= lightest) {
                let most = copies(demand, capacity).min(count);
                if most > 0 {
                    items.push(Item { row, demand: demand.to_vec(), weight, most, group });
                }
            }
            let most =
                items[start..].iter().fold(0, |sum: u64, item| sum.saturating_add(item.most));
            if most > 0 {
                groups.push(Group { items: start..items.len(), most: most.min(count) });
            }
        }
        let conflicts = vec![Vec::new(); items.len()];
        let (capacity, least) = (capacity.to_vec(), least.to_vec());
        let mut knapsack =
            Self { capacity, least, items, groups, conflicts, penalties: Vec::new() };
        knapsack.keep_scarce();
        knapsack
    }

    /// Forbids patterns that hold one of each of two different rows.
    #[must_use]
    pub(super) fn exclude(mut self, pairs: impl Iterator<Item = (usize, usize)>) -> Self {
        for (a, b) in pairs {
            if let (Some(a), Some(b)) = (self.item_of(a), self.item_of(b)) {
                self.conflicts[a].push(b);
                self.conflicts[b].push(a);
            }
        }
        for list in &mut self.conflicts {
            list.sort_unstable();
            list.dedup();
        }
        self
    }

    /// Takes `weight` from patterns that hold two or three of three different rows, of each of which
    /// there is one.
    #[must_use]
    pub(super) fn penalize(mut self, cuts: impl Iterator<Item = ([usize; 3], u64)>) -> Self {
        for (rows, weight) in cuts.filter(|&(_, weight)| weight > 0) {
            let items: Vec<usize> = rows.iter().filter_map(|&row| self.item_of(row)).collect();
            if items.len() >= 2 {
                self.penalties.push(Penalty { items, weight });
            }
        }
        self
    }

    /// Decides whether some pattern weighs more than `limit`. Takes what it spends from `steps`.
    pub(super) fn decide(&self, limit: u128, steps: &mut u64) -> Answer {
        if self.is_hopeless() {
            return Answer::Within;
        }
        let attempts: &[Attempt] = match (self.is_plain(), self.has_bonds()) {
            (true, _) => &[Self::states, Self::table, Self::branch, Self::search],
            (false, false) => &[Self::table, Self::branch],
            (false, true) => &[Self::walk, Self::branch],
        };
        if self.is_plain() {
            // A short search first: it settles nearly every premise that holds with some slack, and
            // nearly every one that does not hold.
            let share = (*steps / 64).min(SHORT_STEPS);
            let answer = self.attempt(Self::search, limit, steps, share);
            if answer != Answer::Undecided {
                return answer;
            }
        }
        for &attempt in attempts {
            // Something is left for those that follow.
            let share = *steps - *steps / 8;
            let answer = self.attempt(attempt, limit, steps, share);
            if answer != Answer::Undecided {
                return answer;
            }
        }
        Answer::Undecided
    }

    /// Lets an attempt spend no more than its share of the steps.
    fn attempt(&self, attempt: Attempt, limit: u128, steps: &mut u64, share: u64) -> Answer {
        let mut left = share;
        let answer = attempt(self, limit, &mut left);
        *steps -= share - left;
        answer
    }

    /// Whether more must be used of some resource than there is. The attempts rely on the contrary.
    fn is_hopeless(&self) -> bool {
        self.least.iter().zip(&self.capacity).any(|(least, capacity)| least > capacity)
    }

    /// Whether there are neither exclusions nor penalties nor least loads.
    fn is_plain(&self) -> bool {
        !self.has_bonds() && self.least.iter().all(|&least| least == 0)
    }

    /// Whether there are exclusions or penalties.
    fn has_bonds(&self) -> bool {
        !self.penalties.is_empty() || self.conflicts.iter().any(|list| !list.is_empty())
    }

    /// The item of a row, unless it was left out. Items keep the order of rows.
    fn item_of(&self, row: usize) -> Option<usize> {
        self.items.binary_search_by_key(&row, |item| item.row).ok()
    }

    /// The weight of all that may be taken at most, not regarding capacity.
    fn total_weight(&self) -> u128 {
        let weights = self.items.iter().map(|i| u128::from(i.weight) * u128::from(i.most));
        weights.fold(0, u128::saturating_add)
    }

    /// Keeps the resources that can run out or must be used, the smallest capacity first, and divides
    /// each by the greatest common divisor of its demands. If there are none, one of capacity 0 that
    /// nobody demands stays.
    fn keep_scarce(&mut self) {
        let mut scarce: Vec<(u64, usize, u64)> = Vec::new();
        for (k, &capacity) in self.capacity.iter().enumerate() {
            let total = self.items.iter().fold(0_u128, |total, item| {
                let most = self.groups[item.group].most;
                total.saturating_add(u128::from(item.demand[k]) * u128::from(most))
            });
            if total > u128::from(capacity) || self.least[k] > 0 {
                let unit = self.items.iter().fold(0, |unit, item| super::gcd(unit, item.demand[k]));
                scarce.push((capacity / unit.max(1), k, unit.max(1)));
            }
        }
        scarce.sort_unstable();
        for item in &mut self.items {
            let demand = scarce.iter().map(|&(_, k, unit)| item.demand[k] / unit).collect();
            item.demand = demand;
            if scarce.is_empty() {
                item.demand.push(0);
            }
        }
        self.least = scarce.iter().map(|&(_, k, unit)| self.least[k].div_ceil(unit)).collect();
        self.capacity = scarce.iter().map(|&(capacity, ..)| capacity).collect();
        if scarce.is_empty() {
            self.capacity.push(0);
            self.least.push(0);
        }
    }
}

/// How many copies of the demand fit the capacity; the greatest number if it demands nothing.
fn copies(demand: &[u64], capacity: &[u64]) -> u64 {
    let quotients = demand.iter().zip(capacity).filter_map(|(&d, &c)| c.checked_div(d));
    quotients.min().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
