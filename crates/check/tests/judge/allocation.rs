//! Amounts and what is claimed of them: constraints, tolerance, cost, and the two refutations.

use ndarray::{Array2, array};
use vmpack_check::Verdict;
use vmpack_model::allocation::{
    Allocation, Amounts, Data, Instance, Multipliers, Objective, Refutation, Service, Term,
    Utility, Vm,
};
use vmpack_model::{Bound, Outcome, Resource, Status};

use crate::{assert_correct, assert_verdict, judge, optimal, value};

/// An instance of one resource with the given `(host, reservation, limit)` per VM.
pub(crate) fn instance(
    vms: &[(Option<usize>, u64, Option<u64>)],
    capacities: &[u64],
    services: &[(&[i64], i64)],
    objective: Objective,
) -> Instance {
    let n = vms.len();
    let service = |(j, &(row, required)): (usize, &(&[i64], i64))| Service {
        name: format!("service{j}"),
        terms: (0..n)
            .filter(|&i| row[i] != 0)
            .map(|i| Term { vm: i, resource: 0, coefficient: row[i] })
            .collect(),
        required,
    };
    Instance::new(Data {
        name: "small".into(),
        resources: vec![Resource::new("cpu", "core")],
        vms: (0..n).map(|i| Vm { name: format!("vm{i}"), host: vms[i].0 }).collect(),
        reservations: Array2::from_shape_fn((n, 1), |(i, _)| vms[i].1),
        limits: Array2::from_shape_fn((n, 1), |(i, _)| vms[i].2),
        hosts: (0..capacities.len()).map(|h| format!("host{h}")).collect(),
        capacities: Array2::from_shape_fn((capacities.len(), 1), |(h, _)| capacities[h]),
        services: services.iter().enumerate().map(service).collect(),
        objective,
    })
    .expect("a valid instance")
}

pub(crate) fn costs(costs: &[i64]) -> Objective {
    Objective::Cost(Array2::from_shape_fn((costs.len(), 1), |(i, _)| costs[i]))
}

/// Minimise 5 a + 4 b with 2 a + b >= 7, a + 3 b >= 6, a between 1 and 6, both on a host of 9.
///
/// The optimum is a = 3, b = 1 at 19, with prices 11/5 and 3/5.
fn covering() -> Instance {
    instance(
        &[(Some(0), 1, Some(6)), (Some(0), 0, None)],
        &[9],
        &[(&[2, 1], 7), (&[1, 3], 6)],
        costs(&[5, 4]),
    )
}

fn amounts(numerators: [i64; 2], denominator: i64, tolerance_ppb: u32) -> Amounts {
    Amounts { numerators: array![[numerators[0]], [numerators[1]]], denominator, tolerance_ppb }
}

fn prices(services: [i64; 2], denominator: i64) -> Multipliers {
    Multipliers { denominator, services: services.to_vec(), capacities: vec![vec![0]] }
}

#[track_caller]
fn assert_infeasible(amounts: Amounts, part: &str) {
    let judgement = judge(&covering(), &Outcome::<Allocation>::feasible(amounts, value("0")));
    assert_verdict(&judgement, "Infeasible", &[part]);
    assert_eq!(judgement.cost, None);
}

#[test]
fn an_optimal_allocation_is_proved_by_its_prices() {
    let outcome = optimal::<Allocation>(amounts([3, 1], 1, 0), value("19"));
    let bound = Some(Bound::certified(value("19"), prices([11, 3], 5)));
    let judgement = judge(&covering(), &Outcome { bound, ..outcome.clone() });
    assert_correct(&judgement);
    assert!(judgement.certified);
    assert_eq!(judgement.cost, Some(value("19")));

    let bound = Some(Bound::certified(value("96/5"), prices([11, 3], 5)));
    let judgement = judge(&covering(), &Outcome { bound, ..outcome.clone() });
    assert_verdict(&judgement, "InvalidBound", &["proves 19 only"]);

    // The gap to the own bound: one millionth of 19 is the most.
    let with = |bound: &str| {
        let bound = Some(Bound::claimed(value(bound)));
        judge(&covering(), &Outcome { bound, ..outcome.clone() })
    };
    assert_correct(&with("18999981/1000000"));
    assert_verdict(&with("18999980/1000000"), "Inconsistent", &["the cost is 19"]);
    assert_verdict(&with("19000001/1000000"), "BoundAboveCost", &[]);
}

