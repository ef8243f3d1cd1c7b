//! Can one host hold more weight than allowed? An exact bounded multidimensional knapsack, in integers.
//!
//! Two ways of deciding it, tried in turn within the effort: depth-first search with linear-programming
//! bounds ([`search`]), which settles most cases at once and names the offending pattern, and a dynamic
//! program over a dense table of capacities ([`table`]), whose work is known beforehand.

mod search;
mod table;

use std::ops::Range;

use vmpack_model::packing::Instance;

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

/// One host and the VMs that may fill it, reduced to what matters: rows of positive weight that fit,
/// resources that can run out, divided by the common divisor of their demands.
#[derive(Debug)]
struct Knapsack {
    /// What the host offers of each resource that can run out; at least one entry.
    capacity: Vec<u64>,
    /// Candidate rows; those of one VM type are neighbours.
    items: Vec<Item>,
    /// The VM types.
    groups: Vec<Group>,
}

/// A demand row.
#[derive(Debug)]
struct Item {
    row: usize,
    demand: Vec<u64>,
    weight: u64,
    /// How many fit the empty host, and exist.
    most: u64,
    group: usize,
}

/// A VM type: the items of its rows, and how many VMs of it may be taken in total.
#[derive(Debug)]
struct Group {
    items: Range<usize>,
    most: u64,
}

/// Decides whether one host of type `host` can hold VMs, at most `count` of each type, whose rows weigh
/// more than `limit` together, in at most `steps` elementary steps for each of two attempts.
pub(super) fn decide(
    instance: &Instance,
    host: usize,
    weights: &[u64],
    limit: u128,
    steps: u64,
) -> Answer {
    let knapsack = Knapsack::new(instance, host, weights);
    // A short search first: it settles nearly every premise that holds with some slack, and nearly
    // every one that does not hold.
    match knapsack.search(limit, steps / 8) {
        Answer::Undecided => {}
        decided => return decided,
    }
    match knapsack.table(limit, steps) {
        Answer::Undecided => knapsack.search(limit, steps),
        decided => decided,
    }
}

impl Knapsack {
    fn new(instance: &Instance, host: usize, weights: &[u64]) -> Self {
        let capacity = instance.capacity(host);
        let mut items: Vec<Item> = Vec::new();
        let mut groups: Vec<Group> = Vec::new();
        for vm in instance.vms() {
            let (start, group) = (items.len(), groups.len());
            for row in vm.rows.clone().filter(|&row| weights[row] > 0) {
                let demand = instance.demand(row);
                let most = copies(demand, capacity).min(vm.count);
                if most > 0 {
                    let (demand, weight) = (demand.to_vec(), weights[row]);
                    items.push(Item { row, demand, weight, most, group });
                }
            }
            let most =
                items[start..].iter().fold(0, |sum: u64, item| sum.saturating_add(item.most));
            if most > 0 {
                groups.push(Group { items: start..items.len(), most: most.min(vm.count) });
            }
        }
        let mut knapsack = Self { capacity: capacity.to_vec(), items, groups };
        knapsack.keep_scarce();
        knapsack
    }

    /// Keeps the resources that can run out, the smallest capacity first, and divides each by the
    /// greatest common divisor of its demands. If none can, one of capacity 0 that nobody demands stays.
    fn keep_scarce(&mut self) {
        let mut scarce: Vec<(u64, usize, u64)> = Vec::new();
        for (k, &capacity) in self.capacity.iter().enumerate() {
            let total = self.items.iter().fold(0_u128, |total, item| {
                let most = self.groups[item.group].most;
                total.saturating_add(u128::from(item.demand[k]) * u128::from(most))
            });
            if total > u128::from(capacity) {
                let unit = self.items.iter().fold(0, |unit, item| super::gcd(unit, item.demand[k]));
                scarce.push((capacity / unit, k, unit));
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
        self.capacity = scarce.iter().map(|&(capacity, ..)| capacity).collect();
        if scarce.is_empty() {
            self.capacity.push(0);
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
