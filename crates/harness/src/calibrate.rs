//! A fixed piece of work, by which the speed of machines is compared.
//!
//! A *round* is, one after the other, on one thread: 2^22 steps of a 64-bit xorshift generator with a
//! multiplication each, which is integer work in registers; 2^16 steps along a random cycle through
//! 8 MiB, each of which waits for the one before, which is the latency of caches and memory; and 2^21
//! chained multiply-adds and 2^18 divisions in floating point. The parts take about as long as each other.
//! The score is rounds per CPU second.

use std::hint::black_box;
use std::time::{Duration, Instant};

use vmpack_results::{Calibration, stats};

use crate::limits::thread_cpu_seconds;

/// Steps of integer work in a round.
const INTEGER_STEPS: u64 = 1 << 22;

/// Places of the walk through memory, of four bytes each.
const PLACES: u32 = 1 << 21;

/// Steps of the walk in a round.
const MEMORY_STEPS: u32 = 1 << 16;

/// Multiply-adds in a round; there is a division for every eight.
const FLOAT_STEPS: u32 = 1 << 21;

/// How often a running experiment is calibrated again.
const PERIOD: Duration = Duration::from_secs(30);

/// CPU seconds of the parts of one round.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Round {
    integer: f64,
    memory: f64,
    float: f64,
}

impl Round {
    fn score(self) -> f64 {
        (self.integer + self.memory + self.float).recip()
    }
}

/// Measures the speed of the machine through an experiment.
#[derive(Debug)]
pub(crate) struct Calibrator {
    /// The cycle that is walked: where each place leads.
    next: Vec<u32>,
    rounds: Vec<Round>,
    last: Instant,
}

impl Calibrator {
    /// Prepares the work, and does it once to warm caches and clock up.
    pub(crate) fn new() -> Self {
        let mut calibrator = Self { next: cycle(), rounds: Vec::new(), last: Instant::now() };
        calibrator.sample();
        calibrator.rounds.clear();
        calibrator
    }

    /// Takes a sample: a few hundredths of a second.
    pub(crate) fn sample(&mut self) {
        let timed = |work: &mut dyn FnMut()| {
            let started = thread_cpu_seconds();
            work();
            thread_cpu_seconds() - started
        };
        let integer = timed(&mut || {
            black_box(integer_work(black_box(INTEGER_STEPS)));
        });
        let memory = timed(&mut || {
            black_box(walk(&self.next, black_box(MEMORY_STEPS)));
        });
        let float = timed(&mut || {
            black_box(float_work(black_box(FLOAT_STEPS)));
        });
        self.rounds.push(Round { integer, memory, float });
        self.last = Instant::now();
    }

    /// Takes a sample if the last one is old.
    pub(crate) fn sample_if_due(&mut self) {
        if self.last.elapsed() >= PERIOD {
            self.sample();
        }
    }

    /// What was found, after the samples of earlier sessions.
    pub(crate) fn found(&self, earlier: Option<&Calibration>) -> Calibration {
        let median = |part: fn(&Round) -> f64| {
            let parts: Vec<f64> = self.rounds.iter().map(part).collect();
            stats::quantile(&parts, 0.5).unwrap_or(0.0)
        };
        let mut samples = earlier.map_or_else(Vec::new, |earlier| earlier.samples.clone());
        samples.extend(self.rounds.iter().map(|round| round.score()));
        Calibration {
            score: stats::quantile(&samples, 0.5).unwrap_or(0.0),
            integer_ms: 1e3 * median(|round| round.integer),
            memory_ms: 1e3 * median(|round| round.memory),
            float_ms: 1e3 * median(|round| round.float),
            samples,
        }
    }
}

/// Calibrates the machine by so many samples.
///
/// ```
/// let calibration = vmpack_harness::calibrate(3);
/// assert!(calibration.score > 0.0);
/// assert_eq!(calibration.samples.len(), 3);
/// ```
pub fn calibrate(samples: usize) -> Calibration {
    let mut calibrator = Calibrator::new();
    (0..samples).for_each(|_| calibrator.sample());
    calibrator.found(None)
}

/// A step of Marsaglia's xorshift generator, and Vigna's multiplication behind it.
fn step(state: &mut u64) -> u64 {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    state.wrapping_mul(0x2545_F491_4F6C_DD1D)
}

fn integer_work(steps: u64) -> u64 {
    let mut state = 0x9E37_79B9_7F4A_7C15;
    (0..steps).fold(0, |sum, _| step(&mut state).wrapping_add(sum))
}

/// A random cycle through all places, by Sattolo's algorithm.
fn cycle() -> Vec<u32> {
    let mut next: Vec<u32> = (0..PLACES).collect();
    let mut state = 1;
    for place in (1..next.len()).rev() {
        let other = step(&mut state) as usize % place;
        next.swap(place, other);
    }
    next
}

/// Where a walk of so many steps along the cycle ends.
fn walk(next: &[u32], steps: u32) -> u32 {
    (0..steps).fold(0, |place, _| next[place as usize])
}

fn float_work(steps: u32) -> f64 {
    let mut value = 0.5;
    for index in 0..steps {
        value = value * 0.999_999 + 1e-6;
        if index % 8 == 0 {
            value = 1.0 / (value + 1.0);
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_walk_visits_every_place() {
        let next = cycle();
        assert_eq!(walk(&next, PLACES), 0, "it comes back");
        let mut seen = vec![false; next.len()];
        let mut place = 0;
        while !std::mem::replace(&mut seen[place as usize], true) {
            place = next[place as usize];
        }
        assert!(seen.iter().all(|seen| *seen));
    }

    /// By CPU time, which clocks and neighbours change all the time: the least of many, taken in turn.
    #[test]
    fn four_times_the_work_takes_several_times_as_long() {
        let time = |steps: u64| {
            let started = thread_cpu_seconds();
            black_box(integer_work(black_box(steps)));
            thread_cpu_seconds() - started
        };
        let (mut one, mut four) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..10 {
            one = one.min(time(INTEGER_STEPS));
            four = four.min(time(4 * INTEGER_STEPS));
        }
        let ratio = four / one;
        assert!((2.0..8.0).contains(&ratio), "nothing is optimised away: {ratio}");
    }

    #[test]
    fn samples_of_earlier_sessions_come_first() {
        let mut calibrator = Calibrator::new();
        calibrator.sample_if_due();
        assert_eq!(calibrator.rounds.len(), 0, "not due yet");
        calibrator.sample();
        let earlier = Calibration { samples: vec![1.0, 2.0], ..Calibration::default() };
        let found = calibrator.found(Some(&earlier));
        assert_eq!((&found.samples[..2], found.samples.len()), (&[1.0, 2.0][..], 3));
        let parts = found.integer_ms + found.memory_ms + found.float_ms;
        assert!((found.samples[2] * parts / 1e3 - 1.0).abs() < 1e-9, "{found:?}");
    }
}
