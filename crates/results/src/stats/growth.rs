//! How fast a quantity grows.

use super::mean;

/// The exponent `b` of `y = a x^b` that fits positive points best: least squares between the logarithms. `None`
/// unless there are two different `x`.
///
/// ```
/// use vmpack_results::stats::growth_exponent;
///
/// let squares = [(1.0, 5.0), (10.0, 500.0), (100.0, 50_000.0)];
/// assert!((growth_exponent(&squares).expect("three sizes") - 2.0).abs() < 1e-9);
/// assert_eq!(growth_exponent(&[(7.0, 1.0), (7.0, 2.0)]), None);
/// ```
pub fn growth_exponent(points: &[(f64, f64)]) -> Option<f64> {
    let logs: Vec<(f64, f64)> = points
        .iter()
        .filter(|(x, y)| *x > 0.0 && *y > 0.0)
        .map(|(x, y)| (x.ln(), y.ln()))
        .collect();
    let (xs, ys): (Vec<f64>, Vec<f64>) = logs.iter().copied().unzip();
    let (x_mean, y_mean) = (mean(&xs)?, mean(&ys)?);
    let variance: f64 = xs.iter().map(|x| (x - x_mean).powi(2)).sum();
    let covariance: f64 = logs.iter().map(|(x, y)| (x - x_mean) * (y - y_mean)).sum();
    (variance > 0.0).then(|| covariance / variance)
}
