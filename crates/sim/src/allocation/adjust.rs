//! Allotments that follow use.

use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use ndarray::Array2;
use vmpack_model::allocation::Allocation;
use vmpack_model::{Budget, Method, NullObserver, Unsupported};

use super::forecast::perfect;
use super::relief::Pressure;
use super::{Adjustment, Need, Scope, forgone, program, whole};
use crate::arrivals::Demand;
use crate::operation::{
    Action, Allotment, CPU, Controller, Event, Phase, State, Status, Terms, Time, What,
};

/// What adjusting came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Programs given to the method.
    pub programs: u64,
    /// Those that it returned no solution of: allotments stayed as they were.
    pub unsolved: u64,
    /// The utility forgone in whole amounts, summed over programs.
    pub forgone: u128,
    /// How often a host could not hold what its VMs need.
    pub pressed: u64,
    /// How long the method took.
    pub wall: Duration,
}

/// Adjusts what VMs are allotted to what they use, as an [`Adjustment`] says.
///
/// The demand of a VM is what hypervisors report: what it uses and what it waits for. VMs that migrate or do not run
/// keep what they have. An adjustment takes one program per host or one in all, and time linear in VMs and hosts beside.
#[derive(Debug)]
pub struct Adjuster<'a> {
    adjustment: Adjustment,
    method: &'a dyn Method<Allocation>,
    budget: Budget,
    tally: &'a mut Tally,
    /// What each VM used, oldest first.
    samples: Vec<VecDeque<Demand>>,
    taken: u32,
    due: Time,
    /// Moves that were declined.
    declined: BTreeSet<(usize, usize)>,
    /// Hosts switched on for VMs that are to move.
    woken: BTreeSet<usize>,
}

impl<'a> Adjuster<'a> {
    /// By a method, with a budget for each program, of work and not of time: its clock would run through the whole run.
    ///
    /// # Errors
    /// If the method does not take programs with the quota that there is.
    ///
    /// # Panics
    /// If a number of the adjustment that must be positive is not.
    pub fn new(
        adjustment: Adjustment,
        method: &'a dyn Method<Allocation>,
        budget: Budget,
        tally: &'a mut Tally,
    ) -> Result<Self, Unsupported> {
        let Adjustment { sample, every, window, least, .. } = adjustment;
        assert!(sample > 0 && every > 0 && window > 0 && least > 0, "positive numbers");
        let [request, floor] = [[1; _], [0; _]];
        let (target, forecast) = (request, request);
        let need =
            Need { vm: 0, host: 0, tenant: 0, priority: 0, request, floor, forecast, target };
        let available = Array2::from_elem((1, 1), 1);
        let probe = program("probe".into(), &[need], &available, adjustment.scope.quota())
            .expect("a VM on a host");
        method.accepts(&probe)?;
        Ok(Self {
            adjustment,
            method,
            budget,
            tally,
            samples: Vec::new(),
            taken: 0,
            due: 0,
            declined: BTreeSet::new(),
            woken: BTreeSet::new(),
        })
    }

    fn sample(&mut self, state: &State<'_>) {
        self.samples.resize_with(state.asked().len(), VecDeque::new);
        for host in 0..state.hosts().len() {
            for &vm in &state.host(host).vms {
                if !state.vm(vm).phase.runs() {
                    continue;
                }
                let samples = &mut self.samples[vm];
                if samples.len() == self.adjustment.window {
                    samples.pop_front();
                }
                samples.push_back(state.vm(vm).wanted);
            }
        }
    }

    /// What a VM needs; `None` if its allotment is not to be adjusted.
    fn need(&self, vm: usize, host: usize, state: &State<'_>) -> Option<Need> {
        let samples = &self.samples[vm];
        let now = state.vm(vm);
        if !matches!(now.phase, Phase::Running { .. }) || samples.len() < self.adjustment.least {
            return None;
        }
        let Adjustment { floor, forecast, margin, sample, every, .. } = self.adjustment;
        let asked = &state.asked()[vm];
        let mut need = Need {
            vm,
            host,
            tenant: asked.tenant,
            priority: asked.priority,
            request: asked.request,
            floor: Terms { floor, limit: 0 }.floor(&asked.request),
            forecast: [0; _],
            target: [0; _],
        };
        for r in 0..state.hosts().resources() {
            let age = state.now() - now.placed;
            let forecast = forecast[r]
                .of(samples.iter().map(|used| used[r]), every)
                .unwrap_or_else(|| perfect(asked, r, age, age + sample * Time::from(every)));
            need.floor[r] = need.floor[r].min(now.allotment.reserved[r]);
            need.forecast[r] = forecast.min(asked.request[r]);
            let more = need.forecast[r] * (1000 + u64::from(margin));
            need.target[r] = more.div_ceil(1000).min(asked.request[r]).max(need.floor[r]);
        }
        Some(need)
    }

