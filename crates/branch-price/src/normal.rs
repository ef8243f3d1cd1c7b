//! The instance as the solver sees it, and the way back.

use std::collections::HashMap;

use ndarray::Array2;
use vmpack_model::Resource;
use vmpack_model::packing::{HostType, Instance, Pattern, Placement};

/// An instance without what does not matter: VM types of equal demand are one, VMs that demand nothing and
/// hosts out of stock are left out, and costs are divided by their greatest common divisor.
#[derive(Debug)]
pub(crate) struct Normal {
    /// The reduced instance; row index and type index agree.
    pub(crate) instance: Instance,
    /// The divisor of all costs.
    pub(crate) step: u64,
    /// Per reduced type, the rows of the given instance with their counts.
    members: Vec<Vec<(usize, u64)>>,
    /// Rows of VMs that demand nothing.
    free: Vec<(usize, u64)>,
    /// Per reduced host type, its index in the given instance.
    hosts: Vec<usize>,
    rows: usize,
    given_hosts: usize,
}

impl Normal {
    /// Reduces an instance of one demand row per VM type.
    pub(crate) fn new(given: &Instance) -> Self {
        let mut types: Vec<(Vec<u64>, u64)> = Vec::new();
        let mut members: Vec<Vec<(usize, u64)>> = Vec::new();
        let mut known: HashMap<&[u64], usize> = HashMap::new();
        let mut free = Vec::new();
        for vm in given.vms().iter().filter(|vm| vm.count > 0) {
            let row = vm.rows.start;
            let demand = given.demand(row);
            if demand.iter().all(|&x| x == 0) {
                free.push((row, vm.count));
                continue;
            }
            let at = *known.entry(demand).or_insert_with(|| {
                types.push((demand.to_vec(), 0));
                members.push(Vec::new());
                types.len() - 1
            });
            types[at].1 += vm.count;
            members[at].push((row, vm.count));
        }
        let hosts: Vec<usize> =
            (0..given.hosts().len()).filter(|&t| given.hosts()[t].stock != Some(0)).collect();
        let step = hosts.iter().fold(0, |step, &t| gcd(step, given.hosts()[t].cost)).max(1);
        let d = given.dimensions();
        let flat: Vec<u64> = types.iter().flat_map(|(demand, _)| demand.iter().copied()).collect();
        let demands = Array2::from_shape_vec((types.len(), d), flat).expect("d entries per type");
        let flat: Vec<u64> = hosts.iter().flat_map(|&t| given.capacity(t).to_vec()).collect();
        let capacities =
            Array2::from_shape_vec((hosts.len(), d), flat).expect("d entries per host");
        let host_types = hosts
            .iter()
            .map(|&t| {
                let host = &given.hosts()[t];
                HostType { cost: host.cost / step, ..host.clone() }
            })
            .collect();
        let vms = types.iter().enumerate().map(|(i, (_, count))| (i.to_string(), *count)).collect();
        let instance = Instance::simple(
            given.name(),
            Resource::anonymous(d),
            vms,
            demands,
            host_types,
            capacities,
        )
        .expect("a part of a valid instance");
        Self {
            instance,
            step,
            members,
            free,
            hosts,
            rows: given.rows(),
            given_hosts: given.hosts().len(),
        }
    }

    /// Whether reduced VM types are those of the given instance, in order.
    pub(crate) fn keeps_vms(&self) -> bool {
        self.rows == self.members.len()
    }

    /// Whether no VM was left out.
    pub(crate) fn keeps_count(&self) -> bool {
        self.free.is_empty()
    }

    /// Whether the given instance has a single host type if the reduced one has.
    pub(crate) fn keeps_hosts(&self) -> bool {
        self.given_hosts == self.hosts.len() || self.hosts.len() > 1
    }

    /// The index of a host type in the given instance.
    pub(crate) fn given_host(&self, host: usize) -> usize {
        self.hosts[host]
    }

