//! The dot-product rule.

use vmpack_model::packing::{Instance, Packing};
use vmpack_model::{Budget, Kind, Method, Observer, Outcome, Unsupported};

use super::bin_centric::{Preference, solve};

/// Fills host after host, each time with the VM whose demand has the greatest weighted dot product with
/// what is free: `sum over k of a[k] demand[k] free[k]`. The weights `a` are the shares of the resources
/// in the total demand and stay as they are, so that equal hosts are filled alike.
#[derive(Debug)]
pub(crate) struct DotProduct;

impl Preference for DotProduct {
    fn preference(demand: &[u64], free: &[u64], weights: &[u64]) -> i128 {
        let terms = demand.iter().zip(free).zip(weights).map(|((&demand, &free), &weight)| {
            i128::from(demand) * i128::from(free) * i128::from(weight)
        });
        terms.sum()
    }
}

impl Method<Packing> for DotProduct {
    fn name(&self) -> &'static str {
        "dot-product"
    }

    fn kind(&self) -> Kind {
        Kind::Greedy
    }

    fn summary(&self) -> &'static str {
        "fills host after host with the VM whose demand points most in the direction of what is free"
    }

    fn reference(&self) -> &'static str {
        "Panigrahy, Talwar, Uyeda, Wieder: Heuristics for Vector Bin Packing (2011), DotProduct"
    }

    fn supports(&self, _: &Instance) -> Result<(), Unsupported> {
        Ok(())
    }

    fn solve(
        &self,
        instance: &Instance,
        budget: &Budget,
        observer: &mut dyn Observer,
    ) -> Outcome<Packing> {
        solve::<Self>(instance, budget, observer)
    }
}
