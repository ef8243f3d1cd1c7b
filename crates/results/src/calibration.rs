//! How fast a machine was while an experiment ran.

use serde::{Deserialize, Serialize};

use crate::stats;

/// How fast a machine works off a fixed round of integer work, walks through memory and floating point,
/// and how steadily. What a round is, the harness says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Rounds per CPU second, the median of the samples: twice the score is twice as fast.
    pub score: f64,
    /// CPU milliseconds of the part of integer work in a round, the median.
    pub integer_ms: f64,
    /// Of the walk through memory.
    pub memory_ms: f64,
    /// Of floating point.
    pub float_ms: f64,
    /// The scores in the order in which they were taken, from the start to the end of the experiment.
    pub samples: Vec<f64>,
}

impl Calibration {
    /// The greatest coefficient of variation that a quiet machine has.
    pub const STEADY: f64 = 0.05;

    /// What both found together: a score as the median of all samples, parts by the number of their samples.
    #[must_use]
    pub fn joined(&self, other: &Self) -> Self {
        let samples: Vec<f64> = self.samples.iter().chain(&other.samples).copied().collect();
        let (a, b) = (self.samples.len() as f64, other.samples.len() as f64);
        let part = |first: f64, second: f64| (first * a + second * b) / (a + b).max(1.0);
        Self {
            score: stats::quantile(&samples, 0.5).unwrap_or(0.0),
            integer_ms: part(self.integer_ms, other.integer_ms),
            memory_ms: part(self.memory_ms, other.memory_ms),
            float_ms: part(self.float_ms, other.float_ms),
            samples,
        }
    }

    /// The standard deviation of the samples as a share of their mean; `None` of fewer than three.
    ///
    /// ```
    /// use vmpack_results::Calibration;
    ///
    /// let calibration = Calibration { samples: vec![90.0, 100.0, 110.0], ..Calibration::default() };
    /// assert!((calibration.variation().expect("three") - 0.1).abs() < 1e-9);
    /// let calibration = Calibration { samples: vec![90.0, 110.0], ..Calibration::default() };
    /// assert_eq!(calibration.variation(), None);
    /// ```
    pub fn variation(&self) -> Option<f64> {
        let mean = stats::mean(&self.samples)?;
        let squares: f64 = self.samples.iter().map(|sample| (sample - mean).powi(2)).sum();
        let count = self.samples.len();
        (count >= 3 && mean > 0.0).then(|| (squares / (count - 1) as f64).sqrt() / mean)
    }

    /// A sentence, if the machine was not steady.
    pub fn unsteady(&self) -> Option<String> {
        let variation = self.variation().filter(|variation| *variation > Self::STEADY)?;
        Some(format!(
            "The machine was not steady: the same work, repeated {} times while the experiment ran, \
             varied in CPU time by {:.1} % (coefficient of variation), more than {:.0} %.",
            self.samples.len(),
            variation * 1e2,
            Self::STEADY * 1e2
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_found_is_one() {
        let of = |samples: &[f64], integer_ms| Calibration {
            samples: samples.to_vec(),
            integer_ms,
            ..Calibration::default()
        };
        let joined = of(&[10.0, 20.0], 4.0).joined(&of(&[60.0], 1.0));
        assert_eq!((joined.score, joined.integer_ms), (20.0, 3.0));
        assert_eq!(joined.samples, [10.0, 20.0, 60.0]);
        assert!(joined.unsteady().is_some());
    }

    #[test]
    fn only_an_unsteady_machine_is_worth_a_sentence() {
        let of =
            |samples: &[f64]| Calibration { samples: samples.to_vec(), ..Calibration::default() };
        assert_eq!(of(&[100.0, 101.0, 99.0]).unsteady(), None);
        assert_eq!(of(&[100.0, 50.0]).unsteady(), None, "two samples say nothing");
        let sentence = of(&[100.0, 80.0, 120.0]).unsteady().expect("20 %");
        assert!(sentence.contains("3 times") && sentence.contains("20.0 %"), "{sentence}");
    }
}
