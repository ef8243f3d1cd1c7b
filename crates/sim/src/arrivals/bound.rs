//! How long servers must be in use at least.

use super::{Demand, Fleet};

/// A lower bound on the server time of any placement of VMs, with or without migration, as they come and go.
///
/// At every instant, and for every resource, what the VMs demand together fits on no fewer hosts than the largest ones
/// that hold so much: `ceil(load / capacity)` if all hosts are equal. The greatest of these numbers over the resources,
/// integrated over time, is the bound. All of it is in exact integers.
#[derive(Clone, Debug)]
pub struct ServerTimeBound {
    /// Per resource: amount per host and number of hosts, in decreasing order of the amount.
    supplies: Vec<Vec<(u64, u64)>>,
    load: Demand,
    now: u64,
    /// Hosts that the load needs at least; `None` if it has changed since that was found out.
    hosts: Option<u64>,
    total: u128,
    peak: u64,
}

impl ServerTimeBound {
    /// No VM yet, at time 0.
    pub fn new(fleet: &Fleet) -> Self {
        let supply = |k: usize| {
            let mut supply: Vec<(u64, u64)> =
                fleet.kinds().iter().map(|kind| (kind.capacity[k], kind.count as u64)).collect();
            supply.sort_unstable_by(|a, b| b.cmp(a));
            supply
        };
        let supplies = (0..fleet.resources()).map(supply).collect();
        Self { supplies, load: Demand::default(), now: 0, hosts: Some(0), total: 0, peak: 0 }
    }

    /// A VM comes, at time `now`.
    pub fn add(&mut self, now: u64, demand: &Demand) {
        self.advance(now);
        self.load.iter_mut().zip(demand).for_each(|(load, demand)| *load += demand);
        self.hosts = None;
    }

    /// A VM that came before leaves, at time `now`.
    pub fn remove(&mut self, now: u64, demand: &Demand) {
        self.advance(now);
        self.load.iter_mut().zip(demand).for_each(|(load, demand)| *load -= demand);
        self.hosts = None;
    }

    /// Lets time pass; it never goes back.
    pub fn advance(&mut self, now: u64) {
        if now > self.now {
            let hosts = self.hosts.unwrap_or_else(|| self.needed());
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

    /// The least number of hosts that can hold the load.
    fn needed(&self) -> u64 {
        let needed = |(supply, &load): (&Vec<(u64, u64)>, &u64)| {
            let (mut left, mut hosts) = (load, 0);
            for &(amount, count) in supply {
                let held = amount.saturating_mul(count);
                if held >= left {
                    return hosts + left.div_ceil(amount.max(1));
                }
                (left, hosts) = (left - held, hosts + count);
            }
            hosts
        };
        self.supplies.iter().zip(&self.load).map(needed).max().unwrap_or(0)
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
        bound.add(8, &[16, 0, 0, 0, 0]); // cores: 3 hosts
        bound.remove(9, &[4, 100, 0, 0, 0]); // cores: 2 hosts
        bound.remove(11, &[16, 0, 0, 0, 0]);
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
}
