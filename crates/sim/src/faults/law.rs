//! How long things last: laws of random durations.

use super::terms::{duration, number};
use crate::arrivals::random::Stream;

/// A duration drawn at random, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Law {
    /// Always as long.
    Fixed(f64),
    /// Without memory, of that mean.
    Exponential(f64),
    /// Of that mean and shape: things wear out if the shape is above 1, and show their flaws early if it is below.
    Weibull(f64, f64),
    /// Of that mean and standard deviation of the logarithm.
    LogNormal(f64, f64),
}

impl Law {
    /// Reads `fixed:TIME`, `exponential:MEAN`, `weibull:MEAN:SHAPE` or `log-normal:MEAN:SIGMA`, with times such as
    /// `90s`, `1.5h` or `30d`.
    ///
    /// # Errors
    /// What is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let time = |text: &str| duration(text).map(|time| time as f64);
        let parts: Vec<&str> = text.split(':').collect();
        match parts[..] {
            ["fixed", of] => Ok(Self::Fixed(time(of)?)),
            ["exponential", mean] => Ok(Self::Exponential(time(mean)?)),
            ["weibull", mean, shape] => Ok(Self::Weibull(time(mean)?, number(shape, 0.1..=20.0)?)),
            ["log-normal", mean, sigma] => {
                Ok(Self::LogNormal(time(mean)?, number(sigma, 0.0..=5.0)?))
            }
            _ => Err(format!(
                "expected fixed:TIME, exponential:MEAN, weibull:MEAN:SHAPE or log-normal:MEAN:SIGMA, \
                 found {text:?}"
            )),
        }
    }

    /// The mean, in milliseconds.
    pub fn mean(self) -> f64 {
        match self {
            Self::Fixed(mean)
            | Self::Exponential(mean)
            | Self::Weibull(mean, _)
            | Self::LogNormal(mean, _) => mean,
        }
    }

    /// A draw, in whole milliseconds; at least one.
    pub(crate) fn draw(self, stream: &mut Stream) -> u64 {
        let time = match self {
            Self::Fixed(time) => time,
            Self::Exponential(mean) => mean * stream.exponential(),
            Self::Weibull(mean, shape) => {
                mean / libm::tgamma(1.0 + 1.0 / shape)
                    * libm::pow(stream.exponential(), 1.0 / shape)
            }
            Self::LogNormal(mean, sigma) => {
                mean * libm::exp(sigma * stream.normal() - sigma * sigma / 2.0)
            }
        };
        (time.round() as u64).max(1)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

    use super::*;
    use crate::arrivals::random::Component;

    #[test]
    fn draws_have_the_moments_of_their_law() {
        // Squared coefficients of variation: 0, 1, gamma(1 + 2/k) / gamma(1 + 1/k)^2 - 1, exp(sigma^2) - 1.
        let weibull =
            |k: f64| libm::tgamma(1.0 + 2.0 / k) / libm::tgamma(1.0 + 1.0 / k).powi(2) - 1.0;
        for (text, variation) in [
            ("fixed:2h", 0.0),
            ("exponential:2h", 1.0),
            ("weibull:2h:1", 1.0),
            ("weibull:2h:0.7", weibull(0.7)),
            ("weibull:2h:3", weibull(3.0)),
            ("log-normal:2h:0.5", 0.25_f64.exp() - 1.0),
        ] {
            let law = Law::parse(text).unwrap();
            let mut stream = Stream::new(Component::Failures, 3);
            let n = 200_000;
            let draws: Vec<f64> = (0..n).map(|_| law.draw(&mut stream) as f64 / 7.2e6).collect();
            let mean = draws.iter().sum::<f64>() / f64::from(n);
            let square = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / f64::from(n);
            assert!((mean - 1.0).abs() < 0.015, "{text}: {mean}");
            assert!((square - variation).abs() < 0.05 * (1.0 + variation), "{text}: {square}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let refused = |text: &str| Law::parse(text).unwrap_err();
        assert!(refused("gamma:1h").contains("expected fixed:TIME, exponential:MEAN"));
        assert!(refused("exponential").contains("found \"exponential\""));
        assert!(refused("exponential:3").contains("a time such as 90s"));
        assert!(refused("weibull:1h:0").contains("a number from 0.1 to 20"));
    }
}
