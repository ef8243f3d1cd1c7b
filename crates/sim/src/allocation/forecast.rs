//! What a VM will use, from what it has used.

use crate::operation::{Time, Vm};

/// How the use of a resource over the next period is forecast from samples of the past.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Forecast {
    /// The last sample.
    Last,
    /// The greatest sample.
    Max,
    /// The least sample that so many thousandths of all do not exceed.
    Quantile(u32),
    /// The exponentially weighted moving average (Holt 1957): the weight of the newest sample.
    Ewma(f64),
    /// The greatest value over the next period of the line of least squares through the samples.
    Linear,
    /// The same of Holt's line (1957): the weights of the newest sample in the level and in the trend.
    Holt(f64, f64),
    /// What the VM will use at most: what no operator knows, to compare with.
    Perfect,
}

/// Names of forecasts, with what they are made with unless it is said otherwise and what they do.
pub const FORECASTS: &[(&str, Forecast, &str)] = &[
    ("last", Forecast::Last, "the last sample"),
    ("max", Forecast::Max, "the greatest sample of a window"),
    ("quantile", Forecast::Quantile(950), "a quantile of the samples of a window"),
    ("ewma", Forecast::Ewma(0.3), "the exponentially weighted moving average"),
    ("linear", Forecast::Linear, "linear regression over a window, extrapolated"),
    ("holt", Forecast::Holt(0.5, 0.2), "level and trend by exponential smoothing, extrapolated"),
    ("perfect", Forecast::Perfect, "what the VM will use at most, which no operator knows"),
];

impl Forecast {
    /// The use over the next `ahead` sampling intervals, from samples at equal intervals, oldest first; `None` without
    /// samples and for [`Forecast::Perfect`]. Linear in the samples; quantiles sort them.
    pub fn of(&self, samples: impl Iterator<Item = u64> + Clone, ahead: u32) -> Option<u64> {
        let last = samples.clone().last()?;
        let end = f64::from(ahead);
        Some(match *self {
            Self::Last => last,
            Self::Max => samples.max()?,
            Self::Quantile(permille) => {
                let mut sorted: Vec<u64> = samples.collect();
                sorted.sort_unstable();
                nearest_rank(&sorted, permille)?
            }
            Self::Ewma(alpha) => {
                let mut rest = samples.map(|sample| sample as f64);
                let first = rest.next()?;
                amount(rest.fold(first, |level, sample| level + alpha * (sample - level)))
            }
            Self::Linear => {
                let count = samples.clone().count() as f64;
                let mean = samples.clone().map(|sample| sample as f64).sum::<f64>() / count;
                let middle = (count - 1.0) / 2.0;
                let (mut both, mut square) = (0.0, 0.0);
                for (i, sample) in samples.enumerate() {
                    both += (i as f64 - middle) * (sample as f64 - mean);
                    square += (i as f64 - middle) * (i as f64 - middle);
                }
                let slope = if square > 0.0 { both / square } else { 0.0 };
                amount(mean + slope * (middle + if slope > 0.0 { end } else { 1.0 }))
            }
            Self::Holt(alpha, beta) => {
                let mut rest = samples.map(|sample| sample as f64);
                let (mut level, mut trend) = (rest.next()?, 0.0);
                for sample in rest {
                    let before = level;
                    level += trend;
                    level += alpha * (sample - level);
                    trend += beta * (level - before - trend);
                }
                amount(level + trend * if trend > 0.0 { end } else { 1.0 })
            }
            Self::Perfect => return None,
        })
    }
}

/// The least entry of a sorted list that so many thousandths of all do not exceed.
pub(super) fn nearest_rank<T: Copy>(sorted: &[T], permille: u32) -> Option<T> {
    let rank = (sorted.len() * permille as usize).div_ceil(1000);
    sorted.get(rank.max(1) - 1).copied()
}

/// The least amount that is not smaller; 0 for negative numbers.
fn amount(number: f64) -> u64 {
    number.ceil().max(0.0) as u64
}

/// What a VM uses at most of a resource from one age until another, which is later.
pub(super) fn perfect(vm: &Vm, resource: usize, from: Time, until: Time) -> u64 {
    let next = |&age: &Time| vm.usage.as_ref().and_then(|usage| usage.next_change(age));
    let ages = std::iter::successors(Some(from), next).take_while(|&age| age < until);
    ages.map(|age| vm.uses(age)[resource]).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_by_hand() {
        let of = |forecast: Forecast, samples: &[u64], ahead| {
            forecast.of(samples.iter().copied(), ahead)
        };
        let samples = [10, 40, 20, 30];
        assert_eq!(of(Forecast::Last, &samples, 1), Some(30));
        assert_eq!(of(Forecast::Max, &samples, 1), Some(40));
        assert_eq!(of(Forecast::Quantile(500), &samples, 1), Some(20));
        assert_eq!(of(Forecast::Quantile(751), &samples, 1), Some(40));
        assert_eq!(of(Forecast::Quantile(0), &samples, 1), Some(10));
        // 10, 25, 22.5, 26.25.
        assert_eq!(of(Forecast::Ewma(0.5), &samples, 1), Some(27));
        assert_eq!(of(Forecast::Linear, &[10, 20, 30], 1), Some(40));
        assert_eq!(of(Forecast::Linear, &[10, 20, 30], 3), Some(60), "the end of the period");
        assert_eq!(of(Forecast::Linear, &[30, 20, 10], 3), Some(0), "its beginning");
        assert_eq!(of(Forecast::Linear, &[10, 10, 40], 1), Some(50), "mean 20, slope 15");
        assert_eq!(of(Forecast::Linear, &[7], 9), Some(7));
        // Level 15, trend 2.5; then 17.5 + 6.25, trend 2.5 + 0.5 x 6.25.
        assert_eq!(of(Forecast::Holt(0.5, 0.5), &[10, 20, 30], 1), Some(30));
        assert_eq!(of(Forecast::Holt(0.5, 0.5), &[5, 5, 5], 9), Some(5));
        for &(name, forecast, _) in FORECASTS {
            let expected = (name != "perfect").then_some(8);
            assert_eq!(of(forecast, &[8, 8, 8, 8], 5), expected, "{name} of what is constant");
            assert_eq!(of(forecast, &[], 5), None, "{name} of nothing");
        }
    }

    #[test]
    fn a_perfect_forecast_looks_as_far_as_the_period() {
        let usage = crate::operation::Usage::new(10, 1, vec![5, 9, 2]);
        let vm = Vm { usage: Some(usage), ..Vm::steady("a", 0, None, [20, 7, 0, 0, 0]) };
        assert_eq!(perfect(&vm, 0, 0, 10), 5);
        assert_eq!(perfect(&vm, 0, 0, 11), 9);
        assert_eq!(perfect(&vm, 0, 9, 20), 9);
        assert_eq!(perfect(&vm, 0, 20, 900), 2);
        assert_eq!(perfect(&vm, 1, 0, 10), 7, "what does not vary is used as requested");
    }
}
