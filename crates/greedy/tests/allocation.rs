//! Allocation by marginal effect against brute force over whole amounts, and through the judge.

use ndarray::Array2;
use proptest::prelude::*;
use vmpack_check::{Effort, Judge, Verdict};
use vmpack_greedy::ALLOCATION;
use vmpack_model::allocation::{
    Allocation, Amounts, Data, Instance, Objective, Service, Term, Utility, Vm,
};
use vmpack_model::{Budget, NullObserver, Outcome, Resource, Status, Value};

fn solve(instance: &Instance) -> Outcome<Allocation> {
    let outcome = ALLOCATION[0].solve(instance, &Budget::default(), &mut NullObserver);
    let judgement = Allocation::judge(instance, &outcome, &Effort::default());
    assert!(!judgement.verdict.is_wrong(), "{}\n{outcome:?}", judgement.verdict);
    if outcome.bound.is_some() || outcome.refutation.is_some() {
        assert!(judgement.certified, "{:?}", judgement.notes);
    }
    if outcome.solved.is_some() {
        assert_eq!(judgement.verdict, Verdict::Correct);
    }
    outcome
}

/// The least cost over whole amounts, all of which must have a limit.
fn grid_optimum(instance: &Instance) -> Option<Value> {
    let (n, d) = (instance.vms().len(), instance.resources().len());
    let range = |v: usize| {
        let low = instance.reservation(v / d, v % d) as i64;
        low..=instance.limit(v / d, v % d).expect("limited") as i64
    };
    let mut amounts = vec![0; n * d];
    let mut best: Option<Value> = None;
    let mut v = 0;
    amounts[0] = *range(0).start() - 1;
    // An odometer over all whole amounts.
    loop {
        amounts[v] += 1;
        if amounts[v] > *range(v).end() {
            let Some(back) = v.checked_sub(1) else { return best };
            v = back;
        } else if v + 1 < amounts.len() {
            v += 1;
            amounts[v] = *range(v).start() - 1;
        } else if is_feasible(instance, &amounts) {
            let matrix = Array2::from_shape_vec((n, d), amounts.clone()).expect("n x d");
            let cost = Amounts::integers(matrix).cost(instance);
            best = Some(best.map_or(cost, |best| best.min(cost)));
        }
    }
}

fn is_feasible(instance: &Instance, amounts: &[i64]) -> bool {
    let d = instance.resources().len();
    let mut used = vec![0; instance.hosts().len() * d];
    for (v, &amount) in amounts.iter().enumerate() {
        if let Some(host) = instance.vms()[v / d].host {
            used[host * d + v % d] += amount as u64;
        }
    }
    let kept = used.iter().enumerate().all(|(at, &used)| used <= instance.capacity(at / d, at % d));
    kept && instance.services().iter().all(|service| {
        let given = service.terms.iter().map(|t| t.coefficient * amounts[t.vm * d + t.resource]);
        given.sum::<i64>() >= service.required
    })
}

/// A utility with up to three points beyond the start; slopes are made to fall for the concave form.
fn utilities() -> impl Strategy<Value = Utility> {
    (any::<bool>(), prop::collection::vec((1_u64..=3, 0_u64..=9), 1..=3)).prop_map(
        |(concave, parts)| {
            let mut parts = parts;
            parts.sort_by(|a, b| (b.1 * a.0).cmp(&(a.1 * b.0)));
            let (mut amount, mut worth) = (0, 0);
            let mut points = vec![(0, 0)];
            for (length, gain) in parts {
                amount += length;
                worth += gain;
                points.push((amount, worth));
            }
            if concave { Utility::Concave(points) } else { Utility::Steps(points.split_off(1)) }
        },
    )
}

