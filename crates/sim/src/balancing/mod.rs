//! Load balancing: running VMs are moved so that hosts are loaded evenly.
//!
//! [`plan`] works on plain data: hosts with what they have, VMs with what they use. It makes moves by local search for
//! an [`Objective`], each of which must gain more than it costs, and stops at a target or a budget; from a placement
//! that it leaves, it makes no move. [`Trigger`] decides when to plan at all, so that neither a short peak nor noise
//! around a threshold starts moves. [`least_maximum`] is what no placement within the budget can undercut. A
//! [`Balancer`] is all that in a cluster in operation, [`Evenness`] measures it there.
//!
//! Levels are the load of a host over its capacity in millionths, rounded down.

mod balancer;
mod bound;
mod evenness;
mod levels;
mod plan;
mod trigger;

use crate::arrivals::Demand;

pub use balancer::{Balancer, Habits};
pub use bound::least_maximum;
pub use evenness::Evenness;
pub use levels::{Level, imbalance};
pub use plan::{Admits, Plan, plan};
pub use trigger::Trigger;

/// A host that is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Host {
    /// What it has.
    pub capacity: Demand,
    /// What of it is not set aside for VMs; whatever comes must fit.
    pub free: Demand,
    /// Whether VMs may come.
    pub takes: bool,
}

/// A VM that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vm {
    /// The host that it is on, or on its way to.
    pub host: usize,
    /// What it uses.
    pub load: Demand,
    /// What is set aside for it.
    pub reserved: Demand,
    /// Whether it may be moved.
    pub movable: bool,
    /// What moving it costs, in units of the caller's choice, such as GiB of memory.
    pub cost: u64,
}

/// What even means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objective {
    /// The standard deviation of levels over hosts; of several resources the root of the weighted mean of variances.
    Deviation,
    /// The greatest level of a host in any resource, each scaled by its weight over the greatest weight.
    Maximum,
}

/// How to balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Goal {
    /// What is to be small.
    pub objective: Objective,
    /// How much each resource counts; 0 leaves it out. One is positive.
    pub weights: Demand,
    /// The value of the objective at which it is good enough.
    pub target: Level,
    /// What a move must gain at least, beyond its cost. A gain is how much the objective would fall if there were only
    /// the two hosts: by how much the greater level of the two falls, or the root of what the sum of squared deviations
    /// loses.
    pub margin: Level,
    /// What each unit of the cost of a VM adds to the margin.
    pub price: Level,
    /// The most moves.
    pub budget: usize,
}

impl Goal {
    /// CPU alone to the least deviation, whatever it costs.
    pub fn cpu() -> Self {
        Self {
            objective: Objective::Deviation,
            weights: [1, 0, 0, 0, 0],
            target: 0,
            margin: 0,
            price: 0,
            budget: usize::MAX,
        }
    }
}
