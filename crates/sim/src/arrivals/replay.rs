//! The events of a trace in order of time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::{Arrival, Demand, Fleet, Policy, Predictor, ServerTimeBound, Vm};

/// What becomes of a VM that no host has room for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Admission {
    /// It is rejected.
    #[default]
    Reject,
    /// It waits, and whoever comes later waits behind it.
    Fcfs,
    /// It waits; whoever comes later and finds room goes ahead. Whenever VMs leave, those that wait are tried in the
    /// order in which they came.
    Backfill,
}

/// What a replay comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// VMs that arrived.
    pub arrivals: u64,
    /// VMs that left before the trace ended.
    pub departures: u64,
    /// VMs that no host had room for when they came; if VMs may wait, those that no host could ever hold.
    pub rejected: u64,
    /// VMs that had to wait before they were placed.
    pub waited: u64,
    /// VMs that still waited when the trace ended.
    pub still_waiting: u64,
    /// The time that VMs waited before they were placed, summed over VMs, in ticks.
    pub waiting_time: u128,
    /// The longest of these times.
    pub longest_wait: u64,
    /// The most hosts that had VMs at once.
    pub peak_hosts: u64,
    /// The most hosts that the VMs placed needed at once by the bound.
    pub peak_hosts_lower_bound: u64,
    /// The time that hosts had VMs, summed over hosts, in ticks.
    pub server_time: u128,
    /// What any placement of the VMs placed needs of it at least.
    pub server_time_lower_bound: u128,
}

impl Outcome {
    /// Arrivals and departures.
    pub fn events(&self) -> u64 {
        self.arrivals + self.departures
    }
}

/// Something that happened to a VM.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// When.
    pub time: u64,
    /// To which VM.
    pub vm: &'a Vm,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The VM was placed on the host.
    Placed(usize),
    /// No host had room for it.
    Rejected,
    /// No host had room for it, or others waited already: it waits.
    Waits,
    /// It left the host.
    Left(usize),
}

/// Demands remembered that found no room.
const REFUSED: usize = 32;

/// A host, seen from outside.
#[derive(Clone, Copy, Debug, Default)]
struct Host {
    vms: u32,
    /// Since when it has VMs.
    since: u64,
}

/// A cluster under a stream of arrivals.
///
/// At one instant VMs leave first, in the order of their numbers; then those that wait may be let in; then others come, in
/// an order that the policy may choose. A VM that leaves at the instant at which it came does so when all that came are
/// placed. A VM that had to wait lives as long as it would have lived. A host without VMs
/// is off. It is switched on only when no host that is on has room for a VM (the *any-fit* property): then it is the
/// lowest by number of those that hold the VM. Memory is linear in hosts and in the VMs that live at once.
pub struct Replay<'a> {
    fleet: &'a Fleet,
    policy: Box<dyn Policy + 'a>,
    predictor: Predictor,
    admission: Admission,
    end: Option<u64>,
    watch: Box<dyn FnMut(&Event<'_>) + 'a>,
    now: u64,
    /// What came at the instant `now` and is not placed yet.
    batch: Vec<Vm>,
    waiting: VecDeque<Vm>,
    hosts: Vec<Host>,
    /// Hosts without VMs, per kind.
    off: Vec<BinaryHeap<Reverse<usize>>>,
    /// The first host of each kind, and the number of hosts.
    starts: Vec<usize>,
    /// VMs on hosts; slots that are vacant are reused.
    live: Vec<(Vm, usize)>,
    vacant: Vec<usize>,
    /// Time, number and slot of those that leave.
    departures: BinaryHeap<Reverse<(u64, u64, usize)>>,
    bound: ServerTimeBound,
    on: u64,
    outcome: Outcome,
}

impl std::fmt::Debug for Replay<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = f.debug_struct("Replay");
        text.field("now", &self.now).field("outcome", &self.outcome).finish_non_exhaustive()
    }
}

