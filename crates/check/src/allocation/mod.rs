//! The allocation family: amounts, bounds from multipliers, and refutations.
//!
//! Everything is derived in exact fractions. Two allowances are made for methods that compute in
//! floating point, and both are stated here once:
//!
//! * A solution that states a tolerance may miss constraints by as much ([`amounts`]); the greatest miss
//!   is reported. Its cost may then lie below that of every exact solution, so a bound contradicts it
//!   only if it is above its cost by more than [`MARGIN`], relatively.
//! * Amounts are continuous, so the cost of a rounded solution seldom equals the bound: `optimal` is
//!   true if the cost exceeds the bound by at most [`MARGIN`], relatively.

mod amounts;
mod multipliers;
mod ray;
mod utility;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed};
use vmpack_model::allocation::{Allocation, Amounts, Instance, Multipliers, Refutation};
use vmpack_model::{Outcome, Status, Value};

use crate::claim::{self, Derive, Feasible, Lower, Unproved};
use crate::exact::rational;
use crate::{Effort, Judge, Judgement};

/// One in so many parts is the relative margin between cost and bound; absolute below 1.
pub(crate) const MARGIN: u32 = 1_000_000;

impl Judge for Allocation {
    fn judge(instance: &Instance, outcome: &Outcome<Self>, effort: &Effort) -> Judgement {
        claim::judge(instance, outcome, *effort)
    }
}

impl Derive for Allocation {
    fn solution(instance: &Instance, amounts: &Amounts) -> Result<Feasible, Vec<String>> {
        amounts::judge(instance, amounts)
    }

    fn bound(instance: &Instance, multipliers: &Multipliers, _: Effort) -> Result<Lower, Unproved> {
        multipliers::bound(instance, multipliers, instance.objective().into())
    }

    fn refutation(
        instance: &Instance,
        status: Status,
        refutation: &Refutation,
        _: Effort,
    ) -> Result<(), Unproved> {
        match (status, refutation) {
            (Status::Infeasible, Refutation::Infeasible { multipliers }) => {
                multipliers::contradiction(instance, multipliers)
            }
            (Status::Unbounded, Refutation::Unbounded { point, ray }) => {
                ray::unbounded(instance, point, ray)
            }
            _ => Unproved::wrong(format!("the evidence is not for {status}")),
        }
    }

    fn bounded(instance: &Instance) -> Option<String> {
        let (services, hosts) = (instance.services().len(), instance.hosts().len());
        let free = Multipliers::zero(services, hosts, instance.resources().len());
        match multipliers::bound(instance, &free, instance.objective().into()).ok()? {
            Lower::Infinite => Some("a reservation exceeds the capacity of its host".to_owned()),
            Lower::AtLeast(_) => Some("no unlimited amount has a negative unit cost".to_owned()),
        }
    }

    fn closes(_: &Instance, bound: Value, solution: &Feasible) -> bool {
        let cost = &solution.cost.high;
        cost - rational(bound) <= margin(cost)
    }

    fn contradicts(bound: Value, solution: &Feasible) -> bool {
        let cost = &solution.cost.high;
        let above = rational(bound) - cost;
        if solution.approximate { above > margin(cost) } else { above.is_positive() }
    }
}

/// How far a cost and a bound may lie apart and still count as equal.
pub(crate) fn margin(cost: &BigRational) -> BigRational {
    cost.abs().max(BigRational::one()) / BigInt::from(MARGIN)
}
