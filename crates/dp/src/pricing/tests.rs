//! Pricers against the enumeration of all patterns.

use proptest::prelude::*;

use super::*;

/// A problem that owns its data.
#[derive(Clone, Debug)]
pub(super) struct Owned {
    pub(super) capacity: Vec<u64>,
    pub(super) least_load: Vec<u64>,
    pub(super) sizes: Vec<u64>,
    pub(super) copies: Vec<u32>,
    pub(super) profits: Vec<i64>,
    pub(super) conflicts: Conflicts,
    pub(super) penalties: Vec<Penalty>,
    pub(super) threshold: i64,
}

impl Owned {
    pub(super) fn problem(&self) -> Problem<'_> {
        Problem {
            capacity: &self.capacity,
            least_load: &self.least_load,
            sizes: &self.sizes,
            copies: &self.copies,
            profits: &self.profits,
            conflicts: &self.conflicts,
            penalties: &self.penalties,
            threshold: self.threshold,
        }
    }

    /// Every pattern with its profit, from the definitions.
    pub(super) fn patterns(&self) -> Vec<Priced> {
        let problem = self.problem();
        let mut all = vec![Vec::new()];
        for item in 0..problem.items() as u32 {
            for pattern in all.clone() {
                for count in 1..=self.copies[item as usize] {
                    let mut more: Vec<(u32, u32)> = pattern.clone();
                    more.push((item, count));
                    all.push(more);
                }
            }
        }
        all.retain(|pattern| problem.admits(pattern));
        all.into_iter().map(|items| Priced { profit: problem.profit(&items), items }).collect()
    }
}

/// Problems of up to six items with everything that a problem may have.
pub(super) fn problems(dimensions: usize) -> impl Strategy<Value = Owned> {
    let items = 1..=6_usize;
    items.prop_flat_map(move |n| {
        (
            prop::collection::vec(4..16_u64, dimensions),
            prop::collection::vec(0..8_u64, n * dimensions),
            prop::collection::vec((0..4_u32, 0..12_i64), n),
            prop::collection::vec((0..n, 0..n), 0..3),
            prop::collection::vec(
                (prop::sample::subsequence((0..n).collect::<Vec<_>>(), n.min(3)), 1..6_i64),
                0..3,
            ),
            prop::collection::vec(0..16_u64, dimensions),
            0..3_u8,
            0..30_i64,
        )
            .prop_map(
                move |(capacity, sizes, items, pairs, cuts, loads, tight, threshold)| {
                    let mut conflicts = Conflicts::none(n);
                    for (i, j) in pairs {
                        conflicts.insert(i, j);
                    }
                    let penalties = cuts
                        .into_iter()
                        .filter_map(|(three, amount)| {
                            Some(Penalty { items: three.try_into().ok()?, amount })
                        })
                        .collect();
                    let least_load = loads
                        .iter()
                        .zip(&capacity)
                        .map(|(&load, &capacity)| match tight {
                            0 => 0,
                            1 => capacity,
                            _ => load.min(capacity),
                        })
                        .collect();
                    Owned {
                        least_load,
                        capacity,
                        sizes,
                        copies: items.iter().map(|item| item.0).collect(),
                        profits: items.iter().map(|item| item.1).collect(),
                        conflicts,
                        penalties,
                        threshold,
                    }
                },
            )
    })
}

pub(super) const THOROUGH: Effort =
    Effort { patterns: 20, enough: usize::MAX, repeats: 50, steps: u64::MAX, most_steps: u64::MAX };

