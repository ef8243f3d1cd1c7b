//! The file form of placements.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vmpack_model::packing::{
    Certificate, Evacuation, Instance, Intake, Packing, Pattern, Placement, Refutation,
};
use vmpack_model::{Bound, Counters, Outcome, Problem, Solved, Status, Value};

use crate::format::{ReadError, list, unknown};
use crate::hash::packing_hash;

use super::schema::{CertificateSchema, RefutationSchema, StatusSchema, ValueSchema};
use super::{SolutionError, SolutionFile, SolutionForm, SolutionTag, Version, check_hash};

/// What is claimed about a packing instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "packing solution")]
pub struct PackingSolution {
    format: SolutionTag,
    version: Version,
    family: PackingTag,
    /// The name of the instance.
    pub(super) instance: String,
    /// The content hash of the instance; if it is given, it must be right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) instance_hash: Option<String>,
    /// The method that found it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) method: Option<String>,
    /// What is claimed of the placement.
    #[schemars(with = "StatusSchema")]
    status: Status,
    /// The placement with its claimed cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    placement: Option<PlacementFile>,
    /// A lower bound on the cost of every placement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bound: Option<BoundFile>,
    /// Evidence that there is no placement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<RefutationSchema>")]
    refutation: Option<Refutation>,
    /// How much work it took.
    #[serde(default, skip_serializing_if = "Counters::is_empty")]
    counters: Counters,
}

/// The name of the packing family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
enum PackingTag {
    #[serde(rename = "packing")]
    Packing,
}

/// A placement of all VMs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Placement")]
struct PlacementFile {
    /// What it is claimed to cost.
    #[schemars(with = "ValueSchema")]
    cost: Value,
    /// The opened hosts.
    hosts: Vec<FilledHosts>,
    /// Who goes where when hosts fail, for every way in which they can, up to hosts filled alike; where rules of the
    /// instance ask for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    evacuations: Vec<EvacuationFile>,
}

/// Who goes where when some hosts fail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Evacuation")]
struct EvacuationFile {
    /// The name of the rule that it is for.
    rule: String,
    /// The hosts that fail, in the order of `hosts`.
    failed: Vec<SomeHosts>,
    /// What others take in.
    takes: Vec<IntakeFile>,
}

/// Some of the hosts that are filled alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SomeHosts {
    /// Which entry of `hosts` they are of, from 0.
    hosts: usize,
    /// How many of them.
    count: u64,
}

/// What some of the hosts that are filled alike take in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Intake")]
struct IntakeFile {
    /// Which entry of `hosts` they are of, from 0.
    hosts: usize,
    /// How many of them.
    count: u64,
    /// What each of them takes in.
    vms: Vec<PlacedVms>,
}

/// Hosts of one type that are filled alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FilledHosts {
    /// The name of the host type.
    host: String,
    /// How many hosts are filled so.
    count: u64,
    /// What each of them holds.
    vms: Vec<PlacedVms>,
}

/// VMs of one type on a host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PlacedVms {
    /// The name of the VM type.
    vm: String,
    /// Which of its alternative demands is met, from 0; absent if the type has one demand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alternative: Option<usize>,
    /// How many of them.
    count: u64,
}

/// A lower bound.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PackingBound")]
struct BoundFile {
    /// The bound.
    #[schemars(with = "ValueSchema")]
    value: Value,
    /// What the checker derives it from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<CertificateSchema>")]
    certificate: Option<Certificate>,
}

impl SolutionForm for Packing {
    fn to_file(instance: &Instance, outcome: &Outcome<Self>, method: Option<&str>) -> SolutionFile {
        let placed = |&(row, count): &(usize, u64)| {
            let vm = &instance.vms()[instance.type_of_row(row)];
            let alternative = (vm.rows.len() > 1).then(|| row - vm.rows.start);
            PlacedVms { vm: vm.name.clone(), alternative, count }
        };
        let filled = |(pattern, count): &(Pattern, u64)| FilledHosts {
            host: instance.hosts()[pattern.host].name.clone(),
            count: *count,
            vms: pattern.vms.iter().map(placed).collect(),
        };
        let evacuation = |evacuation: &Evacuation| EvacuationFile {
            rule: instance.rules().rules[evacuation.rule].name.clone(),
            failed: evacuation
                .failed
                .iter()
                .map(|&(hosts, count)| SomeHosts { hosts, count })
                .collect(),
            takes: evacuation
                .takes
                .iter()
                .map(|intake| IntakeFile {
                    hosts: intake.pattern,
                    count: intake.hosts,
                    vms: intake.vms.iter().map(placed).collect(),
                })
                .collect(),
        };
        SolutionFile::Packing(PackingSolution {
            format: SolutionTag::default(),
            version: Version::default(),
            family: PackingTag::Packing,
            instance: instance.name().to_owned(),
            instance_hash: Some(packing_hash(instance)),
            method: method.map(str::to_owned),
            status: outcome.status,
            placement: outcome.solved.as_ref().map(|solved| PlacementFile {
                cost: solved.cost,
                hosts: solved.solution.patterns.iter().map(filled).collect(),
                evacuations: solved.solution.evacuations.iter().map(evacuation).collect(),
            }),
            bound: outcome
                .bound
                .clone()
                .map(|Bound { value, certificate }| BoundFile { value, certificate }),
            refutation: outcome.refutation.clone(),
            counters: outcome.counters.clone(),
        })
    }

