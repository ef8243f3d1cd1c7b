//! The columns that a program starts from: the hosts of the incumbent.

use crate::columns::{Column, Rules};
use crate::engine::Engine;

impl Engine<'_> {
    /// The hosts of the best placement, and of others that are known, that the rules admit, as columns: a program that can do without
    /// artificial columns has dual values that mean something.
    pub(crate) fn incumbent_columns(&mut self, rules: &Rules<'_>) -> Vec<u32> {
        let placements = self.incumbent.placement().into_iter().chain(&self.seeds);
        let mut first = Vec::new();
        for (pattern, _) in placements.flat_map(|placement| &placement.patterns) {
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
}
