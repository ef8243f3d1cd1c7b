//! The volume bound of a weighted sum of resources.

use vmpack_model::packing::{Certificate, Instance};
use vmpack_model::{Bound, Value};

/// How many weightings are tried along each line of the search.
const STEPS_PER_LINE: usize = 48;

/// How often the weight of every resource is searched anew, if there are more than two resources.
const ROUNDS: usize = 4;

/// A fraction of a second of the checker's time.
const PROVABLE_CELLS: u128 = 1 << 26;

/// Host costs and prices times the scale of the certificate stay below this.
const GREATEST_WEIGHT: f64 = (1_u64 << 60) as f64;

/// The volume bound (see [`volume()`](crate::volume())) of a weighted sum of all resources. It matters
/// where host types differ in shape: hosts with cheap cores and hosts with cheap memory make every single
/// resource cheap, but not both together.
///
/// The best weights are the dual prices of the fractional cover of all resources at once. They are
/// searched line by line, along each of which the bound is quasi-concave (Glover, *Surrogate constraint
/// duality in mathematical programming*, 1975): for two resources the search is exact up to rounding.
/// Floating point only guides it; the bound is derived from the rounded weights in integers.
///
/// The certificate gives every VM the weighted sum of its demands. `None` with one resource or one host
/// type, where [`volume()`](crate::volume()) is as strong, and where stock is too small.
pub fn surrogate(instance: &Instance) -> Option<Bound<Certificate>> {
    if instance.dimensions() < 2 || instance.hosts().len() < 2 {
        return None;
    }
    let relaxation = Relaxation::new(instance);
    let weights = relaxation.best_weights()?;
    let (prices, scale) = relaxation.prices(&weights)?;
    certify(instance, &prices, scale)
}

/// Whether the exact knapsacks that prove the premise of dual weights again are small: all tables over
/// the capacities, in units of the greatest common divisor of the demands, times the demand rows, have
/// at most [`PROVABLE_CELLS`] cells. A bound that nobody can afford to check is worth little.
pub(crate) fn is_provable(instance: &Instance) -> bool {
    let unit =
        |k: usize| instance.demands().column(k).fold(0, |unit, &x| crate::gcd(unit, x)).max(1);
    let units: Vec<u64> = (0..instance.dimensions()).map(unit).collect();
    let table = |t: usize| {
        let cells =
            instance.capacity(t).iter().zip(&units).map(|(c, unit)| u128::from(c / unit) + 1);
        cells.fold(instance.rows() as u128, u128::saturating_mul)
    };
    (0..instance.hosts().len()).fold(0_u128, |sum, t| sum.saturating_add(table(t)))
        <= PROVABLE_CELLS
}

/// The covering problem in floating point.
struct Relaxation<'a> {
    instance: &'a Instance,
    /// Host types in stock.
    hosts: Vec<usize>,
    /// Per resource, one over the largest capacity.
    units: Vec<f64>,
    /// Total demand per resource; `None` with alternatives, which the weights choose among.
    demand: Option<Vec<f64>>,
}

impl<'a> Relaxation<'a> {
    fn new(instance: &'a Instance) -> Self {
        let d = instance.dimensions();
        let in_stock = |&t: &usize| instance.hosts()[t].stock != Some(0);
        let hosts: Vec<usize> = (0..instance.hosts().len()).filter(in_stock).collect();
        let largest = |k: usize| hosts.iter().map(|&t| instance.capacity(t)[k]).max();
        let units = (0..d).map(|k| 1.0 / largest(k).unwrap_or(0).max(1) as f64).collect();
        let total = |k: usize| crate::total_demand(instance, k) as f64;
        let demand = (!instance.has_alternatives()).then(|| (0..d).map(total).collect());
        Self { instance, hosts, units, demand }
    }

    /// The weighted sum of a vector.
    fn weigh(&self, weights: &[f64], vector: &[u64]) -> f64 {
        let terms = vector.iter().zip(weights).zip(&self.units);
        terms.map(|((&x, weight), unit)| x as f64 * weight * unit).sum()
    }

    /// What all VMs demand of the weighted sum.
    fn weigh_demand(&self, weights: &[f64]) -> f64 {
        if let Some(demand) = &self.demand {
            let terms = demand.iter().zip(weights).zip(&self.units);
            return terms.map(|((x, weight), unit)| x * weight * unit).sum();
        }
        let least = |rows: std::ops::Range<usize>| {
            let weighed = rows.map(|row| self.weigh(weights, self.instance.demand(row)));
            weighed.fold(f64::INFINITY, f64::min)
        };
        self.instance.vms().iter().map(|vm| vm.count as f64 * least(vm.rows.clone())).sum()
    }

