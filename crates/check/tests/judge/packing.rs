//! Placements and what is claimed of them: one change at a time, each with its verdict.

use vmpack_check::Verdict;
use vmpack_model::packing::{Certificate, Instance, Packing, Pattern, Placement, Refutation};
use vmpack_model::{Bound, Outcome, Status, Value};

use crate::tiny::{self, Kind};
use crate::{assert_correct, assert_verdict, judge, optimal, value};

/// Three `small` (2, 1) and two `large` (5, 4) on hosts of (8, 6) at 3, two in stock, or (6, 6) at 2.
fn instance() -> Instance {
    let kinds: [Kind; 2] = [(vec![vec![2, 1]], 3), (vec![vec![5, 4]], 2)];
    tiny::instance(&kinds, &[(vec![8, 6], 3, Some(2)), (vec![6, 6], 2, None)])
}

fn pattern(host: usize, vms: &[(usize, u64)]) -> Pattern {
    Pattern { host, vms: vms.to_vec() }
}

/// large + small twice on the first type, the third small alone on the second: cost 8.
fn placement() -> Placement {
    Placement {
        patterns: vec![(pattern(0, &[(0, 1), (1, 1)]), 2), (pattern(1, &[(0, 1)]), 1)],
        ..Placement::default()
    }
}

fn verdict_of(change: impl FnOnce(&mut Placement)) -> Verdict {
    let mut placement = placement();
    change(&mut placement);
    judge(&instance(), &Outcome::<Packing>::feasible(placement, value("8"))).verdict
}

#[track_caller]
fn assert_infeasible(parts: &[&str], change: impl FnOnce(&mut Placement)) {
    let verdict = verdict_of(change);
    let Verdict::Infeasible { violations } = &verdict else { panic!("{verdict}") };
    for part in parts {
        assert!(violations.iter().any(|v| v.contains(part)), "{part:?} is not in {violations:?}");
    }
}

#[test]
fn a_placement_as_claimed_is_correct() {
    let judgement = judge(&instance(), &Outcome::<Packing>::feasible(placement(), value("8")));
    assert_correct(&judgement);
    assert_eq!(judgement.cost, Some(value("8")));
    assert!(!judgement.certified);
    assert!(judgement.violation.is_zero());
}

#[test]
fn an_open_host_may_be_empty_but_costs() {
    let mut placement = placement();
    placement.patterns.push((pattern(1, &[]), 1));
    assert_correct(&judge(&instance(), &Outcome::<Packing>::feasible(placement, value("10"))));
}

#[test]
fn dropped_and_duplicated_vms_are_named() {
    assert_infeasible(&["\"vm0\": 2 of 3 placed, 1 dropped"], |p| {
        p.patterns.pop();
    });
    assert_infeasible(&["\"vm0\": 4 placed, 1 more than its 3"], |p| p.patterns[1].0.vms[0].1 = 2);
    assert_infeasible(&["\"vm1\": 0 of 2 placed"], |p| {
        p.patterns[0].0.vms.pop();
    });
    // A duplicate of one type does not make up for a drop of the other.
    assert_infeasible(&["\"vm0\": 2 of 3", "\"vm1\": 3 placed"], |p| p.patterns[1].0.vms[0].0 = 1);
}

#[test]
fn a_vm_moved_over_capacity_is_named_with_the_excess() {
    let moved = |p: &mut Placement| {
        p.patterns = vec![
            (pattern(0, &[(0, 2), (1, 1)]), 1),
            (pattern(0, &[(0, 1), (1, 1)]), 1),
            (pattern(1, &[]), 1),
        ];
    };
    assert_infeasible(&["pattern 1 on host type \"host0\" demands 9 of \"size1\", 1 more"], moved);
    // The second resource breaks alone: five small ones need (10, 5) of (10, 4).
    let narrow = tiny::instance(&[(vec![vec![2, 1]], 5)], &[(vec![10, 4], 1, None)]);
    let all = Placement { patterns: vec![(pattern(0, &[(0, 5)]), 1)], ..Placement::default() };
    let judgement = judge(&narrow, &Outcome::<Packing>::feasible(all, value("1")));
    assert_verdict(&judgement, "Infeasible", &["demands 5 of \"size2\", 1 more than its 4"]);
    assert_eq!(judgement.cost, None);
}

