//! What a trace is made of.

use super::format::TraceError;

/// The most resources that a VM may demand.
pub const MAX_RESOURCES: usize = 5;

/// An amount of every resource; entries beyond the resources of the trace are 0.
pub type Demand = [u64; MAX_RESOURCES];

/// What a VM demands and a host has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Its name, such as `cpu`.
    pub name: &'static str,
    /// The letter that counts it in the description of a host, and how many of the trace's units one is; `None` if
    /// the trace counts in shares of a host of its own.
    pub unit: Option<(char, u64)>,
}

impl Resource {
    /// Cores, in thousandths.
    pub const CPU: Self = Self { name: "cpu", unit: Some(('c', 1000)) };
    /// Memory, in MiB.
    pub const MEMORY: Self = Self { name: "memory", unit: Some(('g', 1024)) };
    /// GPUs, in thousandths.
    pub const GPU: Self = Self { name: "gpu", unit: Some(('u', 1000)) };

    /// A resource counted in shares of the trace's own host.
    pub const fn share(name: &'static str) -> Self {
        Self { name, unit: None }
    }
}

/// A VM as a trace tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// When it comes, in ticks.
    pub time: u64,
    /// When it leaves, in ticks; `None` if it is still there when the trace ends.
    pub end: Option<u64>,
    /// What it takes of a host.
    pub demand: Demand,
}

/// A VM in a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vm {
    /// Its number, in the order of the trace.
    pub id: u64,
    /// When it came, or, if it had to wait, was let in.
    pub start: u64,
    /// When it leaves; `None` if not before the trace ends. No policy looks at it.
    pub end: Option<u64>,
    /// When it is expected to leave.
    pub predicted_end: u64,
    /// What it takes of a host.
    pub demand: Demand,
}

/// VMs in the order in which they arrive, and what their numbers mean.
pub struct Trace {
    /// The resources, at most [`MAX_RESOURCES`].
    pub resources: Vec<Resource>,
    /// The host that the trace measures demands by, if it has one of its own.
    pub host: Option<Demand>,
    /// What every VM demands at least; 0 where nothing is known.
    pub least: Demand,
    /// Ticks of its clock per day; 1 if it counts in no known unit.
    pub ticks_per_day: u64,
    /// When it ends, if that is known beforehand; otherwise it ends with its last event.
    pub end: Option<u64>,
    /// The VMs, in order of time.
    pub arrivals: Box<dyn Iterator<Item = Result<Arrival, TraceError>>>,
}

impl std::fmt::Debug for Trace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trace")
            .field("resources", &self.resources)
            .field("host", &self.host)
            .field("least", &self.least)
            .field("ticks_per_day", &self.ticks_per_day)
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}
