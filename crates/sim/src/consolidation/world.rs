//! The hosts and VMs of a replay, and how their state follows the trace.

use super::changes::{Change, Changes};
use super::cpu::{Guest, Presence, Sharing, grown};
use super::metrics::{HostLog, HostState, VmLog, VmState};
use super::study::{INTERVAL, MIGRATION_MB_PER_SECOND, Study};
use super::trace::Instant;
use super::{Event, ReplayError, What};

/// Utilisations that detectors and selection rules look back on.
pub(crate) const HISTORY: usize = 30;
/// When CPU starts to be used, in seconds.
pub(crate) const START: f64 = 0.1;
/// The size of a new hash table.
const TABLE: u32 = 16;

/// A VM moves to a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    pub(crate) vm: usize,
    pub(crate) target: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct Vm {
    /// The host that it runs on.
    pub(crate) host: usize,
    /// The hosts that it is on its way to.
    targets: Vec<usize>,
    pub(crate) migrating: bool,
    pub(crate) removed: bool,
    /// The share of its CPU that it asks for.
    pub(crate) load: f64,
    /// MIPS that it asks for.
    pub(crate) request: f64,
    /// Loads at ticks, the oldest first.
    pub(crate) history: Vec<f64>,
    recorded: f64,
    log: VmLog,
}

#[derive(Clone, Debug)]
pub(crate) struct Host {
    /// The VMs that run here or are on their way here.
    pub(crate) vms: Vec<usize>,
    /// MIPS of each of them.
    pub(crate) allocation: Vec<f64>,
    /// MIPS that are not reserved.
    pub(crate) free: f64,
    /// Memory that is reserved, in MB.
    pub(crate) ram_used: u64,
    /// MIPS in use.
    pub(crate) used: f64,
    /// MIPS in use at the update before.
    previous: f64,
    /// The size of the hash table that CloudSim keeps the VMs in.
    pub(crate) table: u32,
    /// Utilisations at ticks, the oldest first.
    pub(crate) history: Vec<f64>,
    log: HostLog,
}

#[derive(Clone, Copy, Debug)]
struct Arrival {
    time: f64,
    moved: Move,
}

/// The state of a replay.
#[derive(Debug)]
pub(crate) struct World<'a> {
    pub(crate) study: &'a Study,
    pub(crate) changes: Changes,
    pub(crate) hosts: Vec<Host>,
    pub(crate) vms: Vec<Vm>,
    /// Watt-seconds.
    pub(crate) energy: f64,
    pub(crate) migrations: u64,
    /// What has happened to VMs that nobody was told of yet.
    pub(crate) events: Vec<Event>,
    updated: f64,
    arrivals: Vec<Arrival>,
    guests: Vec<Guest>,
}

impl<'a> World<'a> {
    /// VMs are on the hosts that are given, of which each reserves its memory and all of its CPU.
    pub(crate) fn new(study: &'a Study, changes: Changes, placement: &[usize]) -> Self {
        let mut hosts: Vec<Host> = (0..study.hosts)
            .map(|_| Host {
                vms: Vec::new(),
                allocation: Vec::new(),
                free: 0.0,
                ram_used: 0,
                used: 0.0,
                previous: 0.0,
                table: TABLE,
                history: Vec::new(),
                log: HostLog::new(changes, false),
            })
            .collect();
        let remembers_ram = changes.has(Change::RamEnforced);
        for (vm, &host) in placement.iter().enumerate() {
            let host = &mut hosts[host];
            host.vms.push(vm);
            host.table = grown(host.table, host.vms.len());
            if remembers_ram {
                host.ram_used += study.vm_kind(vm).ram_mb;
            }
            host.log = HostLog::new(changes, true);
        }
        let vms = placement
            .iter()
            .map(|&host| Vm {
                host,
                targets: Vec::new(),
                migrating: false,
                removed: false,
                load: 0.0,
                request: 0.0,
                history: Vec::new(),
                recorded: 0.0,
                log: VmLog::default(),
            })
            .collect();
        Self {
            study,
            changes,
            hosts,
            vms,
            energy: 0.0,
            migrations: 0,
            events: Vec::new(),
            updated: 0.0,
            arrivals: Vec::new(),
            guests: Vec::new(),
        }
    }

    /// Memory that a VM asks its next host for.
    pub(crate) fn ram_demand(&self, vm: usize) -> u64 {
        if self.changes.has(Change::RamEnforced) { self.study.vm_kind(vm).ram_mb } else { 0 }
    }

    /// MIPS that a VM asks a host for.
    pub(crate) fn request_on(&self, vm: usize, host: usize) -> f64 {
        let request = self.vms[vm].request;
        if self.changes.has(Change::RequestCapped) {
            request.min(self.study.host_kind(host).core_mips)
        } else {
            request
        }
    }

