//! Filling one host as well as possible with the VMs that remain.

mod search;
mod table;

use vmpack_model::packing::Instance;

use search::Search;
use table::Table;

use crate::worth::Worth;

/// What one host gets: demand rows with positive counts, each row once.
pub(crate) type Contents = Vec<(usize, u64)>;

/// Fills hosts of one instance, by a table of reachable loads where it is small enough and by a
/// bounded search where not.
pub(crate) struct Filler<'a> {
    worth: Worth,
    table: Option<Table<'a>>,
    search: Search<'a>,
}

impl<'a> Filler<'a> {
    /// A filler whose tables take at most `bytes`.
    pub(crate) fn new(instance: &'a Instance, bytes: u64) -> Self {
        let worth = Worth::new(instance);
        let mut order: Vec<usize> = (0..instance.rows())
            .filter(|&row| instance.vms()[instance.type_of_row(row)].count > 0)
            .collect();
        order.sort_by_key(|&row| (std::cmp::Reverse(worth.of(instance.demand(row))), row));
        let table = Table::new(instance, &order, &worth, bytes);
        let search = Search::new(instance, order, &worth);
        Self { worth, table, search }
    }

    /// What a load is worth.
    pub(crate) fn worth(&self) -> &Worth {
        &self.worth
    }

    /// Whether fills come from the table, and are therefore the best possible.
    pub(crate) fn is_exact(&self) -> bool {
        self.table.is_some()
    }

    /// Contents of the greatest worth for an empty host of type `host` that holds a VM of demand
    /// row `seed`, which must fit, from the VMs that remain of each type. In a `hurry`, the seed
    /// and then the largest VMs that fit.
    pub(crate) fn fill(
        &mut self,
        host: usize,
        seed: usize,
        remaining: &[u64],
        hurry: bool,
    ) -> Contents {
        match &mut self.table {
            Some(table) if !hurry => table.fill(host, seed, remaining),
            _ => self.search.fill(host, seed, remaining, hurry),
        }
    }
}
