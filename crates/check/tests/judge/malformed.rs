//! Whatever a method or a file claims, the judge answers and does not panic.

use ndarray::Array2;
use proptest::prelude::*;
use vmpack_check::{Effort, Judge, Verdict};
use vmpack_model::allocation::{self, Allocation, Amounts, Multipliers, Objective, Utility};
use vmpack_model::packing::{
    self, Certificate, Demand, DualFeasibleFunction, Evacuation, Instance, Intake, Level, Packing,
    Pattern, Placement, Rule, Rules, Strength, TreeNode, WeightedCut,
};
use vmpack_model::{Bound, Counters, Outcome, Solved, Status, Value};

use crate::{tiny, value};

const EFFORT: Effort = Effort { knapsack_steps: 10_000, tree_steps: 100_000 };

/// Small numbers, and the ends of 64 bits.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0_u64..6, 1 => Just(u64::MAX), 1 => Just(u64::MAX / 2 + 1), 1 => any::<u64>()]
}

fn index() -> impl Strategy<Value = usize> {
    prop_oneof![6 => 0_usize..4, 1 => Just(usize::MAX)]
}

fn signed() -> impl Strategy<Value = i64> {
    prop_oneof![4 => -3_i64..9, 1 => Just(i64::MIN), 1 => Just(i64::MAX), 1 => any::<i64>()]
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        (-3_i128..20).prop_map(Value::from),
        Just(Value::from(i128::MAX)),
        Just(Value::from(i128::MIN)),
        (any::<i64>(), 1_i64..).prop_map(|(a, b)| {
            Value::new(i128::from(a), i128::from(b)).expect("a positive denominator")
        }),
    ]
}

fn status() -> impl Strategy<Value = Status> {
    prop::sample::select(vec![
        Status::Optimal,
        Status::Feasible,
        Status::Infeasible,
        Status::Unbounded,
        Status::Unknown,
    ])
}

fn numbers() -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec(number(), 0..4)
}

fn placement() -> impl Strategy<Value = Placement> {
    let pattern = (index(), prop::collection::vec((index(), number()), 0..4))
        .prop_map(|(host, vms)| Pattern { host, vms });
    (prop::collection::vec((pattern, number()), 0..4), prop::collection::vec(evacuation(), 0..3))
        .prop_map(|(patterns, evacuations)| Placement { patterns, evacuations })
}

fn evacuation() -> impl Strategy<Value = Evacuation> {
    let pairs = || prop::collection::vec((index(), number()), 0..3);
    let intake = (index(), number(), pairs()).prop_map(|(pattern, hosts, vms)| Intake {
        pattern,
        hosts,
        vms,
    });
    (index(), pairs(), prop::collection::vec(intake, 0..3))
        .prop_map(|(rule, failed, takes)| Evacuation { rule, failed, takes })
}

/// Rules of every form on two VM types or fewer, and two host types or fewer.
fn rules(vms: usize, hosts: usize) -> impl Strategy<Value = Rules> {
    let (all_vms, all_hosts) = ((0..vms).collect::<Vec<_>>(), (0..hosts).collect::<Vec<_>>());
    let level = prop::sample::select(vec![Level::Host, Level::Rack]);
    let number = number().prop_map(|number| number.max(1));
    (number, level, 0_usize..6).prop_map(move |(number, within, form)| {
        let vms = all_vms.clone();
        let demand = match form {
            0 => Demand::Restrict { vms, hosts: vec![0] },
            1 => Demand::AtMost { vms, most: number, within },
            2 => Demand::Together { vms, within },
            3 => Demand::Spread { vms, least: number, over: within },
            4 => Demand::Separate { classes: vms.iter().map(|&vm| vec![vm]).collect(), within },
            _ => Demand::Survive { hosts: all_hosts.clone(), failures: number },
        };
        let rules = vec![Rule { name: "r".into(), demand, strength: Strength::Hard }];
        Rules { rules, ..Rules::default() }
    })
}

/// Trees that now and then have the shape of one.
fn nodes() -> impl Strategy<Value = Vec<TreeNode>> {
    let cut = ([index(), index(), index()], number())
        .prop_map(|(items, weight)| WeightedCut { items, weight });
    let leaf = (numbers(), number(), numbers(), prop::collection::vec(cut, 0..3))
        .prop_map(|(weights, scale, prices, cuts)| TreeNode::Leaf { weights, scale, prices, cuts })
        .boxed();
    let branch = (0_usize..3, index(), prop_oneof![Just(2), index()])
        .prop_map(|(first, second, apart)| TreeNode::Branch { first, second, apart })
        .boxed();
    let hosts = (0_usize..3, number(), prop_oneof![Just(2), index()])
        .prop_map(|(host, most, above)| TreeNode::Hosts { host, most, above });
    let branching = prop_oneof![branch, hosts].boxed();
    let node = prop_oneof![3 => leaf.clone(), 1 => branching.clone()];
    prop_oneof![
        2 => leaf.clone().prop_map(|leaf| vec![leaf]),
        2 => (branching, leaf.clone(), leaf).prop_map(|(root, together, apart)| vec![root, together, apart]),
        1 => prop::collection::vec(node, 0..6),
    ]
}