#[test]
fn every_kind_of_constraint_is_checked_to_the_last_fraction() {
    assert_infeasible(amounts([299, 100], 100, 0), "\"service0\": 1/50 below the required 7");
    assert_infeasible(amounts([300, 99], 100, 0), "\"service1\": 3/100 below the required 6");
    assert_infeasible(amounts([6001, 2000], 1000, 0), "\"vm0\", \"cpu\": 1/1000 above the limit 6");
    assert_infeasible(
        amounts([99, 700], 100, 0),
        "\"vm0\", \"cpu\": 1/100 below the reservation 1",
    );
    assert_infeasible(amounts([9, -1], 1, 0), "\"vm1\", \"cpu\": 1 below the reservation 0");
    assert_infeasible(
        amounts([600, 301], 100, 0),
        "\"host0\", \"cpu\": 1/100 above the capacity 9",
    );
}

#[test]
fn amounts_out_of_form_are_refused() {
    assert_infeasible(amounts([3, 1], 0, 0), "denominator 0");
    assert_infeasible(amounts([3, 1], -1, 0), "denominator -1");
    let numerators = array![[3, 1]];
    assert_infeasible(Amounts { numerators, ..amounts([0, 0], 1, 0) }, "expected 2 x 1");
    let numerators = Array2::zeros((0, 0));
    assert_infeasible(Amounts { numerators, ..amounts([0, 0], 1, 0) }, "found 0 x 0");
}

#[test]
fn a_stated_tolerance_is_kept_and_the_miss_reported() {
    let billion = 1_000_000_000;
    // The first service is missed by 7 parts per billion of 7, and by one more unit of 2 / billion.
    let missing = |units: i64, ppb| {
        let amounts = amounts([3 * billion - units, billion + units], billion, ppb);
        let cost = vmpack_model::Value::new(i128::from(19 * billion - units), billion.into());
        judge(&covering(), &Outcome::<Allocation>::feasible(amounts, cost.expect("positive")))
    };
    let judgement = missing(7, 1);
    assert_correct(&judgement);
    assert_eq!(judgement.violation, value("7/1000000000"));
    assert_verdict(&missing(8, 1), "Infeasible", &["1/125000000 below the required 7"]);
    assert_verdict(&missing(1, 0), "Infeasible", &[]);
    assert_correct(&missing(7000, 1000));
    assert_verdict(&missing(7001, 1000), "Infeasible", &[]);
    // More than a millionth may not be stated, even where nothing is missed.
    assert_verdict(&missing(0, 1001), "Infeasible", &["1001 parts per billion"]);
    assert_eq!(missing(0, 1000).violation, value("0"));
}

#[test]
fn a_solution_within_tolerance_may_cost_less_than_the_true_bound() {
    let million = 1_000_000;
    let judged = |tolerance_ppb, claimed: &str, bound: &str| {
        let amounts = amounts([3 * million - 2, million + 1], million, tolerance_ppb);
        let outcome = optimal::<Allocation>(amounts, value(claimed));
        let bound = Some(Bound::claimed(value(bound)));
        judge(&covering(), &Outcome { bound, ..outcome })
    };
    let cost = "18999994/1000000";
    let judgement = judged(1000, cost, "19");
    assert_correct(&judgement);
    assert_eq!(judgement.violation, value("3/1000000"));
    assert_verdict(&judged(1000, cost, "1900002/100000"), "BoundAboveCost", &[]);
    assert_verdict(&judged(1000, "19", "19"), "WrongCost", &["is 9499997/500000"]);
}

#[test]
fn a_cost_off_by_little_is_wrong() {
    let outcome = Outcome::<Allocation>::feasible(amounts([7, 2], 2, 0), value("43/2"));
    assert_correct(&judge(&covering(), &outcome));
    let outcome = Outcome::<Allocation>::feasible(amounts([7, 2], 2, 0), value("42/2"));
    let judgement = judge(&covering(), &outcome);
    assert_eq!(
        judgement.verdict,
        Verdict::WrongCost { claimed: value("21"), actual: value("43/2") }
    );
}

/// Two VMs on a host of 10: concave (0, 0), (4, 8), (7, 10), and steps to 3 at 2 and to 9 at 6.
fn utilities() -> Instance {
    let utilities =
        vec![Utility::Concave(vec![(0, 0), (4, 8), (7, 10)]), Utility::Steps(vec![(2, 3), (6, 9)])];
    let vms = [(Some(0), 0, None), (Some(0), 0, Some(8))];
    instance(&vms, &[10], &[], Objective::Utility(utilities))
}

