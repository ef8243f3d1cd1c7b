//! Tests whether one of two paired samples is the less one: the signed-rank test of Wilcoxon, and Holm's correction for
//! several of them.

/// Pairs up to which the distribution of the rank sum is counted out.
const EXACT: usize = 50;

/// The two-sided p-value of the Wilcoxon signed-rank test of pairs `(a, b)`: how likely the ranks of the differences
/// would lie as far to one side if either sign were equally likely (Wilcoxon 1945).
///
/// Pairs without a difference are left out, equal differences share the mean of their ranks; 1 if no pair is left. Up
/// to 50 pairs the value is exact, also with equal ranks; above, the normal approximation with the correction for
/// ties. `O(n^3)` at most.
///
/// ```
/// use vmpack_results::stats::wilcoxon;
///
/// // Five of five pairs point the same way: 2 of 2^5 choices of signs are as extreme.
/// let pairs = [(1.0, 2.0), (3.0, 5.0), (2.0, 5.0), (1.0, 5.0), (0.0, 5.0)];
/// assert_eq!(wilcoxon(&pairs), 2.0 / 32.0);
/// assert_eq!(wilcoxon(&[(1.0, 1.0)]), 1.0);
/// ```
pub fn wilcoxon(pairs: &[(f64, f64)]) -> f64 {
    let mut differences: Vec<f64> =
        pairs.iter().map(|(a, b)| a - b).filter(|difference| *difference != 0.0).collect();
    differences.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let n = differences.len();
    if n == 0 {
        return 1.0;
    }
    // Twice the ranks, which are whole where the mean of several is not.
    let mut ranks: Vec<usize> = Vec::with_capacity(n);
    let mut ties = 0.0;
    for equal in differences.chunk_by(|a, b| a.abs().total_cmp(&b.abs()).is_eq()) {
        let first = ranks.len() + 1;
        ranks.resize(ranks.len() + equal.len(), 2 * first + equal.len() - 1);
        let t = equal.len() as f64;
        ties += t * t * t - t;
    }
    let positive: usize =
        differences.iter().zip(&ranks).filter(|(d, _)| **d > 0.0).map(|(_, rank)| rank).sum();
    let all: usize = ranks.iter().sum();
    let less = positive.min(all - positive);
    if n <= EXACT {
        // How many choices of signs, of all, have each sum.
        let mut share = vec![0.0; all + 1];
        share[0] = 1.0;
        for &rank in &ranks {
            for sum in (0..=all).rev() {
                share[sum] = 0.5 * (share[sum] + if sum >= rank { share[sum - rank] } else { 0.0 });
            }
        }
        return (2.0 * share[..=less].iter().sum::<f64>()).min(1.0);
    }
    let n = n as f64;
    let mean = n * (n + 1.0) / 4.0;
    let variance = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - ties / 48.0;
    // Half a rank towards the mean: sums are whole.
    let z = ((less as f64 / 2.0 + 0.5 - mean) / variance.sqrt()).min(0.0);
    erfc(-z / std::f64::consts::SQRT_2).min(1.0)
}

/// Holm's step-down correction of p-values for being several (Holm 1979), in the order given: the least is multiplied by
/// their number, the next by one less, and so on, none below one before it.
///
/// ```
/// use vmpack_results::stats::holm;
///
/// assert_eq!(holm(&[0.03, 0.01, 0.5]), [0.06, 0.03, 0.5]);
/// ```
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut corrected = vec![1.0; p_values.len()];
    let mut before = 0.0_f64;
    for (place, &index) in order.iter().enumerate() {
        let several = (p_values.len() - place) as f64;
        before = before.max((several * p_values[index]).min(1.0));
        corrected[index] = before;
    }
    corrected
}

/// The complementary error function of a number not below 0, to 1.2e-7 relatively (Press et al., Numerical Recipes, 6.2).
fn erfc(x: f64) -> f64 {
    const TERMS: [f64; 10] = [
        0.170_872_77,
        -0.822_152_23,
        1.488_515_87,
        -1.135_203_98,
        0.278_868_07,
        -0.186_288_06,
        0.096_784_18,
        0.374_091_96,
        1.000_023_68,
        -1.265_512_23,
    ];
    let t = 1.0 / (1.0 + 0.5 * x);
    let sum = TERMS.iter().fold(0.0, |sum, term| sum * t + term);
    t * (sum - x * x).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All choices of signs, one by one.
    fn by_signs(pairs: &[(f64, f64)]) -> f64 {
        let differences: Vec<f64> =
            pairs.iter().map(|(a, b)| a - b).filter(|difference| *difference != 0.0).collect();
        let n = differences.len();
        let rank = |d: f64| {
            let below = differences.iter().filter(|other| other.abs() < d.abs()).count() as f64;
            let equal = differences.iter().filter(|other| other.abs().total_cmp(&d.abs()).is_eq());
            let equal = equal.count() as f64;
            below + f64::midpoint(equal, 1.0)
        };
        let ranks: Vec<f64> = differences.iter().map(|d| rank(*d)).collect();
        let middle = ranks.iter().sum::<f64>() / 2.0;
        let sum = |signs: u32| -> f64 {
            (0..n).filter(|k| signs >> k & 1 == 1).map(|k| ranks[k]).sum::<f64>()
        };
        let own = (0..n).map(|k| u32::from(differences[k] > 0.0) << k).sum();
        let far = |signs: u32| (sum(signs) - middle).abs() >= (sum(own) - middle).abs() - 1e-9;
        (0..1 << n).filter(|&signs| far(signs)).count() as f64 / f64::from(1 << n)
    }

    #[test]
    fn exact_values_are_those_of_all_choices_of_signs() {
        let mut state = 1_u64;
        let mut draw = |most: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % most
        };
        for _ in 0..300 {
            let n = 1 + draw(10);
            let pairs: Vec<(f64, f64)> = (0..n).map(|_| (draw(6) as f64, draw(6) as f64)).collect();
            let expected = if pairs.iter().all(|(a, b)| a.to_bits() == b.to_bits()) {
                1.0
            } else {
                by_signs(&pairs)
            };
            assert!((wilcoxon(&pairs) - expected).abs() < 1e-12, "{pairs:?}");
        }
    }

    /// By scipy 1.17, `wilcoxon(x, y, correction=True, method="approx")`.
    #[test]
    fn the_approximation_is_that_of_a_statistics_package() {
        let pairs: Vec<(f64, f64)> = (0..60_u32)
            .map(|k| (f64::from(k * 37 % 61) + 0.01 * f64::from(k), f64::from(k * 23 % 59) + 5.0))
            .collect();
        assert!((wilcoxon(&pairs) - 0.463_875_951).abs() < 1e-6, "{}", wilcoxon(&pairs));
    }

    #[test]
    fn the_approximation_takes_over_where_counting_ends() {
        let pairs = |n: u32| -> Vec<(f64, f64)> {
            (0..n).map(|k| (f64::from(k % 7) - 2.4 + f64::from(k) / 1e3, 0.0)).collect()
        };
        let (exact, approximate) = (wilcoxon(&pairs(50)), wilcoxon(&pairs(51)));
        assert!((exact - approximate).abs() < 0.02, "{exact} and {approximate}");
    }
}
