//! Kept solutions with the instances that they answer, as many as a budget holds: best answers first.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use serde::Serialize;
use vmpack_datasets::{SolutionForm, Source, load, read_solution};
use vmpack_model::allocation::{self, Allocation};
use vmpack_model::packing::{self, Packing};
use vmpack_model::{AnyInstance, Resource};
use vmpack_results::Record;

use super::columns::Rounded;
use crate::ReportError;

/// What packings are drawn from.
#[derive(Default, Serialize)]
pub(super) struct Packings {
    /// By the id of the run.
    solutions: BTreeMap<String, Solution>,
    /// By the hash of their content.
    instances: BTreeMap<String, Instance>,
    /// Solutions that are kept, but not here: there is no room for them in the page, or their instance is not kept.
    pub(super) left_out: u64,
}

/// Who can be where.
#[derive(Serialize)]
#[serde(tag = "family", rename_all = "kebab-case")]
enum Instance {
    Packing {
        resources: Vec<[String; 2]>,
        hosts: Vec<Host>,
        /// What one VM of a row needs, and whose row it is.
        rows: Vec<Row>,
    },
    Allocation {
        resources: Vec<[String; 2]>,
        hosts: Vec<Host>,
        vms: Vec<Seated>,
    },
}

/// A host type, or a host, with what VMs may use of it.
#[derive(Serialize)]
struct Host {
    name: String,
    capacity: Vec<u64>,
}

/// A demand of a VM type.
#[derive(Serialize)]
struct Row {
    vm: String,
    demand: Vec<u64>,
}

/// A VM on its host, if it has one.
#[derive(Serialize)]
struct Seated {
    vm: String,
    host: Option<usize>,
}

/// Who is where.
#[derive(Serialize)]
#[serde(untagged)]
enum Solution {
    /// Host type, number of hosts filled so, rows and numbers of VMs in turn.
    Patterns(Vec<(usize, u64, Vec<u64>)>),
    /// VMs x resources.
    Amounts(Vec<Vec<Rounded>>),
}

/// No solution or instance may take more than this part of the budget.
const MOST_OF_BUDGET: usize = 16;

impl Packings {
    /// Reads what fits: of every instance the best solution first, then the second best of each, and so on.
    pub(super) fn new(
        records: &[Record],
        run_dir: &Path,
        budget: usize,
    ) -> Result<Self, ReportError> {
        let mut packings = Self::default();
        let mut refused: BTreeSet<&str> = BTreeSet::new();
        let (mut room, most) = (budget, budget / MOST_OF_BUDGET);
        let mut loaded: HashMap<&str, AnyInstance> = HashMap::new();
        for record in by_rank(records, run_dir) {
            let hash = &*record.instance_hash;
            if room == 0 || refused.contains(hash) {
                packings.left_out += 1;
                continue;
            }
            if !loaded.contains_key(hash) {
                let path = run_dir.join(record.instance_file());
                let view = if path.is_file() {
                    let instance = load(&Source::File { path, format: Some("json".to_owned()) })?;
                    let view = Instance::of(&instance);
                    loaded.insert(hash, instance);
                    Some(view).filter(|view| size(view) <= most.min(room))
                } else {
                    None
                };
                let Some(view) = view else {
                    refused.insert(hash);
                    packings.left_out += 1;
                    continue;
                };
                room -= size(&view);
                packings.instances.insert(hash.to_owned(), view);
            }
            let Some(solution) = read(&loaded[hash], &run_dir.join(record.solution_file()))? else {
                continue;
            };
            let taken = size(&solution);
            if taken <= most.min(room) {
                room -= taken;
                packings.solutions.insert(record.run.clone(), solution);
            } else {
                // What little is left is not hunted for something that fits it.
                room = if taken <= most { 0 } else { room };
                packings.left_out += 1;
            }
        }
        Ok(packings)
    }
}

/// How many bytes of JSON it takes.
fn size(data: &impl Serialize) -> usize {
    serde_json::to_vec(data).expect("plain data with string keys").len()
}

/// Runs whose solution is kept, the best of every instance first.
fn by_rank<'a>(records: &'a [Record], run_dir: &Path) -> Vec<&'a Record> {
    let mut of_instances: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
    for record in records.iter().filter(|r| r.verified_cost().is_some()) {
        if run_dir.join(record.solution_file()).is_file() {
            of_instances.entry(&record.instance_hash).or_default().push(record);
        }
    }
    let mut ranked: Vec<(usize, &Record)> = Vec::new();
    for runs in of_instances.values_mut() {
        // Stable, so that the order of the report decides among equals.
        runs.sort_by_key(|r| r.verified_cost());
        ranked.extend(runs.iter().copied().enumerate());
    }
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, record)| record).collect()
}

impl Instance {
    fn of(instance: &AnyInstance) -> Self {
        match instance {
            AnyInstance::Packing(instance) => Self::packing(instance),
            AnyInstance::Allocation(instance) => Self::allocation(instance),
        }
    }

    fn packing(instance: &packing::Instance) -> Self {
        let hosts = instance.hosts().iter().enumerate();
        let rows = 0..instance.rows();
        Self::Packing {
            resources: resources(instance.resources()),
            hosts: hosts
                .map(|(k, host)| Host {
                    name: host.name.clone(),
                    capacity: instance.capacity(k).to_vec(),
                })
                .collect(),
            rows: rows
                .map(|row| Row {
                    vm: instance.vms()[instance.type_of_row(row)].name.clone(),
                    demand: instance.demand(row).to_vec(),
                })
                .collect(),
        }
    }

    fn allocation(instance: &allocation::Instance) -> Self {
        let kinds = 0..instance.resources().len();
        let hosts = instance.hosts().iter().enumerate();
        Self::Allocation {
            resources: resources(instance.resources()),
            hosts: hosts
                .map(|(k, name)| Host {
                    name: name.clone(),
                    capacity: kinds.clone().map(|r| instance.capacity(k, r)).collect(),
                })
                .collect(),
            vms: instance
                .vms()
                .iter()
                .map(|vm| Seated { vm: vm.name.clone(), host: vm.host })
                .collect(),
        }
    }
}

fn resources(resources: &[Resource]) -> Vec<[String; 2]> {
    resources.iter().map(|r| [r.name.clone(), r.unit.clone()]).collect()
}

/// The solution in a file, if it holds one.
fn read(instance: &AnyInstance, path: &Path) -> Result<Option<Solution>, ReportError> {
    let file = read_solution(path)?;
    let wrong = |source| ReportError::Solution { path: path.to_owned(), source };
    Ok(match instance {
        AnyInstance::Packing(instance) => {
            let outcome = Packing::from_file(instance, file).map_err(wrong)?;
            outcome.solved.map(|solved| {
                let patterns = solved.solution.patterns.into_iter();
                Solution::Patterns(
                    patterns
                        .map(|(pattern, hosts)| {
                            let vms = pattern.vms.iter();
                            let turns = vms.flat_map(|&(row, count)| [row as u64, count]);
                            (pattern.host, hosts, turns.collect())
                        })
                        .collect(),
                )
            })
        }
        AnyInstance::Allocation(instance) => {
            let outcome = Allocation::from_file(instance, file).map_err(wrong)?;
            outcome.solved.map(|solved| {
                let amounts = solved.solution;
                let amount = |i, r| Rounded(amounts.amount(i, r).to_f64());
                let kinds = 0..instance.resources().len();
                let of_vm = |i| kinds.clone().map(|r| amount(i, r)).collect();
                Solution::Amounts((0..instance.vms().len()).map(of_vm).collect())
            })
        }
    })
}
