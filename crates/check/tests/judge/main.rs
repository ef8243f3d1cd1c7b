//! The judge against mutated answers, brute force on tiny instances, and malformed input.

mod allocation;
mod certificates;
mod cross_check;
mod malformed;
mod multipliers;
mod packing;
mod rules;
mod tiny;
mod trees;

use vmpack_check::{Effort, Judge, Judgement, Verdict};
use vmpack_model::{Bound, Outcome, Problem, Status, Value};

/// An integer or a fraction such as `7/2`.
fn value(text: &str) -> Value {
    text.parse().expect("a value")
}

fn judge<P: Judge>(instance: &P::Instance, outcome: &Outcome<P>) -> Judgement {
    P::judge(instance, outcome, &Effort::default())
}

/// The verdict on nothing but a bound.
fn judge_bound<P: Judge>(
    instance: &P::Instance,
    claimed: Value,
    certificate: P::Certificate,
) -> Judgement {
    judge(instance, &Outcome::<P>::unknown().with_bound(Bound::certified(claimed, certificate)))
}

fn optimal<P: Problem>(solution: P::Solution, cost: Value) -> Outcome<P> {
    Outcome { status: Status::Optimal, ..Outcome::feasible(solution, cost) }
}

#[track_caller]
fn assert_correct(judgement: &Judgement) {
    assert_eq!(judgement.verdict, Verdict::Correct, "{judgement:?}");
}

/// Asserts the variant, and that its text speaks of each of the parts.
#[track_caller]
fn assert_verdict(judgement: &Judgement, name: &str, parts: &[&str]) {
    let text = judgement.verdict.to_string();
    assert_eq!(judgement.verdict.name(), name, "{text}");
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}
