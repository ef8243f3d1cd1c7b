//! Amounts against their instance.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, Zero};
use vmpack_model::Value;
use vmpack_model::allocation::{Amounts, Instance, Objective};

use super::utility::worth;
use crate::claim::Feasible;
use crate::exact::{FractionSum, Interval, Sum, value};
use crate::violations::Violations;

/// The greatest tolerance that a method may state, in parts per billion: `1e-6`.
pub(super) const GREATEST_TOLERANCE_PPB: u32 = 1000;

/// Derives that reservations, limits, capacities and service demands are kept, exactly or within the
/// stated tolerance (a constraint on `rhs` may be missed by `tolerance * max(1, |rhs|)`), and the cost.
///
/// Linear in VMs times resources plus the terms of the services.
pub(super) fn judge(instance: &Instance, amounts: &Amounts) -> Result<Feasible, Vec<String>> {
    let (n, d) = (instance.vms().len(), instance.resources().len());
    if amounts.numerators.dim() != (n, d) {
        let (rows, columns) = amounts.numerators.dim();
        return Err(vec![format!("expected {n} x {d} amounts, found {rows} x {columns}")]);
    }
    if amounts.denominator <= 0 {
        return Err(vec![format!("the denominator {} is not positive", amounts.denominator)]);
    }
    if amounts.tolerance_ppb > GREATEST_TOLERANCE_PPB {
        return Err(vec![format!(
            "a tolerance of {} parts per billion is stated, more than the {GREATEST_TOLERANCE_PPB} \
             that are accepted",
            amounts.tolerance_ppb
        )]);
    }
    let mut constraints = Constraints::new(amounts);
    constraints.ranges(instance);
    constraints.capacities(instance);
    constraints.services(instance);
    let Constraints { greatest_miss, mut violations, .. } = constraints;
    let cost = cost(instance, amounts);
    let value_above = cost.value_above().unwrap_or_else(|| {
        violations.push(|| "the cost does not fit a fraction of 128-bit integers".to_owned());
        Value::ZERO
    });
    let violation = value(&greatest_miss).unwrap_or_else(|| {
        violations.push(|| "the miss of a constraint does not fit 128 bits".to_owned());
        Value::ZERO
    });
    violations.into_result()?;
    let approximate = amounts.tolerance_ppb > 0;
    let notes = Vec::new();
    Ok(Feasible { cost, value: value_above, violation, approximate, notes })
}

struct Constraints<'a> {
    amounts: &'a Amounts,
    greatest_miss: BigRational,
    violations: Violations,
}

impl<'a> Constraints<'a> {
    fn new(amounts: &'a Amounts) -> Self {
        Self { amounts, greatest_miss: BigRational::zero(), violations: Violations::default() }
    }

    /// An integer right-hand side in the units of the numerators.
    fn scaled(&self, rhs: impl Into<i128>) -> i128 {
        // Magnitudes of instances fit 48 bits, denominators 63.
        rhs.into() * i128::from(self.amounts.denominator)
    }

    /// Takes note of a constraint on `rhs` that is missed by `miss / denominator` if that is positive.
    fn missed(
        &mut self,
        miss: &BigInt,
        rhs: impl Into<i128>,
        sentence: impl FnOnce(&BigRational) -> String,
    ) {
        if !miss.is_positive() {
            return;
        }
        let tolerance = BigInt::from(self.amounts.tolerance_ppb);
        let allowed = tolerance * rhs.into().abs().max(1) * self.amounts.denominator;
        let amount = BigRational::new(miss.clone(), BigInt::from(self.amounts.denominator));
        if miss * 1_000_000_000 > allowed {
            self.violations.push(|| sentence(&amount));
        } else if amount > self.greatest_miss {
            self.greatest_miss = amount;
        }
    }

    fn ranges(&mut self, instance: &Instance) {
        for ((i, r), &amount) in self.amounts.numerators.indexed_iter() {
            let amount = i128::from(amount);
            let of = || {
                let (vm, resource) = (&instance.vms()[i].name, &instance.resources()[r].name);
                format!("VM {vm:?}, {resource:?}")
            };
            let reservation = instance.reservation(i, r);
            let miss = self.scaled(reservation) - amount;
            if miss > 0 {
                self.missed(&BigInt::from(miss), reservation, |miss| {
                    format!("{}: {miss} below the reservation {reservation}", of())
                });
            }
            let Some(limit) = instance.limit(i, r) else { continue };
            let miss = amount - self.scaled(limit);
            if miss > 0 {
                self.missed(&BigInt::from(miss), limit, |miss| {
                    format!("{}: {miss} above the limit {limit}", of())
                });
            }
        }
    }

    fn capacities(&mut self, instance: &Instance) {
        let d = instance.resources().len();
        let mut used = vec![Sum::default(); instance.hosts().len() * d];
        for ((i, r), &amount) in self.amounts.numerators.indexed_iter() {
            if let Some(host) = instance.vms()[i].host {
                used[host * d + r].add(i128::from(amount));
            }
        }
        for (at, used) in used.into_iter().enumerate() {
            let (host, r) = (at / d, at % d);
            let capacity = instance.capacity(host, r);
            let miss = used.total() - self.scaled(capacity);
            self.missed(&miss, capacity, |miss| {
                let (host, resource) = (&instance.hosts()[host], &instance.resources()[r].name);
                format!("host {host:?}, {resource:?}: {miss} above the capacity {capacity}")
            });
        }
    }

    fn services(&mut self, instance: &Instance) {
        for service in instance.services() {
            let mut served = Sum::default();
            for term in &service.terms {
                let amount = self.amounts.numerators[[term.vm, term.resource]];
                served.add(i128::from(amount) * i128::from(term.coefficient));
            }
            let miss = self.scaled(service.required) - served.total();
            self.missed(&miss, service.required, |miss| {
                format!(
                    "service {:?}: {miss} below the required {}",
                    service.name, service.required
                )
            });
        }
    }
}

fn cost(instance: &Instance, amounts: &Amounts) -> Interval {
    let scale = amounts.denominator;
    let mut total = FractionSum::default();
    match instance.objective() {
        Objective::Cost(costs) => {
            let mut sum = Sum::default();
            for (at, &amount) in amounts.numerators.indexed_iter() {
                sum.add(i128::from(amount) * i128::from(costs[at]));
            }
            total.add(sum.total(), 1);
        }
        Objective::Utility(utilities) => {
            let d = instance.resources().len();
            for ((i, r), &amount) in amounts.numerators.indexed_iter() {
                let utility = &utilities[i * d + r];
                let greatest = utility.points().last().map_or(0, |&(_, utility)| utility);
                let attained = worth(utility, amount, scale);
                total.add(BigInt::from(greatest) * scale, 1);
                total.add(-attained.numerator, attained.denominator);
            }
        }
    }
    total.over(scale)
}