#[test]
fn the_cost_of_utilities_is_what_is_forgone() {
    for (numerators, denominator, cost) in [
        ([4, 6], 1, "2"),
        ([0, 0], 1, "19"),
        ([10, 0], 1, "9"),
        ([1, 4], 2, "15"),
        ([11, 8], 2, "7"),
        ([5, 5], 1, "22/3"),
    ] {
        let amounts = amounts(numerators, denominator, 0);
        let outcome = Outcome::<Allocation>::feasible(amounts, value(cost));
        assert_correct(&judge(&utilities(), &outcome));
    }
    // A unit of cpu is worth 2/3 beyond 4 of the first VM and 3/2 per unit up to 6 of the second.
    let priced = |price, claimed: &str| {
        let multipliers =
            Multipliers { denominator: 2, services: vec![], capacities: vec![vec![price]] };
        let outcome = optimal::<Allocation>(amounts([4, 6], 1, 0), value("2"));
        let bound = Some(Bound::certified(value(claimed), multipliers));
        judge(&utilities(), &Outcome { bound, ..outcome })
    };
    let judgement = priced(3, "2");
    assert_correct(&judgement);
    assert!(judgement.certified);
    // At a price of 1 the first VM takes 4 and the second 6 as well; at 1/2 the first takes 7.
    assert!(priced(2, "2").certified);
    assert_verdict(&priced(1, "2"), "InvalidBound", &["proves 3/2 only"]);
}

/// A cost that no fraction of 128-bit integers holds, because slopes have coprime denominators, is
/// rounded up to a multiple of 2^-32.
#[test]
fn costs_beyond_128_bits_are_rounded_up() {
    let runs = [1_000_003_u64, 1_000_033, 1_000_037, 1_000_039, 1_000_081, 1_000_099, 1_000_117];
    let n = runs.len();
    let utilities = runs.iter().map(|&run| Utility::Concave(vec![(0, 0), (run, 7)])).collect();
    let vms = vec![(None, 0, Some(2_000_000)); n];
    let instance = instance(&vms, &[], &[], Objective::Utility(utilities));
    let amounts = Amounts::integers(Array2::from_elem((n, 1), 500_000));
    // 7 * 7 - 7 * 500000 * (1 / 1000003 + ...), by high-precision arithmetic.
    let denominator = 1_i128 << 32;
    let judged = |numerator: i128| {
        let claimed = vmpack_model::Value::new(numerator, denominator).expect("positive");
        judge(&instance, &Outcome::<Allocation>::feasible(amounts.clone(), claimed))
    };
    let Verdict::WrongCost { actual, .. } = judged(0).verdict else { panic!("not 0") };
    let reference: f64 = runs.iter().map(|&run| 7.0 - 7.0 * 500_000.0 / run as f64).sum();
    assert!((actual.to_f64() - reference).abs() < 1e-9);
    let numerator = actual.numerator() * (denominator / actual.denominator());
    assert_correct(&judged(numerator));
    assert_verdict(&judged(numerator - 1), "WrongCost", &[]);
    assert_verdict(&judged(numerator + 1), "WrongCost", &[]);
}

/// Thousands of coprime denominators are bracketed instead of added up.
#[test]
fn many_coprime_denominators_take_no_time() {
    let n = 20_000;
    let utilities =
        (0..n).map(|i| Utility::Concave(vec![(0, 0), (1_000_003 + 2 * i, 7)])).collect();
    let vms = vec![(None, 0, Some(2_000_000)); n as usize];
    let instance = instance(&vms, &[], &[], Objective::Utility(utilities));
    let amounts = Amounts::integers(Array2::from_elem((n as usize, 1), 500_000));
    let judged = |cost| judge(&instance, &Outcome::<Allocation>::feasible(amounts.clone(), cost));
    let Verdict::WrongCost { actual, .. } = judged(value("0")).verdict else { panic!("not 0") };
    assert_correct(&judged(actual));
}

#[test]
fn infeasible_is_proved_by_prices_of_contradicting_constraints() {
    // At least 7 from one VM whose limit is 3, on a host of 5: 7 - 2 * 3 > 0.
    let contradictory =
        |limit, capacity| instance(&[(Some(0), 0, limit)], &[capacity], &[(&[2], 7)], costs(&[1]));
    let refute = |instance: &Instance, service, capacity| {
        let multipliers = Multipliers {
            denominator: 3,
            services: vec![service],
            capacities: vec![vec![capacity]],
        };
        let refutation = Refutation::Infeasible { multipliers };
        judge(instance, &Outcome::<Allocation>::infeasible(Some(refutation)))
    };
    let judgement = refute(&contradictory(Some(3), 5), 1, 0);
    assert_correct(&judgement);
    assert!(judgement.certified);
    // By the capacity instead of the limit, with its price or by the range of the amount.
    assert_correct(&refute(&contradictory(None, 3), 1, 2));
    assert_correct(&refute(&contradictory(None, 3), 1, 0));
    assert_verdict(&refute(&contradictory(Some(4), 5), 1, 0), "FalseRefutation", &["prove -1/3"]);
    assert_verdict(&refute(&contradictory(Some(3), 5), 0, 0), "FalseRefutation", &[]);
    assert_verdict(&refute(&contradictory(Some(3), 5), -1, 0), "FalseRefutation", &["negative"]);
    // Costs do not matter: a dear instance is not an infeasible one.
    let dear = instance(&[(Some(0), 0, Some(4))], &[5], &[(&[2], 7)], costs(&[1000]));
    assert_verdict(&refute(&dear, 1, 0), "FalseRefutation", &[]);
    // A reservation that its host cannot give.
    let crowded = instance(&[(Some(0), 6, None)], &[5], &[(&[2], 7)], costs(&[1]));
    assert_correct(&refute(&crowded, 0, 0));
}

