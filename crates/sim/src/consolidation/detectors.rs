//! Over-load tests: is a host that asks for so much, with such a past, over-loaded?
//!
//! A. Beloglazov, R. Buyya, *Optimal online deterministic algorithms and adaptive heuristics for energy and
//! performance efficient dynamic consolidation of virtual machines in cloud data centers*, CCPE 24(13), 2012.

use super::changes::{Change, Changes};
use super::world::HISTORY;

/// The threshold of adaptive detectors while there is too little history.
const FALLBACK: f64 = 0.7;
/// Observations that a regression takes.
const WINDOW: usize = 10;
/// Observations that a measure of spread needs.
const ENOUGH: usize = 12;

/// A way of telling that a host is over-loaded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Detector {
    /// The request exceeds a share of the capacity.
    Threshold(f64),
    /// The request exceeds 1 - s x the interquartile range of the past.
    InterquartileRange(f64),
    /// The request exceeds 1 - s x the median absolute deviation of the past.
    MedianAbsoluteDeviation(f64),
    /// s x the utilisation that a regression over the last 10 ticks predicts for the end of a migration reaches 1.
    LocalRegression {
        /// The safety factor s.
        safety: f64,
        /// Outliers weigh less.
        robust: bool,
    },
}

impl Detector {
    /// Whether a test looks at the past.
    pub(crate) fn looks_back(self) -> bool {
        !matches!(self, Self::Threshold(_))
    }

    /// Whether a host is over-loaded that is asked for the share `requested` of its capacity, and whose utilisation
    /// was `history`, the newest first.
    pub(crate) fn is_overloaded(
        self,
        requested: f64,
        history: &[f64; HISTORY],
        changes: Changes,
    ) -> bool {
        let length = || history.iter().rposition(|&u| u != 0.0).map_or(1, |last| last + 1);
        match self {
            Self::Threshold(share) => requested > share,
            Self::InterquartileRange(safety) => match length() {
                n if n < ENOUGH => requested > FALLBACK,
                n => requested > 1.0 - safety * interquartile_range(&history[..n]),
            },
            Self::MedianAbsoluteDeviation(safety) => match length() {
                n if n < ENOUGH => requested > FALLBACK,
                n => requested > 1.0 - safety * median_absolute_deviation(&history[..n]),
            },
            Self::LocalRegression { safety, robust } => {
                if length() < WINDOW {
                    return requested > FALLBACK;
                }
                let mut y = [0.0; WINDOW];
                y.iter_mut().zip(history[..WINDOW].iter().rev()).for_each(|(y, &u)| *y = u);
                let line = if changes.has(Change::TrueWeights) {
                    weighted_line(&y, robust, changes.has(Change::OutliersCut))
                } else {
                    least_squares(&y)
                };
                // Every migration of these VMs ends within one interval.
                let predicted = line.intercept + line.slope * (WINDOW + 1) as f64;
                let present = changes.has(Change::PresentLoadTested) && requested > 1.0;
                predicted * safety >= 1.0 || present
            }
        }
    }
}

