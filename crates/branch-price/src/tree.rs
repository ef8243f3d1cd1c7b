//! The search tree: pairs of items together on a host, or apart.
//!
//! Depth first, together first: two item types are glued to a new one, so that pricing keeps its form;
//! apart, they are in conflict (da Silva and Schouery 2025, section 5, after Ryan and Foster 1981). Pairs
//! whose both branches failed are branched on first elsewhere.

use vmpack_lp::backend::BackendError;
use vmpack_model::packing::TreeNode;

use crate::dive::Dived;
use crate::engine::{End, Engine, Until};
use crate::residual::Residual;
use crate::restricted::Relaxed;

/// Dives are made every so many branchings.
const BRANCHINGS_PER_DIVE: u64 = 10;
/// A certificate holds no more numbers than this.
const MOST_NUMBERS: usize = 4_000_000;
/// An affinity this far from an integer is fractional.
const FRACTIONAL: f64 = 1e-3;

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

/// How often a column holds a pair, and how often the column is used.
struct Together {
    pair: (u32, u32),
    x: f64,
    times: u32,
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
        loop {
            self.counters.nodes += 1;
            let end = self.generate(&residual, most, Until::Target, &[])?;
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
                    let leaf = self.leaf(&residual, &closing);
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
                if branchings % BRANCHINGS_PER_DIVE == 0 {
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
                residual.together(&mut self.items, first, second);
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

    /// The pair to branch on: the first of the history that is fractional, else the fractional one of
    /// greatest size.
    fn choose(
        &self,
        residual: &Residual,
        relaxed: &Relaxed,
        history: &[(u32, u32)],
    ) -> Option<(u32, u32)> {
        let mut together: Vec<Together> = Vec::new();
        for &(column, x) in &relaxed.columns {
            let content = &self.columns.get(column).items;
            for (at, &(i, n)) in content.iter().enumerate() {
                if n >= 2 {
                    together.push(Together { pair: (i, i), x, times: n * (n - 1) / 2 });
                }
                for &(j, m) in &content[at + 1..] {
                    together.push(Together { pair: (i, j), x, times: n * m });
                }
            }
        }
        together.sort_by_key(|entry| entry.pair);
        let is_fractional = |x: f64| (x - x.round()).abs() >= FRACTIONAL;
        // Affinities may be integer where columns are not; and where all columns are, any pair will do.
        let tests: [&dyn Fn(&[Together]) -> bool; 3] = [
            &|group| is_fractional(group.iter().map(|t| t.x * f64::from(t.times)).sum()),
            &|group| group.iter().any(|t| is_fractional(t.x)),
            &|_| true,
        ];
        let mut best: Option<((bool, usize, f64), (u32, u32))> = None;
        for test in tests {
            for group in together.chunk_by(|a, b| a.pair == b.pair) {
                let (i, j) = group[0].pair;
                let enough = i != j || residual.demand(i) >= 2;
                if !enough || !test(group) {
                    continue;
                }
                let place = history.iter().position(|&pair| pair == (i, j));
                let key = (place.is_some(), usize::MAX - place.unwrap_or(0), self.extent(i, j));
                if best.as_ref().is_none_or(|(known, _)| *known < key) {
                    best = Some((key, (i, j)));
                }
            }
            if best.is_some() {
                break;
            }
        }
        best.map(|(_, pair)| pair)
    }

    /// How large two items are together: the sum of their greatest shares of a capacity.
    fn extent(&self, i: u32, j: u32) -> f64 {
        let instance = self.instance();
        let share = |item: u32| {
            let shares = self.items.size(item).iter().enumerate().map(|(k, &size)| {
                let capacity = (0..instance.hosts().len()).map(|t| instance.capacity(t)[k]).max();
                size as f64 / capacity.unwrap_or(1).max(1) as f64
            });
            shares.fold(0.0, f64::max)
        };
        share(i) + share(j)
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
        TreeNode::Leaf { weights, .. } => weights.len(),
        TreeNode::Branch { .. } => 3,
    };
    if tree.numbers > MOST_NUMBERS {
        *proof = None;
    } else {
        tree.nodes.push(node);
    }
}
