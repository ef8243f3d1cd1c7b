//! Every method of every crate, on every tiny instance of its family.

use std::time::Duration;

use vmpack_check::{Effort, Judge, Judgement, Verdict};
use vmpack_model::packing::Packing;
use vmpack_model::{AnyInstance, Budget, Method, NullObserver, Outcome, Problem, Status, Value};

use crate::clock::cpu_time;
use crate::support::{allocation_methods, packing_methods, tiny};

/// Solves a supported instance and has the answer judged.
fn judged<P: Judge>(
    method: &dyn Method<P>,
    instance: &P::Instance,
    budget: &Budget,
) -> Option<(Outcome<P>, Judgement)> {
    method.supports(instance).ok()?;
    let outcome = method.solve(instance, budget, &mut NullObserver);
    let judgement = P::judge(instance, &outcome, &Effort::default());
    Some((outcome, judgement))
}

fn packing_instances() -> Vec<vmpack_model::packing::Instance> {
    let packing = |instance| match instance {
        AnyInstance::Packing(instance) => Some(instance),
        AnyInstance::Allocation(_) => None,
    };
    tiny().into_iter().filter_map(|entry| packing(entry.1)).collect()
}

fn allocation_instances() -> Vec<vmpack_model::allocation::Instance> {
    let allocation = |instance| match instance {
        AnyInstance::Allocation(instance) => Some(instance),
        AnyInstance::Packing(_) => None,
    };
    tiny().into_iter().filter_map(|entry| allocation(entry.1)).collect()
}

/// Every method answers every instance that it supports, the judge agrees, and no bound of one method
/// lies above the verified cost of another. Returns how many answers were judged.
fn all_agree<P: Judge>(methods: &[&'static dyn Method<P>], instances: &[P::Instance]) -> usize {
    let budget = Budget::default().with_time(Duration::from_secs(3));
    let mut answers = 0;
    for instance in instances {
        let mut best_bound: Option<(Value, &str)> = None;
        let mut costs: Vec<(Value, Status, &str)> = Vec::new();
        for &method in methods {
            let Some((outcome, judgement)) = judged(method, instance, &budget) else { continue };
            let name = method.name();
            assert!(!judgement.verdict.is_wrong(), "{name}: {}\n{instance:?}", judgement.verdict);
            answers += 1;
            if let Some(cost) = judgement.cost {
                costs.push((cost, outcome.status, name));
            }
            if let Some(bound) = outcome.bound {
                best_bound = best_bound.max(Some((bound.value, name)));
            }
        }
        let cheapest = costs.iter().min();
        for (cost, status, name) in &costs {
            if let Some((bound, of)) = best_bound {
                let margin = margin::<P>(*cost);
                assert!(
                    bound.to_f64() <= cost.to_f64() + margin,
                    "bound {bound} of {of} is above the cost {cost} of {name}\n{instance:?}"
                );
            }
            if let (Status::Optimal, Some((least, _, of))) = (status, cheapest) {
                assert!(
                    cost.to_f64() <= least.to_f64() + margin::<P>(*least),
                    "{name} calls {cost} optimal, {of} has {least}\n{instance:?}"
                );
            }
        }
    }
    answers
}

/// Continuous amounts are optimal within one part in a million; placements exactly.
fn margin<P: Problem>(cost: Value) -> f64 {
    if P::FAMILY == vmpack_model::Family::Packing {
        return 0.0;
    }
    1e-6 * cost.to_f64().abs().max(1.0)
}

#[test]
fn packing_methods_agree_and_are_judged_correct() {
    let answers = all_agree(&packing_methods(), &packing_instances());
    assert!(answers > 50, "only {answers} answers");
}

#[test]
fn allocation_methods_agree_and_are_judged_correct() {
    let answers = all_agree(&allocation_methods(), &allocation_instances());
    assert!(answers > 10, "only {answers} answers");
}

#[test]
fn every_method_supports_something_and_says_what_it_is() {
    fn look<P: Problem>(methods: &[&'static dyn Method<P>], instances: &[P::Instance]) {
        for method in methods {
            let name = method.name();
            assert!(
                name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
                "{name}"
            );
            assert!(method.summary().len() > 10, "{name} has no summary");
            assert!(method.reference().len() > 10, "{name} has no reference");
            assert!(
                instances.iter().any(|i| method.supports(i).is_ok()),
                "{name} supports nothing"
            );
        }
    }
    look(&packing_methods(), &packing_instances());
    look(&allocation_methods(), &allocation_instances());
    let mut names: Vec<_> = packing_methods().iter().map(|m| m.name()).collect();
    names.extend(allocation_methods().iter().map(|m| m.name()));
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "a name is used twice");
}

#[test]
fn the_same_seed_gives_the_same_answer() {
    fn repeat<P: Problem>(methods: &[&'static dyn Method<P>], instances: &[P::Instance]) {
        for instance in instances {
            for method in methods.iter().filter(|method| method.supports(instance).is_ok()) {
                let solve = || {
                    let budget = Budget::default().with_seed(7);
                    method.solve(instance, &budget, &mut NullObserver).solved
                };
                assert_eq!(solve(), solve(), "{}", method.name());
            }
        }
    }
    // Exact methods may take long on the larger ones without a limit, which would spoil repetition.
    let small = |instance: &vmpack_model::packing::Instance| instance.total_vms() <= 12;
    let packing: Vec<_> = packing_instances().into_iter().filter(small).collect();
    assert!(!packing.is_empty(), "the tiny suite has no instance of at most 12 VMs");
    repeat(&packing_methods(), &packing);
    repeat(&allocation_methods(), &allocation_instances());
}

#[test]
fn an_exhausted_budget_ends_every_method_at_once() {
    for instance in packing_instances() {
        for method in packing_methods() {
            if method.supports(&instance).is_err() {
                continue;
            }
            let budget = Budget::default().with_time(Duration::ZERO);
            let (outcome, taken) = cpu_time(|| method.solve(&instance, &budget, &mut NullObserver));
            // Generous, because the machine may be slow; a method that ignores its budget takes
            // seconds on the larger tiny instances.
            assert!(taken < Duration::from_secs(2), "{}: {taken:?}", method.name());
            let judgement = Packing::judge(&instance, &outcome, &Effort::default());
            assert!(!judgement.verdict.is_wrong(), "{}: {}", method.name(), judgement.verdict);
        }
    }
}

#[test]
fn no_answer_is_never_called_correct() {
    let instance = &packing_instances()[0];
    let judgement = Packing::judge(instance, &Outcome::unknown(), &Effort::default());
    assert_eq!(judgement.verdict, Verdict::NoAnswer);
}
