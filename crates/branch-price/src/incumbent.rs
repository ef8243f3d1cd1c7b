//! The best placement so far.

use vmpack_model::packing::Placement;
use vmpack_model::{Observer, Value};

use crate::normal::Normal;

/// The best placement of the reduced instance, its cost, and who hears of it.
pub(crate) struct Incumbent<'a> {
    normal: &'a Normal,
    best: Option<(Placement, u64)>,
    observer: &'a mut dyn Observer,
    lower: u64,
}

impl<'a> Incumbent<'a> {
    pub(crate) fn new(normal: &'a Normal, observer: &'a mut dyn Observer) -> Self {
        Self { normal, best: None, observer, lower: 0 }
    }

    /// Its cost, in reduced units.
    pub(crate) fn cost(&self) -> Option<u64> {
        self.best.as_ref().map(|&(_, cost)| cost)
    }

    /// The best placement.
    pub(crate) fn placement(&self) -> Option<&Placement> {
        self.best.as_ref().map(|(placement, _)| placement)
    }

    /// Keeps a placement if it is cheaper; whether it was.
    pub(crate) fn offer(&mut self, placement: Placement) -> bool {
        let cost = placement.cost(&self.normal.instance);
        if self.cost().is_some_and(|best| best <= cost) {
            return false;
        }
        self.observer.incumbent(Value::from(cost * self.normal.step));
        self.best = Some((placement, cost));
        true
    }

    /// Tells that nothing costs less than `lower`, in reduced units.
    pub(crate) fn bound(&mut self, lower: u64) {
        if lower > self.lower {
            self.lower = lower;
            self.observer.bound(Value::from(lower * self.normal.step));
        }
    }

    /// The proved bound.
    pub(crate) fn lower(&self) -> u64 {
        self.lower
    }

    /// Whether nothing cheaper exists.
    pub(crate) fn is_optimal(&self) -> bool {
        self.cost().is_some_and(|cost| cost <= self.lower)
    }

    pub(crate) fn into_placement(self) -> Option<Placement> {
        self.best.map(|(placement, _)| placement)
    }
}
