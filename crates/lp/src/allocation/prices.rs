//! Bounds from prices, in integers.

use ndarray::Array2;
use vmpack_model::allocation::{Instance, Multipliers, Objective, Utility};
use vmpack_model::{Bound, Value};

use super::formulation::range;
use crate::fractions;

/// What the amounts cost in a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Costs {
    /// What the instance says.
    Objective,
    /// Nothing, as in a proof that there is no allocation.
    Zero,
}

/// The strongest certified bound that floating-point prices lead to.
pub(super) fn certified_bound(
    instance: &Instance,
    services: &[f64],
    capacities: &Array2<f64>,
) -> Option<Bound<Multipliers>> {
    candidates(services, capacities)
        .filter_map(|multipliers| repaired(instance, multipliers))
        .max_by_key(|(value, _)| *value)
        .map(|(value, multipliers)| Bound::certified(value, multipliers))
}

/// Multipliers that prove that there is no allocation, if these prices do.
pub(super) fn contradiction(
    instance: &Instance,
    services: &[f64],
    capacities: &Array2<f64>,
) -> Option<Multipliers> {
    candidates(services, capacities).find(|multipliers| {
        bound(instance, multipliers, Costs::Zero).is_some_and(|value| value > Value::ZERO)
    })
}

/// Integer multipliers near the prices: the fractions that they probably are, then fixed-point numbers,
/// fine and coarse. Coarse ones lose strength but also the noise of the last digits.
fn candidates(services: &[f64], capacities: &Array2<f64>) -> impl Iterator<Item = Multipliers> {
    let all: Vec<f64> = services.iter().chain(capacities).copied().collect();
    let greatest = all.iter().copied().fold(1.0, f64::max);
    let resources = capacities.ncols().max(1);
    let exact = fractions::common(&all).map(|(mut demands, denominator)| {
        let offers = demands.split_off(services.len());
        let capacities = offers.chunks(resources).map(<[i64]>::to_vec).collect();
        Multipliers { denominator, services: demands, capacities }
    });
    let fixed = [40, 30, 20]
        .into_iter()
        .filter(move |&bits| greatest * 2_f64.powi(bits) < 2_f64.powi(61))
        .map(|bits| Multipliers::from_floats(1 << bits, services, capacities))
        .collect::<Vec<_>>();
    exact.into_iter().chain(fixed)
}

/// The bound of the multipliers, scaled down first if some unlimited amount would earn more than it
/// costs. Rounding makes such prices out of optimal ones.
fn repaired(instance: &Instance, mut multipliers: Multipliers) -> Option<(Value, Multipliers)> {
    for _ in 0..4 {
        if let Some(value) = bound(instance, &multipliers, Costs::Objective) {
            return Some((value, multipliers));
        }
        // One more unit in the last place of every price, for the rounding of this very step.
        let factor = greatest_factor(instance, &multipliers)? * (1.0 - f64::EPSILON);
        let scale = |price: &mut i64| *price = (*price as f64 * factor).floor() as i64;
        multipliers.services.iter_mut().for_each(scale);
        multipliers.capacities.iter_mut().flatten().for_each(scale);
    }
    None
}

/// The greatest factor on all prices at which no unlimited amount earns more than it costs; `None` if
/// there is none below 1.
fn greatest_factor(instance: &Instance, multipliers: &Multipliers) -> Option<f64> {
    let d = instance.resources().len();
    let earned = earnings(instance, multipliers)?;
    let mut factor = 1.0_f64;
    for (at, &earned) in earned.iter().enumerate() {
        let (i, r) = (at / d, at % d);
        if range(instance, i, r).1.is_some() {
            continue;
        }
        let cost = match instance.objective() {
            Objective::Cost(costs) => {
                i128::from(costs[[i, r]]).checked_mul(multipliers.denominator.into())?
            }
            Objective::Utility(_) => 0,
        };
        if earned > cost {
            if cost <= 0 {
                return None;
            }
            factor = factor.min(cost as f64 / earned as f64);
        }
    }
    (factor < 1.0).then_some(factor)
}

