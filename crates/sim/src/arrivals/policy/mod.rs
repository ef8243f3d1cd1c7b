//! Which host a VM goes to.

mod indexed;
mod lifetime;
mod next_fit;
mod random_fit;

use super::{Demand, Fleet, Predictor, Vm};

/// A placement rule, with all it knows of the hosts that are on.
pub trait Policy {
    /// The order in which the VMs are placed that come at one instant; that of the trace unless the rule cares.
    fn arrange(&mut self, _now: u64, _vms: &mut [Vm]) {}

    /// The host of those that are on that the VM goes to; `None` if no such host has room and is admitted. `admit` is
    /// asked only of hosts that have room.
    fn find(&mut self, vm: &Vm, admit: &mut dyn FnMut(usize) -> bool) -> Option<usize>;

    /// A host is switched on, and empty.
    fn switch_on(&mut self, host: usize);

    /// A host that is empty is switched off.
    fn switch_off(&mut self, host: usize);

    /// A VM is placed on a host that is on and has room.
    fn place(&mut self, host: usize, vm: &Vm);

    /// A VM leaves its host.
    fn remove(&mut self, now: u64, host: usize, vm: &Vm);
}

/// What a policy is made from.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// The hosts.
    pub fleet: &'a Fleet,
    /// What every VM demands at least.
    pub least: &'a Demand,
    /// Where predicted lifetimes come from.
    pub predictor: &'a Predictor,
    /// Ticks per day.
    pub ticks_per_day: u64,
    /// The seed of random choices.
    pub seed: u64,
}

/// A policy by name.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// Its name.
    pub name: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
    /// Makes one.
    pub build: fn(Setting<'_>) -> Box<dyn Policy>,
}

/// Every policy. All of them keep the any-fit property: a host is switched on only if none that is on has room.
pub const POLICIES: &[Named] = &[
    Named { name: "first-fit", about: "the host of the lowest number", build: indexed::first_fit },
    Named {
        name: "best-fit",
        about: "the host with the least left, by the Euclidean norm of its free shares",
        build: indexed::best_fit,
    },
    Named {
        name: "worst-fit",
        about: "the host with the most left, by the Euclidean norm of its free shares",
        build: indexed::worst_fit,
    },
    Named {
        name: "dot-product",
        about: "the host whose free shares have the greatest dot product with the demand",
        build: indexed::dot_product,
    },
    Named {
        name: "next-fit",
        about: "the first host with room from the last one used on, round and round",
        build: next_fit::build,
    },
    Named {
        name: "random",
        about: "any host with room, each equally likely",
        build: random_fit::build,
    },
    Named {
        name: "lifetime",
        about: "the host that is expected to be in use just as long as the VM, or little longer",
        build: lifetime::build,
    },
];

/// The policy of that name.
pub fn named(name: &str) -> Option<&'static Named> {
    POLICIES.iter().find(|policy| policy.name == name)
}

/// What the hosts have free, for rules that look at all hosts that are on.
#[derive(Clone, Debug)]
struct Free {
    resources: usize,
    /// Hosts x resources.
    amounts: Vec<u64>,
    /// Hosts that are on, in increasing order.
    on: Vec<usize>,
}

impl Free {
    fn new(fleet: &Fleet) -> Self {
        let amounts = fleet.capacities().flatten().copied().collect();
        Self { resources: fleet.resources(), amounts, on: Vec::new() }
    }

    fn of(&self, host: usize) -> &[u64] {
        &self.amounts[host * self.resources..(host + 1) * self.resources]
    }

    fn has_room(&self, host: usize, vm: &Vm) -> bool {
        vmpack_cluster::covers(self.of(host), &vm.demand[..self.resources])
    }

    fn switch_on(&mut self, host: usize) {
        self.on.insert(self.on.partition_point(|&other| other < host), host);
    }

    fn switch_off(&mut self, host: usize) {
        self.on.remove(self.on.partition_point(|&other| other < host));
    }

    fn place(&mut self, host: usize, vm: &Vm) {
        let free = &mut self.amounts[host * self.resources..(host + 1) * self.resources];
        free.iter_mut().zip(&vm.demand).for_each(|(free, demand)| *free -= demand);
    }

    fn remove(&mut self, host: usize, vm: &Vm) {
        let free = &mut self.amounts[host * self.resources..(host + 1) * self.resources];
        free.iter_mut().zip(&vm.demand).for_each(|(free, demand)| *free += demand);
    }
}
