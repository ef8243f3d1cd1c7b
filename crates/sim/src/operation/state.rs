//! Where everything is.

use super::share::{Claim, share};
use super::{Allotment, CPU, Hosts, Time, Vm};
use crate::arrivals::Demand;

/// Where a VM is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It has not been asked for yet.
    Expected,
    /// It is asked for, and has no host.
    Waiting,
    /// It has a host, where it does not run yet.
    Starting {
        /// The host.
        host: usize,
    },
    /// It runs.
    Running {
        /// Where.
        host: usize,
    },
    /// It runs, while its memory is copied to another host, which has set aside what it reserves.
    Migrating {
        /// Where it runs.
        from: usize,
        /// Where it will run.
        to: usize,
    },
    /// It stands still, as its host has failed.
    Down {
        /// The host.
        host: usize,
    },
    /// It has left.
    Gone,
    /// It never got a host, or was given up.
    Lost,
}

impl Phase {
    /// The host that it is on: while it migrates, the one where it runs.
    pub const fn host(self) -> Option<usize> {
        match self {
            Self::Starting { host } | Self::Running { host } | Self::Down { host } => Some(host),
            Self::Migrating { from, .. } => Some(from),
            Self::Expected | Self::Waiting | Self::Gone | Self::Lost => None,
        }
    }

    /// Whether it runs.
    pub const fn runs(self) -> bool {
        matches!(self, Self::Running { .. } | Self::Migrating { .. })
    }
}

/// What a host does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is off.
    Off,
    /// It is being switched on.
    Waking,
    /// It works.
    On,
    /// It has failed.
    Failed,
}

/// A VM at an instant.
#[derive(Clone, Copy, Debug)]
pub struct VmState {
    /// Where it is in its life.
    pub phase: Phase,
    /// When it was first placed.
    pub placed: Time,
    /// What it has a claim to.
    pub allotment: Allotment,
    /// What it would use now; nothing unless it runs.
    pub wanted: Demand,
    /// The CPU that it gets.
    pub granted: u64,
}

/// A host at an instant.
#[derive(Clone, Debug)]
pub struct HostState {
    /// What it does.
    pub status: Status,
    /// Whether it takes no new VMs.
    pub cordoned: bool,
    /// Whether a controller keeps it on while it is empty.
    pub kept_on: bool,
    /// How much of its CPU works, in thousandths.
    pub permille: u32,
    /// The VMs on it, those that migrate away from it among them, in the order in which they came.
    pub vms: Vec<usize>,
    /// The VMs that migrate to it.
    pub incoming: Vec<usize>,
    /// What is set aside on it, for those that migrate to it as well.
    pub committed: Demand,
    /// The CPU that its VMs would use.
    pub wanted: u64,
    /// The CPU that they get.
    pub granted: u64,
    /// The CPU that migrations take on it.
    pub overhead: u64,
    /// Since when it has been as it is.
    pub since: Time,
}

/// A cluster at an instant. Controllers and observers read it, only the engine changes it.
#[derive(Debug)]
pub struct State<'a> {
    pub(super) now: Time,
    vms_asked: &'a [Vm],
    hosts_there: &'a Hosts,
    vms: Vec<VmState>,
    hosts: Vec<HostState>,
    /// Room for claims and grants.
    claims: Vec<Claim>,
    grants: Vec<u64>,
}

impl<'a> State<'a> {
    pub(super) fn new(hosts: &'a Hosts, vms: &'a [Vm]) -> Self {
        let vm = |vm: &Vm| VmState {
            phase: Phase::Expected,
            placed: 0,
            allotment: Allotment::fixed(&vm.request),
            wanted: Demand::default(),
            granted: 0,
        };
        let host = HostState {
            status: Status::Off,
            cordoned: false,
            kept_on: false,
            permille: 1000,
            vms: Vec::new(),
            incoming: Vec::new(),
            committed: Demand::default(),
            wanted: 0,
            granted: 0,
            overhead: 0,
            since: 0,
        };
        Self {
            now: 0,
            vms_asked: vms,
            hosts_there: hosts,
            vms: vms.iter().map(vm).collect(),
            hosts: vec![host; hosts.len()],
            claims: Vec::new(),
            grants: Vec::new(),
        }
    }

    /// The time, in milliseconds.
    pub fn now(&self) -> Time {
        self.now
    }