    /// Cost of the fractional cover and cost per unit of the host type that completes it; `None` if
    /// stock is too small.
    fn cover(&self, weights: &[f64]) -> Option<(f64, f64)> {
        let mut offers: Vec<(f64, f64, f64)> = Vec::with_capacity(self.hosts.len());
        for &t in &self.hosts {
            let offer = self.weigh(weights, self.instance.capacity(t));
            let host = &self.instance.hosts()[t];
            if offer > 0.0 {
                let stock = host.stock.map_or(f64::INFINITY, |stock| stock as f64);
                offers.push((host.cost as f64 / offer, offer, stock));
            }
        }
        offers.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut missing = self.weigh_demand(weights);
        let mut cost = 0.0;
        for (rate, offer, stock) in offers {
            if offer * stock >= missing {
                return Some((cost + missing * rate, rate));
            }
            missing -= offer * stock;
            cost += offer * stock * rate;
        }
        None
    }

    fn value(&self, weights: &[f64]) -> f64 {
        self.cover(weights).map_or(f64::NEG_INFINITY, |(cost, _)| cost)
    }

    /// Weights of a great bound, by ternary search on one weight after the other.
    fn best_weights(&self) -> Option<Vec<f64>> {
        let d = self.instance.dimensions();
        let mut best = vec![1.0; d];
        let mut value = self.value(&best);
        let rounds = if d == 2 { 1 } else { ROUNDS };
        for _ in 0..rounds {
            // With two resources one weight is enough: only their ratio counts.
            for k in usize::from(d == 2)..d {
                let others: f64 = best.iter().sum::<f64>() - best[k];
                // Share `s` of the weight for resource k, all other weights in proportion.
                let with = |share: f64| {
                    let mut weights = best.clone();
                    for weight in &mut weights {
                        *weight *= (1.0 - share) / others.max(f64::MIN_POSITIVE);
                    }
                    weights[k] = share;
                    weights
                };
                let (mut low, mut high) = (0.0, 1.0);
                for _ in 0..STEPS_PER_LINE {
                    let third = (high - low) / 3.0;
                    if self.value(&with(low + third)) < self.value(&with(high - third)) {
                        low += third;
                    } else {
                        high -= third;
                    }
                }
                let found = with(f64::midpoint(low, high));
                let reached = self.value(&found);
                if reached > value {
                    (best, value) = (found, reached);
                }
            }
        }
        (value > 0.0).then_some(best)
    }

    /// The weights as integer prices per unit of each resource, and the scale at which they are worth
    /// about one cost unit.
    fn prices(&self, weights: &[f64]) -> Option<(Vec<u64>, f64)> {
        let (_, rate) = self.cover(weights)?;
        let costs = self.hosts.iter().map(|&t| {
            let offer = self.weigh(weights, self.instance.capacity(t));
            (offer * rate).max(self.instance.hosts()[t].cost as f64)
        });
        let scale = (GREATEST_WEIGHT / costs.fold(1.0, f64::max)).min(GREATEST_WEIGHT);
        let price = |(weight, unit): (&f64, &f64)| (weight * unit * rate * scale) as u64;
        Some((weights.iter().zip(&self.units).map(price).collect(), scale))
    }
}

/// The bound of prices per unit of each resource, in integers.
fn certify(instance: &Instance, prices: &[u64], scale: f64) -> Option<Bound<Certificate>> {
    let weigh = |vector: &[u64]| -> u128 {
        vector.iter().zip(prices).map(|(&x, &price)| u128::from(x) * u128::from(price)).sum()
    };
    // The least scale at which no host of unlimited stock offers more than it costs.
    let mut least_scale = 1;
    for (t, host) in instance.hosts().iter().enumerate().filter(|(_, host)| host.stock.is_none()) {
        let offer = weigh(instance.capacity(t));
        if offer > 0 {
            let needed = offer.checked_add(u128::from(host.cost))? - 1;
            least_scale = least_scale.max(needed.checked_div(u128::from(host.cost))?);
        }
    }
    let unlimited = instance.hosts().iter().any(|host| host.stock.is_none());
    let scale = if unlimited { u64::try_from(least_scale).ok()? } else { scale as u64 };
    let mut limited = Vec::with_capacity(instance.hosts().len());
    let mut total: i128 = 0;
    for (t, host) in instance.hosts().iter().enumerate() {
        let paid = u128::from(scale) * u128::from(host.cost);
        let surplus = weigh(instance.capacity(t)).saturating_sub(paid);
        limited.push(u64::try_from(surplus).ok()?);
        let stock = i128::from(host.stock.unwrap_or(0));
        total = total.checked_sub(stock.checked_mul(i128::try_from(surplus).ok()?)?)?;
    }
    let row_weight = |row: usize| u64::try_from(weigh(instance.demand(row))).ok();
    let weights: Vec<u64> = (0..instance.rows()).map(row_weight).collect::<Option<_>>()?;
    for vm in instance.vms() {
        let least = weights[vm.rows.clone()].iter().copied().min().unwrap_or(0);
        total = total.checked_add(i128::from(vm.count).checked_mul(i128::from(least))?)?;
    }
    let value = crate::attainable(instance, Value::new(total, i128::from(scale))?)?;
    Some(Bound::certified(value, Certificate::DualWeights { weights, scale, prices: limited }))
}
