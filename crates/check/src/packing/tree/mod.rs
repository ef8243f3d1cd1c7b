//! Search trees: every leaf shows that the placements it stands for cost too much, and the leaves
//! together stand for all placements.
//!
//! The judge rebuilds the residual problem of every node from the decisions alone ([`residual`]), in the
//! order of the nodes and without recursion, since trees may be thousands of nodes deep. What a leaf
//! claims is proved by an exact knapsack per host type ([`leaf`]).

mod leaf;
mod residual;

use vmpack_model::packing::{Instance, TreeNode};

use self::leaf::Ceiling;
use self::residual::{Glued, Residual};
use crate::Effort;
use crate::claim::{Lower, Unproved};
use crate::exact::integer;

/// A branching on the path to the node at hand.
struct Branching {
    node: usize,
    first: usize,
    second: usize,
    /// Where the second subtree is said to begin.
    apart: usize,
    decision: Decision,
}

/// In which subtree of a branching the path goes on, and how to undo the decision.
enum Decision {
    Together(Glued),
    Apart {
        /// Whether the two were not in conflict before.
        new: bool,
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
    let Some(ceiling) = Ceiling::new(instance, below) else {
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
                let decision = Decision::Together(residual.glue(first, second));
                path.push(Branching { node: index, first, second, apart: *apart, decision });
            }
            TreeNode::Leaf { weights, scale, prices, cuts } => {
                let claim = leaf::Claim { weights, scale: *scale, prices, cuts };
                // After one leaf was too hard, the others can only show that the tree is malformed.
                let granted =
                    if undecided.is_some() { 0 } else { effort.knapsack_steps.min(steps) };
                let mut left = granted;
                match leaf::prove(instance, &ceiling, &residual, &claim, &mut left) {
                    Ok(()) => {}
                    Err(Unproved::Wrong(reason)) => {
                        return Unproved::wrong(format!("node {index}: {reason}"));
                    }
                    Err(Unproved::Undecided(reason)) => {
                        undecided.get_or_insert(format!("not certified: node {index}: {reason}"));
                    }
                }
                steps -= granted - left;
                let more = turn(&mut residual, &mut path, index + 1)?;
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
        (Some(TreeNode::Branch { .. }), _) => Unproved::wrong("the tree ends in a branching"),
        (None, _) => Unproved::wrong("the tree has no nodes"),
    }
}

/// After a leaf: leaves the branchings whose second subtree it ends, and turns the last one that is left
/// to its second subtree, which begins at node `next`; `false` if none is left.
fn turn(residual: &mut Residual, path: &mut Vec<Branching>, next: usize) -> Result<bool, Unproved> {
    while let Some(mut branching) = path.pop() {
        let Branching { node, first, second, apart, .. } = branching;
        match branching.decision {
            Decision::Apart { new } => residual.reconcile(first, second, new),
            Decision::Together(glued) => {
                if apart != next {
                    return Unproved::wrong(format!(
                        "node {node}: the other subtree is said to begin at node {apart}, but the \
                         first one ends before node {next}"
                    ));
                }
                residual.unglue(first, second, glued);
                branching.decision = Decision::Apart { new: residual.separate(first, second) };
                path.push(branching);
                return Ok(true);
            }
        }
    }
    Ok(false)
}
