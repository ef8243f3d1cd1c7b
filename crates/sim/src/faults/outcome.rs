//! What faults came to: availability, detection, recovery, and how many failures the cluster would have survived.

use super::reserve::{Reserve, Scope};
use super::spare::empty;
use crate::operation::{Event, Hosts, Observer, Phase, State, Status, Time, What};
use crate::scheduling::Summary;

/// What is known at the end of a run. Times are in milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// How often a host failed that was on.
    pub failures: u64,
    /// The time that hosts were on, summed over hosts.
    pub host_time: u128,
    /// How long hosts that had failed were down until they were repaired.
    pub repair: Summary,
    /// From a failure to its suspicion; 0 if the host was suspected already.
    pub detection: Summary,
    /// Failures that were noticed.
    pub noticed: u64,
    /// Suspicions of hosts that worked.
    pub mistakes: u64,
    /// How often the power of a host was cut.
    pub fenced: u64,
    /// How often it was that of a host that worked.
    pub fenced_sound: u64,
    /// VMs that went down by that.
    pub killed: u64,
    /// The downtime of VMs, summed, that began with that.
    pub killed_downtime: u128,
    /// VMs that got a host.
    pub vms: u64,
    /// From their first placement until VMs left, were to leave if they were given up, or the run ended, summed.
    pub lifetime: u128,
    /// The part of it in which they were down, were given up, or stood still at the end of migrations.
    pub downtime: u128,
    /// The least availability of a VM; 1 if there are none.
    pub least_availability: f64,
    /// How often VMs went down.
    pub downs: u64,
    /// From when a VM went down until it ran again.
    pub recovery: Summary,
    /// From when the host of a VM was fenced until the VM was started on another one.
    pub queue: Summary,
    /// VMs given up.
    pub lost: u64,
    /// VMs that were down when they left or the run ended, without being given up.
    pub ended_down: u64,
    /// Failures that VMs would have survived, over all instants at which that was looked at.
    pub survivable: u64,
    /// Failures that were looked at.
    pub looked_at: u64,
}

impl Outcome {
    /// The share of their lives in which VMs were not down.
    pub fn availability(&self) -> f64 {
        1.0 - self.downtime as f64 / (self.lifetime.max(1)) as f64
    }

    /// The mean time between failures of a host that is on, in milliseconds; `None` without failures.
    pub fn time_between_failures(&self) -> Option<f64> {
        (self.failures > 0).then(|| self.host_time as f64 / self.failures as f64)
    }

    /// Suspicions of hosts that worked, per host and day.
    pub fn mistakes_per_host_day(&self) -> f64 {
        self.mistakes as f64 * 86_400_000.0 / (self.host_time.max(1)) as f64
    }

    /// The share of failures that all VMs of the failing hosts would have survived on others; 1 if none was looked at.
    pub fn survivability(&self) -> f64 {
        if self.looked_at == 0 { 1.0 } else { self.survivable as f64 / self.looked_at as f64 }
    }
}

/// The life of a VM.
#[derive(Clone, Copy, Debug, Default)]
struct Life {
    placed: Option<Time>,
    /// When it left, was to leave when it was given up, or `None` if it lived until the end.
    ended: Option<Time>,
    down: Option<Time>,
    /// Whether it is down because a host that worked was fenced.
    killed: bool,
    /// When its host was fenced.
    fenced: Option<Time>,
    downtime: Time,
}

/// What an observer knows of a host.
#[derive(Clone, Copy, Debug, Default)]
struct Watched {
    failed: Option<Time>,
    /// A failure that nobody has noticed yet.
    unnoticed: Option<Time>,
    suspected: bool,
}

/// Adds up an [`Outcome`].
#[derive(Clone, Debug)]
pub struct Chronicle {
    scope: Scope,
    /// How often survivability is looked at, and when next.
    every: Option<Time>,
    next: Time,
    hosts: Vec<Watched>,
    lives: Vec<Life>,
    repairs: Vec<f64>,
    detections: Vec<f64>,
    recoveries: Vec<f64>,
    waits: Vec<f64>,
    outcome: Outcome,
}

impl Chronicle {
    /// Of so many VMs on these hosts; every so often it is looked at how many failures of that scope would be survived.
    ///
    /// # Errors
    /// As [`Reserve::new`], if survivability is to be looked at.
    pub fn new(
        hosts: &Hosts,
        vms: usize,
        scope: Scope,
        every: Option<Time>,
    ) -> Result<Self, String> {
        if every.is_some() {
            empty(hosts, scope)?;
        }
        let nothing = Summary::of(Vec::new());
        Ok(Self {
            scope,
            every,
            next: every.unwrap_or(0),
            hosts: vec![Watched::default(); hosts.len()],
            lives: vec![Life::default(); vms],
            repairs: Vec::new(),
            detections: Vec::new(),
            recoveries: Vec::new(),
            waits: Vec::new(),
            outcome: Outcome {
                failures: 0,
                host_time: 0,
                repair: nothing,
                detection: nothing,
                noticed: 0,
                mistakes: 0,
                fenced: 0,
                fenced_sound: 0,
                killed: 0,
                killed_downtime: 0,
                vms: 0,
                lifetime: 0,
                downtime: 0,
                least_availability: 1.0,
                downs: 0,
                recovery: nothing,
                queue: nothing,
                lost: 0,
                ended_down: 0,
                survivable: 0,
                looked_at: 0,
            },
        })
    }

