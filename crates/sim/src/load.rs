//! What VMs use, drawn at random: by the time of day, with noise, bursts, and VMs that rise and fall together.

use crate::arrivals::random::{Component, Stream};
use crate::operation::{CPU, MEMORY, Time, Usage, Vm};

/// A day in milliseconds.
const DAY: f64 = 86_400_000.0;

/// How much of the noise of one step is left at the next.
const MEMORY_OF_NOISE: f64 = 0.8;

/// The parameters of drawn use. Shares are of what a VM requests.
///
/// The CPU use of a VM is its level, times one and a sine of one day, and noise; during bursts it is all that the VM
/// requests. Levels are spread evenly between half and one and a half of the mean. Memory is another share, with half
/// the noise. Noise is an autoregression of first order with normal steps. VMs of a group share the hour of their peak and
/// a part of their noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// The time between two values, in milliseconds; positive.
    pub step: Time,
    /// The mean share of the CPU that is used, from 0 to 1.
    pub level: f64,
    /// How far use swings around it over the day, from 0 to 1.
    pub swing: f64,
    /// The standard deviation of the noise.
    pub noise: f64,
    /// The mean share of the memory that is used, from 0 to 1.
    pub memory: f64,
    /// The probability that a burst begins in a step.
    pub burst: f64,
    /// The mean length of a burst, in steps; at least 1.
    pub burst_steps: f64,
    /// How many groups there are; VM n belongs to group n mod so many. Positive.
    pub groups: u32,
    /// The part of the variance of the noise that the VMs of a group share, from 0 to 1.
    pub correlation: f64,
}

impl Default for Load {
    /// Values every five minutes, a third of the CPU and of it half up and down over the day, bursts of a quarter of an
    /// hour about twice a day, 60 % of the memory, and ten groups that share half of their noise.
    fn default() -> Self {
        Self {
            step: 300_000,
            level: 0.3,
            swing: 0.5,
            noise: 0.05,
            memory: 0.6,
            burst: 0.007,
            burst_steps: 3.0,
            groups: 10,
            correlation: 0.5,
        }
    }
}

impl Load {
    /// How many values [`Load::draw`] would draw.
    ///
    /// # Panics
    /// If the step is 0.
    pub fn values(&self, vms: &[Vm], end: Time) -> u64 {
        let drawn = vms.iter().filter(|vm| vm.usage.is_none());
        drawn
            .map(|vm| self.steps(vm, end))
            .fold(u64::from(self.groups).saturating_mul(end / self.step), u64::saturating_add)
    }

    /// How many values a VM has.
    fn steps(&self, vm: &Vm, end: Time) -> u64 {
        let life = vm.end.unwrap_or(end).min(end).saturating_sub(vm.start);
        life / self.step + 1
    }

    /// Gives VMs use until they leave or the run ends. Those that have some keep it.
    ///
    /// Takes eight bytes per step and VM.
    ///
    /// # Panics
    /// If the step or the number of groups is 0.
    pub fn draw(&self, vms: &mut [Vm], end: Time, seed: u64) {
        assert!(self.step > 0 && self.groups > 0, "positive numbers");
        let mut stream = Stream::new(Component::Load, seed);
        let steps = usize::try_from(end / self.step + 1).expect("a run that fits in memory");
        let groups: Vec<(f64, Vec<f64>)> = (0..self.groups)
            .map(|_| (stream.unit(), noise(&mut stream).take(steps).collect()))
            .collect();
        for (number, vm) in vms.iter_mut().enumerate().filter(|(_, vm)| vm.usage.is_none()) {
            let (peak, common) = &groups[number % groups.len()];
            vm.usage = Some(self.usage(vm, end, *peak, common, &mut stream));
        }
    }

    fn usage(&self, vm: &Vm, end: Time, peak: f64, common: &[f64], stream: &mut Stream) -> Usage {
        let spread = |stream: &mut Stream| 0.5 + stream.unit();
        let (level, memory) = (self.level * spread(stream), self.memory * spread(stream));
        let (shared, own) = (libm::sqrt(self.correlation), libm::sqrt(1.0 - self.correlation));
        let mut amounts = Vec::new();
        let (mut alone, mut bursts) = (0.0, false);
        let begins = vm.start / self.step;
        for step in 0..self.steps(vm, end) {
            alone = next_noise(alone, stream);
            let chance = if bursts { 1.0 - 1.0 / self.burst_steps } else { self.burst };
            bursts = stream.unit() < chance;
            let at = usize::try_from(begins + step).unwrap_or(usize::MAX).min(common.len() - 1);
            let noise = self.noise * (shared * common[at] + own * alone);
            let time = (vm.start + step * self.step) as f64 / DAY;
            let day = libm::sin(std::f64::consts::TAU * (time - peak));
            let cpu = if bursts { 1.0 } else { level * (1.0 + self.swing * day) + noise };
            for (share, resource) in [(cpu, CPU), (memory + noise / 2.0, MEMORY)] {
                let amount = share.clamp(0.0, 1.0) * vm.request[resource] as f64;
                amounts.push(amount.round() as u32);
            }
        }
        Usage::new(self.step, 2, amounts)
    }
}

