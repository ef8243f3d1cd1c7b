//! Allocation by linear programming, every claim judged in exact arithmetic.
//!
//! A claim that the judge certifies is proved optimal, infeasible or unbounded by its own evidence, so
//! for continuous amounts no other oracle is needed. Stepped utilities are compared with enumeration.

use ndarray::{Array2, arr2};
use proptest::prelude::*;
use vmpack_check::{Effort, Judge, Judgement, Verdict};
use vmpack_lp::ALLOCATION as METHODS;
use vmpack_model::allocation::{Allocation, Data, Instance, Objective, Service, Term, Utility, Vm};
use vmpack_model::{Budget, Method, NullObserver, Outcome, Resource, Status, Value};

fn vms(hosts: &[Option<usize>]) -> Vec<Vm> {
    let named = |(i, &host): (usize, &Option<usize>)| Vm { name: format!("vm{i}"), host };
    hosts.iter().enumerate().map(named).collect()
}

/// `min c.x, A x >= b, x >= 0` for one resource.
fn covering(costs: &[i64], rows: &[(&[i64], i64)]) -> Data {
    let services = rows.iter().enumerate().map(|(j, (row, required))| Service {
        name: format!("demand{j}"),
        terms: row
            .iter()
            .enumerate()
            .filter(|&(_, &coefficient)| coefficient != 0)
            .map(|(vm, &coefficient)| Term { vm, resource: 0, coefficient })
            .collect(),
        required: *required,
    });
    let n = costs.len();
    Data {
        name: "covering".into(),
        resources: vec![Resource::new("cpu", "core")],
        vms: vms(&vec![None; n]),
        reservations: Array2::zeros((n, 1)),
        limits: Array2::from_elem((n, 1), None),
        hosts: vec![],
        capacities: Array2::zeros((0, 1)),
        services: services.collect(),
        objective: Objective::Cost(
            Array2::from_shape_vec((n, 1), costs.to_vec()).expect("one cost per VM"),
        ),
    }
}

fn instance(data: Data) -> Instance {
    Instance::new(data).expect("a valid instance")
}

fn run(method: &dyn Method<Allocation>, instance: &Instance) -> (Outcome<Allocation>, Judgement) {
    let outcome = method.solve(instance, &Budget::default(), &mut NullObserver);
    let judgement = Allocation::judge(instance, &outcome, &Effort::default());
    (outcome, judgement)
}

/// Runs every method that supports the instance and asserts status, certificate and cost.
fn expect(instance: &Instance, status: Status, cost: Option<&str>) {
    for method in METHODS.iter().filter(|method| method.supports(instance).is_ok()) {
        let (outcome, judgement) = run(*method, instance);
        let at = format!("{method:?}: {outcome:?}, {judgement:?}");
        assert_eq!(judgement.verdict, Verdict::Correct, "{at}");
        assert_eq!(outcome.status, status, "{at}");
        assert!(judgement.certified, "{at}");
        if let Some(cost) = cost {
            let cost: Value = cost.parse().expect("a value");
            assert_eq!(outcome.solved.as_ref().map(|solved| solved.cost), Some(cost), "{at}");
        }
    }
}

#[test]
fn covering_has_its_optimum_and_prices() {
    let instance = instance(covering(&[3, 3], &[(&[2, 1], 4), (&[1, 2], 5)]));
    expect(&instance, Status::Optimal, Some("9"));
    for method in METHODS {
        let (outcome, _) = run(*method, &instance);
        let prices = outcome.bound.and_then(|bound| bound.certificate).expect("a certificate");
        // Each demand costs 1 for one more unit, exactly.
        assert_eq!(prices.services, [prices.denominator; 2], "{method:?}");
        let solved = outcome.solved.expect("optimal");
        assert_eq!(solved.solution.tolerance_ppb, 0, "{method:?}: a small vertex is exact");
    }
}

#[test]
fn fractional_vertices_are_exact() {
    // x = (7/3, 1/3), cost 8/3.
    let instance = instance(covering(&[1, 1], &[(&[2, 1], 5), (&[1, 2], 3)]));
    expect(&instance, Status::Optimal, Some("8/3"));
}