/// What one more unit of every amount earns at these prices, `A^T y - mu`, times the denominator, at
/// `i * resources + r`. `None` on overflow.
fn earnings(instance: &Instance, multipliers: &Multipliers) -> Option<Vec<i128>> {
    let d = instance.resources().len();
    let mut earned = vec![0_i128; instance.vms().len() * d];
    for (service, &price) in instance.services().iter().zip(&multipliers.services) {
        for term in &service.terms {
            let share = &mut earned[term.vm * d + term.resource];
            // A price below 2^63 times a coefficient below 2^49.
            *share = share.checked_add(i128::from(price) * i128::from(term.coefficient))?;
        }
    }
    for (i, vm) in instance.vms().iter().enumerate() {
        let Some(host) = vm.host else { continue };
        for (r, &price) in multipliers.capacities[host].iter().enumerate() {
            let share = &mut earned[i * d + r];
            *share = share.checked_sub(price.into())?;
        }
    }
    Some(earned)
}

/// The bound that [`Multipliers`] documents, exactly but for utilities at fractional points, which are
/// rounded in its disfavour. `None` if the cost falls without end at these prices, if a range is empty,
/// or if a number leaves 128 bits.
///
/// Linear in VMs times resources, the points of their utilities and the terms of the services.
pub(super) fn bound(instance: &Instance, multipliers: &Multipliers, costs: Costs) -> Option<Value> {
    let d = instance.resources().len();
    let scale = i128::from(multipliers.denominator);
    let mut total = 0_i128;
    for (service, &price) in instance.services().iter().zip(&multipliers.services) {
        total = total.checked_add(i128::from(price) * i128::from(service.required))?;
    }
    for (host, prices) in multipliers.capacities.iter().enumerate() {
        for (r, &price) in prices.iter().enumerate() {
            total =
                total.checked_sub(i128::from(price) * i128::from(instance.capacity(host, r)))?;
        }
    }
    for (at, earned) in earnings(instance, multipliers)?.into_iter().enumerate() {
        let (i, r) = (at / d, at % d);
        let (low, high) = range(instance, i, r);
        if high.is_some_and(|high| high < low) {
            return None;
        }
        let least = match (costs, instance.objective()) {
            (Costs::Objective, Objective::Utility(utilities)) => {
                least_forgone(&utilities[at], scale, earned, low, high)?
            }
            (Costs::Objective, Objective::Cost(costs)) => {
                let unit = i128::from(costs[[i, r]]).checked_mul(scale)?;
                least_linear(unit.checked_sub(earned)?, low, high)?
            }
            (Costs::Zero, _) => least_linear(earned.checked_neg()?, low, high)?,
        };
        total = total.checked_add(least)?;
    }
    Value::new(total, scale)
}

/// The minimum of `slope x` over the range; `None` if there is none.
fn least_linear(slope: i128, low: u64, high: Option<u64>) -> Option<i128> {
    let end = if slope < 0 { high? } else { low };
    slope.checked_mul(end.into())
}

/// The minimum of `scale * (greatest - utility(x)) - earned x` over the range, rounded down: at an end
/// of the range or a point of the utility.
fn least_forgone(
    utility: &Utility,
    scale: i128,
    earned: i128,
    low: u64,
    high: Option<u64>,
) -> Option<i128> {
    if high.is_none() && earned > 0 {
        return None;
    }
    let at = |amount: u64| {
        let worth = utility.at(Value::from(amount));
        let greatest = i128::from(utility.greatest()).checked_mul(scale)?;
        let attained = worth.numerator().checked_mul(scale)?;
        // Rounded up, so that what is forgone is rounded down.
        let attained = -((-attained).div_euclid(worth.denominator()));
        greatest.checked_sub(attained)?.checked_sub(earned.checked_mul(amount.into())?)
    };
    let inside = |&amount: &u64| amount > low && high.is_none_or(|high| amount < high);
    let corners = utility.points().iter().map(|&(amount, _)| amount).filter(inside);
    [low]
        .into_iter()
        .chain(corners)
        .chain(high)
        .map(at)
        .try_fold(i128::MAX, |least, value| Some(least.min(value?)))
}
