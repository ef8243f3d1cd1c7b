//! The patterns that searches found, and the choice among them.

use super::items::Items;
use crate::pricing::{Effort, Priced, Problem};

/// Patterns in one flat list.
#[derive(Debug, Default)]
pub(super) struct Found {
    contents: Vec<(u32, u32)>,
    /// Profit, and the range of the contents.
    patterns: Vec<(i64, u32, u32)>,
    uses: Vec<u32>,
}

impl Found {
    pub(super) fn clear(&mut self) {
        self.contents.clear();
        self.patterns.clear();
    }

    /// The number of patterns, repetitions counted.
    pub(super) fn len(&self) -> usize {
        self.patterns.len()
    }

    /// Takes over positions and numbers of items.
    pub(super) fn push(&mut self, items: &Items, taken: &[(u32, u32)], profit: i64) {
        let start = self.contents.len();
        self.contents.extend(taken.iter().map(|&(at, n)| (items.number[at as usize], n)));
        self.contents.extend_from_slice(&items.free);
        let added = &mut self.contents[start..];
        added.sort_unstable();
        // A seed and further copies of it come apart.
        let mut write = start;
        for read in start + 1..self.contents.len() {
            if self.contents[read].0 == self.contents[write].0 {
                self.contents[write].1 += self.contents[read].1;
            } else {
                write += 1;
                self.contents[write] = self.contents[read];
            }
        }
        if self.contents.len() > start {
            self.contents.truncate(write + 1);
        }
        self.patterns.push((profit, start as u32, self.contents.len() as u32));
    }

    /// The items of the pattern found last.
    pub(super) fn last(&self) -> &[(u32, u32)] {
        let &(_, start, end) = self.patterns.last().expect("something was found");
        &self.contents[start as usize..end as usize]
    }

    /// The greatest profit found.
    pub(super) fn best(&self) -> Option<i64> {
        self.patterns.iter().map(|&(profit, ..)| profit).max()
    }

    /// The most profitable patterns such that no item is in too many, each once.
    pub(super) fn choose(&mut self, problem: &Problem<'_>, effort: &Effort) -> Vec<Priced> {
        let contents = &self.contents;
        let items = |&(_, start, end): &(i64, u32, u32)| &contents[start as usize..end as usize];
        self.patterns.sort_unstable_by(|a, b| b.0.cmp(&a.0).then_with(|| items(a).cmp(items(b))));
        self.patterns.dedup_by(|a, b| items(a) == items(b));
        self.uses.clear();
        self.uses.resize(problem.items(), 0);
        let mut chosen: Vec<Priced> = Vec::new();
        for pattern in &self.patterns {
            if chosen.len() >= effort.patterns.max(1) {
                break;
            }
            let items = items(pattern);
            let free = items.iter().all(|&(i, _)| self.uses[i as usize] < effort.repeats);
            if free || chosen.is_empty() {
                for &(i, n) in items {
                    self.uses[i as usize] += n;
                }
                chosen.push(Priced { items: items.to_vec(), profit: pattern.0 });
            }
        }
        chosen
    }
}
