//! The best fill, by a table of all loads that the remaining VMs reach.

use ndarray::Array2;
use vmpack_model::packing::Instance;

use super::Contents;
use crate::knapsack::{SubsetSums, binary_parts, subset_sums_bytes};
use crate::tables::gcd;
use crate::worth::Worth;

/// The greatest number of loads in a table: adding a VM type then takes well below a millisecond.
const LOADS: u64 = 1 << 22;

/// Best fills from the loads that subsets of the remaining VMs reach.
///
/// Loads count in units of the greatest common divisor of all demands for the resource. With
/// several VMs of a type, binary splitting adds `O(log count)` items. Large VMs are added first, so
/// that of several subsets with the best load one of large VMs is found, which leaves small ones
/// for later hosts.
pub(super) struct Table<'a> {
    instance: &'a Instance,
    /// Demand rows by falling worth, without those that demand nothing.
    order: Vec<usize>,
    /// Demand rows that demand nothing: they are in no sum and fit everywhere.
    free: Vec<usize>,
    /// Demands and capacities in the table's units.
    demands: Array2<usize>,
    capacities: Array2<usize>,
    /// What a unit of load is worth, per resource.
    worths: Vec<u64>,
    sums: SubsetSums,
    /// Demand row and copies of each item added.
    parts: Vec<(usize, u64)>,
    /// The weight of an item.
    weight: Vec<usize>,
}

impl<'a> Table<'a> {
    /// `None` if the table would be too large, or if VMs have alternatives: these exclude each
    /// other, which sums cannot express.
    pub(super) fn new(
        instance: &'a Instance,
        order: &[usize],
        worth: &Worth,
        bytes: u64,
    ) -> Option<Self> {
        if instance.has_alternatives() {
            return None;
        }
        let units: Vec<u64> = (0..instance.dimensions())
            .map(|k| order.iter().map(|&row| instance.demand(row)[k]).fold(0, gcd).max(1))
            .collect();
        let in_units = |matrix: ndarray::ArrayView2<u64>| {
            Array2::from_shape_fn(matrix.dim(), |(i, k)| matrix[[i, k]] / units[k])
        };
        let capacities = in_units(instance.capacities());
        let greatest: Vec<u64> = capacities
            .columns()
            .into_iter()
            .map(|column| column.iter().copied().max().unwrap_or(0))
            .collect();
        let loads =
            greatest.iter().try_fold(1_u64, |loads, &c| loads.checked_mul(c.checked_add(1)?));
        if loads.is_none_or(|loads| loads > LOADS) || subset_sums_bytes(&greatest) > bytes {
            return None;
        }
        // No demand that fits a host exceeds the size of the table.
        let index = |&units: &u64| usize::try_from(units).unwrap_or(usize::MAX);
        let greatest: Vec<usize> = greatest.iter().map(index).collect();
        let (order, free) =
            order.iter().partition(|&&row| instance.demand(row).iter().any(|&demand| demand > 0));
        Some(Self {
            instance,
            order,
            free,
            demands: in_units(instance.demands()).map(index),
            capacities: capacities.map(index),
            worths: worth.per_unit.iter().zip(&units).map(|(w, g)| w.saturating_mul(*g)).collect(),
            sums: SubsetSums::new(&greatest),
            parts: Vec::new(),
            weight: vec![0; instance.dimensions()],
        })
    }

    pub(super) fn fill(&mut self, host: usize, seed: usize, remaining: &[u64]) -> Contents {
        let limits = self.capacities.row(host);
        let limits = limits.as_slice().expect("rows of a fresh matrix are contiguous");
        let start = self.demands.row(seed);
        let start = start.as_slice().expect("rows of a fresh matrix are contiguous");
        self.sums.reset(start, limits);
        self.parts.clear();
        let left = |row: usize| remaining[self.instance.type_of_row(row)] - u64::from(row == seed);
        let mut contents = vec![(seed, 1)];
        contents.extend(self.free.iter().map(|&row| (row, left(row))));
        for &row in &self.order {
            if self.sums.contains(limits) {
                break;
            }
            let demand = self.demands.row(row);
            let copies = (0..limits.len())
                .filter_map(|k| (limits[k] - start[k]).checked_div(demand[k]))
                .fold(left(row), |copies, fitting| copies.min(fitting as u64));
            for part in binary_parts(copies) {
                for (weight, demand) in self.weight.iter_mut().zip(demand) {
                    *weight = demand * part as usize;
                }
                self.sums.add(&self.weight, self.parts.len() as u32);
                self.parts.push((row, part));
            }
        }
        let load = self.sums.best(&self.worths);
        contents.extend(self.sums.items(&load).iter().map(|&part| self.parts[part as usize]));
        merged(contents)
    }
}

/// Each row once, in rising order, with positive counts.
fn merged(mut contents: Contents) -> Contents {
    contents.sort_unstable();
    contents.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
    contents.retain(|&(_, count)| count > 0);
    contents
}
