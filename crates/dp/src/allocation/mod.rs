//! Allocation by dynamic programming over quanta.

mod covering;
mod duals;
mod plan;
mod prices;
mod quanta;
mod table;
mod utility;

use ndarray::Array2;
use vmpack_model::allocation::{Allocation, Instance, Objective};
use vmpack_model::{Budget, Kind, Method, Observer, Outcome, Unsupported};

/// Dynamic programs over quanta of capacity or of requirements.
///
/// **Utility.** Without services each host and resource is a problem of its own: a multiple-choice
/// knapsack over the thresholds of stepped utilities, in units of their greatest common divisor,
/// joined with the merged slopes of the concave ones (the convolution of concave functions).
/// Amounts between two thresholds are worth nothing, and a concave utility takes what is left, so
/// where thresholds need no rounding the answer is optimal over all continuous amounts although
/// every amount is an integer, and is claimed to be. If the capacity exceeds [`MAX_CELLS`] units
/// (or the memory limit), thresholds are rounded up to a coarser quantum, and the answer is only
/// feasible.
///
/// **Cost.** Above the reservations each group of services that share VMs is a covering knapsack: a
/// table over the remaining requirement of every service of the group and, where a host could
/// overflow, over its remaining capacity; amounts in binary parts. Up to [`MAX_CELLS`] cells
/// requirements are exact integers; beyond, gains and requirements are rounded to quanta, and the
/// amounts found are then topped up where a service lacks something and cut where it has too much.
/// A group that would be left with fewer than 16 quanta per service or host is refused, as are
/// negative unit costs and coefficients. An optimum over integer amounts is *not* proved optimal
/// over continuous ones: optimality is claimed only if the bound from prices meets the cost.
///
/// Past the end of the budget the rest is given out greedily.
///
/// # Complexity
/// Utility: `O(n log n + K T)` per host and resource with `K` quanta and `T` thresholds. Cost:
/// `O(K P)` per group with `K` cells and `P` binary parts. Memory: `8 K` bytes, and `4 K` bytes per VM
/// (utility) or `K` bits per part (cost). The work that the budget limits are tables filled.
///
/// # References
/// Kellerer, Pferschy, Pisinger, *Knapsack Problems* (2004), section 11.5 (multiple choice) and
/// chapter 13 (minimisation); Ibaraki, Katoh, *Resource Allocation Problems* (1988), for concave
/// utilities.
#[derive(Clone, Copy, Debug)]
pub struct AllocDp;

/// The greatest number of cells of one table of [`AllocDp`].
pub const MAX_CELLS: u64 = 1 << 20;

impl Method<Allocation> for AllocDp {
    fn name(&self) -> &'static str {
        "alloc-dp"
    }

    fn kind(&self) -> Kind {
        Kind::DynamicProgramming
    }

    fn summary(&self) -> &'static str {
        "multiple-choice knapsack per host (utility), covering knapsack per group of services (cost)"
    }

    fn reference(&self) -> &'static str {
        "Kellerer, Pferschy, Pisinger (2004), Knapsack Problems, section 11.5; \
         Ibaraki, Katoh (1988), Resource Allocation Problems"
    }

    fn supports(&self, instance: &Instance) -> Result<(), Unsupported> {
        match instance.objective() {
            Objective::Utility(_) => utility::supports(instance),
            Objective::Cost(costs) => covering::supports(instance, costs),
        }
    }

    fn solve(
        &self,
        instance: &Instance,
        budget: &Budget,
        observer: &mut dyn Observer,
    ) -> Outcome<Allocation> {
        match instance.objective() {
            Objective::Utility(_) => utility::solve(instance, budget, observer),
            Objective::Cost(costs) => covering::solve(instance, costs, budget, observer),
        }
    }
}

/// By how much the reservations on each host stay below its capacity, hosts x resources; `None`
/// where they exceed it.
fn spare(instance: &Instance) -> Array2<Option<u64>> {
    let (hosts, d) = (instance.hosts().len(), instance.resources().len());
    let mut reserved = Array2::<u128>::zeros((hosts, d));
    for (i, vm) in instance.vms().iter().enumerate() {
        if let Some(host) = vm.host {
            (0..d).for_each(|r| reserved[[host, r]] += u128::from(instance.reservation(i, r)));
        }
    }
    Array2::from_shape_fn((hosts, d), |at| {
        let spare = u128::from(instance.capacity(at.0, at.1)).checked_sub(reserved[at]);
        spare.map(|spare| spare as u64)
    })
}
