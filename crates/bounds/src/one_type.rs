//! The hosts that a single VM type asks for.

use vmpack_model::packing::{Certificate, Instance};
use vmpack_model::{Bound, Value};

/// The dearest of what the VM types ask for at least: one host of the cheapest type that holds one of
/// their VMs. The only bound above zero where VMs demand nothing, and a strong one where few VMs fit
/// nothing but dear hosts.
///
/// The certificate gives every VM of that type the cost of that host as weight, scaled by their count.
///
/// `None` if there are no VMs, or if a VM fits no host type in stock. Takes `O(n t)` for `n` demand rows
/// and `t` host types.
pub fn one_type(instance: &Instance) -> Option<Bound<Certificate>> {
    let mut dearest: Option<(u64, usize)> = None;
    for (i, vm) in instance.vms().iter().enumerate().filter(|(_, vm)| vm.count > 0) {
        let hosts = instance.hosts().iter().enumerate().filter(|(_, host)| host.stock != Some(0));
        let fitting = hosts.filter(|&(t, _)| vm.rows.clone().any(|row| instance.fits(row, t)));
        let cheapest = fitting.map(|(_, host)| host.cost).min()?;
        if dearest.is_none_or(|(cost, _)| cheapest > cost) {
            dearest = Some((cheapest, i));
        }
    }
    let (cost, i) = dearest?;
    let vm = &instance.vms()[i];
    let mut weights = vec![0; instance.rows()];
    weights[vm.rows.clone()].fill(cost);
    // A type without stock may be cheaper; its price makes the weights hold there and costs nothing.
    let absent = |stock: Option<u64>| if stock == Some(0) { cost * vm.count } else { 0 };
    let prices = instance.hosts().iter().map(|host| absent(host.stock)).collect();
    let certificate = Certificate::DualWeights { weights, scale: vm.count, prices };
    Some(Bound::certified(Value::from(cost), certificate))
}
