//! The hosts that may be opened: how many of each type, how full they must be, and what they hold together.
//!
//! The relaxation opens fractions of hosts. What hosts hold at most in whole numbers, for a cost that is
//! given, is a knapsack over the host types, of which there are few: it closes nodes that fractions leave
//! open. And in placements of that cost no host wastes more than all may together, so that pricing may leave
//! patterns out.

use vmpack_model::packing::Instance;

use crate::residual::Residual;

/// What hosts a residual problem may open for placements up to some cost.
#[derive(Debug)]
pub(crate) struct Fleet {
    /// What is left to spend.
    cost: u64,
    kinds: Vec<Kind>,
}

/// The hosts of one type.
#[derive(Debug)]
struct Kind {
    cost: u64,
    /// How many must be opened.
    fewest: u64,
    /// How many may be opened; none if a host would have to hold more than it can.
    most: u64,
    /// What a host must hold of each resource.
    least: Vec<u64>,
}

/// A knapsack over host types takes no more cells than this.
const MOST_CELLS: u64 = 1 << 20;
/// A search for whole hosts takes no more steps than this before it turns to a table.
const MOST_STEPS: u64 = 3000;

/// Whether hosts can hold a weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fits {
    Yes,
    No,
    /// In fractions of hosts; whole ones would take too long.
    Perhaps,
}

impl Fleet {
    /// The hosts of placements that cost at most `most`; `None` if identical hosts offer too little.
    pub(crate) fn new(instance: &Instance, residual: &Residual, most: u64) -> Option<Self> {
        let cost = most.saturating_sub(residual.spent);
        let open: Vec<u64> = (0..instance.hosts().len())
            .map(|t| {
                let paid = cost.checked_div(instance.hosts()[t].cost).unwrap_or(u64::MAX);
                residual.hosts_left(instance, t).map_or(paid, |left| left.min(paid))
            })
            .collect();
        let d = instance.dimensions();
        let mut kinds = Vec::with_capacity(open.len());
        for (t, host) in instance.hosts().iter().enumerate() {
            let mut least = vec![0; d];
            for (k, least) in least.iter_mut().enumerate() {
                *least = if open.len() == 1 {
                    let capacity = instance.capacity(0)[k];
                    let offered = u128::from(open[0]) * u128::from(capacity);
                    let waste = offered.checked_sub(u128::from(residual.load[k]))?;
                    u64::try_from(waste).map_or(0, |waste| capacity.saturating_sub(waste))
                } else {
                    least_load(instance, residual.load[k], cost, &open, t, k).unwrap_or(0)
                };
            }
            let full =
                least.iter().zip(instance.capacity(t)).any(|(least, offered)| least > offered);
            let most = if full { 0 } else { open[t].min(residual.most_hosts(t)) };
            kinds.push(Kind { cost: host.cost, fewest: residual.fewest_hosts(t), most, least });
        }
        Some(Self { cost, kinds })
    }

    /// Whether hosts of a type may be opened.
    pub(crate) fn opens(&self, t: usize) -> bool {
        self.kinds[t].most > 0
    }

    /// What a host of a type must hold of each resource.
    pub(crate) fn least(&self, t: usize) -> &[u64] {
        &self.kinds[t].least
    }

    /// Whether some host must not be empty.
    pub(crate) fn wants_load(&self) -> bool {
        self.kinds.iter().any(|kind| kind.most > 0 && kind.least.iter().any(|&least| least > 0))
    }

    /// Whether hosts that may be opened hold a weight together, if one of type `t` holds no more than
    /// `limits[t]`. A search, and where that takes long a table over costs, whose cells are as many as the
    /// cost times host types times the logarithm of their number.
    pub(crate) fn fits(&self, weight: i128, limits: &[i64]) -> Fits {
        let Ok(weight) = u64::try_from(weight.max(0)) else { return Fits::Perhaps };
        let Some(mut rest) = self.sure_part(weight, limits) else { return Fits::No };
        let product = |a: u64, b: u64| u128::from(a) * u128::from(b);
        rest.kinds.sort_by(|&(c, v, _), &(d, w, _)| product(w, c).cmp(&product(v, d)));
        let missing = weight - rest.held;
        match search(&rest.kinds, rest.cost, missing, &mut { MOST_STEPS }) {
            Some(true) => Fits::Yes,
            Some(false) => Fits::No,
            None => match rest.table(weight) {
                None => Fits::Perhaps,
                Some(table) if table.last().is_some_and(|&held| held >= weight) => Fits::Yes,
                Some(_) => Fits::No,
            },
        }
    }

