//! When VMs are expected to leave.

use super::random::{Component, Stream};

/// Lifetimes as a policy hears of them: the true ones, each times a log-normal error `exp(sigma Z)`, Z standard
/// normal.
#[derive(Clone, Debug)]
pub struct Predictor {
    sigma: f64,
    stream: Stream,
}

impl Predictor {
    /// Errors of so many standard deviations of the logarithm, 0 for exact lifetimes.
    pub fn new(sigma: f64, seed: u64) -> Self {
        Self { sigma, stream: Stream::new(Component::Noise, seed) }
    }

    /// Whether it tells the truth.
    pub fn is_exact(&self) -> bool {
        self.sigma == 0.0
    }

    /// When a VM is expected to leave that comes at `arrival` and leaves at `end`.
    pub(super) fn predict(&mut self, arrival: u64, end: u64) -> u64 {
        if self.is_exact() {
            return end;
        }
        let lifetime = end.saturating_sub(arrival).max(1) as f64;
        // Casts of floating-point numbers saturate.
        let predicted = lifetime * libm::exp(self.sigma * self.stream.normal());
        arrival.saturating_add(libm::round(predicted) as u64)
    }
}
