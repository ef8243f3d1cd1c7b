//! Placement by how long VMs live.
//!
//! A host costs as long as its longest VM lives, so the best host for a VM is one that is in use that long anyway: the
//! one that is expected to be in use at least as long as the VM, and least longer. If there is none, the host is
//! taken that the VM prolongs least. Of VMs that come at one instant, the longest goes first, so that the others find
//! hosts that outlive them. (The rule for one VM is *nearest remaining time* with priority for hosts that are not
//! prolonged, the best of the families that arXiv 2602.14704 compares on the traces of Azure.)
//!
//! Predictions that err are worse than none when believed. So the rule learns from VMs that leave: what it is told is
//! corrected by a linear regression of the logarithm of the true lifetime on that of the predicted one, and lifetimes
//! are told apart only by classes, which are the wider the larger the error was, the lowest host of the best class
//! first. While less than two fifths of the variance are explained, the rule is first fit.

use std::cmp::Reverse;

use super::{Free, Policy, Setting, Vm};

/// Departures before predictions count.
const FEWEST: f64 = 200.0;

/// The share of the variance that predictions must explain to count.
const LEAST_EXPLAINED: f64 = 0.4;

/// The width of a class, in mean errors.
const WIDTH: f64 = 3.0;

/// Classes are not told apart more finely than this.
const LEAST_WIDTH: f64 = 0.01;

/// The part of a day below which lifetimes are about equal: ten minutes.
const SHORTEST: f64 = 1.0 / 144.0;

struct Lifetime {
    free: Free,
    /// Whether predictions are the truth.
    exact: bool,
    experience: Experience,
    /// Ticks of [`SHORTEST`].
    shortest: f64,
    /// The VMs of each host and when they are expected to leave.
    guests: Vec<Vec<(u64, u64)>>,
    /// When each host is expected to become empty.
    ends: Vec<u64>,
    /// The class of the time each host has left, at the time `now`.
    classes: Vec<u64>,
    now: u64,
    width: f64,
}

pub(super) fn build(setting: Setting<'_>) -> Box<dyn Policy> {
    let hosts = setting.fleet.len();
    Box::new(Lifetime {
        free: Free::new(setting.fleet),
        exact: setting.predictor.is_exact(),
        experience: Experience::default(),
        shortest: (setting.ticks_per_day as f64 * SHORTEST).max(1.0),
        guests: vec![Vec::new(); hosts],
        ends: vec![0; hosts],
        classes: vec![0; hosts],
        now: 0,
        width: LEAST_WIDTH,
    })
}

impl Lifetime {
    /// Whether predictions count.
    fn trusts(&self) -> bool {
        self.exact || self.experience.explained() >= LEAST_EXPLAINED
    }

    /// When a VM is expected to leave, in the light of experience.
    fn end(&self, vm: &Vm) -> u64 {
        if self.exact {
            return vm.predicted_end;
        }
        let told = vm.predicted_end.saturating_sub(vm.start).max(1) as f64;
        vm.start.saturating_add(libm::round(self.experience.correct(told)) as u64)
    }

    /// The class of a point in time, seen from `now`.
    fn class(&self, end: u64) -> u64 {
        let left = end.saturating_sub(self.now) as f64;
        libm::floor(libm::log(left + self.shortest) / self.width) as u64
    }
}

/// How ill a host that is in use until `has` suits a VM that needs it until `needs`: whether it is prolonged, and by how
/// much the two differ.
fn misfit(has: u64, needs: u64) -> (bool, u64) {
    (has < needs, has.abs_diff(needs))
}

impl Policy for Lifetime {
    fn arrange(&mut self, now: u64, vms: &mut [Vm]) {
        self.now = now;
        if !self.trusts() {
            return;
        }
        let size = |vm: &Vm| vm.demand;
        vms.sort_by_cached_key(|vm| (Reverse((self.end(vm), size(vm))), vm.id));
        if !self.exact {
            self.width = (WIDTH * self.experience.mean_error()).max(LEAST_WIDTH);
            for &host in &self.free.on {
                self.classes[host] = self.class(self.ends[host]);
            }
        }
    }

