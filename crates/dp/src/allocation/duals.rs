//! Prices of service demands that bound the cost of a group from below.

use super::plan::{Group, Plan, Variable};
use super::prices::lcm;

/// How often the weights of the services of a group are changed.
const ROUNDS: u32 = 100;

/// The weight of a service in the first round.
const WEIGHT: f64 = 1_048_576.0;

/// A denominator for all prices: a multiple of all coefficients, so that ratios of cost to
/// coefficient are exact, unless that exceeds 2^30; always fine enough that rounding prices costs
/// little.
pub(super) fn denominator(plan: &Plan) -> u64 {
    let gains = plan.variables.iter().flat_map(|variable| &variable.gains);
    let mut scale = lcm(gains.map(|&(_, gain)| gain), 1 << 30).unwrap_or(1);
    while scale < 1 << 30 {
        scale *= 2;
    }
    scale
}

/// Prices of the group's services, in their order, times `scale`: the best of several candidates.
///
/// Given weights, the weighted sum of the demands is a single demand, whose price is the critical
/// ratio of cost to gain: that at which the VMs with the smallest ratios have met it (the surrogate
/// relaxation and its linear relaxation, KPP section 9.2). For a single service that is the optimum
/// of the linear relaxation if no host is scarce. Several services are weighted in turn alone and
/// then together, by multiplicative weights: a service that was left short counts more in the next
/// round.
pub(super) fn service_prices(plan: &Plan, group: &Group, scale: u64) -> Vec<i64> {
    let services = group.services.len();
    let mut best = vec![0; services];
    let mut best_bound = 0;
    let mut consider = |prices: Vec<i64>| {
        if let Some(bound) = bound(plan, group, &prices, scale).filter(|&bound| bound > best_bound)
        {
            best_bound = bound;
            best = prices;
        }
    };
    for alone in 0..services {
        let weights: Vec<u64> = (0..services).map(|k| u64::from(k == alone)).collect();
        consider(Surrogate::new(plan, group, &weights).prices(&weights, scale));
    }
    if services > 1 {
        let needs: Vec<f64> = group.services.iter().map(|&k| plan.needs[k] as f64).collect();
        let least = needs.iter().copied().fold(f64::INFINITY, f64::min);
        let mut weights: Vec<f64> = needs.iter().map(|need| WEIGHT * least / need).collect();
        for round in 0..ROUNDS {
            let integers: Vec<u64> = weights.iter().map(|&weight| weight as u64).collect();
            let surrogate = Surrogate::new(plan, group, &integers);
            consider(surrogate.prices(&integers, scale));
            let rate = 1.0 / f64::from(round + 1).sqrt();
            for ((weight, met), need) in weights.iter_mut().zip(&surrogate.met).zip(&needs) {
                *weight *= (rate * (1.0 - met / need).clamp(-1.0, 1.0)).exp();
            }
            let heaviest = weights.iter().copied().fold(1.0, f64::max);
            for weight in &mut weights {
                *weight *= WEIGHT / heaviest;
            }
        }
    }
    best
}

/// What the prices prove of the cost above the reservations, times `scale`; `None` if nothing.
fn bound(plan: &Plan, group: &Group, prices: &[i64], scale: u64) -> Option<i128> {
    let mut total: i128 = 0;
    for (&service, &price) in group.services.iter().zip(prices) {
        total = total.checked_add(i128::from(price) * i128::from(plan.needs[service]))?;
    }
    for &j in &group.variables {
        let variable = &plan.variables[j];
        let mut excess = -(i128::from(variable.cost) * i128::from(scale));
        for (gain, &price) in gains(group, variable).zip(prices) {
            excess = excess.checked_add(i128::from(price) * i128::from(gain))?;
        }
        if excess > 0 {
            total = total.checked_sub(excess.checked_mul(i128::from(variable.reach?))?)?;
        }
    }
    Some(total)
}

/// What a unit gives each service of the group.
fn gains(group: &Group, variable: &Variable) -> impl Iterator<Item = u64> {
    group.services.iter().map(|&service| variable.gain(service))
}

/// The critical variable of a weighted sum of demands.
struct Surrogate {
    cost: u64,
    gain: u128,
    /// What every service gets up to there.
    met: Vec<f64>,
}

impl Surrogate {
    fn new(plan: &Plan, group: &Group, weights: &[u64]) -> Self {
        let variables = group.variables.iter().map(|&j| &plan.variables[j]);
        let weigh = |variable: &Variable| -> u128 {
            let gains = gains(group, variable).zip(weights);
            gains.map(|(gain, &weight)| u128::from(gain) * u128::from(weight)).sum()
        };
        let weighed = variables.map(|variable| (variable, weigh(variable)));
        let mut helpful: Vec<(&Variable, u128)> = weighed.filter(|&(_, gain)| gain > 0).collect();
        // Costs fit 48 bits, and so do coefficients, weights 20.
        helpful.sort_by(|a, b| (u128::from(a.0.cost) * b.1).cmp(&(u128::from(b.0.cost) * a.1)));
        let needs = group.services.iter().zip(weights);
        let mut need: u128 =
            needs.map(|(&k, &weight)| u128::from(plan.needs[k]) * u128::from(weight)).sum();
        let mut surrogate = Self { cost: 0, gain: 1, met: vec![0.0; weights.len()] };
        for (variable, gain) in helpful {
            (surrogate.cost, surrogate.gain) = (variable.cost, gain);
            let reach = variable.reach.map_or(u128::MAX, u128::from);
            let units = (need as f64 / gain as f64).min(reach as f64);
            for (met, gain) in surrogate.met.iter_mut().zip(gains(group, variable)) {
                *met += units * gain as f64;
            }
            let reached = gain.saturating_mul(reach);
            if reached >= need {
                break;
            }
            need -= reached;
        }
        surrogate
    }

    /// The critical ratio times the weights, rounded down to multiples of `1 / scale`.
    fn prices(&self, weights: &[u64], scale: u64) -> Vec<i64> {
        let price = |&weight: &u64| {
            let price = u128::from(self.cost) * u128::from(scale) * u128::from(weight) / self.gain;
            i64::try_from(price).unwrap_or(i64::MAX)
        };
        weights.iter().map(price).collect()
    }
}
