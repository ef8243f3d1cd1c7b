//! What a run comes to.

use super::{CPU, Event, MEMORY, Observer, Phase, State, Status, Time, What};

/// Sums over a run. CPU times time is in thousandths of a core times milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// VMs asked for.
    pub arrived: u64,
    /// VMs that no host took.
    pub refused: u64,
    /// VMs given up.
    pub lost: u64,
    /// Migrations that ended on the new host.
    pub migrations: u64,
    /// Migrations that came to nothing.
    pub migrations_failed: u64,
    /// Actions that could not be carried out.
    pub declined: u64,
    /// What migrations sent, in bytes.
    pub bytes: u128,
    /// How long VMs stood still at the end of migrations, in milliseconds.
    pub migration_downtime: u128,
    /// How often a host went off.
    pub shutdowns: u64,
    /// The most hosts that were on at once.
    pub peak_hosts: u64,
    /// The time that hosts were on or waking, summed over hosts, in milliseconds.
    pub host_time: u128,
    /// The time that hosts were on with VMs, summed over hosts.
    pub active_time: u128,
    /// The part of `active_time` in which their VMs wanted more CPU than there was.
    pub overloaded_time: u128,
    /// Energy, in microjoules.
    pub energy: u128,
    /// CPU times time that running VMs wanted.
    pub wanted: u128,
    /// CPU times time that they wanted and did not get.
    pub short: u128,
    /// The part of `short` while the VM migrated.
    pub short_migrating: u128,
    /// CPU times time that running VMs had asked for.
    pub requested: u128,
    /// CPU times time that was reserved for them.
    pub reserved: u128,
    /// MiB times time that running VMs used beyond the memory that was reserved for them.
    pub memory_short: u128,
    /// The part of `memory_short` that their hosts did not have at all: MiB times time that the running VMs of a host used
    /// beyond its memory.
    pub memory_over: u128,
    /// How often a VM that was placed was given another allotment.
    pub allotments: u64,
    /// The time that VMs were on hosts, summed over VMs.
    pub vm_time: u128,
    /// The part of `vm_time` in which the VM did not run: its host had failed, or it was starting.
    pub down_time: u128,
}

impl Totals {
    /// Energy in kilowatt hours.
    pub fn energy_kwh(&self) -> f64 {
        self.energy as f64 / 3.6e12
    }

    /// The share of the time of active hosts in which they were overloaded (SLATAH, pooled).
    pub fn slatah(&self) -> f64 {
        share(self.overloaded_time, self.active_time)
    }

    /// The share of the CPU wanted that migrating VMs did not get (PDM, pooled).
    pub fn pdm(&self) -> f64 {
        share(self.short_migrating, self.wanted)
    }

    /// The share of the CPU wanted that VMs did not get.
    pub fn shortfall(&self) -> f64 {
        share(self.short, self.wanted)
    }

    /// The share of the CPU asked for that was not reserved.
    pub fn reclaimed(&self) -> f64 {
        1.0 - share(self.reserved, self.requested)
    }

    /// The share of their time on hosts in which VMs ran.
    pub fn availability(&self) -> f64 {
        1.0 - share(self.down_time, self.vm_time)
    }
}

fn share(part: u128, whole: u128) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Adds up [`Totals`].
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    totals: Totals,
    on: u64,
}

impl Ledger {
    /// The sums so far.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }
}

impl Observer for Ledger {
    fn held(&mut self, host: usize, from: Time, until: Time, state: &State<'_>) {
        let time = u128::from(until - from);
        let totals = &mut self.totals;
        let now = state.host(host);
        totals.energy += u128::from(state.milliwatts(host)) * time;
        if matches!(now.status, Status::On | Status::Waking) {
            totals.host_time += time;
        }
        if now.status == Status::On && !now.vms.is_empty() {
            totals.active_time += time;
            if now.wanted + now.overhead > state.capacity(host, CPU) {
                totals.overloaded_time += time;
            }
        }
        let used: u64 = now.vms.iter().map(|&vm| state.vm(vm).wanted[MEMORY]).sum();
        totals.memory_over += u128::from(used.saturating_sub(state.capacity(host, MEMORY))) * time;
        for &vm in &now.vms {
            let vm_now = state.vm(vm);
            totals.vm_time += time;
            if !vm_now.phase.runs() {
                totals.down_time += time;
                continue;
            }
            let short = u128::from(vm_now.wanted[CPU] - vm_now.granted) * time;
            totals.wanted += u128::from(vm_now.wanted[CPU]) * time;
            totals.short += short;
            if matches!(vm_now.phase, Phase::Migrating { .. }) {
                totals.short_migrating += short;
            }
            let reserved = &vm_now.allotment.reserved;
            totals.requested += u128::from(state.asked()[vm].request[CPU]) * time;
            totals.reserved += u128::from(reserved[CPU]) * time;
            let memory_short = vm_now.wanted[MEMORY].saturating_sub(reserved[MEMORY]);
            totals.memory_short += u128::from(memory_short) * time;
        }
    }

    fn event(&mut self, event: &Event, state: &State<'_>) {
        let totals = &mut self.totals;
        match event.what {
            What::Arrived { .. } => totals.arrived += 1,
            What::Refused { .. } => totals.refused += 1,
            What::Lost { .. } => totals.lost += 1,
            What::Allotted { vm } if state.vm(vm).phase.host().is_some() => totals.allotments += 1,
            What::Migrated { bytes, downtime, .. } => {
                totals.migrations += 1;
                totals.bytes += u128::from(bytes);
                totals.migration_downtime += u128::from(downtime);
            }
            What::MigrationFailed { .. } => totals.migrations_failed += 1,
            What::Declined { .. } => totals.declined += 1,
            What::HostWakes { .. } => {
                self.on += 1;
                totals.peak_hosts = totals.peak_hosts.max(self.on);
            }
            What::HostOff { .. } => {
                self.on -= 1;
                totals.shutdowns += 1;
            }
            _ => {}
        }
    }
}
