//! What migrations cost.

use crate::operation::{Event, Observer, State, Time, What};

/// Prices of what migrations take, in whatever unit of cost the user reckons in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Charge {
    /// Of a GiB that is sent.
    pub gib: f64,
    /// Of a second that a VM is stopped.
    pub downtime_s: f64,
    /// Of a core that VMs go without for a second because they are migrated.
    pub core_s: f64,
}

/// What the migrations of a run took: an observer that adds it up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Bytes sent by migrations that ended: `V_mig`.
    pub bytes: u128,
    /// How long VMs were stopped, in ms: `T_down`.
    pub downtime: u128,
    /// CPU that migrations took from the hosts that VMs left, in thousandths of a core times ms.
    pub degradation: u128,
}

impl Spent {
    /// The cost at these prices, `a V_mig + b T_down + c C_d`.
    ///
    /// # Examples
    /// ```
    /// use vmpack_sim::migration::{Charge, Spent};
    ///
    /// let spent = Spent { bytes: 3 << 30, downtime: 500, degradation: 2_000_000 };
    /// let charge = Charge { gib: 1.0, downtime_s: 10.0, core_s: 0.5 };
    /// assert_eq!(spent.cost(&charge), 3.0 + 5.0 + 1.0);
    /// ```
    pub fn cost(&self, charge: &Charge) -> f64 {
        let [gib, downtime_s, core_s] =
            [(self.bytes, (1_u64 << 30) as f64), (self.downtime, 1e3), (self.degradation, 1e6)]
                .map(|(amount, unit)| amount as f64 / unit);
        charge.gib * gib + charge.downtime_s * downtime_s + charge.core_s * core_s
    }
}

impl Observer for Spent {
    fn held(&mut self, host: usize, from: Time, until: Time, state: &State<'_>) {
        self.degradation += u128::from(state.host(host).overhead) * u128::from(until - from);
    }

    fn event(&mut self, event: &Event, _: &State<'_>) {
        if let What::Migrated { bytes, downtime, .. } = event.what {
            self.bytes += u128::from(bytes);
            self.downtime += u128::from(downtime);
        }
    }
}
