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
    /// A search tree whose leaves all show that no placement costs less than `below`. See [`TreeNode`].
    /// For instances with one demand row per VM type.
    Tree {
        /// What every placement costs at least.
        below: u64,
        /// The nodes in preorder: the root is the first, the node after a branching is the root of its
        /// subtree *together*, and the node after the last one of that is the root of its subtree *apart*.
        nodes: Vec<TreeNode>,
    },
}

impl Certificate {
    /// The [kind](Self::kind) of a search tree.
    pub const TREE: &'static str = "tree";

    /// Which kind of evidence it is, as records call it: as files do, but that a tree without any branching
    /// is a `leaf`, which looks at the instance as a whole.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Volume { .. } => "volume",
            Self::DualFeasible { .. } => "dual-feasible",
            Self::DualWeights { .. } => "dual-weights",
            Self::Tree { nodes, .. } if nodes.len() == 1 => "leaf",
            Self::Tree { .. } => Self::TREE,
        }
    }
}

/// One node of [`Certificate::Tree`].
///
/// Every node stands for a *residual problem*: items with a size vector and a demand, some pairs of
/// which are in conflict, that is, may not share a host. At the root the items are the VM types, in
/// order, and there are no conflicts. The set of placements looked at is that of placements which cost
/// less than `below` and open no host that holds nothing; a tree proves that there are none.
///
/// Let `K` be the greatest multiple below `below` of the greatest common divisor of the costs of all host
/// types in stock (0 if all are free), which no cost of such a placement exceeds. Let `open[t]` be the least
/// of the stock of `t`, of `floor(K / cost[t])` unless hosts of `t` are free, and of the number of all VMs.
///
/// *Least loads.* Hosts together may not waste more than they offer beyond the demand, so one host may not
/// either. Where the instance has a single host type, every host holds of every resource at least
/// `capacity - (open[0] * capacity - total demand)`. Where it has several, each type `r` that costs something,
/// with `open[r] > 0` and some of the resource, tells what is dear: let `excess[t]` be what `capacity[t] *
/// cost[r]` exceeds `capacity[r] * cost[t]` by, or 0, and `room = capacity[r] * K + sum of open[t] * excess[t] -
/// cost[r] * total demand`. A host of type `t` that holds a load wastes `capacity[r] * cost[t] + excess[t] -
/// cost[r] * load`, which is not negative, and all hosts together no more than `room`; so none wastes more, and
/// the load is at least what follows from that. A type of which a host would have to hold more than its
/// capacity is not opened: its `open[t]` counts as 0 in what follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum TreeNode {
    /// Ryan and Foster's rule on item types: either some host holds one of `first` and one of `second`,
    /// or none does.
    ///
    /// *Together* (the next node): one of each is glued. Both demands fall by one (that of one item by two
    /// if both are the same). The glued item has the sum of both sizes, and is in conflict with every item
    /// that `first` or `second` is in conflict with (so with `first` itself, if no host may hold two of it).
    /// If the same two items were glued before on the path, and the item made then is now in conflict with
    /// exactly the same items, its demand grows by one, even if it has fallen to zero; of several such items
    /// that of the smallest index is taken. Else an item of demand one is appended.
    ///
    /// *Apart* (the node `apart`): the two are in conflict; if they are the same item, no host holds two of
    /// it. Items that were glued from them earlier on the path are not concerned.
    Branch {
        /// Index of an item with demand left.
        first: usize,
        /// Index of an item with demand left beside the first.
        second: usize,
        /// Index of the root of the subtree *apart*.
        apart: usize,
    },
    /// Either no more than `most` hosts of a type are opened (the next node), or more are (the node `above`).
    Hosts {
        /// Index of a host type.
        host: usize,
        /// How many hosts of it at most in the first subtree.
        most: u64,
        /// Index of the root of the other subtree.
        above: usize,
    },
    /// The residual problem has no placement that costs less than `below`.
    ///
    /// A pattern is what one host may hold: no more of an item than its demand, no conflict, within capacity,
    /// and no less than the least load. Its weight is the sum of the weights of its items, less, for each cut
    /// of which it holds two or three items, the weight of the cut. No pattern of a type `t` of which a host
    /// may be opened may weigh more than `limit[t] = scale * cost[t] + prices[t]`.
    ///
    /// A placement weighs then at most the greatest `sum of n[t] * limit[t]` over all whole numbers of hosts
    /// `n[t] <= open[t]` within the bounds of the branchings on hosts, of total cost `K` or less. The leaf holds
    /// if the items, each as often as demanded, less the weights of all cuts, weigh more, or if there are no such
    /// numbers. A scale of zero is allowed.
    Leaf {
        /// One weight per item, those without demand included.
        weights: Vec<u64>,
        /// What a unit of cost may weigh.
        scale: u64,
        /// What a host of each type may weigh beyond its cost.
        prices: Vec<u64>,
        /// Subset-row cuts (Jepsen, Petersen, Spoorendonk, Pisinger 2008).
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        cuts: Vec<WeightedCut>,
    },
}

/// A subset-row cut: of three items that are demanded once each, no more than one host holds two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightedCut {
    /// Indices of three different items of demand one.
    pub items: [usize; 3],
    /// What a pattern loses that holds two or three of them.
    pub weight: u64,
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
    /// A VM of this type, of which there is at least one, fits on no host type of positive stock that the hard
    /// rules of [`Demand::Restrict`](super::Demand::Restrict) let it use.
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
    /// A search tree as in [`Certificate::Tree`] which shows that no placement costs less than `below`, where
    /// `below` is one more than any placement costs that opens no host in vain. That is at most what all hosts
    /// in stock cost together, of each type no more than there are VMs, and at most the number of all VMs times
    /// the cost of the dearest host in stock; the lesser is taken. For instances with one demand row per VM type.
    Tree {
        /// The nodes in preorder.
        nodes: Vec<TreeNode>,
    },
}
