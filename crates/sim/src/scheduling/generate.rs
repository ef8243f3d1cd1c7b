//! Generated jobs, described in one line.
//!
//! `poisson:rate=0.8,work=exponential:1,jobs=1000` is a thousand jobs that come at a mean rate of 0.8 per second,
//! independently, and work a second on average. `bursty` lets jobs come in bursts at the same instant, whose sizes are
//! geometric.

use super::job::{Job, TICKS};
use crate::arrivals::random::{Component, Stream};

/// Why a description is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{term:?}: {reason}")]
pub struct DescriptionError {
    /// The part that is wrong.
    pub term: String,
    /// What is wrong with it.
    pub reason: String,
}

/// How long jobs work, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Work {
    /// `fixed:SECONDS`.
    Fixed(f64),
    /// `exponential:MEAN`.
    Exponential(f64),
    /// `uniform:LEAST:MOST`.
    Uniform(f64, f64),
    /// `log-normal:MEAN:SIGMA`, with the standard deviation of the logarithm.
    LogNormal(f64, f64),
}

/// A description of jobs.
#[derive(Clone, Debug, PartialEq)]
pub struct Generator {
    jobs: usize,
    /// Jobs per second.
    rate: f64,
    /// Mean size of a burst.
    burst: f64,
    work: Work,
    /// Estimates are the work times a factor between 1 and this.
    estimate: f64,
    /// The widest job; widths are powers of two, equally likely.
    processors: u64,
    /// Classes of priority, equally likely.
    classes: u32,
    /// Weights, equally likely.
    weights: Vec<u32>,
    seed: Option<u64>,
}

/// The most jobs.
const MOST_JOBS: usize = 100_000_000;

/// The greatest number of seconds, widths, weights and classes.
const MOST: f64 = 1e9;

impl Generator {
    /// Whether a text is meant to be a description of jobs.
    pub fn is_described_by(text: &str) -> bool {
        ["poisson:", "bursty:"].iter().any(|kind| text.starts_with(kind))
    }

    /// Reads a description: `poisson:` or `bursty:`, then by commas `rate=PER_SECOND` (must be given) and, if they are not
    /// to be as said in brackets, `jobs=NUMBER` (10000), `work=` one of `fixed:SECONDS`, `exponential:MEAN`,
    /// `uniform:LEAST:MOST`, `log-normal:MEAN:SIGMA` (`exponential:1`), `burst=MEAN_SIZE` (10, of `bursty` only),
    /// `estimate=MOST_OVER_WORK` (1), `processors=WIDEST` (1), `classes=NUMBER` (1), `weights=WEIGHT:WEIGHT...` (1), `seed=NUMBER`.
    ///
    /// # Errors
    /// If a part is not of that form.
    pub fn parse(text: &str) -> Result<Self, DescriptionError> {
        let (kind, parts) = text.split_once(':').unwrap_or((text, ""));
        let wrong = |term: &str, reason: String| DescriptionError { term: term.into(), reason };
        if kind != "poisson" && kind != "bursty" {
            return Err(wrong(kind, "expected poisson or bursty".into()));
        }
        let mut jobs = Self {
            jobs: 10_000,
            rate: 0.0,
            burst: if kind == "bursty" { 10.0 } else { 1.0 },
            work: Work::Exponential(1.0),
            estimate: 1.0,
            processors: 1,
            classes: 1,
            weights: vec![1],
            seed: None,
        };
        for term in parts.split(',').filter(|term| !term.is_empty()) {
            let (key, value) = term.split_once('=').unwrap_or((term, ""));
            let refuse = |reason: String| wrong(term, reason);
            match key {
                "jobs" => {
                    jobs.jobs = integer(value, MOST_JOBS as f64).map_err(refuse)? as usize;
                }
                "rate" => jobs.rate = positive(value).map_err(refuse)?,
                "burst" if kind == "bursty" => {
                    jobs.burst = at_least_one(value).map_err(refuse)?;
                }
                "work" => jobs.work = work(value).map_err(refuse)?,
                "estimate" => jobs.estimate = at_least_one(value).map_err(refuse)?,
                "processors" => jobs.processors = integer(value, MOST).map_err(refuse)?,
                "classes" => jobs.classes = integer(value, MOST).map_err(refuse)? as u32,
                "weights" => {
                    let weights = value.split(':').map(|weight| integer(weight, 65_536.0));
                    let weights: Result<Vec<_>, _> =
                        weights.map(|weight| weight.map(|w| w as u32)).collect();
                    jobs.weights = weights.map_err(refuse)?;
                }
                "seed" => {
                    let seed = value.parse().map_err(|_| refuse("expected an integer".into()))?;
                    jobs.seed = Some(seed);
                }
                _ => {
                    let burst = if kind == "bursty" { ", burst" } else { "" };
                    return Err(refuse(format!(
                        "expected one of rate, jobs, work{burst}, estimate, processors, classes, weights, \
                         seed"
                    )));
                }
            }
        }
        if jobs.rate == 0.0 {
            return Err(wrong(text, "the rate of arrivals is missing, as in rate=0.8".into()));
        }
        Ok(jobs)
    }

