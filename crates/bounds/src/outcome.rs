//! From a placement, or the lack of one, to what a method claims.

use vmpack_model::packing::{Instance, Packing, Placement};
use vmpack_model::{Observer, Outcome, Value};

use crate::{best, refute};

/// The claim of a method that found a placement: its cost, the [`best`] bound, and `optimal` if the two
/// meet. Tells the observer of both.
///
/// # Panics
/// If the placement names a host type that the instance does not have.
pub fn finish(
    instance: &Instance,
    placement: Placement,
    observer: &mut dyn Observer,
) -> Outcome<Packing> {
    let cost = Value::from(placement.cost(instance));
    observer.incumbent(cost);
    let outcome = Outcome::feasible(placement, cost);
    with_best_bound(instance, outcome, observer)
}

/// The claim of a method that found no placement: `infeasible` if [`refute()`] shows it, else `unknown`
/// with the [`best`] bound.
pub fn give_up(instance: &Instance, observer: &mut dyn Observer) -> Outcome<Packing> {
    if let Some(refutation) = refute(instance) {
        return Outcome::infeasible(Some(refutation));
    }
    with_best_bound(instance, Outcome::unknown(), observer)
}

fn with_best_bound(
    instance: &Instance,
    outcome: Outcome<Packing>,
    observer: &mut dyn Observer,
) -> Outcome<Packing> {
    match best(instance) {
        Some(bound) => {
            observer.bound(bound.value);
            outcome.with_bound(bound)
        }
        None => outcome,
    }
}