impl<'a> Replay<'a> {
    /// All hosts off, before the first VM. `end` is when the trace ends, if that is known.
    pub fn new(
        fleet: &'a Fleet,
        policy: Box<dyn Policy + 'a>,
        predictor: Predictor,
        end: Option<u64>,
    ) -> Self {
        let mut starts = vec![0];
        for kind in fleet.kinds() {
            starts.push(starts.last().expect("one start") + kind.count);
        }
        let off = starts.windows(2).map(|kind| (kind[0]..kind[1]).map(Reverse).collect());
        Self {
            fleet,
            policy,
            predictor,
            admission: Admission::Reject,
            end,
            watch: Box::new(|_| {}),
            now: 0,
            batch: Vec::new(),
            waiting: VecDeque::new(),
            hosts: vec![Host::default(); fleet.len()],
            off: off.collect(),
            starts,
            live: Vec::new(),
            vacant: Vec::new(),
            departures: BinaryHeap::new(),
            bound: ServerTimeBound::new(fleet),
            on: 0,
            outcome: Outcome::default(),
        }
    }

    /// Says what becomes of VMs that no host has room for; they are rejected unless it is said.
    #[must_use]
    pub fn admitting(mut self, admission: Admission) -> Self {
        self.admission = admission;
        self
    }