    /// The VMs as they are asked for.
    pub fn asked(&self) -> &'a [Vm] {
        self.vms_asked
    }

    /// The hosts that there are.
    pub fn hosts(&self) -> &'a Hosts {
        self.hosts_there
    }

    /// A VM as it is now.
    pub fn vm(&self, vm: usize) -> &VmState {
        &self.vms[vm]
    }

    /// A host as it is now.
    pub fn host(&self, host: usize) -> &HostState {
        &self.hosts[host]
    }

    /// What a host has of a resource: of CPU, what works.
    pub fn capacity(&self, host: usize, resource: usize) -> u64 {
        let capacity = self.hosts_there[host].capacity[resource];
        if resource == CPU {
            capacity * u64::from(self.hosts[host].permille) / 1000
        } else {
            capacity
        }
    }

    /// What a host has of a resource that is not set aside; 0 if it has set aside more than it has.
    pub fn free(&self, host: usize, resource: usize) -> u64 {
        let capacity = self.hosts_there[host].capacity[resource];
        capacity.saturating_sub(self.hosts[host].committed[resource])
    }

    /// Whether a host has room for a demand.
    pub fn has_room(&self, host: usize, demand: &Demand) -> bool {
        (0..self.hosts_there.resources()).all(|r| self.free(host, r) >= demand[r])
    }

    /// The power that a host draws, in milliwatts. Empty hosts that are on draw what they draw when idle.
    pub fn milliwatts(&self, host: usize) -> u64 {
        let state = &self.hosts[host];
        let power = &self.hosts_there[host].power;
        match state.status {
            Status::Off | Status::Failed => 0,
            Status::Waking => power.milliwatts(0, 1),
            Status::On => {
                let capacity = self.hosts_there[host].capacity[CPU];
                power.milliwatts((state.granted + state.overhead).min(capacity), capacity)
            }
        }
    }

    pub(super) fn vm_mut(&mut self, vm: usize) -> &mut VmState {
        &mut self.vms[vm]
    }

    pub(super) fn host_mut(&mut self, host: usize) -> &mut HostState {
        &mut self.hosts[host]
    }

    /// Sets aside what a VM reserves.
    pub(super) fn commit(&mut self, host: usize, demand: &Demand) {
        let committed = &mut self.hosts[host].committed;
        committed.iter_mut().zip(demand).for_each(|(sum, more)| *sum += more);
    }

    /// Gives back what a VM has reserved.
    pub(super) fn give_back(&mut self, host: usize, demand: &Demand) {
        let committed = &mut self.hosts[host].committed;
        committed.iter_mut().zip(demand).for_each(|(sum, less)| *sum -= less);
    }

    /// Takes a VM off the list of those on a host.
    pub(super) fn forget(&mut self, host: usize, vm: usize) {
        self.hosts[host].vms.retain(|&other| other != vm);
    }

    /// Finds out what the VMs of a host use now, and divides its CPU among them.
    pub(super) fn divide(&mut self, host: usize) {
        let works = self.hosts[host].status == Status::On;
        self.claims.clear();
        for at in 0..self.hosts[host].vms.len() {
            let vm = self.hosts[host].vms[at];
            let state = &mut self.vms[vm];
            state.wanted = if works && state.phase.runs() {
                self.vms_asked[vm].uses(self.now - state.placed)
            } else {
                Demand::default()
            };
            let Allotment { reserved, limit, weight } = state.allotment;
            let wanted = state.wanted[CPU];
            self.claims.push(Claim { wanted, reserved: reserved[CPU], limit, weight });
        }
        let capacity = self.capacity(host, CPU).saturating_sub(self.hosts[host].overhead);
        share(capacity, &self.claims, &mut self.grants);
        let state = &mut self.hosts[host];
        for (&vm, &granted) in state.vms.iter().zip(&self.grants) {
            self.vms[vm].granted = granted;
        }
        state.wanted = self.claims.iter().map(|claim| claim.wanted).sum();
        state.granted = self.grants.iter().sum();
    }

    /// Counts everything again: every VM is where it should be and nowhere else, what is set aside is what VMs there
    /// reserve, and no host grants more CPU than it has.
    ///
    /// # Errors
    /// What does not agree.
    pub fn check(&self) -> Result<(), String> {
        let mut seen = vec![0_u32; self.vms.len()];
        for (number, host) in self.hosts.iter().enumerate() {
            let mut committed = Demand::default();
            for &vm in host.vms.iter().chain(&host.incoming) {
                let reserved = &self.vms[vm].allotment.reserved;
                committed.iter_mut().zip(reserved).for_each(|(sum, more)| *sum += more);
            }
            for &vm in &host.vms {
                seen[vm] += 1;
                if self.vms[vm].phase.host() != Some(number) {
                    return Err(format!("VM {vm} on host {number} is {:?}", self.vms[vm].phase));
                }
            }
            for &vm in &host.incoming {
                if !matches!(self.vms[vm].phase, Phase::Migrating { to, .. } if to == number) {
                    return Err(format!(
                        "VM {vm} is {:?}, not moving to {number}",
                        self.vms[vm].phase
                    ));
                }
            }
            if committed != host.committed {
                return Err(format!("host {number}: {committed:?} are {:?}", host.committed));
            }
            let granted: u64 = host.vms.iter().map(|&vm| self.vms[vm].granted).sum();
            if granted != host.granted || granted > self.capacity(number, CPU) {
                return Err(format!("host {number} grants {granted}, not {}", host.granted));
            }
            if matches!(host.status, Status::Off | Status::Failed) && host.granted > 0 {
                return Err(format!("host {number} is {:?} and grants CPU", host.status));
            }
        }
        for (vm, (state, seen)) in self.vms.iter().zip(seen).enumerate() {
            if u32::from(state.phase.host().is_some()) != seen {
                return Err(format!("VM {vm} is {:?} and on {seen} hosts", state.phase));
            }
        }
        Ok(())
    }
}
