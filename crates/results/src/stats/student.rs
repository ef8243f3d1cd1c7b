//! Student's t-distribution.

use std::f64::consts::{FRAC_PI_2, PI};

/// The probability that `|T| <= t` with a whole number of degrees of freedom: the finite sums of Abramowitz and Stegun
/// (1964, 26.7.3 and 26.7.4). `O(freedom)`.
fn within(t: f64, freedom: u32) -> f64 {
    let angle = (t / f64::from(freedom).sqrt()).atan();
    let (sin, cos) = angle.sin_cos();
    // For even freedom 1 + cos^2 / 2 + cos^4 (1 3) / (2 4) ..., for odd cos + cos^3 2 / 3 + ...
    let odd = freedom % 2 == 1;
    let (mut term, mut sum, mut k) = if odd { (cos, 0.0, 1) } else { (1.0, 0.0, 0) };
    while k + 2 <= freedom {
        sum += term;
        term *= cos * cos * f64::from(k + 1) / f64::from(k + 2);
        k += 2;
    }
    if odd { 2.0 / PI * (angle + sin * sum) } else { sin * sum }
}

/// The quantile at `p` of at least one half, by bisection.
pub(super) fn quantile(p: f64, freedom: u32) -> f64 {
    let wanted = 2.0 * p - 1.0;
    // Bisecting the angle reaches any t.
    let (mut low, mut high) = (0.0, FRAC_PI_2);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if within(middle.tan(), freedom) < wanted { low = middle } else { high = middle }
    }
    f64::midpoint(low, high).tan()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By `scipy.stats.t.ppf`.
    #[test]
    fn quantiles_of_the_tables() {
        for (freedom, expected) in [
            (1, 12.706_204_736),
            (2, 4.302_652_730),
            (3, 3.182_446_305),
            (4, 2.776_445_105),
            (5, 2.570_581_836),
            (10, 2.228_138_852),
            (101, 1.983_731_003),
        ] {
            let found = quantile(0.975, freedom);
            assert!(
                (found - expected).abs() < 1e-6 * expected,
                "{freedom}: {found}, not {expected}"
            );
        }
        assert!((quantile(0.5, 4)).abs() < 1e-9);
        assert!((quantile(0.9, 2) - 1.885_618_083).abs() < 1e-6);
    }
}
