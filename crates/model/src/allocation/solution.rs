//! The answer: amounts.

use ndarray::Array2;
use num_rational::Ratio;
use num_traits::CheckedAdd;
use serde::{Deserialize, Serialize};

use super::{Instance, Objective};
use crate::Value;

/// An amount for every VM and resource, as fractions with one common denominator.
///
/// A method that computes in integers or fractions gives `tolerance_ppb = 0`: every constraint then
/// holds exactly, or the answer is wrong. A method that computes in floating point rounds its amounts to
/// a multiple of `1 / denominator` and states by how much it may miss a constraint; the checker reports
/// the greatest miss it finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amounts {
    /// Amounts times the denominator, VMs x resources.
    pub numerators: Array2<i64>,
    /// The common denominator; positive.
    pub denominator: i64,
    /// The stated tolerance in parts per billion: a constraint `lhs >= rhs` may be missed by
    /// `tolerance * max(1, |rhs|)`.
    pub tolerance_ppb: u32,
}

impl Amounts {
    /// Whole units, exact.
    pub fn integers(amounts: Array2<i64>) -> Self {
        Self { numerators: amounts, denominator: 1, tolerance_ppb: 0 }
    }

    /// The amount of resource `r` that VM `i` gets.
    ///
    /// # Panics
    /// If there is no such VM or resource, or if the denominator is zero.
    pub fn amount(&self, i: usize, r: usize) -> Value {
        Value::new(self.numerators[[i, r]].into(), self.denominator.into())
            .expect("denominators are positive")
    }

    /// The cost of the amounts, as methods claim it; the checker has its own sum. It is exact unless
    /// utilities have so many different denominators that 128 bits do not hold it; then it is rounded up
    /// to a multiple of `2^-32`.
    ///
    /// # Panics
    /// If the shapes of amounts and instance differ.
    pub fn cost(&self, instance: &Instance) -> Value {
        match instance.objective() {
            Objective::Cost(costs) => {
                let sum: i128 = self
                    .numerators
                    .indexed_iter()
                    .map(|(at, &x)| i128::from(x) * i128::from(costs[at]))
                    .sum();
                Value::new(sum, self.denominator.into()).expect("denominators are positive")
            }
            Objective::Utility(_) => {
                let forgone = self.numerators.indexed_iter().map(|((i, r), _)| {
                    let utility = instance.utility(i, r).expect("the objective is utility");
                    Value::from(utility.greatest()).ratio() - utility.at(self.amount(i, r)).ratio()
                });
                sum_rounded_up(&forgone.collect::<Vec<_>>())
            }
        }
    }
}

/// The sum of fractions that are not negative; where 128 bits do not hold it, the next multiple of
/// `2^-32`.
fn sum_rounded_up(terms: &[Ratio<i128>]) -> Value {
    let zero = Ratio::from_integer(0);
    if let Some(sum) = terms.iter().try_fold(zero, |sum: Ratio<i128>, term| sum.checked_add(term)) {
        return Value::from(sum);
    }
    let whole: i128 = terms.iter().map(|term| term.floor().to_integer()).sum();
    let fraction: i128 = terms.iter().map(|term| binary_digits(term.fract())).sum();
    let unit = 1 << 32;
    Value::from(Ratio::new(whole * unit + (fraction + unit - 1) / unit, unit))
}

/// The first 64 binary digits behind the point of a fraction below 1, rounded up.
fn binary_digits(fraction: Ratio<i128>) -> i128 {
    let (mut rest, denominator) = (*fraction.numer(), *fraction.denom());
    let mut digits = 0;
    for _ in 0..64 {
        // `denominator - rest` does not overflow where `2 * rest` might.
        let carry = rest >= denominator - rest;
        rest = if carry { rest - (denominator - rest) } else { 2 * rest };
        digits = 2 * digits + i128::from(carry);
    }
    digits + i128::from(rest > 0)
}

/// The form in files: rows of numerators.
#[derive(Serialize, Deserialize)]
struct Form {
    denominator: i64,
    tolerance_ppb: u32,
    numerators: Vec<Vec<i64>>,
}

impl Serialize for Amounts {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let numerators = self.numerators.outer_iter().map(|row| row.to_vec()).collect();
        let (denominator, tolerance_ppb) = (self.denominator, self.tolerance_ppb);
        Form { denominator, tolerance_ppb, numerators }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Amounts {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let Form { denominator, tolerance_ppb, numerators } = Form::deserialize(deserializer)?;
        if denominator <= 0 {
            return Err(D::Error::custom("the denominator must be positive"));
        }
        let shape = (numerators.len(), numerators.first().map_or(0, Vec::len));
        if numerators.iter().any(|row| row.len() != shape.1) {
            return Err(D::Error::custom("every VM needs one amount per resource"));
        }
        let numerators = Array2::from_shape_vec(shape, numerators.concat())
            .expect("all rows have the length of the first");
        Ok(Self { numerators, denominator, tolerance_ppb })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_beyond_128_bits_are_rounded_up_a_little() {
        let primes = [101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167, 173];
        let thirds = [Ratio::new(1, 3), Ratio::new(5, 3)];
        assert_eq!(sum_rounded_up(&thirds), Value::from(2_u64));
        let powers: Vec<_> = primes.iter().map(|p: &i128| Ratio::new(1, p.pow(5))).collect();
        let sum = sum_rounded_up(&powers);
        let exact: f64 = primes.iter().map(|&p| (p as f64).powi(-5)).sum();
        assert_eq!(sum.denominator(), 1 << 32, "the least multiple that is not smaller");
        assert!(sum.to_f64() >= exact && sum.to_f64() < exact + 2.0_f64.powi(-31));
    }
}
