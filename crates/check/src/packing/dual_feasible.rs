//! Bounds by dual feasible functions on one resource of a single host type.

use std::cmp::Ordering;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Zero;
use vmpack_model::packing::{DualFeasibleFunction, Instance};

use super::rules::usable_of;
use super::{known_resource, least_demand};
use crate::claim::{Lower, Unproved};
use crate::exact::integer;

/// The least integer number of hosts for the transformed volume, times the cost of a host.
///
/// All three families are non-decreasing, so the transformed least demand of a VM type is the least
/// transformed demand of its alternatives.
pub(super) fn bound(
    instance: &Instance,
    resource: usize,
    function: DualFeasibleFunction,
) -> Result<Lower, Unproved> {
    known_resource(instance, resource)?;
    let [host] = instance.hosts() else {
        let hosts = instance.hosts().len();
        return Unproved::wrong(format!("needs a single host type, the instance has {hosts}"));
    };
    let capacity = usable_of(instance, 0, resource);
    let transformed = Transformed::new(function, capacity)?;
    let mut volume = BigInt::zero();
    for (i, vm) in instance.vms().iter().enumerate().filter(|(_, vm)| vm.count > 0) {
        let size = least_demand(instance, i, resource);
        if size > capacity {
            return Ok(Lower::Infinite);
        }
        volume += BigInt::from(transformed.size(size)) * vm.count;
    }
    let hosts = BigRational::new(volume, BigInt::from(transformed.capacity())).ceil();
    Ok(Lower::AtLeast(hosts * integer(host.cost)))
}

/// A function with a parameter in its range, on a positive capacity.
struct Transformed {
    function: DualFeasibleFunction,
    capacity: u64,
}

impl Transformed {
    fn new(function: DualFeasibleFunction, capacity: u64) -> Result<Self, Unproved> {
        if capacity == 0 {
            return Unproved::wrong("the host offers nothing of the resource");
        }
        let half = capacity / 2;
        match function {
            DualFeasibleFunction::Rounding { k: 0 } => Unproved::wrong("k must be at least 1"),
            DualFeasibleFunction::Threshold { threshold } if threshold > half => Unproved::wrong(
                format!("the threshold {threshold} exceeds half the capacity, {half}"),
            ),
            DualFeasibleFunction::Counting { threshold } if !(1..=half).contains(&threshold) => {
                Unproved::wrong(format!("the threshold {threshold} is not between 1 and {half}"))
            }
            _ => Ok(Self { function, capacity }),
        }
    }

    /// The transformed capacity.
    fn capacity(&self) -> u128 {
        let c = u128::from(self.capacity);
        match self.function {
            DualFeasibleFunction::Rounding { k } => u128::from(k) * c,
            DualFeasibleFunction::Threshold { .. } => c,
            DualFeasibleFunction::Counting { threshold } => 2 * (c / u128::from(threshold)),
        }
    }

    /// The transformed size, for sizes up to the capacity. Products of two 64-bit numbers, one of them
    /// increased by one, fit 128 bits.
    fn size(&self, size: u64) -> u128 {
        let (x, c) = (u128::from(size), u128::from(self.capacity));
        match self.function {
            DualFeasibleFunction::Rounding { k } => {
                let k = u128::from(k);
                let scaled = (k + 1) * x;
                if scaled % c == 0 { k * x } else { scaled / c * c }
            }
            DualFeasibleFunction::Threshold { threshold } => {
                let threshold = u128::from(threshold);
                if x > c - threshold {
                    c
                } else if x < threshold {
                    0
                } else {
                    x
                }
            }
            DualFeasibleFunction::Counting { threshold } => {
                let threshold = u128::from(threshold);
                match (2 * x).cmp(&c) {
                    Ordering::Less => 2 * (x / threshold),
                    Ordering::Equal => c / threshold,
                    Ordering::Greater => 2 * (c / threshold - (c - x) / threshold),
                }
            }
        }
    }
}
