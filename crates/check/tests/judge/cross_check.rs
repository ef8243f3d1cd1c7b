//! Claims about one instance against each other.

use vmpack_check::{Claim, CrossCheck, DoubtfulReference, Judgement, Verdict, cross_check};
use vmpack_model::{Family, Reference, Status, Value};

use crate::value;

struct Given {
    status: Status,
    bound: Option<Value>,
    judgement: Judgement,
}

fn given(status: Status, cost: Option<&str>, bound: Option<&str>) -> Given {
    let judgement = Judgement {
        verdict: Verdict::Correct,
        cost: cost.map(value),
        certified: false,
        notes: vec![],
        violation: Value::ZERO,
    };
    Given { status, bound: bound.map(value), judgement }
}

fn wrong(mut given: Given, verdict: Verdict) -> Given {
    given.judgement.verdict = verdict;
    given
}

fn check(family: Family, all: &[Given], proved: Option<(&str, bool)>) -> CrossCheck {
    let claims: Vec<Claim<'_>> = all
        .iter()
        .map(|g| Claim { status: g.status, bound: g.bound, judgement: &g.judgement })
        .collect();
    let reference = proved.map(|(cost, proved)| Reference {
        cost: value(cost),
        proved,
        lower_bound: None,
        source: "published".into(),
    });
    cross_check(family, &claims, reference.as_ref())
}

fn names(checked: &CrossCheck) -> Vec<&'static str> {
    checked.verdicts.iter().map(Verdict::name).collect()
}

#[test]
fn what_one_method_reaches_disproves_what_another_claims() {
    let all = [
        given(Status::Feasible, Some("10"), Some("9")),
        given(Status::Optimal, Some("11"), None),
        given(Status::Feasible, Some("12"), Some("11")),
        given(Status::Infeasible, None, None),
        given(Status::Unknown, None, Some("10")),
        given(Status::Optimal, Some("10"), Some("10")),
    ];
    let checked = check(Family::Packing, &all, None);
    let expected =
        ["Correct", "FalseOptimal", "BoundAboveCost", "FalseRefutation", "Correct", "Correct"];
    assert_eq!(names(&checked), expected);
    assert_eq!(
        checked.verdicts[1],
        Verdict::FalseOptimal { claimed: value("11"), better: value("10") }
    );
    assert_eq!(
        checked.verdicts[2],
        Verdict::BoundAboveCost { bound: value("11"), actual: value("10") }
    );
    assert_eq!(checked.doubtful_reference, None);
}

#[test]
fn a_proved_reference_counts_like_a_solution() {
    let all = [
        given(Status::Optimal, Some("11"), Some("11")),
        given(Status::Unknown, None, Some("10")),
        given(Status::Infeasible, None, None),
        given(Status::Unbounded, None, None),
    ];
    let checked = check(Family::Allocation, &all, Some(("10", true)));
    assert_eq!(
        names(&checked),
        ["BoundAboveCost", "Correct", "FalseRefutation", "FalseRefutation"]
    );
    // A best known cost that nobody proved is no more than a rumour.
    let checked = check(Family::Allocation, &all[..2], Some(("10", false)));
    assert_eq!(names(&checked), ["Correct", "Correct"]);
}

#[test]
fn a_cost_below_the_proved_reference_makes_the_reference_doubtful() {
    let all = [
        given(Status::Feasible, Some("9"), None),
        given(Status::Optimal, Some("10"), None),
        given(Status::Feasible, Some("12"), Some("9")),
    ];
    let checked = check(Family::Packing, &all, Some(("10", true)));
    assert_eq!(names(&checked), ["Correct", "FalseOptimal", "Correct"]);
    let doubtful = DoubtfulReference { reference: value("10"), cost: value("9") };
    assert_eq!(checked.doubtful_reference, Some(doubtful));
    let checked = check(Family::Packing, &all, Some(("9", true)));
    assert_eq!(checked.doubtful_reference, None);
    // What is doubtful does not disprove that costs fall without end.
    let all = [given(Status::Feasible, Some("9"), None), given(Status::Unbounded, None, None)];
    let checked = check(Family::Allocation, &all, Some(("10", true)));
    assert_eq!(names(&checked), ["Correct", "Correct"]);
}

