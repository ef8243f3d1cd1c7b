//! What every VM lacks: sums hide that a few VMs bear it all.

use super::forecast::nearest_rank;
use crate::operation::{CPU, Observer, State, Time};

/// What a VM lacked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lack {
    /// CPU times time that it wanted while it ran, in thousandths of a core times milliseconds.
    pub wanted: u128,
    /// The part that it did not get.
    pub short: u128,
    /// The greatest part of what it wanted that it did not get at an instant, in thousandths, rounded up.
    pub worst: u32,
}

/// Adds up what every VM lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shortfalls {
    vms: Vec<Lack>,
}

impl Shortfalls {
    /// What each VM lacked, by number; VMs that never ran may be left out.
    pub fn vms(&self) -> &[Lack] {
        &self.vms
    }

    /// The least share of the CPU wanted that a VM did not get over its life so that so many thousandths of the VMs that
    /// wanted any lack no more; 0 without VMs.
    pub fn quantile(&self, permille: u32) -> f64 {
        let shares = self.that_wanted().map(|lack| lack.short as f64 / lack.wanted as f64);
        let mut shares: Vec<f64> = shares.collect();
        shares.sort_by(f64::total_cmp);
        nearest_rank(&shares, permille).unwrap_or(0.0)
    }

    /// The same of the share that each lacked at its worst instant.
    pub fn worst_quantile(&self, permille: u32) -> f64 {
        let mut worst: Vec<u32> = self.that_wanted().map(|lack| lack.worst).collect();
        worst.sort_unstable();
        f64::from(nearest_rank(&worst, permille).unwrap_or(0)) / 1000.0
    }

    fn that_wanted(&self) -> impl Iterator<Item = &Lack> {
        self.vms.iter().filter(|lack| lack.wanted > 0)
    }
}

impl Observer for Shortfalls {
    fn held(&mut self, host: usize, from: Time, until: Time, state: &State<'_>) {
        for &vm in &state.host(host).vms {
            let now = state.vm(vm);
            let (wanted, granted) = (now.wanted[CPU], now.granted);
            if wanted == 0 {
                continue;
            }
            if self.vms.len() <= vm {
                self.vms.resize(vm + 1, Lack::default());
            }
            let lack = &mut self.vms[vm];
            lack.wanted += u128::from(wanted) * u128::from(until - from);
            lack.short += u128::from(wanted - granted) * u128::from(until - from);
            lack.worst = lack.worst.max(((wanted - granted) * 1000).div_ceil(wanted) as u32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_over_vms_that_wanted_cpu() {
        let lack = |wanted, short, worst| Lack { wanted, short, worst };
        let vms = vec![lack(10, 5, 1000), lack(0, 0, 0), lack(10, 0, 0), lack(10, 1, 200)];
        let shortfalls = Shortfalls { vms };
        assert!((shortfalls.quantile(1000) - 0.5).abs() < 1e-12);
        assert!((shortfalls.quantile(500) - 0.1).abs() < 1e-12);
        assert!((shortfalls.worst_quantile(667) - 1.0).abs() < 1e-12);
        assert!((shortfalls.worst_quantile(666) - 0.2).abs() < 1e-12);
        assert!(Shortfalls::default().quantile(950).abs() < 1e-12);
    }
}
