//! Placements from relaxations that are not solved to the end.
//!
//! A relaxation of hundreds of VM types takes seconds to solve, and most of that for the last percent of its value.
//! Dives from where it is do not wait for that.

use vmpack_lp::backend::BackendError;

use crate::dive::Dived;
use crate::engine::{End, Until};
use crate::residual::Residual;
use crate::restricted::Relaxed;
use crate::solve::{Ended, Solver};

/// The first relaxation is solved until its value falls by less than one part in so many; and so on.
const PARTS: [u32; 3] = [100, 400, 3200];
/// Relaxations take this part of the time that is left, dives the rest.
const SHARE: f64 = 0.55;
/// The same for programs of first order.
const ROUGH_PARTS: [u32; 2] = [200, 1000];
const ROUGH_SHARE: f64 = 0.5;

impl Solver<'_> {
    /// Solves the relaxation of the whole problem ever closer to the end, and dives each time: first by a method of
    /// first order, for as long as its dives find something, then by the simplex method.
    pub(crate) fn sketch(&mut self, root: &Residual) -> Result<Ended, BackendError> {
        self.sketch_roughly(root);
        for part in PARTS {
            let Some(cost) = self.engine.incumbent.cost() else { break };
            if self.engine.incumbent.is_optimal() || self.engine.is_spent() {
                break;
            }
            self.engine.pause_after(SHARE);
            match self.engine.generate(root, cost - 1, Until::Slow(part), &[])? {
                End::Closed(closing) => {
                    let certificate = self.tree_certificate(cost, vec![closing.leaf(root)]);
                    self.prove(cost, certificate);
                }
                End::Open(relaxed) => self.dive_ever_lower(root, &relaxed)?,
                End::TooFew | End::Unlikely | End::Found | End::Stopped => {}
            }
        }
        Ok(Ended::Done)
    }

    fn sketch_roughly(&mut self, root: &Residual) {
        let Some(mut program) = self.engine.first_program(root) else { return };
        for part in ROUGH_PARTS {
            let mut found = true;
            while found && !self.engine.incumbent.is_optimal() && !self.engine.is_spent() {
                self.engine.pause_after(ROUGH_SHARE);
                self.engine.approach(root, &mut program, part);
                found = !self.engine.is_spent() && self.engine.dive_roughly(root, &program);
            }
        }
        self.engine.fresh.extend(program.used().map(|(column, _)| column));
    }

    /// Dives from one relaxation for lower and lower costs, down to its value. Far above it dives are short.
    fn dive_ever_lower(&mut self, root: &Residual, relaxed: &Relaxed) -> Result<(), BackendError> {
        let Some(cost) = self.engine.incumbent.cost() else { return Ok(()) };
        let least = (relaxed.value - 1e-6).ceil().max(0.0) as u64;
        let room = cost.saturating_sub(least);
        for aim in [room / 2, room / 4, room / 8, 0].map(|room| least + room) {
            let is_cheaper = self.engine.incumbent.cost().is_some_and(|cost| aim < cost);
            if is_cheaper && self.engine.dive(root, relaxed, aim)? != Dived::Found {
                break;
            }
        }
        Ok(())
    }
}
