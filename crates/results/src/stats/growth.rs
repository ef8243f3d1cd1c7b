//! How fast a quantity grows: a power law, how sure its exponent is, and whether it is one.

use super::{Interval, mean, student};

/// A power law `y = factor x^exponent` through points, by least squares between the logarithms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PowerLaw {
    /// The value at `x = 1`.
    pub factor: f64,
    /// The exponent: 0 does not grow, 1 is linear, 2 quadratic.
    pub exponent: f64,
    /// Its 95 % confidence interval, if the residuals were independent and normal; `None` of two points, which have none.
    pub interval: Option<Interval>,
    /// By what factor points lie off the line, as the exponential of the residual standard deviation; `None` of two points.
    pub scatter: Option<f64>,
    /// By how much the exponent changes from the least to the greatest `x`, if a parabola fits significantly better (the
    /// curvature differs from 0 by a t-test at 5 %).
    pub bend: Option<f64>,
}

/// A change of the exponent over the range that is worth a warning.
const BENT: f64 = 0.25;
/// Points off the line by more than this factor are not on one.
const SCATTERED: f64 = 2.0;

impl PowerLaw {
    /// The value of the law at a point.
    pub fn at(&self, x: f64) -> f64 {
        self.factor * x.powf(self.exponent)
    }

    /// Why the points are not on a power law, if they are not: extrapolating it would mislead.
    pub fn misfit(&self) -> Option<Misfit> {
        let bent = self.bend.filter(|bend| bend.abs() > BENT).map(Misfit::Bent);
        bent.or_else(|| self.scatter.filter(|scatter| *scatter > SCATTERED).map(Misfit::Scattered))
    }
}

/// How points miss a power law.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Misfit {
    /// The exponent itself grows or falls, by so much over the range.
    Bent(f64),
    /// The points lie off the line by so many times.
    Scattered(f64),
}

/// The power law that fits positive points best; others are left out. `None` unless there are two different `x`.
///
/// The interval is the textbook one of a regression (Student's distribution with `n - 2` degrees of freedom): with three
/// points it is some nine times as wide as with many. Points over one order of magnitude cannot tell `n log n` from
/// `n^1.2`.
///
/// ```
/// use vmpack_results::stats::power_law;
///
/// let squares = [(1.0, 5.0), (10.0, 500.0), (100.0, 50_000.0)];
/// let law = power_law(&squares).expect("three sizes");
/// assert!((law.exponent - 2.0).abs() < 1e-9 && (law.factor - 5.0).abs() < 1e-9);
/// assert_eq!(law.misfit(), None);
/// assert_eq!(power_law(&[(7.0, 1.0), (7.0, 2.0)]), None);
/// ```
pub fn power_law(points: &[(f64, f64)]) -> Option<PowerLaw> {
    let positive = points.iter().filter(|(x, y)| *x > 0.0 && *y > 0.0);
    let (xs, ys): (Vec<f64>, Vec<f64>) = positive.map(|(x, y)| (x.ln(), y.ln())).unzip();
    let (x_mean, y_mean) = (mean(&xs)?, mean(&ys)?);
    let n = xs.len() as f64;
    let xs: Vec<f64> = xs.iter().map(|x| x - x_mean).collect();
    let spread: f64 = xs.iter().map(|x| x * x).sum();
    if spread <= 0.0 {
        return None;
    }
    let exponent = xs.iter().zip(&ys).map(|(x, y)| x * (y - y_mean)).sum::<f64>() / spread;
    let residuals: Vec<f64> = xs.iter().zip(&ys).map(|(x, y)| y - y_mean - exponent * x).collect();
    let squares: f64 = residuals.iter().map(|r| r * r).sum();
    let freedom = n - 2.0;
    let deviation = (freedom > 0.0).then(|| (squares / freedom).sqrt());
    let interval = deviation.map(|deviation| {
        let half = student::quantile(0.975, freedom as u32) * deviation / spread.sqrt();
        Interval { estimate: exponent, low: exponent - half, high: exponent + half }
    });
    Some(PowerLaw {
        factor: (y_mean - exponent * x_mean).exp(),
        exponent,
        interval,
        scatter: deviation.map(f64::exp),
        bend: bend(&xs, &residuals, squares),
    })
}