    fn from_file(instance: &Instance, file: SolutionFile) -> Result<Outcome<Self>, SolutionError> {
        let family = file.family();
        let SolutionFile::Packing(file) = file else {
            return Err(SolutionError::Family { expected: Self::FAMILY, found: family });
        };
        check_hash(&file.instance, file.instance_hash, || packing_hash(instance))?;
        let solved = file
            .placement
            .map(|placement| {
                let cost = placement.cost;
                resolve(placement, instance).map(|solution| Solved { solution, cost })
            })
            .transpose()?;
        Ok(Outcome {
            status: file.status,
            solved,
            bound: file.bound.map(|BoundFile { value, certificate }| Bound { value, certificate }),
            refutation: file.refutation,
            counters: file.counters,
        })
    }
}

fn resolve(placement: PlacementFile, instance: &Instance) -> Result<Placement, ReadError> {
    let vm_index: HashMap<&str, usize> =
        instance.vms().iter().enumerate().map(|(i, vm)| (vm.name.as_str(), i)).collect();
    let vm_names = || list(instance.vms().iter().map(|vm| vm.name.as_str()));
    let host_names = || list(instance.hosts().iter().map(|host| host.name.as_str()));
    let rule_names = || list(instance.rules().rules.iter().map(|rule| rule.name.as_str()));
    let vms = |at: &str, placed: Vec<PlacedVms>| -> Result<Vec<(usize, u64)>, ReadError> {
        let row = |(v, placed): (usize, PlacedVms)| {
            let field = |member: &str| format!("{at}.vms[{v}].{member}");
            let vm = vm_index.get(placed.vm.as_str()).copied();
            let vm = vm.ok_or_else(|| unknown(&field("vm"), "VM type", &placed.vm, vm_names()))?;
            let rows = instance.vms()[vm].rows.clone();
            let row = rows.clone().nth(placed.alternative.unwrap_or(0));
            let row = row.ok_or_else(|| ReadError {
                line: None,
                field: field("alternative"),
                expected: format!("less than the {} demands of {:?}", rows.len(), placed.vm),
                found: placed.alternative.unwrap_or(0).to_string(),
            })?;
            Ok((row, placed.count))
        };
        placed.into_iter().enumerate().map(row).collect()
    };
    let mut patterns = Vec::with_capacity(placement.hosts.len());
    for (h, filled) in placement.hosts.into_iter().enumerate() {
        let at = format!("placement.hosts[{h}]");
        let host = instance.hosts().iter().position(|host| host.name == filled.host);
        let host = host.ok_or_else(|| {
            unknown(&format!("{at}.host"), "host type", &filled.host, host_names())
        })?;
        patterns.push((Pattern { host, vms: vms(&at, filled.vms)? }, filled.count));
    }
    let mut evacuations = Vec::with_capacity(placement.evacuations.len());
    for (e, file) in placement.evacuations.into_iter().enumerate() {
        let at = format!("placement.evacuations[{e}]");
        let rule = instance.rules().rules.iter().position(|rule| rule.name == file.rule);
        let rule =
            rule.ok_or_else(|| unknown(&format!("{at}.rule"), "rule", &file.rule, rule_names()))?;
        let intake = |(t, intake): (usize, IntakeFile)| {
            let vms = vms(&format!("{at}.takes[{t}]"), intake.vms)?;
            Ok(Intake { pattern: intake.hosts, hosts: intake.count, vms })
        };
        let takes = file.takes.into_iter().enumerate().map(intake).collect::<Result<_, _>>()?;
        let failed = file.failed.into_iter().map(|some| (some.hosts, some.count)).collect();
        evacuations.push(Evacuation { rule, failed, takes });
    }
    Ok(Placement { patterns, evacuations })
}
