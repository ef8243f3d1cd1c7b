//! Load balancing in a cluster in operation.

use std::collections::BTreeMap;

use super::{Goal, Host, Trigger, Vm, imbalance, plan};
use crate::arrivals::Demand;
use crate::operation::{Action, Controller, Event, MEMORY, Phase, State, Time, What};

/// How a [`Balancer`] acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Habits {
    /// What it aims at; its target is where the trigger stops, and the cost of a VM its memory in GiB. The budget is for
    /// each period.
    pub goal: Goal,
    /// When it acts, by the value of the objective.
    pub trigger: Trigger,
    /// How often it looks, in ms; positive.
    pub period: Time,
    /// For how long it leaves a VM alone that was moved by whomever, or does not try a host again that refused a VM.
    pub hold: Time,
    /// How much a new sample of use counts, in thousandths; the rest is what was known before. 1000 takes samples as they
    /// are.
    pub smoothing: u64,
}

/// Looks at a smoothed use of hosts on a period and moves VMs to even it out.
///
/// A VM that is on its way counts where it goes, so that a plan is not made twice while migrations take their time. Hosts
/// that are off, cordoned, or suspected to have failed take no VMs; rules are the engine's, and a host that has declined
/// a VM is not asked again for a while.
#[derive(Clone, Debug)]
pub struct Balancer {
    habits: Habits,
    due: Time,
    /// The use of every VM in thousandths, once it was seen.
    used: Vec<Option<Demand>>,
    /// Until when each VM is left alone.
    held: Vec<Time>,
    /// VMs and hosts that refused them, and until when.
    declined: BTreeMap<(usize, usize), Time>,
    /// Hosts that are on and not suspected, as far as one was told.
    sound: Vec<bool>,
}

impl Balancer {
    /// For so many hosts and VMs; it looks for the first time after a period.
    ///
    /// # Panics
    /// If the period is 0.
    pub fn new(habits: Habits, hosts: usize, vms: usize) -> Self {
        assert!(habits.period > 0, "time passes between two looks");
        Self {
            habits,
            due: habits.period,
            used: vec![None; vms],
            held: vec![0; vms],
            declined: BTreeMap::new(),
            sound: vec![false; hosts],
        }
    }

    /// Takes a sample of what VMs on a host use.
    fn sample(&mut self, host: usize, state: &State<'_>) {
        let new = self.habits.smoothing.min(1000);
        for &vm in &state.host(host).vms {
            let wanted = state.vm(vm).wanted.map(|amount| amount * 1000);
            let before = self.used[vm].unwrap_or(wanted);
            self.used[vm] =
                Some(std::array::from_fn(|r| (before[r] * (1000 - new) + wanted[r] * new) / 1000));
        }
    }

    /// Hosts that are sound with the VMs on and on their way to them; the numbers of both.
    fn picture(&self, state: &State<'_>) -> (Vec<Host>, Vec<Vm>, Vec<usize>, Vec<usize>) {
        let numbers: Vec<usize> = (0..self.sound.len()).filter(|&host| self.sound[host]).collect();
        let (mut hosts, mut vms, mut vm_numbers) = (Vec::new(), Vec::new(), Vec::new());
        for (at, &number) in numbers.iter().enumerate() {
            let host = state.host(number);
            let amount = |of: &dyn Fn(usize) -> u64| -> Demand {
                std::array::from_fn(|r| if r < state.hosts().resources() { of(r) } else { 0 })
            };
            hosts.push(Host {
                // Use is counted in thousandths.
                capacity: amount(&|r| state.capacity(number, r).saturating_mul(1000)),
                free: amount(&|r| state.free(number, r)),
                takes: !host.cordoned,
            });
            for &vm in host.vms.iter().chain(&host.incoming) {
                let leaves =
                    matches!(state.vm(vm).phase, Phase::Migrating { to, .. } if to != number);
                if leaves {
                    continue;
                }
                let reserved = state.vm(vm).allotment.reserved;
                let runs = matches!(state.vm(vm).phase, Phase::Running { .. });
                vms.push(Vm {
                    host: at,
                    load: self.used[vm].unwrap_or_default(),
                    reserved,
                    movable: runs && self.held[vm] <= state.now(),
                    cost: reserved[MEMORY].div_ceil(1024),
                });
                vm_numbers.push(vm);
            }
        }
        (hosts, vms, numbers, vm_numbers)
    }
}

impl Controller for Balancer {
    fn due(&self) -> Option<Time> {
        Some(self.due)
    }

    fn notice(&mut self, event: &Event, _: &State<'_>) {
        let until = event.time.saturating_add(self.habits.hold);
        match event.what {
            What::HostOn { host } | What::Trusted { host } => self.sound[host] = true,
            What::HostOff { host } | What::Suspected { host } => self.sound[host] = false,
            What::MigrationStarted { vm, .. } | What::Migrated { vm, .. } => self.held[vm] = until,
            What::Declined { action: Action::Migrate { vm, to } } => {
                self.declined.insert((vm, to), until);
            }
            _ => {}
        }
    }

    fn act(&mut self, state: &State<'_>, actions: &mut Vec<Action>) {
        let now = state.now();
        self.due = now + self.habits.period;
        for host in 0..self.sound.len() {
            self.sample(host, state);
        }
        self.declined.retain(|_, &mut until| until > now);
        let (hosts, vms, host_numbers, vm_numbers) = self.picture(state);
        let goal = Goal { target: self.habits.trigger.low(), ..self.habits.goal };
        if !self.habits.trigger.look(imbalance(&hosts, &vms, &goal)) {
            return;
        }
        let admits = |vm: usize, to: usize, _: &[usize]| {
            !self.declined.contains_key(&(vm_numbers[vm], host_numbers[to]))
        };
        let plan = plan(&hosts, &vms, &goal, &admits);
        // What may follow it is planned again on what is known by then.
        let first = plan.stages.first().into_iter().flatten();
        actions.extend(
            first
                .map(|step| Action::Migrate { vm: vm_numbers[step.vm], to: host_numbers[step.to] }),
        );
    }
}
