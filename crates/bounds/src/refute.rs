//! Simple proofs that there is no placement.

use vmpack_model::packing::{Instance, Refutation};

use crate::total_demand;

/// A proof that the instance has no placement, if one of the simple ones exists: a VM that fits no host
/// type in stock, or a resource of which all hosts in stock offer too little. That none is found says
/// nothing: whether a placement exists is as hard as finding one.
pub fn refute(instance: &Instance) -> Option<Refutation> {
    let homeless = instance.vms().iter().position(|vm| {
        let mut hosts = instance.hosts().iter().enumerate().filter(|(_, h)| h.stock != Some(0));
        vm.count > 0 && !hosts.any(|(t, _)| vm.rows.clone().any(|row| instance.fits(row, t)))
    });
    if let Some(vm) = homeless {
        return Some(Refutation::FitsNowhere { vm });
    }
    let scarce = |&resource: &usize| {
        stocked(instance, resource)
            .is_some_and(|offer| offer < u128::from(total_demand(instance, resource)))
    };
    (0..instance.dimensions()).find(scarce).map(|resource| Refutation::StockTooSmall { resource })
}

/// What all hosts in stock offer of a resource; `None` without limit.
fn stocked(instance: &Instance, resource: usize) -> Option<u128> {
    let mut total: u128 = 0;
    for (t, host) in instance.hosts().iter().enumerate() {
        let capacity = u128::from(instance.capacity(t)[resource]);
        if capacity > 0 {
            total = total.saturating_add(u128::from(host.stock?) * capacity);
        }
    }
    Some(total)
}
