//! The order of things on several host types: raise the bound by bisection, dive, search trees of limited
//! size for several costs, and let HiGHS combine the columns found so far.
//!
//! On identical hosts the relaxation is nearly always tight, so that all that matters is whether its bound
//! can be reached. With prices there are many costs between bound and placement. A tree that aims near the
//! bound is small, for hosts may waste little, and raises the bound; one that aims just below the placement
//! finds better ones. Which of them is worth its time turns out by trying with more and more nodes.

use vmpack_lp::backend::BackendError;

use crate::engine::{End, Until};
use crate::residual::Residual;
use crate::solve::{Aimed, Ended, Search, Solver};

/// Nodes of the first trees.
const FIRST_NODES: u64 = 64;
/// How many times as many nodes trees have after a round without success.
const MORE_NODES: u64 = 8;

impl Solver<'_> {
    /// Raises the bound and looks for placements until the two meet.
    pub(crate) fn squeeze(&mut self, root: &Residual) -> Result<Ended, BackendError> {
        let mut nodes = FIRST_NODES;
        while !self.engine.is_spent() {
            if self.engine.incumbent.cost().is_none() {
                let most = self.engine.greatest_cost();
                match self.finish(root, most)? {
                    Aimed::Reached => {}
                    Aimed::Excluded(certificate) => return Ok(self.refute(certificate)),
                    Aimed::GivenUp => break,
                }
            }
            self.lift(root)?;
            if self.engine.incumbent.is_optimal() {
                break;
            }
            if let Some((most, aimed)) = self.dive_at_aims(root)? {
                self.note(most, aimed);
                continue;
            }
            if self.search != Search::Tree {
                break;
            }
            if self.search_trees(root, nodes)? || self.engine.combine(root, nodes)? {
                continue;
            }
            nodes = nodes.saturating_mul(MORE_NODES);
        }
        Ok(Ended::Done)
    }

    /// Raises the bound as far as relaxations exclude costs, by bisection: little room for waste and whole
    /// hosts may exclude more than the relaxation of the whole problem does.
    fn lift(&mut self, root: &Residual) -> Result<(), BackendError> {
        let mut open = self.engine.incumbent.cost();
        while let Some(cost) = open
            && cost > self.engine.incumbent.lower()
            && !self.engine.incumbent.is_optimal()
            && !self.engine.is_spent()
        {
            let lower = self.engine.incumbent.lower();
            let most = lower + (cost - lower - 1) / 2;
            match self.engine.generate(root, most, Until::Target, &[])? {
                End::Closed(closing) => {
                    let certificate = self.tree_certificate(most + 1, vec![closing.leaf(root)]);
                    self.prove(most + 1, certificate);
                }
                End::TooFew | End::Unlikely | End::Stopped => break,
                End::Open(_) | End::Found => open = Some(most),
            }
        }
        Ok(())
    }

    /// Searches trees for costs just below the placement, half way, and near the bound; whether something
    /// came of it.
    fn search_trees(&mut self, root: &Residual, nodes: u64) -> Result<bool, BackendError> {
        let lower = self.engine.incumbent.lower();
        let Some(cost) = self.engine.incumbent.cost() else { return Ok(false) };
        let gap = cost - lower;
        let mut last = None;
        let aims = [(cost - 1, nodes), (lower + gap / 2, nodes / 4), (lower + gap / 8, nodes / 4)];
        for (most, nodes) in aims {
            if last == Some(most) {
                continue;
            }
            last = Some(most);
            match self.search_from(root, most, nodes)? {
                Aimed::GivenUp => {}
                aimed => {
                    self.note(most, aimed);
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Takes note of what aiming at a cost led to.
    fn note(&mut self, most: u64, aimed: Aimed) {
        if let Aimed::Excluded(certificate) = aimed {
            self.prove(most + 1, certificate);
        }
    }
}
