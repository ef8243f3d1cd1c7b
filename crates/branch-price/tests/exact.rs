//! Branch-and-price, judged and compared with enumeration.

#[path = "../../../tests/clock.rs"]
mod clock;

use std::time::Duration;

use clock::cpu_time;
use ndarray::Array2;
use proptest::prelude::*;
use vmpack_branch_price::{BranchPrice, ColumnGeneration, PACKING, sketch};
use vmpack_check::{Effort, Judge, Judgement};
use vmpack_model::packing::{Certificate, HostType, Instance, Packing};
use vmpack_model::{Budget, Method, NullObserver, Outcome, Resource, Status, Trajectory, Value};

/// Solves, asserts that the judge finds nothing wrong, and returns the claim.
fn solve(
    method: &dyn Method<Packing>,
    instance: &Instance,
    budget: &Budget,
) -> (Outcome<Packing>, Judgement) {
    let outcome = method.solve(instance, budget, &mut NullObserver);
    let judgement = Packing::judge(instance, &outcome, &Effort::default());
    assert!(!judgement.verdict.is_wrong(), "{method:?} on {instance:?}: {outcome:?} {judgement:?}");
    (outcome, judgement)
}

fn cost(outcome: &Outcome<Packing>) -> Option<u64> {
    let value = outcome.solved.as_ref()?.cost.as_integer()?;
    u64::try_from(value).ok()
}

/// The least cost by trying every host for every VM in turn; `None` if there is no placement.
fn enumerate(instance: &Instance) -> Option<u64> {
    struct State<'a> {
        instance: &'a Instance,
        vms: Vec<usize>,
        open: Vec<(usize, Vec<u64>)>,
        stock: Vec<u64>,
        best: Option<u64>,
    }
    impl State<'_> {
        fn place(&mut self, at: usize, spent: u64) {
            if self.best.is_some_and(|best| spent >= best) {
                return;
            }
            let Some(&vm) = self.vms.get(at) else {
                self.best = Some(spent);
                return;
            };
            let demand = self.instance.demand(vm).to_vec();
            for host in 0..self.open.len() {
                if demand.iter().zip(&self.open[host].1).all(|(w, left)| w <= left) {
                    let before = self.open[host].1.clone();
                    self.open[host].1.iter_mut().zip(&demand).for_each(|(left, w)| *left -= w);
                    self.place(at + 1, spent);
                    self.open[host].1 = before;
                }
            }
            for t in 0..self.instance.hosts().len() {
                if self.stock[t] > 0 && self.instance.fits(vm, t) {
                    self.stock[t] -= 1;
                    let left = self.instance.capacity(t).iter().zip(&demand).map(|(c, w)| c - w);
                    self.open.push((t, left.collect()));
                    self.place(at + 1, spent + self.instance.hosts()[t].cost);
                    self.open.pop();
                    self.stock[t] += 1;
                }
            }
        }
    }
    let vms = (0..instance.rows())
        .flat_map(|vm| std::iter::repeat_n(vm, instance.vms()[vm].count as usize))
        .collect();
    let stock = instance.hosts().iter().map(|host| host.stock.unwrap_or(u64::MAX)).collect();
    let mut state = State { instance, vms, open: Vec::new(), stock, best: None };
    state.place(0, 0);
    state.best
}

/// Instances of up to nine VMs: equal types, zero sizes, several host types, scarce stock.
fn tiny() -> impl Strategy<Value = Instance> {
    (1..=3_usize, 1..=3_usize, 1..=5_usize).prop_flat_map(|(d, hosts, types)| {
        (
            prop::collection::vec(4..14_u64, hosts * d),
            prop::collection::vec((1..6_u64, prop::option::weighted(0.3, 0..4_u64)), hosts),
            prop::collection::vec(0..9_u64, types * d),
            prop::collection::vec(0..4_u64, types),
        )
            .prop_map(move |(capacities, prices, demands, counts)| {
                let host = |(t, &(cost, stock)): (usize, &(u64, Option<u64>))| HostType {
                    name: format!("h{t}"),
                    cost: 2 * cost,
                    stock,
                };
                let mut left = 9;
                let vms = counts
                    .iter()
                    .enumerate()
                    .map(|(i, &count)| {
                        let count = count.min(left);
                        left -= count;
                        (format!("vm{i}"), count)
                    })
                    .collect();
                Instance::simple(
                    "tiny",
                    Resource::anonymous(d),
                    vms,
                    Array2::from_shape_vec((types, d), demands).expect("shape"),
                    prices.iter().enumerate().map(host).collect(),
                    Array2::from_shape_vec((hosts, d), capacities).expect("shape"),
                )
                .expect("small")
            })
    })
}

