//! Consolidation in a cluster in operation.

use std::cell::Cell;
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

use vmpack_model::packing::Packing;
use vmpack_model::{Budget, Method};

use super::{Guest, Machine, Terms, repack};
use crate::arrivals::Demand;
use crate::migration::plan::{Move, Plan, Task};
use crate::operation::{Action, Controller, Event, MEMORY, Phase, State, Time, What};

/// What a [`Repacker`] has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Placements that were worth their moves.
    pub plans: u64,
    /// Those that were given up: no order of moves, or a move that was declined or called off.
    pub given_up: u64,
    /// Hosts that were to be emptied.
    pub emptied: u64,
    /// Instances that the method did not take, or gave no placement for that holds.
    pub unanswered: u64,
}

/// Looks on a period whether running VMs can do with less power for hosts, and moves them stage by stage.
///
/// Only hosts that are on, sound and not cordoned take part, and whose VMs all run where they are. If a move is declined,
/// say by a rule, or called off, the rest is given up, and nothing is tried for a while.
pub struct Repacker<'a> {
    method: &'a dyn Method<Packing>,
    budget: Budget,
    terms: Terms,
    period: Time,
    /// How long to wait after a plan was given up.
    rest: Time,
    due: Time,
    sound: Vec<bool>,
    stages: VecDeque<Vec<Move>>,
    /// VMs of this stage that are on their way.
    moving: BTreeSet<usize>,
    failed: bool,
    done: Rc<Cell<Done>>,
}

impl std::fmt::Debug for Repacker<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repacker").field("method", &self.method).finish_non_exhaustive()
    }
}

impl<'a> Repacker<'a> {
    /// For so many hosts; it looks for the first time after a period. `budget` is what each call of the method may spend;
    /// with a limit of time the result depends on the machine.
    ///
    /// # Panics
    /// If the period is 0.
    pub fn new(
        method: &'a dyn Method<Packing>,
        budget: Budget,
        terms: Terms,
        (period, rest): (Time, Time),
        hosts: usize,
    ) -> Self {
        assert!(period > 0, "time passes between two looks");
        Self {
            method,
            budget,
            terms,
            period,
            rest,
            due: period,
            sound: vec![false; hosts],
            stages: VecDeque::new(),
            moving: BTreeSet::new(),
            failed: false,
            done: Rc::default(),
        }
    }

    /// What it has done, also once the engine has it.
    pub fn done(&self) -> Rc<Cell<Done>> {
        Rc::clone(&self.done)
    }

    fn count(&self, change: impl FnOnce(&mut Done)) {
        let mut done = self.done.get();
        change(&mut done);
        self.done.set(done);
    }

    /// Finds a placement that is worth its moves, and their order.
    fn plan(&mut self, state: &State<'_>) {
        let takes_part = |&host: &usize| {
            let now = state.host(host);
            let rest = |&vm: &usize| matches!(state.vm(vm).phase, Phase::Running { .. });
            self.sound[host] && !now.cordoned && now.incoming.is_empty() && now.vms.iter().all(rest)
        };
        let hosts: Vec<usize> = (0..self.sound.len()).filter(takes_part).collect();
        let machine = |&host: &usize| Machine {
            capacity: state.hosts()[host].capacity,
            idle: state.hosts()[host].power.milliwatts(0, 1),
        };
        let machines: Vec<Machine> = hosts.iter().map(machine).collect();
        let (mut vms, mut guests) = (Vec::new(), Vec::new());
        for (at, &host) in hosts.iter().enumerate() {
            for &vm in &state.host(host).vms {
                let reserved = state.vm(vm).allotment.reserved;
                vms.push(vm);
                guests.push(Guest { host: at, reserved, memory: reserved[MEMORY] });
            }
        }
        let resources = state.hosts().resources();
        let method = self.method;
        let found = repack(&machines, &guests, resources, method, &self.budget, &self.terms);
        self.count(|done| done.unanswered += found.unanswered);
        let Some(found) = found.best else { return };
        let capacities: Vec<Demand> = machines.iter().map(|machine| machine.capacity).collect();
        let demands: Vec<Demand> = guests.iter().map(|guest| guest.reserved).collect();
        let from: Vec<usize> = guests.iter().map(|guest| guest.host).collect();
        let task = Task { capacities: &capacities, demands: &demands, from: &from, to: &found.to };
        let plan = Plan::new(&task, &|_, _, _| true);
        self.count(|done| {
            done.plans += 1;
            done.emptied += found.emptied as u64;
        });
        self.failed = !plan.stuck.is_empty();
        let named =
            |step: &Move| Move { vm: vms[step.vm], from: hosts[step.from], to: hosts[step.to] };
        self.stages = plan.stages.iter().map(|stage| stage.iter().map(named).collect()).collect();
    }
}

impl Controller for Repacker<'_> {
    fn due(&self) -> Option<Time> {
        Some(self.due)
    }

    fn notice(&mut self, event: &Event, _: &State<'_>) {
        match event.what {
            What::HostOn { host } | What::Trusted { host } => self.sound[host] = true,
            What::HostOff { host } | What::Suspected { host } => self.sound[host] = false,
            What::Migrated { vm, .. } if self.moving.remove(&vm) && self.moving.is_empty() => {
                self.due = event.time;
            }
            What::MigrationFailed { vm, .. }
            | What::Declined { action: Action::Migrate { vm, .. } }
                if self.moving.remove(&vm) =>
            {
                self.failed = true;
                self.due = event.time + 1;
            }
            _ => {}
        }
    }

    fn act(&mut self, state: &State<'_>, actions: &mut Vec<Action>) {
        let now = state.now();
        self.due = now + self.period;
        if self.moving.is_empty() && self.stages.is_empty() && !self.failed {
            self.plan(state);
        }
        if self.failed {
            self.failed = false;
            self.stages.clear();
            self.count(|done| done.given_up += 1);
            self.due = now + self.rest.max(1);
            return;
        }
        if self.moving.is_empty()
            && let Some(stage) = self.stages.pop_front()
        {
            // Those that have left meanwhile need not move.
            let there =
                |step: &&Move| state.vm(step.vm).phase == Phase::Running { host: step.from };
            for &Move { vm, to, .. } in stage.iter().filter(there) {
                self.moving.insert(vm);
                actions.push(Action::Migrate { vm, to });
            }
            if self.moving.is_empty() && !self.stages.is_empty() {
                self.due = now + 1;
            }
        }
    }
}
