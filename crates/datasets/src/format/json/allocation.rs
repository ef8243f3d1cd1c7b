//! The external form of allocation instances.

use std::collections::HashMap;

use ndarray::Array2;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vmpack_model::Resource;
use vmpack_model::allocation::{Data, Instance, Objective, Service, Term, Utility, Vm};

use super::super::ReadError;
use super::named::{Named, list, unknown};
use super::packing::ResourceFile;
use super::{InstanceTag, Version};

/// An instance of the allocation family: how much of each resource every VM gets.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "allocation instance")]
#[schemars(rename = "AllocationInstance")]
pub(super) struct AllocationFile {
    format: InstanceTag,
    version: Version,
    family: AllocationTag,
    /// The name of the instance.
    name: String,
    /// What is sought: the least cost, or the least utility forgone.
    objective: ObjectiveTag,
    /// What is shared out; at least one, with unique names.
    #[schemars(length(min = 1))]
    resources: Vec<ResourceFile>,
    /// The hosts whose capacities bind the VMs on them; may be absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    hosts: Vec<HostFile>,
    /// The VMs; at least one, with unique names.
    #[schemars(length(min = 1))]
    vms: Vec<VmFile>,
    /// The service demands; may be absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    services: Vec<ServiceFile>,
}

/// The name of the allocation family.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
enum AllocationTag {
    #[serde(rename = "allocation")]
    Allocation,
}

/// Which objective the VMs are described for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Objective")]
enum ObjectiveTag {
    /// Minimise the sum of amounts times unit costs; every VM has `cost`.
    Cost,
    /// Maximise the sum of utilities; VMs have `utility`.
    Utility,
}

/// A host.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Host")]
struct HostFile {
    /// The name of the host.
    name: String,
    /// What it offers, for every resource.
    capacity: Named<u64>,
}

/// A VM.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Vm")]
struct VmFile {
    /// The name of the VM.
    name: String,
    /// The name of the host that it runs on; absent if no capacity binds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    /// The least amounts; 0 for resources that are absent.
    #[serde(default, skip_serializing_if = "Named::is_empty")]
    reservation: Named<u64>,
    /// The greatest amounts; unlimited for resources that are absent.
    #[serde(default, skip_serializing_if = "Named::is_empty")]
    limit: Named<u64>,
    /// What one unit costs, for every resource; with the objective `cost` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cost: Option<Named<i64>>,
    /// What amounts are worth; nothing for resources that are absent. With the objective `utility` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    utility: Option<Named<UtilityFile>>,
}

/// A service demand: the terms must add up to at least `required`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Service")]
struct ServiceFile {
    /// The name of the service.
    name: String,
    /// What the terms must add up to.
    required: i64,
    /// What contributes; each VM and resource at most once.
    terms: Vec<TermFile>,
}

/// One summand of a service demand: the amount of a resource that a VM gets, times a coefficient.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Term")]
struct TermFile {
    /// The name of the VM.
    vm: String,
    /// The name of the resource.
    resource: String,
    /// What one unit contributes.
    coefficient: i64,
}

/// The utility of an amount, through points of amount and utility, both rising.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Utility")]
enum UtilityFile {
    /// Piecewise linear and concave; the first point is at amount 0.
    Concave(Vec<(u64, u64)>),
    /// A step function; each utility is reached at its amount.
    Steps(Vec<(u64, u64)>),
}

impl AllocationFile {
    pub(super) fn from_instance(instance: &Instance) -> Self {
        let data = instance.data();
        let resources = &data.resources;
        let d = resources.len();
        let vm = |(i, vm): (usize, &Vm)| VmFile {
            name: vm.name.clone(),
            host: vm.host.map(|host| data.hosts[host].clone()),
            reservation: Named::sparse(
                resources,
                (0..d).map(|r| Some(instance.reservation(i, r)).filter(|&amount| amount > 0)),
            ),
            limit: Named::sparse(resources, (0..d).map(|r| instance.limit(i, r))),
            cost: match &data.objective {
                Objective::Cost(costs) => Some(Named::new(resources, costs.row(i).iter().copied())),
                Objective::Utility(_) => None,
            },
            utility: match &data.objective {
                Objective::Cost(_) => None,
                Objective::Utility(utilities) => {
                    let utilities = utilities[i * d..(i + 1) * d].iter();
                    Some(Named::sparse(resources, utilities.map(UtilityFile::from_utility)))
                }
            },
        };
        let term = |term: &Term| TermFile {
            vm: data.vms[term.vm].name.clone(),
            resource: resources[term.resource].name.clone(),
            coefficient: term.coefficient,
        };
        Self {
            format: InstanceTag::default(),
            version: Version::default(),
            family: AllocationTag::Allocation,
            name: data.name.clone(),
            objective: match &data.objective {
                Objective::Cost(_) => ObjectiveTag::Cost,
                Objective::Utility(_) => ObjectiveTag::Utility,
            },
            resources: resources.iter().map(ResourceFile::from_resource).collect(),
            hosts: data
                .hosts
                .iter()
                .zip(data.capacities.rows())
                .map(|(name, capacity)| HostFile {
                    name: name.clone(),
                    capacity: Named::new(resources, capacity.iter().copied()),
                })
                .collect(),
            vms: data.vms.iter().enumerate().map(vm).collect(),
            services: data
                .services
                .iter()
                .map(|service| ServiceFile {
                    name: service.name.clone(),
                    required: service.required,
                    terms: service.terms.iter().map(term).collect(),
                })
                .collect(),
        }
    }

