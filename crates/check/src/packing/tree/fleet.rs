//! The hosts that placements below the bound open: how many of each type, how full, and what they hold
//! together.

use num_bigint::BigInt;
use vmpack_model::packing::Instance;

use super::super::rules::usable_of;
use super::super::{gcd, host_step, total_demand};
use crate::claim::Unproved;

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
        let cost = most - most.checked_rem(host_step(instance)).unwrap_or(most);
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
    /// `scale * cost[t] + prices[t]`; `None` if no numbers of hosts are allowed. Another figure may come out
    /// that is on the same side of `weight`.
    ///
    /// # Errors
    /// If it takes too many steps to tell on which side it is.
    pub(super) fn offer(
        &self,
        scale: u64,
        prices: &[u64],
        weight: &BigInt,
        steps: &mut u64,
    ) -> Result<Option<BigInt>, Unproved> {
        let needed = self.kinds.iter().map(|kind| BigInt::from(kind.fewest) * kind.cost);
        if self.kinds.iter().any(|kind| kind.fewest > kind.most)
            || needed.sum::<BigInt>() > BigInt::from(self.cost)
        {
            return Ok(None);
        }
        let mut relaxed = BigInt::from(scale) * self.cost;
        for (kind, &price) in self.kinds.iter().zip(prices) {
            relaxed += BigInt::from(kind.most) * price;
        }
        if *weight > relaxed {
            return Ok(Some(relaxed));
        }
        let limits: Vec<u128> = self
            .kinds
            .iter()
            .zip(prices)
            .map(|(kind, &price)| u128::from(scale) * u128::from(kind.cost) + u128::from(price))
            .collect();
        if let Some(exact) = self.greatest(&limits, steps) {
            return Ok(Some(BigInt::from(exact).min(relaxed)));
        }
        let undecided = || {
            Unproved::Undecided("counting whole hosts takes more steps than are left".to_owned())
        };
        let wanted = u128::try_from(weight.clone()).map_err(|_| undecided())?;
        let reached = self.reaches(&limits, wanted, steps).ok_or_else(undecided)?;
        Ok(Some(if reached { relaxed } else { weight - 1 }))
    }

    /// Whether hosts that are allowed have limits that add up to `wanted`; `None` if that takes too many steps or
    /// does not fit the numbers. For costs too great for [`Fleet::greatest`].
    fn reaches(&self, limits: &[u128], wanted: u128, steps: &mut u64) -> Option<bool> {
        let mut left = u128::from(self.cost);
        let mut missing = wanted;
        let mut free: Vec<(u128, u128, u128)> = Vec::with_capacity(limits.len());
        for (kind, &limit) in self.kinds.iter().zip(limits) {
            let sure = if kind.cost == 0 { kind.most } else { kind.fewest };
            missing = missing.saturating_sub(limit.checked_mul(u128::from(sure))?);
            left = left.checked_sub(u128::from(sure) * u128::from(kind.cost))?;
            if kind.most > sure && limit > 0 {
                // No product below leaves 128 bits: costs and numbers have 64 each.
                let limit = limit.min(wanted).min(u128::from(u64::MAX));
                free.push((u128::from(kind.cost), limit, u128::from(kind.most - sure)));
            }
        }
        if missing > u128::from(u64::MAX) {
            return None;
        }
        // What holds most for its cost comes first.
        free.sort_by_key(|&(cost, limit, _)| std::cmp::Reverse((limit << 64) / cost));
        branch(&free, left, missing, steps)
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

/// Whether hosts `(cost, limit, number)` reach `missing` for `left`: as many of the first type as can be, then one
/// less, as long as fractions of the others can make up for it. `None` after too many steps.
fn branch(
    kinds: &[(u128, u128, u128)],
    left: u128,
    missing: u128,
    steps: &mut u64,
) -> Option<bool> {
    let Some((&(cost, limit, number), others)) = kinds.split_first() else {
        return Some(missing == 0);
    };
    let mut taken = number.min(left / cost);
    loop {
        *steps = steps.checked_sub(kinds.len() as u64)?;
        let (left, missing) = (left - taken * cost, missing.saturating_sub(taken * limit));
        if missing == 0 {
            return Some(true);
        }
        if fractions(others, left) < missing {
            // Fewer of the first type hold even less.
            return Some(false);
        }
        if branch(others, left, missing, steps)? {
            return Some(true);
        }
        if taken == 0 {
            return Some(false);
        }
        taken -= 1;
    }
}

/// What fractions of hosts hold for a cost, rounded up.
fn fractions(kinds: &[(u128, u128, u128)], mut left: u128) -> u128 {
    let mut held = 0_u128;
    for &(cost, limit, number) in kinds {
        let whole = number.min(left / cost);
        held = held.saturating_add(whole * limit);
        left -= whole * cost;
        if whole < number {
            return held.saturating_add((left * limit).div_ceil(cost));
        }
    }
    held
}

/// What a host of type `t` must hold of a resource, lest the hosts waste more than they may; `None` if
/// that is more than it can.
fn least_load(instance: &Instance, cost: u64, open: &[u64], t: usize, k: usize) -> Option<u64> {
    let capacity = |t: usize| BigInt::from(usable_of(instance, t, k));
    let price = |t: usize| BigInt::from(instance.hosts()[t].cost);
    let demand = total_demand(instance, k);
    let mut least = BigInt::ZERO;
    if let [open] = open {
        least = capacity(0) - (capacity(0) * *open - demand);
    } else {
        let rates = (0..open.len()).filter(|&r| {
            open[r] > 0 && instance.hosts()[r].cost > 0 && usable_of(instance, r, k) > 0
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn searching_whole_hosts_agrees_with_the_table() {
        let mut state = 7_u64;
        let mut draw = |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        let mut sides = [0, 0];
        for _ in 0..2000 {
            let kinds: Vec<Kind> = (0..=draw(3))
                .map(|_| {
                    let fewest = draw(3) / 2;
                    Kind { cost: 1 + draw(9), fewest, most: fewest + draw(5), least: Vec::new() }
                })
                .collect();
            let sure: u64 = kinds.iter().map(|kind| kind.fewest * kind.cost).sum();
            let fleet = Fleet { cost: sure + draw(30), kinds };
            let limits: Vec<u128> = fleet.kinds.iter().map(|_| u128::from(draw(20))).collect();
            let greatest = fleet.greatest(&limits, &mut 1_000_000).expect("small");
            for wanted in 1..greatest + 3 {
                let reached = fleet.reaches(&limits, wanted, &mut 1_000_000).expect("small");
                assert_eq!(reached, wanted <= greatest, "{wanted} of {greatest}");
                sides[usize::from(reached)] += 1;
            }
        }
        assert!(sides.iter().all(|&seen| seen > 1000), "{sides:?}");
    }

    #[test]
    fn costs_beyond_the_table_are_decided() {
        let kind = |cost, most| Kind { cost, fewest: 0, most, least: Vec::new() };
        let kinds = vec![kind(1_000_003, 900), kind(2_000_003, 5000)];
        let fleet = Fleet { cost: 4_000_000_000, kinds };
        let offer =
            |weight: u64, steps: &mut u64| fleet.offer(0, &[10, 19], &BigInt::from(weight), steps);
        // 900 of the first type leave room for 1549 of the second, 899 for one more of these.
        let most = 899 * 10 + 1550 * 19;
        let mut steps = 1_000_000;
        assert!(matches!(offer(most, &mut steps), Ok(Some(held)) if held >= BigInt::from(most)));
        assert!(
            matches!(offer(most + 1, &mut steps), Ok(Some(held)) if held == BigInt::from(most))
        );
        assert!(matches!(offer(most + 1, &mut 1), Err(Unproved::Undecided(_))));
    }
}