fn certificate() -> impl Strategy<Value = Certificate> {
    let function = prop_oneof![
        number().prop_map(|k| DualFeasibleFunction::Rounding { k }),
        number().prop_map(|threshold| DualFeasibleFunction::Threshold { threshold }),
        number().prop_map(|threshold| DualFeasibleFunction::Counting { threshold }),
    ];
    prop_oneof![
        index().prop_map(|resource| Certificate::Volume { resource }),
        (index(), function)
            .prop_map(|(resource, function)| Certificate::DualFeasible { resource, function }),
        (numbers(), number(), numbers()).prop_map(|(weights, scale, prices)| {
            Certificate::DualWeights { weights, scale, prices }
        }),
        (number(), nodes()).prop_map(|(below, nodes)| Certificate::Tree { below, nodes }),
    ]
}

fn refutation() -> impl Strategy<Value = packing::Refutation> {
    prop_oneof![
        index().prop_map(|vm| packing::Refutation::FitsNowhere { vm }),
        index().prop_map(|resource| packing::Refutation::StockTooSmall { resource }),
        (numbers(), numbers())
            .prop_map(|(weights, prices)| packing::Refutation::Weights { weights, prices }),
        nodes().prop_map(|nodes| packing::Refutation::Tree { nodes }),
    ]
}

/// Instances at the edge of what the model lets in: huge capacities, costs and stocks.
fn packing_instance() -> impl Strategy<Value = Instance> {
    let host = (
        prop::collection::vec(number(), 2),
        prop_oneof![0_u64..5, Just(u64::MAX / 8)],
        prop::option::of(number()),
    );
    let demand = prop_oneof![4 => 0_u64..9, 1 => Just(u64::MAX / 8)];
    let kind = (prop::collection::vec(prop::collection::vec(demand, 2), 1..=2), 0_u64..=2);
    (prop::collection::vec(kind, 1..=2), prop::collection::vec(host, 1..=2))
        .prop_map(|(kinds, hosts)| tiny::instance(&kinds, &hosts))
        .prop_flat_map(|instance| {
            let rules = rules(instance.vms().len(), instance.hosts().len());
            (Just(instance), prop::option::of(rules))
        })
        .prop_map(|(instance, rules)| {
            // Costs may be too large for rules; then there are none.
            instance.clone().with_rules(rules.unwrap_or_default()).unwrap_or(instance)
        })
}

fn amounts() -> impl Strategy<Value = Amounts> {
    let denominator = prop_oneof![3 => 1_i64..4, 1 => Just(0), 1 => signed()];
    let tolerance = prop_oneof![3 => Just(0_u32), 1 => 0_u32..=1000, 1 => any::<u32>()];
    let shape = prop_oneof![6 => Just((2, 1)), 1 => (0_usize..3, 0_usize..3)];
    (shape, prop::collection::vec(signed(), 9), denominator, tolerance).prop_map(
        |((rows, columns), numbers, denominator, tolerance_ppb)| Amounts {
            numerators: Array2::from_shape_fn((rows, columns), |(i, r)| numbers[i * 3 + r]),
            denominator,
            tolerance_ppb,
        },
    )
}

fn multipliers() -> impl Strategy<Value = Multipliers> {
    let list = || prop::collection::vec(signed(), 0..3);
    (prop_oneof![Just(1_i64), signed()], list(), prop::collection::vec(list(), 0..3)).prop_map(
        |(denominator, services, capacities)| Multipliers { denominator, services, capacities },
    )
}

fn allocation_refutation() -> impl Strategy<Value = allocation::Refutation> {
    let rows = prop::collection::vec(prop::collection::vec(signed(), 0..3), 0..3);
    prop_oneof![
        multipliers().prop_map(|multipliers| allocation::Refutation::Infeasible { multipliers }),
        (amounts(), rows).prop_map(|(point, ray)| allocation::Refutation::Unbounded { point, ray }),
    ]
}

