//! VMs that are too far from their users.

use super::Sites;
use crate::operation::{Action, Controller, Phase, State, Status, Time};

/// Moves VMs that run beyond their latency limit to the nearest site within it that has a host on with room, every so
/// often; a host takes in one VM at a time. Linear in VMs, and in hosts for each that is too far.
#[derive(Clone, Debug)]
pub struct HandOver<'a> {
    sites: &'a Sites,
    period: Time,
    due: Time,
    /// Whether a host takes in a VM already.
    taken: Vec<bool>,
}

impl<'a> HandOver<'a> {
    /// Every so many milliseconds.
    ///
    /// # Panics
    /// If the period is 0.
    pub fn new(sites: &'a Sites, period: Time) -> Self {
        assert!(period > 0, "time passes");
        Self { sites, period, due: period, taken: Vec::new() }
    }
}

impl Controller for HandOver<'_> {
    fn due(&self) -> Option<Time> {
        Some(self.due)
    }

    fn act(&mut self, state: &State<'_>, actions: &mut Vec<Action>) {
        self.due = state.now() + self.period;
        let hosts = state.hosts().all();
        self.taken.clear();
        self.taken.extend((0..hosts.len()).map(|host| !state.host(host).incoming.is_empty()));
        for (from, host) in hosts.iter().enumerate() {
            for &vm in &state.host(from).vms {
                let asked = &state.asked()[vm];
                let runs = matches!(state.vm(vm).phase, Phase::Running { .. });
                if !runs || self.sites.reaches(asked, host.site as usize) {
                    continue;
                }
                let reserved = &state.vm(vm).allotment.reserved;
                let takes = |&to: &usize| {
                    let now = state.host(to);
                    self.sites.reaches(asked, hosts[to].site as usize)
                        && now.status == Status::On
                        && !now.cordoned
                        && !self.taken[to]
                        && state.has_room(to, reserved)
                };
                let latency = |&to: &usize| self.sites.latency(asked, hosts[to].site as usize);
                if let Some(to) = (0..hosts.len()).filter(takes).min_by_key(latency) {
                    self.taken[to] = true;
                    actions.push(Action::Migrate { vm, to });
                }
            }
        }
    }
}
