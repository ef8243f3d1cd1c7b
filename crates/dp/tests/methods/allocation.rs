//! The allocation method on tiny instances of both forms, and on large ones against certified
//! bounds.

use std::time::Duration;

use ndarray::Array2;
use proptest::prelude::*;
use vmpack_check::{Effort, Judge, Judgement};
use vmpack_dp::AllocDp;
use vmpack_model::allocation::{
    Allocation, Amounts, Data, Instance, Objective, Service, Term, Utility, Vm,
};
use vmpack_model::{Budget, Method, NullObserver, Outcome, Resource, Status, Value};

fn solve(instance: &Instance, budget: &Budget) -> (Outcome<Allocation>, Judgement) {
    let outcome = AllocDp.solve(instance, budget, &mut NullObserver);
    let judgement = Allocation::judge(instance, &outcome, &Effort::default());
    assert!(!judgement.verdict.is_wrong(), "{} on {instance:?}: {outcome:?}", judgement.verdict);
    (outcome, judgement)
}

fn cost(outcome: &Outcome<Allocation>) -> Option<Value> {
    outcome.solved.as_ref().map(|solved| solved.cost)
}

/// VM, its reservation and its limit; one resource.
type Share = (Option<usize>, u64, Option<u64>);

fn data(
    shares: &[Share],
    capacities: &[u64],
    objective: Objective,
    services: Vec<Service>,
) -> Data {
    let n = shares.len();
    let names = |what: &str, n: usize| (0..n).map(|i| format!("{what}{i}")).collect::<Vec<_>>();
    Data {
        name: "tiny".into(),
        resources: vec![Resource::new("cpu", "core")],
        vms: names("vm", n)
            .into_iter()
            .zip(shares)
            .map(|(name, &(host, ..))| Vm { name, host })
            .collect(),
        reservations: Array2::from_shape_fn((n, 1), |(i, _)| shares[i].1),
        limits: Array2::from_shape_fn((n, 1), |(i, _)| shares[i].2),
        hosts: names("host", capacities.len()),
        capacities: Array2::from_shape_fn((capacities.len(), 1), |(h, _)| capacities[h]),
        services,
        objective,
    }
}

/// One to three shares on up to two hosts.
fn shares(hosts: usize) -> impl Strategy<Value = Vec<Share>> {
    let host = prop_oneof![3 => (0..hosts).prop_map(Some), 1 => Just(None)];
    let limit = prop_oneof![1 => Just(None), 2 => (0..8_u64).prop_map(Some)];
    let share = (host, 0..3_u64, limit)
        .prop_map(|(host, low, room)| (host, low, room.map(|room| low + room)));
    proptest::collection::vec(share, 1..=3)
}

/// The least cost of all allocations of at most `most` units above the reservations, in whole
/// units.
fn brute_force(instance: &Instance, most: u64) -> Option<Value> {
    let mut best = None;
    search(instance, most, &mut Vec::new(), &mut best);
    best
}

fn search(instance: &Instance, most: u64, amounts: &mut Vec<i64>, best: &mut Option<Value>) {
    let i = amounts.len();
    if i < instance.vms().len() {
        let low = instance.reservation(i, 0);
        for amount in low..=instance.limit(i, 0).unwrap_or(u64::MAX).min(low + most) {
            amounts.push(amount as i64);
            search(instance, most, amounts, best);
            amounts.pop();
        }
        return;
    }
    let on_host = |host: usize| -> i64 {
        (0..i).filter(|&i| instance.vms()[i].host == Some(host)).map(|i| amounts[i]).sum()
    };
    let fits = (0..instance.hosts().len()).all(|h| on_host(h) <= instance.capacity(h, 0) as i64);
    let served = |service: &Service| {
        service.terms.iter().map(|term| term.coefficient * amounts[term.vm]).sum::<i64>()
            >= service.required
    };
    if fits && instance.services().iter().all(served) {
        let all = Array2::from_shape_vec((i, 1), amounts.clone()).expect("one resource");
        let cost = Amounts::integers(all).cost(instance);
        *best = Some(best.map_or(cost, |best| best.min(cost)));
    }
}

