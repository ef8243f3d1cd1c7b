//! How long servers must be in use at least.

use super::{Demand, Fleet};

/// Dual feasible functions beside the volume, per resource.
const STEPS: u64 = 3;

/// A lower bound on the server time of any placement of VMs, with or without migration, as they come and go.
///
/// At every instant, and for every resource, what the VMs demand together fits on no fewer hosts than the largest ones
/// that hold so much: `ceil(load / capacity)` if all hosts are equal. Where all hosts have the same capacity of a
/// resource, the same is asked of what the dual feasible functions `u1`, `u2` and `u3` of Fekete and Schepers (2001) make
/// of the demands: `u1` counts the VMs that take more than half a host, `u2` those that take more than a third, and so
/// on. The greatest of these numbers, integrated over time, is the bound. All of it is in exact integers.
#[derive(Clone, Debug)]
pub struct ServerTimeBound {
    measures: Vec<Measure>,
    now: u64,
    /// Hosts that the load needs at least; `None` if it has changed since that was found out.
    hosts: Option<u64>,
    total: u128,
    peak: u64,
}

/// One way of adding up what VMs take, and what hosts have of it.
#[derive(Clone, Debug)]
struct Measure {
    resource: usize,
    /// The index of the function, 0 for the demand itself.
    step: u64,
    /// The capacity that the function takes as one.
    capacity: u64,
    /// Amount per host and number of hosts, in decreasing order of the amount.
    supply: Vec<(u64, u64)>,
    load: u64,
}

impl Measure {
    /// What a demand counts: `u(x) = x` if `(k + 1) x` is whole, else `floor((k + 1) x) / k`, in units of `1 / (k c)`.
    fn of(&self, demand: &Demand) -> u64 {
        let x = demand[self.resource];
        if self.step == 0 {
            return x;
        }
        let stretched = (self.step + 1) * x;
        if stretched < self.capacity {
            0
        } else if stretched.is_multiple_of(self.capacity) {
            self.step * x
        } else {
            stretched / self.capacity * self.capacity
        }
    }

    /// The least number of hosts that can hold the load.
    fn hosts(&self) -> u64 {
        let (mut left, mut hosts) = (self.load, 0);
        for &(amount, count) in &self.supply {
            let held = amount.saturating_mul(count);
            if held >= left {
                return hosts + left.div_ceil(amount.max(1));
            }
            (left, hosts) = (left - held, hosts + count);
        }
        hosts
    }
}

impl ServerTimeBound {
    /// No VM yet, at time 0.
    pub fn new(fleet: &Fleet) -> Self {
        let mut measures = Vec::new();
        for resource in 0..fleet.resources() {
            let kinds = fleet.kinds().iter();
            let mut supply: Vec<(u64, u64)> =
                kinds.map(|kind| (kind.capacity[resource], kind.count as u64)).collect();
            supply.sort_unstable_by(|a, b| b.cmp(a));
            let capacity = supply.first().map_or(0, |&(amount, _)| amount);
            let steps =
                if supply.iter().all(|&(amount, _)| amount == capacity) { STEPS } else { 0 };
            for step in 0..=steps {
                let supply = supply.iter().map(|&(amount, count)| (amount * step.max(1), count));
                let supply = supply.collect();
                measures.push(Measure { resource, step, capacity, supply, load: 0 });
            }
        }
        Self { measures, now: 0, hosts: Some(0), total: 0, peak: 0 }
    }

    /// A VM comes, at time `now`; there is a host that can hold it.
    pub fn add(&mut self, now: u64, demand: &Demand) {
        self.advance(now);
        self.measures.iter_mut().for_each(|measure| measure.load += measure.of(demand));
        self.hosts = None;
    }

    /// A VM that came before leaves, at time `now`.
    pub fn remove(&mut self, now: u64, demand: &Demand) {
        self.advance(now);
        self.measures.iter_mut().for_each(|measure| measure.load -= measure.of(demand));
        self.hosts = None;
    }

