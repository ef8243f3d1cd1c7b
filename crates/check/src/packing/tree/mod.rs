//! Search trees: every leaf shows that the placements it stands for cost too much, and the leaves
//! together stand for all placements.
//!
//! The judge rebuilds the residual problem of every node from the decisions alone ([`residual`]), in the
//! order of the nodes and without recursion, since trees may be thousands of nodes deep. What a leaf
//! claims is proved by an exact knapsack per host type ([`leaf`]) and one over host types ([`fleet`]).

mod fleet;
mod leaf;
mod residual;

use vmpack_model::packing::{Instance, TreeNode};

use self::fleet::Fleet;
use self::residual::{Glued, Residual};
use crate::Effort;
use crate::claim::{Lower, Unproved};
use crate::exact::integer;

/// A branching on the path to the node at hand.
struct Branching {
    node: usize,
    /// Where the second subtree is said to begin.
    second_at: usize,
    decision: Decision,
}

/// In which subtree of a branching the path goes on, and how to undo the decision.
enum Decision {
    Together {
        pair: (usize, usize),
        glued: Glued,
    },
    Apart {
        pair: (usize, usize),
        /// Whether the two were not in conflict before.
        new: bool,
    },
    Few {
        host: usize,
        most: u64,
        /// The greatest number of hosts before.
        before: u64,
    },
    Many {
        host: usize,
        /// The least number of hosts before.
        before: u64,
    },
}

/// The bound of [`vmpack_model::packing::Certificate::Tree`].
pub(super) fn bound(
    instance: &Instance,
    below: u64,
    nodes: &[TreeNode],
    effort: Effort,
) -> Result<Lower, Unproved> {
    if instance.has_alternatives() {
        return Unproved::wrong("search trees are for VM types with one demand row each");
    }
    let Some(mut fleet) = Fleet::new(instance, below) else {
        // Nothing costs less than zero.
        return Ok(Lower::AtLeast(integer(0)));
    };
    let mut steps = effort.tree_steps;
    let mut undecided = None;
    let mut residual = Residual::new(instance);
    let mut path: Vec<Branching> = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        match node {
            TreeNode::Branch { first, second, apart } => {
                let (first, second) = (*first, *second);
                if let Err(reason) = residual.can_branch(first, second) {
                    return Unproved::wrong(format!("node {index}: {reason}"));
                }
                let glued = residual.glue(first, second);
                let decision = Decision::Together { pair: (first, second), glued };
                path.push(Branching { node: index, second_at: *apart, decision });
            }
            TreeNode::Hosts { host, most, above } => {
                let (host, most) = (*host, *most);
                if host >= instance.hosts().len() {
                    return Unproved::wrong(format!("node {index}: there is no host type {host}"));
                }
                let decision = Decision::Few { host, most, before: fleet.no_more(host, most) };
                path.push(Branching { node: index, second_at: *above, decision });
            }
            TreeNode::Leaf { weights, scale, prices, cuts } => {
                let claim = leaf::Claim { weights, scale: *scale, prices, cuts };
                // After one leaf was too hard, the others can only show that the tree is malformed.
                let granted =
                    if undecided.is_some() { 0 } else { effort.knapsack_steps.min(steps) };
                let mut left = granted;
                match leaf::prove(instance, &fleet, &residual, &claim, &mut left) {
                    Ok(()) => {}
                    Err(Unproved::Wrong(reason)) => {
                        return Unproved::wrong(format!("node {index}: {reason}"));
                    }
                    Err(Unproved::Undecided(reason)) => {
                        undecided.get_or_insert(format!("not certified: node {index}: {reason}"));
                    }
                }
                steps -= granted - left;
                let more = turn(&mut residual, &mut fleet, &mut path, index + 1)?;
                if more != (index + 1 < nodes.len()) {
                    return Unproved::wrong(if more {
                        "the tree ends before its last subtree".to_owned()
                    } else {
                        format!("node {} belongs to no branching", index + 1)
                    });
                }
            }
        }
    }
    match (nodes.last(), undecided) {
        (Some(TreeNode::Leaf { .. }), None) => Ok(Lower::AtLeast(integer(below))),
        (Some(TreeNode::Leaf { .. }), Some(note)) => Err(Unproved::Undecided(note)),
        (Some(TreeNode::Branch { .. } | TreeNode::Hosts { .. }), _) => {
            Unproved::wrong("the tree ends in a branching")
        }
        (None, _) => Unproved::wrong("the tree has no nodes"),
    }
}

/// Whether the tree shows that no placement costs as little as any placement does that opens no host in
/// vain.
pub(super) fn refutation(
    instance: &Instance,
    nodes: &[TreeNode],
    effort: Effort,
) -> Result<(), Unproved> {
    let vms: u128 = instance.vms().iter().map(|vm| u128::from(vm.count)).sum();
    let stocked = || instance.hosts().iter().filter(|host| host.stock != Some(0));
    let all = stocked().fold(0, |sum: u128, host| {
        let hosts = host.stock.map_or(vms, |stock| vms.min(u128::from(stock)));
        sum.saturating_add(hosts.saturating_mul(u128::from(host.cost)))
    });
    let dearest = stocked().map(|host| u128::from(host.cost)).max().unwrap_or(0);
    let most = all.min(vms.saturating_mul(dearest));
    let Ok(below) = u64::try_from(most.saturating_add(1)) else {
        return Unproved::wrong("the costs of all hosts together exceed 64 bits");
    };
    bound(instance, below, nodes, effort).map(|_| ())
}

/// After a leaf: leaves the branchings whose second subtree it ends, and turns the last one that is left
/// to its second subtree, which begins at node `next`; `false` if none is left.
fn turn(
    residual: &mut Residual,
    fleet: &mut Fleet,
    path: &mut Vec<Branching>,
    next: usize,
) -> Result<bool, Unproved> {
    while let Some(Branching { node, second_at, decision }) = path.pop() {
        if let Decision::Together { .. } | Decision::Few { .. } = decision
            && second_at != next
        {
            return Unproved::wrong(format!(
                "node {node}: the other subtree is said to begin at node {second_at}, but the \
                 first one ends before node {next}"
            ));
        }
        let decision = match decision {
            Decision::Apart { pair: (first, second), new } => {
                residual.reconcile(first, second, new);
                continue;
            }
            Decision::Many { host, before } => {
                fleet.restore_least(host, before);
                continue;
            }
            Decision::Together { pair: (first, second), glued } => {
                residual.unglue(first, second, glued);
                Decision::Apart { pair: (first, second), new: residual.separate(first, second) }
            }
            Decision::Few { host, most, before } => {
                fleet.restore_most(host, before);
                // More than any number of hosts, if need be.
                Decision::Many { host, before: fleet.no_fewer(host, most.saturating_add(1)) }
            }
        };
        path.push(Branching { node, second_at, decision });
        return Ok(true);
    }
    Ok(false)
}