    /// The least cost for which hosts hold a weight, no more than all may cost; `None` if there is none or
    /// that takes too long to tell.
    pub(crate) fn least_cost(&self, weight: i128, limits: &[i64]) -> Option<u64> {
        let weight = u64::try_from(weight.max(0)).ok()?;
        let rest = self.sure_part(weight, limits)?;
        let table = rest.table(weight)?;
        let cost = table.iter().position(|&held| held >= weight)?;
        Some(self.cost - rest.cost + cost as u64)
    }

    /// Opens the hosts that must be; `None` if they are too many.
    fn sure_part(&self, weight: u64, limits: &[i64]) -> Option<Rest> {
        let mut rest = Rest { cost: self.cost, held: 0, kinds: Vec::new() };
        for (kind, &limit) in self.kinds.iter().zip(limits) {
            let limit = limit.max(0).unsigned_abs().min(weight);
            rest.cost = rest.cost.checked_sub(kind.fewest.checked_mul(kind.cost)?)?;
            rest.held = rest.held.saturating_add(kind.fewest.saturating_mul(limit)).min(weight);
            let more = kind.most.checked_sub(kind.fewest)?;
            if more > 0 && limit > 0 {
                rest.kinds.push((kind.cost, limit, more));
            }
        }
        Some(rest)
    }
}

/// What may be opened beside hosts that must be.
struct Rest {
    cost: u64,
    held: u64,
    /// Cost, limit and number of hosts.
    kinds: Vec<(u64, u64, u64)>,
}

impl Rest {
    /// What hosts hold at most for every cost, `weight` and more being the same; `None` if there are too
    /// many costs.
    fn table(&self, weight: u64) -> Option<Vec<u64>> {
        if self.cost > MOST_CELLS {
            return None;
        }
        let cells = self.cost as usize + 1;
        let mut table = vec![self.held; cells];
        let mut next = table.clone();
        for &(cost, limit, hosts) in &self.kinds {
            let mut left = hosts.min(self.cost / cost.max(1));
            let mut lot = 1;
            // Lots of one, two, four and so on make up any number of hosts.
            while left > 0 {
                let size = lot.min(left);
                let shift = (size * cost) as usize;
                let held = size.saturating_mul(limit).min(weight);
                next[..shift].copy_from_slice(&table[..shift]);
                let cells = next[shift..].iter_mut().zip(&table[shift..]).zip(&table);
                for ((cell, &without), &with) in cells {
                    *cell = without.max((with + held).min(weight));
                }
                std::mem::swap(&mut table, &mut next);
                left -= size;
                lot *= 2;
            }
        }
        Some(table)
    }
}

/// Whether hosts, by falling limit per cost, hold a weight for a cost: more hosts of the first type first, as
/// long as fractions of the others hold what is missing. `None` after too many steps.
///
/// The fewer hosts of the first type, the less do all hold in fractions.
fn search(kinds: &[(u64, u64, u64)], cost: u64, missing: u64, steps: &mut u64) -> Option<bool> {
    if missing == 0 {
        return Some(true);
    }
    let Some((&(price, limit, hosts), others)) = kinds.split_first() else { return Some(false) };
    *steps = steps.checked_sub(1)?;
    let mut taken = cost.checked_div(price).map_or(hosts, |paid| paid.min(hosts));
    loop {
        let (left, missing) =
            (cost - taken * price, missing.saturating_sub(taken.saturating_mul(limit)));
        if relaxed(others, left) < u128::from(missing) {
            return Some(false);
        }
        if search(others, left, missing, steps)? {
            return Some(true);
        }
        let Some(fewer) = taken.checked_sub(1) else { return Some(false) };
        taken = fewer;
    }
}

