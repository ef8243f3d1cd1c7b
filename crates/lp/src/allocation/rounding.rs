//! From the floating-point point of a linear program to amounts that can be judged.

use ndarray::Array2;
use vmpack_model::Value;
use vmpack_model::allocation::{Amounts, Instance, Objective, Utility};

use super::formulation::range;
use crate::fractions;

/// The tolerance stated when amounts are rounded: one in a million.
const TOLERANCE_PPB: u32 = 1000;

/// Amounts near the given ones, with their exact cost. First choice are the simple fractions that a
/// vertex probably has, if they keep every constraint exactly; else multiples of a power of a half that
/// keep them within the stated tolerance. `None` if the point misses constraints by more.
pub(super) fn amounts(instance: &Instance, values: &[f64]) -> Option<(Amounts, Value)> {
    exact(instance, values).or_else(|| {
        [20, 30, 40].into_iter().find_map(|bits| {
            let amounts = dyadic(instance, values, bits)?;
            feasible(instance, &amounts)?;
            let cost = cost(instance, &amounts)?;
            Some((amounts, cost))
        })
    })
}

fn exact(instance: &Instance, values: &[f64]) -> Option<(Amounts, Value)> {
    let (numerators, denominator) = fractions::common(values)?;
    let amounts =
        Amounts { numerators: shaped(instance, numerators), denominator, tolerance_ppb: 0 };
    feasible(instance, &amounts)?;
    let cost = cost(instance, &amounts)?;
    Some((amounts, cost))
}

/// Rounds to multiples of `2^-bits`, within the ranges. Inside a segment of a concave utility the
/// *position* in the segment is rounded instead, so that the utility has the same denominator and a sum
/// over any number of VMs stays a fraction of 128 bits.
fn dyadic(instance: &Instance, values: &[f64], bits: u32) -> Option<Amounts> {
    let d = instance.resources().len();
    let scale = 1_i64 << bits;
    let numerators = values
        .iter()
        .enumerate()
        .map(|(at, &x)| {
            let (low, high) = range(instance, at / d, at % d);
            let low = i64::try_from(low).ok()?.checked_mul(scale)?;
            let rounded = match instance.utility(at / d, at % d) {
                Some(Utility::Concave(points)) => in_segment(points, x, scale)?,
                _ => nearest(x, scale)?,
            };
            let high = match high {
                Some(high) => i64::try_from(high).ok()?.checked_mul(scale)?,
                None => i64::MAX,
            };
            Some(rounded.min(high).max(low))
        })
        .collect::<Option<Vec<i64>>>()?;
    let numerators = shaped(instance, numerators);
    Some(Amounts { numerators, denominator: scale, tolerance_ppb: TOLERANCE_PPB })
}

fn nearest(x: f64, scale: i64) -> Option<i64> {
    let rounded = (x * scale as f64).round();
    (rounded.abs() < 2_f64.powi(62)).then_some(rounded as i64)
}

fn in_segment(points: &[(u64, u64)], x: f64, scale: i64) -> Option<i64> {
    let inside = points.windows(2).find(|w| w[0].0 as f64 <= x && x <= w[1].0 as f64);
    let Some(segment) = inside else { return nearest(x, scale) };
    let start = i64::try_from(segment[0].0).ok()?;
    let run = i64::try_from(segment[1].0 - segment[0].0).ok()?;
    let position = nearest((x - start as f64) / run as f64, scale)?;
    start.checked_mul(scale)?.checked_add(run.checked_mul(position)?)
}

fn shaped(instance: &Instance, numerators: Vec<i64>) -> Array2<i64> {
    let shape = (instance.vms().len(), instance.resources().len());
    Array2::from_shape_vec(shape, numerators).expect("one amount per VM and resource")
}

/// Whether every constraint is kept within the stated tolerance, in integers; `None` if not.
fn feasible(instance: &Instance, amounts: &Amounts) -> Option<()> {
    let scale = i128::from(amounts.denominator);
    // `slack` is that of a constraint on `rhs`, times the denominator.
    let kept = |slack: i128, rhs: i128| {
        let allowed =
            i128::from(amounts.tolerance_ppb).checked_mul(rhs.abs().max(1))?.checked_mul(scale)?;
        (slack >= 0 || slack.checked_neg()?.checked_mul(1_000_000_000)? <= allowed).then_some(())
    };
    let d = instance.resources().len();
    let mut left: Vec<i128> = (0..instance.hosts().len() * d)
        .map(|at| i128::from(instance.capacity(at / d, at % d)).checked_mul(scale))
        .collect::<Option<_>>()?;
    for ((i, r), &amount) in amounts.numerators.indexed_iter() {
        let amount = i128::from(amount);
        let low = i128::from(instance.reservation(i, r));
        kept(amount - low.checked_mul(scale)?, low)?;
        if let Some(high) = instance.limit(i, r).map(i128::from) {
            kept(high.checked_mul(scale)? - amount, high)?;
        }
        if let Some(host) = instance.vms()[i].host {
            let left = &mut left[host * d + r];
            *left = left.checked_sub(amount)?;
        }
    }
    for (at, left) in left.into_iter().enumerate() {
        kept(left, instance.capacity(at / d, at % d).into())?;
    }
    for service in instance.services() {
        let mut slack = i128::from(-service.required).checked_mul(scale)?;
        for term in &service.terms {
            let amount = i128::from(amounts.numerators[[term.vm, term.resource]]);
            slack = slack.checked_add(amount.checked_mul(term.coefficient.into())?)?;
        }
        kept(slack, service.required.into())?;
    }
    Some(())
}

/// The exact cost; `None` if it is no fraction of 128-bit integers.
fn cost(instance: &Instance, amounts: &Amounts) -> Option<Value> {
    let d = instance.resources().len();
    match instance.objective() {
        Objective::Cost(costs) => {
            let mut sum = 0_i128;
            for (at, &amount) in amounts.numerators.indexed_iter() {
                sum = sum.checked_add(i128::from(amount).checked_mul(costs[at].into())?)?;
            }
            Value::new(sum, amounts.denominator.into())
        }
        Objective::Utility(utilities) => {
            let (mut numerator, mut denominator) = (0_i128, 1_i128);
            for ((i, r), _) in amounts.numerators.indexed_iter() {
                let utility = &utilities[i * d + r];
                let attained = utility.at(amounts.amount(i, r));
                // greatest - attained, added over the common denominator.
                let q = attained.denominator();
                let forgone = i128::from(utility.greatest())
                    .checked_mul(q)?
                    .checked_sub(attained.numerator())?;
                let common = denominator.checked_mul(q)? / gcd(denominator, q);
                numerator = numerator
                    .checked_mul(common / denominator)?
                    .checked_add(forgone.checked_mul(common / q)?)?;
                denominator = common;
            }
            Value::new(numerator, denominator)
        }
    }
}

fn gcd(mut a: i128, mut b: i128) -> i128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