    /// The widest job that may be drawn.
    pub fn widest(&self) -> u64 {
        self.processors
    }

    /// Draws the jobs, in order of arrival; with that seed, if the description names none. Arrivals, work, widths, classes and estimates are drawn from streams of their
    /// own: changing one leaves the others as they were.
    pub fn draw(&self, seed: u64) -> Vec<Job> {
        let stream = |component| Stream::new(component, self.seed.unwrap_or(seed));
        let (mut arrivals, mut works) = (stream(Component::Arrivals), stream(Component::Lifetimes));
        let (mut sizes, mut classes) = (stream(Component::Sizes), stream(Component::Classes));
        let mut estimates = stream(Component::Estimates);
        let ticks = |seconds: f64| (seconds * TICKS as f64).round() as u64;
        let widths = u64::from(self.processors.ilog2()) + 1;
        let (mut now, mut left) = (0.0, 0_u64);
        (0..self.jobs)
            .map(|_| {
                if left == 0 {
                    now += arrivals.exponential() * self.burst / self.rate;
                    left = geometric(&mut arrivals, self.burst);
                }
                left -= 1;
                let work = self.work.draw(&mut works);
                let factor = 1.0 + (self.estimate - 1.0) * estimates.unit();
                let weight = self.weights[classes.below(self.weights.len() as u64) as usize];
                Job {
                    arrival: ticks(now),
                    work: ticks(work),
                    estimate: ticks(work * factor).max(ticks(work)),
                    demand: [1 << sizes.below(widths), 0],
                    weight,
                    priority: classes.below(u64::from(self.classes)) as u32,
                }
            })
            .collect()
    }
}

/// A number from 1 on, of that mean, geometrically distributed.
fn geometric(stream: &mut Stream, mean: f64) -> u64 {
    if mean <= 1.0 {
        return 1;
    }
    1 + (-stream.exponential() / libm::log1p(-1.0 / mean)) as u64
}

impl Work {
    fn draw(self, stream: &mut Stream) -> f64 {
        match self {
            Self::Fixed(seconds) => seconds,
            Self::Exponential(mean) => mean * stream.exponential(),
            Self::Uniform(least, most) => least + (most - least) * stream.unit(),
            Self::LogNormal(mean, sigma) => {
                mean * libm::exp(sigma * stream.normal() - sigma * sigma / 2.0)
            }
        }
    }
}

