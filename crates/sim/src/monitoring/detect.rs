//! Statistics of a series that alarm rules watch: its values, an EWMA chart, or a CUSUM chart.
//!
//! With `x_t` the samples, `m` and `s` the mean and standard deviation of a process in order (given, or those of the
//! first samples), and `d` = 1 for deviations upwards, -1 for downwards:
//!
//! * **EWMA** (Roberts, Technometrics 1 (1959) 239-250): `z_t = l x_t + (1 - l) z_{t-1}`, `z_0 = m`; its standard
//!   deviation is `s sqrt(l / (2 - l) (1 - (1 - l)^{2t}))`. The statistic is `d (z_t - m)` over that.
//! * **CUSUM** (Page, Biometrika 41 (1954) 100-115): `S_t = max(0, S_{t-1} + d (x_t - m) / s - k)`, `S_0 = 0`. A step
//!   of `a` standard deviations passes the limit `h` after `ceil(h / (a - k))` samples. `S` is not let above `h`,
//!   which leaves the time of the alarm and bounds the time until it is cleared.

/// The way in which a series departs from what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It is too high.
    Above,
    /// It is too low.
    Below,
}

impl Side {
    /// 1 for above, -1 for below: what turns the latter into the former.
    pub(super) fn sign(self) -> f64 {
        match self {
            Self::Above => 1.0,
            Self::Below => -1.0,
        }
    }
}

/// What is known of a process in order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Baseline {
    /// Its mean and standard deviation.
    Given {
        /// The mean.
        mean: f64,
        /// The standard deviation, above 0.
        deviation: f64,
    },
    /// They are those of the first samples.
    Learnt {
        /// How many samples, at least 2.
        samples: u32,
        /// The standard deviation if theirs is less, above 0.
        least_deviation: f64,
    },
}

/// What is computed from a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Statistic {
    /// The last sample.
    Value,
    /// The exponentially weighted moving average, in its standard deviations from the mean.
    Ewma {
        /// The weight of the last sample, above 0 and at most 1.
        lambda: f64,
        /// The process in order.
        baseline: Baseline,
    },
    /// The cumulative sum, in standard deviations of a sample.
    Cusum {
        /// `k`, half of the least step that matters.
        slack: f64,
        /// `h`, above which the sum is not let.
        limit: f64,
        /// The process in order.
        baseline: Baseline,
    },
}

/// The statistic of one series as it goes.
#[derive(Clone, Copy, Debug)]
pub struct Detector {
    statistic: Statistic,
    sign: f64,
    process: Process,
    /// Samples since the process was known.
    count: u32,
    /// `z_t - m` of the EWMA, `S_t` of the CUSUM.
    level: f64,
}

#[derive(Clone, Copy, Debug)]
enum Process {
    Known {
        mean: f64,
        deviation: f64,
    },
    /// Welford's running mean and sum of squared deviations.
    Learning {
        samples: u32,
        count: u32,
        mean: f64,
        squares: f64,
        least: f64,
    },
}

impl Process {
    fn new(baseline: Baseline) -> Self {
        match baseline {
            Baseline::Given { mean, deviation } => Self::Known { mean, deviation },
            Baseline::Learnt { samples, least_deviation: least } => {
                Self::Learning { samples, count: 0, mean: 0.0, squares: 0.0, least }
            }
        }
    }

    /// Takes a sample; the mean and deviation, if they were known before.
    fn take(&mut self, sample: f64) -> Option<(f64, f64)> {
        match self {
            Self::Known { mean, deviation } => Some((*mean, *deviation)),
            Self::Learning { samples, count, mean, squares, least } => {
                *count += 1;
                let step = sample - *mean;
                *mean += step / f64::from(*count);
                *squares += step * (sample - *mean);
                if count == samples {
                    let deviation = (*squares / f64::from(*samples - 1)).sqrt().max(*least);
                    *self = Self::Known { mean: *mean, deviation };
                }
                None
            }
        }
    }
}

impl Detector {
    /// A detector that has seen nothing.
    pub fn new(statistic: Statistic, side: Side) -> Self {
        let baseline = match statistic {
            // Values are looked at as they are.
            Statistic::Value => Baseline::Given { mean: 0.0, deviation: 1.0 },
            Statistic::Ewma { baseline, .. } | Statistic::Cusum { baseline, .. } => baseline,
        };
        Self { statistic, sign: side.sign(), process: Process::new(baseline), count: 0, level: 0.0 }
    }

    /// Starts the statistic anew; what is known or has been learnt of the process stays.
    pub fn restart(&mut self) {
        (self.count, self.level) = (0, 0.0);
    }