    pub(super) fn into_instance(self) -> Result<Instance, ReadError> {
        let resources: Vec<Resource> =
            self.resources.into_iter().map(ResourceFile::into_resource).collect();
        let d = resources.len();
        let mut hosts = Vec::with_capacity(self.hosts.len());
        let mut capacities = Vec::new();
        for (i, host) in self.hosts.into_iter().enumerate() {
            let field = format!("hosts[{i}].capacity");
            capacities.extend(host.capacity.resolve_all(&field, &resources)?);
            hosts.push(host.name);
        }
        let host_index = index_of(&hosts);
        let n = self.vms.len();
        let mut vms = Vec::with_capacity(n);
        let (mut reservations, mut limits) = (Vec::new(), Vec::new());
        let (mut costs, mut utilities) = (Vec::new(), Vec::new());
        for (i, vm) in self.vms.into_iter().enumerate() {
            let field = |member: &str| format!("vms[{i}].{member}");
            let host = vm
                .host
                .map(|name| {
                    let known = || list(hosts.iter().map(String::as_str));
                    let index = host_index.get(name.as_str()).copied();
                    index.ok_or_else(|| unknown(&field("host"), "host", &name, known()))
                })
                .transpose()?;
            let reservation = vm.reservation.resolve(&field("reservation"), &resources)?;
            reservations.extend(reservation.into_iter().map(Option::unwrap_or_default));
            limits.extend(vm.limit.resolve(&field("limit"), &resources)?);
            match (self.objective, vm.cost, vm.utility) {
                (ObjectiveTag::Cost, Some(cost), None) => {
                    costs.extend(cost.resolve_all(&field("cost"), &resources)?);
                }
                (ObjectiveTag::Utility, None, utility) => {
                    let utility = utility.unwrap_or_default();
                    let utility = utility.resolve(&field("utility"), &resources)?;
                    utilities.extend(utility.into_iter().map(UtilityFile::into_utility));
                }
                (objective, cost, _) => return Err(wrong_objective(i, objective, cost.is_some())),
            }
            vms.push(Vm { name: vm.name, host });
        }
        let names: Vec<String> = vms.iter().map(|vm| vm.name.clone()).collect();
        let services = resolve_services(self.services, &names, &resources)?;
        let matrix = "every row is resolved";
        let data = Data {
            name: self.name,
            reservations: Array2::from_shape_vec((n, d), reservations).expect(matrix),
            limits: Array2::from_shape_vec((n, d), limits).expect(matrix),
            capacities: Array2::from_shape_vec((hosts.len(), d), capacities).expect(matrix),
            objective: match self.objective {
                ObjectiveTag::Cost => {
                    Objective::Cost(Array2::from_shape_vec((n, d), costs).expect(matrix))
                }
                ObjectiveTag::Utility => Objective::Utility(utilities),
            },
            resources,
            vms,
            hosts,
            services,
        };
        Instance::new(data).map_err(|error| ReadError {
            line: None,
            field: "the instance as a whole".to_owned(),
            expected: "parts that belong together".to_owned(),
            found: error.to_string(),
        })
    }
}

fn wrong_objective(i: usize, objective: ObjectiveTag, has_cost: bool) -> ReadError {
    let (expected, found) = match (objective, has_cost) {
        (ObjectiveTag::Cost, true) => {
            ("a cost and no utility, since the objective is cost", "both")
        }
        (ObjectiveTag::Cost, false) => ("a cost, since the objective is cost", "none"),
        (ObjectiveTag::Utility, _) => ("no cost, since the objective is utility", "one"),
    };
    ReadError {
        line: None,
        field: format!("vms[{i}]"),
        expected: expected.to_owned(),
        found: found.to_owned(),
    }
}

/// The index of every name; of the first of equal ones, which the model refuses later.
fn index_of(names: &[String]) -> HashMap<&str, usize> {
    names.iter().enumerate().rev().map(|(index, name)| (name.as_str(), index)).collect()
}

fn resolve_services(
    services: Vec<ServiceFile>,
    vms: &[String],
    resources: &[Resource],
) -> Result<Vec<Service>, ReadError> {
    let vm_index = index_of(vms);
    let resource_index = |name: &str| resources.iter().position(|r| r.name == name);
    let resolve = |j: usize, t: usize, term: TermFile| {
        let field = |member: &str| format!("services[{j}].terms[{t}].{member}");
        let vm = vm_index.get(term.vm.as_str()).copied().ok_or_else(|| {
            unknown(&field("vm"), "VM", &term.vm, list(vms.iter().map(String::as_str)))
        })?;
        let resource = resource_index(&term.resource).ok_or_else(|| {
            let known = list(resources.iter().map(|resource| resource.name.as_str()));
            unknown(&field("resource"), "resource", &term.resource, known)
        })?;
        Ok(Term { vm, resource, coefficient: term.coefficient })
    };
    services
        .into_iter()
        .enumerate()
        .map(|(j, service)| {
            let terms = service.terms.into_iter().enumerate();
            Ok(Service {
                name: service.name,
                required: service.required,
                terms: terms.map(|(t, term)| resolve(j, t, term)).collect::<Result<_, _>>()?,
            })
        })
        .collect()
}

impl UtilityFile {
    /// `None` for the utility of nothing, which files leave out.
    fn from_utility(utility: &Utility) -> Option<Self> {
        match utility {
            utility if *utility == Utility::zero() => None,
            Utility::Concave(points) => Some(Self::Concave(points.clone())),
            Utility::Steps(points) => Some(Self::Steps(points.clone())),
        }
    }

    fn into_utility(utility: Option<Self>) -> Utility {
        match utility {
            None => Utility::zero(),
            Some(Self::Concave(points)) => Utility::Concave(points),
            Some(Self::Steps(points)) => Utility::Steps(points),
        }
    }
}
