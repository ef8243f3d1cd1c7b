//! Search trees: certificates that must pass, ones that must not, and soundness against brute force.

mod oracle;

use proptest::prelude::*;
use vmpack_check::{Effort, Judge, Judgement};
use vmpack_model::packing::{Certificate, Instance, Packing, Refutation, TreeNode, WeightedCut};
use vmpack_model::{Bound, Outcome, Value};

use self::oracle::Dice;
use crate::tiny::{self, Host, Kind};
use crate::{assert_correct, assert_verdict, judge_bound};

fn judged(instance: &Instance, below: u64, nodes: &[TreeNode]) -> Judgement {
    let certificate = Certificate::Tree { below, nodes: nodes.to_vec() };
    judge_bound::<Packing>(instance, Value::from(below), certificate)
}

#[track_caller]
fn assert_certified(instance: &Instance, below: u64, nodes: &[TreeNode]) {
    let judgement = judged(instance, below, nodes);
    assert_correct(&judgement);
    assert!(judgement.certified, "{judgement:?} of {nodes:?}");
}

#[track_caller]
fn assert_wrong(instance: &Instance, below: u64, nodes: &[TreeNode], parts: &[&str]) {
    assert_verdict(&judged(instance, below, nodes), "InvalidBound", parts);
}

fn bins(capacity: u64, sizes: &[(u64, u64)]) -> Instance {
    let items: Vec<_> = sizes.iter().map(|&(size, count)| (vec![size], count)).collect();
    Instance::identical_hosts("bins", &[capacity], &items).expect("a valid instance")
}

fn branch(first: usize, second: usize, apart: usize) -> TreeNode {
    TreeNode::Branch { first, second, apart }
}

fn leaf(weights: &[u64], scale: u64) -> TreeNode {
    TreeNode::Leaf { weights: weights.to_vec(), scale, prices: vec![0], cuts: vec![] }
}

#[test]
fn a_single_leaf_is_a_bound() {
    // Two of size 4 fill a host: 7 > 2 * 3.
    let instance = bins(10, &[(4, 7)]);
    assert_certified(&instance, 4, &[leaf(&[1], 2)]);
    assert_wrong(&instance, 5, &[leaf(&[1], 2)], &["node 0", "weigh 7", "may hold 8"]);
    assert_wrong(&instance, 4, &[leaf(&[2], 3)], &["node 0", "4, more than 3"]);
    assert_wrong(&instance, 4, &[leaf(&[1, 1], 2)], &["node 0", "2 weights for 1 items"]);
    assert_certified(&instance, 0, &[]);
    assert_wrong(&instance, 1, &[], &["no nodes"]);
}

#[test]
fn hosts_that_must_be_full_hold_less() {
    // Two hosts of 10 would have to be full, which 6s and 7s cannot; so all patterns are excluded, and
    // any weight is too much. This is Farkas' lemma: a scale of zero.
    let instance = bins(10, &[(7, 2), (6, 1)]);
    assert_certified(&instance, 3, &[leaf(&[1, 0], 0)]);
    // Two hosts of 5 for 9 units may waste one unit, and a single 3 wastes two.
    assert_certified(&bins(5, &[(3, 3)]), 3, &[leaf(&[1], 0)]);
    // 2 + 3 fills a host.
    let full = bins(5, &[(3, 2), (2, 2)]);
    assert_wrong(&full, 3, &[leaf(&[1, 0], 0)], &["node 0", "weight 1, more than 0"]);
}

