//! Whether parts of an instance can hold together.

use ndarray::Array2;
use vmpack_model::packing::{Demand, HostType, Instance, Placement, Rules, VmType};
use vmpack_model::{Budget, NullObserver};

use super::{Asked, counting};
use crate::backend::{Backend, Limits};
use crate::packing::claim::is_placement;
use crate::packing::rules::{Ruled, among};
use crate::packing::search::Formulation as _;

/// The greatest number of columns of a program: beyond, infeasibility is hardly ever proved.
const GREATEST: u128 = 60_000;

/// The greedy method that shows at once what is easy.
const RULE: &str = "bfd-indexed";

/// How many of the programs may use up all time together.
const SHARE: u32 = 10;

#[cfg(feature = "highs")]
const BACKEND: &dyn Backend = &crate::backend::Highs;
#[cfg(not(feature = "highs"))]
const BACKEND: &dyn Backend = &crate::backend::Microlp;

/// What is known of a set of parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Some placement keeps all.
    Possible,
    /// None does.
    Impossible,
    /// Time or size forbade to find out.
    Unknown,
}

/// Answers for one instance within one budget.
#[derive(Debug)]
pub(super) struct Oracle<'a> {
    pub(super) instance: &'a Instance,
    budget: &'a Budget,
}

impl<'a> Oracle<'a> {
    pub(super) fn new(instance: &'a Instance, budget: &'a Budget) -> Self {
        Self { instance, budget }
    }

    /// Whether the parts can hold together: by counting, by a constructive rule, by the program.
    pub(super) fn ask(&self, asked: &Asked) -> Answer {
        if self.budget.exhausted() {
            return Answer::Unknown;
        }
        let relaxed = asked.relaxed(self.instance);
        if counting::clash(&relaxed, &asked.least).is_some() {
            return Answer::Impossible;
        }
        // No constructive rule shows who goes where when hosts fail.
        if among(&relaxed).next().is_none() {
            let required = with_counts(&relaxed, &asked.least);
            let rule = vmpack_greedy::PACKING.iter().find(|method| method.name() == RULE);
            let rule = rule.filter(|rule| rule.accepts(&required).is_ok());
            let solved =
                rule.and_then(|rule| rule.solve(&required, self.budget, &mut NullObserver).solved);
            if solved.is_some_and(|solved| is_placement(&required, &solved.solution)) {
                return Answer::Possible;
            }
        }
        if Ruled::columns(&relaxed, None) > GREATEST {
            return Answer::Unknown;
        }
        self.solve(&relaxed, &asked.least)
    }

    fn solve(&self, relaxed: &Instance, least: &[u64]) -> Answer {
        let program = Ruled::new(relaxed, None, least);
        let mut limits = Limits::from(self.budget);
        if let Some(time) = self.budget.remaining() {
            limits.deadline = Some(std::time::Instant::now() + time / SHARE);
        }
        let Ok(solution) = BACKEND.solve(program.model(), &limits) else {
            return Answer::Unknown;
        };
        if solution.status.is_infeasible() {
            return Answer::Impossible;
        }
        let values: Vec<f64> = solution.values.iter().map(|x| x.round()).collect();
        let placement =
            solution.has_point().then(|| program.placement(relaxed, &values, self.budget));
        let stands = placement.flatten().is_some_and(|placement| {
            let placed = placed(relaxed, &placement);
            placed.iter().zip(least).all(|(placed, least)| placed >= least)
                && is_placement(&with_counts(relaxed, &placed), &placement)
        });
        if stands { Answer::Possible } else { Answer::Unknown }
    }
}

impl Asked {
    /// The instance that asks for these parts alone, with free hosts. VMs that are not asked for are left
    /// out, but for as many as groups that spread can make use of: they may be placed or not.
    pub(super) fn relaxed(&self, instance: &Instance) -> Instance {
        let rules = instance.rules();
        let kept: Vec<_> = rules
            .rules
            .iter()
            .zip(&self.rules)
            .filter(|(_, kept)| **kept)
            .map(|(r, _)| r)
            .collect();
        let counts: Vec<u64> = (0..instance.vms().len())
            .map(|vm| {
                let useful = kept.iter().map(|rule| match &rule.demand {
                    Demand::Spread { vms, least, .. } if vms.binary_search(&vm).is_ok() => *least,
                    _ => 0,
                });
                let useful = useful.fold(self.least[vm], u64::saturating_add);
                useful.min(instance.vms()[vm].count)
            })
            .collect();
        let mut demands = instance.demands().to_owned();
        for (k, mut of_resource) in demands.columns_mut().into_iter().enumerate() {
            if !self.resources[k] {
                of_resource.fill(0);
            }
        }
        let hosts = instance.hosts().iter().zip(&self.stock).map(|(host, &kept)| HostType {
            name: host.name.clone(),
            cost: 0,
            stock: host.stock.filter(|_| kept),
        });
        let capacities = instance.capacities().to_owned();
        let rules = Rules {
            topology: rules.topology.clone(),
            rules: kept.into_iter().cloned().collect(),
            ..Rules::default()
        };
        rebuilt(instance, &counts, demands, hosts.collect(), capacities, rules)
    }
}

/// The instance with other counts of VMs.
fn with_counts(instance: &Instance, counts: &[u64]) -> Instance {
    let (demands, hosts) = (instance.demands().to_owned(), instance.hosts().to_vec());
    let capacities = instance.capacities().to_owned();
    rebuilt(instance, counts, demands, hosts, capacities, instance.rules().clone())
}

fn rebuilt(
    instance: &Instance,
    counts: &[u64],
    demands: Array2<u64>,
    hosts: Vec<HostType>,
    capacities: Array2<u64>,
    rules: Rules,
) -> Instance {
    let vms = instance.vms().iter().zip(counts).map(|(vm, &count)| VmType {
        name: vm.name.clone(),
        count,
        rows: vm.rows.clone(),
    });
    let resources = instance.resources().to_vec();
    Instance::new(instance.name(), resources, vms.collect(), demands, hosts, capacities)
        .and_then(|plain| plain.with_rules(rules))
        .expect("less than a valid instance asks for")
}

/// How many VMs of each type are placed.
fn placed(instance: &Instance, placement: &Placement) -> Vec<u64> {
    let mut placed = vec![0; instance.vms().len()];
    for (pattern, hosts) in &placement.patterns {
        for &(row, count) in &pattern.vms {
            placed[instance.type_of_row(row)] += count * hosts;
        }
    }
    placed
}
