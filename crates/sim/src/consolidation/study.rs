//! The hosts and VMs of the PlanetLab study.

use super::changes::{Change, Changes};
use super::trace::Trace;
use crate::power::{ML110_G4, ML110_G5, PowerTable};

/// A kind of host: two cores, memory, and what it draws.
#[derive(Clone, Debug)]
pub struct HostKind {
    /// The name of the machine.
    pub name: &'static str,
    /// MIPS of one core.
    pub core_mips: f64,
    /// MIPS of all cores.
    pub mips: f64,
    /// Memory, in MB.
    pub ram_mb: u64,
    /// Watts by utilisation.
    pub power: PowerTable,
}

/// A kind of VM: one virtual CPU, and memory.
#[derive(Clone, Copy, Debug)]
pub struct VmKind {
    /// MIPS of its virtual CPU.
    pub mips: f64,
    /// Memory, in MB.
    pub ram_mb: u64,
}

/// The hosts of the study, which take turns.
pub static HOST_KINDS: [HostKind; 2] = [
    HostKind {
        name: "HP ProLiant ML110 G4",
        core_mips: 1860.0,
        mips: 3720.0,
        ram_mb: 4096,
        power: ML110_G4,
    },
    HostKind {
        name: "HP ProLiant ML110 G5",
        core_mips: 2660.0,
        mips: 5320.0,
        ram_mb: 4096,
        power: ML110_G5,
    },
];

/// The VMs of the study: equal shares of each kind.
pub static VM_KINDS: [VmKind; 4] = [
    VmKind { mips: 2500.0, ram_mb: 870 },
    VmKind { mips: 2000.0, ram_mb: 1740 },
    VmKind { mips: 1000.0, ram_mb: 1740 },
    VmKind { mips: 500.0, ram_mb: 613 },
];

/// What a migration moves in a second, in MB: half of a link of 1 Gbit/s.
pub(crate) const MIGRATION_MB_PER_SECOND: f64 = 62.5;
/// Seconds between samples, and between plans.
pub(crate) const INTERVAL: f64 = 300.0;
/// Seconds of a day.
pub(crate) const DAY: f64 = 86_400.0;

/// A trace of load on a cluster.
#[derive(Clone, Debug)]
pub struct Study {
    /// The CPU load of every VM.
    pub trace: Trace,
    /// The kind of every VM, in `VM_KINDS`.
    pub vms: Vec<usize>,
    /// The number of hosts; host `i` is of kind `i % 2`.
    pub hosts: usize,
}

impl Study {
    /// The study of a trace on so many hosts.
    pub fn new(trace: Trace, hosts: usize, changes: Changes) -> Self {
        let n = trace.len();
        let share = n.div_ceil(VM_KINDS.len()).max(1);
        let kind =
            |vm| if changes.has(Change::KindsInTurn) { vm % VM_KINDS.len() } else { vm / share };
        Self { vms: (0..n).map(kind).collect(), trace, hosts }
    }

    /// The kind of a host.
    #[inline]
    pub fn host_kind(&self, host: usize) -> &'static HostKind {
        &HOST_KINDS[host % HOST_KINDS.len()]
    }

    /// The kind of a VM.
    #[inline]
    pub fn vm_kind(&self, vm: usize) -> VmKind {
        VM_KINDS[self.vms[vm]]
    }
}
