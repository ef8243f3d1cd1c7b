//! What is measured of hosts and VMs: states with the time that each lasts.

use super::changes::{Change, Changes};

/// A state of a host at an instant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HostState {
    pub(crate) time: f64,
    /// MIPS in use.
    pub(crate) used: f64,
    /// MIPS asked for.
    pub(crate) requested: f64,
    pub(crate) active: bool,
}

/// The states of a host, summed up; a state lasts until the next, one at the same time replaces it.
#[derive(Clone, Debug)]
pub(crate) struct HostLog {
    last: Option<HostState>,
    tolerance: f64,
    active_s: f64,
    short_s: f64,
    was_active: bool,
    on_since: f64,
    /// Seconds from switching on to switching off, one for each shutdown.
    uptimes: Vec<f64>,
}

impl HostLog {
    pub(crate) fn new(changes: Changes, holds_vms: bool) -> Self {
        Self {
            last: None,
            tolerance: if changes.has(Change::ViolationTolerance) { 1e-6 } else { 0.0 },
            active_s: 0.0,
            short_s: 0.0,
            was_active: holds_vms || !changes.has(Change::RealShutdowns),
            on_since: 0.0,
            uptimes: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, state: HostState) {
        if let Some(last) = self.last.filter(|last| last.time < state.time) {
            self.close(last, state.time);
        }
        self.last = Some(state);
    }

    /// Lets the last state end; CloudSim counts what it is, but no time of it.
    pub(crate) fn finish(&mut self, time: f64) {
        if let Some(last) = self.last.take() {
            self.close(last, time.max(last.time));
        }
    }

    fn close(&mut self, state: HostState, until: f64) {
        let seconds = until - state.time;
        if state.active {
            self.active_s += seconds;
            if state.used < state.requested - self.tolerance * state.requested {
                self.short_s += seconds;
            }
            if !self.was_active {
                self.on_since = state.time;
            }
        } else if self.was_active {
            self.uptimes.push(state.time - self.on_since);
        }
        self.was_active = state.active;
    }
}

/// A state of a VM at an instant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VmState {
    pub(crate) time: f64,
    /// MIPS that it gets.
    pub(crate) allocated: f64,
    /// MIPS that it asks for.
    pub(crate) requested: f64,
    pub(crate) migrating: bool,
}

/// The states of a VM, summed up.
#[derive(Clone, Debug, Default)]
pub(crate) struct VmLog {
    last: Option<VmState>,
    /// MIPS x seconds.
    requested: f64,
    allocated: f64,
    /// MIPS x seconds short while migrating.
    degraded: f64,
    shortfalls: f64,
    short_states: u64,
    was_migrating: bool,
    migration_from: f64,
    settled_from: f64,
    migration_times: Vec<f64>,
    gaps: Vec<f64>,
}

impl VmLog {
    pub(crate) fn push(&mut self, state: VmState) {
        if let Some(last) = self.last.filter(|last| last.time < state.time) {
            self.close(last, state.time);
        }
        self.last = Some(state);
    }

    /// Lets the last state end, if it lasts at all: CloudSim does not count it.
    pub(crate) fn finish(&mut self, time: f64) {
        if let Some(last) = self.last.take().filter(|last| last.time < time) {
            self.close(last, time);
        }
    }

    fn close(&mut self, state: VmState, until: f64) {
        let seconds = until - state.time;
        let short = state.requested - state.allocated;
        self.requested += state.requested * seconds;
        self.allocated += state.allocated * seconds;
        if state.allocated < state.requested {
            self.shortfalls += short / state.requested;
            self.short_states += 1;
            if state.migrating {
                self.degraded += short * seconds;
            }
        }
        match (self.was_migrating, state.migrating) {
            (false, true) => {
                self.migration_from = state.time;
                self.gaps.push(state.time - self.settled_from);
            }
            (true, false) => {
                self.settled_from = state.time;
                self.migration_times.push(state.time - self.migration_from);
            }
            (false, false) | (true, true) => {}
        }
        self.was_migrating = state.migrating;
    }
}

/// Service levels over a replay; symbols and definitions are in `METHODOLOGY.md`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ServiceLevel {
    /// Time that hosts fell short / time that hosts were active, of sums over hosts.
    pub slatah_pooled: f64,
    /// The mean over hosts that were ever active of the share of its active time in which a host fell short.
    pub slatah_mean: f64,
    /// MIPS x seconds short while migrating / MIPS x seconds requested.
    pub pdm: f64,
    /// MIPS x seconds short / MIPS x seconds requested.
    pub overall_sla_violation: f64,
    /// The mean relative shortfall of states of VMs that fall short, whatever time they last.
    pub average_sla_violation: f64,
    /// Times that a host was switched off.
    pub host_shutdowns: u64,
    /// Mean seconds from switching a host on to switching it off.
    pub mean_time_before_shutdown_s: f64,
    /// Mean seconds before a migration.
    pub mean_time_before_migration_s: f64,
}

impl ServiceLevel {
    pub(crate) fn new<'a>(
        hosts: impl Iterator<Item = &'a HostLog>,
        vms: impl Iterator<Item = &'a VmLog>,
        changes: Changes,
    ) -> Self {
        let (mut active, mut short, mut shares, mut ever_active) = (0.0, 0.0, 0.0, 0.0);
        let mut uptimes = Mean::default();
        for host in hosts {
            active += host.active_s;
            short += host.short_s;
            if host.active_s > 0.0 {
                shares += host.short_s / host.active_s;
                ever_active += 1.0;
            }
            uptimes.extend(&host.uptimes);
        }
        let (mut requested, mut allocated, mut degraded) = (0.0, 0.0, 0.0);
        let (mut shortfalls, mut short_states) = (0.0, 0);
        let mut gaps = Mean::default();
        for vm in vms {
            requested += vm.requested;
            allocated += vm.allocated;
            degraded += vm.degraded;
            shortfalls += vm.shortfalls;
            short_states += vm.short_states;
            let is_gap = changes.has(Change::MigrationGap);
            gaps.extend(if is_gap { &vm.gaps } else { &vm.migration_times });
        }
        Self {
            slatah_pooled: ratio(short, active),
            slatah_mean: ratio(shares, ever_active),
            pdm: ratio(degraded, requested),
            overall_sla_violation: ratio(requested - allocated, requested),
            average_sla_violation: ratio(shortfalls, short_states as f64),
            host_shutdowns: uptimes.count,
            mean_time_before_shutdown_s: uptimes.mean(),
            mean_time_before_migration_s: gaps.mean(),
        }
    }
}

/// 0 of nothing.
fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

#[derive(Default)]
struct Mean {
    sum: f64,
    count: u64,
}

impl Mean {
    fn extend(&mut self, values: &[f64]) {
        self.sum += values.iter().sum::<f64>();
        self.count += values.len() as u64;
    }

    fn mean(&self) -> f64 {
        ratio(self.sum, self.count as f64)
    }
}
