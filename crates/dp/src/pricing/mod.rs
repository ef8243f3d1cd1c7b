//! Pricing problems of column generation: the patterns of one host type that are worth most.
//!
//! A [`Problem`] is a bounded vector knapsack with conflicts between items and penalties for subset-row
//! cuts, all in integers: profits are fixed-point dual values. A pricer returns *many* patterns per call,
//! which is worth more than any other part of a cutting-stock code (da Silva and Schouery, *Solving Cutting
//! Stock Problems via an Extended Ryan-Foster Branching Scheme and Fast Column Generation*, INFORMS Journal
//! on Computing 2025), and a proved bound on the profit of every pattern, from which Farley's bound follows
//! in integers.

mod exchange;
mod one_resource;
mod sparse;
#[cfg(test)]
mod tests;
mod vector;

pub use exchange::ExchangePricer;
pub use one_resource::OneResourcePricer;
pub use vector::VectorPricer;

/// A symmetric relation over items: those that may not share a host. An item in conflict with itself may
/// be taken once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conflicts {
    /// `words` words per item, bit `j` of item `i` set if the two are in conflict.
    bits: Vec<u64>,
    words: usize,
    /// Whether an item is in any conflict.
    touched: Vec<bool>,
}

impl Conflicts {
    /// No conflicts between `items` items.
    pub fn none(items: usize) -> Self {
        let words = items.div_ceil(64);
        Self { bits: vec![0; words * items], words, touched: vec![false; items] }
    }

    /// Puts two items in conflict, or one with itself.
    ///
    /// # Panics
    /// If there is no such item.
    pub fn insert(&mut self, i: usize, j: usize) {
        self.bits[i * self.words + j / 64] |= 1 << (j % 64);
        self.bits[j * self.words + i / 64] |= 1 << (i % 64);
        self.touched[i] = true;
        self.touched[j] = true;
    }

    /// Whether two items may not share a host.
    ///
    /// # Panics
    /// If there is no such item.
    pub fn contains(&self, i: usize, j: usize) -> bool {
        self.bits[i * self.words + j / 64] >> (j % 64) & 1 == 1
    }

    /// The items in conflict with item `i`, as a bit set of [`Conflicts::words`] words.
    ///
    /// # Panics
    /// If there is no such item.
    pub fn row(&self, i: usize) -> &[u64] {
        &self.bits[i * self.words..(i + 1) * self.words]
    }

    /// The number of 64-bit words of a bit set over the items.
    pub fn words(&self) -> usize {
        self.words
    }

    /// Whether item `i` is in any conflict.
    ///
    /// # Panics
    /// If there is no such item.
    pub fn touches(&self, i: usize) -> bool {
        self.touched[i]
    }

    /// Whether there is no conflict at all.
    pub fn is_empty(&self) -> bool {
        !self.touched.contains(&true)
    }
}

/// A penalty on patterns that hold two or three of three items, each of which exists once: the dual value
/// of a subset-row cut (Jepsen, Petersen, Spoorendonk and Pisinger 2008).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Penalty {
    /// Three different items.
    pub items: [usize; 3],
    /// What a pattern loses; positive.
    pub amount: i64,
}

/// A pricing problem: which contents of one host are worth more than `threshold`?
///
/// Sums of the profits of any pattern fit 62 bits.
#[derive(Clone, Copy, Debug)]
pub struct Problem<'a> {
    /// What the host offers of each resource.
    pub capacity: &'a [u64],
    /// What a pattern must use of each resource at least; zeros if patterns may waste any amount.
    pub least_load: &'a [u64],
    /// What one of each item takes: items x resources, row by row.
    pub sizes: &'a [u64],
    /// How many of each item a pattern may hold at most; zero leaves the item out.
    pub copies: &'a [u32],
    /// What one of each item is worth; not negative.
    pub profits: &'a [i64],
    /// Items that may not share a host.
    pub conflicts: &'a Conflicts,
    /// Penalties of cuts.
    pub penalties: &'a [Penalty],
    /// Only patterns of greater profit, after penalties, are wanted.
    pub threshold: i64,
}

impl Problem<'_> {
    /// The number of items.
    pub fn items(&self) -> usize {
        self.profits.len()
    }

    /// The number of resources.
    pub fn dimensions(&self) -> usize {
        self.capacity.len()
    }

    /// What one of an item takes.
    pub fn size(&self, item: usize) -> &[u64] {
        let d = self.dimensions();
        &self.sizes[item * d..(item + 1) * d]
    }

    /// The profit of a pattern after penalties, from its definition.
    pub fn profit(&self, pattern: &[(u32, u32)]) -> i64 {
        let holds = |item: usize| pattern.iter().any(|&(i, _)| i as usize == item);
        let worth: i64 =
            pattern.iter().map(|&(i, n)| self.profits[i as usize] * i64::from(n)).sum();
        let paid = self
            .penalties
            .iter()
            .filter(|penalty| penalty.items.iter().filter(|&&item| holds(item)).count() >= 2);
        worth - paid.map(|penalty| penalty.amount).sum::<i64>()
    }

    /// Whether one host may hold the pattern, from the definition.
    pub fn admits(&self, pattern: &[(u32, u32)]) -> bool {
        let fits = (0..self.dimensions()).all(|k| {
            let load: u64 =
                pattern.iter().map(|&(i, n)| self.size(i as usize)[k] * u64::from(n)).sum();
            (self.least_load[k]..=self.capacity[k]).contains(&load)
        });
        let few = pattern.iter().all(|&(i, n)| {
            let most = self.copies[i as usize];
            let alone = self.conflicts.contains(i as usize, i as usize);
            n <= if alone { most.min(1) } else { most }
        });
        let peaceful = pattern.iter().enumerate().all(|(at, &(i, _))| {
            pattern[at + 1..].iter().all(|&(j, _)| !self.conflicts.contains(i as usize, j as usize))
        });
        fits && few && peaceful
    }
}

/// A pattern of profit above the threshold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Priced {
    /// Items and their numbers, by ascending item, numbers positive.
    pub items: Vec<(u32, u32)>,
    /// The profit after penalties.
    pub profit: i64,
}

/// How far one call of a pricer may go.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// How many patterns are wanted at most.
    pub patterns: usize,
    /// Once simple means have found so many patterns, there is no search for more.
    pub enough: usize,
    /// In how many of the returned patterns an item may appear (copies count).
    pub repeats: u32,
    /// After about so many elementary steps the search stops once it has a pattern. Without one it goes on
    /// up to `most_steps`.
    pub steps: u64,
    /// After about so many elementary steps the search stops in any case, and `bound` is that of the
    /// nodes left open.
    pub most_steps: u64,
}

/// What a pricer found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Patterns of profit above the threshold, most profitable first.
    pub patterns: Vec<Priced>,
    /// No pattern has a greater profit; proved, whatever was cut short.
    pub bound: i64,
    /// Elementary steps taken.
    pub steps: u64,
}
