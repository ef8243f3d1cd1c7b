//! The question: reservations, limits, hosts, services and the objective.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::{Utility, UtilityError};
use crate::Resource;
use crate::shape::{DuplicateName, ShapeError, check_shape, check_unique, row_major};

/// A VM whose share is to be decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vm {
    /// A name for people; unique within an instance.
    pub name: String,
    /// Index of the host that it runs on; `None` if no capacity binds it.
    pub host: Option<usize>,
}

/// One summand of a service demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// Index of the VM.
    pub vm: usize,
    /// Index of the resource.
    pub resource: usize,
    /// What one unit contributes to the service.
    pub coefficient: i64,
}

/// One row of `A x >= b`: what a service demands of the VMs that serve it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// A name for people; unique within an instance.
    pub name: String,
    /// The row of `A`, each VM and resource at most once.
    pub terms: Vec<Term>,
    /// The entry of `b`.
    pub required: i64,
}

/// What is minimised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Objective {
    /// The sum of amounts times unit costs, VMs x resources.
    Cost(Array2<i64>),
    /// The utility forgone; utilities of VM `i` and resource `r` at `i * resources + r`.
    Utility(Vec<Utility>),
}

/// The parts of an instance, before they are checked to belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
    /// The name of the instance.
    pub name: String,
    /// The resources.
    pub resources: Vec<Resource>,
    /// The VMs.
    pub vms: Vec<Vm>,
    /// Least amounts, VMs x resources.
    pub reservations: Array2<u64>,
    /// Greatest amounts, VMs x resources; `None` is no limit.
    pub limits: Array2<Option<u64>>,
    /// Host names; may be empty.
    pub hosts: Vec<String>,
    /// Capacities, hosts x resources.
    pub capacities: Array2<u64>,
    /// Service demands; may be empty.
    pub services: Vec<Service>,
    /// What is minimised.
    pub objective: Objective,
}

/// An instance of the allocation family. All numbers are integers in the units of the resources; the
/// amounts to be found need not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    data: Data,
}

/// Why data is no allocation instance.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InstanceError {
    /// A list that must not be empty is.
    #[error("expected at least one {0}")]
    Missing(&'static str),
    /// A matrix or list has another shape than names and resources ask for.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// An index points outside its list.
    #[error("{of}: there is no {what} number {index}")]
    Index {
        /// Who points.
        of: String,
        /// What it points to.
        what: &'static str,
        /// The index, from 0.
        index: usize,
    },
    /// A limit is smaller than the reservation.
    #[error("VM {vm:?}, {resource:?}: the limit {limit} is below the reservation {reservation}")]
    Limit {
        /// The VM.
        vm: String,
        /// The resource.
        resource: String,
        /// The reservation.
        reservation: u64,
        /// The limit.
        limit: u64,
    },
    /// A service counts the same VM and resource twice.
    #[error("service {service:?} counts VM {vm:?} twice for the same resource")]
    RepeatedTerm {
        /// The service.
        service: String,
        /// The VM.
        vm: String,
    },
    /// The same name twice.
    #[error(transparent)]
    DuplicateName(#[from] DuplicateName),
    /// A utility whose points are out of shape.
    #[error("utility of VM {vm:?} for {resource:?}: {source}")]
    Utility {
        /// The VM.
        vm: String,
        /// The resource.
        resource: String,
        /// What is wrong with it.
        source: UtilityError,
    },
    /// A number too large for exact sums in 128 bits.
    #[error("{what}: {value} exceeds the greatest magnitude allowed, 2^48")]
    Magnitude {
        /// Which number.
        what: String,
        /// The number.
        value: i128,
    },
}

/// Numbers stay below this magnitude, so that sums of products of two of them with fixed-point
/// multipliers fit 128 bits.
const MAGNITUDE: u64 = 1 << 48;

impl Instance {
    /// Checks that the parts belong together.
    ///
    /// # Errors
    /// See [`InstanceError`].
    pub fn new(mut data: Data) -> Result<Self, InstanceError> {
        let (n, d, h) = (data.vms.len(), data.resources.len(), data.hosts.len());
        if d == 0 {
            return Err(InstanceError::Missing("resource"));
        }
        if n == 0 {
            return Err(InstanceError::Missing("VM"));
        }
        check_shape("reservations", data.reservations.dim(), (n, d))?;
        check_shape("limits", data.limits.dim(), (n, d))?;
        check_shape("capacities", data.capacities.dim(), (h, d))?;
        check_unique("resource", data.resources.iter().map(|r| r.name.as_str()))?;
        check_unique("VM", data.vms.iter().map(|vm| vm.name.as_str()))?;
        check_unique("host", data.hosts.iter().map(String::as_str))?;
        check_unique("service", data.services.iter().map(|s| s.name.as_str()))?;
        for vm in &data.vms {
            if let Some(index) = vm.host.filter(|&host| host >= h) {
                return Err(InstanceError::Index {
                    of: format!("VM {:?}", vm.name),
                    what: "host",
                    index,
                });
            }
        }
        for ((i, r), &reservation) in data.reservations.indexed_iter() {
            let of = || format!("VM {:?}, {:?}", data.vms[i].name, data.resources[r].name);
            check_magnitude(|| of() + ", reservation", i128::from(reservation))?;
            let Some(limit) = data.limits[[i, r]] else { continue };
            check_magnitude(|| of() + ", limit", i128::from(limit))?;
            if limit < reservation {
                return Err(InstanceError::Limit {
                    vm: data.vms[i].name.clone(),
                    resource: data.resources[r].name.clone(),
                    reservation,
                    limit,
                });
            }
        }
        for ((host, _), &capacity) in data.capacities.indexed_iter() {
            check_magnitude(
                || format!("host {:?}, capacity", data.hosts[host]),
                i128::from(capacity),
            )?;
        }
        for service in &data.services {
            check_service(&data, service)?;
        }
        check_objective(&data)?;
        data.reservations = row_major(data.reservations);
        data.limits = row_major(data.limits);
        data.capacities = row_major(data.capacities);
        Ok(Self { data })
    }

    /// The parts.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// The name of the instance.
    pub fn name(&self) -> &str {
        &self.data.name
    }

    /// The same instance under another name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.data.name = name.into();
        self
    }

    /// The resources.
    pub fn resources(&self) -> &[Resource] {
        &self.data.resources
    }

    /// The VMs.
    pub fn vms(&self) -> &[Vm] {
        &self.data.vms
    }

    /// The host names.
    pub fn hosts(&self) -> &[String] {
        &self.data.hosts
    }

    /// The service demands.
    pub fn services(&self) -> &[Service] {
        &self.data.services
    }

    /// What is minimised.
    pub fn objective(&self) -> &Objective {
        &self.data.objective
    }

    /// The least amount of resource `r` that VM `i` gets.
    pub fn reservation(&self, i: usize, r: usize) -> u64 {
        self.data.reservations[[i, r]]
    }

    /// The greatest amount of resource `r` that VM `i` may get.
    pub fn limit(&self, i: usize, r: usize) -> Option<u64> {
        self.data.limits[[i, r]]
    }

    /// How much of resource `r` the host offers.
    pub fn capacity(&self, host: usize, r: usize) -> u64 {
        self.data.capacities[[host, r]]
    }

    /// The utility of resource `r` for VM `i`, if the objective is utility.
    pub fn utility(&self, i: usize, r: usize) -> Option<&Utility> {
        match &self.data.objective {
            Objective::Cost(_) => None,
            Objective::Utility(utilities) => utilities.get(i * self.data.resources.len() + r),
        }
    }
}

