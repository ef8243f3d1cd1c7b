//! Dual values as integers, and the bounds that they prove.
//!
//! Floating point ends here: dual values are rounded down to fixed point, patterns are priced with the
//! rounded ones, and everything that is concluded from them is integer arithmetic. A dual solution that is
//! a little infeasible is scaled (Farley 1990), so that any dual values prove something, whatever the
//! linear program said of them.

use vmpack_model::packing::Instance;

use crate::columns::Rules;
use crate::cuts::{Triple, is_valid, pays};
use crate::fleet::Fits;
use crate::residual::Residual;
use crate::restricted::Relaxed;

/// Fixed-point dual values.
#[derive(Clone, Debug)]
pub(crate) struct Duals {
    /// One weight per item, by item.
    pub(crate) weights: Vec<i64>,
    /// What a unit of cost weighs.
    pub(crate) scale: i64,
    /// What one host more of each type would save, times the scale; negative where decisions demand hosts.
    pub(crate) prices: Vec<i64>,
    /// What a pattern loses that a cut counts; positive.
    pub(crate) cuts: Vec<(Triple, i64)>,
}

/// What weights prove: no pattern of type `t` weighs more than `scale * cost[t] + prices[t]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proof {
    pub(crate) scale: u64,
    pub(crate) prices: Vec<u64>,
}

impl Duals {
    /// Rounds the dual values of a relaxation. `most_copies` bounds the number of items on one host, and
    /// `penalty` the dual value of an item in costs of the dearest host, so that no sum overflows. All
    /// items together weigh less than 2^54 or so, which a judge takes with ease.
    pub(crate) fn new(
        relaxed: &Relaxed,
        instance: &Instance,
        penalty: u64,
        most_copies: u64,
    ) -> Self {
        let dearest = instance.hosts().iter().map(|host| host.cost).max().unwrap_or(1).max(1);
        let greatest = u128::from(dearest) * u128::from(penalty) * u128::from(most_copies.max(1));
        let bits_of = |number: u128| 128 - number.leading_zeros();
        let bits = 60_u32.saturating_sub(bits_of(greatest));
        let bits = bits.min(53_u32.saturating_sub(bits_of(relaxed.value.max(1.0) as u128)));
        let scale = 1_i64 << bits;
        let fixed = |value: &f64| (value * scale as f64).floor().max(0.0) as i64;
        Self {
            weights: relaxed.duals.iter().map(fixed).collect(),
            prices: relaxed.prices.iter().map(|value| (value * scale as f64) as i64).collect(),
            cuts: relaxed
                .cuts
                .iter()
                .map(|&(items, saved)| (items, (saved * scale as f64).ceil() as i64))
                .collect(),
            scale,
        }
    }

    pub(crate) fn weight(&self, item: u32) -> i64 {
        self.weights.get(item as usize).copied().unwrap_or(0)
    }

    /// What a pattern weighs.
    pub(crate) fn pattern(&self, items: &[(u32, u32)]) -> i64 {
        let weight: i64 = items.iter().map(|&(i, n)| self.weight(i) * i64::from(n)).sum();
        let lost = self.cuts.iter().filter(|&&(triple, _)| pays(triple, items));
        weight - lost.map(|&(_, amount)| amount).sum::<i64>()
    }

    /// What patterns of a host type weigh that are worth no more than they cost.
    pub(crate) fn allowance(&self, instance: &Instance, host: usize) -> i64 {
        self.scale * instance.hosts()[host].cost as i64 + self.prices[host]
    }

    /// What is demanded weighs so much, less the cuts: the patterns of a placement, all together, lose
    /// each at most once.
    pub(crate) fn total(&self, residual: &Residual) -> i128 {
        let items: i128 = residual
            .live()
            .map(|item| i128::from(residual.demand(item)) * i128::from(self.weight(item)))
            .sum();
        debug_assert!(self.cuts.iter().all(|&(triple, _)| is_valid(triple, residual)));
        items - self.cuts.iter().map(|&(_, amount)| i128::from(amount)).sum::<i128>()
    }

    /// The scales and prices that make the weights dual feasible, given that no pattern of type `t` weighs
    /// more than `heaviest[t]`: raising the scale, or the prices of hosts.
    pub(crate) fn proofs(&self, instance: &Instance, heaviest: &[i64]) -> [Option<Proof>; 2] {
        let hosts = instance.hosts();
        let mut scale = 1_i64;
        let mut possible = true;
        for (t, host) in hosts.iter().enumerate() {
            let over = heaviest[t] - self.prices[t].max(0);
            match i64::try_from(host.cost) {
                Ok(0) => possible &= over <= 0,
                Ok(cost) => scale = scale.max((over + cost - 1).div_euclid(cost)),
                Err(_) => possible = false,
            }
        }
        let unsigned = |prices: &[i64]| prices.iter().map(|&price| price.max(0) as u64).collect();
        let farley =
            possible.then(|| Proof { scale: scale as u64, prices: unsigned(&self.prices) });
        let over = |(t, host): (usize, &vmpack_model::packing::HostType)| {
            (heaviest[t] - self.scale * host.cost as i64).max(0)
        };
        let prices: Vec<i64> = hosts.iter().enumerate().map(over).collect();
        let lagrange = Proof { scale: self.scale as u64, prices: unsigned(&prices) };
        [farley, Some(lagrange)]
    }

    /// A proof that the residual problem costs more than `most` in all, if what the heaviest pattern of
    /// every host type weighs suffices for one. On several host types whole hosts are counted.
    pub(crate) fn closing(
        &self,
        instance: &Instance,
        rules: &Rules<'_>,
        heaviest: &[i64],
        most: u64,
    ) -> Option<Proof> {
        if heaviest.len() > 1 {
            let prices = heaviest.iter().map(|&weight| weight.max(0) as u64).collect();
            return (rules.fleet.fits(self.total(rules.residual), heaviest) == Fits::No)
                .then_some(Proof { scale: 0, prices });
        }
        let proofs = self.proofs(instance, heaviest).into_iter().flatten();
        proofs.into_iter().find(|proof| self.closes(instance, rules.residual, proof, most))
    }

    /// Whether the proof shows that the residual problem costs more than `most` in all.
    fn closes(&self, instance: &Instance, residual: &Residual, proof: &Proof, most: u64) -> bool {
        let Some(left) = most.checked_sub(residual.spent) else { return true };
        let mut offered = i128::from(proof.scale) * i128::from(left);
        for (t, host) in instance.hosts().iter().enumerate() {
            let price = i128::from(proof.prices[t]);
            if price == 0 {
                continue;
            }
            let stock = host.stock.map(|stock| stock - residual.opened[t]);
            let paid = left.checked_div(host.cost);
            let open = match (stock, paid) {
                (Some(stock), Some(paid)) => stock.min(paid),
                (Some(open), None) | (None, Some(open)) => open,
                (None, None) => return false,
            };
            offered += i128::from(open) * price;
        }
        self.total(residual) > offered
    }

    /// The least cost of the residual problem that the proof shows, if it holds for any cost: prices
    /// belong to limited stock only.
    pub(crate) fn lower(
        &self,
        instance: &Instance,
        residual: &Residual,
        proof: &Proof,
    ) -> Option<u64> {
        let mut surplus = self.total(residual);
        for (host, &price) in instance.hosts().iter().zip(&proof.prices) {
            match host.stock {
                Some(stock) => surplus -= i128::from(stock) * i128::from(price),
                None if price > 0 => return None,
                None => {}
            }
        }
        let scale = i128::from(proof.scale);
        u64::try_from((surplus.max(0) + scale - 1).div_euclid(scale)).ok()
    }
}
