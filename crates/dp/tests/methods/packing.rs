//! Packing methods on tiny instances of every shape, and on planted optima.

use ndarray::Array2;
use proptest::prelude::*;
use vmpack_check::{Effort, Judge, Verdict};
use vmpack_dp::{Counts, MinimumBinSlack, PACKING};
use vmpack_model::packing::{HostType, Instance, Packing, VmType};
use vmpack_model::{Budget, Method, NullObserver, Outcome, Resource, Status, Value};

fn solve(method: &dyn Method<Packing>, instance: &Instance, budget: &Budget) -> Outcome<Packing> {
    let outcome = method.solve(instance, budget, &mut NullObserver);
    let judgement = Packing::judge(instance, &outcome, &Effort::default());
    assert!(!judgement.verdict.is_wrong(), "{method:?}: {} on {instance:?}", judgement.verdict);
    outcome
}

fn cost(outcome: &Outcome<Packing>) -> Option<i128> {
    outcome.solved.as_ref().and_then(|solved| solved.cost.as_integer())
}

/// The least cost over all assignments of VMs to hosts; `None` if there is none.
fn brute_force(instance: &Instance) -> Option<u64> {
    let vms: Vec<usize> = (0..instance.vms().len())
        .flat_map(|vm| std::iter::repeat_n(vm, instance.vms()[vm].count as usize))
        .collect();
    let mut best = None;
    place(instance, &vms, &mut Vec::new(), 0, &mut best);
    best
}

fn place(
    instance: &Instance,
    vms: &[usize],
    hosts: &mut Vec<(usize, Vec<u64>)>,
    cost: u64,
    best: &mut Option<u64>,
) {
    let Some((&vm, rest)) = vms.split_first() else {
        *best = Some(best.map_or(cost, |best| best.min(cost)));
        return;
    };
    for row in instance.vms()[vm].rows.clone() {
        let demand = instance.demand(row);
        for at in 0..hosts.len() {
            if demand.iter().zip(&hosts[at].1).all(|(x, free)| x <= free) {
                hosts[at].1.iter_mut().zip(demand).for_each(|(free, x)| *free -= x);
                place(instance, rest, hosts, cost, best);
                hosts[at].1.iter_mut().zip(demand).for_each(|(free, x)| *free += x);
            }
        }
        for (host, host_type) in instance.hosts().iter().enumerate() {
            let opened = hosts.iter().filter(|(other, _)| *other == host).count() as u64;
            if instance.fits(row, host) && host_type.stock.is_none_or(|stock| opened < stock) {
                let free = instance.capacity(host).iter().zip(demand).map(|(c, x)| c - x);
                hosts.push((host, free.collect()));
                place(instance, rest, hosts, cost + host_type.cost, best);
                hosts.pop();
            }
        }
    }
}

/// Instances of at most 6 VMs: 1 to 3 resources, 1 to 3 host types, stock limited or not, sizes
/// that may be zero or fit nowhere; with `alternatives`, up to two demand rows per VM type.
fn tiny(alternatives: bool) -> impl Strategy<Value = Instance> {
    let rows = if alternatives { 1..=2_usize } else { 1..=1 };
    (1..=3_usize, 1..=3_usize)
        .prop_flat_map(move |(d, h)| {
            let size = prop_oneof![8 => 1..=6_u64, 1 => Just(0), 1 => 7..=11_u64];
            let row = proptest::collection::vec(size, d);
            let vm = (0..=3_u64, proptest::collection::vec(row, rows.clone()));
            let stock = prop_oneof![Just(None), (0..=3_u64).prop_map(Some)];
            let host = (0..=5_u64, stock, proptest::collection::vec(4..=10_u64, d));
            let vms = proptest::collection::vec(vm, 0..=4);
            (Just(d), vms, proptest::collection::vec(host, h))
        })
        .prop_map(|(d, mut vms, hosts)| {
            while vms.iter().map(|(count, _)| count).sum::<u64>() > 6 {
                vms.pop();
            }
            let mut start = 0;
            let types = vms.iter().enumerate().map(|(i, (count, rows))| {
                start += rows.len();
                VmType { name: format!("vm{i}"), count: *count, rows: start - rows.len()..start }
            });
            let types: Vec<VmType> = types.collect();
            let demands: Vec<u64> = vms.iter().flat_map(|(_, rows)| rows.concat()).collect();
            let capacities: Vec<u64> = hosts.iter().flat_map(|(_, _, c)| c.clone()).collect();
            let host = |(i, (cost, stock, _)): (usize, &(u64, Option<u64>, Vec<u64>))| HostType {
                name: format!("host{i}"),
                cost: *cost,
                stock: *stock,
            };
            Instance::new(
                "tiny",
                Resource::anonymous(d),
                types,
                Array2::from_shape_vec((start, d), demands).expect("rows of d"),
                hosts.iter().enumerate().map(host).collect(),
                Array2::from_shape_vec((hosts.len(), d), capacities).expect("rows of d"),
            )
            .expect("valid")
        })
}