/// One step of noise of mean 0 and variance 1.
fn next_noise(before: f64, stream: &mut Stream) -> f64 {
    MEMORY_OF_NOISE * before + libm::sqrt(1.0 - MEMORY_OF_NOISE * MEMORY_OF_NOISE) * stream.normal()
}

fn noise(stream: &mut Stream) -> impl Iterator<Item = f64> {
    let start = stream.normal();
    std::iter::successors(Some(start), |&before| Some(next_noise(before, stream)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEEK: Time = 7 * 86_400_000;

    fn drawn(load: Load, vms: usize, seed: u64) -> Vec<Vec<f64>> {
        let vm = |n: usize| Vm::steady(n.to_string(), 0, None, [10_000, 20_000, 0, 0, 0]);
        let mut vms: Vec<Vm> = (0..vms).map(vm).collect();
        load.draw(&mut vms, WEEK, seed);
        let steps = WEEK / load.step;
        let used = |vm: &Vm| (0..steps).map(|s| vm.uses(s * load.step)[CPU] as f64 / 1e4).collect();
        vms.iter().map(used).collect()
    }

    fn mean(of: &[f64]) -> f64 {
        of.iter().sum::<f64>() / of.len() as f64
    }

    fn correlation(a: &[f64], b: &[f64]) -> f64 {
        let centred = |of: &[f64]| of.iter().map(|x| x - mean(of)).collect::<Vec<_>>();
        let (a, b) = (centred(a), centred(b));
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        dot(&a, &b) / libm::sqrt(dot(&a, &a) * dot(&b, &b))
    }

    #[test]
    fn moments_are_those_asked_for() {
        let load = Load { swing: 0.0, noise: 0.0, burst: 0.0, ..Load::default() };
        let vms = drawn(load, 400, 1);
        let levels: Vec<f64> = vms.iter().map(|vm| mean(vm)).collect();
        // Evenly spread over 0.15 to 0.45: five standard errors.
        assert!((mean(&levels) - 0.3).abs() < 0.022, "{}", mean(&levels));
        assert!(levels.iter().all(|level| (0.149..=0.451).contains(level)));
        assert!(vms.iter().all(|vm| vm.iter().all(|&x| x.to_bits() == vm[0].to_bits())));
        let load = Load { level: 0.0, burst: 0.01, burst_steps: 4.0, noise: 0.0, ..load };
        let bursts = drawn(load, 50, 2).concat();
        // One hundred steps between bursts of four.
        assert!((mean(&bursts) - 4.0 / 104.0).abs() < 0.004, "{}", mean(&bursts));
        assert!(bursts.iter().all(|&x| x == 0.0 || x.to_bits() == 1.0_f64.to_bits()));
    }

    #[test]
    fn vms_of_a_group_rise_and_fall_together() {
        let load = Load { burst: 0.0, swing: 0.0, groups: 2, correlation: 0.5, ..Load::default() };
        let vms = drawn(load, 4, 3);
        assert!((correlation(&vms[0], &vms[2]) - 0.5).abs() < 0.15);
        assert!(correlation(&vms[0], &vms[1]).abs() < 0.2, "groups are independent");
        let load = Load { swing: 1.0, noise: 0.0, ..load };
        let vms = drawn(load, 4, 3);
        assert!(correlation(&vms[1], &vms[3]) > 0.99, "they share the hour of their peak");
        let day = (86_400_000 / load.step) as usize;
        assert!(correlation(&vms[0][..day], &vms[0][day..2 * day]) > 0.999);
    }

    #[test]
    fn the_seed_decides_and_what_is_there_stays() {
        let load = Load::default();
        assert_eq!(drawn(load, 3, 7), drawn(load, 3, 7));
        assert_ne!(drawn(load, 3, 7), drawn(load, 3, 8));
        let usage = Usage::new(1, 1, vec![5]);
        let known = Vm { usage: Some(usage), ..Vm::steady("known", 0, None, [9; 5]) };
        let mut vms = [known.clone(), Vm::steady("short", 50, Some(60), [9; 5])];
        load.draw(&mut vms, WEEK, 1);
        assert_eq!(vms[0], known);
        assert_eq!(vms[1].usage.as_ref().map(Usage::len), Some(1));
    }
}
