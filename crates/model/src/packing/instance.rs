//! The question: VM types with counts, host types with capacity, cost and stock.

use std::ops::Range;

use ndarray::{Array2, ArrayView2};

use super::{Rules, RulesError};
use crate::Resource;
use crate::shape::{DuplicateName, ShapeError, check_shape, check_unique, row_major};

/// A kind of VM and how many of it there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VmType {
    /// A name for people; unique within an instance.
    pub name: String,
    /// How many VMs of this type must be placed.
    pub count: u64,
    /// The rows of the demand matrix that may serve a VM of this type, any one of them per VM. A single
    /// row unless the type has alternatives (a VM that may run as 4 cores x 8 GiB or as 2 x 16).
    pub rows: Range<usize>,
}

/// A kind of host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostType {
    /// A name for people; unique within an instance.
    pub name: String,
    /// The cost of opening one host of this type, in the instance's cost unit.
    pub cost: u64,
    /// How many hosts of this type may be opened; `None` is as many as wanted.
    pub stock: Option<u64>,
}

/// An instance of vector bin packing with counts and several host types.
///
/// Demands are a matrix of *rows x resources*, capacities of *host types x resources*, both in the
/// integer units of the resources. A VM type owns one row (then row index and type index agree if all
/// types do) or several alternative rows. Sizes and counts of a valid instance are such that the total
/// demand per resource and the total cost of one host per VM fit a `u64`, so sums over a placement that
/// covers each VM once cannot overflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    name: String,
    resources: Vec<Resource>,
    vms: Vec<VmType>,
    demands: Array2<u64>,
    type_of_row: Vec<usize>,
    hosts: Vec<HostType>,
    /// What the hardware of each host type has.
    hardware: Array2<u64>,
    /// What of it VMs may use, by overcommit and reserve.
    capacities: Array2<u64>,
    /// Boxed, because most instances have none.
    rules: Box<Rules>,
}

