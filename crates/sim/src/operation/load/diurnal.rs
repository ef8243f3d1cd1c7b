//! Load drawn at random: a tide over the day, and noise that lasts a while.

use super::Load;
use crate::arrivals::generate::{flavor, number};
use crate::arrivals::random::{Component, Stream};
use crate::operation::{CPU, Time, Usage, Vm};

/// Milliseconds per day.
const DAY: f64 = 86_400_000.0;

/// How alike noise is from one step to the next.
const PERSISTENCE: f64 = 0.8;

/// The parameters of drawn load.
///
/// A VM that asks for `c` uses at time `t`, in days, `c (b (1 + swing sin(2 pi (t - o))) + noise e_t)`, kept between 0 and `c`,
/// where its level `b` is uniform between half of `mean` and one and a half, its phase `o` is normal with the standard
/// deviation `spread`, in hours, and `e_t = 0.8 e_{t-1} + 0.6 z_t` with standard normal `z_t` (an AR(1) process of variance 1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DiurnalLoad {
    /// The number of VMs, all there from the beginning to the end.
    pub vms: f64,
    /// The length in days.
    pub days: f64,
    /// The mean use of CPU, as a share of what is asked for.
    pub mean: f64,
    /// How far use swings around its level over the day, from 0 to 1.
    pub swing: f64,
    /// The standard deviation of the noise, as a share of what is asked for.
    pub noise: f64,
    /// How far apart the days of VMs are: the standard deviation of their phase, in hours.
    pub spread: f64,
    /// How long an amount lasts, in seconds.
    pub step: f64,
    /// The seed.
    pub seed: u64,
}

impl DiurnalLoad {
    /// Reads `diurnal-load:` and parameters `NAME=VALUE` joined by commas, as in `diurnal-load:vms=1000,days=1`. `None` if
    /// the text does not begin so.
    ///
    /// # Errors
    /// What is wrong with a parameter.
    pub fn parse(text: &str) -> Option<Result<Self, String>> {
        let parameters = text.strip_prefix("diurnal-load:")?;
        let start = Self {
            vms: 100.0,
            days: 1.0,
            mean: 0.3,
            swing: 0.6,
            noise: 0.1,
            spread: 2.0,
            step: 300.0,
            seed: 0,
        };
        let mut parameters = parameters.split(',').filter(|parameter| !parameter.is_empty());
        Some(parameters.try_fold(start, Self::with))
    }

    fn with(mut self, parameter: &str) -> Result<Self, String> {
        let (name, value) = parameter
            .split_once('=')
            .ok_or_else(|| format!("{parameter:?}: expected NAME=VALUE"))?;
        let (place, range) = match name {
            "seed" => {
                let wrong = |_| format!("seed: expected an integer, found {value:?}");
                self.seed = value.parse().map_err(wrong)?;
                return Ok(self);
            }
            "vms" => (&mut self.vms, 1.0..=1e7),
            "days" => (&mut self.days, 1e-3..=1e4),
            "mean" => (&mut self.mean, 0.0..=1.0),
            "swing" => (&mut self.swing, 0.0..=1.0),
            "noise" => (&mut self.noise, 0.0..=1.0),
            "spread" => (&mut self.spread, 0.0..=24.0),
            "step" => (&mut self.step, 1.0..=86_400.0),
            _ => {
                return Err(format!(
                    "there is no parameter {name:?}: they are vms, days, mean, swing, noise, spread, step and seed"
                ));
            }
        };
        *place = number(name, value, &range)?;
        Ok(self)
    }

