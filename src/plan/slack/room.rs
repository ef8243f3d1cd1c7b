//! What more VMs would find room, with nothing moved.

use vmpack_model::packing::{HostType, Instance, Placement};

/// Hosts that are alike: opened and with one pattern, or closed.
#[derive(Clone, Copy)]
pub(super) struct Spot {
    /// Their type.
    pub(super) host: usize,
    /// The pattern by index; none where they are closed.
    pub(super) pattern: Option<usize>,
}

/// What a placement leaves free, in the units of the instance.
pub(super) struct Room<'a> {
    instance: &'a Instance,
    /// Spots, with what each of their hosts has free and how many hosts there are; `None` for any number.
    free: Vec<(Spot, Vec<u64>, Option<u64>)>,
    /// How many hosts of each type are opened.
    opened: Vec<u64>,
}

impl<'a> Room<'a> {
    pub(super) fn new(instance: &'a Instance, placement: &Placement) -> Self {
        let mut opened = vec![0; instance.hosts().len()];
        let mut free = Vec::new();
        for (index, (pattern, hosts)) in placement.patterns.iter().enumerate() {
            opened[pattern.host] += hosts;
            let mut left = instance.capacity(pattern.host).to_vec();
            for &(row, count) in &pattern.vms {
                for (left, demand) in left.iter_mut().zip(instance.demand(row)) {
                    *left = left.saturating_sub(demand * count);
                }
            }
            free.push((Spot { host: pattern.host, pattern: Some(index) }, left, Some(*hosts)));
        }
        for (host, kind) in instance.hosts().iter().enumerate() {
            let closed = kind.stock.map(|stock| stock.saturating_sub(opened[host]));
            free.push((Spot { host, pattern: None }, instance.capacity(host).to_vec(), closed));
        }
        Self { instance, free, opened }
    }

    /// How many more VMs of one of these types find room on hosts that `may` take them, for the type that finds
    /// the least; `None` if nothing limits any of them.
    pub(super) fn for_the_largest(&self, vms: &[usize], may: impl Fn(Spot) -> bool) -> Option<u64> {
        self.largest(vms).into_iter().filter_map(|demand| self.more(demand, &may)).min()
    }

    fn more(&self, demand: &[u64], may: impl Fn(Spot) -> bool) -> Option<u64> {
        let mut spots = self.free.iter().filter(|(spot, ..)| may(*spot));
        spots.try_fold(0_u64, |sum, (_, free, hosts)| {
            let needed = free.iter().zip(demand).filter(|(_, demand)| **demand > 0);
            let each = needed.map(|(free, demand)| free / demand).min();
            match (each, hosts) {
                (Some(0), _) | (_, Some(0)) => Some(sum),
                (Some(each), Some(hosts)) => Some(sum.saturating_add(each.saturating_mul(*hosts))),
                _ => None,
            }
        })
    }

    /// The demands of these types that none of the others exceeds or equals in everything: no other type finds less
    /// room. A type of a fleet has one row.
    fn largest(&self, vms: &[usize]) -> Vec<&[u64]> {
        let row = |&vm: &usize| self.instance.demand(self.instance.vms()[vm].rows.start);
        let mut demands: Vec<&[u64]> = vms.iter().map(row).collect();
        // None exceeds in everything one before it in this order.
        demands.sort_unstable_by(|a, b| b.cmp(a));
        let mut largest: Vec<&[u64]> = Vec::new();
        for demand in demands {
            if !largest.iter().any(|more| more.iter().zip(demand).all(|(more, less)| more >= less))
            {
                largest.push(demand);
            }
        }
        largest
    }

    /// The instance with the hosts that are opened and no others, without rules; capacities are what VMs may use.
    pub(super) fn without_closed_hosts(&self) -> Instance {
        let kinds = self.instance.hosts().iter().zip(&self.opened);
        let hosts =
            kinds.map(|(kind, &opened)| HostType { stock: Some(opened), ..kind.clone() }).collect();
        Instance::new(
            self.instance.name(),
            self.instance.resources().to_vec(),
            self.instance.vms().to_vec(),
            self.instance.demands().to_owned(),
            hosts,
            self.instance.capacities().to_owned(),
        )
        .expect("a valid instance with less in stock")
    }
}