/// What every answer must be, however far the search went.
pub(super) fn is_sound(owned: &Owned, answer: &Answer) -> Result<(), TestCaseError> {
    let problem = owned.problem();
    let best = owned.patterns().iter().map(|pattern| pattern.profit).max();
    if let Some(best) = best {
        prop_assert!(answer.bound >= best || best <= owned.threshold, "{answer:?}, best {best}");
        prop_assert!(answer.bound >= best.min(owned.threshold), "{answer:?}, best {best}");
    }
    for pattern in &answer.patterns {
        prop_assert!(problem.admits(&pattern.items), "{pattern:?}");
        prop_assert_eq!(problem.profit(&pattern.items), pattern.profit);
        prop_assert!(pattern.profit > owned.threshold);
        prop_assert!(pattern.profit <= answer.bound);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_resource_agrees_with_enumeration(owned in problems(1), cells in prop::sample::select(vec![0_u64, 1 << 20])) {
        let answer = OneResourcePricer::new(cells).price(&owned.problem(), &THOROUGH, &|| false);
        is_sound(&owned, &answer)?;
        let best = owned.patterns().iter().map(|pattern| pattern.profit).max();
        let improving = best.filter(|&best| best > owned.threshold);
        // The walk turns away from familiar items, so it need not see the best, but it sees one.
        prop_assert_eq!(answer.patterns.is_empty(), improving.is_none(), "{:?}", answer);
        if improving.is_none() {
            prop_assert!(answer.bound <= owned.threshold.max(0));
        }
    }

    #[test]
    fn one_resource_is_sound_when_cut_short(owned in problems(1), steps in 0..40_u64) {
        let effort = Effort { patterns: 3, enough: 3, repeats: 2, steps, most_steps: steps };
        let answer = OneResourcePricer::new(1 << 20).price(&owned.problem(), &effort, &|| false);
        is_sound(&owned, &answer)?;
    }
}

/// Whether one pattern becomes another by taking one item out at most and adding one.
fn is_near(start: &[(u32, u32)], end: &[(u32, u32)]) -> bool {
    let count = |pattern: &[(u32, u32)], item: u32| {
        pattern.iter().find(|&&(i, _)| i == item).map_or(0, |&(_, n)| i64::from(n))
    };
    let differences: Vec<i64> =
        (0..6).map(|item| count(end, item) - count(start, item)).filter(|&d| d != 0).collect();
    matches!(differences[..], [1] | [1, -1] | [-1, 1])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn exchanges_are_sound_and_miss_no_near_pattern(
        owned in (1..3_usize).prop_flat_map(problems),
        at in any::<prop::sample::Index>(),
        plain in any::<bool>(),
    ) {
        let mut owned = owned;
        if plain {
            owned.penalties.clear();
            owned.least_load.fill(0);
        }
        let patterns = owned.patterns();
        if patterns.is_empty() {
            return Ok(());
        }
        // Patterns of a basis are worth what they cost.
        let start = at.get(&patterns);
        owned.threshold = start.profit.max(0);
        let starts = [start.items.clone()];
        let answer = ExchangePricer::new().price(&owned.problem(), &starts, &THOROUGH, &|| false);
        is_sound(&owned, &answer)?;
        let near = |end: &&Priced| {
            end.profit > owned.threshold && is_near(&start.items, &end.items)
        };
        if plain && patterns.iter().any(|end| near(&end)) {
            prop_assert!(!answer.patterns.is_empty());
        }
    }
}

/// An item that takes nothing and is worth nothing has no profit per size, and must not disturb the order
/// of the others by which lists of states are bounded.
#[test]
fn items_of_no_size_and_no_profit_hide_nothing() {
    let mut conflicts = Conflicts::none(4);
    conflicts.insert(0, 2);
    let owned = Owned {
        capacity: vec![8],
        least_load: vec![8],
        sizes: vec![2, 6, 0, 2],
        copies: vec![3, 1, 1, 1],
        profits: vec![4, 0, 0, 2],
        conflicts,
        penalties: Vec::new(),
        threshold: 4,
    };
    let answer = OneResourcePricer::new(0).price(&owned.problem(), &THOROUGH, &|| false);
    assert_eq!(answer.patterns[0].profit, 14);
    assert!(answer.bound >= 14);
}

/// Tables of millions of cells or states ask whether to stop while they fill a level, and do so when told.
#[test]
fn tables_stop_within_a_level() {
    use super::one_resource::POLL;
    let tight = |capacity: u64| Owned {
        capacity: vec![capacity],
        least_load: vec![capacity],
        sizes: vec![capacity / 2, capacity / 3],
        copies: vec![1, 1],
        profits: vec![2, 1],
        conflicts: Conflicts::none(2),
        penalties: Vec::new(),
        threshold: 0,
    };
    // All sums of twenty powers of two differ, and are worth what they weigh.
    let sums = Owned {
        capacity: vec![1 << 20],
        least_load: vec![0],
        sizes: (0..20).map(|i| 1 << i).collect(),
        copies: vec![1; 20],
        profits: (0..20).map(|i| 1 << i).collect(),
        conflicts: Conflicts::none(20),
        penalties: Vec::new(),
        threshold: 0,
    };
    let dense = tight(4 * POLL as u64);
    for (owned, bytes, levels) in [(dense, 200 * POLL as u64, 2), (sums, 1 << 26, 20)] {
        let asked = std::cell::Cell::new(0);
        let stop_at = |last: usize| {
            asked.set(0);
            let stop = || {
                asked.set(asked.get() + 1);
                asked.get() > last
            };
            let mut pricer = OneResourcePricer::new(bytes);
            let answer = pricer.price(&owned.problem(), &THOROUGH, &stop);
            assert!(!pricer.ran_out());
            answer
        };
        let full = stop_at(usize::MAX);
        let often = asked.get();
        assert!(often > levels + 2, "{often} times in {levels} levels");
        let cut = stop_at(levels + 1);
        assert_eq!((cut.steps, asked.get()), (0, levels + 3), "not in the table");
        assert!(cut.bound >= full.bound && cut.patterns.is_empty());
    }
}
