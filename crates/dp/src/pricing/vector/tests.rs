//! The pricer against enumeration.

use proptest::prelude::*;

use super::*;
use crate::pricing::tests::Owned;
use crate::pricing::{Conflicts, Penalty, Priced};

/// The greatest profit of a pattern, by trying all.
fn best(problem: &Problem<'_>) -> Option<i64> {
    let mut patterns: Vec<Vec<(u32, u32)>> = vec![vec![]];
    for i in 0..problem.items() {
        let longer: Vec<Vec<(u32, u32)>> = patterns
            .iter()
            .flat_map(|pattern| {
                (1..=problem.copies[i])
                    .map(|n| [pattern.as_slice(), &[(i as u32, n)]].concat())
                    .collect::<Vec<_>>()
            })
            .collect();
        let room = Problem { least_load: &vec![0; problem.dimensions()], ..*problem };
        patterns.extend(longer.into_iter().filter(|pattern| room.admits(pattern)));
    }
    patterns.iter().filter(|p| problem.admits(p)).map(|p| problem.profit(p)).max()
}

fn problems() -> impl Strategy<Value = Owned> {
    (1_usize..4, 0_usize..13).prop_flat_map(|(d, n)| {
        let size = prop_oneof![2 => 0_u64..6, 1 => Just(0)];
        let copies = prop_oneof![4 => Just(1_u32), 1 => 0_u32..4];
        let scale = prop_oneof![Just(1_u64), Just(1_000_003), Just(1 << 50)];
        let triple = proptest::collection::vec((0..n.max(1), 1_i64..10), 0..4);
        let pairs = proptest::collection::vec((0..n.max(1), 0..n.max(1)), 0..5);
        (
            proptest::collection::vec((0_u64..15, 0_u64..100), d),
            proptest::collection::vec(size, n * d),
            proptest::collection::vec(copies, n),
            proptest::collection::vec(0_i64..20, n),
            prop_oneof![2 => Just(vec![]), 1 => pairs],
            prop_oneof![2 => Just(vec![]), 1 => triple],
            scale,
            any::<bool>(),
            0_i64..60,
        )
            .prop_map(
                move |(hosts, sizes, copies, profits, pairs, cuts, scale, loaded, threshold)| {
                    let mut conflicts = Conflicts::none(n);
                    for &(i, j) in pairs.iter().filter(|_| n > 0) {
                        conflicts.insert(i, j);
                    }
                    let penalties = cuts
                        .iter()
                        .filter(|_| n >= 3)
                        .map(|&(i, amount)| Penalty {
                            items: [i, (i + 1) % n, (i + 2) % n],
                            amount,
                        })
                        .collect();
                    let least =
                        |&(c, share): &(u64, u64)| if loaded { c * share / 100 * scale } else { 0 };
                    Owned {
                        capacity: hosts.iter().map(|&(c, _)| c * scale).collect(),
                        least_load: hosts.iter().map(least).collect(),
                        sizes: sizes.iter().map(|&size| size * scale).collect(),
                        copies: copies.clone(),
                        profits: profits.clone(),
                        conflicts,
                        penalties,
                        threshold,
                    }
                },
            )
    })
}

fn check_patterns(problem: &Problem<'_>, patterns: &[Priced]) {
    for (at, pattern) in patterns.iter().enumerate() {
        assert!(problem.admits(&pattern.items), "{pattern:?}");
        assert_eq!(problem.profit(&pattern.items), pattern.profit);
        assert!(pattern.profit > problem.threshold);
        assert!(pattern.items.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(at == 0 || patterns[at - 1].profit >= pattern.profit);
        assert!(!patterns[..at].contains(pattern));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn patterns_and_bounds_hold(owned in problems()) {
        let problem = owned.problem();
        let effort = Effort { patterns: 10, enough: usize::MAX, repeats: 2, steps: u64::MAX, most_steps: u64::MAX };
        let answer = VectorPricer::new().price(&problem, &effort, &|| false);
        check_patterns(&problem, &answer.patterns);
        let best = best(&problem).filter(|&best| best > problem.threshold);
        prop_assert_eq!(answer.patterns.first().map(|pattern| pattern.profit), best);
        prop_assert!(answer.bound >= problem.threshold.min(best.unwrap_or(i64::MIN)));
        if let Some(best) = best {
            prop_assert_eq!(answer.bound, best);
        } else {
            prop_assert!(answer.bound <= problem.threshold);
        }
    }

    #[test]
    fn bounds_hold_when_cut_short(owned in problems(), steps in 0_u64..60, most in 0_u64..60) {
        let problem = owned.problem();
        let effort = Effort { patterns: 3, enough: 2, repeats: 1, steps, most_steps: most };
        let mut pricer = VectorPricer::new();
        let answer = pricer.price(&problem, &effort, &|| false);
        check_patterns(&problem, &answer.patterns);
        let best = best(&problem);
        prop_assert!(best.is_none_or(|best| best <= answer.bound.max(problem.threshold)), "{best:?} {answer:?}");
        prop_assert_eq!(&answer, &pricer.price(&problem, &effort, &|| false));
    }
}