/// The change of the slope over the range by the parabola that fits the residuals, if its curvature is significant.
fn bend(xs: &[f64], residuals: &[f64], squares: f64) -> Option<f64> {
    let freedom = u32::try_from(xs.len()).ok()?.checked_sub(3).filter(|freedom| *freedom > 0)?;
    let power = |k: i32| xs.iter().map(|x| x.powi(k)).sum::<f64>();
    let n = xs.len() as f64;
    // x^2 without what a line can say of it.
    let (level, slope) = (power(2) / n, power(3) / power(2));
    let curve: Vec<f64> = xs.iter().map(|x| x * x - level - slope * x).collect();
    let size: f64 = curve.iter().map(|c| c * c).sum();
    if size <= 1e-12 * power(4) {
        // Two different x, which always are on a line.
        return None;
    }
    let curvature = curve.iter().zip(residuals).map(|(c, r)| c * r).sum::<f64>() / size;
    let left = (squares - curvature * curvature * size).max(0.0);
    let error = (left / f64::from(freedom) / size).sqrt();
    let significant = curvature.abs() > student::quantile(0.975, freedom) * error;
    let range =
        xs.iter().copied().fold(f64::MIN, f64::max) - xs.iter().copied().fold(f64::MAX, f64::min);
    significant.then_some(2.0 * curvature * range)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By scipy 1.17, `linregress` of the logarithms and its `stderr` times `t.ppf(0.975, 3)`.
    #[test]
    fn values_of_a_statistics_package() {
        let points = [(10.0, 1.2), (30.0, 3.1), (100.0, 13.0), (300.0, 30.0), (1000.0, 140.0)];
        let law = power_law(&points).expect("five sizes");
        let interval = law.interval.expect("five sizes");
        for (value, expected) in [
            (law.exponent, 1.025_087_999_8),
            (law.factor, 0.104_894_377),
            (interval.low, 0.886_417_126_1),
            (interval.high, 1.163_758_873_5),
        ] {
            assert!((value - expected).abs() < 1e-6, "{value}, not {expected}");
        }
        assert_eq!(law.misfit(), None, "{law:?}");
    }

    #[test]
    fn what_is_no_power_law_is_said() {
        let sizes = [10.0, 30.0, 100.0, 300.0, 1000.0_f64];
        let mixed: Vec<(f64, f64)> = sizes.iter().map(|n| (*n, 1e4 + n * n)).collect();
        let law = power_law(&mixed).expect("five sizes");
        // From constant to quadratic.
        assert!(
            matches!(law.misfit(), Some(Misfit::Bent(bend)) if (1.0..3.0).contains(&bend)),
            "{law:?}"
        );
        let exponential: Vec<(f64, f64)> = sizes.iter().map(|n| (*n, (n / 100.0).exp())).collect();
        assert!(power_law(&exponential).and_then(|law| law.misfit()).is_some());
        let wild = [(10.0, 1.0), (30.0, 90.0), (100.0, 2.0), (300.0, 300.0), (1000.0, 8.0)];
        assert!(matches!(
            power_law(&wild).and_then(|law| law.misfit()),
            Some(Misfit::Scattered(_))
        ));
        let straight: Vec<(f64, f64)> = sizes.iter().map(|n| (*n, 3.0 * n.powf(1.5))).collect();
        assert_eq!(power_law(&straight).and_then(|law| law.misfit()), None);
    }

    #[test]
    fn two_points_have_an_exponent_and_nothing_more() {
        let law = power_law(&[(1.0, 2.0), (4.0, 8.0), (-1.0, 3.0), (5.0, 0.0)]).expect("two");
        assert!((law.exponent - 1.0).abs() < 1e-12);
        assert_eq!((law.interval, law.scatter, law.bend, law.misfit()), (None, None, None, None));
        let repeated = [(1.0, 2.0), (1.0, 3.0), (4.0, 8.0), (4.0, 9.0)];
        assert_eq!(power_law(&repeated).expect("two sizes").bend, None);
    }
}
