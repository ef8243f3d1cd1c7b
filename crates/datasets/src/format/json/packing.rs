//! The external form of packing instances.

use std::collections::HashMap;

use ndarray::Array2;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vmpack_model::Resource;
use vmpack_model::packing::{HostType, Instance, Ratio, Rules, Topology, VmType};

use super::super::ReadError;
use super::named::Named;
use super::rules::{Names, PriceFile, RatioFile, RuleFile};
use super::{InstanceTag, Version};

/// An instance of the packing family: which VMs share which hosts.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "packing instance")]
#[schemars(rename = "PackingInstance")]
pub(super) struct PackingFile {
    format: InstanceTag,
    version: Version,
    family: PackingTag,
    /// The name of the instance.
    name: String,
    /// The dimensions of demand and capacity; at least one, with unique names.
    #[schemars(length(min = 1))]
    resources: Vec<ResourceFile>,
    /// The VM types; at least one, with unique names.
    #[schemars(length(min = 1))]
    vms: Vec<VmFile>,
    /// The host types; at least one, with unique names.
    #[schemars(length(min = 1))]
    hosts: Vec<HostFile>,
    /// How much of a resource is sold for what the hardware has; as much where it is absent.
    #[serde(default, skip_serializing_if = "Named::is_empty")]
    overcommit: Named<RatioFile>,
    /// What VMs cost on hosts beyond the hosts; nothing where it is absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    prices: Vec<PriceFile>,
    /// What a placement must keep, or pays for; with unique names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    rules: Vec<RuleFile>,
}

/// The name of the packing family.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
enum PackingTag {
    #[serde(rename = "packing")]
    Packing,
}

/// A resource: what is demanded, and what one unit of it is.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Resource")]
pub(super) struct ResourceFile {
    /// For example `cpu`.
    name: String,
    /// What the integers count, for example `millicore` or `MiB`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    unit: String,
}

impl ResourceFile {
    pub(super) fn from_resource(resource: &Resource) -> Self {
        Self { name: resource.name.clone(), unit: resource.unit.clone() }
    }

    pub(super) fn into_resource(self) -> Resource {
        Resource::new(self.name, self.unit)
    }
}

/// A VM type. It has either one demand or several alternatives.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "VmType")]
struct VmFile {
    /// The name of the type.
    name: String,
    /// How many VMs of this type must be placed.
    #[serde(default = "one")]
    count: u64,
    /// What one VM demands, for every resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    demand: Option<Named<u64>>,
    /// Demands of which any one may be met, VM by VM; at least one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    alternatives: Option<Vec<Named<u64>>>,
}

/// A host type.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "HostType")]
struct HostFile {
    /// The name of the type.
    name: String,
    /// What opening one host of this type costs.
    #[serde(default = "one")]
    cost: u64,
    /// How many hosts of this type there are; absent or null if as many as wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stock: Option<u64>,
    /// What one host offers, for every resource; not 0 of all of them.
    capacity: Named<u64>,
    /// What one host keeps free of what it sells; nothing of resources that are absent.
    #[serde(default, skip_serializing_if = "Named::is_empty")]
    reserve: Named<u64>,
    /// The name of the rack that hosts of this type stand in; a rack of its own if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rack: Option<String>,
    /// The name of the site that hosts of this type stand in; a site of its own if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    site: Option<String>,
}

fn one() -> u64 {
    1
}

impl PackingFile {
    pub(super) fn from_instance(instance: &Instance) -> Self {
        let resources = instance.resources();
        let demand = |row: usize| Named::new(resources, instance.demand(row).iter().copied());
        let vm = |vm: &VmType| {
            let single = vm.rows.len() == 1;
            VmFile {
                name: vm.name.clone(),
                count: vm.count,
                demand: single.then(|| demand(vm.rows.start)),
                alternatives: (!single).then(|| vm.rows.clone().map(demand).collect()),
            }
        };
        let rules = instance.rules();
        let topology = &rules.topology;
        let place = |names: &[String], of: &[Option<usize>], index: usize| {
            of.get(index).copied().flatten().map(|place| names[place].clone())
        };
        let host = |(index, host): (usize, &HostType)| HostFile {
            name: host.name.clone(),
            cost: host.cost,
            stock: host.stock,
            capacity: Named::new(resources, instance.hardware(index).iter().copied()),
            reserve: rules.reserve.as_ref().map_or_else(Named::default, |reserve| {
                Named::new(resources, reserve.row(index).iter().copied())
            }),
            rack: place(&topology.racks, &topology.rack_of, index),
            site: place(&topology.sites, &topology.site_of, index),
        };
        Self {
            format: InstanceTag::default(),
            version: Version::default(),
            family: PackingTag::Packing,
            name: instance.name().to_owned(),
            resources: resources.iter().map(ResourceFile::from_resource).collect(),
            vms: instance.vms().iter().map(vm).collect(),
            hosts: instance.hosts().iter().enumerate().map(host).collect(),
            overcommit: Named::new(resources, rules.overcommit.iter().copied().map(RatioFile)),
            prices: PriceFile::of(instance),
            rules: rules.rules.iter().map(|rule| RuleFile::from_rule(instance, rule)).collect(),
        }
    }

