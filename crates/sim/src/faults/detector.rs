//! Failure detectors: after how much silence a host is suspected.

use super::Time;
use super::heartbeat::Network;
use super::terms::{DescriptionError, duration, duration_or_none, each, integer, number};

/// When silence becomes suspicion.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// After so many milliseconds without a heartbeat.
    Timeout(Time),
    /// When the suspicion level `phi` reaches a threshold (Hayashibara, Defago, Yared and Katayama 2004).
    Phi(PhiAccrual),
}

/// The phi-accrual detector with normal intervals.
///
/// With `m` and `s` the mean and standard deviation of the last intervals between heartbeats, `phi` is minus the
/// decimal logarithm of the probability that a normal interval lasts longer than the silence has: a threshold of 8 means
/// one mistake in 10^8 if intervals were normal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PhiAccrual {
    /// The standard deviations above the mean at which phi is the threshold.
    deviations: f64,
    /// How many intervals are remembered.
    pub(super) window: usize,
    /// The least standard deviation, in milliseconds.
    least_deviation: Time,
    /// Silence that is borne on top of the mean, in milliseconds.
    pause: Time,
}

/// The suspicion level after a silence, for normal intervals of that mean and standard deviation.
pub fn phi(silence: f64, mean: f64, deviation: f64) -> f64 {
    let z = (silence - mean) / deviation;
    -libm::log10(libm::erfc(z * std::f64::consts::FRAC_1_SQRT_2) / 2.0)
}

impl PhiAccrual {
    /// With that threshold, from 0.5 to 100, over so many intervals.
    ///
    /// # Panics
    /// If the threshold is out of range or the window is empty.
    pub fn new(threshold: f64, window: usize, least_deviation: Time, pause: Time) -> Self {
        assert!((0.5..=100.0).contains(&threshold) && window > 0, "a detector that can be used");
        let (mut low, mut high) = (0.0, 40.0);
        // Phi grows with silence; 64 halvings exhaust the digits.
        for _ in 0..64 {
            let middle = f64::midpoint(low, high);
            if phi(middle, 0.0, 1.0) < threshold { low = middle } else { high = middle }
        }
        Self { deviations: high, window, least_deviation, pause }
    }

    /// The silence after which a host is suspected, from the number, sum and sum of squares of intervals; at least one.
    fn timeout(&self, n: u64, sum: u64, squares: u128) -> Time {
        let variance = u128::from(n) * squares - u128::from(sum) * u128::from(sum);
        let deviation = (variance as f64).sqrt() / n as f64;
        let deviation = deviation.max(self.least_deviation as f64);
        (sum as f64 / n as f64 + self.deviations * deviation).ceil() as Time + self.pause
    }
}

/// A failure detector and the heartbeats that it listens to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detector {
    /// The heartbeats.
    pub network: Network,
    /// When silence becomes suspicion.
    pub rule: Rule,
}

/// Names of detectors, with what they do.
pub const DETECTORS: &[(&str, &str)] = &[
    ("timeout", "suspects a host that has been silent for a fixed time"),
    ("phi", "suspects a host whose silence is improbable by its last intervals (phi accrual)"),
];

impl Detector {
    /// Reads `timeout:` or `phi:` and parameters by commas: of the heartbeats `every=1s`, `delay=1ms`, `jitter=0`,
    /// `loss=0`; of the timeout `after=10s`; of phi `threshold=8`, `window=1000`, `deviation=100ms` (the least standard
    /// deviation that is believed) and `pause=0` (silence borne beyond the mean). These are the defaults.
    ///
    /// # Errors
    /// If a parameter is not of that form, or a timeout is not longer than the period.
    ///
    /// # Examples
    /// ```
    /// use vmpack_sim::faults::Detector;
    ///
    /// let detector = Detector::parse("timeout:after=5s,jitter=20ms,loss=0.001")?;
    /// assert_eq!(detector.network.every, 1000);
    /// # Ok::<(), vmpack_sim::faults::DescriptionError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, DescriptionError> {
        let (kind, parts) = text.split_once(':').unwrap_or((text, ""));
        let wrong = |term: &str, reason: String| DescriptionError { term: term.to_owned(), reason };
        let mut network = Network { every: 1000, delay: 1, jitter: 0, loss: 0.0 };
        let (mut after, mut threshold, mut window) = (10_000, 8.0, 1000);
        let (mut deviation, mut pause) = (100, 0);
        let is_phi = match kind {
            "timeout" => false,
            "phi" => true,
            _ => return Err(wrong(kind, "expected timeout or phi".into())),
        };
        let own = if is_phi { "threshold, window, deviation, pause" } else { "after" };
        each(parts, &format!("every, delay, jitter, loss, {own}"), |name, value| {
            let time = |place: &mut Time, read: fn(&str) -> Result<Time, String>| {
                read(value).map(|time| *place = time)
            };
            Some(match name {
                "every" => time(&mut network.every, duration),
                "delay" => time(&mut network.delay, duration_or_none),
                "jitter" => time(&mut network.jitter, duration_or_none),
                "loss" => number(value, 0.0..=0.99).map(|loss| network.loss = loss),
                "after" if !is_phi => time(&mut after, duration),
                "threshold" if is_phi => number(value, 0.5..=100.0).map(|of| threshold = of),
                "window" if is_phi => integer(value, 1..=100_000).map(|of| window = of as usize),
                "deviation" if is_phi => time(&mut deviation, duration),
                "pause" if is_phi => time(&mut pause, duration_or_none),
                _ => return None,
            })
        })?;
        if network.every > 86_400_000 {
            return Err(wrong(text, "heartbeats must come at least once a day".into()));
        }
        if network.jitter >= network.every {
            return Err(wrong(
                text,
                "the jitter must be less than the period of heartbeats".into(),
            ));
        }
        if !is_phi && after <= network.every + network.jitter {
            let reason = "the timeout must be longer than the period of heartbeats and the jitter";
            return Err(wrong(text, reason.into()));
        }
        let rule = if is_phi {
            Rule::Phi(PhiAccrual::new(threshold, window, deviation, pause))
        } else {
            Rule::Timeout(after)
        };
        Ok(Self { network, rule })
    }

    /// How many heartbeats the rule remembers.
    pub(super) fn window(&self) -> usize {
        match self.rule {
            Rule::Timeout(_) => 0,
            Rule::Phi(phi) => phi.window,
        }
    }

    /// How many heartbeats must be lost in a row before there can be a suspicion of a host that works: no interval is
    /// shorter than the period less the jitter, and one with `n` losses is no longer than `n + 1` periods and the
    /// jitter.
    pub(super) fn losses_that_matter(&self) -> u64 {
        let Network { every, jitter, .. } = self.network;
        let least = match self.rule {
            Rule::Timeout(after) => after,
            Rule::Phi(phi) => {
                let spread = (phi.deviations * phi.least_deviation as f64) as Time;
                every - jitter + spread + phi.pause
            }
        };
        (least + 1).saturating_sub(jitter).div_ceil(every).saturating_sub(1)
    }

    /// The silence after which a host is suspected.
    pub(super) fn timeout(&self, intervals: &Intervals) -> Time {
        match self.rule {
            Rule::Timeout(after) => after,
            Rule::Phi(phi) => {
                let Intervals { mut sum, mut squares, .. } = *intervals;
                let mut n = intervals.times.len().saturating_sub(1) as u64;
                if n < phi.window as u64 {
                    // What is expected at first: the period, give or take a quarter.
                    for expected in [self.network.every * 3 / 4, self.network.every * 5 / 4] {
                        n += 1;
                        sum += expected;
                        squares += u128::from(expected) * u128::from(expected);
                    }
                }
                phi.timeout(n, sum, squares)
            }
        }
    }
}

