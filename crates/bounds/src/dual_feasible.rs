//! Dual feasible functions: sizes are transformed so that whatever fits a host still does, and the
//! volume bound of the transformed sizes may be stronger.

use std::cmp::Ordering;

use vmpack_model::packing::{Certificate, DualFeasibleFunction, Instance};
use vmpack_model::{Bound, Value};

use crate::least_demand;

/// How many parameters `k` of [`DualFeasibleFunction::Rounding`] are tried per resource. Of 665 instances
/// of BPPLIB, one gained from any of the next thousand.
pub const ROUNDINGS: u64 = 20;

/// How many thresholds of [`DualFeasibleFunction::Counting`] are tried per resource: of all sizes, and
/// all gaps that large sizes leave, an even sample if there are more. On the same 665 instances a
/// thousand found nothing more.
pub const COUNTINGS: usize = 100;

/// The strongest bound by a dual feasible function on one resource, on instances of one host type:
/// the least number of hosts for the transformed volume, times the cost of a host. Among equals the
/// first family wins, in the order below, and in it the smallest parameter.
///
/// * [`Threshold`](DualFeasibleFunction::Threshold), all parameters: the bound L2 of Martello and Toth
///   (1990).
/// * [`Rounding`](DualFeasibleFunction::Rounding) for `k` up to [`ROUNDINGS`], on capacities that leave
///   room for the product in 64 bits.
/// * [`Counting`](DualFeasibleFunction::Counting) for up to [`COUNTINGS`] thresholds.
///
/// Fekete, Schepers, *New classes of fast lower bounds for bin packing problems* (2001); Boschetti,
/// Mingozzi, *The two-dimensional finite bin packing problem, part I* (2003).
///
/// Every parameter takes time linear in the distinct sizes, except that all thresholds together take
/// `O(n log n)`.
///
/// `None` if there are several host types, if the host offers nothing of the resource, or if a VM
/// demands more of it than a host offers.
///
/// # Panics
/// If there is no such resource.
pub fn dual_feasible(instance: &Instance, resource: usize) -> Option<Bound<Certificate>> {
    let [host] = instance.hosts() else { return None };
    let sizes = Sizes::of(instance, resource)?;
    let (hosts, function) = sizes.strongest();
    let value = Value::from(i128::from(hosts) * i128::from(host.cost));
    Some(Bound::certified(value, Certificate::DualFeasible { resource, function }))
}

/// One resource's sizes on one host.
struct Sizes {
    capacity: u64,
    /// Distinct sizes in rising order, none above the capacity, with positive counts.
    items: Vec<(u64, u64)>,
}

impl Sizes {
    fn of(instance: &Instance, resource: usize) -> Option<Self> {
        let capacity = instance.capacity(0)[resource];
        let mut items: Vec<(u64, u64)> = Vec::with_capacity(instance.vms().len());
        for (i, vm) in instance.vms().iter().enumerate() {
            items.push((least_demand(instance, i, resource), vm.count));
        }
        items.retain(|&(_, count)| count > 0);
        items.sort_unstable();
        items.dedup_by(|next, kept| {
            let equal = next.0 == kept.0;
            if equal {
                kept.1 += next.1;
            }
            equal
        });
        let fits = items.last().is_none_or(|&(largest, _)| largest <= capacity);
        (capacity > 0 && fits).then_some(Self { capacity, items })
    }

    /// The greatest number of hosts that a function of any family proves necessary.
    fn strongest(&self) -> (u64, DualFeasibleFunction) {
        let mut best = self.threshold();
        let mut consider = |hosts: u64, function: DualFeasibleFunction| {
            if hosts > best.0 {
                best = (hosts, function);
            }
        };
        for k in 1..=ROUNDINGS {
            if let Some(hosts) = self.rounding(k) {
                consider(hosts, DualFeasibleFunction::Rounding { k });
            }
        }
        for threshold in self.counting_thresholds() {
            consider(self.counting(threshold), DualFeasibleFunction::Counting { threshold });
        }
        best
    }