    pub(super) fn into_instance(self) -> Result<Instance, ReadError> {
        let resources: Vec<Resource> =
            self.resources.into_iter().map(ResourceFile::into_resource).collect();
        let wrong = |field: String, expected: &str, found: &str| ReadError {
            line: None,
            field,
            expected: expected.to_owned(),
            found: found.to_owned(),
        };
        if self.vms.is_empty() {
            return Err(wrong("vms".to_owned(), "at least one VM type", "none"));
        }
        let mut vms = Vec::with_capacity(self.vms.len());
        let mut demands = Vec::new();
        let mut rows = 0;
        for (i, vm) in self.vms.into_iter().enumerate() {
            let (member, alternatives) = match (vm.demand, vm.alternatives) {
                (Some(demand), None) => ("demand", vec![demand]),
                (None, Some(alternatives)) if !alternatives.is_empty() => {
                    ("alternatives", alternatives)
                }
                (demand, _) => {
                    let found = if demand.is_some() { "both" } else { "neither" };
                    return Err(wrong(format!("vms[{i}]"), "a demand or alternatives", found));
                }
            };
            let start = rows;
            for (a, alternative) in alternatives.into_iter().enumerate() {
                let field = match member {
                    "demand" => format!("vms[{i}].demand"),
                    _ => format!("vms[{i}].alternatives[{a}]"),
                };
                demands.extend(alternative.resolve_all(&field, &resources)?);
                rows += 1;
            }
            vms.push(VmType { name: vm.name, count: vm.count, rows: start..rows });
        }
        let mut hosts = Vec::with_capacity(self.hosts.len());
        let mut capacities = Vec::new();
        let mut reserves: Vec<u64> = Vec::new();
        let mut reserved = false;
        let (mut racks, mut sites) = (Places::default(), Places::default());
        for (i, host) in self.hosts.into_iter().enumerate() {
            let field = format!("hosts[{i}].capacity");
            let capacity = host.capacity.resolve_all(&field, &resources)?;
            if capacity.iter().all(|&capacity| capacity == 0) {
                return Err(wrong(field, "one capacity above 0", "only 0"));
            }
            capacities.extend(capacity);
            reserved |= !host.reserve.is_empty();
            let reserve = host.reserve.resolve(&format!("hosts[{i}].reserve"), &resources)?;
            reserves.extend(reserve.into_iter().map(Option::unwrap_or_default));
            racks.add(host.rack);
            sites.add(host.site);
            hosts.push(HostType { name: host.name, cost: host.cost, stock: host.stock });
        }
        let d = resources.len();
        let demands = Array2::from_shape_vec((rows, d), demands).expect("every row is resolved");
        let capacities =
            Array2::from_shape_vec((hosts.len(), d), capacities).expect("every row is resolved");
        let overcommit = if self.overcommit.is_empty() {
            Vec::new()
        } else {
            let ratios = self.overcommit.resolve("overcommit", &resources)?.into_iter();
            ratios.map(|ratio| ratio.map_or(Ratio::ONE, |RatioFile(ratio)| ratio)).collect()
        };
        let reserve = Array2::from_shape_vec((hosts.len(), d), reserves).expect("as capacities");
        let instance = Instance::new(self.name, resources, vms, demands, hosts, capacities)
            .map_err(|error| ReadError::instance(&error))?;
        let names = Names::new(&instance);
        let file = self.rules.into_iter().enumerate();
        let rules = Rules {
            overcommit,
            reserve: reserved.then_some(reserve),
            topology: Topology {
                rack_of: racks.of(),
                site_of: sites.of(),
                racks: racks.names,
                sites: sites.names,
            },
            prices: names.prices(&self.prices)?,
            rules: file.map(|(r, rule)| names.rule(r, rule)).collect::<Result<_, _>>()?,
        };
        instance.with_rules(rules).map_err(|error| ReadError::instance(&error))
    }
}

/// Racks or sites, numbered in order of appearance.
#[derive(Default)]
struct Places {
    names: Vec<String>,
    numbers: HashMap<String, usize>,
    of: Vec<Option<usize>>,
}

impl Places {
    /// Where the next host type stands.
    fn add(&mut self, name: Option<String>) {
        let number = name.map(|name| {
            *self.numbers.entry(name).or_insert_with_key(|name| {
                self.names.push(name.clone());
                self.names.len() - 1
            })
        });
        self.of.push(number);
    }

    /// The place of each host type; empty if none has one.
    fn of(&self) -> Vec<Option<usize>> {
        if self.names.is_empty() { Vec::new() } else { self.of.clone() }
    }
}
