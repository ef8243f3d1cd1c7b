//! How evenly hosts were loaded over a run, and whether VMs went to and fro.

use std::collections::BTreeMap;

use super::{Goal, Host, Level, Objective, Vm, imbalance, least_maximum};
use crate::arrivals::{Demand, MAX_RESOURCES};
use crate::operation::{Event, Observer, State, Status, Time, What};

/// Looks on a period at the load of hosts that are on as it is at that moment.
#[derive(Clone, Debug)]
pub struct Evenness {
    goal: Goal,
    period: Time,
    /// A VM that comes back within this time has gone to and fro.
    soon: Time,
    due: Time,
    looks: u64,
    sum: u128,
    /// The sum of lower bounds.
    bounds: u128,
    most: Level,
    /// When a VM left a host last.
    left: BTreeMap<(usize, usize), Time>,
    returns: u64,
}

impl Evenness {
    /// By the objective of a goal; a VM returns if it is back on a host within `soon`.
    ///
    /// # Panics
    /// If the period is 0.
    pub fn new(goal: Goal, period: Time, soon: Time) -> Self {
        assert!(period > 0, "time passes between two looks");
        let goal = Goal { budget: usize::MAX, ..goal };
        let (looks, sum, bounds, most, returns) = (0, 0, 0, 0, 0);
        let (due, left) = (period, BTreeMap::new());
        Self { goal, period, soon, due, looks, sum, bounds, most, left, returns }
    }

    /// The mean of the objective over looks, as a share of capacity; 0 without any.
    pub fn mean(&self) -> f64 {
        self.mean_of(self.sum)
    }

    /// The mean of a lower bound on the objective whatever is moved: see [`least_maximum`]; 0 for a deviation.
    pub fn bound(&self) -> f64 {
        self.mean_of(self.bounds)
    }

    fn mean_of(&self, sum: u128) -> f64 {
        if self.looks == 0 { 0.0 } else { sum as f64 / self.looks as f64 / 1e6 }
    }

    /// The greatest value of the objective, as a share of capacity.
    pub fn most(&self) -> f64 {
        self.most as f64 / 1e6
    }

    /// How often a VM was migrated back to a host that it had left shortly before.
    pub fn returns(&self) -> u64 {
        self.returns
    }
}

impl Observer for Evenness {
    fn event(&mut self, event: &Event, _: &State<'_>) {
        if let What::Migrated { vm, from, to, .. } = event.what {
            let left = self.left.get(&(vm, to));
            let is_back = left.is_some_and(|&left| event.time - left <= self.soon);
            self.returns += u64::from(is_back);
            self.left.insert((vm, from), event.time);
        }
    }

    fn due(&self) -> Option<Time> {
        Some(self.due)
    }

    fn look(&mut self, state: &State<'_>) {
        self.due = state.now() + self.period;
        let (mut hosts, mut vms) = (Vec::new(), Vec::new());
        let on = (0..state.hosts().len()).filter(|&host| state.host(host).status == Status::On);
        for number in on {
            let capacity = |r: usize| {
                if r < state.hosts().resources() { state.capacity(number, r) } else { 0 }
            };
            let capacity: Demand = std::array::from_fn::<_, MAX_RESOURCES, _>(capacity);
            let vms_here = state.host(number).vms.iter().map(|&vm| Vm {
                host: hosts.len(),
                load: state.vm(vm).wanted,
                reserved: Demand::default(),
                movable: true,
                cost: 0,
            });
            vms.extend(vms_here);
            hosts.push(Host { capacity, free: Demand::default(), takes: false });
        }
        let value = imbalance(&hosts, &vms, &self.goal);
        self.looks += 1;
        self.sum += u128::from(value);
        self.most = self.most.max(value);
        if self.goal.objective == Objective::Maximum {
            self.bounds += u128::from(least_maximum(&hosts, &vms, &self.goal));
        }
    }
}
