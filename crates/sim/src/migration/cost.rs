//! What a migration costs.

use super::Completed;

/// Prices of what a migration takes, in whatever unit of cost the user reckons in.
///
/// The cost is `a V_mig + b T_down + c C_d`: bytes sent, time stopped, and the work that the VM could not do because the
/// migration slowed it down while it ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// Per byte that was sent: `a`.
    pub byte: u64,
    /// Per ms that the VM was stopped: `b`.
    pub downtime: u64,
    /// Per thousandth of a core that it went without for a ms: `c`.
    pub degradation: u64,
    /// The share of its CPU that a VM goes without while it is migrated, in thousandths; `CloudSim` takes a tenth.
    pub slowdown: u64,
}

impl Default for Charge {
    /// One per byte, nothing else, and a tenth of the CPU is lost.
    fn default() -> Self {
        Self { byte: 1, downtime: 0, degradation: 0, slowdown: 100 }
    }
}

impl Charge {
    /// What a VM of so many thousandths of a core went without during a migration while it was not stopped, in
    /// thousandths of a core times ms, rounded up: `C_d`.
    pub fn degradation(&self, completed: &Completed, cpu: u64) -> u128 {
        let running = (completed.ended - completed.started).saturating_sub(completed.downtime);
        (u128::from(running) * u128::from(cpu) * u128::from(self.slowdown)).div_ceil(1000)
    }

    /// What the migration of a VM of so many thousandths of a core cost.
    pub fn cost(&self, completed: &Completed, cpu: u64) -> u128 {
        u128::from(self.byte) * u128::from(completed.bytes)
            + u128::from(self.downtime) * u128::from(completed.downtime)
            + u128::from(self.degradation) * self.degradation(completed, cpu)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_up_bytes_downtime_and_work_undone() {
        let completed = Completed {
            vm: 0,
            from: 0,
            to: 1,
            asked: 0,
            started: 100,
            ended: 1150,
            bytes: 5000,
            downtime: 50,
            rounds: 2,
        };
        let charge = Charge { byte: 2, downtime: 3, degradation: 5, slowdown: 100 };
        // A tenth of two cores for a second.
        assert_eq!(charge.degradation(&completed, 2000), 200_000);
        assert_eq!(charge.cost(&completed, 2000), 2 * 5000 + 3 * 50 + 5 * 200_000);
    }
}