    /// How a host shares its CPU, with a hash table of that size.
    pub(crate) fn sharing(&self, host: usize, table: u32) -> Sharing {
        let kind = self.study.host_kind(host);
        Sharing { core: kind.core_mips, capacity: kind.mips, changes: self.changes, table }
    }

    /// Whether a host draws power between updates.
    fn is_on(&self, host: usize) -> bool {
        let host = &self.hosts[host];
        if self.changes.has(Change::IdleHostOn) {
            !host.vms.is_empty()
        } else if self.changes.has(Change::RiseCharged) {
            host.previous > 0.0 || host.used > 0.0
        } else {
            host.previous > 0.0
        }
    }

    /// Brings all hosts to the loads of an instant, and charges the time since the last update.
    ///
    /// # Errors
    /// If a host is used beyond its capacity, which ends a run of CloudSim.
    pub(crate) fn update(&mut self, time: f64, is_tick: bool) -> Result<(), ReplayError> {
        for host in 0..self.hosts.len() {
            self.update_host(host, time, is_tick);
        }
        let seconds = time - self.updated;
        if seconds > 0.0 {
            self.charge(seconds)?;
        }
        if !self.changes.has(Change::VmsKept) {
            self.remove_idle_vms(time);
        }
        self.updated = time;
        Ok(())
    }

    fn update_host(&mut self, h: usize, time: f64, is_tick: bool) {
        let instant = Instant::new(time);
        let at_tick = if self.changes.has(Change::HistoryAtTicks) {
            is_tick
        } else {
            (time - START) % INTERVAL == 0.0
        };
        let kind = self.study.host_kind(h);
        let sharing = self.sharing(h, self.hosts[h].table);
        let host = &mut self.hosts[h];
        self.guests.clear();
        for &v in &host.vms {
            let vm = &mut self.vms[v];
            vm.load = self.study.trace.load(v, instant);
            vm.request = vm.load * self.study.vm_kind(v).mips;
            if at_tick && time > vm.recorded {
                vm.history.push(vm.load);
                vm.recorded = time;
            }
            let presence = if vm.targets.contains(&h) {
                Presence::Incoming
            } else if vm.migrating {
                Presence::Leaving
            } else {
                Presence::Settled
            };
            self.guests.push(Guest { vm: v, request: vm.request, presence });
        }
        host.free = sharing.allocate(&self.guests, &mut host.allocation);
        let (mut used, mut requested) = (0.0, 0.0);
        for (guest, &allocated) in self.guests.iter().zip(&host.allocation) {
            let vm = &mut self.vms[guest.vm];
            let mut asked = guest.request;
            if self.changes.has(Change::RequestCapped) {
                asked = asked.min(kind.core_mips);
            }
            if guest.presence != Presence::Incoming {
                let migrating = vm.migrating;
                vm.log.push(VmState { time, allocated, requested: asked, migrating });
            } else if self.changes.has(Change::IncomingAsksForShare) {
                asked = 0.1 * asked.min(kind.core_mips);
            }
            let is_leaving = guest.presence == Presence::Leaving;
            used += if is_leaving { allocated / 0.9 } else { allocated };
            requested += asked;
        }
        host.previous = std::mem::replace(&mut host.used, used);
        if is_tick {
            host.history.push(used / kind.mips);
        }
        let on = self.changes.has(Change::IdleHostOn) && !host.vms.is_empty();
        host.log.push(HostState { time, used, requested, active: on || used > 0.0 });
    }

    fn charge(&mut self, seconds: f64) -> Result<(), ReplayError> {
        let mut energy = 0.0;
        for h in 0..self.hosts.len() {
            if self.is_on(h) {
                let (before, now) = (self.hosts[h].previous, self.hosts[h].used);
                let (before, now) = (self.watts(h, before)?, self.watts(h, now)?);
                energy += (before + (now - before) / 2.0) * seconds;
            }
        }
        self.energy += energy;
        Ok(())
    }

    fn watts(&self, host: usize, used: f64) -> Result<f64, ReplayError> {
        let kind = self.study.host_kind(host);
        let utilisation = used / kind.mips;
        if utilisation >= 1.01 && !self.changes.has(Change::LoadClamped) {
            return Err(ReplayError::Overused { host, utilisation });
        }
        Ok(kind.power.watts(utilisation))
    }