#[test]
fn hosts_limits_and_reservations_bind() {
    // Two VMs on a host of 10 cores; the service needs 12 units, the cheap VM gives 1 per core, the dear
    // one 2. Cheap at its limit 6, dear at 3: 6 + 6 = 12, cost 6 + 9 = 15.
    let mut data = covering(&[1, 3], &[(&[1, 2], 12)]);
    data.vms = vms(&[Some(0), Some(0)]);
    data.hosts = vec!["rack".into()];
    data.capacities = arr2(&[[10]]);
    data.limits[[0, 0]] = Some(6);
    data.reservations[[1, 0]] = 2;
    expect(&instance(data.clone()), Status::Optimal, Some("15"));
    // Seven cores in all: cheap gets 2 and dear 5.
    data.capacities = arr2(&[[7]]);
    expect(&instance(data.clone()), Status::Optimal, Some("17"));
    // Five cores give at most 10 units.
    data.capacities = arr2(&[[5]]);
    expect(&instance(data), Status::Infeasible, None);
}

#[test]
fn contradictions_and_rays_are_proved() {
    // x1 - x2 >= 1 and x2 - x1 >= 1.
    let contradiction = covering(&[1, 1], &[(&[1, -1], 1), (&[-1, 1], 1)]);
    expect(&instance(contradiction), Status::Infeasible, None);
    // A VM that is paid for: along (1, 2) the cost falls by 1.
    let ray = covering(&[3, -2], &[(&[2, -1], 1), (&[1, 1], 1)]);
    expect(&instance(ray), Status::Unbounded, None);
    // Infeasible although the cost would fall for ever.
    let both = covering(&[-1, 1], &[(&[0, -1], 1)]);
    expect(&instance(both), Status::Infeasible, None);
    // A reservation above the host's capacity.
    let mut empty = covering(&[1], &[]);
    empty.vms = vms(&[Some(0)]);
    empty.hosts = vec!["small".into()];
    empty.capacities = arr2(&[[3]]);
    empty.reservations[[0, 0]] = 4;
    expect(&instance(empty), Status::Infeasible, None);
}

fn utilities(n: usize, d: usize, capacities: Array2<u64>, utilities: Vec<Utility>) -> Data {
    let hosts = capacities.nrows();
    let resources = Resource::anonymous(d);
    Data {
        name: "utility".into(),
        resources,
        vms: vms(&(0..n).map(|i| (hosts > 0).then(|| i % hosts)).collect::<Vec<_>>()),
        reservations: Array2::zeros((n, d)),
        limits: Array2::from_elem((n, d), None),
        hosts: (0..hosts).map(|h| format!("host{h}")).collect(),
        capacities,
        services: vec![],
        objective: Objective::Utility(utilities),
    }
}

#[test]
fn concave_utilities_fill_the_steepest_segments_first() {
    let concave = |points: &[(u64, u64)]| Utility::Concave(points.to_vec());
    let both = vec![concave(&[(0, 0), (4, 8), (10, 11)]), concave(&[(0, 1), (6, 7)])];
    let mut data = utilities(2, 1, arr2(&[[9]]), both);
    // Slopes 2, 1, 1/2: 4 and 5 units, 8 + 6 of 11 + 7.
    expect(&instance(data.clone()), Status::Optimal, Some("4"));
    // With 7 reserved for the first: 19/2 + 3.
    data.reservations[[0, 0]] = 7;
    expect(&instance(data.clone()), Status::Optimal, Some("11/2"));
    // A limit inside the first segment of the first VM: 3 units, and 6 for the other.
    data.reservations[[0, 0]] = 0;
    data.limits[[0, 0]] = Some(3);
    expect(&instance(data), Status::Optimal, Some("5"));
    // Without hosts everybody is satisfied.
    let free = utilities(1, 1, Array2::zeros((0, 1)), vec![concave(&[(0, 0), (4, 8)])]);
    expect(&instance(free), Status::Optimal, Some("0"));
}

