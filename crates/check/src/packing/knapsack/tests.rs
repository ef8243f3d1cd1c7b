//! Both ways of deciding against enumeration.

use ndarray::Array2;
use proptest::prelude::*;
use vmpack_model::Resource;
use vmpack_model::packing::{HostType, Instance, VmType};

use super::{Answer, Knapsack};

fn decide(
    instance: &Instance,
    host: usize,
    weights: &[u64],
    limit: u128,
    mut steps: u64,
) -> Answer {
    super::decide(instance, host, weights, limit, &mut steps)
}

fn plain(instance: &Instance, weights: &[u64]) -> Knapsack {
    Knapsack::of_host(instance, 0, weights)
}

/// VM types as lists of alternative demands, with counts, on one host type.
fn instance(capacity: &[u64], types: &[(Vec<Vec<u64>>, u64)]) -> Instance {
    let mut rows = 0;
    let mut vms = Vec::new();
    for (i, (alternatives, count)) in types.iter().enumerate() {
        let end = rows + alternatives.len();
        vms.push(VmType { name: format!("vm{i}"), count: *count, rows: rows..end });
        rows = end;
    }
    let d = capacity.len();
    let flat = types.iter().flat_map(|(alternatives, _)| alternatives.iter().flatten().copied());
    let demands = Array2::from_shape_vec((rows, d), flat.collect()).expect("rows x resources");
    let host = HostType { name: "host".into(), cost: 1, stock: None };
    let capacities = Array2::from_shape_vec((1, d), capacity.to_vec()).expect("one host");
    Instance::new("knapsack", Resource::anonymous(d), vms, demands, vec![host], capacities)
        .expect("a valid instance")
}

/// The greatest weight by enumeration of all patterns.
fn greatest(instance: &Instance, weights: &[u64], row: usize, room: &[u64], left: &[u64]) -> u128 {
    if row == instance.rows() {
        return 0;
    }
    let vm = instance.type_of_row(row);
    let mut best = greatest(instance, weights, row + 1, room, left);
    let fits = instance.demand(row).iter().zip(room).all(|(demand, room)| demand <= room);
    if fits && left[vm] > 0 {
        let room: Vec<u64> = room.iter().zip(instance.demand(row)).map(|(r, d)| r - d).collect();
        let mut left = left.to_vec();
        left[vm] -= 1;
        let rest = greatest(instance, weights, row, &room, &left);
        best = best.max(u128::from(weights[row]) + rest);
    }
    best
}

fn oracle(instance: &Instance, weights: &[u64]) -> u128 {
    let left: Vec<u64> = instance.vms().iter().map(|vm| vm.count).collect();
    greatest(instance, weights, 0, instance.capacity(0), &left)
}

/// Checks that a named pattern exists, fits, and weighs what is said.
fn assert_pattern(instance: &Instance, weights: &[u64], pattern: &[(usize, u64)], weight: u128) {
    let mut left: Vec<u64> = instance.vms().iter().map(|vm| vm.count).collect();
    let mut room = instance.capacity(0).to_vec();
    let mut total = 0;
    for &(row, count) in pattern {
        left[instance.type_of_row(row)] -= count;
        for (room, demand) in room.iter_mut().zip(instance.demand(row)) {
            *room -= count * demand;
        }
        total += u128::from(weights[row]) * u128::from(count);
    }
    assert_eq!(total, weight);
}

