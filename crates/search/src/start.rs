//! Where the searches begin.

use vmpack_model::packing::{Instance, Placement};
use vmpack_model::{Budget, NullObserver};

/// Up to so many VMs with placement rules, variants of greedy rules are tried too, so many.
const MOST_VARIED: u64 = 5000;
const VARIANTS: u64 = 80;

/// The best placement of greedy rules; `None` if none has found one within the budget.
pub(crate) fn start(instance: &Instance, budget: &Budget) -> Option<Placement> {
    if instance.rules().only_capacity() {
        return vmpack_greedy::start(instance, budget);
    }
    // These keep placement rules.
    let indexed = best_of(|name| name.ends_with("-indexed"), instance, budget);
    if instance.total_vms() > MOST_VARIED {
        return indexed;
    }
    let few = budget.clone().with_work(VARIANTS);
    let varied = best_of(|name| name == "portfolio", instance, &few);
    let both = indexed.into_iter().chain(varied);
    both.min_by_key(|placement| placement.cost(instance))
}

/// The best placement of the greedy methods with some names.
fn best_of(
    is_wanted: impl Fn(&str) -> bool,
    instance: &Instance,
    budget: &Budget,
) -> Option<Placement> {
    let mut best: Option<(u64, Placement)> = None;
    for method in vmpack_greedy::PACKING.iter().filter(|method| is_wanted(method.name())) {
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