    /// Lets time pass; it never goes back.
    pub fn advance(&mut self, now: u64) {
        if now > self.now {
            let needed = || self.measures.iter().map(Measure::hosts).max().unwrap_or(0);
            let hosts = self.hosts.unwrap_or_else(needed);
            self.hosts = Some(hosts);
            self.peak = self.peak.max(hosts);
            self.total += u128::from(hosts) * u128::from(now - self.now);
            self.now = now;
        }
    }

    /// The bound so far, in hosts times ticks.
    pub fn total(&self) -> u128 {
        self.total
    }

    /// The most hosts that were needed at any instant so far.
    pub fn peak(&self) -> u64 {
        self.peak
    }
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;

    #[test]
    fn the_tighter_resource_counts() {
        let fleet = Fleet::new(vec![Kind { count: 9, capacity: [10, 100, 0, 0, 0] }], 2);
        let mut bound = ServerTimeBound::new(&fleet);
        bound.add(5, &[4, 100, 0, 0, 0]);
        bound.add(5, &[4, 1, 0, 0, 0]); // memory: 2 hosts
        bound.add(8, &[10, 0, 0, 0, 0]);
        bound.add(8, &[6, 0, 0, 0, 0]); // cores: 3 hosts
        bound.remove(9, &[4, 100, 0, 0, 0]); // cores: 2 hosts
        bound.remove(11, &[10, 0, 0, 0, 0]);
        bound.remove(11, &[6, 0, 0, 0, 0]);
        bound.remove(20, &[4, 1, 0, 0, 0]);
        bound.advance(50);
        assert_eq!(bound.total(), 3 * 2 + 3 + 2 * 2 + 9);
        assert_eq!(bound.peak(), 3);
    }

    #[test]
    fn large_hosts_fill_first() {
        let kinds = [(3, 10), (2, 40)];
        let kinds =
            kinds.map(|(count, amount)| Kind { count, capacity: [amount, 0, 0, 0, 0] }).to_vec();
        let needed = |load| {
            let mut bound = ServerTimeBound::new(&Fleet::new(kinds.clone(), 1));
            bound.add(0, &[load, 0, 0, 0, 0]);
            bound.advance(1);
            bound.total()
        };
        assert_eq!([0, 1, 40, 41, 80, 81, 110].map(needed), [0, 1, 1, 2, 2, 3, 5]);
    }

    #[test]
    fn vms_that_cannot_share_are_counted() {
        let fleet = Fleet::new(vec![Kind { count: 9, capacity: [100, 0, 0, 0, 0] }], 1);
        let needed = |sizes: &[u64]| {
            let mut bound = ServerTimeBound::new(&fleet);
            for &size in sizes {
                bound.add(0, &[size, 0, 0, 0, 0]);
            }
            bound.advance(1);
            bound.total()
        };
        assert_eq!(needed(&[51, 51, 51]), 3, "no two fit on a host, though the volume is 1.53");
        assert_eq!(needed(&[50, 50, 50]), 2);
        assert_eq!(needed(&[34, 34, 34, 34, 34]), 3, "two fit on a host, though the volume is 1.7");
        assert_eq!(needed(&[60, 60, 50, 50]), 3);
        assert_eq!(needed(&[26, 26, 26, 26]), 2, "three fit on a host");
    }

    /// A host that is full to the brim counts as one host at most, whatever is on it.
    #[test]
    fn no_host_counts_twice() {
        for capacity in 1..=16_u64 {
            let fleet = Fleet::new(vec![Kind { count: 9, capacity: [capacity, 0, 0, 0, 0] }], 1);
            let mut sizes = vec![capacity];
            // All partitions of the capacity.
            loop {
                let mut bound = ServerTimeBound::new(&fleet);
                for &size in &sizes {
                    bound.add(0, &[size, 0, 0, 0, 0]);
                }
                bound.advance(1);
                assert_eq!(bound.total(), 1, "{capacity}: {sizes:?}");
                let mut rest = 0;
                while sizes.last() == Some(&1) {
                    rest += sizes.pop().unwrap_or(0);
                }
                let Some(last) = sizes.pop() else { break };
                let part = last - 1;
                sizes.push(part);
                rest += 1;
                while rest > part {
                    sizes.push(part);
                    rest -= part;
                }
                sizes.push(rest);
            }
        }
    }
}
