//! Exact costs, and the bounds that prices prove.

use num_rational::Ratio;
use num_traits::CheckedAdd;
use vmpack_model::allocation::{Allocation, Amounts, Instance, Multipliers, Objective, Refutation};
use vmpack_model::{Outcome, Value};

/// The exact cost; `None` if the fractions leave 128 bits.
pub(super) fn cost(instance: &Instance, amounts: &Amounts) -> Option<Value> {
    if let Objective::Cost(_) = instance.objective() {
        // Products of two 48-bit numbers.
        return Some(amounts.cost(instance));
    }
    let mut total = Ratio::from_integer(0_i128);
    for ((i, r), _) in amounts.numerators.indexed_iter() {
        total = total.checked_add(&forgone(instance, i, r, amounts.amount(i, r)))?;
    }
    Some(Value::from(total))
}

fn forgone(instance: &Instance, i: usize, r: usize, amount: Value) -> Ratio<i128> {
    instance.utility(i, r).map_or(Ratio::from_integer(0), |utility| {
        Value::from(utility.greatest()).ratio() - utility.at(amount).ratio()
    })
}

/// The bound that multipliers prove, by the formula of [`Multipliers`]; `None` if they prove none
/// or if the fractions leave 128 bits.
pub(super) fn bound(instance: &Instance, multipliers: &Multipliers) -> Option<Value> {
    let d = instance.resources().len();
    let mut slopes = vec![0_i128; instance.vms().len() * d];
    let mut priced: i128 = 0;
    for (service, &price) in instance.services().iter().zip(&multipliers.services) {
        priced = priced.checked_add(i128::from(price) * i128::from(service.required))?;
        for term in &service.terms {
            let slope = &mut slopes[term.vm * d + term.resource];
            *slope = slope.checked_sub(i128::from(price) * i128::from(term.coefficient))?;
        }
    }
    for (host, prices) in multipliers.capacities.iter().enumerate() {
        for (r, &price) in prices.iter().enumerate() {
            let capacity = i128::from(instance.capacity(host, r));
            priced = priced.checked_sub(i128::from(price) * capacity)?;
        }
    }
    let scale = i128::from(multipliers.denominator);
    let mut total = Ratio::new(priced, scale);
    for (at, slope) in slopes.iter_mut().enumerate() {
        let (i, r) = (at / d, at % d);
        if let Some(host) = instance.vms()[i].host {
            *slope = slope.checked_add(i128::from(multipliers.capacities[host][r]))?;
        }
        if let Objective::Cost(costs) = instance.objective() {
            *slope = slope.checked_add(i128::from(costs[[i, r]]) * scale)?;
        }
        total = total.checked_add(&least(instance, i, r, *slope, scale)?)?;
    }
    Some(Value::from(total))
}

/// The minimum of `forgone(x) + slope / scale * x` over the amounts that VM `i` may get.
fn least(instance: &Instance, i: usize, r: usize, slope: i128, scale: i128) -> Option<Ratio<i128>> {
    let low = instance.reservation(i, r);
    let high = greatest(instance, i, r);
    if high.is_none() && slope < 0 {
        return None;
    }
    let at = |amount: u64| -> Option<Ratio<i128>> {
        let priced = Ratio::new(slope.checked_mul(i128::from(amount))?, scale);
        priced.checked_add(&forgone(instance, i, r, Value::from(amount)))
    };
    let points = instance.utility(i, r).map_or(&[][..], |utility| utility.points());
    let inside = |&amount: &u64| amount > low && high.is_none_or(|high| amount < high);
    let mut best = at(low)?;
    for amount in points.iter().map(|&(amount, _)| amount).filter(inside).chain(high) {
        best = best.min(at(amount)?);
    }
    Some(best)
}

/// The most that VM `i` may get of a resource: its limit, and the capacity of its host.
pub(super) fn greatest(instance: &Instance, i: usize, r: usize) -> Option<u64> {
    let capacity = instance.vms()[i].host.map(|host| instance.capacity(host, r));
    instance.limit(i, r).into_iter().chain(capacity).min()
}

/// All prices zero, in the shape of the instance.
pub(super) fn no_prices(instance: &Instance) -> Multipliers {
    let (services, hosts) = (instance.services().len(), instance.hosts().len());
    Multipliers::zero(services, hosts, instance.resources().len())
}

/// The answer where reservations on a host exceed its capacity, which a price of 1 on it shows.
pub(super) fn overbooked(instance: &Instance, host: usize, r: usize) -> Outcome<Allocation> {
    let mut multipliers = no_prices(instance);
    multipliers.capacities[host][r] = 1;
    Outcome::infeasible(Some(Refutation::Infeasible { multipliers }))
}

/// The least common multiple, or `None` beyond `most`.
pub(super) fn lcm(numbers: impl IntoIterator<Item = u64>, most: u64) -> Option<u64> {
    numbers.into_iter().try_fold(1_u64, |all, n| {
        (all / crate::tables::gcd(all, n)).checked_mul(n).filter(|&all| all <= most)
    })
}
