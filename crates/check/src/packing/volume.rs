//! The volume of one resource: what the hosts must offer together.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Zero;
use vmpack_model::packing::Instance;

use super::rules::usable_of;
use super::{known_resource, total_demand};
use crate::claim::{Lower, Unproved};

/// The least cost of a fractional number of hosts, within stock, that offer as much of the resource as
/// the VMs demand: the linear relaxation of a covering knapsack, which hosts in order of cost per
/// capacity solve. Every placement is a solution of it.
pub(super) fn bound(instance: &Instance, resource: usize) -> Result<Lower, Unproved> {
    known_resource(instance, resource)?;
    let offer = |t: usize| usable_of(instance, t, resource);
    let cost = |t: usize| instance.hosts()[t].cost;
    let mut order: Vec<usize> = (0..instance.hosts().len()).filter(|&t| offer(t) > 0).collect();
    let product = |a: u64, b: u64| u128::from(a) * u128::from(b);
    order.sort_by(|&s, &t| product(cost(s), offer(t)).cmp(&product(cost(t), offer(s))));

    let mut missing = total_demand(instance, resource);
    let mut total = BigRational::zero();
    for t in order {
        let stocked = instance.hosts()[t].stock.map(|stock| BigInt::from(stock) * offer(t));
        let taken = stocked.map_or_else(|| missing.clone(), |stocked| stocked.min(missing.clone()));
        total += BigRational::new(&taken * cost(t), BigInt::from(offer(t)));
        missing -= taken;
    }
    Ok(if missing.is_zero() { Lower::AtLeast(total) } else { Lower::Infinite })
}

/// Whether all hosts in stock together offer less of the resource than the VMs demand.
pub(super) fn exceeds_stock(instance: &Instance, resource: usize) -> Result<(), Unproved> {
    known_resource(instance, resource)?;
    let demanded = total_demand(instance, resource);
    let mut offered = BigInt::zero();
    for (t, host) in instance.hosts().iter().enumerate() {
        let capacity = usable_of(instance, t, resource);
        match host.stock {
            Some(stock) => offered += BigInt::from(stock) * capacity,
            None if capacity > 0 => {
                return Unproved::wrong(format!(
                    "the stock of host type {:?} is unlimited",
                    host.name
                ));
            }
            None => {}
        }
    }
    if offered < demanded {
        return Ok(());
    }
    let name = &instance.resources()[resource].name;
    Unproved::wrong(format!("the stock offers {offered} of {name:?}, and {demanded} is demanded"))
}