    fn remove_idle_vms(&mut self, time: f64) {
        let vms = &mut self.vms;
        for host in &mut self.hosts {
            let mut kept = 0;
            for at in 0..host.vms.len() {
                let vm = &mut vms[host.vms[at]];
                if !vm.migrating && vm.request == 0.0 {
                    vm.removed = true;
                    self.events.push(Event { time, vm: host.vms[at], what: What::Removed });
                    host.ram_used -= if self.changes.has(Change::RamEnforced) {
                        self.study.vm_kind(host.vms[at]).ram_mb
                    } else {
                        0
                    };
                } else {
                    host.vms[kept] = host.vms[at];
                    host.allocation[kept] = host.allocation[at];
                    kept += 1;
                }
            }
            host.vms.truncate(kept);
            host.allocation.truncate(kept);
        }
    }

    /// Begins to move VMs, in order.
    pub(crate) fn start(&mut self, moves: &[Move], time: f64) {
        for &moved in moves {
            let Move { vm, target } = moved;
            let demand = self.ram_demand(vm);
            self.events.push(Event { time, vm, what: What::Moves(target) });
            self.vms[vm].migrating = true;
            self.vms[vm].targets.push(target);
            let host = &mut self.hosts[target];
            host.ram_used += demand;
            insert(&mut host.vms, vm, self.changes);
            host.table = grown(host.table, host.vms.len());
            self.update_host(target, time, false);
            self.update_host(self.vms[vm].host, time, false);
            self.migrations += 1;
            let duration = self.study.vm_kind(vm).ram_mb as f64 / MIGRATION_MB_PER_SECOND;
            self.arrivals.push(Arrival { time: time + duration, moved });
        }
    }

    /// Lets all VMs arrive that are on their way.
    ///
    /// # Errors
    /// As [`Self::update`].
    pub(crate) fn finish(&mut self) -> Result<(), ReplayError> {
        let mut arrivals = std::mem::take(&mut self.arrivals);
        arrivals.sort_by(|a, b| a.time.total_cmp(&b.time));
        for instant in arrivals.chunk_by(|a, b| a.time.to_bits() == b.time.to_bits()) {
            let time = instant[0].time;
            self.update(time, false)?;
            for arrival in instant {
                self.arrive(arrival.moved);
                self.events.push(Event { time, vm: arrival.moved.vm, what: What::Moved });
            }
            self.update(time, false)?;
        }
        arrivals.clear();
        self.arrivals = arrivals;
        Ok(())
    }

    fn arrive(&mut self, Move { vm: v, target }: Move) {
        let demand = self.ram_demand(v);
        let changes = self.changes;
        let vm = &mut self.vms[v];
        let source = &mut self.hosts[vm.host];
        source.vms.retain(|&other| other != v);
        source.ram_used -= demand;
        vm.targets.retain(|&host| host != target);
        vm.migrating = false;
        vm.host = target;
        let target = &mut self.hosts[target];
        target.vms.retain(|&other| other != v);
        insert(&mut target.vms, v, changes);
    }

    /// Ends the logs; the last states last until then.
    pub(crate) fn finish_logs(&mut self, time: f64) {
        self.hosts.iter_mut().for_each(|host| host.log.finish(time));
        self.vms.iter_mut().filter(|vm| !vm.removed).for_each(|vm| vm.log.finish(time));
    }

    /// Every VM is on its host once, on its way to its targets once, and nowhere else; no host gives more than it has.
    #[cfg(test)]
    pub(crate) fn assert_conserved(&self) {
        let mut listed = vec![0; self.vms.len()];
        for (h, host) in self.hosts.iter().enumerate() {
            let kind = self.study.host_kind(h);
            let mut ram = 0;
            for &vm in &host.vms {
                listed[vm] += 1;
                ram += self.ram_demand(vm);
                let vm = &self.vms[vm];
                assert!(vm.host == h || vm.targets.contains(&h), "a VM is not meant to be on {h}");
                assert!(!vm.removed);
            }
            assert_eq!(host.ram_used, ram, "host {h}");
            assert!(ram <= kind.ram_mb, "host {h} holds {ram} MB");
            assert!(host.used <= kind.mips * (1.0 + 1e-9), "host {h} uses {} MIPS", host.used);
        }
        for (vm, &listed) in listed.iter().enumerate() {
            let places = if self.vms[vm].removed { 0 } else { 1 + self.vms[vm].targets.len() };
            assert_eq!(listed, places, "VM {vm}");
        }
    }

    pub(crate) fn host_logs(&self) -> impl Iterator<Item = &HostLog> {
        self.hosts.iter().map(|host| &host.log)
    }

    pub(crate) fn vm_logs(&self) -> impl Iterator<Item = &VmLog> {
        self.vms.iter().map(|vm| &vm.log)
    }
}

/// Lists a VM last, or in the place of its number.
pub(crate) fn insert(vms: &mut Vec<usize>, vm: usize, changes: Changes) {
    let at = if changes.has(Change::ListedByNumber) {
        vms.partition_point(|&other| other < vm)
    } else {
        vms.len()
    };
    vms.insert(at, vm);
}