#[test]
fn stock_is_kept() {
    assert_infeasible(&["\"host0\": 3 opened, but only 2 in stock"], |p| p.patterns[1].0.host = 0);
}

#[test]
fn malformed_patterns_are_named() {
    assert_infeasible(&["pattern 2 holds VMs of unknown demand row 2"], |p| {
        p.patterns[1].0.vms[0].0 = 2;
    });
    assert_infeasible(&["pattern 2 is on unknown host type 7"], |p| p.patterns[1].0.host = 7);
    assert_infeasible(&["pattern 3 is used by no host"], |p| {
        p.patterns.push((pattern(0, &[]), 0));
    });
    assert_infeasible(&["pattern 1 holds 0 VMs of row 1"], |p| p.patterns[0].0.vms[1].1 = 0);
    // The sum is right, but the form is not.
    assert_infeasible(&["pattern 1 names row 0 (\"vm0\") twice"], |p| {
        p.patterns = vec![
            (pattern(0, &[(0, 1), (0, 1)]), 1),
            (pattern(1, &[(1, 1)]), 2),
            (pattern(1, &[(0, 1)]), 1),
        ];
    });
}

#[test]
fn alternatives_count_for_their_type() {
    let kinds: [Kind; 1] = [(vec![vec![4, 1], vec![1, 4]], 4)];
    let instance = tiny::instance(&kinds, &[(vec![5, 5], 1, None)]);
    let mixed =
        Placement { patterns: vec![(pattern(0, &[(0, 1), (1, 1)]), 2)], ..Placement::default() };
    assert_correct(&judge(&instance, &Outcome::<Packing>::feasible(mixed, value("2"))));
    let both =
        Placement { patterns: vec![(pattern(0, &[(0, 1), (1, 1)]), 4)], ..Placement::default() };
    let judgement = judge(&instance, &Outcome::<Packing>::feasible(both, value("4")));
    assert_verdict(&judgement, "Infeasible", &["\"vm0\": 8 placed, 4 more than its 4"]);
}

#[test]
fn a_cost_off_by_one_is_wrong() {
    for claimed in ["7", "9", "17/2"] {
        let outcome = Outcome::<Packing>::feasible(placement(), value(claimed));
        let judgement = judge(&instance(), &outcome);
        assert_eq!(
            judgement.verdict,
            Verdict::WrongCost { claimed: value(claimed), actual: value("8") }
        );
        assert_eq!(judgement.cost, Some(value("8")), "the solution itself counts");
    }
}

#[test]
fn many_violations_are_counted_not_listed() {
    let verdict = verdict_of(|p| p.patterns = vec![(pattern(9, &[(9, 1)]), 1); 50]);
    let Verdict::Infeasible { violations } = verdict else { panic!("{verdict}") };
    assert!(violations.len() < 12);
    assert_eq!(violations.last().map(String::as_str), Some("and 94 more"));
}

#[test]
fn bounds_against_the_own_solution() {
    // Ten units of the second resource on at most six per host: more than one host of the cheap type.
    let volume = Certificate::Volume { resource: 0 };
    let feasible = Outcome::<Packing>::feasible(placement(), value("8"));
    // 16 units of size1: cost 1/3 per unit on the cheap type gives 16/3.
    let with = |bound| judge(&instance(), &feasible.clone().with_bound(bound));
    let judgement = with(Bound::certified(value("6"), volume.clone()));
    assert_correct(&judgement);
    assert!(judgement.certified);
    let judgement = with(Bound::certified(value("7"), volume));
    assert_verdict(&judgement, "InvalidBound", &["7", "proves 6 only"]);
    assert!(!judgement.certified);

    let judgement = with(Bound::claimed(value("8")));
    assert_correct(&judgement);
    assert!(!judgement.certified, "nobody proved it");
    let judgement = with(Bound::claimed(value("9")));
    assert_eq!(
        judgement.verdict,
        Verdict::BoundAboveCost { bound: value("9"), actual: value("8") }
    );
}

