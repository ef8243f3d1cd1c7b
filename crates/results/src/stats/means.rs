//! Averages and quantiles.

/// The arithmetic mean; `None` of nothing.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The geometric mean of positive values, the average of ratios; `None` of nothing.
///
/// ```
/// use vmpack_results::stats::geometric_mean;
///
/// // Twice as dear and half as dear is as dear.
/// assert_eq!(geometric_mean(&[2.0, 0.5]), Some(1.0));
/// ```
pub fn geometric_mean(values: &[f64]) -> Option<f64> {
    let logarithms: Vec<f64> = values.iter().map(|value| value.ln()).collect();
    mean(&logarithms).map(f64::exp)
}

/// The shifted geometric mean `exp(sum of ln max(1, v + s) / n) - s`, as Mittelmann's benchmarks of
/// optimisation software define it; `None` of nothing.
///
/// The shift keeps instances that take no time at all from dominating, the logarithm those that take
/// all of it. Unsolved instances enter with the time limit as their value. The published tables use a
/// shift of 10 s; 1 s suits runs of seconds.
///
/// ```
/// use vmpack_results::stats::shifted_geometric_mean;
///
/// // (6 + 10) (90 + 10) = 1600 = 40^2, and 40 - 10 = 30; the arithmetic mean would be 48.
/// let seconds = shifted_geometric_mean(&[6.0, 90.0], 10.0).expect("two values");
/// assert!((seconds - 30.0).abs() < 1e-9);
/// // Without a shift it is the geometric mean, of values below 1 as if they were 1.
/// let seconds = shifted_geometric_mean(&[4.0, 16.0, 0.001], 0.0).expect("three values");
/// assert!((seconds - 4.0).abs() < 1e-9);
/// assert_eq!(shifted_geometric_mean(&[], 10.0), None);
/// ```
pub fn shifted_geometric_mean(values: &[f64], shift: f64) -> Option<f64> {
    let logarithms: Vec<f64> = values.iter().map(|value| (value + shift).max(1.0).ln()).collect();
    Some(mean(&logarithms)?.exp() - shift)
}

/// The penalised average runtime PAR-k: the mean over instances of the time to solve, where an unsolved
/// one counts `factor` times its limit; `None` of nothing. PAR-2 and PAR-10 are common.
///
/// Every instance is a pair of its time, if solved, and its limit.
///
/// ```
/// use vmpack_results::stats::penalised_average;
///
/// // Solved in 1 s and 4 s, unsolved within 10 s: (1 + 4 + 2 * 10) / 3.
/// let times = [(Some(1.0), 10.0), (Some(4.0), 10.0), (None, 10.0)];
/// let par2 = penalised_average(&times, 2.0).expect("three instances");
/// assert!((par2 - 25.0 / 3.0).abs() < 1e-9);
/// ```
pub fn penalised_average(times: &[(Option<f64>, f64)], factor: f64) -> Option<f64> {
    let penalised: Vec<f64> =
        times.iter().map(|&(time, limit)| time.unwrap_or(factor * limit)).collect();
    mean(&penalised)
}

/// The quantile at `p` in [0, 1] by linear interpolation between order statistics (type 7 of Hyndman and
/// Fan 1996, the default of R and `NumPy`); `None` of nothing.
///
/// ```
/// use vmpack_results::stats::quantile;
///
/// let values = [40.0, 10.0, 20.0, 30.0];
/// assert_eq!(quantile(&values, 0.5), Some(25.0));
/// assert_eq!(quantile(&values, 0.0), Some(10.0));
/// assert_eq!(quantile(&values, 1.0), Some(40.0));
/// assert_eq!(quantile(&values, 0.25), Some(17.5));
/// assert_eq!(quantile(&[], 0.5), None);
/// ```
pub fn quantile(values: &[f64], p: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    let position = p.clamp(0.0, 1.0) * last as f64;
    let below = position.floor();
    let low = sorted[below as usize];
    let high = sorted[position.ceil() as usize];
    Some(low + (high - low) * (position - below))
}
