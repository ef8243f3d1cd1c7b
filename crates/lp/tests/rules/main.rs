//! Assignment programs with placement rules, compared with enumeration.

mod brute;
mod draw;
#[cfg(feature = "highs")]
mod explain;

use std::collections::BTreeMap;

use draw::Draw;
use vmpack_check::{Effort, Judge};
use vmpack_lp::PACKING;
use vmpack_model::packing::{Instance, Packing, Placement};
use vmpack_model::{Budget, Method, NullObserver, Problem as _, Status, Value};

fn method(name: &str) -> &'static dyn Method<Packing> {
    *PACKING.iter().find(|method| method.name() == name).expect("a method of this build")
}

/// The answer of the method is the optimum that enumeration finds, and a placement in its eyes and those of
/// the judge.
fn agrees(method: &dyn Method<Packing>, instance: &Instance, seed: u64) -> Option<Placement> {
    method.accepts(instance).expect("small, and every form is known");
    let all: Vec<u64> = instance.vms().iter().map(|vm| vm.count).collect();
    let optimum = brute::optimum(instance, &all);
    let outcome = method.solve(instance, &Budget::default(), &mut NullObserver);
    let judgement = Packing::judge(instance, &outcome, &Effort::default());
    let at = format!("{method:?}, seed {seed}: {outcome:?} of {instance:?}");
    assert!(!judgement.verdict.is_wrong(), "{judgement:?} {at}");
    let status = if optimum.is_some() { Status::Optimal } else { Status::Infeasible };
    assert_eq!(outcome.status, status, "{optimum:?} {at}");
    let solved = outcome.solved?;
    assert_eq!(Some(solved.cost), optimum.map(Value::from), "{at}");
    let hosts = brute::expand(instance, &solved.solution).expect("all VMs within capacity");
    assert_eq!(brute::cost(instance, &hosts), optimum, "{at}");
    Some(solved.solution)
}

#[test]
#[cfg(feature = "highs")]
fn every_form_reaches_the_enumerated_optimum() {
    let mut placed: BTreeMap<&str, usize> = BTreeMap::new();
    let mut refuted: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in 0..600 {
        let instance = Draw::new(seed).instance(6);
        let placement = agrees(method("assignment-highs"), &instance, seed);
        for form in Packing::rules(&instance) {
            let counts = if placement.is_some() { &mut placed } else { &mut refuted };
            *counts.entry(form).or_default() += 1;
        }
        if let Some(moves) = placement.map(|placement| placement.evacuations) {
            *placed.entry("moves").or_default() += usize::from(!moves.is_empty());
        }
    }
    // None of it is vacuous.
    assert!(placed.len() == 8 && placed.values().all(|&n| n >= 40), "{placed:?}");
    assert!(refuted.len() == 7 && refuted.values().all(|&n| n >= 10), "{refuted:?}");
}

#[test]
fn the_other_backend_reaches_it_as_well() {
    for seed in 1000..1150 {
        agrees(method("assignment-microlp"), &Draw::new(seed).instance(6), seed);
    }
}