/// What fractions of hosts hold for a cost, rounded up.
fn relaxed(kinds: &[(u64, u64, u64)], mut cost: u64) -> u128 {
    let mut held = 0;
    for &(price, limit, hosts) in kinds {
        let whole = cost.checked_div(price).map_or(hosts, |paid| paid.min(hosts));
        held += u128::from(whole) * u128::from(limit);
        cost -= whole * price;
        if whole < hosts {
            return held
                + (u128::from(cost) * u128::from(limit)).div_ceil(u128::from(price.max(1)));
        }
    }
    held
}

/// What a host of type `t` must hold of a resource when all hosts cost no more than `cost`: see
/// [`vmpack_model::packing::TreeNode`] for the rule and why it holds. `None` if the numbers are too large.
fn least_load(
    instance: &Instance,
    demand: u64,
    cost: u64,
    open: &[u64],
    t: usize,
    k: usize,
) -> Option<u64> {
    let capacity = |t: usize| i128::from(instance.capacity(t)[k]);
    let price = |t: usize| i128::from(instance.hosts()[t].cost);
    let mut least = 0;
    for r in (0..open.len()).filter(|&r| open[r] > 0 && price(r) > 0 && capacity(r) > 0) {
        let excess = |t: usize| Some((capacity(t) * price(r) - capacity(r) * price(t)).max(0));
        let mut room = capacity(r).checked_mul(i128::from(cost))?;
        for (t, &open) in open.iter().enumerate() {
            room = room.checked_add(excess(t)?.checked_mul(i128::from(open))?)?;
        }
        room -= price(r).checked_mul(i128::from(demand))?;
        let rest = capacity(r) * price(t) + excess(t)? - room;
        least = least.max((rest + price(r) - 1).div_euclid(price(r)));
    }
    u64::try_from(least).ok()
}

#[cfg(test)]
mod tests {
    use super::{Fits, Fleet, Kind};

    /// Numbers from a seed, below a limit.
    fn draw(state: &mut u64, below: u64) -> u64 {
        *state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*state >> 33) % below
    }

    /// What hosts of all numbers that are allowed hold for every cost, by enumeration; -1 if none are.
    fn enumerate(fleet: &Fleet, limits: &[i64], t: usize, cost: u64) -> i64 {
        let Some(kind) = fleet.kinds.get(t) else { return 0 };
        let numbers = (kind.fewest..=kind.most).take_while(|n| n * kind.cost <= cost);
        let best = numbers.map(|n| match enumerate(fleet, limits, t + 1, cost - n * kind.cost) {
            -1 => -1,
            held => held + n as i64 * limits[t],
        });
        best.max().unwrap_or(-1)
    }

    #[test]
    fn whole_hosts_hold_what_enumeration_says() {
        let mut state = 1;
        for _ in 0..3000 {
            let kinds = (0..=draw(&mut state, 3)).map(|_| Kind {
                cost: 1 + draw(&mut state, 6),
                fewest: draw(&mut state, 3) / 2,
                most: draw(&mut state, 5),
                least: Vec::new(),
            });
            let mut fleet = Fleet { cost: 0, kinds: kinds.collect() };
            fleet.cost = draw(&mut state, 25);
            let limits: Vec<i64> = fleet.kinds.iter().map(|_| draw(&mut state, 9) as i64).collect();
            let greatest = enumerate(&fleet, &limits, 0, fleet.cost);
            for weight in 1..=greatest + 2 {
                let fits = fleet.fits(i128::from(weight), &limits);
                let expected = if weight <= greatest { Fits::Yes } else { Fits::No };
                assert_eq!(fits, expected, "{weight} in {fleet:?} with {limits:?}");
                let cheapest =
                    (0..=fleet.cost).find(|&cost| enumerate(&fleet, &limits, 0, cost) >= weight);
                let cost = fleet.least_cost(i128::from(weight), &limits);
                assert_eq!(cost, cheapest, "{weight} in {fleet:?} with {limits:?}");
            }
        }
    }
}
