//! Two methods at a time: who is better how often, and whether a profile of many says the same.

use super::performance_profile;

/// On how many instances one method is better than another, equal, or worse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wins {
    /// Instances on which it has the lesser value, or the only one.
    pub better: u64,
    /// Instances on which both have the same, or neither has one.
    pub equal: u64,
    /// Instances on which the other has the lesser value, or the only one.
    pub worse: u64,
}

impl Wins {
    /// All instances.
    pub fn instances(self) -> u64 {
        self.better + self.equal + self.worse
    }

    /// What the comparison looks like from the other side.
    #[must_use]
    pub fn reversed(self) -> Self {
        Self { better: self.worse, equal: self.equal, worse: self.better }
    }

    /// Instances won above instances lost, as a share of all; 0 of nothing.
    pub fn lead(self) -> f64 {
        let lead = self.better as f64 - self.worse as f64;
        if self.instances() == 0 { 0.0 } else { lead / self.instances() as f64 }
    }
}

/// Compares two methods instance by instance, of pairs that both were run on; less is better, `None` worse than any value.
/// Values are equal if they differ by at most `tolerance` times the greater: 0 for costs, more for times that are noisy.
///
/// ```
/// use vmpack_results::stats::{Wins, wins};
///
/// let costs = [(Some(7.0), Some(8.0)), (Some(7.0), Some(7.0)), (None, Some(9.0)), (None, None)];
/// assert_eq!(wins(costs, 0.0), Wins { better: 1, equal: 2, worse: 1 });
/// let seconds = [(Some(1.00), Some(1.04)), (Some(1.0), Some(1.2))];
/// assert_eq!(wins(seconds, 0.05), Wins { better: 1, equal: 1, worse: 0 });
/// ```
pub fn wins(pairs: impl IntoIterator<Item = (Option<f64>, Option<f64>)>, tolerance: f64) -> Wins {
    let mut wins = Wins::default();
    for pair in pairs {
        let lead = match pair {
            (Some(own), Some(other)) => {
                let near = tolerance * own.abs().max(other.abs());
                if (own - other).abs() <= near { 0.0 } else { other - own }
            }
            (Some(_), None) => 1.0,
            (None, Some(_)) => -1.0,
            (None, None) => 0.0,
        };
        if lead > 0.0 {
            wins.better += 1;
        } else if lead < 0.0 {
            wins.worse += 1;
        } else {
            wins.equal += 1;
        }
    }
    wins
}

/// Two methods whose curves in a performance profile lie in one order when all methods are in it, and in the other when
/// these two are alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reversal {
    /// The method that is ahead among all, and behind alone.
    pub ahead: usize,
    /// The other one.
    pub behind: usize,
    /// The ratio to the best at which both orders are clearest.
    pub ratio: f64,
    /// Among all methods, the share of instances that `ahead` and `behind` solve within this ratio.
    pub among_all: (f64, f64),
    /// The same of a profile of the two alone.
    pub alone: (f64, f64),
}

impl Reversal {
    /// By how much the lesser of the two orders is clear, as a share of the instances.
    pub fn margin(&self) -> f64 {
        (self.among_all.0 - self.among_all.1).min(self.alone.1 - self.alone.0)
    }
}

/// Where the [`performance_profile`] of many methods misleads about two of them, at one and the same ratio (Gould and
/// Scott 2016, "A note on performance profiles for benchmarking software"): a profile compares every method with the
/// best of all, and whoever is second to a third method is not seen against the other.
///
/// For each pair the ratio at which both orders are clearest, if they differ anywhere; in the order of methods. Takes
/// `O(m^2 n log n)` for `m` methods and `n` instances.
///
/// ```
/// use vmpack_results::stats::rank_reversals;
///
/// let third = vec![Some(1.0), Some(1.0), Some(9.0)];
/// let a = vec![Some(4.0), Some(4.0), Some(1.0)];
/// let b = vec![Some(3.0), Some(3.0), Some(3.0)];
/// // Among all three, a is the best once and b never; alone b beats a on two of three.
/// let [found] = rank_reversals(&[third, a.clone(), b.clone()])[..] else { panic!("one reversal") };
/// assert_eq!((found.ahead, found.behind, found.ratio), (1, 2, 1.0));
/// assert_eq!((found.among_all, found.alone), ((1.0 / 3.0, 0.0), (1.0 / 3.0, 2.0 / 3.0)));
/// assert!(rank_reversals(&[a, b]).is_empty(), "two methods are alone");
/// ```
///
/// # Panics
/// If the methods do not list the same number of instances.
pub fn rank_reversals(values: &[Vec<Option<f64>>]) -> Vec<Reversal> {
    let among_all = performance_profile(values);
    let mut found = Vec::new();
    for a in 0..values.len() {
        for b in a + 1..values.len() {
            let alone = performance_profile(&[values[a].clone(), values[b].clone()]);
            let pair = Pair {
                a,
                b,
                among_all: [&among_all[a], &among_all[b]],
                alone: [&alone[0], &alone[1]],
            };
            found.extend(pair.reversal());
        }
    }
    found
}

