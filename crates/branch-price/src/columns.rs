//! Patterns as columns: every one is kept once, whatever node found it.

use std::collections::HashMap;

use vmpack_dp::pricing::Priced;
use vmpack_model::packing::{Instance, Pattern};

use crate::fleet::Fleet;
use crate::residual::{Items, Residual};

/// What one host of a type may hold, in items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) host: usize,
    /// Items and numbers, by ascending item.
    pub(crate) items: Vec<(u32, u32)>,
    /// What they take of each resource.
    pub(crate) load: Vec<u64>,
}

impl Column {
    pub(crate) fn new(items: &Items, host: usize, content: Vec<(u32, u32)>) -> Self {
        let d = items.size(0).len();
        let mut load = vec![0; d];
        for &(item, count) in &content {
            for (sum, size) in load.iter_mut().zip(items.size(item)) {
                *sum += size * u64::from(count);
            }
        }
        Self { host, items: content, load }
    }

    /// The pattern of VM types.
    pub(crate) fn pattern(&self, items: &Items) -> Pattern {
        let parts = self.items.iter().flat_map(|&(item, count)| {
            items.parts(item).iter().map(move |&(row, each)| (row, each * u64::from(count)))
        });
        Pattern { host: self.host, vms: parts.collect() }.normalised()
    }

    /// How many hosts the residual demand can fill with it.
    pub(crate) fn times(&self, residual: &Residual) -> u64 {
        let often =
            self.items.iter().map(|&(item, count)| residual.demand(item) / u64::from(count));
        often.min().unwrap_or(0)
    }
}

/// Bytes of a column without its entries: vectors, an entry of a hash map, and bounds, costs and working
/// arrays of the simplex method.
const BYTES_PER_COLUMN: u64 = 500;
/// Bytes of an entry: two copies here, and four in the linear program, by column and by row.
const BYTES_PER_ENTRY: u64 = 64;

/// All columns that were ever found.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    all: Vec<Column>,
    known: HashMap<(usize, Vec<(u32, u32)>), u32>,
    bytes: u64,
}

impl Columns {
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// What the columns take, here and as columns of a linear program, about.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn get(&self, column: u32) -> &Column {
        &self.all[column as usize]
    }

    /// The number of a column, which is added if it is new.
    pub(crate) fn insert(&mut self, column: Column) -> u32 {
        let next = self.all.len() as u32;
        let key = (column.host, column.items.clone());
        let known = *self.known.entry(key).or_insert(next);
        if known == next {
            self.bytes += BYTES_PER_COLUMN + BYTES_PER_ENTRY * column.items.len() as u64;
            self.bytes += 8 * column.load.len() as u64;
            self.all.push(column);
        }
        known
    }
}

/// Which patterns a node may use beyond capacity and demand: conflicts, and how little a host may hold.
#[derive(Debug)]
pub(crate) struct Rules<'a> {
    pub(crate) residual: &'a Residual,
    /// What hosts may be opened, and how full they must be.
    pub(crate) fleet: Fleet,
}

impl<'a> Rules<'a> {
    /// The rules of placements that cost at most `most`; `None` if there is no such placement for want of
    /// capacity.
    pub(crate) fn new(instance: &Instance, residual: &'a Residual, most: u64) -> Option<Self> {
        Some(Self { residual, fleet: Fleet::new(instance, residual, most)? })
    }

    /// Whether hosts, all alike, must be full of each of several resources.
    pub(crate) fn is_brimful(&self, instance: &Instance) -> bool {
        instance.hosts().len() == 1
            && instance.dimensions() > 1
            && self.fleet.least(0) == instance.capacity(0)
    }

    pub(crate) fn admit(&self, column: &Column) -> bool {
        let few = |&(item, count): &(u32, u32)| u64::from(count) <= self.residual.demand(item);
        let full = || {
            column.load.iter().zip(self.fleet.least(column.host)).all(|(load, least)| load >= least)
        };
        self.fleet.opens(column.host)
            && column.items.iter().all(few)
            && full()
            && self.peaceful(column)
    }

    fn peaceful(&self, column: &Column) -> bool {
        self.residual.conflicts.is_empty()
            || column.items.iter().enumerate().all(|(at, &(item, count))| {
                (count == 1 || !self.residual.conflict(item, item))
                    && column.items[at + 1..]
                        .iter()
                        .all(|&(other, _)| !self.residual.conflict(item, other))
            })
    }
}

/// A column of a priced pattern, whose items are numbered by `live`.
pub(crate) fn from_priced(items: &Items, host: usize, priced: &Priced, live: &[u32]) -> Column {
    let content = priced.items.iter().map(|&(at, count)| (live[at as usize], count)).collect();
    Column::new(items, host, content)
}