#[test]
fn optimal_needs_a_bound_that_closes_the_gap() {
    let judged = |bound: Option<&str>| {
        let outcome = optimal::<Packing>(placement(), value("8"));
        let bound = bound.map(|bound| Bound::claimed(value(bound)));
        judge(&instance(), &Outcome { bound, ..outcome })
    };
    assert_correct(&judged(None));
    assert!(!judged(None).notes.is_empty(), "optimality is the method's word");
    assert_correct(&judged(Some("8")));
    // Costs are integers, so any bound above 7 proves 8.
    assert_correct(&judged(Some("15/2")));
    assert_verdict(&judged(Some("7")), "Inconsistent", &["the cost is 8 and the bound 7"]);

    // With all hosts at 3, costs are multiples of 3, so 4 proves 6.
    let threes = tiny::instance(&[(vec![vec![2]], 2)], &[(vec![3], 3, None)]);
    let each = Placement { patterns: vec![(pattern(0, &[(0, 1)]), 2)], ..Placement::default() };
    let outcome = |bound| Outcome {
        bound: Some(Bound::claimed(value(bound))),
        ..optimal::<Packing>(each.clone(), value("6"))
    };
    assert_correct(&judge(&threes, &outcome("4")));
    assert_verdict(&judge(&threes, &outcome("3")), "Inconsistent", &[]);
}

#[test]
fn status_and_content_must_agree() {
    let solved = Outcome::<Packing>::feasible(placement(), value("8"));
    for status in [Status::Infeasible, Status::Unknown] {
        let judgement = judge(&instance(), &Outcome { status, ..solved.clone() });
        assert_verdict(&judgement, "Inconsistent", &[&status.to_string()]);
        assert_eq!(judgement.cost, Some(value("8")));
    }
    for status in [Status::Optimal, Status::Feasible] {
        let judgement = judge(&instance(), &Outcome::<Packing> { status, ..Outcome::unknown() });
        assert_verdict(&judgement, "Inconsistent", &["no solution"]);
    }
    let refutation = Some(Refutation::FitsNowhere { vm: 0 });
    let judgement = judge(&instance(), &Outcome { refutation, ..solved });
    assert_verdict(&judgement, "Inconsistent", &["evidence"]);
    let judgement = judge(&instance(), &Outcome::<Packing>::unbounded(None));
    assert_verdict(&judgement, "FalseRefutation", &["less than zero"]);
}

#[test]
fn the_worst_finding_comes_first_and_the_others_are_noted() {
    let outcome = Outcome {
        bound: Some(Bound::certified(value("99"), Certificate::Volume { resource: 0 })),
        ..optimal::<Packing>(placement(), value("7"))
    };
    let judgement = judge(&instance(), &outcome);
    assert_verdict(&judgement, "WrongCost", &[]);
    assert!(judgement.notes.iter().any(|note| note.contains("InvalidBound")), "{judgement:?}");
    assert!(judgement.notes.iter().any(|note| note.contains("BoundAboveCost")), "{judgement:?}");
}

#[test]
fn nothing_claimed_is_no_answer() {
    let nothing = Outcome::<Packing>::unknown();
    assert_eq!(judge(&instance(), &nothing).verdict, Verdict::NoAnswer);
    let bound = Bound::certified(value("6"), Certificate::Volume { resource: 0 });
    let judgement = judge(&instance(), &nothing.with_bound(bound));
    assert_correct(&judgement);
    assert!(judgement.certified);
    assert_eq!(judgement.cost, None);
}

#[test]
fn an_instance_without_vms_costs_nothing() {
    let empty = tiny::instance(&[(vec![vec![2]], 0)], &[(vec![3], 3, None)]);
    assert_correct(&judge(&empty, &optimal::<Packing>(Placement::default(), Value::ZERO)));
}

#[test]
fn a_million_vms_are_a_few_numbers() {
    let million = tiny::instance(&[(vec![vec![1]], 1_000_000)], &[(vec![10], 1, None)]);
    let placement =
        Placement { patterns: vec![(pattern(0, &[(0, 10)]), 100_000)], ..Placement::default() };
    let bound = Bound::certified(value("100000"), Certificate::Volume { resource: 0 });
    let outcome = Outcome::<Packing>::feasible(placement, value("100000")).with_bound(bound);
    assert_eq!(outcome.status, Status::Optimal);
    let judgement = judge(&million, &outcome);
    assert_correct(&judgement);
    assert!(judgement.certified);
}
