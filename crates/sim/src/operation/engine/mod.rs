//! The loop: what happens at an instant, then what controllers make of it.

mod changes;
mod lives;

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};

use super::{
    Action, Allotment, Controller, Event, Guard, Hosts, Mover, Observer, Placer, Source, State,
    Status, Terms, Time, Vm, What,
};
use crate::arrivals::{Admission, Vm as Asking};

/// How a cluster is run.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// When the run ends.
    pub end: Time,
    /// What becomes of VMs that no host takes.
    pub admission: Admission,
    /// How long a host takes to switch on.
    pub host_boot: Time,
    /// How long a VM takes to start.
    pub vm_boot: Time,
    /// What a VM is allotted when it is placed.
    pub first: Terms,
}

impl Setting {
    /// VMs are allotted what they request, start at once as hosts do, and are refused where no host takes them.
    pub fn until(end: Time) -> Self {
        Self { end, admission: Admission::Reject, host_boot: 0, vm_boot: 0, first: Terms::FIXED }
    }
}

/// What the engine has planned, in the order of things at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Planned {
    /// A VM leaves, in so-manieth life.
    Leave { vm: usize },
    /// A host is switched on.
    HostOn { host: usize, waking: u32 },
    /// A VM has started.
    Started { vm: usize, start: u32 },
    /// A VM uses another amount.
    Uses { vm: usize },
}

/// A cluster in operation.
///
/// At one instant: what comes from outside, migrations that end, VMs that leave, hosts and VMs that have started, changes
/// of use, then those that wait and those that come; then controllers, in their order, whose actions are carried out after
/// each. A host without VMs is switched off unless a controller keeps it on. Hosts are switched on when no host that is on
/// takes a VM, lowest number first.
///
/// The time for an event is logarithmic in what is planned, and linear in the VMs of the hosts that it changes.
pub struct Engine<'a> {
    setting: Setting,
    state: State<'a>,
    placer: Box<dyn Placer + 'a>,
    mover: Box<dyn Mover + 'a>,
    guards: Vec<Box<dyn Guard + 'a>>,
    sources: Vec<Box<dyn Source + 'a>>,
    controllers: Vec<Box<dyn Controller + 'a>>,
    observers: Vec<&'a mut dyn Observer>,
    /// VMs in the order in which they come.
    order: Vec<usize>,
    arrived: usize,
    planned: BinaryHeap<Reverse<(Time, Planned)>>,
    waiting: VecDeque<usize>,
    /// Whether room has been made since those that wait were tried.
    freed: bool,
    /// Hosts that are off.
    off: BTreeSet<usize>,
    /// Hosts that the placer may name.
    open: Vec<bool>,
    /// Hosts whose CPU is to be divided anew.
    dirty: BTreeSet<usize>,
    /// How often each host woke and each VM started: what was planned before is void.
    wakings: Vec<u32>,
    starts: Vec<u32>,
    actions: Vec<Action>,
    /// Whether all is counted again at every instant.
    checked: bool,
}

impl std::fmt::Debug for Engine<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("state", &self.state).finish_non_exhaustive()
    }
}

impl<'a> Engine<'a> {
    /// All hosts off, before the first VM.
    pub fn new(
        setting: Setting,
        hosts: &'a Hosts,
        vms: &'a [Vm],
        placer: Box<dyn Placer + 'a>,
        mover: Box<dyn Mover + 'a>,
    ) -> Self {
        let mut order: Vec<usize> = (0..vms.len()).collect();
        order.sort_by_key(|&vm| vms[vm].start);
        Self {
            setting,
            state: State::new(hosts, vms),
            placer,
            mover,
            guards: Vec::new(),
            sources: Vec::new(),
            controllers: Vec::new(),
            observers: Vec::new(),
            order,
            arrived: 0,
            planned: BinaryHeap::new(),
            waiting: VecDeque::new(),
            freed: false,
            off: (0..hosts.len()).collect(),
            open: vec![false; hosts.len()],
            dirty: BTreeSet::new(),
            wakings: vec![0; hosts.len()],
            starts: vec![0; vms.len()],
            actions: Vec::new(),
            checked: false,
        }
    }

    /// Has VMs allotted this when they are placed. Only before the run.
    #[must_use]
    pub fn allotting(mut self, first: Terms) -> Self {
        self.setting.first = first;
        self
    }

    /// Has another placement rule say where VMs go. Only before the run.
    #[must_use]
    pub fn placed_by(mut self, placer: Box<dyn Placer + 'a>) -> Self {
        self.placer = placer;
        self
    }

    /// Has migrations progress in another way. Only before the run.
    #[must_use]
    pub fn moved_by(mut self, mover: Box<dyn Mover + 'a>) -> Self {
        self.mover = mover;
        self
    }

    /// Has a guard asked of every placement.
    #[must_use]
    pub fn guarded(mut self, guard: Box<dyn Guard + 'a>) -> Self {
        self.guards.push(guard);
        self
    }

    /// Has incidents come from a source.
    #[must_use]
    pub fn struck(mut self, source: Box<dyn Source + 'a>) -> Self {
        self.sources.push(source);
        self
    }

