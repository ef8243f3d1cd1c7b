//! How loaded hosts are, and what a move changes.

use super::{Goal, Host, Objective, Vm};
use crate::arrivals::{Demand, MAX_RESOURCES};

/// A load over a capacity in millionths.
pub type Level = u64;

/// The value of the objective of a goal: a standard deviation, or the greatest level.
pub fn imbalance(hosts: &[Host], vms: &[Vm], goal: &Goal) -> Level {
    Levels::new(hosts, vms, goal).value()
}

/// A load over a capacity; 0 of what a host has nothing of.
pub(super) fn level(load: u64, capacity: u64) -> Level {
    let level = (u128::from(load) * 1_000_000).checked_div(u128::from(capacity));
    level.map_or(0, |level| u64::try_from(level).unwrap_or(u64::MAX))
}

/// A level of a resource, scaled by its weight over the greatest weight.
pub(super) fn scaled(level: Level, r: usize, weights: &Demand) -> Level {
    let most = weights.iter().max().map_or(1, |&most| u128::from(most.max(1)));
    (u128::from(level) * u128::from(weights[r]) / most) as u64
}

/// The greatest of a host's levels, each scaled by its weight.
fn greatest(levels: &Demand, weights: &Demand) -> Level {
    (0..MAX_RESOURCES).map(|r| scaled(levels[r], r, weights)).max().unwrap_or(0)
}

/// The levels of all hosts, with their sums.
pub(super) struct Levels<'a> {
    hosts: &'a [Host],
    goal: &'a Goal,
    loads: Vec<Demand>,
    by_host: Vec<Demand>,
    /// Sums of levels and of their squares over hosts.
    sums: [i128; MAX_RESOURCES],
    squares: [i128; MAX_RESOURCES],
}

impl<'a> Levels<'a> {
    pub(super) fn new(hosts: &'a [Host], vms: &[Vm], goal: &'a Goal) -> Self {
        let mut loads = vec![Demand::default(); hosts.len()];
        for vm in vms {
            add(&mut loads[vm.host], &vm.load);
        }
        let by_host = hosts.iter().zip(&loads).map(|(host, load)| of(host, load)).collect();
        let (sums, squares) = ([0; MAX_RESOURCES], [0; MAX_RESOURCES]);
        let mut all = Self { hosts, goal, loads, by_host, sums, squares };
        for host in 0..hosts.len() {
            all.count(host, 1);
        }
        all
    }

    /// The value of the objective.
    pub(super) fn value(&self) -> Level {
        let goal = self.goal;
        match goal.objective {
            Objective::Maximum => (0..self.hosts.len()).map(|host| self.pressure(host)).max(),
            Objective::Deviation => {
                let hosts = self.hosts.len() as i128;
                let sum: i128 = (0..MAX_RESOURCES)
                    .map(|r| i128::from(goal.weights[r]) * self.scatter(r, hosts))
                    .sum();
                sum.checked_div(self.weight() * hosts * hosts).map(root)
            }
        }
        .unwrap_or(0)
    }

    /// How much a host has to give: its greatest level, or their weighted sum.
    pub(super) fn pressure(&self, host: usize) -> Level {
        let (levels, weights) = (&self.by_host[host], &self.goal.weights);
        match self.goal.objective {
            Objective::Maximum => greatest(levels, weights),
            Objective::Deviation => levels
                .iter()
                .zip(weights)
                .map(|(level, weight)| level.saturating_mul(*weight))
                .sum(),
        }
    }

    /// What is gained if some load goes from one host to another and some comes back, if it is at least `least` and not
    /// nothing.
    pub(super) fn gain(
        &self,
        (from, to): (usize, usize),
        out: &Demand,
        back: &Demand,
        least: Level,
    ) -> Option<Level> {
        let goal = self.goal;
        let a = of(&self.hosts[from], &shifted(&self.loads[from], back, out));
        let b = of(&self.hosts[to], &shifted(&self.loads[to], out, back));
        match goal.objective {
            Objective::Maximum => {
                let before = self.pressure(from).max(self.pressure(to));
                let after = greatest(&a, &goal.weights).max(greatest(&b, &goal.weights));
                before.checked_sub(after).filter(|&gain| gain >= least.max(1))
            }
            Objective::Deviation => {
                let hosts = self.hosts.len() as i128;
                let mut lost = 0;
                for r in (0..MAX_RESOURCES).filter(|&r| goal.weights[r] > 0) {
                    let old = [self.by_host[from][r], self.by_host[to][r]].map(i128::from);
                    let new = [a[r], b[r]].map(i128::from);
                    let sum = self.sums[r] + new[0] + new[1] - old[0] - old[1];
                    let squares =
                        old[0] * old[0] + old[1] * old[1] - new[0] * new[0] - new[1] * new[1];
                    let scatter = hosts * squares - self.sums[r] * self.sums[r] + sum * sum;
                    lost += i128::from(goal.weights[r]) * scatter;
                }
                let square = lost / (self.weight() * hosts);
                let enough = i128::from(least.max(1)) * i128::from(least.max(1));
                (square >= enough).then(|| root(square))
            }
        }
    }

    /// Moves the load of a VM.
    pub(super) fn shift(&mut self, from: usize, to: usize, load: &Demand) {
        for (host, more, less) in [(from, &Demand::default(), load), (to, load, &<_>::default())] {
            self.count(host, -1);
            self.loads[host] = shifted(&self.loads[host], more, less);
            self.by_host[host] = of(&self.hosts[host], &self.loads[host]);
            self.count(host, 1);
        }
    }

    fn count(&mut self, host: usize, sign: i128) {
        for r in 0..MAX_RESOURCES {
            let level = i128::from(self.by_host[host][r]);
            self.sums[r] += sign * level;
            self.squares[r] += sign * level * level;
        }
    }

    /// The number of hosts times the sum of squared deviations of a resource.
    fn scatter(&self, r: usize, hosts: i128) -> i128 {
        hosts * self.squares[r] - self.sums[r] * self.sums[r]
    }

    fn weight(&self) -> i128 {
        self.goal.weights.iter().map(|&weight| i128::from(weight)).sum()
    }
}

fn of(host: &Host, load: &Demand) -> Demand {
    std::array::from_fn(|r| level(load[r], host.capacity[r]))
}

fn shifted(load: &Demand, more: &Demand, less: &Demand) -> Demand {
    std::array::from_fn(|r| load[r] + more[r] - less[r])
}

fn add(sum: &mut Demand, load: &Demand) {
    sum.iter_mut().zip(load).for_each(|(sum, load)| *sum += load);
}

fn root(square: i128) -> Level {
    u64::try_from(square.max(0).isqrt()).unwrap_or(u64::MAX)
}