    fn find(&mut self, vm: &Vm, admit: &mut dyn FnMut(usize) -> bool) -> Option<usize> {
        let on = self.free.on.iter().copied();
        let mut with_room = on.filter(|&host| self.free.has_room(host, vm) && admit(host));
        if !self.trusts() {
            return with_room.next();
        }
        let end = self.end(vm);
        if self.exact {
            return with_room.min_by_key(|&host| misfit(self.ends[host], end));
        }
        let class = self.class(end);
        with_room.min_by_key(|&host| misfit(self.classes[host], class))
    }

    fn switch_on(&mut self, host: usize) {
        self.free.switch_on(host);
    }

    fn switch_off(&mut self, host: usize) {
        self.free.switch_off(host);
    }

    fn place(&mut self, host: usize, vm: &Vm) {
        self.free.place(host, vm);
        let end = self.end(vm);
        self.guests[host].push((vm.id, end));
        self.ends[host] = self.ends[host].max(end);
        if !self.exact {
            self.classes[host] = self.class(self.ends[host]);
        }
    }

    fn remove(&mut self, now: u64, host: usize, vm: &Vm) {
        self.free.remove(host, vm);
        let guests = &mut self.guests[host];
        let at = guests.iter().position(|&(id, _)| id == vm.id).expect("the VM is on the host");
        guests.swap_remove(at);
        self.ends[host] = guests.iter().map(|&(_, end)| end).max().unwrap_or(0);
        if !self.exact {
            let lifetime = |end: u64| end.saturating_sub(vm.start).max(1) as f64;
            self.experience.learn(lifetime(vm.predicted_end), lifetime(now));
        }
    }
}

/// What VMs that left have taught: sums over the logarithms of predicted (x) and true (y) lifetimes.
#[derive(Clone, Copy, Debug, Default)]
struct Experience {
    n: f64,
    x: f64,
    y: f64,
    xx: f64,
    xy: f64,
    yy: f64,
    error: f64,
}

impl Experience {
    fn learn(&mut self, predicted: f64, lifetime: f64) {
        let (x, y) = (libm::log(predicted), libm::log(lifetime));
        self.n += 1.0;
        self.x += x;
        self.y += y;
        self.xx += x * x;
        self.xy += x * y;
        self.yy += y * y;
        self.error += (x - y).abs();
    }

    /// The mean absolute error of the logarithm.
    fn mean_error(&self) -> f64 {
        self.error / self.n.max(1.0)
    }

    /// The share of the variance of the logarithm that predictions explain; 0 while VMs are few.
    fn explained(&self) -> f64 {
        let (xx, xy, yy) = self.moments();
        if self.n < FEWEST || xx <= 0.0 || yy <= 0.0 { 0.0 } else { xy * xy / (xx * yy) }
    }

    /// The lifetime to expect when one is told of `predicted`.
    fn correct(&self, predicted: f64) -> f64 {
        let (xx, xy, _) = self.moments();
        if xx <= 0.0 {
            return predicted;
        }
        let slope = (xy / xx).clamp(0.0, 1.0);
        let intercept = (self.y - slope * self.x) / self.n;
        libm::exp(intercept + slope * libm::log(predicted))
    }

    /// Variances and covariance, times `n`.
    fn moments(&self) -> (f64, f64, f64) {
        let n = self.n.max(1.0);
        (
            self.xx - self.x * self.x / n,
            self.xy - self.x * self.y / n,
            self.yy - self.y * self.y / n,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn experience_corrects_a_bias() {
        let mut experience = Experience::default();
        for lifetime in 1..=300 {
            // All lifetimes are overestimated threefold.
            experience.learn(3.0 * f64::from(lifetime), f64::from(lifetime));
        }
        assert!((experience.correct(600.0) - 200.0).abs() < 1e-6);
        assert!((experience.mean_error() - libm::log(3.0)).abs() < 1e-9);
        assert!(experience.explained() > 0.999);
    }

    #[test]
    fn noise_explains_nothing() {
        let mut experience = Experience::default();
        for (x, y) in (0..400).map(|i| (i % 20 + 1, i / 20 + 1)) {
            experience.learn(f64::from(x), f64::from(y));
        }
        assert!(experience.explained() < 1e-9);
    }
}