#[test]
fn minilp_refuses_steps_that_need_a_decision() {
    let steps = vec![Utility::Steps(vec![(4, 8)]), Utility::zero()];
    let mut data = utilities(2, 1, arr2(&[[5]]), steps);
    let minilp = METHODS.last().expect("methods");
    let reason = minilp.supports(&instance(data.clone())).expect_err("no integers").to_string();
    assert!(reason.contains("integer") && reason.contains("minilp"), "{reason}");
    data.reservations[[0, 0]] = 4;
    assert_eq!(minilp.supports(&instance(data)), Ok(()), "reached already");
}

/// The least utility forgone by enumeration: steps are reached exactly or not at all.
fn enumerate(data: &Data) -> Option<u64> {
    let Objective::Utility(all) = &data.objective else { return None };
    let (n, d) = (data.vms.len(), data.resources.len());
    let mut best = None;
    let choices: Vec<Vec<u64>> = (0..n * d)
        .map(|at| {
            let low = data.reservations[[at / d, at % d]];
            let points = all[at].points().iter().map(|&(amount, _)| amount);
            [low].into_iter().chain(points.filter(|&amount| amount > low)).collect()
        })
        .collect();
    let mut pick = vec![0; n * d];
    loop {
        let amounts: Vec<u64> = pick.iter().zip(&choices).map(|(&k, c)| c[k]).collect();
        let mut used = Array2::<u64>::zeros(data.capacities.dim());
        for (at, amount) in amounts.iter().enumerate() {
            if let Some(host) = data.vms[at / d].host {
                used[[host, at % d]] += amount;
            }
        }
        let fits = used.iter().zip(&data.capacities).all(|(u, c)| u <= c);
        let within = (0..n * d)
            .all(|at| data.limits[[at / d, at % d]].is_none_or(|limit| amounts[at] <= limit));
        if fits && within {
            let forgone = all.iter().zip(&amounts).map(|(utility, &amount)| {
                let attained = utility.at(Value::from(amount)).as_integer().expect("steps");
                utility.greatest() - u64::try_from(attained).expect("not negative")
            });
            let cost: u64 = forgone.sum();
            best = Some(best.map_or(cost, |b: u64| b.min(cost)));
        }
        let Some(next) = (0..n * d).find(|&at| pick[at] + 1 < choices[at].len()) else {
            return best;
        };
        pick[..next].fill(0);
        pick[next] += 1;
    }
}

fn steps() -> impl Strategy<Value = Utility> {
    prop::collection::vec((1..5_u64, 1..9_u64), 1..3).prop_map(|gains| {
        let mut point = (0, 0);
        let points = gains.into_iter().map(|(amount, utility)| {
            point = (point.0 + amount, point.1 + utility);
            point
        });
        Utility::Steps(points.collect())
    })
}

fn concave() -> impl Strategy<Value = Utility> {
    prop::collection::vec((1..5_u64, 0..6_u64), 1..4).prop_map(|mut pieces| {
        // Whole slopes that fall make it concave.
        pieces.sort_by_key(|&(_, slope)| std::cmp::Reverse(slope));
        let mut points = vec![(0, 0)];
        for (run, slope) in pieces {
            let (amount, utility) = points[points.len() - 1];
            points.push((amount + run, utility + run * slope));
        }
        Utility::Concave(points)
    })
}

fn stepped_data() -> impl Strategy<Value = Data> {
    (2..=4_usize, 1..=2_usize).prop_flat_map(|(n, d)| {
        (
            prop::collection::vec(steps(), n * d),
            prop::collection::vec(3..12_u64, d),
            prop::collection::vec(prop::option::of(2..8_u64), n * d),
            prop::collection::vec(0..3_u64, n * d),
        )
            .prop_map(move |(all, capacity, limits, reservations)| {
                let capacities = Array2::from_shape_vec((1, d), capacity).expect("one host");
                let mut data = utilities(n, d, capacities, all);
                data.limits = Array2::from_shape_vec((n, d), limits).expect("n x d");
                data.reservations = Array2::from_shape_vec((n, d), reservations).expect("n x d");
                data
            })
    })
}