/// Two methods with their curves.
struct Pair<'a> {
    a: usize,
    b: usize,
    among_all: [&'a [(f64, f64)]; 2],
    alone: [&'a [(f64, f64)]; 2],
}

impl Pair<'_> {
    /// The clearest reversal: curves change only where one of them rises.
    fn reversal(&self) -> Option<Reversal> {
        let curves = [self.among_all[0], self.among_all[1], self.alone[0], self.alone[1]];
        let mut ratios: Vec<f64> =
            curves.iter().flat_map(|curve| curve.iter().map(|p| p.0)).collect();
        ratios.sort_by(f64::total_cmp);
        ratios.dedup();
        let (mut place, mut height) = ([0; 4], [0.0; 4]);
        let mut clearest: Option<Reversal> = None;
        for ratio in ratios {
            for (k, curve) in curves.iter().enumerate() {
                while let Some(&(_, share)) = curve.get(place[k]).filter(|point| point.0 <= ratio) {
                    height[k] = share;
                    place[k] += 1;
                }
            }
            let [all_a, all_b, alone_a, alone_b] = height;
            let mut pair = [(self.a, all_a, alone_a), (self.b, all_b, alone_b)];
            if all_b > all_a {
                pair.reverse();
            }
            let [first, second] = pair;
            let found = Reversal {
                ahead: first.0,
                behind: second.0,
                ratio,
                among_all: (first.1, second.1),
                alone: (first.2, second.2),
            };
            if found.margin() > clearest.map_or(0.0, |c| c.margin()) {
                clearest = Some(found);
            }
        }
        clearest
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The share of instances within a ratio of the best of some methods, by definition.
    fn share(values: &[Vec<Option<f64>>], methods: &[usize], method: usize, ratio: f64) -> f64 {
        let instances = values[0].len();
        let within = |p: &usize| {
            let best = methods.iter().filter_map(|&m| values[m][*p]).fold(f64::INFINITY, f64::min);
            values[method][*p].is_some_and(|value| value / best <= ratio)
        };
        (0..instances).filter(within).count() as f64 / instances as f64
    }

    proptest! {
        #[test]
        fn reversals_are_those_of_the_definition(
            values in (2..5_usize, 1..9_usize).prop_flat_map(|(methods, instances)| {
                let value = prop::option::weighted(0.8, (1..6_u8).prop_map(f64::from));
                prop::collection::vec(prop::collection::vec(value, instances), methods)
            }),
        ) {
            let all: Vec<usize> = (0..values.len()).collect();
            let found = rank_reversals(&values);
            // Every ratio of values from 1 to 5.
            let ratios: Vec<f64> =
                (1..6).flat_map(|p| (1..=p).map(move |q| f64::from(p) / f64::from(q))).collect();
            for a in 0..values.len() {
                for b in a + 1..values.len() {
                    let mut most = 0.0_f64;
                    for &ratio in &ratios {
                        let among = share(&values, &all, a, ratio) - share(&values, &all, b, ratio);
                        let alone = share(&values, &[a, b], a, ratio) - share(&values, &[a, b], b, ratio);
                        if among * alone < 0.0 {
                            most = most.max(among.abs().min(alone.abs()));
                        }
                    }
                    let of_pair = |r: &&Reversal| [(a, b), (b, a)].contains(&(r.ahead, r.behind));
                    let margin = found.iter().find(of_pair).map_or(0.0, Reversal::margin);
                    prop_assert!((margin - most).abs() < 1e-9, "{a} and {b}: {margin} of {most}");
                }
            }
            for r in found {
                prop_assert!((share(&values, &all, r.ahead, r.ratio) - r.among_all.0).abs() < 1e-9);
                prop_assert!((share(&values, &[r.ahead, r.behind], r.behind, r.ratio) - r.alone.1).abs() < 1e-9);
            }
        }

        #[test]
        fn wins_seen_from_the_other_side_are_losses(
            pairs in prop::collection::vec((prop::option::of(0.0..4.0_f64), prop::option::of(0.0..4.0_f64)), 0..9),
        ) {
            let (own, other) = (wins(pairs.clone(), 0.2), wins(pairs.iter().map(|&(a, b)| (b, a)), 0.2));
            prop_assert_eq!(own.reversed(), other);
            prop_assert_eq!(own.instances(), pairs.len() as u64);
            prop_assert!((own.lead() + other.lead()).abs() < 1e-12);
        }
    }
}