#[test]
fn cuts_make_patterns_lighter() {
    // Two of three fit, so three need two hosts. Useless free hosts, lest waste settles it.
    let bins = |kinds: &[Kind]| tiny::instance(kinds, &[(vec![9], 1, None), (vec![2], 0, None)]);
    let single = |size| (vec![vec![size]], 1);
    let triple = bins(&[single(4), single(5), single(3)]);
    let nodes = |items, scale| {
        let cuts = vec![WeightedCut { items, weight: 1 }];
        [TreeNode::Leaf { weights: vec![2; 3], scale, prices: vec![0, 0], cuts }]
    };
    assert_certified(&triple, 2, &nodes([0, 1, 2], 3));
    assert_wrong(&triple, 2, &nodes([0, 1, 2], 2), &["3, more than 2"]);
    assert_wrong(&triple, 2, &nodes([0, 1, 1], 3), &["cut 0 names an item twice"]);
    assert_wrong(&triple, 2, &nodes([0, 1, 3], 3), &["there is no item 3"]);
    let twice = bins(&[(vec![vec![4]], 2), single(5), single(3)]);
    assert_wrong(&twice, 2, &nodes([2, 1, 0], 3), &["item 0 has a demand of 2 instead of 1"]);
}

#[test]
fn prices_are_paid_by_hosts_that_may_be_opened() {
    // Two cheap hosts of 4 at 1, the others at 3; ten VMs of size 1 cost 5.
    let hosts = [(vec![4], 1, Some(2)), (vec![4], 3, None)];
    let instance = tiny::instance(&[(vec![vec![1]], 10)], &hosts);
    let nodes = |prices: &[u64]| {
        [TreeNode::Leaf { weights: vec![3], scale: 4, prices: prices.to_vec(), cuts: vec![] }]
    };
    // For 4 there are two cheap hosts, or one of each type: 30 > 2 * (4 + 8).
    assert_certified(&instance, 5, &nodes(&[8, 0]));
    assert_wrong(&instance, 6, &nodes(&[8, 0]), &["weigh 30", "may hold 36"]);
    assert_wrong(&instance, 4, &nodes(&[8]), &["1 prices for 2 host types"]);
    // Dear hosts cannot be opened for less than 3, so they need no proof, and their price costs nothing.
    assert_certified(&instance, 3, &nodes(&[8, 99]));
    // Nothing limits the free hosts but that there are nine VMs.
    let free = tiny::instance(&[(vec![vec![2]], 9)], &[(vec![8], 1, None), (vec![1], 0, None)]);
    let nodes = |price| {
        let prices = vec![0, price];
        [TreeNode::Leaf { weights: vec![1], scale: 4, prices, cuts: vec![] }]
    };
    assert_certified(&free, 3, &nodes(0));
    assert_wrong(&free, 3, &nodes(1), &["weigh 9", "may hold 17"]);
    let given = tiny::instance(&[(vec![vec![1]], 9)], &[(vec![4], 1, None), (vec![2], 0, Some(2))]);
    assert_certified(&given, 2, &nodes(2));
}

fn hosts(host: usize, most: u64, above: usize) -> TreeNode {
    TreeNode::Hosts { host, most, above }
}

/// Hosts of 10 at 10 and of 7 at 8.
fn two_sizes(kinds: &[Kind]) -> Instance {
    tiny::instance(kinds, &[(vec![10], 10, None), (vec![7], 8, None)])
}

fn priced(weights: &[u64], prices: &[u64]) -> TreeNode {
    TreeNode::Leaf { weights: weights.to_vec(), scale: 0, prices: prices.to_vec(), cuts: vec![] }
}

#[test]
fn hosts_are_whole_numbers() {
    // For 22 or less there are at most two hosts, which hold 20 or less; in fractions it would be 22.
    let instance = two_sizes(&[(vec![vec![1]], 21)]);
    assert_certified(&instance, 24, &[priced(&[1], &[10, 7])]);
    assert_wrong(&instance, 26, &[priced(&[1], &[10, 7])], &["weigh 21", "may hold 21"]);
    assert_wrong(&instance, 24, &[priced(&[1], &[10, 6])], &["weight 7, more than 6"]);
}