#[test]
fn other_findings_stay_but_their_solutions_count() {
    let reason = || String::from("a reason");
    let false_claim = Verdict::WrongCost { claimed: value("7"), actual: value("8") };
    let all = [
        wrong(given(Status::Feasible, Some("8"), None), false_claim.clone()),
        wrong(given(Status::Unknown, None, None), Verdict::NoAnswer),
        wrong(
            given(Status::Optimal, None, Some("99")),
            Verdict::Infeasible { violations: vec![reason()] },
        ),
        given(Status::Optimal, Some("9"), None),
    ];
    let checked = check(Family::Packing, &all, None);
    assert_eq!(checked.verdicts[0], false_claim);
    assert_eq!(names(&checked), ["WrongCost", "NoAnswer", "Infeasible", "FalseOptimal"]);
}

#[test]
fn words_without_a_solution_are_disproved_but_never_believed() {
    let unshown = |status, claimed: &str, bound| {
        wrong(given(status, None, bound), Verdict::Unverifiable { claimed: Some(value(claimed)) })
    };
    let all = [
        given(Status::Feasible, Some("8"), None),
        unshown(Status::Optimal, "7", None),
        unshown(Status::Optimal, "8", Some("8")),
        unshown(Status::Optimal, "9", None),
        unshown(Status::Feasible, "9", Some("9")),
    ];
    let checked = check(Family::Packing, &all, None);
    let expected = ["Correct", "Unverifiable", "Unverifiable", "FalseOptimal", "BoundAboveCost"];
    assert_eq!(names(&checked), expected);
    let alone = check(Family::Packing, &all[1..2], Some(("8", true)));
    assert_eq!((names(&alone), alone.doubtful_reference), (vec!["Unverifiable"], None));
}

#[test]
fn unbounded_is_disproved_by_a_certified_bound_only() {
    let unbounded = || given(Status::Unbounded, None, None);
    let claimed = given(Status::Unknown, None, Some("3"));
    assert_eq!(names(&check(Family::Allocation, &[unbounded(), claimed], None))[0], "Correct");
    let mut certified = given(Status::Unknown, None, Some("3"));
    certified.judgement.certified = true;
    let checked = check(Family::Allocation, &[unbounded(), certified], None);
    assert_eq!(names(&checked), ["FalseRefutation", "Correct"]);
    // A certified refutation beside some bound proves nothing about the cost.
    let mut infeasible = given(Status::Infeasible, None, Some("3"));
    infeasible.judgement.certified = true;
    let checked = check(Family::Allocation, &[unbounded(), infeasible], None);
    assert_eq!(names(&checked)[0], "Correct");
}

#[test]
fn allocations_may_differ_by_a_millionth_packings_by_nothing() {
    let all = [
        given(Status::Optimal, Some("1999999/1000000"), None),
        given(Status::Optimal, Some("2"), Some("2")),
    ];
    let exact = check(Family::Packing, &all, Some(("2", true)));
    assert_eq!(names(&exact), ["Correct", "BoundAboveCost"]);
    assert!(exact.doubtful_reference.is_some());
    let tolerant = check(Family::Allocation, &all, Some(("2", true)));
    assert_eq!(names(&tolerant), ["Correct", "Correct"]);
    assert_eq!(tolerant.doubtful_reference, None);
    let apart = [
        given(Status::Optimal, Some("1999997/1000000"), None),
        given(Status::Optimal, Some("2"), None),
    ];
    assert_eq!(names(&check(Family::Allocation, &apart, None)), ["Correct", "FalseOptimal"]);
}

#[test]
fn no_claims_no_findings() {
    let checked = check(Family::Packing, &[], Some(("1", true)));
    assert!(checked.verdicts.is_empty() && checked.doubtful_reference.is_none());
}