fn tiny() -> impl Strategy<Value = (Instance, Vec<u64>)> {
    (1_usize..=3).prop_flat_map(|d| {
        let demand = prop::collection::vec(0_u64..=9, d);
        let alternatives = prop::collection::vec(demand, 1..=3);
        let types = prop::collection::vec((alternatives, 0_u64..=4), 1..=4);
        let capacity = prop::collection::vec(0_u64..=20, d);
        (capacity, types, prop::collection::vec(0_u64..=12, 12)).prop_map(
            |(capacity, types, weights)| {
                let instance = instance(&capacity, &types);
                let weights = weights[..instance.rows()].to_vec();
                (instance, weights)
            },
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn search_and_table_agree_with_enumeration((instance, weights) in tiny()) {
        let best = oracle(&instance, &weights);
        let knapsack = plain(&instance, &weights);
        prop_assert_eq!(knapsack.search(best, &mut { u64::MAX }), Answer::Within);
        prop_assert_eq!(knapsack.table(best, &mut { u64::MAX }), Answer::Within);
        if let Some(below) = best.checked_sub(1) {
            match knapsack.search(below, &mut { u64::MAX }) {
                Answer::Heavier { pattern: Some(pattern), weight } => {
                    prop_assert_eq!(weight, best);
                    assert_pattern(&instance, &weights, &pattern, weight);
                }
                other => prop_assert!(false, "{:?}", other),
            }
            let heavier = Answer::Heavier { pattern: None, weight: best };
            prop_assert_eq!(knapsack.table(below, &mut { u64::MAX }), heavier);
        }
    }

    #[test]
    fn tables_of_great_weights_agree_with_enumeration((instance, weights) in tiny()) {
        // As surrogate bounds have them: a host holds nearly 2^61, and all VMs together weigh more.
        let best = u64::try_from(oracle(&instance, &weights)).expect("few small weights");
        let factor = (1_u64 << 60) / best.max(1);
        let great: Vec<u64> = weights.iter().map(|weight| weight.min(&best) * factor).collect();
        let (knapsack, best) = (plain(&instance, &great), u128::from(best * factor));
        prop_assert_eq!(knapsack.table(best, &mut { u64::MAX }), Answer::Within);
        if let Some(below) = best.checked_sub(1) {
            let heavier = Answer::Heavier { pattern: None, weight: best };
            prop_assert_eq!(knapsack.table(below, &mut { u64::MAX }), heavier);
        }
    }

    #[test]
    fn little_effort_is_never_a_wrong_answer(
        (instance, weights) in tiny(),
        limit in 0_u128..60,
        steps in 0_u64..200,
    ) {
        let best = oracle(&instance, &weights);
        match decide(&instance, 0, &weights, limit, steps) {
            Answer::Within => prop_assert!(best <= limit),
            Answer::Heavier { weight, .. } => prop_assert!(limit < weight && weight <= best),
            Answer::Undecided => {}
        }
    }
}

#[test]
fn extreme_numbers_do_not_overflow() {
    let most = u64::MAX;
    let types = [(vec![vec![0, 1]], most - 1), (vec![vec![0, 0], vec![1, 0]], 1)];
    let instance = instance(&[most, most], &types);
    let weights = [most, most, most];
    let total = u128::from(most) * u128::from(most);
    assert_eq!(decide(&instance, 0, &weights, total, 1000), Answer::Within);
    assert!(matches!(
        decide(&instance, 0, &weights, total - 1, 1000),
        Answer::Heavier { weight, .. } if weight == total
    ));
}

#[test]
fn too_little_effort_for_a_hard_knapsack_is_undecided() {
    // Even sizes do not fill an odd capacity, which no fractional bound sees; the large capacity keeps
    // the table away.
    let mut types: Vec<_> = (0..40_u64).map(|i| (vec![vec![200_006 + 15_838 * i]], 1)).collect();
    let mut weights: Vec<u64> = types.iter().map(|(rows, _)| rows[0][0]).collect();
    let hard = instance(&[10_000_001], &types);
    // The common divisor of the sizes settles it.
    assert_eq!(decide(&hard, 0, &weights, 10_000_000, 10_000), Answer::Within);
    // One odd size hides the divisor; its weight is such that the answer stays.
    types.push((vec![vec![3]], 1));
    weights.push(2);
    let harder = instance(&[10_000_001], &types);
    assert_eq!(decide(&harder, 0, &weights, 10_000_000, 10_000), Answer::Undecided);
}

/// Items with demand, weight and count, a least load, exclusions and penalties on one host.
#[derive(Clone, Debug)]
struct Bonded {
    capacity: Vec<u64>,
    least: Vec<u64>,
    items: Vec<(Vec<u64>, u64, u64)>,
    pairs: Vec<(usize, usize)>,
    cuts: Vec<([usize; 3], u64)>,
}

impl Bonded {
    fn knapsack(&self) -> Knapsack {
        let items = self.items.iter().enumerate();
        let types = items.map(|(row, (demand, weight, count))| {
            (*count, std::iter::once((row, &demand[..], *weight)))
        });
        Knapsack::new(&self.capacity, &self.least, types)
            .exclude(self.pairs.iter().copied())
            .penalize(self.cuts.iter().copied())
    }

    /// The greatest weight by enumeration; `None` if no pattern is loaded enough.
    fn greatest(&self, taken: &mut Vec<u64>) -> Option<i64> {
        let Some((_, _, count)) = self.items.get(taken.len()) else { return self.weight(taken) };
        let mut best = None;
        for copies in 0..=*count {
            taken.push(copies);
            best = best.max(self.greatest(taken));
            taken.pop();
        }
        best
    }

    fn weight(&self, taken: &[u64]) -> Option<i64> {
        for (k, (&capacity, &least)) in self.capacity.iter().zip(&self.least).enumerate() {
            let load: u64 = self.items.iter().zip(taken).map(|((a, ..), n)| a[k] * n).sum();
            if !(least..=capacity).contains(&load) {
                return None;
            }
        }
        if self.pairs.iter().any(|&(a, b)| taken[a] > 0 && taken[b] > 0) {
            return None;
        }
        let full: u64 = self.items.iter().zip(taken).map(|((_, weight, _), n)| weight * n).sum();
        let held = |cut: &[usize; 3]| cut.iter().filter(|&&item| taken[item] > 0).count();
        let paid = self.cuts.iter().filter(|(cut, _)| held(cut) > 1).map(|(_, weight)| weight);
        Some(full as i64 - paid.sum::<u64>() as i64)
    }

    /// What the engine says at the greatest weight, and just below it.
    fn check(&self, engine: fn(&Knapsack, u128, &mut u64) -> Answer) {
        let best = self.greatest(&mut Vec::new());
        let knapsack = self.knapsack();
        if knapsack.is_hopeless() {
            assert_eq!(best, None);
            return;
        }
        // Without any pattern, or with none worth more than nothing, no limit is exceeded.
        let limit = u128::try_from(best.unwrap_or(0)).unwrap_or(0);
        assert_eq!(engine(&knapsack, limit, &mut { u64::MAX }), Answer::Within, "{self:?}");
        let Some(below) = limit.checked_sub(1) else { return };
        match engine(&knapsack, below, &mut { u64::MAX }) {
            Answer::Heavier { pattern, weight } => {
                assert_eq!(weight, limit);
                if let Some(pattern) = pattern {
                    let mut taken = vec![0; self.items.len()];
                    for &(row, count) in &pattern {
                        taken[row] = count;
                    }
                    assert_eq!(self.weight(&taken), best, "{pattern:?}");
                }
            }
            other => panic!("{other:?} of {self:?}"),
        }
    }
}

#[test]
fn the_third_item_of_a_penalty_costs_nothing_more() {
    let item = |weight| (vec![1], weight, 1);
    let knapsack = Bonded {
        capacity: vec![3],
        least: vec![0],
        items: vec![item(9), item(2), item(9), item(1)],
        pairs: vec![],
        cuts: vec![([0, 1, 2], 4)],
    };
    knapsack.check(Knapsack::branch);
    knapsack.check(Knapsack::walk);
}

/// Bits: 1 for least loads, 2 for exclusions and penalties.
fn bonded(resources: std::ops::RangeInclusive<usize>, kinds: u8) -> impl Strategy<Value = Bonded> {
    resources.prop_flat_map(move |d| {
        let item = (prop::collection::vec(0_u64..=9, d), 0_u64..=12, 1_u64..=3, any::<bool>());
        let items = prop::collection::vec(item, 3..=6);
        let capacity = prop::collection::vec((0_u64..=20, 0_u64..=20, any::<bool>()), d);
        let pairs = prop::collection::vec((0_usize..6, 0_usize..6), 0..=4);
        let cuts = prop::collection::vec((0_usize..6, 1_usize..3, 1_u64..=12), 0..=4);
        (items, capacity, pairs, cuts).prop_map(move |(items, capacity, pairs, cuts)| {
            let n = items.len();
            let bonds = kinds & 2 > 0;
            let single: Vec<bool> = items.iter().map(|item| bonds && item.3).collect();
            let singles: Vec<usize> = (0..n).filter(|&item| single[item]).collect();
            let triple = |first: usize, skip: usize| {
                let m = singles.len();
                (m > 2).then(|| {
                    [first, first + 1, first + 1 + skip.min(m - 2)].map(|i| singles[i % m])
                })
            };
            let cuts = cuts
                .iter()
                .filter_map(|&(first, skip, weight)| Some((triple(first, skip)?, weight)));
            let pairs = pairs.iter().map(|&(a, b)| (a % n, b % n));
            Bonded {
                capacity: capacity.iter().map(|&(c, ..)| c).collect(),
                least: capacity
                    .iter()
                    .map(|&(c, l, some)| if kinds & 1 > 0 && some { l.min(c + 1) } else { 0 })
                    .collect(),
                cuts: cuts.filter(|_| bonds).collect(),
                pairs: pairs.filter(|(a, b)| bonds && a != b).collect(),
                items: items
                    .into_iter()
                    .zip(single)
                    .map(|((demand, weight, count, _), single)| {
                        (demand, weight, if single { 1 } else { count })
                    })
                    .collect(),
            }
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn states_agree_with_enumeration(knapsack in bonded(1..=1, 0)) {
        knapsack.check(Knapsack::states);
    }

    #[test]
    fn tables_agree_with_enumeration_under_least_loads(knapsack in bonded(1..=3, 1)) {
        knapsack.check(Knapsack::table);
    }

    #[test]
    fn walks_agree_with_enumeration_under_bonds(knapsack in bonded(1..=1, 3)) {
        knapsack.check(Knapsack::walk);
    }

    #[test]
    fn branching_agrees_with_enumeration_under_bonds(knapsack in bonded(1..=3, 3)) {
        knapsack.check(Knapsack::branch);
    }

    #[test]
    fn all_together_agree_with_enumeration(knapsack in bonded(1..=3, 3)) {
        knapsack.check(Knapsack::decide);
    }
}
