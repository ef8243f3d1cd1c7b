//! How sure a mean over instances is: the paired bootstrap.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::quantile;

/// How often, and from which seed, instances are drawn again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resampling {
    /// Resamples: 10,000 give intervals of which the second digit is steady.
    pub resamples: usize,
    /// The seed: the same seed gives the same interval on every machine.
    pub seed: u64,
}

/// An estimate and where 95 of 100 resamples lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The value of the sample itself.
    pub estimate: f64,
    /// The quantile at 2.5 %.
    pub low: f64,
    /// The quantile at 97.5 %.
    pub high: f64,
}

impl Interval {
    /// Whether a value is inside: a ratio of 1 or a difference of 0 that is says that nothing was shown.
    pub fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// The 95 % percentile interval of figures of the *means* of several quantities over instances (Efron and Tibshirani
/// 1993, "An introduction to the bootstrap", section 13.3). Instances are drawn with replacement as whole rows, so what
/// methods have in common on an instance stays together: the intervals are *paired*.
///
/// `rows[p]` are the quantities of instance `p`, seeds averaged before; `figures` maps their means to the figures.
/// `None` of fewer than two instances, where there is nothing to draw. `O(resamples x instances)`.
///
/// With few instances (below some 20) the intervals are too narrow, and no number of resamples mends that; nor do
/// they say anything of instances of another kind than those that were run.
///
/// ```
/// use vmpack_results::stats::{Resampling, bootstrap};
///
/// // Always twice as much: the ratio of the means is 2 in every resample, the first mean is not sure.
/// let rows: Vec<[f64; 2]> = (1..=50).map(|k| [f64::from(2 * k), f64::from(k)]).collect();
/// let of = Resampling { resamples: 1000, seed: 1 };
/// let [ratio, first] = bootstrap(&rows, of, |[a, b]| [a / b, a]).expect("many instances");
/// assert_eq!((ratio.low, ratio.estimate, ratio.high), (2.0, 2.0, 2.0));
/// assert!(first.low < 46.0 && first.holds(51.0) && first.high > 56.0);
/// assert_eq!(bootstrap(&rows[..1], of, |[a, b]| [a / b]), None);
/// ```
pub fn bootstrap<const QUANTITIES: usize, const FIGURES: usize>(
    rows: &[[f64; QUANTITIES]],
    resampling: Resampling,
    figures: impl Fn([f64; QUANTITIES]) -> [f64; FIGURES],
) -> Option<[Interval; FIGURES]> {
    let instances = u64::try_from(rows.len()).ok().filter(|n| *n > 1)?;
    let means = |sums: [f64; QUANTITIES]| sums.map(|sum| sum / instances as f64);
    let all = rows.iter().fold([0.0; QUANTITIES], plus);
    let estimates = figures(means(all));

    let mut random = ChaCha8Rng::seed_from_u64(resampling.seed);
    let mut drawn: [Vec<f64>; FIGURES] =
        std::array::from_fn(|_| Vec::with_capacity(resampling.resamples));
    let mut words = vec![0_u8; 4 * rows.len()];
    for _ in 0..resampling.resamples {
        random.fill_bytes(&mut words);
        let mut sums = [0.0; QUANTITIES];
        for word in words.as_chunks::<4>().0 {
            // The high half of the product is uniform to one part in 2^32 / instances.
            let place = (u64::from(u32::from_le_bytes(*word)) * instances) >> 32;
            sums = plus(sums, &rows[place as usize]);
        }
        for (values, figure) in drawn.iter_mut().zip(figures(means(sums))) {
            values.push(figure);
        }
    }
    let mut intervals =
        estimates.map(|estimate| Interval { estimate, low: estimate, high: estimate });
    for (interval, values) in intervals.iter_mut().zip(&drawn) {
        interval.low = quantile(values, 0.025)?;
        interval.high = quantile(values, 0.975)?;
    }
    Some(intervals)
}

/// Adds a row to sums. As a loop over places: this is where all the time goes.
fn plus<const N: usize>(mut sums: [f64; N], row: &[f64; N]) -> [f64; N] {
    for k in 0..N {
        sums[k] += row[k];
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mean of three values under all 27 ways to draw three of them.
    #[test]
    fn quantiles_are_those_of_all_resamples() {
        let values = [0.0, 1.0, 5.0];
        let mut all = Vec::new();
        for a in values {
            for b in values {
                all.extend(values.map(|c| (a + b + c) / 3.0));
            }
        }
        let rows = values.map(|value| [value]);
        let of = Resampling { resamples: 20_000, seed: 7 };
        let [mean] = bootstrap(&rows, of, |[mean]| [mean]).expect("three instances");
        // 1 of 27 draws is all zeros, 1 all fives: both are beyond 2.5 %.
        assert_eq!((mean.low, mean.high), (0.0, 5.0));
        let [above] =
            bootstrap(&rows, of, |[mean]| [f64::from(u8::from(mean > 2.0))]).expect("three");
        assert_eq!((above.estimate, above.low, above.high), (0.0, 0.0, 1.0));
        let beyond = all.iter().filter(|mean| **mean > 4.0).count();
        assert_eq!(beyond, 1, "the oracle has the draws that it claims");
    }

    /// The interval of a mean of many is that of the central limit theorem.
    #[test]
    fn the_width_is_that_of_the_normal_distribution() {
        let rows: Vec<[f64; 1]> = (0..400).map(|k| [f64::from(k % 20)]).collect();
        let of = Resampling { resamples: 10_000, seed: 3 };
        let [mean] = bootstrap(&rows, of, |[mean]| [mean]).expect("many");
        let deviation = ((20.0_f64 * 20.0 - 1.0) / 12.0).sqrt();
        let half = 1.96 * deviation / 20.0;
        assert!((mean.high - mean.estimate - half).abs() < 0.04 * half, "{mean:?} and {half}");
        assert!((mean.estimate - mean.low - half).abs() < 0.04 * half, "{mean:?} and {half}");
    }

    #[test]
    fn the_seed_alone_decides() {
        let rows: Vec<[f64; 1]> = (0..30).map(|k| [f64::from(k * k % 17)]).collect();
        let of = |seed| bootstrap(&rows, Resampling { resamples: 500, seed }, |mean| mean);
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }
}
