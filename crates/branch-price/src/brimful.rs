//! Patterns that fill a host to the brim in every resource: all there are, by enumeration.
//!
//! Where placements of the cost aimed at leave no room for waste, as in the triplet classes of Falkenauer,
//! such patterns are few, and what the last item must be is looked up. A node that knows them all needs no
//! pricing: the heaviest pattern is among them.

use std::collections::HashMap;

use crate::columns::{Column, Columns, Rules};
use crate::duals::Duals;
use crate::engine::Engine;
use crate::residual::{Items, Residual};

/// No more patterns than this.
const MOST_PATTERNS: usize = 20_000;
/// No more look-ups than this: they take a few times longer than a step of pricing.
const MOST_STEPS: u64 = 4_000_000;
/// How many look-ups pass between two questions whether to stop.
const POLL: u64 = 4096;

/// Patterns of some demand, kept for nodes that demand no more.
#[derive(Debug, Default)]
pub(crate) struct Brimful {
    demand: Vec<u64>,
    columns: Vec<u32>,
    /// Whether they were too many once, or too hard to find: then they are listed no more.
    too_many: bool,
}

impl Brimful {
    /// Whether all patterns of a residual problem are among these, if its hosts must be full.
    pub(crate) fn is_complete_for(&self, residual: &Residual) -> bool {
        let known =
            |(item, &demand): (usize, &u64)| demand <= self.demand.get(item).copied().unwrap_or(0);
        !self.too_many && residual.demand.iter().enumerate().all(known)
    }
}

/// The patterns of a node.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    pub(crate) columns: Vec<u32>,
    /// Whether no other pattern may be used.
    pub(crate) complete: bool,
}

impl Listed {
    /// What the heaviest of the patterns weighs.
    pub(crate) fn heaviest(&self, columns: &Columns, duals: &Duals) -> i64 {
        let weigh = |&column: &u32| duals.pattern(&columns.get(column).items);
        self.columns.iter().map(weigh).max().unwrap_or(0).max(0)
    }
}

impl Engine<'_> {
    /// Lists the patterns that the rules admit, if these ask that hosts be full of several resources, all
    /// alike. The list ends early where patterns are many or hard to find.
    pub(crate) fn list_brimful(&mut self, rules: &Rules<'_>) -> Listed {
        let residual = rules.residual;
        if self.brimful.too_many || !rules.is_brimful(self.instance()) {
            return Listed::default();
        }
        if !self.brimful.is_complete_for(residual) {
            let budget = self.budget;
            let stop = || budget.exhausted();
            let mut enumeration = Enumeration::new(&self.items, residual, &stop);
            enumeration.extend(0, self.instance().capacity(0));
            let Enumeration { found, steps, is_cut: too_many, .. } = enumeration;
            self.counters.pricing_steps += steps;
            let column = |content| self.columns.insert(Column::new(&self.items, 0, content));
            let columns = found.into_iter().map(column).collect();
            self.brimful = Brimful { demand: residual.demand.clone(), columns, too_many };
        }
        let admitted = |&column: &u32| rules.admit(self.columns.get(column));
        let columns = self.brimful.columns.iter().copied().filter(admitted).collect();
        Listed { columns, complete: !self.brimful.too_many }
    }
}

/// A depth-first enumeration over the items in their order.
struct Enumeration<'a> {
    items: &'a Items,
    /// The items that are demanded, and how often.
    live: Vec<(u32, u64)>,
    /// Where items of a size are in `live`.
    by_size: HashMap<&'a [u64], Vec<usize>>,
    /// The least size of each resource from a place in `live` on.
    least: Vec<Vec<u64>>,
    chosen: Vec<(u32, u32)>,
    found: Vec<Vec<(u32, u32)>>,
    steps: u64,
    poll: u64,
    stop: &'a dyn Fn() -> bool,
    /// Whether it ended early.
    is_cut: bool,
}

impl<'a> Enumeration<'a> {
    fn new(items: &'a Items, residual: &Residual, stop: &'a dyn Fn() -> bool) -> Self {
        let live: Vec<(u32, u64)> =
            residual.live().map(|item| (item, residual.demand(item))).collect();
        let mut by_size: HashMap<&[u64], Vec<usize>> = HashMap::new();
        for (at, &(item, _)) in live.iter().enumerate() {
            by_size.entry(items.size(item)).or_default().push(at);
        }
        let mut least: Vec<Vec<u64>> =
            live.iter().map(|&(item, _)| items.size(item).to_vec()).collect();
        for at in (1..least.len()).rev() {
            let (before, after) = least.split_at_mut(at);
            for (known, &later) in before[at - 1].iter_mut().zip(&after[0]) {
                *known = (*known).min(later);
            }
        }
        Self {
            items,
            live,
            by_size,
            least,
            chosen: Vec::new(),
            found: Vec::new(),
            steps: 0,
            poll: POLL,
            stop,
            is_cut: false,
        }
    }