    /// The best threshold and its number of hosts, by two pointers over the sorted sizes.
    ///
    /// Between two small sizes the bound grows with the threshold, because more large sizes count as a
    /// whole host; so only the small sizes themselves and half the capacity need to be tried.
    fn threshold(&self) -> (u64, DualFeasibleFunction) {
        let (c, half) = (self.capacity, self.capacity / 2);
        // Sizes `items[small..large]` count as they are, those above as a whole host.
        let (mut small, mut large) = (0, self.items.len());
        let mut middle: u64 = self.items.iter().map(|&(size, count)| size * count).sum();
        let mut whole: u64 = 0;
        let mut best = (middle.div_ceil(c), 0);
        let sizes = self.items.iter().map(|&(size, _)| size).take_while(|&size| size <= half);
        for threshold in sizes.chain([half]) {
            while small < large && self.items[small].0 < threshold {
                middle -= self.items[small].0 * self.items[small].1;
                small += 1;
            }
            while large > small && self.items[large - 1].0 > c - threshold {
                large -= 1;
                middle -= self.items[large].0 * self.items[large].1;
                whole += self.items[large].1;
            }
            let hosts = whole + middle.div_ceil(c);
            if hosts > best.0 {
                best = (hosts, threshold);
            }
        }
        (best.0, DualFeasibleFunction::Threshold { threshold: best.1 })
    }

    /// The number of hosts by [`DualFeasibleFunction::Rounding`]; `None` if `(k + 1) c` leaves 64 bits.
    fn rounding(&self, k: u64) -> Option<u64> {
        let c = self.capacity;
        c.checked_mul(k + 1)?;
        self.hosts(u128::from(k) * u128::from(c), |size| {
            let scaled = (k + 1) * size;
            let floor = scaled / c * c;
            if floor == scaled { k * size } else { floor }
        })
    }

    /// The number of hosts by [`DualFeasibleFunction::Counting`].
    fn counting(&self, threshold: u64) -> u64 {
        let c = self.capacity;
        let m = c / threshold;
        let hosts = self.hosts(2 * u128::from(m), |size| match (c - size).cmp(&size) {
            Ordering::Less => 2 * (m - (c - size) / threshold),
            Ordering::Equal => m,
            Ordering::Greater => 2 * (size / threshold),
        });
        hosts.unwrap_or(0)
    }

    /// Thresholds at which some size or the capacity is a whole number of thresholds: small sizes and
    /// what large sizes leave free.
    fn counting_thresholds(&self) -> Vec<u64> {
        let candidate = |&(size, _): &(u64, u64)| size.min(self.capacity - size);
        let mut all: Vec<u64> = self.items.iter().map(candidate).filter(|&t| t > 0).collect();
        all.sort_unstable();
        all.dedup();
        if all.len() <= COUNTINGS {
            return all;
        }
        (0..COUNTINGS).map(|i| all[i * (all.len() - 1) / (COUNTINGS - 1)]).collect()
    }

    /// The least number of hosts of the transformed capacity that hold the transformed volume; `None`
    /// on overflow.
    fn hosts(&self, capacity: u128, transform: impl Fn(u64) -> u64) -> Option<u64> {
        let mut volume: u128 = 0;
        for &(size, count) in &self.items {
            volume += u128::from(transform(size)) * u128::from(count);
        }
        u64::try_from(volume.div_ceil(capacity)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(capacity: u64, items: &[(u64, u64)]) -> Sizes {
        Sizes { capacity, items: items.to_vec() }
    }

    #[test]
    fn threshold_is_l2() {
        // Two sizes above half share no host although their volume would fit in two hosts of three.
        assert_eq!(sizes(10, &[(6, 3)]).threshold().0, 3);
        // 7s leave 3, too little for a 4: the 4s pair up in hosts of their own.
        assert_eq!(sizes(10, &[(4, 4), (7, 3)]).threshold().0, 5);
    }

    #[test]
    fn rounding_beats_l2_where_three_never_fit() {
        // No three of size 4 share a host of 10, so seven need four hosts; the volume alone says three.
        let seven = sizes(10, &[(4, 7)]);
        assert_eq!(seven.threshold().0, 3);
        assert_eq!(seven.rounding(2), Some(4));
    }

    #[test]
    fn counting_counts_whole_thresholds() {
        // With threshold 4 a size of 4 counts 1 of 2 per host.
        assert_eq!(sizes(10, &[(4, 7)]).counting(4), 4);
    }
}