/// Identical hosts that twelve VMs of few sizes fill nearly to the brim: roots rarely suffice.
fn brimful() -> impl Strategy<Value = Instance> {
    (12..40_u64, prop::collection::vec((1..12_u64, 1..4_u64), 3..6)).prop_map(
        |(capacity, sizes)| {
            let mut left = 9;
            let items: Vec<(Vec<u64>, u64)> = sizes
                .into_iter()
                .map(|(share, count)| {
                    let count = count.min(left);
                    left -= count;
                    (vec![(capacity * (share + 2) / 20).max(1)], count)
                })
                .collect();
            Instance::identical_hosts("brimful", &[capacity], &items).expect("small")
        },
    )
}

/// Instances of several host types and up to nine VMs of different sizes: dear and cheap hosts per unit,
/// equal ones, costs with a common divisor, scarce stock, none of some.
fn fleets() -> impl Strategy<Value = Instance> {
    let host = (0..3_u64, -2..4_i64, prop_oneof![3 => Just(None), 2 => (0..4_u64).prop_map(Some)]);
    let stepped = prop_oneof![Just(1_u64), Just(7_u64)];
    (1..=3_usize, prop::collection::vec(host, 2..=4), stepped, any::<u64>(), 2..=5_usize).prop_map(
        |(d, kinds, step, seed, types)| {
            let mut state = seed;
            let mut draw = |low: u64, high: u64| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                low + (state >> 33) % (high - low)
            };
            let base = 8 + draw(0, 6);
            let mut capacities = Vec::new();
            let mut hosts = Vec::new();
            for (t, &(larger, dearer, stock)) in kinds.iter().enumerate() {
                let capacity = base + larger * base / 2;
                capacities.extend((0..d).map(|k| capacity - (k as u64 + larger) % 2));
                let cost = capacity.saturating_add_signed(dearer).max(1) * step;
                hosts.push(HostType { name: format!("h{t}"), cost, stock });
            }
            let mut sizes: Vec<Vec<u64>> = Vec::new();
            while sizes.len() < types {
                let size: Vec<u64> = (0..d).map(|_| draw(1, base)).collect();
                if !sizes.contains(&size) {
                    sizes.push(size);
                }
            }
            let mut left = 9;
            let vms = (0..types).map(|i| {
                let count = draw(1, 4).min(left);
                left -= count;
                (format!("vm{i}"), count)
            });
            let vms = vms.filter(|&(_, count)| count > 0).collect::<Vec<_>>();
            let demands: Vec<u64> = sizes.into_iter().take(vms.len()).flatten().collect();
            Instance::simple(
                "fleet",
                Resource::anonymous(d),
                vms.clone(),
                Array2::from_shape_vec((vms.len(), d), demands).expect("shape"),
                hosts,
                Array2::from_shape_vec((kinds.len(), d), capacities).expect("shape"),
            )
            .expect("small")
        },
    )
}

/// Nine different VMs, about three to a host: cuts hold for all of them.
fn different() -> impl Strategy<Value = Instance> {
    (30..60_u64, prop::collection::btree_set(20..90_u64, 9)).prop_map(|(capacity, shares)| {
        let items: Vec<(Vec<u64>, u64)> =
            shares.into_iter().map(|share| (vec![(capacity * share / 120).max(1)], 1)).collect();
        Instance::identical_hosts("different", &[capacity], &items).expect("small")
    })
}