    /// Weights of the rows of the given instance from those of the reduced types; both in units of the
    /// same scale per unit of cost, which is smaller in the given instance by the divisor of the costs.
    /// `None` if they grow too large.
    pub(crate) fn row_weights(&self, weights: &[u64]) -> Option<Vec<u64>> {
        let mut of_rows = vec![0; self.rows];
        for (members, &weight) in self.members.iter().zip(weights) {
            for &(row, _) in members {
                of_rows[row] = weight.checked_mul(self.step)?;
            }
        }
        Some(of_rows)
    }

    /// Prices of the host types of the given instance from those of the reduced ones, as
    /// [`Normal::row_weights`].
    pub(crate) fn host_prices(&self, prices: &[u64]) -> Option<Vec<u64>> {
        let mut of_hosts = vec![0; self.given_hosts];
        for (&host, &price) in self.hosts.iter().zip(prices) {
            of_hosts[host] = price.checked_mul(self.step)?;
        }
        Some(of_hosts)
    }

    /// Weights of items of the reduced instance, types or not, in the scale of the given one.
    pub(crate) fn scaled(&self, weights: &[u64]) -> Option<Vec<u64>> {
        weights.iter().map(|weight| weight.checked_mul(self.step)).collect()
    }

    /// What a placement of the given instance means in the reduced one.
    pub(crate) fn reduce(&self, placement: &Placement) -> Placement {
        let mut item_of = vec![None; self.rows];
        for (item, members) in self.members.iter().enumerate() {
            for &(row, _) in members {
                item_of[row] = Some(item);
            }
        }
        let mut kind_of = vec![None; self.given_hosts];
        for (kind, &host) in self.hosts.iter().enumerate() {
            kind_of[host] = Some(kind);
        }
        let reduced = placement.patterns.iter().map(|(pattern, hosts)| {
            // VMs that demand nothing are left out.
            let vms = pattern.vms.iter().filter_map(|&(row, n)| Some((item_of[row]?, n)));
            let host = kind_of[pattern.host].expect("a host in stock");
            (Pattern { host, vms: vms.collect() }, *hosts)
        });
        Placement::from_patterns(reduced)
    }

    /// The placement of the given instance that a placement of the reduced one stands for.
    pub(crate) fn restore(&self, placement: &Placement) -> Placement {
        let mut queues: Vec<Vec<(usize, u64)>> =
            self.members.iter().map(|rows| rows.iter().rev().copied().collect()).collect();
        let mut patterns: Vec<(Pattern, u64)> = Vec::with_capacity(placement.patterns.len());
        for (pattern, hosts) in &placement.patterns {
            let mut left = *hosts;
            while left > 0 {
                // As many hosts at once as the rows at the front of the queues can fill alike.
                let alike = pattern.vms.iter().map(|&(item, count)| {
                    let front = queues[item].last().map_or(0, |&(_, front)| front);
                    (front / count).max(1)
                });
                let alike = alike.min().unwrap_or(left).min(left);
                let mut vms = Vec::with_capacity(pattern.vms.len());
                for &(item, count) in &pattern.vms {
                    let queue = &mut queues[item];
                    let mut wanted = count;
                    while let Some((row, front)) = queue.last_mut().filter(|_| wanted > 0) {
                        let each = wanted.min(*front);
                        let taken = if each == count { each * alike } else { each };
                        vms.push((*row, each));
                        wanted -= each;
                        *front -= taken;
                        if *front == 0 {
                            queue.pop();
                        }
                    }
                }
                patterns.push((Pattern { host: self.hosts[pattern.host], vms }, alike));
                left -= alike;
            }
        }
        if let Some((pattern, hosts)) = patterns.first_mut().filter(|_| !self.free.is_empty()) {
            let mut with_free = pattern.clone();
            with_free.vms.extend(&self.free);
            *hosts -= 1;
            patterns.push((with_free, 1));
        }
        Placement::from_patterns(patterns)
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