    /// What it came to, after a run that ended at that time.
    pub fn outcome(&self, end: Time) -> Outcome {
        let mut outcome = self.outcome.clone();
        for &life in &self.lives {
            let (Some(placed), mut life) = (life.placed, life) else { continue };
            if life.ended.is_none() && life.down.is_some() {
                outcome.ended_down += 1;
            }
            let until = life.ended.unwrap_or(end).min(end);
            rise(&mut life, until, &mut outcome);
            let lived = until.saturating_sub(placed);
            outcome.vms += 1;
            outcome.lifetime += u128::from(lived);
            outcome.downtime += u128::from(life.downtime);
            if lived > 0 {
                let availability = 1.0 - life.downtime as f64 / lived as f64;
                outcome.least_availability = outcome.least_availability.min(availability);
            }
        }
        let summary = |values: &Vec<f64>| Summary::of(values.clone());
        Outcome {
            repair: summary(&self.repairs),
            detection: summary(&self.detections),
            recovery: summary(&self.recoveries),
            queue: summary(&self.waits),
            ..outcome
        }
    }

    fn suspected(&mut self, host: usize, now: Time, state: &State<'_>) {
        let watched = &mut self.hosts[host];
        watched.suspected = true;
        if let Some(failed) = watched.unnoticed.take() {
            self.outcome.noticed += 1;
            self.detections.push((now - failed) as f64);
        } else if watched.failed.is_none() && state.host(host).status != Status::Off {
            self.outcome.mistakes += 1;
        }
    }

    fn failed(&mut self, host: usize, now: Time) {
        self.outcome.failures += 1;
        let watched = &mut self.hosts[host];
        watched.failed = Some(now);
        if watched.suspected {
            self.outcome.noticed += 1;
            self.detections.push(0.0);
        } else {
            watched.unnoticed = Some(now);
        }
    }

    fn fenced(&mut self, host: usize, now: Time, state: &State<'_>) {
        self.outcome.fenced += 1;
        self.outcome.fenced_sound += u64::from(self.hosts[host].failed.is_none());
        for &vm in &state.host(host).vms {
            self.lives[vm].fenced = Some(now);
        }
    }

    fn down(&mut self, vm: usize, host: usize, now: Time) {
        let life = &mut self.lives[vm];
        if life.down.is_none() {
            life.down = Some(now);
            life.killed = self.hosts[host].failed.is_none();
            self.outcome.downs += 1;
            self.outcome.killed += u64::from(life.killed);
        }
    }
}

/// A VM is no longer down; how long it was.
fn rise(life: &mut Life, now: Time, outcome: &mut Outcome) -> Option<Time> {
    let time = now - life.down.take()?.min(now);
    life.downtime += time;
    if std::mem::take(&mut life.killed) {
        outcome.killed_downtime += u128::from(time);
    }
    life.fenced = None;
    Some(time)
}

impl Observer for Chronicle {
    fn held(&mut self, host: usize, from: Time, until: Time, state: &State<'_>) {
        if state.host(host).status == Status::On {
            self.outcome.host_time += u128::from(until - from);
        }
    }

    fn event(&mut self, event: &Event, state: &State<'_>) {
        let now = event.time;
        match event.what {
            What::Placed { vm, .. } => self.lives[vm].placed = Some(now),
            What::HostFailed { host } => self.failed(host, now),
            What::HostRepaired { host } => {
                if let Some(failed) = self.hosts[host].failed.take() {
                    self.repairs.push((now - failed) as f64);
                }
            }
            What::Suspected { host } => self.suspected(host, now, state),
            What::Trusted { host } => self.hosts[host].suspected = false,
            What::Fenced { host } => self.fenced(host, now, state),
            What::VmDown { vm, host } => self.down(vm, host, now),
            What::Restarted { vm, .. } => {
                if let Some(fenced) = self.lives[vm].fenced.take() {
                    self.waits.push((now - fenced) as f64);
                }
            }
            What::VmUp { vm, .. } => {
                let time = rise(&mut self.lives[vm], now, &mut self.outcome);
                self.recoveries.extend(time.map(|time| time as f64));
            }
            What::Migrated { vm, downtime, .. } => self.lives[vm].downtime += downtime,
            What::Left { vm, .. } => {
                let life = &mut self.lives[vm];
                life.ended = Some(now);
                self.outcome.ended_down += u64::from(life.down.is_some());
                rise(life, now, &mut self.outcome);
            }
            What::Lost { vm } => {
                self.outcome.lost += 1;
                let (asked, life) = (&state.asked()[vm], &mut self.lives[vm]);
                let length = asked.end.map(|end| end - asked.start);
                let end = length.and_then(|length| life.placed.map(|placed| placed + length));
                life.ended = Some(end.unwrap_or(Time::MAX));
            }
            _ => {}
        }
    }

    fn due(&self) -> Option<Time> {
        self.every.map(|_| self.next)
    }

    fn look(&mut self, state: &State<'_>) {
        self.next = state.now() + self.every.unwrap_or(Time::MAX - state.now());
        if let Ok(mut reserve) = stocked(state, self.scope) {
            let (survivable, all) = reserve.survivable();
            self.outcome.survivable += survivable as u64;
            self.outcome.looked_at += all as u64;
        }
    }
}

/// A reserve that knows where VMs are, without plans. Hosts that have failed do not count, and those that are off do.
fn stocked(state: &State<'_>, scope: Scope) -> Result<Reserve, String> {
    let hosts = state.hosts();
    let mut reserve = empty(hosts, scope)?.unplanned();
    for host in 0..hosts.len() {
        let now = state.host(host);
        for &vm in now.vms.iter().chain(&now.incoming) {
            let is_here = !matches!(state.vm(vm).phase, Phase::Down { .. });
            if is_here {
                reserve.place(vm, &state.vm(vm).allotment.reserved, host);
            }
        }
        if now.status == Status::Failed {
            reserve.close(host);
        }
    }
    Ok(reserve)
}