/// The values in ascending order.
fn sorted(values: &[f64]) -> [f64; HISTORY] {
    let mut sorted = [f64::INFINITY; HISTORY];
    sorted[..values.len()].copy_from_slice(values);
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

fn interquartile_range(values: &[f64]) -> f64 {
    let sorted = sorted(values);
    let quartile = |share: f64| {
        let rank = (share * (values.len() + 1) as f64 + 0.5).floor();
        sorted[rank as usize - 1]
    };
    quartile(0.75) - quartile(0.25)
}

fn median(values: &[f64]) -> f64 {
    let sorted = sorted(values);
    let rank = 0.5 * (values.len() + 1) as f64;
    let below = rank.floor();
    let (at, part) = (below as usize - 1, rank - below);
    if values.len() == 1 {
        return sorted[0];
    }
    sorted[at] + part * (sorted[at + 1] - sorted[at])
}

fn median_absolute_deviation(values: &[f64]) -> f64 {
    let centre = median(values);
    let mut deviations = [0.0; HISTORY];
    deviations.iter_mut().zip(values).for_each(|(d, &value)| *d = (centre - value).abs());
    median(&deviations[..values.len()])
}

#[derive(Clone, Copy, Debug)]
struct Line {
    intercept: f64,
    slope: f64,
}

/// The line through `(1, y[0]), (2, y[1]), ..` with running means, in the order of operations of CloudSim.
fn least_squares(y: &[f64; WINDOW]) -> Line {
    let (mut mean_x, mut mean_y, mut sxx, mut sxy) = (0.0, 0.0, 0.0, 0.0);
    let (mut sum_x, mut sum_y) = (0.0, 0.0);
    for (n, &y) in y.iter().enumerate() {
        let (n, x) = (n as f64, (n + 1) as f64);
        if n == 0.0 {
            (mean_x, mean_y) = (x, y);
        } else {
            let factor = n / (n + 1.0);
            let (dx, dy) = (x - mean_x, y - mean_y);
            sxx += dx * dx * factor;
            sxy += dx * dy * factor;
            mean_x += dx / (n + 1.0);
            mean_y += dy / (n + 1.0);
        }
        sum_x += x;
        sum_y += y;
    }
    let slope = sxy / sxx;
    Line { intercept: (sum_y - slope * sum_x) / WINDOW as f64, slope }
}

/// Local regression with tricube weights; if robust, again with bisquare weights of its residuals.
fn weighted_line(y: &[f64; WINDOW], robust: bool, cuts_outliers: bool) -> Line {
    let mut weights = [0.0; WINDOW];
    for (age, weight) in weights.iter_mut().rev().enumerate() {
        let distance = age as f64 / (WINDOW - 1) as f64;
        *weight = (1.0 - distance.powi(3)).powi(3);
    }
    lift(&mut weights);
    let line = weighted_least_squares(y, &weights);
    if !robust {
        return line;
    }
    let mut residuals = [0.0; WINDOW];
    for (n, residual) in residuals.iter_mut().enumerate() {
        *residual = y[n] - (line.intercept + line.slope * (n + 1) as f64);
    }
    let cut = 6.0 * median(&residuals.map(f64::abs));
    for (weight, residual) in weights.iter_mut().zip(residuals) {
        let closeness = 1.0 - (residual / cut).powi(2);
        *weight *= if cuts_outliers { closeness.max(0.0) } else { closeness }.powi(2);
    }
    lift(&mut weights);
    let robust = weighted_least_squares(y, &weights);
    if robust.intercept.is_nan() || robust.slope.is_nan() { line } else { robust }
}

/// The oldest observation has no weight: it and the next count as the third.
fn lift(weights: &mut [f64; WINDOW]) {
    (weights[0], weights[1]) = (weights[2], weights[2]);
}

fn weighted_least_squares(y: &[f64; WINDOW], weights: &[f64; WINDOW]) -> Line {
    let (mut w, mut wx, mut wy) = (0.0, 0.0, 0.0);
    for (n, (&y, &weight)) in y.iter().zip(weights).enumerate() {
        let x = (n + 1) as f64;
        w += weight;
        wx += weight * x;
        wy += weight * y;
    }
    let (mean_x, mean_y) = (wx / w, wy / w);
    let (mut sxx, mut sxy) = (0.0, 0.0);
    for (n, (&y, &weight)) in y.iter().zip(weights).enumerate() {
        let dx = (n + 1) as f64 - mean_x;
        sxx += weight * dx * dx;
        sxy += weight * dx * (y - mean_y);
    }
    let slope = sxy / sxx;
    Line { intercept: mean_y - slope * mean_x, slope }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The newest first.
    fn past(values: &[f64]) -> [f64; HISTORY] {
        let mut past = [0.0; HISTORY];
        past[..values.len()].copy_from_slice(values);
        past
    }

    #[test]
    fn spread_of_known_samples() {
        let values: Vec<f64> = (1..=12).map(f64::from).collect();
        // round(9.75) = 10th minus round(3.25) = 3rd.
        assert!((interquartile_range(&values) - 7.0).abs() < 1e-12);
        assert!((median(&values) - 6.5).abs() < 1e-12);
        assert!((median_absolute_deviation(&values) - 3.0).abs() < 1e-12);
    }

    #[test]
    fn adaptive_detectors_fall_back_while_young() {
        let young = past(&[0.5; 5]);
        let none = Changes::CLOUDSIM303;
        for detector in [
            Detector::InterquartileRange(1.5),
            Detector::MedianAbsoluteDeviation(2.5),
            Detector::LocalRegression { safety: 1.2, robust: false },
        ] {
            assert!(detector.is_overloaded(0.71, &young, none));
            assert!(!detector.is_overloaded(0.69, &young, none));
        }
    }

    #[test]
    fn regression_sees_a_rise_and_nothing_else() {
        let rising: Vec<f64> = (0..10).map(|age| 0.8 - 0.05 * f64::from(age)).collect();
        let line = Detector::LocalRegression { safety: 1.2, robust: true };
        for changes in [Changes::CLOUDSIM303, Changes::corrected()] {
            assert!(line.is_overloaded(0.8, &past(&rising), changes), "0.85 x 1.2 > 1");
            assert!(!line.is_overloaded(0.8, &past(&[0.8; 10]), changes), "0.8 x 1.2 < 1");
        }
        assert!(!line.is_overloaded(1.1, &past(&[0.8; 10]), Changes::CLOUDSIM303));
        assert!(line.is_overloaded(1.1, &past(&[0.8; 10]), Changes::corrected()));
    }

    #[test]
    fn weights_follow_what_is_recent() {
        let turned = [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.4, 0.6, 0.8];
        let (plain, weighted) = (least_squares(&turned), weighted_line(&turned, false, true));
        assert!(weighted.slope > plain.slope);
    }
}