fn agrees_with_enumeration(instance: &Instance) {
    if PACKING.iter().any(|method| method.supports(instance).is_err()) {
        return;
    }
    let optimum = enumerate(instance);
    let budget = Budget::default().with_time(Duration::from_mins(2));
    let (outcome, judgement) = solve(&BranchPrice, instance, &budget);
    assert_eq!(cost(&outcome), optimum, "{instance:?} {outcome:?}");
    let expected = if optimum.is_some() { Status::Optimal } else { Status::Infeasible };
    assert_eq!(outcome.status, expected, "{instance:?} {outcome:?}");
    let branched = outcome.counters.get("nodes").is_some_and(|&nodes| nodes > 1);
    let stocked = instance.hosts().iter().filter(|host| host.stock != Some(0)).count();
    let several = stocked > 1 && instance.vms().iter().all(|vm| vm.count > 0);
    let different = (1..instance.rows())
        .all(|i| (0..i).all(|j| instance.demand(i) != instance.demand(j)))
        && instance.demands().rows().into_iter().all(|row| row.sum() > 0);
    let single = instance.hosts().len() == 1 && !branched;
    let shown = if optimum.is_some() {
        single || several && different
    } else {
        several && different || outcome.refutation.is_some()
    };
    if shown {
        assert!(judgement.certified, "{instance:?} {outcome:?} {judgement:?}");
    }
    let (outcome, _) = solve(&ColumnGeneration, instance, &Budget::default());
    if let (Some(found), Some(optimum)) = (cost(&outcome), optimum) {
        assert!(found >= optimum);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tiny_instances_reach_the_enumerated_optimum(instance in tiny()) {
        agrees_with_enumeration(&instance);
    }

    #[test]
    fn fleets_reach_the_enumerated_optimum_with_a_certificate(instance in fleets()) {
        agrees_with_enumeration(&instance);
    }

    #[test]
    fn different_vms_reach_the_enumerated_optimum(instance in different()) {
        agrees_with_enumeration(&instance);
    }

    #[test]
    fn brimful_hosts_reach_the_enumerated_optimum(instance in brimful()) {
        agrees_with_enumeration(&instance);
    }
}

/// Fieldhouse (The duality gap in trim problems, 1990): the relaxation is 259/132, so two hosts seem
/// enough, and three are needed. The proof is a tree, and the judge follows it.
#[test]
fn an_instance_without_the_integer_round_up_property_is_proved() {
    let items = [(vec![44], 2), (vec![33], 3), (vec![12], 6)];
    let instance = Instance::identical_hosts("fieldhouse", &[132], &items).expect("small");
    let (outcome, judgement) = solve(&BranchPrice, &instance, &Budget::default());
    assert_eq!(cost(&outcome), Some(3));
    assert_eq!(outcome.status, Status::Optimal);
    let certificate = outcome.bound.and_then(|bound| bound.certificate);
    assert!(matches!(certificate, Some(Certificate::Tree { .. })), "{certificate:?}");
    assert!(judgement.certified, "{judgement:?}");
}

/// A million VMs of a few sizes are a few rows.
#[test]
fn counts_are_never_expanded() {
    let items = [(vec![7, 2], 400_000), (vec![5, 3], 300_001), (vec![3, 6], 299_999)];
    let instance = Instance::identical_hosts("many", &[20, 20], &items).expect("valid");
    let ((outcome, _), taken) = cpu_time(|| solve(&BranchPrice, &instance, &Budget::default()));
    assert_eq!(outcome.status, Status::Optimal);
    assert!(taken < Duration::from_secs(20), "{taken:?}");
}

/// The next number of a sequence.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// Uniform sizes in two resources, all different, so that nothing is proved at once.
fn uniform(n: u64) -> Instance {
    let mut state = 7;
    let mut draw = |low: u64, high: u64| low + next(&mut state) % (high - low);
    let items: Vec<_> = (0..n).map(|_| (vec![draw(100, 400), draw(100, 400)], 1)).collect();
    Instance::identical_hosts("uniform", &[1000, 1000], &items).expect("valid")
}

#[test]
fn the_deadline_is_kept_with_an_answer_and_a_true_bound() {
    let instance = uniform(150);
    for method in PACKING {
        let budget = Budget::default().with_time(Duration::from_millis(300));
        let ((outcome, _), taken) = cpu_time(|| solve(*method, &instance, &budget));
        assert!(taken < Duration::from_secs(3), "{method:?} {taken:?}");
        assert!(outcome.solved.is_some() && outcome.bound.is_some());
    }
}

/// Whatever is large about an instance, its listing, its table or its program, is left off when time ends.
#[test]
fn large_instances_keep_the_deadline_with_an_answer() {
    let mut state = 1;
    let mut draw = |low: u64, high: u64| low + next(&mut state) % (high - low);
    // Three VMs fill a host to the brim of both resources.
    let triplets: Vec<_> = (0..1000)
        .flat_map(|_| {
            let [a, b, c, d] = [(); 4].map(|()| draw(2000, 5000));
            [vec![a, b], vec![c, d], vec![12_000 - a - c, 12_000 - b - d]]
        })
        .map(|size| (size, 1))
        .collect();
    // Three odd sizes fill no even host. The table that shows it takes more than a gigabyte.
    let odd = [5, 3, 1, -1, -3, -5].map(|more| (vec![10_000_000_u64.wrapping_add_signed(more)], 1));
    let many = (0..30_000).map(|_| (vec![draw(10_000_000, 600_000_000)], 1)).collect();
    let cases: [(&[u64], _); 3] =
        [(&[12_000, 12_000], triplets), (&[30_000_000], odd.to_vec()), (&[1_000_000_000], many)];
    for (capacity, items) in cases {
        let instance = Instance::identical_hosts("large", capacity, &items).expect("valid");
        let budget = Budget::default().with_time(Duration::from_millis(200));
        let (outcome, taken) =
            cpu_time(|| BranchPrice.solve(&instance, &budget, &mut NullObserver));
        // Generous, because the machine may be slow.
        assert!(taken < Duration::from_secs(10), "{capacity:?} {taken:?}");
        assert!(outcome.solved.is_some() && outcome.bound.is_some(), "{capacity:?}");
    }
}

/// Where memory ends, the best answer and a true bound come back.
#[test]
fn a_limit_of_memory_ends_the_search_with_an_answer() {
    let sizes = (0..300_u64).map(|i| (vec![400_000 + 2_311 * i + i * i % 97], 1));
    let items: Vec<(Vec<u64>, u64)> = sizes.collect();
    let instance = Instance::identical_hosts("wide", &[2_000_003], &items).expect("valid");
    let budget = Budget::default().with_memory(26 << 20).with_time(Duration::from_mins(2));
    let ((outcome, _), taken) = cpu_time(|| solve(&BranchPrice, &instance, &budget));
    assert!(taken < Duration::from_mins(1), "{taken:?}");
    assert!(outcome.solved.is_some() && outcome.bound.is_some());
}

#[test]
fn the_same_work_gives_the_same_answer() {
    let instance = uniform(60);
    let once = || {
        let budget = Budget::default().with_work(400).with_seed(3);
        BranchPrice.solve(&instance, &budget, &mut NullObserver)
    };
    let timeless = |mut outcome: Outcome<Packing>| {
        outcome.counters.retain(|name, _| !name.ends_with("milliseconds"));
        outcome
    };
    assert_eq!(timeless(once()), timeless(once()));
}

/// Rough programs tell enough to fill hosts by, long before the simplex method would be through with the first one.
#[test]
fn a_sketch_gets_below_greedy_rules_with_little_work() {
    let mut state = 11;
    let mut size = || (0..5).map(|_| next(&mut state) % 45).collect();
    let items: Vec<(Vec<u64>, u64)> = (0..200).map(|_| (size(), 1)).collect();
    let instance = Instance::identical_hosts("different", &[100; 5], &items).expect("valid");
    let start = vmpack_greedy::start(&instance, &Budget::default()).expect("no stock limit");
    let drawn = || {
        let budget = Budget::default().with_work(20_000);
        let outcome = sketch(&instance, &[&start], &budget, &mut NullObserver).expect("supported");
        let judgement = Packing::judge(&instance, &outcome, &Effort::default());
        assert!(!judgement.verdict.is_wrong(), "{judgement:?}");
        assert_eq!(outcome.counters["simplex-iterations"], 0);
        outcome.solved.expect("never worse")
    };
    let solved = drawn();
    assert!(solved.cost < Value::from(start.cost(&instance)), "{solved:?}");
    assert_eq!(solved, drawn(), "the same work gives the same answer");
}

#[test]
fn the_observer_hears_of_every_improvement() {
    let instance = uniform(40);
    let mut trajectory = Trajectory::default();
    let outcome = BranchPrice.solve(&instance, &Budget::default(), &mut trajectory);
    let points = trajectory.into_points();
    let last = points.last().expect("at least the start");
    assert_eq!(last.cost, outcome.solved.map(|solved| solved.cost));
    assert_eq!(last.bound, outcome.bound.map(|bound| bound.value));
    assert!(points.first().and_then(|point| point.bound) > Some(Value::ZERO));
}

#[test]
fn what_is_not_supported_is_refused_with_the_reason() {
    let free = HostType { name: "gift".into(), cost: 0, stock: None };
    let instance = Instance::simple(
        "free",
        Resource::anonymous(1),
        vec![("vm".into(), 1)],
        Array2::from_elem((1, 1), 1),
        vec![free],
        Array2::from_elem((1, 1), 9),
    )
    .expect("valid");
    let refused = BranchPrice.supports(&instance).expect_err("free hosts");
    assert!(refused.to_string().contains("gift"), "{refused}");
    let dust = [(vec![1], 1_u64 << 40)];
    let instance = Instance::identical_hosts("dust", &[1 << 40], &dust).expect("valid");
    let refused = BranchPrice.supports(&instance).expect_err("a table of 2^40 rows");
    assert!(refused.to_string().contains("1000000"), "{refused}");
}