    /// Has a controller act, after those before it.
    #[must_use]
    pub fn controlled(mut self, controller: Box<dyn Controller + 'a>) -> Self {
        self.controllers.push(controller);
        self
    }

    /// Has an observer look on.
    #[must_use]
    pub fn observed(mut self, observer: &'a mut dyn Observer) -> Self {
        self.observers.push(observer);
        self
    }

    /// Has all VMs and resources counted again at every instant: linear in VMs and hosts each time.
    #[must_use]
    pub fn checked(mut self) -> Self {
        self.checked = true;
        self
    }

    /// Runs until the end.
    ///
    /// # Panics
    /// If it is checked and a VM or a resource is not where it should be.
    pub fn run(mut self) {
        while let Some(time) = self.next_time().filter(|&time| time < self.setting.end) {
            self.state.now = time;
            self.happen();
            self.divide();
            self.control();
            let state = &self.state;
            for observer in
                self.observers.iter_mut().filter(|o| o.due().is_some_and(|due| due <= time))
            {
                observer.look(state);
            }
            if self.checked {
                assert_eq!(self.state.check(), Ok(()), "at {time} ms");
            }
        }
        self.state.now = self.setting.end;
        for host in 0..self.state.hosts().len() {
            self.hold(host);
        }
    }

    /// When something happens next.
    fn next_time(&self) -> Option<Time> {
        let arrival = self.order.get(self.arrived).map(|&vm| self.state.asked()[vm].start);
        let planned = self.planned.peek().map(|&Reverse((time, _))| time);
        let sources = self.sources.iter().filter_map(|source| source.due());
        let controllers = self.controllers.iter().filter_map(|controller| controller.due());
        let observers = self.observers.iter().filter_map(|observer| observer.due());
        let all = arrival.into_iter().chain(planned).chain(self.mover.due());
        let next = all.chain(sources).chain(controllers).chain(observers).min()?;
        Some(next.max(self.state.now))
    }

    /// Everything that happens at this instant, without controllers.
    fn happen(&mut self) {
        let now = self.state.now;
        for at in 0..self.sources.len() {
            while self.sources[at].due().is_some_and(|due| due <= now) {
                let Some(incident) = self.sources[at].next() else { break };
                self.befall(incident);
            }
        }
        if self.mover.due().is_some_and(|due| due <= now) {
            for arrived in self.mover.ended(now) {
                self.migrated(arrived.vm, arrived.bytes, arrived.downtime);
            }
            self.charge_begun();
        }
        while let Some(&Reverse((time, planned))) = self.planned.peek()
            && time <= now
        {
            self.planned.pop();
            match planned {
                Planned::Leave { vm } => self.leave(vm),
                Planned::HostOn { host, waking } => self.host_on(host, waking),
                Planned::Started { vm, start } => self.started(vm, start),
                Planned::Uses { vm } => self.uses(vm),
            }
        }
        self.let_in();
        while let Some(&vm) = self.order.get(self.arrived)
            && self.state.asked()[vm].start <= now
        {
            self.arrived += 1;
            self.arrive(vm);
        }
    }

    /// Asks controllers that are due, one after the other.
    fn control(&mut self) {
        let now = self.state.now;
        for at in 0..self.controllers.len() {
            if self.controllers[at].due().is_none_or(|due| due > now) {
                continue;
            }
            let mut actions = std::mem::take(&mut self.actions);
            self.controllers[at].act(&self.state, &mut actions);
            for action in actions.drain(..) {
                if !self.carry_out(action) {
                    self.tell(What::Declined { action });
                }
            }
            self.actions = actions;
            self.let_in();
            self.divide();
        }
    }

    fn tell(&mut self, what: What) {
        let event = Event { time: self.state.now, what };
        for observer in &mut self.observers {
            observer.event(&event, &self.state);
        }
        if !what.is_hidden() {
            for controller in &mut self.controllers {
                controller.notice(&event, &self.state);
            }
        }
    }

    /// A host is about to change: observers hear how long it has been as it is.
    fn hold(&mut self, host: usize) {
        let (since, now) = (self.state.host(host).since, self.state.now);
        if since < now {
            for observer in &mut self.observers {
                observer.held(host, since, now, &self.state);
            }
            self.state.host_mut(host).since = now;
        }
        self.dirty.insert(host);
    }

    /// Divides the CPU of hosts that have changed, and switches off those that are empty.
    fn divide(&mut self) {
        while let Some(host) = self.dirty.pop_first() {
            let state = self.state.host(host);
            let is_empty = state.vms.is_empty() && state.incoming.is_empty();
            if is_empty && !state.kept_on && matches!(state.status, Status::On | Status::Waking) {
                self.state.host_mut(host).status = Status::Off;
                self.close(host);
                self.off.insert(host);
                self.tell(What::HostOff { host });
            }
            self.state.divide(host);
        }
    }

    /// A VM as it asks for a host.
    fn asking(&self, vm: usize, allotment: &Allotment) -> Asking {
        let asked = &self.state.asked()[vm];
        Asking {
            id: vm as u64,
            start: self.state.now,
            end: None,
            predicted_end: asked.end.unwrap_or(self.setting.end),
            demand: allotment.reserved,
        }
    }
}