#[test]
fn numbers_of_hosts_may_be_branched_on() {
    // Seven of size 3: the large host holds three, the small one two.
    let instance = two_sizes(&[(vec![vec![3]], 7)]);
    let nodes = |most, below: &[u64], above: &[u64]| {
        [hosts(0, most, 2), priced(&[1], below), priced(&[1], above)]
    };
    assert_certified(&instance, 26, &[priced(&[1], &[3, 2])]);
    // With one large host or fewer it takes two small ones more, at 26; with two, a third one.
    assert_certified(&instance, 26, &nodes(1, &[3, 2], &[3, 2]));
    assert_wrong(&instance, 27, &nodes(1, &[3, 2], &[3, 2]), &["node 1", "may hold 7"]);
    assert_wrong(&instance, 26, &nodes(1, &[2, 2], &[3, 2]), &["node 1", "3, more than 2"]);
    assert_wrong(&instance, 26, &nodes(1, &[3, 2], &[3, 1]), &["node 2", "2, more than 1"]);
    // Without large hosts these need no proof; with three, nothing is left to prove.
    assert_certified(&instance, 26, &nodes(0, &[0, 2], &[3, 2]));
    assert_certified(&instance, 26, &nodes(2, &[3, 2], &[0, 0]));
    assert_wrong(&instance, 26, &nodes(1, &[3, 2], &[0, 0]), &["node 2"]);
    let nodes = [hosts(2, 1, 2), priced(&[1], &[3, 2]), priced(&[1], &[3, 2])];
    assert_wrong(&instance, 26, &nodes, &["node 0", "no host type 2"]);
    let nodes = [hosts(0, 1, 1), priced(&[1], &[3, 2]), priced(&[1], &[3, 2])];
    assert_wrong(&instance, 26, &nodes, &["node 0", "begin at node 1"]);
    let nodes = [hosts(0, u64::MAX, 2), priced(&[1], &[3, 2]), priced(&[1], &[0, 0])];
    assert_certified(&instance, 26, &nodes);
}

#[test]
fn hosts_of_several_types_may_waste_little_too() {
    // The 27 units cost one each at least. For 28 only one may be wasted: hosts of 10 and of 5 must be as
    // good as full, which 7s and 4s cannot, and those of 20 are too dear. For 30 a host may hold the 7.
    let kinds: [Kind; 2] = [(vec![vec![7]], 1), (vec![vec![4]], 5)];
    let fleet = [(vec![10], 10, None), (vec![5], 6, None), (vec![20], 22, None)];
    let instance = tiny::instance(&kinds, &fleet);
    let leaf = [priced(&[1, 0], &[0, 0, 0])];
    assert_certified(&instance, 30, &leaf);
    assert_wrong(&instance, 32, &leaf, &["\"host0\"", "weight 1, more than 0"]);
}

fn refuted(instance: &Instance, nodes: &[TreeNode]) -> Judgement {
    let refutation = Refutation::Tree { nodes: nodes.to_vec() };
    Packing::judge(instance, &Outcome::infeasible(Some(refutation)), &Effort::default())
}

#[test]
fn trees_refute_instances_whose_stock_is_too_small() {
    // Seven of size 3 in two hosts of 10 and one of 7, which hold eight; in one of 7 less, six.
    let fleet = |small| [(vec![10], 10, Some(2)), (vec![7], 8, Some(small))];
    let kinds: [Kind; 1] = [(vec![vec![3]], 7)];
    let leaf = [priced(&[1], &[3, 2])];
    let judgement = refuted(&tiny::instance(&kinds, &fleet(0)), &leaf);
    assert_correct(&judgement);
    assert!(judgement.certified);
    let judgement = refuted(&tiny::instance(&kinds, &fleet(1)), &leaf);
    assert_verdict(&judgement, "FalseRefutation", &["node 0", "weigh 7", "may hold 8"]);
    assert_verdict(
        &refuted(&tiny::instance(&kinds, &fleet(0)), &[]),
        "FalseRefutation",
        &["no nodes"],
    );
}

#[test]
fn alternatives_are_refused() {
    let kinds: [Kind; 1] = [(vec![vec![4], vec![3]], 5)];
    let instance = tiny::instance(&kinds, &[(vec![5], 1, None)]);
    assert_wrong(&instance, 1, &[leaf(&[1, 1], 1)], &["one demand row each"]);
}

