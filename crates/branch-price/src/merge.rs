//! What a pair that is glued does to columns.

use crate::columns::Column;
use crate::engine::Engine;
use crate::residual::Residual;

impl Engine<'_> {
    /// Adds the columns that hold both items of a pair with the glued one in their place: the relaxation
    /// may go on with what it used before, and needs fewer steps to its new optimum.
    pub(crate) fn merge(&mut self, (first, second): (u32, u32), glued: u32, residual: &Residual) {
        let merged: Vec<Column> = (0..self.columns.len() as u32)
            .filter_map(|column| {
                let old = self.columns.get(column);
                let mut content = old.items.clone();
                take(&mut content, first)?;
                take(&mut content, second)?;
                match content.binary_search_by_key(&glued, |&(item, _)| item) {
                    Ok(at) => content[at].1 += 1,
                    Err(at) => content.insert(at, (glued, 1)),
                }
                Some(Column::new(&self.items, old.host, content))
            })
            .filter(|column| column.times(residual) > 0)
            .collect();
        for column in merged {
            let column = self.columns.insert(column);
            self.fresh.push(column);
        }
    }
}

/// Takes one of an item out of a pattern, if it is there.
fn take(content: &mut Vec<(u32, u32)>, item: u32) -> Option<()> {
    let at = content.binary_search_by_key(&item, |&(item, _)| item).ok()?;
    content[at].1 -= 1;
    if content[at].1 == 0 {
        content.remove(at);
    }
    Some(())
}