/// Up to two VMs with two resources on up to two hosts, with up to two services whose coefficients have
/// either sign; both forms of the objective.
fn instances() -> impl Strategy<Value = Instance> {
    let (n, d) = (2, 2);
    let amounts = prop::collection::vec((0_u64..=2, 0_u64..=4), n * d);
    let hosts = prop::collection::vec(prop::option::weighted(0.7, 0_usize..2), n);
    let capacities = prop::collection::vec(1_u64..=9, 2 * d);
    let coefficients = prop::collection::vec(-2_i64..=5, n * d);
    let services = prop::collection::vec((coefficients, -3_i64..=25), 0..=2);
    let costs = prop::collection::vec(-1_i64..=9, n * d);
    let utilities = prop::collection::vec(utilities(), n * d);
    (amounts, hosts, capacities, services, costs, prop::option::of(utilities)).prop_map(
        move |(amounts, hosts, capacities, services, costs, utilities)| {
            let matrix = |values: Vec<u64>| Array2::from_shape_vec((2, d), values).expect("2 x 2");
            let service = |(j, (coefficients, required)): (usize, &(Vec<i64>, i64))| Service {
                name: format!("service{j}"),
                terms: (0..n * d)
                    .map(|v| Term { vm: v / d, resource: v % d, coefficient: coefficients[v] })
                    .collect(),
                required: *required,
            };
            Instance::new(Data {
                name: "tiny".into(),
                resources: Resource::anonymous(d),
                vms: (0..n).map(|i| Vm { name: format!("vm{i}"), host: hosts[i] }).collect(),
                reservations: matrix(amounts.iter().map(|&(low, _)| low).collect()),
                limits: matrix(amounts.iter().map(|&(low, more)| low + more).collect())
                    .map(|&l| Some(l)),
                hosts: vec!["a".into(), "b".into()],
                capacities: matrix(capacities),
                services: services.iter().enumerate().map(service).collect(),
                objective: match utilities {
                    Some(utilities) => Objective::Utility(utilities),
                    None => Objective::Cost(Array2::from_shape_vec((n, d), costs).expect("2 x 2")),
                },
            })
            .expect("valid")
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn answers_are_correct_and_never_below_the_optimum(instance in instances()) {
        let optimum = grid_optimum(&instance);
        let outcome = solve(&instance);
        let cost = outcome.solved.as_ref().map(|solved| solved.cost);
        if let (Some(optimum), Some(bound)) = (optimum, &outcome.bound) {
            prop_assert!(bound.value <= optimum);
        }
        match outcome.status {
            Status::Optimal => prop_assert_eq!(cost, optimum),
            Status::Feasible => prop_assert!(optimum.is_some() && cost >= optimum),
            Status::Infeasible => prop_assert_eq!(optimum, None),
            Status::Unknown => prop_assert!(!instance.services().is_empty()),
            Status::Unbounded => prop_assert!(false, "all amounts are limited"),
        }
    }

    #[test]
    fn concave_utilities_under_capacities_are_solved_to_optimality(
        shapes in prop::collection::vec(utilities(), 1..8),
        capacity in 0_u64..40,
    ) {
        let concave = shapes.iter().map(|shape| {
            let points = [&[(0, 0)], shape.points()].concat();
            let concave = Utility::Concave(points);
            if concave.validate().is_ok() { concave } else { shape.clone() }
        });
        let concave: Vec<_> = concave.filter(|u| matches!(u, Utility::Concave(_))).collect();
        prop_assume!(!concave.is_empty());
        let instance = on_one_host(capacity, concave);
        prop_assert_eq!(solve(&instance).status, Status::Optimal);
    }
}

/// One resource of one host, shared by VMs without reservations and limits.
fn on_one_host(capacity: u64, utilities: Vec<Utility>) -> Instance {
    let n = utilities.len();
    Instance::new(Data {
        name: "one host".into(),
        resources: Resource::anonymous(1),
        vms: (0..n).map(|i| Vm { name: format!("vm{i}"), host: Some(0) }).collect(),
        reservations: Array2::zeros((n, 1)),
        limits: Array2::from_elem((n, 1), None),
        hosts: vec!["host".into()],
        capacities: Array2::from_elem((1, 1), capacity),
        services: vec![],
        objective: Objective::Utility(utilities),
    })
    .expect("valid")
}

/// `min c.x, A x >= b, x >= 0` with one VM per column.
fn covering(costs: &[i64], rows: &[(&[i64], i64)]) -> Instance {
    let n = costs.len();
    let service = |(j, (row, required)): (usize, &(&[i64], i64))| Service {
        name: format!("service{j}"),
        terms: (0..n).map(|i| Term { vm: i, resource: 0, coefficient: row[i] }).collect(),
        required: *required,
    };
    Instance::new(Data {
        name: "covering".into(),
        resources: vec![Resource::new("cpu", "core")],
        vms: (0..n).map(|i| Vm { name: format!("vm{i}"), host: None }).collect(),
        reservations: Array2::zeros((n, 1)),
        limits: Array2::from_elem((n, 1), None),
        hosts: vec![],
        capacities: Array2::zeros((0, 1)),
        services: rows.iter().enumerate().map(service).collect(),
        objective: Objective::Cost(Array2::from_shape_vec((n, 1), costs.to_vec()).expect("n x 1")),
    })
    .expect("valid")
}

#[test]
fn the_plain_covering_model_is_answered() {
    // One demand: the best ratio 3/2 serves it alone, and exactly.
    let outcome = solve(&covering(&[5, 3, 4], &[(&[3, 2, 1], 8)]));
    assert_eq!(outcome.status, Status::Optimal);
    assert_eq!(outcome.solved.expect("feasible").cost, Value::from(12_u64));

    let two = solve(&covering(&[2, 3, 4], &[(&[1, 0, 1], 7), (&[0, 1, 1], 5)]));
    assert_eq!(two.solved.expect("feasible").cost, Value::from(24_u64));
}

#[test]
fn a_demand_that_nobody_serves_is_infeasible_and_a_paid_amount_without_limit_unbounded() {
    assert_eq!(solve(&covering(&[1], &[(&[0], 1)])).status, Status::Infeasible);
    assert_eq!(solve(&covering(&[1], &[(&[-1], 1)])).status, Status::Infeasible);
    assert_eq!(solve(&covering(&[-1], &[(&[1], 1)])).status, Status::Unbounded);
    // A service against it bounds it.
    let bounded = solve(&covering(&[-1], &[(&[-1], -6)]));
    assert_eq!(bounded.solved.expect("feasible").cost, Value::from(-6_i128));
}

#[test]
fn utilities_of_many_different_denominators_have_an_honest_cost() {
    let runs = [10_007_u64, 10_009, 10_037, 10_039, 10_061, 10_067, 10_069, 10_079, 10_091, 10_093];
    let utility = |&run: &u64| Utility::Concave(vec![(0, 0), (run, 7_919)]);
    let n = runs.len();
    let mut data = on_one_host(1_000_000, runs.iter().map(utility).collect()).data().clone();
    data.limits = Array2::from_shape_fn((n, 1), |(i, _)| Some(101 + i as u64));
    let instance = Instance::new(data).expect("valid");
    let outcome = solve(&instance);
    assert!(outcome.solved.is_some());
}