/// Pairs of size 2 on hosts of 5, glued one after the other.
fn deep(pairs: usize) -> (Instance, Vec<TreeNode>) {
    let nodes = 2 * pairs + 1;
    let branches = (0..pairs).map(|depth| branch(0, 0, nodes - 1 - depth));
    let leaves = (0..pairs).map(|_| leaf(&[1, 1], 1)).chain([leaf(&[1], 1)]);
    (bins(5, &[(2, 2 * pairs as u64)]), branches.chain(leaves).collect())
}

#[test]
fn trees_may_be_thousands_deep() {
    let pairs = 3000;
    let (instance, nodes) = deep(pairs);
    assert_certified(&instance, pairs as u64, &nodes);
    assert_wrong(&instance, pairs as u64 + 1, &nodes, &["node 3000", "weigh 3000"]);
}

#[test]
fn the_shape_of_a_tree_is_checked() {
    let (instance, nodes) = deep(2);
    assert_certified(&instance, 2, &nodes);
    let changed = |change: &dyn Fn(&mut Vec<TreeNode>), parts: &[&str]| {
        let mut nodes = nodes.clone();
        change(&mut nodes);
        assert_wrong(&instance, 2, &nodes, parts);
    };
    changed(&|nodes| nodes.truncate(4), &["ends before its last subtree"]);
    changed(&|nodes| nodes.truncate(2), &["ends in a branching"]);
    changed(&|nodes| nodes.push(leaf(&[1], 1)), &["node 5 belongs to no branching"]);
    changed(&|nodes| nodes[0] = branch(0, 0, 3), &["node 0", "begin at node 3"]);
    changed(&|nodes| nodes[1] = branch(0, 0, 4), &["node 1", "begin at node 4", "node 3"]);
    changed(&|nodes| nodes[0] = branch(0, 1, 4), &["node 0", "no item number 1"]);
    changed(&|nodes| nodes[1] = branch(1, 1, 3), &["node 1", "2 of item 1, which has 1"]);
    changed(&|nodes| nodes[4] = leaf(&[1, 1], 1), &["node 4", "2 weights for 1 items"]);
}

#[test]
fn too_little_effort_leaves_a_tree_uncertified() {
    // Whether some subset of these sizes fills a host exactly is a hard question. Useless free hosts, lest
    // waste settles it.
    let sizes = (0..60).map(|i| 200_003 + 15_838 * i);
    let kinds: Vec<Kind> = sizes.clone().map(|size| (vec![vec![size]], 1)).collect();
    let hosts: [Host; 2] = [(vec![10_000_001], 1, None), (vec![200_002], 0, None)];
    let instance = tiny::instance(&kinds, &hosts);
    let (weights, prices) = (sizes.collect(), vec![0, 0]);
    let nodes = vec![TreeNode::Leaf { weights, scale: 10_000_000, prices, cuts: vec![] }];
    let certificate = Certificate::Tree { below: 4, nodes };
    let outcome =
        Outcome::<Packing>::unknown().with_bound(Bound::certified(Value::from(4_u64), certificate));
    let effort = Effort { tree_steps: 100, ..Effort::default() };
    let judgement = Packing::judge(&instance, &outcome, &effort);
    assert_correct(&judgement);
    assert!(!judgement.certified);
    assert!(judgement.notes[0].contains("node 0"), "{judgement:?}");
}

/// At most six VMs, in types of one row.
fn instances(host_types: usize) -> impl Strategy<Value = Instance> {
    (1_usize..=2).prop_flat_map(move |d| {
        let kinds = prop::collection::vec((prop::collection::vec(0_u64..=9, d), 1_u64..=2), 2..=5);
        let host = (
            prop::collection::vec(6_u64..=14, d),
            0_u64..=4,
            prop_oneof![2 => Just(None), 1 => (0_u64..=3).prop_map(Some)],
        );
        (kinds, prop::collection::vec(host, 1..=host_types)).prop_map(|(kinds, hosts)| {
            let mut left = 6;
            let kinds: Vec<Kind> = kinds
                .into_iter()
                .map(|(demand, count)| {
                    let count = count.min(left);
                    left -= count;
                    (vec![demand], count)
                })
                .collect();
            let mut hosts: Vec<Host> = hosts;
            // One host type of cost 1 half of the time, with the dice of the other numbers.
            if hosts.len() == 1 && hosts[0].1.is_multiple_of(2) {
                hosts[0].1 = 1;
            }
            tiny::instance(&kinds, &hosts)
        })
    })
}