/// A search that ends because no better solution is a whole step away has proved its own.
#[test]
fn a_search_that_ends_within_the_gap_has_found_the_optimum() {
    let steps = [vec![(2, 2)], vec![(3, 1), (5, 6)], vec![(2, 1)]];
    let mut data = utilities(3, 1, arr2(&[[6]]), steps.map(Utility::Steps).to_vec());
    data.reservations[[0, 0]] = 1;
    let instance = instance(data);
    for method in METHODS.iter().filter(|method| method.supports(&instance).is_ok()) {
        let (outcome, judgement) = run(*method, &instance);
        assert_eq!(judgement.verdict, Verdict::Correct, "{method:?} {outcome:?}");
        assert_eq!(outcome.status, Status::Optimal, "{method:?} {outcome:?}");
        assert_eq!(outcome.solved.map(|solved| solved.cost), Some(Value::from(3_u64)));
    }
}

/// Costs of both signs, two resources, hosts for some VMs: optimal, infeasible and unbounded ones.
fn cost_data() -> impl Strategy<Value = Data> {
    (2..=4_usize, 1..=2_usize, 0..=3_usize).prop_flat_map(|(n, d, m)| {
        (
            prop::collection::vec(-1..7_i64, n * d),
            prop::collection::vec((prop::collection::vec(-2..5_i64, n * d), -3..20_i64), m),
            prop::collection::vec(prop::option::of(3..9_u64), n * d),
            prop::collection::vec(0..3_u64, n * d),
            prop::collection::vec(prop::option::of(Just(0_usize)), n),
            prop::collection::vec(3..15_u64, d),
        )
            .prop_map(move |(costs, rows, limits, reservations, hosts, capacity)| Data {
                name: "random".into(),
                resources: Resource::anonymous(d),
                vms: vms(&hosts),
                reservations: Array2::from_shape_vec((n, d), reservations).expect("n x d"),
                limits: Array2::from_shape_vec((n, d), limits).expect("n x d"),
                hosts: vec!["host".into()],
                capacities: Array2::from_shape_vec((1, d), capacity).expect("one host"),
                services: rows
                    .into_iter()
                    .enumerate()
                    .map(|(j, (row, required))| Service {
                        name: format!("s{j}"),
                        terms: row
                            .into_iter()
                            .enumerate()
                            .filter(|&(_, coefficient)| coefficient != 0)
                            .map(|(at, coefficient)| Term {
                                vm: at / d,
                                resource: at % d,
                                coefficient,
                            })
                            .collect(),
                        required,
                    })
                    .collect(),
                objective: Objective::Cost(Array2::from_shape_vec((n, d), costs).expect("n x d")),
            })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_answer_to_a_small_program_is_certified(data in cost_data()) {
        let instance = instance(data);
        let mut answers = Vec::new();
        for method in METHODS {
            let (outcome, judgement) = run(*method, &instance);
            prop_assert_eq!(&judgement.verdict, &Verdict::Correct, "{:?} {:?}", method, outcome);
            prop_assert!(judgement.certified, "{:?} {:?}", method, outcome);
            answers.push((outcome.status, outcome.solved.map(|solved| solved.cost)));
        }
        prop_assert!(answers.windows(2).all(|w| w[0] == w[1]), "{:?}", answers);
    }

    #[test]
    fn concave_utilities_are_certified(
        all in prop::collection::vec(concave(), 4),
        capacity in 3..25_u64,
        required in 0..20_i64,
        reserved in 0..3_u64,
    ) {
        let mut data = utilities(4, 1, arr2(&[[capacity]]), all);
        data.reservations[[0, 0]] = reserved;
        let terms = vec![
            Term { vm: 0, resource: 0, coefficient: 2 },
            Term { vm: 3, resource: 0, coefficient: 3 },
        ];
        data.services.push(Service { name: "s".into(), terms, required });
        let instance = instance(data);
        for method in METHODS {
            let (outcome, judgement) = run(*method, &instance);
            prop_assert_eq!(&judgement.verdict, &Verdict::Correct, "{:?} {:?}", method, outcome);
            prop_assert!(judgement.certified, "{:?} {:?}", method, outcome);
        }
    }

    #[test]
    fn stepped_utilities_reach_the_enumerated_optimum(data in stepped_data()) {
        let valid = data.limits.iter().zip(&data.reservations);
        prop_assume!(valid.clone().all(|(limit, &low)| limit.is_none_or(|limit| low <= limit)));
        let optimum = enumerate(&data);
        let instance = instance(data);
        for method in METHODS.iter().filter(|method| method.supports(&instance).is_ok()) {
            let (outcome, judgement) = run(*method, &instance);
            prop_assert_eq!(&judgement.verdict, &Verdict::Correct, "{:?} {:?}", method, outcome);
            let status = if optimum.is_some() { Status::Optimal } else { Status::Infeasible };
            prop_assert_eq!(outcome.status, status, "{:?} {:?}", method, outcome);
            let cost = outcome.solved.map(|solved| solved.cost);
            prop_assert_eq!(cost, optimum.map(Value::from), "{:?}", method);
        }
    }
}

/// A fleet with services, hosts and awkward numbers: answers need not be simple fractions.
fn fleet(n: usize) -> Instance {
    let (d, hosts) = (2, n / 10 + 1);
    let mut state = 7_u64;
    let mut draw = |low: u64, high: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        low + (state >> 33) % (high - low)
    };
    let reservations = Array2::from_shape_simple_fn((n, d), || draw(100, 2_000));
    let limits = reservations.mapv(|low| Some(low * 4 + 777));
    let services = (0..n / 5)
        .map(|j| Service {
            name: format!("s{j}"),
            terms: (0..6)
                .map(|k| Term {
                    vm: (j * 5 + k * 7) % n,
                    resource: k % d,
                    coefficient: draw(3, 97) as i64,
                })
                .collect(),
            required: draw(300_000, 700_000) as i64,
        })
        .collect();
    instance(Data {
        name: format!("fleet{n}"),
        resources: Resource::anonymous(d),
        vms: vms(&(0..n).map(|i| Some(i % hosts)).collect::<Vec<_>>()),
        capacities: Array2::from_elem((hosts, d), 40_000),
        hosts: (0..hosts).map(|h| format!("h{h}")).collect(),
        services,
        objective: Objective::Cost(Array2::from_shape_simple_fn((n, d), || draw(50, 900) as i64)),
        reservations,
        limits,
    })
}

#[test]
fn awkward_numbers_stay_within_the_stated_tolerance() {
    let instance = fleet(200);
    for method in METHODS {
        let (outcome, judgement) = run(*method, &instance);
        let at = format!("{method:?}: {:?} {judgement:?}", outcome.status);
        assert_eq!(judgement.verdict, Verdict::Correct, "{at}");
        assert_eq!(outcome.status, Status::Optimal, "{at}");
        assert!(judgement.certified, "{at}");
    }
}

#[test]
fn utilities_with_many_slopes_keep_a_small_denominator() {
    // Runs are different primes, so exact costs would need their product as a denominator.
    let primes = [101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167, 173, 179];
    let n = primes.len();
    let all = primes
        .iter()
        .map(|&p| Utility::Concave(vec![(0, 0), (p, 7 * p), (p + 3 * p + 1, 7 * p + p)]))
        .collect();
    let mut data = utilities(n, 1, Array2::from_elem((n, 1), 150), all);
    for (i, prime) in primes.into_iter().enumerate() {
        // Amounts that are no simple fractions.
        let terms = vec![Term { vm: i, resource: 0, coefficient: 9_973 }];
        let required = prime as i64 * 9_973 + 12_345;
        data.services.push(Service { name: format!("s{i}"), terms, required });
        data.capacities[[i, 0]] = prime + 20;
    }
    let instance = instance(data);
    for method in METHODS {
        let (outcome, judgement) = run(*method, &instance);
        assert_eq!(judgement.verdict, Verdict::Correct, "{method:?}: {judgement:?}");
        assert_eq!(outcome.status, Status::Optimal, "{method:?}");
    }
}
