//! The best placement of a run, and what the run may still spend.

use std::collections::VecDeque;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use vmpack_greedy::start;
use vmpack_model::packing::{Certificate, Instance, Packing, Placement};
use vmpack_model::{Bound, Budget, Observer, Outcome, Value};

use crate::neighbourhood;
use crate::part::Part;

/// So many placements are remembered.
const EARLIER: usize = 2;

/// A run of a local search.
pub(crate) struct Run<'a> {
    pub(crate) instance: &'a Instance,
    pub(crate) budget: &'a Budget,
    pub(crate) rng: ChaCha8Rng,
    observer: &'a mut dyn Observer,
    best: Placement,
    /// What it costs.
    kept: u64,
    /// The least cost of placements offered or announced.
    cost: u64,
    /// The last ones that were best before.
    earlier: VecDeque<Placement>,
    bound: Option<Bound<Certificate>>,
    /// Work done so far, in the units of the budget.
    pub(crate) work: u64,
    counters: Vec<(&'static str, u64)>,
}

impl<'a> Run<'a> {
    /// Starts from the best greedy placement.
    ///
    /// # Errors
    /// The outcome if there is none.
    pub(crate) fn start(
        instance: &'a Instance,
        budget: &'a Budget,
        observer: &'a mut dyn Observer,
    ) -> Result<Self, Box<Outcome<Packing>>> {
        let Some(best) = start(instance, budget) else {
            return Err(Box::new(vmpack_bounds::give_up(instance, observer)));
        };
        Ok(Self::begin(instance, budget, observer, best))
    }

    /// Starts from a placement.
    pub(crate) fn begin(
        instance: &'a Instance,
        budget: &'a Budget,
        observer: &'a mut dyn Observer,
        best: Placement,
    ) -> Self {
        let cost = best.cost(instance);
        observer.incumbent(Value::from(cost));
        let bound = vmpack_bounds::best(instance);
        if let Some(bound) = &bound {
            observer.bound(bound.value);
        }
        let rng = ChaCha8Rng::seed_from_u64(budget.seed());
        let counters = Vec::new();
        Self {
            instance,
            budget,
            rng,
            observer,
            best,
            kept: cost,
            cost,
            earlier: VecDeque::new(),
            bound,
            work: 0,
            counters,
        }
    }

    /// The best placement.
    pub(crate) fn best(&self) -> &Placement {
        &self.best
    }

    /// Lets a search start from the best placement and those that were best before, the cheapest first, and tell
    /// of what it finds.
    pub(crate) fn search_from_known<T>(
        &mut self,
        search: impl FnOnce(&[&Placement], &mut dyn Observer) -> T,
    ) -> T {
        let known: Vec<&Placement> =
            std::iter::once(&self.best).chain(self.earlier.iter().rev()).collect();
        search(&known, self.observer)
    }

    /// What the budget has left.
    pub(crate) fn left(&self) -> Budget {
        match self.budget.work_limit() {
            Some(limit) => self.budget.clone().with_work(limit.saturating_sub(self.work)),
            None => self.budget.clone(),
        }
    }

    /// The least cost.
    pub(crate) fn cost(&self) -> u64 {
        self.cost
    }

    /// Random hosts of the best placement that hold `vms` VMs.
    pub(crate) fn part(&mut self, vms: u64) -> Part {
        let chosen = neighbourhood::choose(&self.best, vms, &mut self.rng);
        Part::new(self.instance, &self.best, &chosen)
    }

    /// Whether nothing is cheaper.
    pub(crate) fn is_optimal(&self) -> bool {
        self.bound.as_ref().is_some_and(|bound| Value::from(self.cost) <= bound.value)
    }

    /// Whether nothing is left to do or to spend.
    pub(crate) fn is_over(&self) -> bool {
        self.is_optimal() || self.budget.exhausted_after(self.work)
    }

    /// Keeps a placement if it costs no more than any that was offered or announced; whether it costs less.
    pub(crate) fn offer(&mut self, placement: Placement) -> bool {
        let cost = placement.cost(self.instance);
        let better = cost < self.cost;
        if cost <= self.cost {
            let before = std::mem::replace(&mut self.best, placement);
            if cost < self.kept {
                self.earlier.push_back(before);
                if self.earlier.len() > EARLIER {
                    self.earlier.pop_front();
                }
            }
            self.kept = cost;
            self.announce(cost);
        }
        better
    }

    /// Tells of a placement before it is offered, which must follow: offers take time linear in the whole.
    pub(crate) fn announce(&mut self, cost: u64) {
        if cost < self.cost {
            self.observer.incumbent(Value::from(cost));
            self.cost = cost;
        }
    }

    /// Keeps a bound if it is better.
    pub(crate) fn prove(&mut self, bound: Bound<Certificate>) {
        if self.bound.as_ref().is_none_or(|known| known.value < bound.value) {
            self.observer.bound(bound.value);
            self.bound = Some(bound);
        }
    }

    /// Counts what was done.
    pub(crate) fn count(&mut self, name: &'static str, more: u64) {
        match self.counters.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += more,
            None => self.counters.push((name, more)),
        }
    }

    /// What is claimed.
    pub(crate) fn finish(self) -> Outcome<Packing> {
        let mut outcome = Outcome::feasible(self.best, Value::from(self.cost));
        if let Some(bound) = self.bound {
            outcome = outcome.with_bound(bound);
        }
        let counters = self.counters.into_iter();
        counters.fold(outcome, |outcome, (name, count)| outcome.with_counter(name, count))
    }
}