/// Changes one number of the tree.
fn mutate(nodes: &mut [TreeNode], dice: &mut Dice) {
    let index = dice.below(nodes.len());
    let other = dice.below(8);
    let nudge = |number: &mut u64, dice: &mut Dice| {
        *number = if dice.below(2) == 0 { *number + 1 } else { number.saturating_sub(1) };
    };
    match &mut nodes[index] {
        TreeNode::Branch { first, second, apart } => match dice.below(3) {
            0 => *first = other,
            1 => *second = other,
            _ => *apart += 1,
        },
        TreeNode::Hosts { host, most, above } => match dice.below(3) {
            0 => *host = other,
            1 => nudge(most, dice),
            _ => *above += 1,
        },
        TreeNode::Leaf { weights, scale, prices, cuts } => match dice.below(4) {
            0 => *scale = scale.saturating_sub(1),
            1 => prices.iter_mut().for_each(|price| *price = price.saturating_sub(1)),
            2 if !cuts.is_empty() => nudge(&mut cuts[0].weight, dice),
            _ if !weights.is_empty() => {
                let item = dice.below(weights.len());
                nudge(&mut weights[item], dice);
            }
            _ => {}
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn true_trees_are_certified_and_no_tree_proves_too_much(
        instance in instances(3),
        seed in any::<u64>(),
        patience in prop_oneof![Just(0_usize), Just(20), Just(400)],
    ) {
        let Some(optimum) = tiny::optimum(&instance) else { return Ok(()) };
        for below in optimum.saturating_sub(1).max(1)..=optimum + 2 {
            let (mut nodes, proved) = oracle::write(&instance, below, seed, patience);
            let judgement = judged(&instance, below, &nodes);
            prop_assert!(!proved || below <= optimum, "the writer is wrong: {:?}", nodes);
            prop_assert_eq!(judgement.certified, proved, "{:?} of {:?}", judgement, nodes);
            let mut dice = Dice(seed);
            for _ in 0..4 {
                mutate(&mut nodes, &mut dice);
                let judgement = judged(&instance, below, &nodes);
                prop_assert!(!judgement.certified || below <= optimum, "{:?}", nodes);
            }
        }
    }

    #[test]
    fn every_optimum_on_one_host_type_has_a_tree(instance in instances(1), seed in any::<u64>()) {
        let Some(optimum) = tiny::optimum(&instance) else { return Ok(()) };
        if optimum > 0 {
            let (nodes, _) = oracle::write(&instance, optimum, seed, 4000);
            let judgement = judged(&instance, optimum, &nodes);
            prop_assert!(judgement.certified || nodes.len() > 60, "{:?} of {:?}", judgement, nodes);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn trees_refute_only_what_has_no_placement(instance in instances(3), seed in any::<u64>()) {
        let below = oracle::greatest_cost(&instance) + 1;
        let (mut nodes, proved) = oracle::write(&instance, below, seed, 40);
        let optimum = tiny::optimum(&instance);
        let judgement = refuted(&instance, &nodes);
        prop_assert!(!proved || optimum.is_none(), "the writer is wrong: {:?}", nodes);
        prop_assert_eq!(judgement.certified, proved, "{:?} of {:?}", judgement, nodes);
        let mut dice = Dice(seed);
        for _ in 0..4 {
            mutate(&mut nodes, &mut dice);
            prop_assert!(!refuted(&instance, &nodes).certified || optimum.is_none(), "{:?}", nodes);
        }
    }
}
