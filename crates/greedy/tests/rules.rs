//! Placement rules: answers judged, on tiny instances of every form, and how many of those that have a placement are
//! solved.

#[path = "../../lp/tests/rules/brute.rs"]
#[expect(dead_code, reason = "other tests expand placements as well")]
mod brute;
#[path = "../../lp/tests/rules/draw.rs"]
mod draw;

use std::collections::BTreeMap;

use draw::Draw;
use vmpack_check::{Effort, Judge, Verdict};
use vmpack_greedy::PACKING;
use vmpack_model::packing::{Instance, Packing};
use vmpack_model::{Budget, Method, NullObserver, Value};

/// The methods that keep every form.
fn ruled() -> impl Iterator<Item = &'static dyn Method<Packing>> {
    PACKING.iter().copied().filter(|method| method.keeps().len() == 7)
}

/// The cost of the answer, once it is judged; `None` without a placement.
fn judged(method: &dyn Method<Packing>, instance: &Instance) -> Option<Value> {
    method.accepts(instance).expect("every form is known");
    let outcome = method.solve(instance, &Budget::default(), &mut NullObserver);
    let judgement = Packing::judge(instance, &outcome, &Effort::default());
    assert!(!judgement.verdict.is_wrong(), "{}: {judgement:?} {instance:?}", method.name());
    if outcome.solved.is_some() {
        assert_eq!(judgement.verdict, Verdict::Correct, "{}: {instance:?}", method.name());
    }
    outcome.solved.map(|solved| solved.cost)
}

#[test]
fn tiny_instances_of_every_form() {
    let mut feasible = 0;
    let mut solved: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for seed in 0..600 {
        let instance = Draw::new(seed).instance(6);
        let all: Vec<u64> = instance.vms().iter().map(|vm| vm.count).collect();
        let optimum = brute::optimum(&instance, &all).map(Value::from);
        feasible += u32::from(optimum.is_some());
        for method in ruled() {
            let cost = judged(method, &instance);
            assert!(optimum.is_some() || cost.is_none());
            assert!(cost.is_none_or(|cost| Some(cost) >= optimum));
            let (found, best) = solved.entry(method.name()).or_default();
            *found += u32::from(cost.is_some());
            *best += u32::from(cost.is_some() && cost == optimum);
        }
    }
    println!("of {feasible} feasible instances, solved and at least cost: {solved:?}");
    assert!(feasible > 300);
    assert!(solved.values().all(|&(found, _)| found * 100 >= feasible * 98), "{solved:?}");
    assert!(solved.values().all(|&(_, best)| best * 100 >= feasible * 90), "{solved:?}");
}