/// Instances with the greatest magnitudes that the model lets in.
fn allocation_instance() -> impl Strategy<Value = allocation::Instance> {
    let most = 1_u64 << 48;
    let bounded = || prop_oneof![-4_i64..5, Just(1_i64 << 48), Just(-(1_i64 << 48))];
    let utility = prop::sample::select(vec![
        Utility::zero(),
        Utility::Concave(vec![(0, 0), (most - 1, most)]),
        Utility::Steps(vec![(3, 1), (most, most)]),
    ]);
    let objective = prop_oneof![
        prop::collection::vec(bounded(), 2).prop_map(|c| crate::allocation::costs(&c)),
        prop::collection::vec(utility, 2).prop_map(Objective::Utility),
    ];
    let amount = move || prop_oneof![0_u64..4, Just(most)];
    let vm = move || (prop::option::of(Just(0_usize)), amount(), prop::option::of(Just(most)));
    ([vm(), vm()], amount(), [bounded(), bounded(), bounded()], objective).prop_map(
        |(vms, capacity, [a, b, required], objective)| {
            crate::allocation::instance(&vms, &[capacity], &[(&[a, b], required)], objective)
        },
    )
}

fn assert_speaks<P: Judge>(instance: &P::Instance, outcome: &Outcome<P>) {
    let judgement = P::judge(instance, outcome, &EFFORT);
    assert!(!judgement.verdict.to_string().is_empty());
    assert!(outcome.bound.is_some() || outcome.refutation.is_some() || !judgement.certified);
    if let Verdict::Infeasible { violations } = judgement.verdict {
        assert!(!violations.is_empty() && judgement.cost.is_none());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn malformed_packings_are_judged(
        instance in packing_instance(),
        status in status(),
        solved in prop::option::of((placement(), any_value())),
        bound in prop::option::of((any_value(), prop::option::of(certificate()))),
        refutation in prop::option::of(refutation()),
    ) {
        let solved = solved.map(|(solution, cost)| Solved { solution, cost });
        let bound = bound.map(|(value, certificate)| Bound { value, certificate });
        let counters = Counters::new();
        assert_speaks::<Packing>(
            &instance,
            &Outcome { status, solved, bound, refutation, counters },
        );
    }

    #[test]
    fn malformed_allocations_are_judged(
        instance in allocation_instance(),
        status in status(),
        solved in prop::option::of((amounts(), any_value())),
        bound in prop::option::of((any_value(), prop::option::of(multipliers()))),
        refutation in prop::option::of(allocation_refutation()),
    ) {
        let solved = solved.map(|(solution, cost)| Solved { solution, cost });
        let bound = bound.map(|(value, certificate)| Bound { value, certificate });
        let counters = Counters::new();
        assert_speaks::<Allocation>(
            &instance,
            &Outcome { status, solved, bound, refutation, counters },
        );
    }
}

#[test]
fn hosts_beyond_counting_are_a_violation() {
    let instance = tiny::instance(&[(vec![vec![1]], 0)], &[(vec![1], 7, None)]);
    let empty = Pattern { host: 0, vms: vec![] };
    let placement = Placement { patterns: vec![(empty, u64::MAX); 1000], ..Placement::default() };
    let outcome = Outcome::<Packing>::feasible(placement.clone(), value("7"));
    // Seven thousand times 2^64 is a cost like any other ...
    assert_eq!(Packing::judge(&instance, &outcome, &EFFORT).verdict.name(), "WrongCost");
    let dear = tiny::instance(&[(vec![vec![1]], 0)], &[(vec![1], u64::MAX, None)]);
    // ... but a cost beyond 128 bits is none.
    let judgement = Packing::judge(&dear, &outcome, &EFFORT);
    let Verdict::Infeasible { violations } = judgement.verdict else { panic!("not a cost") };
    assert_eq!(violations, ["the cost exceeds 128 bits"]);
}

#[test]
fn failures_beyond_counting_are_judged() {
    let demand = Demand::Survive { hosts: vec![0], failures: u64::MAX / 2 };
    let rules = vec![Rule { name: "many".into(), demand, strength: Strength::Hard }];
    let instance = tiny::instance(&[(vec![vec![1]], 0)], &[(vec![9], 1, None)]);
    let instance = instance.with_rules(Rules { rules, ..Rules::default() }).expect("valid");
    // Thousands of patterns, any of whose hosts may be among those that fail.
    let patterns = (0..5000).map(|_| (Pattern { host: 0, vms: vec![(0, 1)] }, u64::MAX / 9000));
    let placement = Placement { patterns: patterns.collect(), ..Placement::default() };
    let outcome = Outcome::<Packing>::feasible(placement, value("7"));
    let judgement = Packing::judge(&instance, &outcome, &EFFORT);
    assert_eq!(judgement.verdict.name(), "Infeasible", "{judgement:?}");
}
