//! Where the searches begin.

use vmpack_model::packing::{Instance, Placement};
use vmpack_model::{Budget, NullObserver};

/// With more VM types than this, rules on counts take quadratic time.
const MOST_COUNTED: usize = 3000;

/// The best placement of greedy rules; `None` if none has found one within the budget.
pub(crate) fn start(instance: &Instance, budget: &Budget) -> Option<Placement> {
    if instance.rules().only_capacity() && instance.rows() <= MOST_COUNTED {
        vmpack_greedy::start(instance, budget)
    } else {
        indexed(instance, budget)
    }
}

/// The best placement of the rules on single hosts, which find these by an index and keep placement rules.
fn indexed(instance: &Instance, budget: &Budget) -> Option<Placement> {
    let mut best: Option<(u64, Placement)> = None;
    for method in vmpack_greedy::PACKING.iter().filter(|method| method.name().ends_with("-indexed"))
    {
        if method.accepts(instance).is_err() || best.is_some() && budget.exhausted() {
            continue;
        }
        let outcome = method.solve(instance, budget, &mut NullObserver);
        let Some(solved) = outcome.solved else { continue };
        let cost = solved.solution.cost(instance);
        if best.as_ref().is_none_or(|&(least, _)| cost < least) {
            best = Some((cost, solved.solution));
        }
    }
    best.map(|(_, placement)| placement)
}
