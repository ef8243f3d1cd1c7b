//! The file form of allocations.

use ndarray::Array2;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vmpack_model::allocation::{Allocation, Amounts, Instance, Multipliers, Refutation};
use vmpack_model::{Bound, Counters, Outcome, Problem, Solved, Status, Value};

use crate::format::{Named, ReadError, list, unknown};
use crate::hash::allocation_hash;

use super::schema::{AllocationRefutationSchema, MultipliersSchema, StatusSchema, ValueSchema};
use super::{SolutionError, SolutionFile, SolutionForm, SolutionTag, Version, check_hash};

/// What is claimed about an allocation instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "allocation solution")]
pub struct AllocationSolution {
    format: SolutionTag,
    version: Version,
    family: AllocationTag,
    /// The name of the instance.
    pub(super) instance: String,
    /// The content hash of the instance; if it is given, it must be right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) instance_hash: Option<String>,
    /// The method that found it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) method: Option<String>,
    /// What is claimed of the allocation.
    #[schemars(with = "StatusSchema")]
    status: Status,
    /// The allocation with its claimed cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    allocation: Option<AmountsFile>,
    /// A lower bound on the cost of every allocation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bound: Option<BoundFile>,
    /// Evidence that there is no allocation, or none of least cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<AllocationRefutationSchema>")]
    refutation: Option<Refutation>,
    /// How much work it took.
    #[serde(default, skip_serializing_if = "Counters::is_empty")]
    counters: Counters,
}

/// The name of the allocation family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
enum AllocationTag {
    #[serde(rename = "allocation")]
    Allocation,
}

/// An amount for every VM and resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Amounts")]
struct AmountsFile {
    /// What they are claimed to cost.
    #[schemars(with = "ValueSchema")]
    cost: Value,
    /// What all numerators are divided by; positive, 1 if absent.
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    denominator: i64,
    /// By how many parts per billion a constraint may be missed; 0, exact, if absent.
    #[serde(default)]
    tolerance_ppb: u32,
    /// The amounts of every VM.
    vms: Vec<VmAmounts>,
}

/// The amounts of one VM.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct VmAmounts {
    /// The name of the VM.
    vm: String,
    /// The amount times the denominator, for every resource.
    numerators: Named<i64>,
}

/// A lower bound.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AllocationBound")]
struct BoundFile {
    /// The bound.
    #[schemars(with = "ValueSchema")]
    value: Value,
    /// What the checker derives it from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<MultipliersSchema>")]
    certificate: Option<Multipliers>,
}

fn one() -> i64 {
    1
}

impl SolutionForm for Allocation {
    fn to_file(instance: &Instance, outcome: &Outcome<Self>, method: Option<&str>) -> SolutionFile {
        let resources = instance.resources();
        let amounts = |solved: &Solved<Amounts>| AmountsFile {
            cost: solved.cost,
            denominator: solved.solution.denominator,
            tolerance_ppb: solved.solution.tolerance_ppb,
            vms: instance
                .vms()
                .iter()
                .zip(solved.solution.numerators.rows())
                .map(|(vm, numerators)| VmAmounts {
                    vm: vm.name.clone(),
                    numerators: Named::new(resources, numerators.iter().copied()),
                })
                .collect(),
        };
        SolutionFile::Allocation(AllocationSolution {
            format: SolutionTag::default(),
            version: Version::default(),
            family: AllocationTag::Allocation,
            instance: instance.name().to_owned(),
            instance_hash: Some(allocation_hash(instance)),
            method: method.map(str::to_owned),
            status: outcome.status,
            allocation: outcome.solved.as_ref().map(amounts),
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
        let SolutionFile::Allocation(file) = file else {
            return Err(SolutionError::Family { expected: Self::FAMILY, found: family });
        };
        check_hash(&file.instance, file.instance_hash, || allocation_hash(instance))?;
        let solved = file
            .allocation
            .map(|amounts| {
                let cost = amounts.cost;
                resolve(amounts, instance).map(|solution| Solved { solution, cost })
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

fn resolve(file: AmountsFile, instance: &Instance) -> Result<Amounts, ReadError> {
    let wrong = |field: &str, expected: String, found: String| ReadError {
        line: None,
        field: format!("allocation.{field}"),
        expected,
        found,
    };
    if file.denominator <= 0 {
        let expected = "a positive integer".to_owned();
        return Err(wrong("denominator", expected, file.denominator.to_string()));
    }
    let names: std::collections::HashMap<&str, usize> =
        instance.vms().iter().enumerate().map(|(i, vm)| (vm.name.as_str(), i)).collect();
    let (n, d) = (instance.vms().len(), instance.resources().len());
    let mut numerators = Array2::zeros((n, d));
    let mut given = vec![false; n];
    for (v, amounts) in file.vms.into_iter().enumerate() {
        let field = format!("allocation.vms[{v}].vm");
        let known = || list(instance.vms().iter().map(|vm| vm.name.as_str()));
        let i = names.get(amounts.vm.as_str()).copied();
        let i = i.ok_or_else(|| unknown(&field, "VM", &amounts.vm, known()))?;
        if std::mem::replace(&mut given[i], true) {
            let expected = "every VM once".to_owned();
            return Err(wrong(
                &format!("vms[{v}].vm"),
                expected,
                format!("{:?} again", amounts.vm),
            ));
        }
        let field = format!("allocation.vms[{v}].numerators");
        let row = amounts.numerators.resolve_all(&field, instance.resources())?;
        numerators.row_mut(i).iter_mut().zip(row).for_each(|(to, from)| *to = from);
    }
    if let Some(missing) = given.iter().position(|&given| !given) {
        let name = &instance.vms()[missing].name;
        return Err(wrong("vms", "every VM once".to_owned(), format!("none for {name:?}")));
    }
    let AmountsFile { denominator, tolerance_ppb, .. } = file;
    Ok(Amounts { numerators, denominator, tolerance_ppb })
}