    /// Draws it. The time and memory are linear in VMs x steps.
    pub fn load(self) -> Load {
        let Self { vms, days, mean, swing, noise, spread, step, seed } = self;
        let end = (days * DAY) as Time;
        let step = (step * 1000.0) as Time;
        let mut sizes = Stream::new(Component::Sizes, seed);
        let mut draws = Stream::new(Component::Load, seed);
        let innovation = (1.0 - PERSISTENCE * PERSISTENCE).sqrt();
        let vm = |number: u64| {
            let request = flavor(&mut sizes);
            let level = mean * (0.5 + draws.unit());
            let phase = spread / 24.0 * draws.normal();
            let mut lasting = draws.normal();
            let amounts = (0..end.div_ceil(step)).map(|k| {
                let day = (k * step) as f64 / DAY - phase;
                let tide = 1.0 + swing * libm::sin(std::f64::consts::TAU * day);
                let share = (level * tide + noise * lasting).clamp(0.0, 1.0);
                lasting = PERSISTENCE * lasting + innovation * draws.normal();
                (share * request[CPU] as f64) as u32
            });
            let usage = Some(Usage::new(step, 1, amounts.collect()));
            Vm { usage, ..Vm::steady(number.to_string(), 0, None, request) }
        };
        Load { vms: (0..vms as u64).map(vm).collect(), end }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(text: &str) -> Load {
        DiurnalLoad::parse(text).expect("a description").expect("valid parameters").load()
    }

    /// The mean share of what is asked for that is used over steps of a day, over all VMs.
    fn shares(load: &Load) -> Vec<f64> {
        let steps = load.end / 300_000;
        let share = |k: u64| {
            let of = |vm: &Vm| vm.uses(k * 300_000)[CPU] as f64 / vm.request[CPU] as f64;
            load.vms.iter().map(of).sum::<f64>() / load.vms.len() as f64
        };
        (0..steps).map(share).collect()
    }

    #[test]
    fn the_tide_has_its_mean_and_swing() {
        let load = drawn("diurnal-load:vms=2000,mean=0.4,swing=0.5,noise=0,spread=0,seed=3");
        assert_eq!((load.vms.len(), load.end), (2000, 86_400_000));
        let shares = shares(&load);
        let mean = shares.iter().sum::<f64>() / shares.len() as f64;
        // The level is uniform with a standard deviation of 0.4 / sqrt(12): five standard errors, and rounding down.
        assert!((mean - 0.4).abs() < 0.014, "{mean}");
        let (most, least) = (shares[72], shares[216]);
        assert!((most / mean - 1.5).abs() < 0.01, "{most} at a quarter of the day");
        assert!((least / mean - 0.5).abs() < 0.01, "{least} at three quarters");
    }

    #[test]
    fn noise_has_its_size_and_lasts() {
        let load = drawn("diurnal-load:vms=200,days=2,mean=0.5,swing=0,noise=0.05,seed=8");
        let (mut variance, mut covariance, mut count) = (0.0, 0.0, 0.0);
        for vm in &load.vms {
            let share = |k: u64| vm.uses(k * 300_000)[CPU] as f64 / vm.request[CPU] as f64;
            let all: Vec<f64> = (0..576).map(share).collect();
            let mean = all.iter().sum::<f64>() / all.len() as f64;
            for pair in all.windows(2) {
                variance += (pair[0] - mean).powi(2);
                covariance += (pair[0] - mean) * (pair[1] - mean);
                count += 1.0;
            }
        }
        let deviation = f64::sqrt(variance / count);
        assert!((deviation - 0.05).abs() < 0.002, "{deviation}");
        assert!((covariance / variance - 0.8).abs() < 0.02, "{}", covariance / variance);
    }

    #[test]
    fn draws_are_pinned_by_the_seed_and_parameters_checked() {
        assert_eq!(drawn("diurnal-load:vms=3,seed=1"), drawn("diurnal-load:vms=3,seed=1"));
        assert_ne!(drawn("diurnal-load:vms=3,seed=1"), drawn("diurnal-load:vms=3,seed=2"));
        let load = drawn("diurnal-load:vms=50,noise=1");
        let fits = |vm: &Vm| (0..288).all(|k| vm.uses(k * 300_000)[CPU] <= vm.request[CPU]);
        assert!(load.vms.iter().all(fits), "never more than asked for");
        let refused = |text: &str| DiurnalLoad::parse(text).expect("named").expect_err("wrong");
        assert!(refused("diurnal-load:vms=0").contains("vms: expected a number from 1 to"));
        assert!(refused("diurnal-load:size=1").contains("there is no parameter \"size\""));
        assert!(refused("diurnal-load:vms").contains("expected NAME=VALUE"));
        assert!(DiurnalLoad::parse("diurnal:vms=1").is_none());
    }
}