/// Three points that rise; concave ones with falling slopes.
fn utility() -> impl Strategy<Value = Utility> {
    let points = proptest::collection::vec((1..4_u64, 0..9_u64), 1..4);
    (points, any::<bool>()).prop_map(|(pieces, stepped)| {
        let mut pieces: Vec<(u64, u64)> = pieces;
        let mut points = if stepped { vec![] } else { vec![(0, 0)] };
        if !stepped {
            pieces.sort_by(|a, b| (b.1 * a.0).cmp(&(a.1 * b.0)));
        }
        let (mut amount, mut worth) = (0, 0);
        for (run, rise) in pieces {
            amount += run;
            worth += rise;
            points.push((amount, worth));
        }
        if stepped { Utility::Steps(points) } else { Utility::Concave(points) }
    })
}

fn by_utility() -> impl Strategy<Value = Instance> {
    let hosts = proptest::collection::vec(2..12_u64, 2);
    (shares(2), hosts, proptest::array::uniform3(utility())).prop_map(
        |(shares, hosts, utilities)| {
            let utilities = utilities[..shares.len()].to_vec();
            Instance::new(data(&shares, &hosts, Objective::Utility(utilities), vec![]))
                .expect("valid")
        },
    )
}

fn by_cost() -> impl Strategy<Value = Instance> {
    let hosts = proptest::collection::vec(3..14_u64, 2);
    let coefficients = proptest::array::uniform3(0..4_i64);
    let services = proptest::collection::vec((coefficients, 0..16_i64), 0..=3);
    (shares(2), hosts, services, proptest::array::uniform3(0..9_i64)).prop_map(
        |(shares, hosts, services, costs)| {
            let n = shares.len();
            let service = |(k, (coefficients, required)): (usize, ([i64; 3], i64))| {
                let term = |vm| Term { vm, resource: 0, coefficient: coefficients[vm] };
                Service { name: format!("service{k}"), terms: (0..n).map(term).collect(), required }
            };
            let services = services.into_iter().enumerate().map(service).collect();
            let costs = Objective::Cost(Array2::from_shape_fn((n, 1), |(i, _)| costs[i]));
            Instance::new(data(&shares, &hosts, costs, services)).expect("valid")
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// With integer thresholds and corners, an optimum over continuous amounts is integer.
    #[test]
    fn utilities_agree_with_brute_force(instance in by_utility()) {
        let best = brute_force(&instance, 12);
        let (outcome, _) = solve(&instance, &Budget::default());
        let status = if best.is_some() { Status::Optimal } else { Status::Infeasible };
        prop_assert_eq!((outcome.status, cost(&outcome)), (status, best));
    }

    #[test]
    fn costs_agree_with_brute_force(instance in by_cost()) {
        let best = brute_force(&instance, 16);
        let (outcome, judgement) = solve(&instance, &Budget::default());
        prop_assert_eq!(cost(&outcome), best);
        if outcome.status == Status::Infeasible || outcome.bound.is_some() {
            prop_assert!(judgement.certified, "{:?}", judgement.notes);
        }
    }

    /// Whatever the limits, an answer is feasible and never better than the best.
    #[test]
    fn limits_cost_quality_only(utility in by_utility(), cost_form in by_cost(), bytes in 0..2000_u64) {
        for instance in [utility, cost_form] {
            let best = brute_force(&instance, 16);
            for budget in [
                Budget::default().with_memory(bytes),
                Budget::default().with_work(0),
                Budget::default().with_time(Duration::ZERO),
            ] {
                let (outcome, _) = solve(&instance, &budget);
                prop_assert!(cost(&outcome).is_none_or(|cost| Some(cost) >= best));
                prop_assert!(outcome.status != Status::Optimal || cost(&outcome) == best);
            }
        }
    }
}

/// `n` VMs without limits that serve `m` services of large requirements.
fn large_covering(n: usize, m: usize) -> Instance {
    let shares = vec![(None, 5, None); n];
    let service = |k: usize| {
        let coefficient = |vm: usize| 1 + ((7 * vm + 3 * k) % 9) as i64;
        let term = |vm| Term { vm, resource: 0, coefficient: coefficient(vm) };
        let required = 1_000_000_007 + 123_456 * k as i64;
        Service { name: format!("service{k}"), terms: (0..n).map(term).collect(), required }
    };
    let costs = Objective::Cost(Array2::from_shape_fn((n, 1), |(i, _)| 50 + (i * i % 37) as i64));
    let services = (0..m).map(service).collect();
    Instance::new(data(&shares, &[], costs, services)).expect("valid")
}

#[test]
fn coarse_quanta_stay_close_to_the_bound() {
    for (m, percent) in [(1, 1), (2, 1), (3, 5)] {
        let instance = large_covering(20, m);
        AllocDp.supports(&instance).expect("coarse quanta fit");
        let (outcome, judgement) = solve(&instance, &Budget::default());
        assert!(judgement.certified);
        let cost = cost(&outcome).expect("an answer").to_f64();
        let bound = outcome.bound.expect("a bound").value.to_f64();
        assert!(cost <= bound * f64::from(100 + percent) / 100.0, "{m} services: {cost}, {bound}");
    }
}

#[test]
fn refusals_name_what_is_too_large() {
    let refusal = AllocDp.supports(&large_covering(20, 6)).expect_err("too many services");
    assert!(refusal.0.starts_with("6 services and 0 host capacities"), "{refusal}");
    let mut negative =
        data(&[(None, 0, Some(3))], &[], Objective::Cost(Array2::from_elem((1, 1), -4)), vec![]);
    let refusal = AllocDp.supports(&Instance::new(negative.clone()).expect("valid"));
    assert!(refusal.expect_err("negative").0.contains("negative unit cost -4"));
    negative.objective = Objective::Cost(Array2::from_elem((1, 1), 4));
    let terms = vec![Term { vm: 0, resource: 0, coefficient: -1 }];
    negative.services = vec![Service { name: "odd".into(), terms, required: -2 }];
    let refusal = AllocDp.supports(&Instance::new(negative).expect("valid"));
    assert!(refusal.expect_err("negative").0.contains("negative coefficient -1"));
}

/// Thresholds without a common divisor on a capacity beyond the table: rounded up, still feasible.
#[test]
fn rounded_thresholds_stay_feasible_and_are_not_called_optimal() {
    let n = 60;
    let shares = vec![(Some(0), 1, None); n];
    let steps = |i: u64| {
        let point = |k: u64| (k * (9_999_991 + 13 * i * i), k * 100 - k * k * (i % 7));
        Utility::Steps((1..=4).map(point).collect())
    };
    let utilities = (0..n as u64).map(steps).collect();
    let data = data(&shares, &[700_000_000], Objective::Utility(utilities), vec![]);
    let instance = Instance::new(data).expect("valid");
    let (outcome, judgement) = solve(&instance, &Budget::default());
    assert_eq!(outcome.status, Status::Feasible);
    assert!(judgement.certified);
    let (cost, bound) = (
        cost(&outcome).expect("feasible").to_f64(),
        outcome.bound.expect("a bound").value.to_f64(),
    );
    assert!(cost <= 1.05 * bound, "{cost} is far above {bound}");
}

#[test]
fn an_overbooked_host_is_refuted() {
    let costs = Objective::Cost(Array2::from_elem((2, 1), 1));
    let data = data(&[(Some(0), 3, None), (Some(0), 3, None)], &[5], costs, vec![]);
    let (outcome, judgement) = solve(&Instance::new(data).expect("valid"), &Budget::default());
    assert_eq!(outcome.status, Status::Infeasible);
    assert!(judgement.certified);
}
