//! The hosts that placements below the bound open: how many of each type, how full, and what they hold
//! together.

use num_bigint::BigInt;
use vmpack_model::packing::Instance;

use super::super::{cost_step, gcd, total_demand};

/// What holds for all placements that cost less than the bound and open no host in vain, in the subtree at
/// hand.
///
/// Gluing moves no demand from host to host, so least loads are those of the root.
pub(super) struct Fleet {
    /// What they cost at most: the greatest multiple of the common divisor of all costs below the bound.
    cost: u64,
    kinds: Vec<Kind>,
}

/// The hosts of one type.
struct Kind {
    cost: u64,
    /// How many are opened at least.
    fewest: u64,
    /// How many are opened at most.
    most: u64,
    /// What each is loaded with at least, in every resource.
    least: Vec<u64>,
}

/// A knapsack over host types takes no more cells than this.
const MOST_CELLS: u64 = 1 << 22;

impl Fleet {
    /// `None` if nothing costs less.
    pub(super) fn new(instance: &Instance, below: u64) -> Option<Self> {
        let most = below.checked_sub(1)?;
        let cost = most - most.checked_rem(cost_step(instance)).unwrap_or(most);
        let vms = instance.vms().iter().map(|vm| vm.count).sum();
        let open: Vec<u64> = instance
            .hosts()
            .iter()
            .map(|host| {
                let paid = cost.checked_div(host.cost).unwrap_or(vms);
                vms.min(paid).min(host.stock.unwrap_or(vms))
            })
            .collect();
        let kinds = instance.hosts().iter().enumerate().map(|(t, host)| {
            let least: Option<Vec<u64>> = (0..instance.dimensions())
                .map(|k| least_load(instance, cost, &open, t, k))
                .collect();
            let most = if least.is_some() { open[t] } else { 0 };
            Kind { cost: host.cost, fewest: 0, most, least: least.unwrap_or_default() }
        });
        Some(Self { cost, kinds: kinds.collect() })
    }

    /// Whether hosts of a type may be opened.
    pub(super) fn opens(&self, t: usize) -> bool {
        self.kinds[t].most > 0
    }

    /// What each host of a type that is opened holds at least.
    pub(super) fn least(&self, t: usize) -> &[u64] {
        &self.kinds[t].least
    }

    /// Lets no more hosts of a type be opened; how many might before.
    pub(super) fn no_more(&mut self, t: usize, most: u64) -> u64 {
        let before = self.kinds[t].most;
        self.kinds[t].most = before.min(most);
        before
    }

    pub(super) fn restore_most(&mut self, t: usize, before: u64) {
        self.kinds[t].most = before;
    }

    /// Lets no fewer hosts of a type be opened; how many had to before.
    pub(super) fn no_fewer(&mut self, t: usize, fewest: u64) -> u64 {
        let before = self.kinds[t].fewest;
        self.kinds[t].fewest = before.max(fewest);
        before
    }

    pub(super) fn restore_least(&mut self, t: usize, before: u64) {
        self.kinds[t].fewest = before;
    }

    /// What all hosts together may hold at most, if one of type `t` holds no more than
    /// `scale * cost[t] + prices[t]`; `None` if no numbers of hosts are allowed. A figure that is greater
    /// than that may come out, where `weight` exceeds it too or the exact one takes too many steps.
    pub(super) fn offer(
        &self,
        scale: u64,
        prices: &[u64],
        weight: &BigInt,
        steps: &mut u64,
    ) -> Option<BigInt> {
        let needed = self.kinds.iter().map(|kind| BigInt::from(kind.fewest) * kind.cost);
        if self.kinds.iter().any(|kind| kind.fewest > kind.most)
            || needed.sum::<BigInt>() > BigInt::from(self.cost)
        {
            return None;
        }
        let mut relaxed = BigInt::from(scale) * self.cost;
        for (kind, &price) in self.kinds.iter().zip(prices) {
            relaxed += BigInt::from(kind.most) * price;
        }
        if *weight > relaxed {
            return Some(relaxed);
        }
        let limits: Vec<u128> = self
            .kinds
            .iter()
            .zip(prices)
            .map(|(kind, &price)| u128::from(scale) * u128::from(kind.cost) + u128::from(price))
            .collect();
        let exact = self.greatest(&limits, steps).map(BigInt::from);
        Some(exact.map_or(relaxed.clone(), |exact| exact.min(relaxed)))
    }

    /// The greatest sum of limits of hosts that are allowed and cost no more than all may, by the
    /// bounded knapsack over costs; `None` if that takes too many steps or does not fit the numbers.
    fn greatest(&self, limits: &[u128], steps: &mut u64) -> Option<u128> {
        let unit =
            self.kinds.iter().filter(|kind| kind.most > 0).fold(0, |u, kind| gcd(u, kind.cost));
        let mut left = self.cost;
        let mut sum = 0_u128;
        let mut lots: Vec<(u64, u128)> = Vec::new();
        for (kind, &limit) in self.kinds.iter().zip(limits) {
            let sure = if kind.cost == 0 { kind.most } else { kind.fewest };
            sum = sum.checked_add(limit.checked_mul(u128::from(sure))?)?;
            left -= sure * kind.cost;
            // Lots of one, two, four and so on make up any number of hosts.
            let (mut more, mut lot) = (kind.most - sure, 1);
            while more > 0 {
                let hosts = lot.min(more);
                lots.push((kind.cost.checked_mul(hosts)?, limit.checked_mul(u128::from(hosts))?));
                more -= hosts;
                lot = lot.saturating_mul(2);
            }
        }
        if lots.is_empty() {
            return Some(sum);
        }
        let cells = left / unit;
        let work = cells.checked_mul(lots.len() as u64)?;
        if cells > MOST_CELLS || work > *steps {
            return None;
        }
        *steps -= work;
        let mut best = vec![0_u128; usize::try_from(cells).ok()? + 1];
        for (cost, limit) in lots {
            let shift = usize::try_from(cost / unit).ok()?;
            for cell in (shift..best.len()).rev() {
                best[cell] = best[cell].max(best[cell - shift].checked_add(limit)?);
            }
        }
        sum.checked_add(best.last().copied()?)
    }
}

/// What a host of type `t` must hold of a resource, lest the hosts waste more than they may; `None` if
/// that is more than it can.
fn least_load(instance: &Instance, cost: u64, open: &[u64], t: usize, k: usize) -> Option<u64> {
    let capacity = |t: usize| BigInt::from(instance.capacity(t)[k]);
    let price = |t: usize| BigInt::from(instance.hosts()[t].cost);
    let demand = total_demand(instance, k);
    let mut least = BigInt::ZERO;
    if let [open] = open {
        least = capacity(0) - (capacity(0) * *open - demand);
    } else {
        let rates = (0..open.len()).filter(|&r| {
            open[r] > 0 && instance.hosts()[r].cost > 0 && instance.capacity(r)[k] > 0
        });
        for r in rates {
            let excess =
                |t: usize| (capacity(t) * price(r) - capacity(r) * price(t)).max(BigInt::ZERO);
            let more: BigInt = (0..open.len()).map(|t| excess(t) * open[t]).sum();
            let room = capacity(r) * cost + more - price(r) * &demand;
            let rest = capacity(r) * price(t) + excess(t) - room;
            // Rounded up; what is negative does not matter.
            least = least.max((rest + price(r) - 1_u32) / price(r));
        }
    }
    let least = least.max(BigInt::ZERO);
    if least > capacity(t) { None } else { u64::try_from(least).ok() }
}