fn check_magnitude(what: impl Fn() -> String, value: i128) -> Result<(), InstanceError> {
    if value.unsigned_abs() <= u128::from(MAGNITUDE) {
        return Ok(());
    }
    Err(InstanceError::Magnitude { what: what(), value })
}

fn check_service(data: &Data, service: &Service) -> Result<(), InstanceError> {
    let of = || format!("service {:?}", service.name);
    check_magnitude(|| of() + ", requirement", i128::from(service.required))?;
    let mut seen = std::collections::HashSet::new();
    for term in &service.terms {
        let index = |what, index| InstanceError::Index { of: of(), what, index };
        let vm = data.vms.get(term.vm).ok_or_else(|| index("VM", term.vm))?;
        if term.resource >= data.resources.len() {
            return Err(index("resource", term.resource));
        }
        if !seen.insert((term.vm, term.resource)) {
            return Err(InstanceError::RepeatedTerm {
                service: service.name.clone(),
                vm: vm.name.clone(),
            });
        }
        check_magnitude(|| of() + ", coefficient", i128::from(term.coefficient))?;
    }
    Ok(())
}

fn check_objective(data: &Data) -> Result<(), InstanceError> {
    let (n, d) = (data.vms.len(), data.resources.len());
    match &data.objective {
        Objective::Cost(costs) => {
            check_shape("unit costs", costs.dim(), (n, d))?;
            for ((i, _), &cost) in costs.indexed_iter() {
                let what = || format!("VM {:?}, unit cost", data.vms[i].name);
                check_magnitude(what, i128::from(cost))?;
            }
        }
        Objective::Utility(utilities) => {
            check_shape("utilities", (utilities.len(), 1), (n * d, 1))?;
            for (at, utility) in utilities.iter().enumerate() {
                let (vm, resource) = (&data.vms[at / d].name, &data.resources[at % d].name);
                utility.validate().map_err(|source| InstanceError::Utility {
                    vm: vm.clone(),
                    resource: resource.clone(),
                    source,
                })?;
                for &(amount, worth) in utility.points() {
                    let what = || format!("utility of VM {vm:?} for {resource:?}");
                    check_magnitude(what, i128::from(amount.max(worth)))?;
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covering() -> Data {
        Data {
            name: "covering".into(),
            resources: vec![Resource::new("cpu", "core")],
            vms: vec![Vm { name: "a".into(), host: None }],
            reservations: Array2::zeros((1, 1)),
            limits: Array2::from_elem((1, 1), None),
            hosts: vec![],
            capacities: Array2::zeros((0, 1)),
            services: vec![Service {
                name: "web".into(),
                terms: vec![Term { vm: 0, resource: 0, coefficient: 2 }],
                required: 3,
            }],
            objective: Objective::Cost(Array2::from_elem((1, 1), 5)),
        }
    }

    #[test]
    fn the_covering_model_is_an_instance() {
        assert!(Instance::new(covering()).is_ok());
    }

    #[test]
    fn parts_that_do_not_belong_together_are_refused() {
        let refused = |change: fn(&mut Data)| {
            let mut data = covering();
            change(&mut data);
            Instance::new(data).expect_err("refused")
        };
        assert!(matches!(refused(|d| d.vms[0].host = Some(0)), InstanceError::Index { .. }));
        assert!(matches!(refused(|d| d.vms.clear()), InstanceError::Missing("VM")));
        assert!(matches!(
            refused(|d| {
                let term = d.services[0].terms[0];
                d.services[0].terms.push(term);
            }),
            InstanceError::RepeatedTerm { .. }
        ));
        assert!(matches!(
            refused(|d| {
                d.reservations[[0, 0]] = 4;
                d.limits[[0, 0]] = Some(3);
            }),
            InstanceError::Limit { .. }
        ));
        assert!(matches!(
            refused(|d| d.services[0].required = i64::MAX),
            InstanceError::Magnitude { .. }
        ));
    }
}