    /// Has every event reported.
    #[must_use]
    pub fn watched(mut self, watch: impl FnMut(&Event<'_>) + 'a) -> Self {
        self.watch = Box::new(watch);
        self
    }

    /// The next VM comes.
    ///
    /// # Panics
    /// If it comes before the one before it.
    pub fn arrive(&mut self, arrival: &Arrival) {
        assert!(arrival.time >= self.now, "VMs come in order of time");
        if arrival.time > self.now {
            self.place_batch();
            self.depart_until(arrival.time);
            self.now = arrival.time;
        }
        let end = arrival.end.filter(|&end| self.is_within(end));
        let predicted_end = match end.or(self.end) {
            Some(end) => self.predictor.predict(arrival.time, end),
            None => u64::MAX,
        };
        self.batch.push(Vm {
            id: self.outcome.arrivals,
            start: arrival.time,
            end,
            predicted_end,
            demand: arrival.demand,
        });
        self.outcome.arrivals += 1;
    }

    /// Places in memory for VMs: as many as ever lived at once.
    pub fn slots(&self) -> usize {
        self.live.len()
    }

    /// The trace is over: all VMs that leave do so, and what is then still there is switched off.
    pub fn finish(mut self) -> Outcome {
        self.place_batch();
        self.depart_until(u64::MAX);
        self.outcome.still_waiting = self.waiting.len() as u64;
        let end = self.now.max(self.end.unwrap_or(0));
        self.bound.advance(end);
        let still_on = self.hosts.iter().filter(|host| host.vms > 0);
        self.outcome.server_time += still_on.map(|host| u128::from(end - host.since)).sum::<u128>();
        self.outcome.server_time_lower_bound = self.bound.total();
        self.outcome.peak_hosts_lower_bound = self.bound.peak();
        self.outcome
    }

    /// Whether the trace goes on until then: whoever would leave later is still there when it ends.
    fn is_within(&self, time: u64) -> bool {
        self.end.is_none_or(|end| time <= end)
    }

    /// Places what came at the current instant.
    fn place_batch(&mut self) {
        let mut batch = std::mem::take(&mut self.batch);
        self.policy.arrange(self.now, &mut batch);
        for vm in batch.drain(..) {
            let behind = self.admission == Admission::Fcfs && !self.waiting.is_empty();
            if !behind && self.try_place(vm) {
                continue;
            }
            let what = if self.admission != Admission::Reject && self.is_ever_held(&vm) {
                self.waiting.push_back(vm);
                What::Waits
            } else {
                self.outcome.rejected += 1;
                What::Rejected
            };
            (self.watch)(&Event { time: self.now, vm: &vm, what });
        }
        self.batch = batch;
    }

    /// Lets VMs in that wait.
    fn place_waiting(&mut self) {
        // What the policy knows of the time.
        self.policy.arrange(self.now, &mut []);
        let mut waiting = std::mem::take(&mut self.waiting);
        if self.admission == Admission::Fcfs {
            while waiting.front().is_some_and(|vm| self.try_late(*vm)) {
                waiting.pop_front();
            }
        } else {
            // Hosts only fill up meanwhile: who needs no less than one that found no room finds none either.
            let mut refused: Vec<Demand> = Vec::new();
            waiting.retain(|vm| {
                if refused.iter().any(|less| vmpack_cluster::covers(&vm.demand, less)) {
                    return true;
                }
                let waits = !self.try_late(*vm);
                if waits && refused.len() < REFUSED {
                    refused.push(vm.demand);
                }
                waits
            });
        }
        self.waiting = waiting;
    }

    /// Places a VM that has waited, if there is room: its life begins now.
    fn try_late(&mut self, mut vm: Vm) -> bool {
        let wait = self.now - vm.start;
        vm.start = self.now;
        vm.end = vm.end.map(|end| end.saturating_add(wait)).filter(|&end| self.is_within(end));
        vm.predicted_end = vm.predicted_end.saturating_add(wait);
        let placed = self.try_place(vm);
        if placed {
            self.outcome.waited += 1;
            self.outcome.waiting_time += u128::from(wait);
            self.outcome.longest_wait = self.outcome.longest_wait.max(wait);
        }
        placed
    }

    /// Places a VM if there is room.
    fn try_place(&mut self, vm: Vm) -> bool {
        let Some(host) = self.policy.find(&vm, &mut |_| true).or_else(|| self.switch_on(&vm))
        else {
            return false;
        };
        (self.watch)(&Event { time: self.now, vm: &vm, what: What::Placed(host) });
        self.place(host, vm);
        true
    }

    /// Whether there is a host that can hold the VM when it is empty.
    fn is_ever_held(&self, vm: &Vm) -> bool {
        let holds = |capacity: &Demand| capacity.iter().zip(&vm.demand).all(|(c, d)| c >= d);
        self.fleet.kinds().iter().any(|kind| holds(&kind.capacity))
    }

    /// Switches a host on that can hold the VM.
    fn switch_on(&mut self, vm: &Vm) -> Option<usize> {
        let kinds = self.fleet.kinds().iter().zip(&mut self.off);
        let host = kinds
            .filter(|(kind, _)| kind.capacity.iter().zip(&vm.demand).all(|(c, d)| c >= d))
            .find_map(|(_, off)| off.pop())?
            .0;
        self.hosts[host].since = self.now;
        self.on += 1;
        self.outcome.peak_hosts = self.outcome.peak_hosts.max(self.on);
        self.policy.switch_on(host);
        Some(host)
    }

    fn place(&mut self, host: usize, vm: Vm) {
        self.bound.add(self.now, &vm.demand);
        self.hosts[host].vms += 1;
        self.policy.place(host, &vm);
        let slot = self.vacant.pop().unwrap_or(self.live.len());
        if let Some(end) = vm.end {
            self.departures.push(Reverse((end.max(self.now), vm.id, slot)));
        }
        if slot == self.live.len() {
            self.live.push((vm, host));
        } else {
            self.live[slot] = (vm, host);
        }
    }

    /// Has all VMs leave that do so by then, and lets others in instead.
    fn depart_until(&mut self, until: u64) {
        while let Some(&Reverse((time, ..))) = self.departures.peek()
            && time <= until
        {
            self.now = time;
            while let Some(&Reverse((same, _, slot))) = self.departures.peek()
                && same == time
            {
                self.departures.pop();
                self.depart(slot);
            }
            if !self.waiting.is_empty() {
                self.place_waiting();
            }
        }
    }

    /// The VM of a slot leaves.
    fn depart(&mut self, slot: usize) {
        let time = self.now;
        let (vm, host) = self.live[slot];
        self.vacant.push(slot);
        self.bound.remove(time, &vm.demand);
        self.policy.remove(time, host, &vm);
        self.outcome.departures += 1;
        let state = &mut self.hosts[host];
        state.vms -= 1;
        if state.vms == 0 {
            self.outcome.server_time += u128::from(time - state.since);
            self.on -= 1;
            self.policy.switch_off(host);
            let kind = self.starts.partition_point(|&start| start <= host) - 1;
            self.off[kind].push(Reverse(host));
        }
        (self.watch)(&Event { time, vm: &vm, what: What::Left(host) });
    }
}
