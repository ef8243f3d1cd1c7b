//! Evidence that the checker can derive a bound or an impossibility from, in integers.

use serde::{Deserialize, Serialize};

/// Evidence for a lower bound on the cost of a placement.
///
/// With alternative demand rows, wherever a certificate speaks of the demand of a VM type for a
/// resource, the least over its alternatives is meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Certificate {
    /// The hosts must offer as much of one resource as all VMs demand: the least cost of a fractional
    /// number of hosts (within stock) whose capacities of `resource` add up to the total demand, rounded
    /// up. For one host type of cost 1 this is `ceil(total demand / capacity)`, the bound L1 of Martello
    /// and Toth (1990).
    Volume {
        /// Index of the resource.
        resource: usize,
    },
    /// A dual feasible function applied to the demands of one resource, on a single host type: the
    /// least integer number of hosts that the transformed volume needs, times the cost of the type.
    DualFeasible {
        /// Index of the resource.
        resource: usize,
        /// Which function.
        function: DualFeasibleFunction,
    },
    /// Every demand row `i` gets an integer weight such that no host of type `t` can hold VMs (at most
    /// `count` of each type) worth more than `scale * cost[t] + prices[t]`. Then the cost is at least
    /// `(sum over types of count * least weight of its rows - sum of stock[t] * prices[t]) / scale`,
    /// rounded up. The checker re-proves the premise by an exact knapsack per host type. These are the
    /// duals of the Gilmore-Gomory linear program (1961), rounded to integers.
    DualWeights {
        /// One weight per demand row.
        weights: Vec<u64>,
        /// The common factor of the weights; positive.
        scale: u64,
        /// One price per host type for the use of limited stock; zero for types of unlimited stock.
        prices: Vec<u64>,
    },
}

/// A family of dual feasible functions: maps sizes so that whatever fits one host still does after the
/// transformation. `x` is a size, `c` the capacity, both integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "name")]
pub enum DualFeasibleFunction {
    /// `u^(k)` of Fekete and Schepers (2001): `x -> x * k` if `(k + 1) x` is a multiple of `c`, else
    /// `floor((k + 1) x / c) * c`, on a capacity of `k * c`.
    Rounding {
        /// The parameter `k`, at least 1.
        k: u64,
    },
    /// `U^(eps)` of Fekete and Schepers (2001), the function behind the bound L2 of Martello and Toth
    /// (1990): `x -> c` if `x > c - threshold`, `0` if `x < threshold`, else `x`, on the capacity `c`.
    Threshold {
        /// The threshold, between 0 and half the capacity.
        threshold: u64,
    },
    /// `phi^(eps)` of Fekete and Schepers (2001) as Boschetti and Mingozzi (2003) write it, in integers:
    /// with `m = floor(c / threshold)`, `x -> 2 (m - floor((c - x) / threshold))` if `2 x > c`, `m` if
    /// `2 x = c`, `2 floor(x / threshold)` if `2 x < c`, on a capacity of `2 m`.
    Counting {
        /// The threshold, between 1 and half the capacity.
        threshold: u64,
    },
}

/// Evidence that an instance has no placement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Refutation {
    /// A VM of this type, of which there is at least one, fits on no host type of positive stock.
    FitsNowhere {
        /// Index of the VM type.
        vm: usize,
    },
    /// All hosts in stock together offer less of a resource than the VMs demand.
    StockTooSmall {
        /// Index of the resource.
        resource: usize,
    },
    /// Weights as in [`Certificate::DualWeights`] with all hosts free: no host of type `t` can hold more
    /// than `prices[t]`, and all hosts in stock together cannot hold the weight of all VMs.
    Weights {
        /// One weight per demand row.
        weights: Vec<u64>,
        /// One price per host type; zero for types of unlimited stock.
        prices: Vec<u64>,
    },
}
