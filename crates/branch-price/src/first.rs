//! The columns that a program starts from: the hosts of the incumbent, and those filled to the brim in every
//! resource.
//!
//! Where placements of the cost aimed at leave no room for waste, as in the triplet classes of Falkenauer,
//! such patterns are few, and those of up to three items are found at once by looking up what a pair
//! leaves over. Pricing then starts from nearly all columns there are.

use std::collections::HashMap;

use crate::columns::{Column, Rules};
use crate::engine::Engine;
use crate::residual::Residual;

/// No more columns than this.
const MOST_COLUMNS: usize = 20_000;
/// No more items than this: pairs are looked at one by one.
const MOST_ITEMS: usize = 4_000;

impl Engine<'_> {
    /// The columns of a first program.
    pub(crate) fn first_columns(&mut self, rules: &Rules<'_>) -> Vec<u32> {
        let mut first = self.brimful_columns(rules);
        first.extend(self.incumbent_columns(rules));
        first
    }

    /// The hosts of the best placement that the rules admit, as columns: a program that can do without
    /// artificial columns has dual values that mean something.
    fn incumbent_columns(&mut self, rules: &Rules<'_>) -> Vec<u32> {
        let Some(placement) = self.incumbent.placement() else { return Vec::new() };
        let mut first = Vec::new();
        for (pattern, _) in &placement.patterns {
            let mut content: Vec<(u32, u32)> =
                pattern.vms.iter().map(|&(row, n)| (row as u32, n as u32)).collect();
            content.sort_unstable();
            let column = Column::new(&self.items, pattern.host, content);
            if rules.admit(&column) {
                first.push(self.columns.insert(column));
            }
        }
        first
    }

    /// All patterns of at most three items that leave nothing over, if the rules ask for that in several
    /// resources on identical hosts. Takes `O(n^2)` for `n` items.
    fn brimful_columns(&mut self, rules: &Rules<'_>) -> Vec<u32> {
        let instance = self.instance();
        let capacity = instance.capacity(0);
        let residual: &Residual = rules.residual;
        let live: Vec<u32> = residual.live().collect();
        let asked = instance.hosts().len() == 1
            && instance.dimensions() > 1
            && rules.fleet.least(0) == capacity
            && live.len() <= MOST_ITEMS;
        if !asked {
            return Vec::new();
        }
        let by_size: HashMap<&[u64], u32> =
            live.iter().map(|&item| (self.items.size(item), item)).collect();
        let mut rest = vec![0; capacity.len()];
        let mut contents: Vec<Vec<(u32, u32)>> = Vec::new();
        for (at, &first) in live.iter().enumerate() {
            if self.items.size(first) == capacity {
                contents.push(vec![(first, 1)]);
            }
            for &second in &live[at..] {
                let pair = self.items.size(first).iter().zip(self.items.size(second));
                let fits = rest.iter_mut().zip(capacity).zip(pair).all(|((rest, &c), (&a, &b))| {
                    *rest = c.saturating_sub(a).saturating_sub(b);
                    u128::from(a) + u128::from(b) <= u128::from(c)
                });
                if !fits {
                    continue;
                }
                let third = by_size.get(&rest[..]).copied().filter(|&third| third >= second);
                if third.is_none() && rest.iter().any(|&left| left > 0) {
                    continue;
                }
                let mut content: Vec<(u32, u32)> = Vec::with_capacity(3);
                for item in [Some(first), Some(second), third].into_iter().flatten() {
                    match content.last_mut() {
                        Some((last, count)) if *last == item => *count += 1,
                        _ => content.push((item, 1)),
                    }
                }
                contents.push(content);
                if contents.len() >= MOST_COLUMNS {
                    break;
                }
            }
        }
        let mut columns = Vec::with_capacity(contents.len());
        for content in contents {
            let column = Column::new(&self.items, 0, content);
            if rules.admit(&column) {
                columns.push(self.columns.insert(column));
            }
        }
        columns
    }
}
