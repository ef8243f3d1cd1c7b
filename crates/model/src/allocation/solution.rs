//! The answer: amounts.

use ndarray::Array2;
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

    /// The exact cost of the amounts, as methods claim it; the checker has its own sum.
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
                Value::from(forgone.sum::<num_rational::Ratio<i128>>())
            }
        }
    }
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
        let flat = numerators.concat();
        let numerators = Array2::from_shape_vec(shape, flat)
            .map_err(|_| D::Error::custom("every VM needs one amount per resource"))?;
        Ok(Self { numerators, denominator, tolerance_ppb })
    }
}
