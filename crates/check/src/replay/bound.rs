//! What VMs need of hosts at every instant, whatever hosts they are on.

use super::Matrix;

/// Dual feasible functions `u1` to `u3` of Fekete and Schepers (2001) are asked beside the volume.
const FUNCTIONS: u64 = 3;

/// A way of weighing demands, such that no host holds more than its own weight.
#[derive(Clone, Debug)]
struct Weight {
    resource: usize,
    /// `k` of `u_k`; 0 for the demand itself.
    function: u64,
    /// The capacity of all hosts, where they are equal.
    capacity: u64,
    /// What the `n` heaviest hosts hold together, at index `n`.
    held: Vec<u128>,
    load: u128,
}

/// Hosts needed over time.
#[derive(Clone, Debug)]
pub(super) struct Needed {
    weights: Vec<Weight>,
    now: u64,
    total: u128,
    peak: u64,
}

impl Needed {
    pub(super) fn new(hosts: &Matrix) -> Self {
        let mut weights = Vec::new();
        for resource in 0..hosts.width() {
            let mut amounts: Vec<u64> = (0..hosts.len()).map(|h| hosts.row(h)[resource]).collect();
            amounts.sort_unstable_by(|a, b| b.cmp(a));
            let equal = amounts.first() == amounts.last();
            let capacity = amounts.first().copied().unwrap_or(0);
            for function in 0..=if equal { FUNCTIONS } else { 0 } {
                let mut held = vec![0_u128];
                for &amount in &amounts {
                    let more = u128::from(amount) * u128::from(function.max(1));
                    held.push(held[held.len() - 1] + more);
                }
                weights.push(Weight { resource, function, capacity, held, load: 0 });
            }
        }
        Self { weights, now: 0, total: 0, peak: 0 }
    }

    /// The load changes at a time by the demand of a VM that comes or leaves.
    pub(super) fn change(&mut self, time: u64, demand: &[u64], comes: bool) {
        self.pass(time);
        for weight in &mut self.weights {
            let of = weight.of(demand[weight.resource]);
            weight.load = if comes { weight.load + of } else { weight.load - of };
        }
    }

    /// Time passes.
    pub(super) fn pass(&mut self, time: u64) {
        if time > self.now {
            let hosts = self.weights.iter().map(Weight::hosts).max().unwrap_or(0);
            self.total += u128::from(hosts) * u128::from(time - self.now);
            self.peak = self.peak.max(hosts);
            self.now = time;
        }
    }

    /// Hosts x ticks, and the most hosts at once.
    pub(super) fn totals(&self) -> (u128, u64) {
        (self.total, self.peak)
    }
}

impl Weight {
    /// `u_k(x) = x` where `(k + 1) x` is whole, else `floor((k + 1) x) / k`, in units of `1 / (k capacity)`.
    fn of(&self, demand: u64) -> u128 {
        let (x, capacity) = (u128::from(demand), u128::from(self.capacity));
        if self.function == 0 || capacity == 0 {
            return x;
        }
        let k = u128::from(self.function);
        let (whole, rest) = ((k + 1) * x / capacity, (k + 1) * x % capacity);
        if rest == 0 { k * x } else { whole * capacity }
    }

    /// The least number of hosts that hold the load.
    fn hosts(&self) -> u64 {
        self.held.partition_point(|&held| held < self.load) as u64
    }
}
