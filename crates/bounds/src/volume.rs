//! The volume bound per resource.

use vmpack_model::packing::{Certificate, Instance};
use vmpack_model::{Bound, Value};

use crate::{attainable, total_demand};

/// The least cost of a fractional number of hosts, within stock, that offer as much of the resource as
/// all VMs demand, rounded up to a cost that sums of host costs can have: a multiple of their greatest
/// common divisor.
///
/// For one host type of cost 1 this is `L1 = ceil(demand / capacity)` of Martello and Toth, *Lower
/// bounds and reduction procedures for the bin packing problem* (1990). In general it is the fractional
/// covering knapsack, which Dantzig's rule solves: hosts in order of cost per capacity.
///
/// `None` if all stock together is too small. Takes `O(n + t log t)` for `n` demand rows and `t` host
/// types.
///
/// # Panics
/// If there is no such resource.
pub fn volume(instance: &Instance, resource: usize) -> Option<Bound<Certificate>> {
    let capacity = |t: usize| u128::from(instance.capacity(t)[resource]);
    let cost = |t: usize| u128::from(instance.hosts()[t].cost);
    let mut order: Vec<usize> = (0..instance.hosts().len()).filter(|&t| capacity(t) > 0).collect();
    order.sort_by(|&s, &t| (cost(s) * capacity(t)).cmp(&(cost(t) * capacity(s))));

    let mut missing = u128::from(total_demand(instance, resource));
    let mut total: u128 = 0;
    for t in order {
        let stock = instance.hosts()[t].stock.map(u128::from);
        let part = match stock {
            Some(hosts) if hosts * capacity(t) < missing => {
                missing -= hosts * capacity(t);
                hosts * cost(t)
            }
            _ => {
                let part = (missing * cost(t)).div_ceil(capacity(t));
                missing = 0;
                part
            }
        };
        total = total.checked_add(part)?;
        if missing == 0 {
            break;
        }
    }
    if missing > 0 {
        return None;
    }
    let value = attainable(instance, Value::from(i128::try_from(total).ok()?))?;
    Some(Bound::certified(value, Certificate::Volume { resource }))
}