fn work(text: &str) -> Result<Work, String> {
    let parts: Vec<&str> = text.split(':').collect();
    match parts[..] {
        ["fixed", seconds] => Ok(Work::Fixed(positive(seconds)?)),
        ["exponential", mean] => Ok(Work::Exponential(positive(mean)?)),
        ["uniform", least, most] => {
            let (least, most) = (positive(least)?, positive(most)?);
            if least > most {
                return Err(format!("{least} exceeds {most}"));
            }
            Ok(Work::Uniform(least, most))
        }
        ["log-normal", mean, sigma] => {
            let sigma = positive(sigma)?;
            if sigma > 5.0 {
                return Err("expected a standard deviation of the logarithm up to 5".into());
            }
            Ok(Work::LogNormal(positive(mean)?, sigma))
        }
        _ => Err("expected fixed:SECONDS, exponential:MEAN, uniform:LEAST:MOST or \
                  log-normal:MEAN:SIGMA"
            .into()),
    }
}

fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| (1e-9..=MOST).contains(number));
    number.ok_or_else(|| format!("expected a number from 1e-9 to {MOST:e}"))
}

fn at_least_one(text: &str) -> Result<f64, String> {
    positive(text)
        .ok()
        .filter(|&number| number >= 1.0)
        .ok_or_else(|| format!("expected a number from 1 to {MOST:e}"))
}

fn integer(text: &str, most: f64) -> Result<u64, String> {
    let number = text.parse::<u64>().ok().filter(|&number| number > 0 && number as f64 <= most);
    number.ok_or_else(|| format!("expected an integer from 1 to {most}"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

    use super::*;

    #[test]
    fn means_are_those_described() {
        for (text, work, width) in [
            ("poisson:rate=2,jobs=100000", 1.0, 1.0),
            ("bursty:rate=2,jobs=100000,burst=4,work=uniform:1:5,processors=5", 3.0, 7.0 / 3.0),
            ("poisson:rate=2,jobs=100000,work=log-normal:2:1,estimate=3", 2.0, 1.0),
            ("poisson:rate=2,jobs=100000,work=fixed:0.25", 0.25, 1.0),
        ] {
            let generator = Generator::parse(text).unwrap();
            let jobs = generator.draw(5);
            assert_eq!(jobs, generator.draw(5));
            assert_eq!(jobs, Generator::parse(&format!("{text},seed=5")).unwrap().draw(1));
            assert!(jobs.is_sorted_by_key(|job| job.arrival));
            let mean = |of: &dyn Fn(&Job) -> f64| jobs.iter().map(of).sum::<f64>() / 1e5;
            let close = |found: f64, expected: f64| {
                assert!((found / expected - 1.0).abs() < 0.03, "{text}: {found} {expected}");
            };
            close(jobs.last().unwrap().arrival as f64 / 1e6, 50_000.0);
            close(mean(&|job| job.work as f64 / 1e6), work);
            close(mean(&|job| job.demand[0] as f64), width);
            let factor = f64::midpoint(generator.estimate, 1.0);
            close(mean(&|job| job.estimate as f64 / job.work as f64), factor);
            let instants = jobs.chunk_by(|one, next| one.arrival == next.arrival).count();
            close(1e5 / instants as f64, generator.burst);
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let refused = |text: &str, reason: &str| {
            let error = Generator::parse(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        };
        refused("poison:rate=1", "\"poison\": expected poisson or bursty");
        refused("poisson:", "rate of arrivals is missing");
        refused("poisson:rate=0", "\"rate=0\": expected a number");
        refused("poisson:rate=nan", "expected a number");
        refused("poisson:rate=1,jobs=0", "\"jobs=0\": expected an integer from 1");
        refused("poisson:rate=1,jobs=1e6", "expected an integer");
        refused("poisson:rate=1,burst=2", "\"burst=2\": expected one of rate, jobs, work, est");
        refused("poisson:rate=1,work=gamma:1", "expected fixed:SECONDS");
        refused("poisson:rate=1,work=uniform:3:2", "3 exceeds 2");
        refused("poisson:rate=1,work=log-normal:3:9", "up to 5");
        refused("bursty:rate=1,burst=0.5", "from 1 to");
        refused("poisson:rate=1,weights=1:0", "expected an integer from 1 to 65536");
        refused("poisson:rate=1,estimate=0.9", "from 1 to");
    }
}
