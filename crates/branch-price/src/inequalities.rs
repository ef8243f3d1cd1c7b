//! Dual-optimal inequalities: an item is worth no less than one that it could stand in for.
//!
//! If item `i` is at least as large as `j` in every resource, any host that holds `i` could hold `j` instead.
//! So there are optimal dual values with `weight[i] >= weight[j]`, and demanding that of all dual values cuts off
//! none of the optimum (Ben Amor, Desrosiers and Valerio de Carvalho 2006, "Dual-optimal inequalities for
//! stabilized column generation", section 3; for vectors, Gschwind and Irnich 2016, section 4). In the program
//! each is an *exchange column*: at no cost it covers `j` once more and `i` once less.
//!
//! They guide the first relaxation, whose dual values swing most, and are gone before anybody looks at its
//! primal solution. Bounds come from dual values that are priced again without them, so none rests on them.

use crate::residual::{Items, Residual};

/// Above this number of items pairs of vectors are not compared: the comparison is quadratic.
const MOST_VECTORS: usize = 2000;

/// Pairs of live items, the larger first, such that all other dominances follow from them, or at least those
/// of which an item has the nearest: one per item and at most as many as items.
///
/// In one resource that is the chain of sizes, in `O(n log n)`; in several, every item has the smallest item
/// above it, by the sum of its shares of `capacity`, in `O(d n^2)`.
pub(crate) fn exchanges(items: &Items, residual: &Residual, capacity: &[u64]) -> Vec<(u32, u32)> {
    let mut order: Vec<u32> = residual.live().collect();
    if capacity.len() == 1 {
        order.sort_by_key(|&item| (items.size(item)[0], item));
        return order.windows(2).map(|pair| (pair[1], pair[0])).collect();
    }
    if order.len() > MOST_VECTORS {
        return Vec::new();
    }
    let share = |item: u32| -> f64 {
        let shares = items.size(item).iter().zip(capacity);
        shares.map(|(&size, &capacity)| size as f64 / capacity.max(1) as f64).sum()
    };
    order.sort_by(|&a, &b| share(a).total_cmp(&share(b)).then(a.cmp(&b)));
    let dominates = |larger: u32, smaller: u32| {
        items.size(larger).iter().zip(items.size(smaller)).all(|(a, b)| a >= b)
    };
    let above = |(place, &item): (usize, &u32)| {
        let larger = order[place + 1..].iter().find(|&&larger| dominates(larger, item))?;
        Some((*larger, item))
    };
    order.iter().enumerate().filter_map(above).collect()
}

#[cfg(test)]
mod tests {
    use vmpack_model::packing::Instance;

    use super::*;

    fn pairs(capacity: &[u64], sizes: &[&[u64]]) -> Vec<(u32, u32)> {
        let sizes: Vec<_> = sizes.iter().map(|size| (size.to_vec(), 1)).collect();
        let instance = Instance::identical_hosts("t", capacity, &sizes).expect("valid");
        exchanges(&Items::new(&instance), &Residual::all(&instance), capacity)
    }

    #[test]
    fn the_chain_of_sizes() {
        assert_eq!(pairs(&[10], &[&[3], &[7], &[5]]), [(2, 0), (1, 2)]);
    }

    #[test]
    fn the_nearest_dominator_of_vectors() {
        let sizes: [&[u64]; 4] = [&[1, 1], &[3, 1], &[1, 4], &[5, 5]];
        assert_eq!(pairs(&[10, 10], &sizes), [(1, 0), (3, 1), (3, 2)]);
    }
}
