//! Which type of host to open next.

use vmpack_model::packing::{Instance, Placement};

use vmpack_cluster::covers;

/// The hosts that may still be opened.
#[derive(Debug)]
pub(crate) struct Stock<'a> {
    instance: &'a Instance,
    /// Per host type; the greatest integer where there is no limit.
    left: Vec<u64>,
}

impl<'a> Stock<'a> {
    /// All hosts of the instance.
    pub(crate) fn new(instance: &'a Instance) -> Self {
        let left = instance.hosts().iter().map(|host| host.stock.unwrap_or(u64::MAX)).collect();
        Self { instance, left }
    }

    /// The hosts of some types alone.
    pub(crate) fn only(instance: &'a Instance, hosts: impl Fn(usize) -> bool) -> Self {
        let mut stock = Self::new(instance);
        let others = stock.left.iter_mut().enumerate().filter(|&(t, _)| !hosts(t));
        others.for_each(|(_, left)| *left = 0);
        stock
    }

    /// What a placement leaves of all hosts. It must keep the stock.
    pub(crate) fn after(instance: &'a Instance, placement: &Placement) -> Self {
        let mut stock = Self::new(instance);
        for (pattern, hosts) in &placement.patterns {
            stock.take(pattern.host, *hosts);
        }
        stock
    }

    /// How many hosts of a type are left.
    pub(crate) fn left(&self, host: usize) -> u64 {
        self.left[host]
    }

    /// Takes hosts out of the stock.
    pub(crate) fn take(&mut self, host: usize, hosts: u64) {
        if self.instance.hosts()[host].stock.is_some() {
            self.left[host] -= hosts;
        }
    }

    /// Puts hosts back.
    pub(crate) fn give_back(&mut self, host: usize, hosts: u64) {
        if self.instance.hosts()[host].stock.is_some() {
            self.left[host] += hosts;
        }
    }

    /// The host type with the least cost per share of the remaining demand that it can take, among those
    /// in stock that hold a VM by one of the `rows`.
    ///
    /// A host type that offers `C` can take at most `1 / n` of a remaining demand `R`, where
    /// `n = max(1, max over resources k of ceil(R[k] / C[k]))` is the number of such hosts that the whole
    /// of it would need by volume; so `cost * n` is compared, what it would cost to go on with this type
    /// alone. Ties prefer few large hosts, then the order of the instance.
    pub(crate) fn cheapest_for(&self, rows: &[usize], remaining: &[u64]) -> Option<usize> {
        let holds = |&t: &usize| {
            let capacity = self.instance.capacity(t);
            self.left[t] > 0 && rows.iter().any(|&row| covers(capacity, self.instance.demand(row)))
        };
        (0..self.left.len()).filter(holds).min_by_key(|&t| self.price(t, remaining))
    }

    /// What it would cost to go on with hosts of a type alone, and how many that would need, by volume.
    pub(crate) fn price(&self, host: usize, remaining: &[u64]) -> (u128, u64) {
        let needed = hosts_needed(self.instance.capacity(host), remaining);
        (u128::from(self.instance.hosts()[host].cost) * u128::from(needed), needed)
    }
}

/// How many hosts of a capacity a demand needs by volume; at least one.
fn hosts_needed(capacity: &[u64], demand: &[u64]) -> u64 {
    let hosts = |(&capacity, &demand): (&u64, &u64)| match (capacity, demand) {
        (_, 0) => 1,
        (0, _) => u64::MAX,
        _ => demand.div_ceil(capacity),
    };
    capacity.iter().zip(demand).map(hosts).max().unwrap_or(1)
}
