//! Where VMs are in the middle of a plan.

use super::{Move, Obstacle, Rule, Task};
use crate::arrivals::{Demand, MAX_RESOURCES};

/// The VMs on every host; one that is under way is on both of its hosts.
#[derive(Clone, Debug)]
pub struct View {
    host: Vec<usize>,
    on: Vec<Vec<usize>>,
}

impl View {
    /// The VMs on a host, in no order.
    pub fn vms_on(&self, host: usize) -> &[usize] {
        &self.on[host]
    }

    /// The host that a VM is on; its source while it is under way.
    pub fn host_of(&self, vm: usize) -> usize {
        self.host[vm]
    }
}

/// A task, and how far it has come.
#[derive(Clone)]
pub(super) struct State<'a> {
    task: Task<'a>,
    rule: Rule<'a>,
    view: View,
    used: Vec<Demand>,
}

impl<'a> State<'a> {
    pub(super) fn new(task: &Task<'a>, rule: Rule<'a>) -> Self {
        assert_eq!(task.from.len(), task.demands.len(), "a host for every VM");
        assert_eq!(task.to.len(), task.demands.len(), "a host for every VM");
        let hosts = task.capacities.len();
        let (mut on, mut used) = (vec![Vec::new(); hosts], vec![[0; MAX_RESOURCES]; hosts]);
        for (vm, &host) in task.from.iter().enumerate() {
            on[host].push(vm);
            add(&mut used[host], &task.demands[vm]);
        }
        Self { task: *task, rule, view: View { host: task.from.to_vec(), on }, used }
    }

    pub(super) fn task(&self) -> &Task<'a> {
        &self.task
    }

    pub(super) fn host(&self, vm: usize) -> usize {
        self.view.host[vm]
    }

    pub(super) fn vms_on(&self, host: usize) -> &[usize] {
        &self.view.on[host]
    }

    /// VMs that are not where they are to be.
    pub(super) fn pending(&self) -> Vec<usize> {
        (0..self.task.to.len()).filter(|&vm| self.is_pending(vm)).collect()
    }

    pub(super) fn is_pending(&self, vm: usize) -> bool {
        self.view.host[vm] != self.task.to[vm]
    }

    /// Whether a VM may start to a host now.
    pub(super) fn admits(&self, vm: usize, host: usize) -> bool {
        self.short(vm, host, None).is_none() && (self.rule)(vm, host, &self.view)
    }

    /// Whether a VM would fit a host that another one has left, as far as capacity goes.
    pub(super) fn fits_without(&self, vm: usize, host: usize, gone: usize) -> bool {
        self.short(vm, host, Some(gone)).is_none()
    }

    /// What a pending VM lacks on its target.
    pub(super) fn obstacle(&self, vm: usize) -> Obstacle {
        self.short(vm, self.task.to[vm], None).map_or(Obstacle::Rule, Obstacle::Resource)
    }

    /// The first resource of which a host has not enough for a VM, without one that it has.
    fn short(&self, vm: usize, host: usize, gone: Option<usize>) -> Option<usize> {
        let (used, capacity) = (&self.used[host], &self.task.capacities[host]);
        let gone = gone.map_or([0; MAX_RESOURCES], |gone| self.task.demands[gone]);
        let demand = &self.task.demands[vm];
        (0..MAX_RESOURCES)
            .find(|&r| demand[r] > 0 && used[r] - gone[r] > capacity[r].saturating_sub(demand[r]))
            .or_else(|| (0..MAX_RESOURCES).find(|&r| demand[r] > capacity[r]))
    }

    /// A VM starts to a host.
    pub(super) fn depart(&mut self, vm: usize, to: usize) {
        add(&mut self.used[to], &self.task.demands[vm]);
        self.view.on[to].push(vm);
    }

    /// A VM that has started to a host leaves the one that it was on.
    pub(super) fn arrive(&mut self, vm: usize, to: usize) {
        let from = std::mem::replace(&mut self.view.host[vm], to);
        let demand = &self.task.demands[vm];
        self.used[from].iter_mut().zip(demand).for_each(|(used, demand)| *used -= demand);
        let on = &mut self.view.on[from];
        let at = on.iter().position(|&other| other == vm).expect("it was there");
        on.swap_remove(at);
    }

    /// A VM goes to a host at once.
    pub(super) fn shift(&mut self, vm: usize, to: usize) {
        self.depart(vm, to);
        self.arrive(vm, to);
    }

    /// Moves one after another; `None` as soon as one does not go.
    pub(super) fn play(&mut self, order: &[Move]) -> Option<()> {
        for &Move { vm, from, to } in order {
            if self.host(vm) != from || !self.admits(vm, to) {
                return None;
            }
            self.shift(vm, to);
        }
        Some(())
    }
}

fn add(used: &mut Demand, demand: &Demand) {
    used.iter_mut().zip(demand).for_each(|(used, demand)| *used += demand);
}

/// Puts moves that go one after another into stages, as early as what came before allows.
///
/// A move joins a stage unless an earlier one of its VM or onto its target still waits. So a target never holds more
/// than it did in the order that was given, and the first that waits always goes, but for rules that ask for company:
/// if one refuses it, every move is a stage of its own.
pub(super) fn compact(mut state: State<'_>, order: &[Move]) -> Vec<Vec<Move>> {
    let (mut stages, mut waiting) = (Vec::new(), order.to_vec());
    // The number of the stage in which a VM moved or waited, or a move onto a host waited, last.
    let mut vm_seen = vec![0; state.view.host.len()];
    let mut target_waits = vec![0; state.used.len()];
    for number in 1.. {
        if waiting.is_empty() {
            break;
        }
        let mut stage = Vec::new();
        waiting.retain(|&step| {
            let Move { vm, to, .. } = step;
            let first = vm_seen[vm] < number && target_waits[to] < number;
            let goes = first && state.admits(vm, to);
            vm_seen[vm] = number;
            if goes {
                state.depart(vm, to);
                stage.push(step);
            } else {
                target_waits[to] = number;
            }
            !goes
        });
        if stage.is_empty() {
            return order.iter().map(|&step| vec![step]).collect();
        }
        for step in &stage {
            state.arrive(step.vm, step.to);
        }
        stages.push(stage);
    }
    stages
}