    /// Takes the next sample. The statistic after it, greater the worse on either side; `None` while the process in
    /// order is being learnt.
    pub fn push(&mut self, sample: f64) -> Option<f64> {
        let (mean, deviation) = self.process.take(sample)?;
        self.count = self.count.saturating_add(1);
        let off = self.sign * (sample - mean);
        Some(match self.statistic {
            Statistic::Value => off,
            Statistic::Ewma { lambda, .. } => {
                self.level += lambda * (off - self.level);
                let remembered = libm::pow(1.0 - lambda, 2.0 * f64::from(self.count));
                let variance = lambda / (2.0 - lambda) * (1.0 - remembered);
                self.level / (deviation * variance.sqrt())
            }
            Statistic::Cusum { slack, limit, .. } => {
                self.level = (self.level + off / deviation - slack).clamp(0.0, limit);
                self.level
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::arrivals::random::{Component, Stream};

    const STANDARD: Baseline = Baseline::Given { mean: 0.0, deviation: 1.0 };

    /// How many samples until the statistic reaches a limit.
    fn run_length(statistic: Statistic, limit: f64, samples: impl Iterator<Item = f64>) -> usize {
        let mut detector = Detector::new(statistic, Side::Above);
        let mut samples = samples;
        let last = samples.position(|x| detector.push(x).is_some_and(|s| s >= limit));
        last.map_or(usize::MAX, |last| last + 1)
    }

    #[test]
    fn ewma_by_hand() {
        let mut detector =
            Detector::new(Statistic::Ewma { lambda: 0.2, baseline: STANDARD }, Side::Above);
        // z = 0.4, 0.72, 0.976 over 0.2, 0.25612, 0.28633.
        for expected in [2.0, 2.8112, 3.4086] {
            let found = detector.push(2.0).expect("nothing to learn");
            assert!((found - expected).abs() < 1e-4, "{found} {expected}");
        }
    }

    #[test]
    fn downwards_is_upwards_mirrored() {
        let statistic = Statistic::Cusum { slack: 0.5, limit: 5.0, baseline: STANDARD };
        let mut below = Detector::new(statistic, Side::Below);
        let mut above = Detector::new(statistic, Side::Above);
        for x in [-1.0, -3.0, 2.0, -0.25] {
            assert_eq!(below.push(x), above.push(-x));
        }
    }

    #[test]
    fn the_process_is_learnt_from_the_first_samples() {
        let baseline = Baseline::Learnt { samples: 4, least_deviation: 0.1 };
        let statistic = Statistic::Cusum { slack: 0.0, limit: 100.0, baseline };
        let mut detector = Detector::new(statistic, Side::Above);
        // Mean 5, sum of squared deviations 20, deviation sqrt(20 / 3).
        for x in [2.0, 4.0, 6.0, 8.0] {
            assert_eq!(detector.push(x), None);
        }
        let found = detector.push(10.0).expect("learnt");
        assert!((found - 5.0 / (20.0_f64 / 3.0).sqrt()).abs() < 1e-12, "{found}");
        // A series that never moved has the least deviation.
        let mut still = Detector::new(statistic, Side::Above);
        assert_eq!([1.0; 4].map(|x| still.push(x)), [None; 4]);
        assert!((still.push(1.2).expect("learnt") - 2.0).abs() < 1e-12);
    }

    /// Average run lengths of the one-sided chart with k = 0.5, h = 5: 930 in order and 10.4 after a step of one
    /// standard deviation (Montgomery, Introduction to Statistical Quality Control, CUSUM tables; two-sided 465).
    #[test]
    fn run_lengths_of_cusum_are_those_of_the_tables() {
        let statistic = Statistic::Cusum { slack: 0.5, limit: 5.0, baseline: STANDARD };
        let mut draws = Stream::new(Component::Noise, 11);
        let mut mean = |step: f64, runs: usize| {
            let lengths = (0..runs).map(|_| {
                run_length(statistic, 5.0, std::iter::repeat_with(|| draws.normal() + step))
            });
            lengths.sum::<usize>() as f64 / runs as f64
        };
        // Five standard errors: run lengths in order are about exponential.
        let in_order = mean(0.0, 3000);
        assert!((in_order / 930.0 - 1.0).abs() < 5.0 / 3000_f64.sqrt(), "{in_order}");
        let after_step = mean(1.0, 3000);
        assert!((after_step - 10.4).abs() < 0.6, "{after_step}");
    }

    proptest! {
        #[test]
        fn cusum_alarms_on_a_step_when_it_should(
            step in 1_u32..40, slack in 0_u32..20, limit in 1_u32..200,
        ) {
            prop_assume!(step > slack);
            // Eighths are exact in binary.
            let [step, slack, limit] = [step, slack, limit].map(|n| f64::from(n) / 8.0);
            let statistic = Statistic::Cusum { slack, limit, baseline: STANDARD };
            let length = run_length(statistic, limit, std::iter::repeat(step));
            prop_assert_eq!(length, (limit / (step - slack)).ceil() as usize);
        }

        /// The chart that stops at its limit first reaches it when one that does not stop would.
        #[test]
        fn the_cap_leaves_the_first_alarm(xs in prop::collection::vec(-4.0..5.0_f64, 1..80)) {
            let (slack, limit) = (0.5, 4.0);
            let statistic = Statistic::Cusum { slack, limit, baseline: STANDARD };
            let mut sum = 0.0_f64;
            let free = xs.iter().position(|x| {
                sum = (sum + x - slack).max(0.0);
                sum >= limit
            });
            let capped = run_length(statistic, limit, xs.iter().copied());
            prop_assert_eq!(capped, free.map_or(usize::MAX, |at| at + 1));
        }
    }
}