/// The first VM saves 1 per unit and asks for two of the second, which costs `cost` and serves it.
fn ray_instance(cost: i64) -> Instance {
    let vms = [(None, 1, None), (None, 0, None), (None, 0, Some(9)), (Some(0), 0, None)];
    instance(&vms, &[5], &[(&[-2, 1, 1, 0], 0)], costs(&[-5, cost, 0, -1]))
}

fn judge_ray(instance: &Instance, point: [i64; 4], ray: &[[i64; 1]]) -> vmpack_check::Judgement {
    let point = Amounts::integers(Array2::from_shape_vec((4, 1), point.to_vec()).expect("4 x 1"));
    let ray = ray.iter().map(|row| row.to_vec()).collect();
    let refutation = Refutation::Unbounded { point, ray };
    judge(instance, &Outcome::<Allocation>::unbounded(Some(refutation)))
}

#[test]
fn unbounded_is_proved_by_a_point_and_a_ray() {
    let (point, ray) = ([1, 2, 0, 0], [[1], [2], [0], [0]]);
    let judgement = judge_ray(&ray_instance(2), point, &ray);
    assert_correct(&judgement);
    assert!(judgement.certified);
    for (ray, reason) in [
        ([[1], [1], [0], [0]], "\"service0\": the ray leaves its demand"),
        ([[-1], [0], [0], [0]], "\"vm0\", \"cpu\": the ray ends at the reservation"),
        ([[1], [1], [1], [0]], "\"vm2\", \"cpu\": the ray ends at the limit"),
        ([[1], [2], [0], [1]], "\"vm3\", \"cpu\": the ray ends at the host's capacity"),
        ([[0], [2], [0], [0]], "changes by 4"),
        ([[0], [0], [0], [0]], "changes by 0"),
    ] {
        let judgement = judge_ray(&ray_instance(2), point, &ray);
        assert_verdict(&judgement, "FalseRefutation", &[reason]);
        assert!(!judgement.certified);
    }
    let judgement = judge_ray(&ray_instance(2), [1, 1, 0, 0], &ray);
    assert_verdict(&judgement, "FalseRefutation", &["the point is not feasible", "service0"]);
    assert_verdict(&judge_ray(&ray_instance(2), point, &ray[..3]), "FalseRefutation", &["4 x 1"]);
    // At 3 a unit of the second VM eats the saving up.
    assert_verdict(&judge_ray(&ray_instance(3), point, &ray), "FalseRefutation", &["changes by 1"]);
}

#[test]
fn unbounded_where_nothing_can_fall_is_false() {
    let unbounded = Outcome::<Allocation>::unbounded(None);
    assert_verdict(&judge(&covering(), &unbounded), "FalseRefutation", &["negative unit cost"]);
    assert_verdict(&judge(&utilities(), &unbounded), "FalseRefutation", &[]);
    let judgement = judge(&ray_instance(2), &unbounded);
    assert_correct(&judgement);
    assert!(!judgement.certified && !judgement.notes.is_empty());
    let bounded = unbounded.with_bound(Bound::claimed(value("-100")));
    assert_verdict(&judge(&ray_instance(2), &bounded), "Inconsistent", &["-100"]);
}

#[test]
fn a_point_within_tolerance_does_not_certify() {
    let million = 1_000_000;
    let point = Amounts {
        numerators: array![[million], [2 * million - 1], [0], [0]],
        denominator: million,
        tolerance_ppb: 1000,
    };
    let refutation = Refutation::Unbounded { point, ray: vec![vec![1], vec![2], vec![0], vec![0]] };
    let judgement = judge(&ray_instance(2), &Outcome::<Allocation>::unbounded(Some(refutation)));
    assert_correct(&judgement);
    assert!(!judgement.certified);
    assert!(judgement.notes[0].contains("1/1000000"), "{judgement:?}");
}

#[test]
fn evidence_must_be_for_the_claim() {
    let multipliers = prices([1, 1], 1);
    let refutation = Some(Refutation::Infeasible { multipliers });
    let outcome = Outcome::<Allocation>::unbounded(refutation);
    assert_verdict(&judge(&ray_instance(2), &outcome), "FalseRefutation", &["not for unbounded"]);
    let outcome = Outcome { status: Status::Unknown, ..outcome };
    assert_verdict(&judge(&ray_instance(2), &outcome), "Inconsistent", &["evidence"]);
}
