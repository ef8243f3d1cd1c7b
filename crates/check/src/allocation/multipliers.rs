//! Weak duality: what any prices of the constraints prove about the cost.

use num_bigint::BigInt;
use num_traits::Signed;
use vmpack_model::allocation::{Instance, Multipliers, Objective, Utility};

use super::utility::{Fraction, worth};
use crate::claim::{Lower, Unproved};
use crate::exact::{FractionSum, Sum, show};

/// What is bounded from below.
#[derive(Clone, Copy)]
pub(super) enum Bounded<'a> {
    /// The objective of the instance.
    Objective(&'a Objective),
    /// Nothing: every cost is zero.
    Zero,
}

impl<'a> From<&'a Objective> for Bounded<'a> {
    fn from(objective: &'a Objective) -> Self {
        Self::Objective(objective)
    }
}

/// The greatest bound that the multipliers prove, by the formula of [`Multipliers`]. The amount of a VM
/// on a host is limited by the capacity of the host also where it has a limit.
///
/// Linear in VMs times resources, the points of their utilities, and the terms of the services.
pub(super) fn bound(
    instance: &Instance,
    multipliers: &Multipliers,
    bounded: Bounded<'_>,
) -> Result<Lower, Unproved> {
    check_form(instance, multipliers)?;
    let d = instance.resources().len();
    let ranges: Vec<Range> =
        (0..instance.vms().len() * d).map(|at| Range::of(instance, at / d, at % d)).collect();
    if ranges.iter().any(Range::is_empty) {
        return Ok(Lower::Infinite);
    }
    let mut total = FractionSum::default();
    total.add(price_of_sides(instance, multipliers), 1);
    let slopes = slopes(instance, multipliers, bounded);
    for (at, (slope, range)) in slopes.into_iter().zip(ranges).enumerate() {
        let slope = slope.total();
        if range.high.is_none() && slope.is_negative() {
            let (vm, resource) = (&instance.vms()[at / d].name, &instance.resources()[at % d].name);
            return Unproved::wrong(format!(
                "VM {vm:?}: the amount of {resource:?} is unlimited, and at these prices the cost \
                 falls with it"
            ));
        }
        match bounded {
            Bounded::Objective(Objective::Utility(utilities)) => {
                let scale = multipliers.denominator;
                let least = least_forgone(&utilities[at], scale, &slope, &range);
                total.add(least.numerator, least.denominator);
            }
            Bounded::Objective(Objective::Cost(_)) | Bounded::Zero => {
                let end = range.high.filter(|_| slope.is_negative()).unwrap_or(range.low);
                total.add(slope * end, 1);
            }
        }
    }
    Ok(Lower::AtLeast(total.over(multipliers.denominator).low))
}

/// Whether the constraints contradict each other: their bound is positive although nothing costs
/// anything.
pub(super) fn contradiction(
    instance: &Instance,
    multipliers: &Multipliers,
) -> Result<(), Unproved> {
    match bound(instance, multipliers, Bounded::Zero)? {
        Lower::Infinite => Ok(()),
        Lower::AtLeast(bound) if bound.is_positive() => Ok(()),
        Lower::AtLeast(bound) => Unproved::wrong(format!(
            "with all costs zero the multipliers prove {}, which is not positive",
            show(&bound)
        )),
    }
}

fn check_form(instance: &Instance, multipliers: &Multipliers) -> Result<(), Unproved> {
    let Multipliers { denominator, services, capacities } = multipliers;
    let (m, h, d) = (instance.services().len(), instance.hosts().len(), instance.resources().len());
    if *denominator <= 0 {
        return Unproved::wrong(format!("the denominator {denominator} is not positive"));
    }
    if services.len() != m {
        return Unproved::wrong(format!("{} multipliers for {m} services", services.len()));
    }
    if capacities.len() != h || capacities.iter().any(|row| row.len() != d) {
        return Unproved::wrong(format!("expected {h} x {d} multipliers of capacities"));
    }
    if services.iter().chain(capacities.iter().flatten()).any(|&price| price < 0) {
        return Unproved::wrong("a multiplier is negative");
    }
    Ok(())
}

/// The amounts that a VM may get of a resource.
struct Range {
    low: u64,
    high: Option<u64>,
}

impl Range {
    fn of(instance: &Instance, i: usize, r: usize) -> Self {
        let capacity = instance.vms()[i].host.map(|host| instance.capacity(host, r));
        let high = instance.limit(i, r).into_iter().chain(capacity).min();
        Self { low: instance.reservation(i, r), high }
    }

    fn is_empty(&self) -> bool {
        self.high.is_some_and(|high| high < self.low)
    }
}

/// `y.b - mu.C`, times the denominator.
fn price_of_sides(instance: &Instance, multipliers: &Multipliers) -> BigInt {
    let mut sum = Sum::default();
    for (service, &price) in instance.services().iter().zip(&multipliers.services) {
        sum.add(i128::from(price) * i128::from(service.required));
    }
    for (host, prices) in multipliers.capacities.iter().enumerate() {
        for (r, &price) in prices.iter().enumerate() {
            sum.add(-i128::from(price) * i128::from(instance.capacity(host, r)));
        }
    }
    sum.total()
}

/// What one more unit costs each VM at these prices, without utilities, times the denominator.
fn slopes(instance: &Instance, multipliers: &Multipliers, bounded: Bounded<'_>) -> Vec<Sum> {
    let d = instance.resources().len();
    let mut slopes = vec![Sum::default(); instance.vms().len() * d];
    if let Bounded::Objective(Objective::Cost(costs)) = bounded {
        for ((i, r), &cost) in costs.indexed_iter() {
            slopes[i * d + r].add(i128::from(cost) * i128::from(multipliers.denominator));
        }
    }
    for (service, &price) in instance.services().iter().zip(&multipliers.services) {
        for term in &service.terms {
            slopes[term.vm * d + term.resource]
                .add(-i128::from(price) * i128::from(term.coefficient));
        }
    }
    for (i, vm) in instance.vms().iter().enumerate() {
        if let Some(host) = vm.host {
            for (r, &price) in multipliers.capacities[host].iter().enumerate() {
                slopes[i * d + r].add(i128::from(price));
            }
        }
    }
    slopes
}

/// The minimum of `scale * forgone(x) + slope * x` over the range. Between two points of the utility the
/// function is linear, so an end of the range or a point attains it; without an upper end the slope is
/// not negative and nothing beyond the last point is better.
fn least_forgone(
    utility: &Utility,
    scale: i64,
    slope: &BigInt,
    &Range { low, high }: &Range,
) -> Fraction {
    let points = utility.points();
    let greatest = points.last().map_or(0, |&(_, utility)| utility);
    let at = |amount: u64| {
        // Amounts of instances fit 48 bits.
        let attained = worth(utility, amount as i64, 1);
        let forgone = BigInt::from(greatest) * attained.denominator - attained.numerator;
        let numerator = forgone * scale + slope * amount * attained.denominator;
        Fraction { numerator, denominator: attained.denominator }
    };
    let inside = |&amount: &u64| amount > low && high.is_none_or(|high| amount < high);
    let corners = points.iter().map(|&(amount, _)| amount).filter(inside);
    corners.chain(high).map(at).fold(at(low), |least, other| {
        let (left, right) =
            (&other.numerator * least.denominator, &least.numerator * other.denominator);
        if left < right { other } else { least }
    })
}
