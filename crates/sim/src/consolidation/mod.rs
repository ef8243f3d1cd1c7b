//! Dynamic consolidation: running VMs whose load changes, moved between hosts to save energy.
//!
//! The study is that of CloudSim 3.0.3 on PlanetLab traces: 800 hosts of two kinds, VMs of four kinds, a day of
//! CPU loads 300 seconds apart. [`replay`] reproduces what CloudSim prints, and with [`Changes`] it does what
//! CloudSim means to do; `docs/planetlab.md` lists what differs.

mod best;
mod bound;
mod changes;
mod cpu;
mod detectors;
mod metrics;
mod plan;
mod policy;
mod selection;
mod start;
mod study;
mod trace;
mod world;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

pub use bound::{BoundError, EnergyBound, Price, certify, energy_bound};
pub use changes::{Change, Changes};
pub use detectors::Detector;
pub use metrics::ServiceLevel;
pub use policy::Policy;
pub use selection::Selection;
pub use study::{HOST_KINDS, HostKind, Study, VM_KINDS, VmKind};
pub use trace::{FileOrder, SAMPLES, Trace, TraceError};

use best::Best;
use plan::Planner;
use selection::Selector;
use study::{DAY, INTERVAL};
use world::{START, World};

/// Why a replay ends early.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ReplayError {
    /// No host can take a VM.
    #[error("VM {vm} fits no host; there must be more hosts")]
    NoHost {
        /// The name of the VM in the trace.
        vm: String,
    },
    /// A host is used beyond its capacity.
    #[error(
        "host {host} is used at {utilisation} of its capacity, where CloudSim 3.0.3 fails (see load-clamped)"
    )]
    Overused {
        /// The number of the host.
        host: usize,
        /// MIPS in use / capacity.
        utilisation: f64,
    },
}

/// What a replay measures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Report {
    /// Energy of all hosts.
    pub energy_kwh: f64,
    /// Migrations that were started.
    pub migrations: u64,
    /// How well VMs were served.
    pub service: ServiceLevel,
    /// SLATAH x PDM.
    pub slav: f64,
}

/// A tick, as a plan finds it and leaves it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tick {
    /// The number of the tick, from 1.
    pub number: usize,
    /// VMs that live.
    pub vms: usize,
    /// Hosts that use CPU.
    pub active_hosts: usize,
    /// Energy so far.
    pub energy_kwh: f64,
    /// Migrations so far, with those that this tick starts.
    pub migrations: u64,
}

/// Something that happens to a VM.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// When, in seconds.
    pub time: f64,
    /// To which VM.
    pub vm: usize,
    /// What.
    pub what: What,
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// It is placed on a host, before the day begins.
    Placed(usize),
    /// It begins to move to a host.
    Moves(usize),
    /// It has moved.
    Moved,
    /// It is deleted.
    Removed,
}

/// Who is told what happens in a replay. A function of ticks is one.
pub trait Observer {
    /// A plan has been made.
    fn tick(&mut self, _tick: Tick) {}

    /// Something has happened to a VM.
    fn event(&mut self, _event: Event) {}

    /// The shares of their capacity that hosts use at a tick, before its plan; those without VMs use nothing.
    fn loads(&mut self, _tick: usize, _loads: &mut dyn Iterator<Item = f64>) {}
}

impl<F: FnMut(Tick)> Observer for F {
    fn tick(&mut self, tick: Tick) {
        self(tick);
    }
}

/// Replays a day of a study under a policy; tells of every tick and everything that happens to VMs.
///
/// Deterministic for a seed, which only random selection takes.
///
/// # Errors
/// If a VM fits no host, or a host is used beyond its capacity and that is not clamped.
pub fn replay(
    study: &Study,
    policy: Policy,
    changes: Changes,
    seed: u64,
    mut observer: impl Observer,
) -> Result<Report, ReplayError> {
    let (placement, mut controller) = match policy {
        Policy::Dvfs => (start::first_fit(study)?, Controller::Idle),
        Policy::Best { reserve } => {
            (best::start(study, reserve)?, Controller::Best(Best::new(study)))
        }
        Policy::Heuristic { detector, selection } => {
            let placement = if changes.has(Change::FirstFitStart) {
                start::first_fit(study)?
            } else {
                start::power_aware(study, changes)?
            };
            let selector = Selector::new(selection, ChaCha8Rng::seed_from_u64(seed));
            (placement, Controller::Heuristic(Box::new(Planner::new(detector, selector))))
        }
    };
    for (vm, &host) in placement.iter().enumerate() {
        observer.event(Event { time: 0.0, vm, what: What::Placed(host) });
    }
    let mut world = World::new(study, changes, &placement);
    if changes.has(Change::FirstIntervalCharged) {
        world.update(0.0, false)?;
    }
    let mut time = START + INTERVAL;
    for number in 1.. {
        if time > DAY {
            break;
        }
        world.update(time, true)?;
        let (energy_kwh, vms) =
            (kwh(world.energy), world.vms.iter().filter(|vm| !vm.removed).count());
        let active_hosts = world.hosts.iter().filter(|host| host.used > 0.0).count();
        let moves = match &mut controller {
            Controller::Idle => Vec::new(),
            Controller::Best(best) => best.plan(&world),
            Controller::Heuristic(planner) => planner.plan(&mut world),
        };
        let hosts = world.hosts.iter().enumerate();
        observer.loads(number, &mut hosts.map(|(h, host)| host.used / study.host_kind(h).mips));
        world.start(&moves, time);
        #[cfg(test)]
        world.assert_conserved();
        observer.tick(Tick { number, vms, active_hosts, energy_kwh, migrations: world.migrations });
        world.finish()?;
        world.events.drain(..).for_each(|event| observer.event(event));
        #[cfg(test)]
        world.assert_conserved();
        time += INTERVAL;
    }
    if changes.has(Change::TailCharged) {
        world.update(DAY, false)?;
        world.events.drain(..).for_each(|event| observer.event(event));
        world.finish_logs(DAY);
    } else {
        world.finish_logs(0.0);
    }
    let service = ServiceLevel::new(world.host_logs(), world.vm_logs(), changes);
    let slatah =
        if changes.has(Change::MeanSlatah) { service.slatah_mean } else { service.slatah_pooled };
    Ok(Report {
        energy_kwh: kwh(world.energy),
        migrations: world.migrations,
        service,
        slav: slatah * service.pdm,
    })
}

/// What moves VMs.
enum Controller {
    Idle,
    Best(Best),
    Heuristic(Box<Planner>),
}

fn kwh(watt_seconds: f64) -> f64 {
    watt_seconds / 3.6e6
}

#[cfg(test)]
mod tests;
