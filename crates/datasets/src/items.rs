//! Items collected into VM types: equal sizes become one type with the sum of the counts.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use ndarray::Array2;
use vmpack_model::Resource;
use vmpack_model::packing::{HostType, Instance, InstanceError, VmType};

/// A sum that leaves 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Overflow(pub(crate) &'static str);

/// VM types in the order of their first item.
///
/// Benchmark files list items one by one, while methods live on how few different sizes there are;
/// finding the equal ones is therefore done here, once, for every reader and generator of items.
#[derive(Debug)]
pub(crate) struct Items {
    resources: usize,
    /// Sizes of all alternatives of a type, one after the other, to the index of the type.
    known: HashMap<Vec<u64>, usize>,
    types: Vec<(Vec<u64>, u64)>,
    /// Total demand per resource, taking the largest alternative.
    totals: Vec<u64>,
    count: u64,
}

impl Items {
    pub(crate) fn new(resources: usize) -> Self {
        Self {
            resources,
            known: HashMap::new(),
            types: Vec::new(),
            totals: vec![0; resources],
            count: 0,
        }
    }

    /// Adds `count` items that may each be served by any of the alternative size vectors written one
    /// after the other in `sizes`.
    pub(crate) fn add(&mut self, sizes: Vec<u64>, count: u64) -> Result<(), Overflow> {
        debug_assert!(!sizes.is_empty() && sizes.len().is_multiple_of(self.resources));
        self.count = self.count.checked_add(count).ok_or(Overflow("number of items"))?;
        for (resource, total) in self.totals.iter_mut().enumerate() {
            let alternatives = sizes.iter().skip(resource).step_by(self.resources);
            let largest = alternatives.max().copied().unwrap_or(0);
            *total = largest
                .checked_mul(count)
                .and_then(|demand| total.checked_add(demand))
                .ok_or(Overflow("total size of the items"))?;
        }
        match self.known.entry(sizes) {
            Entry::Occupied(known) => self.types[*known.get()].1 += count,
            Entry::Vacant(vacant) => {
                self.types.push((vacant.key().clone(), count));
                vacant.insert(self.types.len() - 1);
            }
        }
        Ok(())
    }

    /// The instance with VM types `vm1`, `vm2`, ... on the given hosts; `capacities` holds one row per
    /// host type, one after the other.
    pub(crate) fn into_instance(
        self,
        name: &str,
        resources: Vec<Resource>,
        hosts: Vec<HostType>,
        capacities: Vec<u64>,
    ) -> Result<Instance, InstanceError> {
        let d = self.resources;
        let mut rows = 0;
        let mut vms = Vec::with_capacity(self.types.len());
        let mut demands = Vec::new();
        for (index, (sizes, count)) in self.types.into_iter().enumerate() {
            let end = rows + sizes.len() / d;
            vms.push(VmType { name: format!("vm{}", index + 1), count, rows: rows..end });
            demands.extend(sizes);
            rows = end;
        }
        let demands = Array2::from_shape_vec((rows, d), demands).expect("whole rows were added");
        let capacities = Array2::from_shape_vec((hosts.len(), d), capacities)
            .expect("one row of capacities per host type");
        Instance::new(name, resources, vms, demands, hosts, capacities)
    }

    /// The instance on identical hosts of cost 1 without limit.
    pub(crate) fn on_identical_hosts(
        self,
        name: &str,
        capacity: Vec<u64>,
    ) -> Result<Instance, InstanceError> {
        let resources = Resource::anonymous(self.resources);
        let host = HostType { name: "host".to_owned(), cost: 1, stock: None };
        self.into_instance(name, resources, vec![host], capacity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_items_become_one_type_in_order_of_appearance() {
        let mut items = Items::new(2);
        for (sizes, count) in [(vec![3, 4], 1), (vec![1, 1], 2), (vec![3, 4], 5)] {
            items.add(sizes, count).expect("small numbers");
        }
        assert_eq!(items.totals, [20, 26]);
        let instance = items.on_identical_hosts("few", vec![9, 9]).expect("valid");
        let counts: Vec<u64> = instance.vms().iter().map(|vm| vm.count).collect();
        assert_eq!(counts, [6, 2]);
        assert_eq!(instance.demand(0), [3, 4]);
    }

    #[test]
    fn alternatives_tell_items_apart() {
        let mut items = Items::new(1);
        items.add(vec![3, 4], 1).expect("small numbers");
        items.add(vec![3], 1).expect("small numbers");
        let instance = items.on_identical_hosts("two", vec![9]).expect("valid");
        assert_eq!(instance.vms().len(), 2);
        assert_eq!(instance.vms()[0].rows, 0..2);
    }

    #[test]
    fn sums_beyond_64_bits_are_noticed() {
        let mut items = Items::new(1);
        items.add(vec![u64::MAX], 1).expect("just fits");
        assert_eq!(items.add(vec![1], 1), Err(Overflow("total size of the items")));
        let mut items = Items::new(1);
        items.add(vec![0], u64::MAX).expect("just fits");
        assert_eq!(items.add(vec![0], 1), Err(Overflow("number of items")));
    }
}
