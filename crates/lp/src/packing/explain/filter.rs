//! The deletion filter.

use super::oracle::{Answer, Oracle};
use super::{Asked, Part};

/// A set of parts that cannot hold together, made smaller.
#[derive(Debug)]
pub(super) struct Filter<'a> {
    oracle: &'a Oracle<'a>,
    asked: Asked,
    irreducible: bool,
}

impl<'a> Filter<'a> {
    /// Starts from parts that cannot hold together.
    pub(super) fn new(oracle: &'a Oracle<'a>, asked: Asked) -> Self {
        Self { oracle, asked, irreducible: true }
    }

    /// What is left.
    pub(super) fn asked(&self) -> &Asked {
        &self.asked
    }

    /// Whether everything that is left was seen to be needed.
    pub(super) fn is_irreducible(&self) -> bool {
        self.irreducible
    }

    /// Waives every part without which the rest is still infeasible.
    pub(super) fn parts(&mut self) {
        let parts = self.asked.parts();
        let (mut at, mut block) = (0, 1);
        while at < parts.len() {
            block = block.min(parts.len() - at);
            let mut trial = self.asked.clone();
            parts[at..at + block].iter().for_each(|&part: &Part| trial.waive(part));
            if self.waives(trial, block == 1) {
                at += block;
                block *= 2;
            } else if block == 1 {
                at += 1;
            } else {
                block /= 2;
            }
        }
    }

    /// Reduces the number of VMs of every type to the least that is infeasible with the rest.
    pub(super) fn counts(&mut self) {
        for vm in 0..self.asked.least.len() {
            // As many as `too_few` can be placed, as far as is known; `least` cannot.
            let mut too_few = 0;
            while self.asked.least[vm] > too_few + 1 {
                let mut trial = self.asked.clone();
                let middle = too_few + (self.asked.least[vm] - too_few) / 2;
                trial.least[vm] = middle;
                let last = middle + 1 == self.asked.least[vm];
                if !self.waives(trial, last) {
                    too_few = middle;
                }
            }
        }
    }

    /// Takes a smaller set if it is infeasible. If that is not known of the last step, the set that stays is
    /// not known to be irreducible.
    fn waives(&mut self, trial: Asked, last: bool) -> bool {
        let answer = self.oracle.ask(&trial);
        if answer == Answer::Impossible {
            self.asked = trial;
        } else if answer == Answer::Unknown && last {
            self.irreducible = false;
        }
        answer == Answer::Impossible
    }
}