fn agrees_with_brute_force(instance: &Instance) -> Result<(), TestCaseError> {
    let best = brute_force(instance).map(i128::from);
    let counts = solve(&Counts, instance, &Budget::default());
    let status = if best.is_some() { Status::Optimal } else { Status::Infeasible };
    prop_assert_eq!((counts.status, cost(&counts)), (status, best));
    prop_assert_eq!(counts.bound.map(|bound| bound.value), best.map(Value::from));
    for budget in
        [Budget::default(), Budget::default().with_memory(0), Budget::default().with_work(0)]
    {
        let mbs = solve(&MinimumBinSlack, instance, &budget);
        prop_assert!(cost(&mbs).is_none_or(|cost| best.is_some_and(|best| cost >= best)));
        if instance.hosts().iter().all(|host| host.stock.is_none()) {
            prop_assert_eq!(cost(&mbs).is_some(), best.is_some(), "no stock can run out");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn tiny_instances(instance in tiny(false)) {
        agrees_with_brute_force(&instance)?;
    }

    #[test]
    fn tiny_instances_with_alternatives(instance in tiny(true)) {
        agrees_with_brute_force(&instance)?;
    }

    /// Hosts cut into pieces without waste: the number of hosts cut is optimal by volume. Two hosts
    /// that are filled as well as possible hold more than one between them, which bounds the other
    /// method.
    #[test]
    fn planted_perfect_packings(
        cuts in proptest::collection::vec(proptest::array::uniform3(1_u64..40), 2..4),
    ) {
        let items: Vec<(Vec<u64>, u64)> = cuts
            .iter()
            .flat_map(|[a, b, c]| [*a, *b, *c, 120 - a - b - c])
            .map(|size| (vec![size], 1))
            .collect();
        let instance = Instance::identical_hosts("planted", &[120], &items).expect("valid");
        let hosts = cuts.len() as i128;
        let outcome = solve(&Counts, &instance, &Budget::default());
        prop_assert_eq!((outcome.status, cost(&outcome)), (Status::Optimal, Some(hosts)));
        let outcome = solve(&MinimumBinSlack, &instance, &Budget::default());
        prop_assert!(cost(&outcome).is_some_and(|cost| hosts <= cost && cost <= 2 * hosts));
    }
}

/// Triplets as Falkenauer plants them: every host holds one VM above a third and two more, exactly.
fn triplets(hosts: u64, copies: u64) -> Instance {
    let triplet = |i: u64| {
        let (large, middle) = (380 + 11 * i, 260 + 7 * i);
        [large, middle, 1000 - large - middle]
    };
    let items: Vec<(Vec<u64>, u64)> =
        (0..hosts).flat_map(triplet).map(|size| (vec![size], copies)).collect();
    Instance::identical_hosts("triplets", &[1000], &items).expect("valid")
}

#[test]
fn triplets_are_solved_to_their_planted_optimum() {
    let outcome = solve(&Counts, &triplets(5, 1), &Budget::default());
    assert_eq!((outcome.status, cost(&outcome)), (Status::Optimal, Some(5)));
    let outcome = solve(&Counts, &triplets(2, 6), &Budget::default());
    assert_eq!((outcome.status, cost(&outcome)), (Status::Optimal, Some(12)));
    for hosts in 2..10 {
        let outcome = solve(&MinimumBinSlack, &triplets(hosts, 1), &Budget::default());
        assert_eq!(outcome.counters["exact-fills"], 1);
        assert!(cost(&outcome).is_some_and(|cost| cost <= i128::from(hosts) + 1), "{hosts}");
    }
}

#[test]
fn a_better_fill_than_first_fit_decreasing() {
    // FFD puts 6 with 3 and needs three hosts; the best fills are 6 + 2 + 2 and 4 + 3 + 3.
    let items = [(vec![6], 1), (vec![4], 1), (vec![3], 2), (vec![2], 2)];
    let instance = Instance::identical_hosts("fills", &[10], &items).expect("valid");
    let outcome = solve(&MinimumBinSlack, &instance, &Budget::default());
    assert_eq!((outcome.status, cost(&outcome)), (Status::Optimal, Some(2)));
}

/// Three of four patterns on two resources with complementary demands, a million VMs in 200 types.
fn fleet(count: u64) -> Instance {
    let items: Vec<(Vec<u64>, u64)> = (0..200_u64)
        .map(|i| (vec![(1 + i % 16) * 500, (1 + i * 7 % 32) * 1024], count + i % 13))
        .collect();
    let vms = items.iter().enumerate().map(|(i, (_, count))| (format!("vm{i}"), *count)).collect();
    let demands: Vec<u64> = items.iter().flat_map(|(size, _)| size.clone()).collect();
    let host = |name: &str, cost, stock| HostType { name: name.into(), cost, stock };
    Instance::simple(
        "fleet",
        vec![Resource::new("cpu", "millicore"), Resource::new("memory", "MiB")],
        vms,
        Array2::from_shape_vec((200, 2), demands).expect("two each"),
        vec![host("small", 10, None), host("large", 38, None), host("spot", 11, Some(100))],
        Array2::from_shape_vec((3, 2), vec![16_000, 65_536, 64_000, 262_144, 32_000, 131_072])
            .expect("two each"),
    )
    .expect("valid")
}

#[test]
fn a_million_vms_are_kept_as_counts() {
    let instance = fleet(5000);
    assert!(instance.total_vms() > 1_000_000);
    let outcome = solve(&MinimumBinSlack, &instance, &Budget::default());
    assert_eq!(outcome.counters["exact-fills"], 1);
    let cost = outcome.solved.as_ref().expect("a placement").cost.to_f64();
    let bound = outcome.bound.expect("a volume bound").value.to_f64();
    assert!(cost <= 1.02 * bound, "{cost} is far above {bound}");
    assert!(outcome.counters["fills"] < 20_000, "as many fills as VMs would be a million");
}

#[test]
fn refusals_say_how_many_states() {
    let refusal = Counts.supports(&fleet(5000)).expect_err("too many states");
    assert!(refusal.0.contains("combinations of remaining VMs and hosts in stock"), "{refusal}");
    let instance = triplets(5, 1);
    let outcome = solve(&Counts, &instance, &Budget::default().with_memory(1 << 18));
    assert_eq!(outcome.status, Status::Unknown, "the table takes 12 bytes for each of 2^15 states");
}

#[test]
fn stops_when_the_budget_is_spent() {
    let instance = triplets(6, 1);
    let outcome =
        solve(&Counts, &instance, &Budget::default().with_time(std::time::Duration::ZERO));
    assert_eq!(outcome.status, Status::Unknown);
    let outcome =
        solve(&MinimumBinSlack, &instance, &Budget::default().with_time(std::time::Duration::ZERO));
    assert!(outcome.solved.is_some(), "a constructive rule always has an answer");
}

#[test]
fn empty_instances_cost_nothing() {
    let instance = Instance::identical_hosts("empty", &[10], &[]).expect("valid");
    for method in PACKING {
        let outcome = solve(*method, &instance, &Budget::default());
        assert_eq!(cost(&outcome), Some(0), "{method:?}");
        let judgement = Packing::judge(&instance, &outcome, &Effort::default());
        assert_eq!(judgement.verdict, Verdict::Correct);
    }
}
