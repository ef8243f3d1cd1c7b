//! Every metric: what it is called, what it means, and how it is read off a cluster.

use super::tally::Tally;
use super::unit::Unit;
use crate::operation::{CPU, MEMORY, Phase, State, Status};

/// Something that is measured.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name: what it is of, what it is, and its unit; `vmpack_` and, for counters, `_total` are added in exports.
    pub name: &'static str,
    /// What its values count in.
    pub unit: Unit,
    /// What it means, in a sentence.
    pub help: &'static str,
    /// How it is read.
    pub(super) read: Read,
}

impl PartialEq for Metric {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// How a metric is read, and so of what there is one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Read {
    /// One per host; `None` where it has no meaning at the time.
    Host(fn(&State<'_>, usize) -> Option<u64>),
    /// One per VM that has been asked for and has not left.
    Vm(fn(&State<'_>, usize) -> Option<u64>),
    /// One for all, which may fall.
    Cluster(fn(&State<'_>, &Tally) -> u64),
    /// One for all, which never falls.
    Counter(fn(&Tally) -> u64),
}

const fn host(
    name: &'static str,
    unit: Unit,
    help: &'static str,
    read: fn(&State<'_>, usize) -> Option<u64>,
) -> Metric {
    Metric { name, unit, help, read: Read::Host(read) }
}

const fn vm(
    name: &'static str,
    unit: Unit,
    help: &'static str,
    read: fn(&State<'_>, usize) -> Option<u64>,
) -> Metric {
    Metric { name, unit, help, read: Read::Vm(read) }
}

const fn cluster(
    name: &'static str,
    unit: Unit,
    help: &'static str,
    read: fn(&State<'_>, &Tally) -> u64,
) -> Metric {
    Metric { name, unit, help, read: Read::Cluster(read) }
}

const fn counter(name: &'static str, help: &'static str, read: fn(&Tally) -> u64) -> Metric {
    Metric { name, unit: Unit::COUNT, help, read: Read::Counter(read) }
}

/// Every metric. Hosts that are not on have no CPU to speak of.
#[rustfmt::skip]
pub const METRICS: &[Metric] = &[
    host("host_cpu_capacity_cores", Unit::CORES, "CPU of the host that works.", |s, h| on(s, h, s.capacity(h, CPU))),
    host("host_cpu_wanted_cores", Unit::CORES, "CPU that the VMs of the host would use.", |s, h| on(s, h, s.host(h).wanted)),
    host("host_cpu_granted_cores", Unit::CORES, "CPU that the VMs of the host get.", |s, h| on(s, h, s.host(h).granted)),
    host("host_cpu_committed_cores", Unit::CORES, "CPU that is set aside on the host.", |s, h| on(s, h, s.host(h).committed[CPU])),
    host("host_cpu_wanted_ratio", Unit::RATIO, "CPU that the VMs of the host would use, as a share of what works.", |s, h| on(s, h, share(s.host(h).wanted, s.capacity(h, CPU)))),
    host("host_memory_committed_bytes", Unit::BYTES, "Memory that is set aside on the host.", |s, h| on(s, h, s.host(h).committed[MEMORY])),
    host("host_memory_wanted_bytes", Unit::BYTES, "Memory that the VMs of the host use.", |s, h| on(s, h, s.host(h).vms.iter().map(|&v| s.vm(v).wanted[MEMORY]).sum())),
    host("host_vms", Unit::COUNT, "VMs on the host.", |s, h| Some(s.host(h).vms.len() as u64)),
    host("host_power_watts", Unit::WATTS, "Power that the host draws.", |s, h| Some(s.milliwatts(h))),
    host("host_status", Unit::COUNT, "What the host does: 0 off, 1 waking, 2 on, 3 failed.", |s, h| Some(status(s.host(h).status))),
    host("host_failed", Unit::COUNT, "Whether the host should answer and does not.", |s, h| Some(u64::from(s.host(h).status == Status::Failed))),
    vm("vm_cpu_wanted_cores", Unit::CORES, "CPU that the VM would use.", |s, v| Some(s.vm(v).wanted[CPU])),
    vm("vm_cpu_granted_cores", Unit::CORES, "CPU that the VM gets.", |s, v| Some(s.vm(v).granted)),
    vm("vm_cpu_shortfall_ratio", Unit::RATIO, "CPU that the VM would use and does not get, as a share of what it would use.", |s, v| Some(share(s.vm(v).wanted[CPU].saturating_sub(s.vm(v).granted), s.vm(v).wanted[CPU]))),
    vm("vm_memory_wanted_bytes", Unit::BYTES, "Memory that the VM uses.", |s, v| Some(s.vm(v).wanted[MEMORY])),
    vm("vm_phase", Unit::COUNT, "Where the VM is in its life: 0 waiting, 1 starting, 2 running, 3 migrating, 4 down.", |s, v| phase(s.vm(v).phase)),
    cluster("cluster_hosts_on", Unit::COUNT, "Hosts that are on.", |s, _| with(s, Status::On)),
    cluster("cluster_hosts_failed", Unit::COUNT, "Hosts that should answer and do not.", |s, _| with(s, Status::Failed)),
    cluster("cluster_power_watts", Unit::WATTS, "Power that all hosts draw.", |s, _| hosts(s).map(|h| s.milliwatts(h)).sum()),
    cluster("cluster_cpu_wanted_cores", Unit::CORES, "CPU that all VMs would use.", |s, _| hosts(s).map(|h| s.host(h).wanted).sum()),
    cluster("cluster_cpu_granted_cores", Unit::CORES, "CPU that all VMs get.", |s, _| hosts(s).map(|h| s.host(h).granted).sum()),
    cluster("cluster_vms", Unit::COUNT, "VMs that have been asked for and have not left.", |_, t| t.live.len() as u64),
    cluster("cluster_vms_waiting", Unit::COUNT, "VMs that wait for a host.", |s, t| t.live.iter().filter(|&&v| s.vm(v).phase == Phase::Waiting).count() as u64),
    cluster("cluster_migrations_under_way", Unit::COUNT, "VMs that migrate.", |s, _| hosts(s).map(|h| s.host(h).incoming.len() as u64).sum()),
    counter("vms_arrived", "VMs that were asked for.", |t| t.arrived),
    counter("vms_placed", "VMs that got their first host.", |t| t.placed),
    counter("vms_refused", "VMs that no host took.", |t| t.refused),
    counter("vms_left", "VMs that have left.", |t| t.left),
    counter("vms_lost", "VMs that were given up after a failure.", |t| t.lost),
    counter("migrations_started", "Live migrations that began.", |t| t.migrations_started),
    counter("migrations_ended", "Live migrations that reached their host.", |t| t.migrations_ended),
    counter("migrations_failed", "Live migrations that came to nothing.", |t| t.migrations_failed),
    counter("host_failures", "Failures of hosts.", |t| t.host_failures),
    counter("actions_declined", "Actions of controllers that could not be carried out.", |t| t.declined),
];

/// The metric of that name.
pub(super) fn named(name: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| metric.name == name)
}

impl Metric {
    /// Whether it never falls.
    pub fn is_counter(&self) -> bool {
        matches!(self.read, Read::Counter(_))
    }

    /// Whether there is one per VM.
    pub fn is_of_vms(&self) -> bool {
        matches!(self.read, Read::Vm(_))
    }
}

/// A value that only hosts that are on have.
fn on(state: &State<'_>, host: usize, value: u64) -> Option<u64> {
    (state.host(host).status == Status::On).then_some(value)
}

/// Millionths; 0 of nothing.
fn share(part: u64, whole: u64) -> u64 {
    let millionths = u128::from(part) * 1_000_000 / u128::from(whole.max(1));
    u64::try_from(millionths).unwrap_or(u64::MAX)
}

fn hosts(state: &State<'_>) -> std::ops::Range<usize> {
    0..state.hosts().len()
}

fn with(state: &State<'_>, status: Status) -> u64 {
    hosts(state).filter(|&host| state.host(host).status == status).count() as u64
}

fn status(status: Status) -> u64 {
    match status {
        Status::Off => 0,
        Status::Waking => 1,
        Status::On => 2,
        Status::Failed => 3,
    }
}

fn phase(phase: Phase) -> Option<u64> {
    match phase {
        Phase::Waiting => Some(0),
        Phase::Starting { .. } => Some(1),
        Phase::Running { .. } => Some(2),
        Phase::Migrating { .. } => Some(3),
        Phase::Down { .. } => Some(4),
        Phase::Expected | Phase::Gone | Phase::Lost => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unlike_and_end_with_their_units() {
        let names: BTreeSet<&str> = METRICS.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), METRICS.len());
        for metric in METRICS {
            assert!(metric.name.ends_with(metric.unit.name), "{}", metric.name);
            assert!(metric.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
            assert!(metric.help.ends_with('.'), "{}", metric.name);
        }
    }
}
