//! Alarm rules.

use super::detect::{Side, Statistic};
use super::metric::Metric;
use super::truth::Trouble;
use crate::operation::Time;

/// When an alarm is raised and cleared.
///
/// It is raised when the statistic has been at `raise` or worse for as long as `lasting`, at every sample. It is cleared at
/// a sample that is better than `clear`, or absent. From one of either to the next, at least `hold` passes.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its name, unlike any other's.
    pub name: String,
    /// The metric; every host or VM that has it is watched on its own.
    pub metric: &'static Metric,
    /// The trouble that it should tell of, by which it is scored.
    pub tells: Option<Trouble>,
    /// What is computed from the samples.
    pub statistic: Statistic,
    /// The side on which the metric is alarming.
    pub side: Side,
    /// The statistic from which on it is alarming: the greater the worse, whatever the side.
    pub raise: f64,
    /// The statistic under which it no longer is; at most `raise`.
    pub clear: f64,
    /// How long it must be alarming, in milliseconds.
    pub lasting: Time,
    /// How long an alarm stays as it is at least, in milliseconds.
    pub hold: Time,
}
