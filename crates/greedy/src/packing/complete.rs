//! From some patterns to a placement of all VMs.

use vmpack_model::Budget;
use vmpack_model::packing::{Instance, Pattern, Placement};

use super::best_fit::BestFitRule;
use super::item_centric::extend;
use super::open_hosts::OpenHosts;
use super::right_size::right_size;
use super::sequence::{Order, Sequence};
use super::stock::Stock;
use vmpack_cluster::{Measure, Scale};

/// A placement with the given patterns: VMs that they place too often are left out, those that they miss
/// are placed by best fit decreasing, on these hosts as well as on new ones. What the rounding of a
/// relaxation, or a dive that ran out of time, leaves to do.
///
/// Earlier patterns keep their VMs first, and hosts that lose all of theirs are not opened. In one
/// resource this is exactly best fit decreasing; in several, sizes and free capacities are compared by
/// the square norm of their fractions. On several host types, contents move to cheaper types at last.
///
/// `None` if a pattern does not fit its host, the patterns need more hosts than there are, the rest does
/// not fit the stock, or the budget is exhausted before all VMs are placed. Takes `O(p + n log n + n g)`
/// for patterns of `p` entries in all, `n` VM types that remain and `g` groups of equal hosts.
///
/// # Panics
/// If a pattern names a demand row or a host type that the instance does not have.
///
/// # Examples
/// ```
/// use vmpack_model::Budget;
/// use vmpack_model::packing::{Instance, Pattern};
///
/// // Two hosts hold a 5 each; there are only three VMs of 4 for the places beside them.
/// let instance = Instance::identical_hosts("", &[10], &[(vec![5], 2), (vec![4], 3)])?;
/// let half = (Pattern { host: 0, vms: vec![(0, 1)] }, 2);
/// let placement = vmpack_greedy::complete(&instance, &[half], &Budget::default());
/// assert_eq!(placement.expect("no stock limit").hosts_opened(), 3);
/// # Ok::<(), vmpack_model::packing::InstanceError>(())
/// ```
pub fn complete(
    instance: &Instance,
    patterns: &[(Pattern, u64)],
    budget: &Budget,
) -> Option<Placement> {
    let mut stock = Stock::new(instance);
    let mut open = OpenHosts::new(instance);
    let mut left: Vec<u64> = instance.vms().iter().map(|vm| vm.count).collect();
    for (pattern, hosts) in patterns {
        keep(instance, pattern, *hosts, &mut left, &mut stock, &mut open)?;
    }
    let scale = Scale::new(instance);
    let measure = Measure::L2;
    let sequence = Sequence::of(instance, &scale, Order::Decreasing(measure), &left);
    let mut rule = BestFitRule { measure, scale: &scale };
    extend(instance, &mut open, &sequence, &mut stock, &mut rule, budget)?;
    Some(right_size(instance, open.into_placement(), &mut stock))
}

/// Opens the hosts of a pattern with the VMs that are left.
fn keep(
    instance: &Instance,
    pattern: &Pattern,
    mut hosts: u64,
    left: &mut [u64],
    stock: &mut Stock,
    open: &mut OpenHosts,
) -> Option<()> {
    let mut vms: Vec<(usize, u64)> = Vec::with_capacity(pattern.vms.len());
    while hosts > 0 {
        vms.clear();
        for &(row, count) in &pattern.vms {
            let vm = instance.type_of_row(row);
            let count = count.min(left[vm]);
            if count > 0 {
                left[vm] -= count;
                vms.push((row, count));
            }
        }
        if vms.is_empty() {
            break;
        }
        // One host is taken out of what is left; as many more as the rest suffices for.
        let of_type = |vm: usize| -> u64 {
            let alike = vms.iter().filter(|&&(row, _)| instance.type_of_row(row) == vm);
            alike.map(|&(_, count)| count).sum()
        };
        let more = vms.iter().map(|&(row, _)| {
            let vm = instance.type_of_row(row);
            left[vm] / of_type(vm)
        });
        let more = more.min().unwrap_or(0).min(hosts - 1);
        for &(row, count) in &vms {
            left[instance.type_of_row(row)] -= more * count;
        }
        if stock.left(pattern.host) <= more {
            return None;
        }
        stock.take(pattern.host, more + 1);
        if !open.open_filled(pattern.host, more + 1, &vms) {
            return None;
        }
        hosts -= more + 1;
    }
    Some(())
}