    /// Adds the patterns that fill `rest` with items from the place `from` on to those chosen.
    fn extend(&mut self, from: usize, rest: &[u64]) {
        if self.is_cut {
            return;
        }
        self.steps += 1;
        self.is_cut = self.steps > MOST_STEPS || self.found.len() > MOST_PATTERNS;
        if self.steps >= self.poll {
            self.poll = self.steps + POLL;
            self.is_cut |= (self.stop)();
        }
        if let Some(last) = self.by_size.get(rest) {
            for &at in last.iter().filter(|&&at| at >= from) {
                let mut content = self.chosen.clone();
                content.push((self.live[at].0, 1));
                self.found.push(content);
            }
        }
        // Two more items at least.
        let Some(least) = self.least.get(from) else { return };
        if rest.iter().zip(least).any(|(&rest, &least)| rest / 2 < least) {
            return;
        }
        self.steps += (self.live.len() - from) as u64 / 8;
        let mut left = vec![0; rest.len()];
        for at in from..self.live.len() {
            let (item, demand) = self.live[at];
            let size = self.items.size(item);
            // Beside this item, what is left must hold another one or more of its copies.
            let holds = left.iter_mut().zip(rest).zip(size).zip(&self.least[at]).all(
                |(((left, &rest), &size), &least)| {
                    *left = rest.saturating_sub(size);
                    size <= rest && *left >= least
                },
            );
            if !holds {
                continue;
            }
            // Copies of an item are chosen at once, so that the next items are later ones.
            let rest_of = left.clone();
            self.copies(at, item, demand, 1, &rest_of);
        }
    }

    /// Goes on with `count` copies of an item chosen, and with more of them.
    fn copies(&mut self, at: usize, item: u32, demand: u64, count: u32, rest: &[u64]) {
        self.chosen.push((item, count));
        self.extend(at + 1, rest);
        self.chosen.pop();
        if u64::from(count) >= demand {
            return;
        }
        let size = self.items.size(item);
        if rest == size {
            let mut content = self.chosen.clone();
            content.push((item, count + 1));
            self.found.push(content);
        } else if rest.iter().zip(size).all(|(rest, size)| size <= rest) {
            let left: Vec<u64> = rest.iter().zip(size).map(|(rest, size)| rest - size).collect();
            self.copies(at, item, demand, count + 1, &left);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use vmpack_model::packing::Instance;

    use super::*;

    /// All multisets of items within the demand that fill the capacity, by trying every number of each.
    fn all(items: &Items, demand: &[u64], capacity: &[u64]) -> BTreeSet<Vec<(u32, u32)>> {
        let mut partial = vec![(Vec::new(), vec![0; capacity.len()])];
        for (item, &most) in demand.iter().enumerate() {
            let mut longer = Vec::new();
            for (content, load) in &partial {
                for count in 1..=most {
                    let mut content = content.clone();
                    content.push((item as u32, count as u32));
                    let size = items.size(item as u32).iter();
                    let load = load.iter().zip(size).map(|(load, size)| load + size * count);
                    longer.push((content, load.collect()));
                }
            }
            partial.extend(longer);
        }
        partial
            .into_iter()
            .filter(|(_, load)| load == capacity)
            .map(|(content, _)| content)
            .collect()
    }

    /// Three thousand sizes of which hosts hold three.
    #[test]
    fn a_listing_stops_when_asked() {
        let sizes: Vec<_> = (0..3000).map(|i| (vec![2000 + i * 7 % 3001, 2000 + i], 1)).collect();
        let instance = Instance::identical_hosts("full", &[9000, 9000], &sizes).expect("valid");
        let items = Items::new(&instance);
        let asked = std::cell::Cell::new(0);
        let stop = || asked.replace(asked.get() + 1) >= 2;
        let mut enumeration = Enumeration::new(&items, &Residual::all(&instance), &stop);
        enumeration.extend(0, &[9000, 9000]);
        assert!(enumeration.is_cut && asked.get() == 3);
        // The items passed over at once count at the next question only.
        assert!(enumeration.steps <= 3 * (POLL + 3000), "{}", enumeration.steps);
    }

    proptest! {
        #[test]
        fn every_full_host_is_listed_once(
            sizes in prop::collection::vec((0_u64..4, 0_u64..4, 1_u64..4), 1..7),
            capacity in (3_u64..7, 3_u64..7),
            pairs in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..3),
        ) {
            // Small enough that patterns hold several copies and more than three items, zeros among them.
            let sizes: Vec<(Vec<u64>, u64)> = sizes
                .into_iter()
                .filter(|&(a, b, _)| a + b > 0)
                .map(|(a, b, count)| (vec![a, b], count))
                .collect();
            prop_assume!(!sizes.is_empty());
            let capacity = [capacity.0, capacity.1];
            let Ok(instance) = Instance::identical_hosts("full", &capacity, &sizes) else {
                return Ok(());
            };
            let mut items = Items::new(&instance);
            let mut residual = Residual::all(&instance);
            for (first, second) in pairs {
                let live: Vec<u32> = residual.live().collect();
                let (i, j) = (live[first.index(live.len())], live[second.index(live.len())]);
                if i != j || residual.demand(i) > 1 {
                    residual.together(&mut items, i, j);
                }
            }
            let mut enumeration = Enumeration::new(&items, &residual, &|| false);
            enumeration.extend(0, &capacity);
            let found: BTreeSet<_> = enumeration.found.iter().cloned().collect();
            prop_assert_eq!(found.len(), enumeration.found.len());
            prop_assert_eq!(found, all(&items, &residual.demand, &capacity));
        }
    }
}