    /// Divides what these hosts have among the VMs on them that can be adjusted.
    fn adjust(
        &mut self,
        hosts: &[usize],
        state: &State<'_>,
        pressure: &mut Pressure,
    ) -> Vec<Change> {
        let d = state.hosts().resources();
        let mut needs = Vec::new();
        let mut available = Array2::zeros((hosts.len(), d));
        for (at, &host) in hosts.iter().enumerate() {
            let there = state.host(host);
            let first = needs.len();
            needs.extend(there.vms.iter().filter_map(|&vm| self.need(vm, at, state)));
            let room: Demand = std::array::from_fn(|r| {
                let reserved = |need: &Need| state.vm(need.vm).allotment.reserved[r];
                let adjusted: u64 = needs[first..].iter().map(reserved).sum();
                let others = there.committed[r] - adjusted;
                state.hosts()[host].capacity[r].saturating_sub(others)
            });
            available.row_mut(at).iter_mut().zip(room).for_each(|(to, room)| *to = room);
            self.tally.pressed += u64::from(pressure.add(host, &needs[first..], &room));
        }
        let name = format!("{} ms, host {}", state.now(), hosts[0]);
        let Ok(instance) = program(name, &needs, &available, self.adjustment.scope.quota()) else {
            return Vec::new();
        };
        self.tally.programs += 1;
        let clock = Instant::now();
        let outcome = self.method.solve(&instance, &self.budget, &mut NullObserver);
        self.tally.wall += clock.elapsed();
        let Some(solved) = outcome.solved else {
            self.tally.unsolved += 1;
            return Vec::new();
        };
        let amounts = whole(&needs, &available, &solved.solution);
        self.tally.forgone += u128::from(forgone(&instance, &amounts));
        let change = |(need, amounts): (&Need, ndarray::ArrayView1<'_, u64>)| {
            let old = state.vm(need.vm).allotment;
            let mut new = old;
            new.reserved.iter_mut().zip(amounts).for_each(|(reserved, &amount)| *reserved = amount);
            let most = self
                .adjustment
                .burst
                .map_or(0, |limit| Terms { floor: [0; _], limit }.limit(&need.request));
            new.limit = most.max(new.reserved[CPU]);
            Change { vm: need.vm, host: hosts[need.host], old, new }
        };
        needs.iter().zip(amounts.rows()).map(change).filter(|c| c.old != c.new).collect()
    }
}

/// A VM gets another allotment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    vm: usize,
    pub(super) host: usize,
    pub(super) old: Allotment,
    pub(super) new: Allotment,
}

/// Asks for changes in an order in which each finds room: first all that is given back, then all that is taken.
fn ask(changes: &[Change], actions: &mut Vec<Action>) {
    let allot = |vm: usize, allotment: Allotment| Action::Allot { vm, allotment };
    let lowered = |change: &Change| {
        let (old, new) = (change.old.reserved, change.new.reserved);
        let reserved: Demand = std::array::from_fn(|r| old[r].min(new[r]));
        (reserved != old).then_some(Allotment { reserved, ..change.new })
    };
    actions.extend(changes.iter().filter_map(|c| lowered(c).map(|lower| allot(c.vm, lower))));
    let raised = changes.iter().filter(|c| lowered(c).is_none_or(|lower| lower != c.new));
    actions.extend(raised.map(|c| allot(c.vm, c.new)));
}

impl Scope {
    /// The quota, if there is one.
    fn quota(self) -> Option<u32> {
        match self {
            Self::Host => None,
            Self::Cluster { quota } => quota,
        }
    }
}

impl Controller for Adjuster<'_> {
    fn due(&self) -> Option<Time> {
        Some(self.due)
    }

    fn notice(&mut self, event: &Event, _: &State<'_>) {
        match event.what {
            What::Left { vm, .. } | What::Lost { vm } => {
                if let Some(samples) = self.samples.get_mut(vm) {
                    *samples = VecDeque::new();
                }
            }
            What::Declined { action: Action::Migrate { vm, to } } => {
                self.declined.insert((vm, to));
            }
            _ => {}
        }
    }

    fn act(&mut self, state: &State<'_>, actions: &mut Vec<Action>) {
        self.sample(state);
        self.due = state.now() + self.adjustment.sample;
        self.taken += 1;
        if !(self.taken - 1).is_multiple_of(self.adjustment.every) {
            return;
        }
        let works = |&host: &usize| {
            let host = state.host(host);
            host.status == Status::On && !host.vms.is_empty()
        };
        let hosts: Vec<usize> = (0..state.hosts().len()).filter(works).collect();
        let at_once = match self.adjustment.scope {
            Scope::Host => 1,
            Scope::Cluster { .. } => hosts.len().max(1),
        };
        let mut pressure = Pressure::new(state);
        let mut changes = Vec::new();
        for hosts in hosts.chunks(at_once) {
            changes.extend(self.adjust(hosts, state, &mut pressure));
        }
        ask(&changes, actions);
        pressure.changed(&changes);
        let relief = self.adjustment.relief;
        pressure.relieve(relief, state, &self.declined, &mut self.woken, actions);
    }
}