/// Why data is no packing instance.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InstanceError {
    /// No resource was given.
    #[error("expected at least one resource")]
    NoResource,
    /// No host type was given.
    #[error("expected at least one host type")]
    NoHostType,
    /// A matrix or list has another shape than names and resources ask for.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The alternatives of the VM types do not partition the rows in order.
    #[error(
        "VM type {vm:?}: its demand rows must be non-empty and follow those of the type before"
    )]
    Rows {
        /// The VM type.
        vm: String,
    },
    /// The same name twice.
    #[error(transparent)]
    DuplicateName(#[from] DuplicateName),
    /// The sum over all VMs leaves 64 bits.
    #[error("the total {what} exceeds 2^64 - 1")]
    Overflow {
        /// What is summed.
        what: String,
    },
    /// The rules do not belong to the instance.
    #[error(transparent)]
    Rules(#[from] RulesError),
}

impl Instance {
    /// Builds an instance in which type `i` has the alternative rows `vms[i].rows`.
    ///
    /// # Errors
    /// See [`InstanceError`].
    pub fn new(
        name: impl Into<String>,
        resources: Vec<Resource>,
        vms: Vec<VmType>,
        demands: Array2<u64>,
        hosts: Vec<HostType>,
        capacities: Array2<u64>,
    ) -> Result<Self, InstanceError> {
        let dimensions = resources.len();
        if dimensions == 0 {
            return Err(InstanceError::NoResource);
        }
        if hosts.is_empty() {
            return Err(InstanceError::NoHostType);
        }
        let mut type_of_row = Vec::with_capacity(demands.nrows());
        for (index, vm) in vms.iter().enumerate() {
            if vm.rows.start != type_of_row.len() || vm.rows.is_empty() {
                return Err(InstanceError::Rows { vm: vm.name.clone() });
            }
            type_of_row.resize(vm.rows.end, index);
        }
        check_shape("demands", demands.dim(), (type_of_row.len(), dimensions))?;
        check_shape("capacities", capacities.dim(), (hosts.len(), dimensions))?;
        check_unique("resource", resources.iter().map(|r| r.name.as_str()))?;
        check_unique("VM type", vms.iter().map(|v| v.name.as_str()))?;
        check_unique("host type", hosts.iter().map(|h| h.name.as_str()))?;
        let demands = row_major(demands);
        let capacities = row_major(capacities);
        let instance = Self {
            name: name.into(),
            resources,
            vms,
            demands,
            type_of_row,
            hosts,
            hardware: capacities.clone(),
            capacities,
            rules: Box::default(),
        };
        instance.check_totals()?;
        Ok(instance)
    }

    /// Builds an instance in which every VM type has exactly one demand row: `vms` holds names and
    /// counts.
    ///
    /// # Errors
    /// See [`InstanceError`].
    pub fn simple(
        name: impl Into<String>,
        resources: Vec<Resource>,
        vms: Vec<(String, u64)>,
        demands: Array2<u64>,
        hosts: Vec<HostType>,
        capacities: Array2<u64>,
    ) -> Result<Self, InstanceError> {
        let vms = vms
            .into_iter()
            .enumerate()
            .map(|(row, (name, count))| VmType { name, count, rows: row..row + 1 })
            .collect();
        Self::new(name, resources, vms, demands, hosts, capacities)
    }

    /// Builds an instance on identical hosts of cost 1 and unlimited stock, with unnamed VM types:
    /// `items` holds sizes and counts. The usual shape of a benchmark file.
    ///
    /// # Errors
    /// See [`InstanceError`]; every size must have as many entries as `capacity`.
    pub fn identical_hosts(
        name: impl Into<String>,
        capacity: &[u64],
        items: &[(Vec<u64>, u64)],
    ) -> Result<Self, InstanceError> {
        let d = capacity.len();
        for (size, _) in items {
            check_shape("size of an item", (1, size.len()), (1, d))?;
        }
        let flat: Vec<u64> = items.iter().flat_map(|(size, _)| size.iter().copied()).collect();
        let demands =
            Array2::from_shape_vec((items.len(), d), flat).expect("one row of d sizes per item");
        let capacities =
            Array2::from_shape_vec((1, d), capacity.to_vec()).expect("one row of d capacities");
        let vms = (0..items.len()).map(|i| (format!("vm{}", i + 1), items[i].1)).collect();
        let host = HostType { name: "host".to_owned(), cost: 1, stock: None };
        Self::simple(name, Resource::anonymous(d), vms, demands, vec![host], capacities)
    }

    fn check_totals(&self) -> Result<(), InstanceError> {
        let overflow = |what: &str| InstanceError::Overflow { what: what.to_owned() };
        let mut total: u64 = 0;
        for vm in &self.vms {
            total = total.checked_add(vm.count).ok_or_else(|| overflow("number of VMs"))?;
        }
        let dearest = self.hosts.iter().map(|host| host.cost).max().unwrap_or(0);
        dearest
            .checked_mul(total)
            .ok_or_else(|| overflow("cost of one host of the dearest type per VM"))?;
        for (k, resource) in self.resources.iter().enumerate() {
            let mut sum: u64 = 0;
            for vm in &self.vms {
                let largest = vm.rows.clone().map(|row| self.demands[[row, k]]).max().unwrap_or(0);
                sum = largest
                    .checked_mul(vm.count)
                    .and_then(|demand| sum.checked_add(demand))
                    .ok_or_else(|| overflow(&format!("demand for {:?}", resource.name)))?;
            }
        }
        Ok(())
    }

    /// The name of the instance.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same instance under another name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The same instance with other rules, which decide what of the hardware is usable. Prices that are all 0
    /// are no prices.
    ///
    /// # Errors
    /// [`InstanceError::Rules`] if they do not belong to the instance.
    pub fn with_rules(mut self, mut rules: Rules) -> Result<Self, InstanceError> {
        rules.check(&self)?;
        rules.prices = rules.prices.filter(|prices| prices.iter().any(|&price| price > 0));
        self.capacities = rules.usable(&self, &self.hardware)?;
        self.rules = Box::new(rules);
        Ok(self)
    }

    /// What a placement must keep or pays for beyond counts, stock and capacity.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The dimensions, in the order of every demand and capacity vector.
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// The number of resources, at least one.
    pub fn dimensions(&self) -> usize {
        self.resources.len()
    }

    /// The VM types.
    pub fn vms(&self) -> &[VmType] {
        &self.vms
    }

    /// The number of VMs over all types.
    pub fn total_vms(&self) -> u64 {
        self.vms.iter().map(|vm| vm.count).sum()
    }

    /// The demand matrix, rows x resources.
    pub fn demands(&self) -> ArrayView2<'_, u64> {
        self.demands.view()
    }

    /// The number of demand rows: as many as VM types unless some have alternatives.
    pub fn rows(&self) -> usize {
        self.demands.nrows()
    }

    /// The demand vector of a row.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn demand(&self, row: usize) -> &[u64] {
        let d = self.dimensions();
        &self.demands.as_slice().expect("row-major since construction")[row * d..(row + 1) * d]
    }

    /// The VM type that a demand row belongs to.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn type_of_row(&self, row: usize) -> usize {
        self.type_of_row[row]
    }

    /// Whether some VM type has more than one demand row.
    pub fn has_alternatives(&self) -> bool {
        self.demands.nrows() != self.vms.len()
    }

    /// The host types.
    pub fn hosts(&self) -> &[HostType] {
        &self.hosts
    }

    /// What the hardware of a host type has, before overcommit and reserve.
    ///
    /// # Panics
    /// If there is no such host type.
    pub fn hardware(&self, host: usize) -> &[u64] {
        let d = self.dimensions();
        &self.hardware.as_slice().expect("row-major since construction")[host * d..(host + 1) * d]
    }

    /// The matrix of usable capacities, host types x resources.
    pub fn capacities(&self) -> ArrayView2<'_, u64> {
        self.capacities.view()
    }

    /// What VMs may use of a host of the type: its hardware, unless rules overcommit or reserve some.
    ///
    /// # Panics
    /// If there is no such host type.
    pub fn capacity(&self, host: usize) -> &[u64] {
        let d = self.dimensions();
        &self.capacities.as_slice().expect("row-major since construction")[host * d..(host + 1) * d]
    }

    /// Whether one VM with the demands of `row` fits an empty host of type `host`.
    ///
    /// # Panics
    /// If there is no such row or host type.
    pub fn fits(&self, row: usize, host: usize) -> bool {
        self.demand(row)
            .iter()
            .zip(self.capacity(host))
            .all(|(demand, capacity)| demand <= capacity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identical_hosts_has_contiguous_rows() {
        let items = [(vec![3, 4], 2), (vec![5, 0], 7)];
        let instance = Instance::identical_hosts("tiny", &[10, 10], &items).expect("valid");
        assert_eq!(instance.demand(1), [5, 0]);
        assert_eq!(instance.capacity(0), [10, 10]);
        assert_eq!(instance.total_vms(), 9);
        assert!(instance.fits(0, 0));
        assert!(!instance.has_alternatives());
    }

    #[test]
    fn totals_that_overflow_are_refused() {
        let items = [(vec![u64::MAX / 2], 3)];
        let error = Instance::identical_hosts("huge", &[u64::MAX], &items).expect_err("overflow");
        assert!(matches!(error, InstanceError::Overflow { .. }), "{error}");
    }

    #[test]
    fn alternatives_must_partition_the_rows() {
        let vm = |rows: Range<usize>| VmType { name: format!("{rows:?}"), count: 1, rows };
        let host = HostType { name: "h".into(), cost: 1, stock: Some(1) };
        let build = |vms: Vec<VmType>| {
            Instance::new(
                "alternatives",
                Resource::anonymous(1),
                vms,
                Array2::from_elem((3, 1), 1),
                vec![host.clone()],
                Array2::from_elem((1, 1), 9),
            )
        };
        let instance = build(vec![vm(0..2), vm(2..3)]).expect("valid");
        assert!(instance.has_alternatives());
        assert_eq!((instance.type_of_row(1), instance.type_of_row(2)), (0, 1));
        assert!(build(vec![vm(0..1), vm(2..3)]).is_err(), "a gap");
        assert!(build(vec![vm(0..0), vm(0..3)]).is_err(), "an empty type");
        assert!(build(vec![vm(0..2)]).is_err(), "a row of nobody");
    }
}
