//! The norm-based greedy rule.

use vmpack_model::packing::{Instance, Packing};
use vmpack_model::{Budget, Kind, Method, Observer, Outcome, Unsupported};

use super::bin_centric::{Preference, solve};

/// Fills host after host, each time with the VM that leaves the least weighted square norm free:
/// `sum over k of a[k] (free[k] - demand[k])^2`. The weights `a` are the shares of the resources in the
/// total demand and stay as they are, so that equal hosts are filled alike.
#[derive(Debug)]
pub(crate) struct L2NormGreedy;

impl Preference for L2NormGreedy {
    fn preference(demand: &[u64], free: &[u64], weights: &[u64]) -> i128 {
        let terms = demand.iter().zip(free).zip(weights).map(|((&demand, &free), &weight)| {
            let gap = i128::from(free) - i128::from(demand);
            gap * gap * i128::from(weight)
        });
        -terms.sum::<i128>()
    }
}

impl Method<Packing> for L2NormGreedy {
    fn name(&self) -> &'static str {
        "l2-norm-greedy"
    }

    fn kind(&self) -> Kind {
        Kind::Greedy
    }

    fn summary(&self) -> &'static str {
        "fills host after host with the VM that leaves the shortest vector of free capacities"
    }

    fn reference(&self) -> &'static str {
        "Panigrahy, Talwar, Uyeda, Wieder: Heuristics for Vector Bin Packing (2011), Norm-based Greedy"
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