/// The last intervals between arrivals.
#[derive(Clone, Debug, Default)]
pub(super) struct Intervals {
    /// When heartbeats arrived.
    times: std::collections::VecDeque<Time>,
    sum: u64,
    squares: u128,
}

impl Intervals {
    pub(super) fn clear(&mut self) {
        self.times.clear();
        (self.sum, self.squares) = (0, 0);
    }

    /// A heartbeat arrived; only so many intervals are kept.
    pub(super) fn push(&mut self, time: Time, window: usize) {
        if let Some(&last) = self.times.back() {
            let interval = time - last;
            self.sum += interval;
            self.squares += u128::from(interval) * u128::from(interval);
        }
        self.times.push_back(time);
        if self.times.len() > window + 1
            && let Some(first) = self.times.pop_front()
        {
            let interval = self.times[0] - first;
            self.sum -= interval;
            self.squares -= u128::from(interval) * u128::from(interval);
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

    use super::*;

    #[test]
    fn phi_is_the_logarithm_of_the_tail() {
        // Tails of the normal distribution: 1/2, 0.1586553, 2.866516e-7 at 0, 1, 5 deviations.
        assert!((phi(10.0, 10.0, 3.0) - std::f64::consts::LOG10_2).abs() < 1e-9);
        assert!((phi(13.0, 10.0, 3.0) - 0.799_545_4).abs() < 1e-6);
        assert!((phi(25.0, 10.0, 3.0) - 6.542_645_6).abs() < 1e-6);
    }

    #[test]
    fn the_timeout_is_where_phi_reaches_the_threshold() {
        for threshold in [0.5, 1.0, 3.0, 8.0, 12.0, 16.0, 100.0] {
            let rule = PhiAccrual::new(threshold, 10, 1, 0);
            let at = phi(rule.deviations, 0.0, 1.0);
            assert!((at / threshold - 1.0).abs() < 1e-9, "{threshold}: {at}");
        }
        let mut intervals = Intervals::default();
        let mut time = 0;
        intervals.push(time, 4);
        // The first two are forgotten.
        for interval in [5, 5000, 900, 1100, 1000, 1000] {
            time += interval;
            intervals.push(time, 4);
        }
        let detector = Detector::parse("phi:threshold=8,window=4,deviation=1ms").unwrap();
        let timeout = detector.timeout(&intervals) as f64;
        let deviation = 5000.0_f64.sqrt();
        assert!(phi(timeout, 1000.0, deviation) >= 8.0);
        assert!(phi(timeout - 1.0, 1000.0, deviation) < 8.0);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let refused = |text: &str, reason: &str| {
            let error = Detector::parse(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        };
        refused("gossip", "\"gossip\": expected timeout or phi");
        refused("timeout:threshold=8", "expected one of every, delay, jitter, loss, after");
        refused("phi:after=3s", "expected one of every, delay, jitter, loss, threshold");
        refused("phi:threshold=0", "\"threshold=0\": expected a number from 0.5 to 100");
        refused("phi:window=0", "expected an integer from 1 to 100000");
        refused("timeout:after=1s", "must be longer than the period");
        refused("timeout:jitter=1s", "jitter must be less than the period");
        refused("timeout:loss=1", "expected a number from 0 to 0.99");
        refused("timeout:every=2d,after=3d", "at least once a day");
    }
}
