//! The search tree: numbers of hosts of a type, pairs of items together on a host, or apart.
//!
//! Where a relaxation opens a fractional number of hosts of some type, that is branched on first, fewer
//! first, for it moves the bound most.
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
/// So many of these are followed by one near what an earlier one had fixed.
const DIVES_PER_CONFINED: u64 = 2;
/// A certificate holds no more numbers than this.
const MOST_NUMBERS: usize = 4_000_000;

/// How the search ended.
pub(crate) enum Searched {
    /// A placement at the target or below was found.
    Found,
    /// There is none; the nodes of the tree, if they are not too many to write down.
    Excluded(Option<Vec<TreeNode>>),
    /// The budget is spent, or the nodes.
    Stopped,
}

/// A decision on the path to the present node.
struct Level {
    decision: Decision,
    /// The residual problem before the decision.
    before: Residual,
    /// Whether the path goes on in the first subtree.
    first: bool,
    /// The node of the certificate.
    node: usize,
}

/// What a node is branched on.
#[derive(Clone, Copy, Debug)]
enum Decision {
    /// Two items are glued, or apart.
    Pair(u32, u32),
    /// No more than so many hosts of a type are opened, or more.
    Hosts(usize, u64),
}

impl Engine<'_> {
    /// Searches for a placement that costs at most `most` below a node, or shows that there is none,
    /// within so many nodes.
    pub(crate) fn search_tree(
        &mut self,
        root: &Residual,
        most: u64,
        most_nodes: u64,
    ) -> Result<Searched, BackendError> {
        let mut proof = Some(ProofTree::default());
        let mut history: Vec<(u32, u32)> = Vec::new();
        let mut path: Vec<Level> = Vec::new();
        let mut residual = root.clone();
        let mut branchings = 0_u64;
        let known = self.counters.nodes;
        let mut next_dive = BRANCHINGS_PER_DIVE;
        let mut dives = 0_u64;
        loop {
            if self.counters.nodes - known >= most_nodes {
                return Ok(Searched::Stopped);
            }
            self.counters.nodes += 1;
            let end = match self.generate(&residual, most, Until::Target, &[])? {
                // Pricing several resources takes longer with cuts than they save.
                End::Open(relaxed) if self.instance().dimensions() == 1 => {
                    self.cut(&residual, relaxed, most)?
                }
                end => end,
            };
            let relaxed = match end {
                End::Found => return Ok(Searched::Found),
                End::Stopped => return Ok(Searched::Stopped),
                End::Open(relaxed) => {
                    if let Some(&Level { decision: Decision::Pair(i, j), first: true, .. }) =
                        path.last()
                    {
                        demote(&mut history, (i, j));
                    }
                    Some(relaxed)
                }
                End::Closed(closing) => {
                    let leaf = closing.leaf(&residual);
                    push(&mut proof, leaf);
                    None
                }
                End::Unlikely => unreachable!("prices of nodes are exact"),
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
                    dives += 1;
                    if dives.is_multiple_of(DIVES_PER_CONFINED) {
                        match self.dive_confined(root, most)? {
                            Dived::Found => return Ok(Searched::Found),
                            Dived::Stopped => return Ok(Searched::Stopped),
                            Dived::Nothing => {}
                        }
                    }
                }
                let split = self.choose_hosts(&relaxed).map(|(t, most)| Decision::Hosts(t, most));
                let pair = || self.choose(&residual, &relaxed, &history);
                let Some(decision) = split.or_else(|| pair().map(|(i, j)| Decision::Pair(i, j)))
                else {
                    // Hosts are whole and hold single items, which rounding would have placed.
                    return Ok(Searched::Stopped);
                };
                let node = proof.as_ref().map_or(0, |tree| tree.nodes.len());
                let before = residual.clone();
                match decision {
                    Decision::Pair(i, j) => {
                        let place =
                            |item: u32| residual.order.iter().position(|&known| known == item);
                        if let (Some(first), Some(second)) = (place(i), place(j)) {
                            push(&mut proof, TreeNode::Branch { first, second, apart: 0 });
                        }
                        let glued = residual.together(&mut self.items, i, j);
                        self.merge((i, j), glued, &residual);
                    }
                    Decision::Hosts(host, most) => {
                        push(&mut proof, TreeNode::Hosts { host, most, above: 0 });
                        residual.bounds[host].1 = most;
                    }
                }
                path.push(Level { decision, before, first: true, node });
                continue;
            }
            // The node is done: on to the other branch of the last decision that has one.
            loop {
                let Some(level) = path.last_mut() else {
                    return Ok(Searched::Excluded(proof.map(|tree| tree.nodes)));
                };
                if level.first {
                    level.first = false;
                    residual = level.before.clone();
                    match level.decision {
                        Decision::Pair(i, j) => residual.apart(i, j),
                        Decision::Hosts(host, most) => residual.bounds[host].0 = most + 1,
                    }
                    if let Some(tree) = &mut proof {
                        let next = tree.nodes.len();
                        if let Some(
                            TreeNode::Branch { apart: second, .. }
                            | TreeNode::Hosts { above: second, .. },
                        ) = tree.nodes.get_mut(level.node)
                        {
                            *second = next;
                        }
                    }
                    break;
                }
                if let Decision::Pair(i, j) = level.decision {
                    promote(&mut history, (i, j));
                }
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
        TreeNode::Branch { .. } | TreeNode::Hosts { .. } => 3,
    };
    if tree.numbers > MOST_NUMBERS {
        *proof = None;
    } else {
        tree.nodes.push(node);
    }
}
