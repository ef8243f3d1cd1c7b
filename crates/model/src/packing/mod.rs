//! The packing family: which VMs share which hosts, so that the hosts opened cost least.
//!
//! Heterogeneous vector bin packing with counts: VM type `i` asks for `count` VMs with a demand vector
//! over the resources, host type `t` offers a capacity vector at a cost, with limited or unlimited
//! stock. One resource and one host type of cost 1 is bin packing; with counts, cutting stock; several
//! host types, variable-sized bin packing; VM types with alternative demands, multiple-choice vector bin
//! packing (Brandao and Pedroso 2016). [`Rules`] say what a placement must keep or pays for beyond that.

mod evidence;
mod instance;
mod rules;
mod solution;
mod violations;

pub use evidence::{Certificate, DualFeasibleFunction, Refutation, TreeNode, WeightedCut};
pub use instance::{HostType, Instance, InstanceError, VmType};
pub use rules::{
    Demand, Evacuation, Intake, Level, Ratio, Rule, Rules, RulesError, Strength, Topology,
};
pub use solution::{Pattern, Placement};
pub use violations::Tally;

use crate::{Family, Problem};

/// The packing family as a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packing;

impl Problem for Packing {
    const FAMILY: Family = Family::Packing;
    type Instance = Instance;
    type Solution = Placement;
    type Certificate = Certificate;
    type Refutation = Refutation;

    fn rules(instance: &Instance) -> Vec<&'static str> {
        let rules = instance.rules();
        let mut names: Vec<_> = rules.rules.iter().map(|rule| rule.demand.name()).collect();
        names.extend(rules.prices.is_some().then_some("prices"));
        names.sort_unstable();
        names.dedup();
        names
    }
}
