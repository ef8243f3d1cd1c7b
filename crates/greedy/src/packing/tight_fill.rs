//! The tight-fill rule.

use super::bin_centric::Preference;

/// Fills host after host, each time with the VM that takes the greatest shares of what is free:
/// `sum over k of a[k] demand[k] / free[k]`.
#[derive(Debug)]
pub(crate) struct TightFill;

impl Preference for TightFill {
    const LINEAR: bool = false;

    fn preference(demand: &[u64], free: &[u64], weights: &[u64]) -> i128 {
        let terms = demand.iter().zip(free).zip(weights).map(|((&demand, &free), &weight)| {
            // Where nothing is free, VMs that fit demand less than a unit.
            i128::from(weight) * ((i128::from(demand) << 40) / i128::from(free.max(1)))
        });
        terms.sum()
    }
}
