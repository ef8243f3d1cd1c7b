//! The section `[placement]`.

use serde::Deserialize;

use super::Scene;
use crate::arrivals::{Admission, MAX_RESOURCES, Policy, Predictor, policy};
use crate::operation::Setting;

/// Where VMs go that come, and what becomes of those that no host takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Placement {
    /// A policy of replays of arrivals.
    policy: String,
    /// What becomes of VMs that no host takes: they wait, or are rejected if it is left out.
    queue: Option<Queue>,
    /// How long a host takes to switch on, in seconds.
    host_boot_s: u32,
    /// How long a VM takes to start, in seconds.
    vm_boot_s: u32,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Queue {
    Fcfs,
    Backfill,
}

impl Default for Placement {
    fn default() -> Self {
        Self { policy: "first-fit".to_owned(), queue: None, host_boot_s: 0, vm_boot_s: 0 }
    }
}

impl Placement {
    pub(super) fn setting(&self, end: u64) -> Result<Setting, String> {
        self.named()?;
        let admission = match self.queue {
            None => Admission::Reject,
            Some(Queue::Fcfs) => Admission::Fcfs,
            Some(Queue::Backfill) => Admission::Backfill,
        };
        let milliseconds = |seconds: u32| u64::from(seconds) * 1000;
        Ok(Setting {
            admission,
            host_boot: milliseconds(self.host_boot_s),
            vm_boot: milliseconds(self.vm_boot_s),
            ..Setting::until(end)
        })
    }

    /// A policy for the hosts of a run.
    ///
    /// # Panics
    /// If there is none of that name, which [`Placement::setting`] has refused.
    pub(super) fn policy(&self, scene: &Scene<'_>) -> Box<dyn Policy> {
        (self.named().expect("its name was checked").build)(policy::Setting {
            fleet: scene.hosts.fleet(),
            least: &[0; MAX_RESOURCES],
            predictor: &Predictor::new(0.0, scene.seed),
            ticks_per_day: 86_400_000,
            seed: scene.seed,
        })
    }

    fn named(&self) -> Result<&'static policy::Named, String> {
        policy::named(&self.policy).ok_or_else(|| {
            let names: Vec<&str> = policy::POLICIES.iter().map(|policy| policy.name).collect();
            format!("policy: there is no policy {:?}: they are {}", self.policy, names.join(", "))
        })
    }
}
