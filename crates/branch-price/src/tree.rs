//! The search tree: pairs of items together on a host, or apart.
//!
//! Depth first, together first: two item types are glued to a new one, so that pricing keeps its form;
//! apart, they are in conflict (da Silva and Schouery 2025, section 5, after Ryan and Foster 1981). Pairs
//! whose both branches failed are branched on first elsewhere. Nodes whose relaxation does not exceed the
//! target are cut before they are branched on.

use vmpack_lp::backend::BackendError;
use vmpack_model::packing::TreeNode;

use crate::dive::Dived;
use crate::engine::{End, Engine, Until};
use crate::residual::Residual;

/// Dives are made after so many branchings, and less and less often.
const BRANCHINGS_PER_DIVE: u64 = 10;
/// A certificate holds no more numbers than this.
const MOST_NUMBERS: usize = 4_000_000;

/// How the search ended.
pub(crate) enum Searched {
    /// A placement at the target or below was found.
    Found,
    /// There is none; the nodes of the tree, if they are not too many to write down.
    Excluded(Option<Vec<TreeNode>>),
    /// The budget is spent.
    Stopped,
}

/// A decision on the path to the present node.
struct Level {
    pair: (u32, u32),
    /// The residual problem before the decision.
    before: Residual,
    together: bool,
    /// The node of the certificate.
    node: usize,
}

impl Engine<'_> {
    /// Searches for a placement that costs at most `most` below a node, or shows that there is none.
    pub(crate) fn search_tree(
        &mut self,
        root: &Residual,
        most: u64,
    ) -> Result<Searched, BackendError> {
        let mut proof = Some(ProofTree::default());
        let mut history: Vec<(u32, u32)> = Vec::new();
        let mut path: Vec<Level> = Vec::new();
        let mut residual = root.clone();
        let mut branchings = 0_u64;
        let mut next_dive = BRANCHINGS_PER_DIVE;
        loop {
            self.counters.nodes += 1;
            let end = match self.generate(&residual, most, Until::Target, &[])? {
                End::Open(relaxed) => self.cut(&residual, relaxed, most)?,
                end => end,
            };
            let relaxed = match end {
                End::Found => return Ok(Searched::Found),
                End::Stopped => return Ok(Searched::Stopped),
                End::Open(relaxed) => {
                    if let Some(level) = path.last().filter(|level| level.together) {
                        demote(&mut history, level.pair);
                    }
                    Some(relaxed)
                }
                End::Closed(closing) => {
                    let leaf = closing.leaf(&residual);
                    push(&mut proof, leaf);
                    None
                }
                End::TooFew => {
                    // The demand does not change in a tree, so the root would have had too few as well.
                    proof = None;
                    None
                }
            };
            if let Some(relaxed) = relaxed {
                branchings += 1;
                if branchings >= next_dive {
                    next_dive += BRANCHINGS_PER_DIVE + branchings / BRANCHINGS_PER_DIVE;
                    match self.dive(&residual, &relaxed, most)? {
                        Dived::Found => return Ok(Searched::Found),
                        Dived::Stopped => return Ok(Searched::Stopped),
                        Dived::Nothing => {}
                    }
                }
                let Some((first, second)) = self.choose(&residual, &relaxed, &history) else {
                    // No host holds two items: what is open is the choice of host types alone.
                    return Ok(Searched::Stopped);
                };
                let place = |item: u32| residual.order.iter().position(|&known| known == item);
                let node = proof.as_ref().map_or(0, |tree| tree.nodes.len());
                if let (Some(first), Some(second)) = (place(first), place(second)) {
                    push(&mut proof, TreeNode::Branch { first, second, apart: 0 });
                }
                let before = residual.clone();
                let glued = residual.together(&mut self.items, first, second);
                self.merge((first, second), glued, &residual);
                path.push(Level { pair: (first, second), before, together: true, node });
                continue;
            }
            // The node is done: on to the other branch of the last decision that has one.
            loop {
                let Some(level) = path.last_mut() else {
                    return Ok(Searched::Excluded(proof.map(|tree| tree.nodes)));
                };
                if level.together {
                    level.together = false;
                    residual = level.before.clone();
                    residual.apart(level.pair.0, level.pair.1);
                    if let Some(tree) = &mut proof {
                        let next = tree.nodes.len();
                        if let Some(TreeNode::Branch { apart, .. }) = tree.nodes.get_mut(level.node)
                        {
                            *apart = next;
                        }
                    }
                    break;
                }
                promote(&mut history, level.pair);
                path.pop();
            }
        }
    }
}

/// Both branches of the pair failed: it moves one place to the front.
fn promote(history: &mut Vec<(u32, u32)>, pair: (u32, u32)) {
    match history.iter().position(|&known| known == pair) {
        Some(0) => {}
        Some(at) => history.swap(at, at - 1),
        None => history.push(pair),
    }
}

/// The pair did not close its first branch: it moves one place back.
fn demote(history: &mut [(u32, u32)], pair: (u32, u32)) {
    if let Some(at) = history.iter().position(|&known| known == pair)
        && at + 1 < history.len()
    {
        history.swap(at, at + 1);
    }
}

/// The nodes of a certificate.
#[derive(Default)]
struct ProofTree {
    nodes: Vec<TreeNode>,
    numbers: usize,
}

/// Adds a node, or gives the certificate up when it grows too large.
fn push(proof: &mut Option<ProofTree>, node: TreeNode) {
    let Some(tree) = proof else { return };
    tree.numbers += match &node {
        TreeNode::Leaf { weights, cuts, .. } => weights.len() + 4 * cuts.len(),
        TreeNode::Branch { .. } => 3,
    };
    if tree.numbers > MOST_NUMBERS {
        *proof = None;
    } else {
        tree.nodes.push(node);
    }
}
