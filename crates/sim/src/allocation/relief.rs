//! Moving VMs away from hosts that cannot hold what they need.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::adjust::Change;
use super::{Need, Relief};
use crate::arrivals::Demand;
use crate::operation::{Action, CPU, MEMORY, Phase, State, Status};

/// Which hosts cannot hold what their VMs need, and what the others have free.
#[derive(Debug)]
pub(super) struct Pressure {
    resources: usize,
    /// What every host has free.
    free: Vec<Demand>,
    /// Hosts that hold too much: by how much, and their VMs.
    pressed: Vec<(usize, Demand, Vec<Need>)>,
}

impl Pressure {
    pub(super) fn new(state: &State<'_>) -> Self {
        let free = |host: usize| std::array::from_fn(|r| state.free(host, r));
        Self {
            resources: state.hosts().resources(),
            free: (0..state.hosts().len()).map(free).collect(),
            pressed: Vec::new(),
        }
    }

    /// Counts what the VMs of a host need, and returns whether that is more than is available for them.
    pub(super) fn add(&mut self, host: usize, needs: &[Need], available: &[u64]) -> bool {
        let mut excess = Demand::default();
        for (r, &available) in available.iter().enumerate() {
            let needed: u64 = needs.iter().map(|need| need.target[r]).sum();
            excess[r] = needed.saturating_sub(available);
        }
        let is_pressed = excess != Demand::default();
        if is_pressed {
            self.pressed.push((host, excess, needs.to_vec()));
        }
        is_pressed
    }

    /// Allotments change as asked for.
    pub(super) fn changed(&mut self, changes: &[Change]) {
        // First all that is given back: on the way the sum may be below what is taken.
        for change in changes {
            let free = &mut self.free[change.host];
            free.iter_mut().zip(&change.old.reserved).for_each(|(free, old)| *free += old);
        }
        for change in changes {
            let free = &mut self.free[change.host];
            free.iter_mut().zip(&change.new.reserved).for_each(|(free, new)| *free -= new);
        }
    }

    /// Asks for what relief there is. A host that a VM is leaving already is left alone.
    pub(super) fn relieve(
        mut self,
        relief: Relief,
        state: &State<'_>,
        declined: &BTreeSet<(usize, usize)>,
        woken: &mut BTreeSet<usize>,
        actions: &mut Vec<Action>,
    ) {
        let Relief::Move { mut most } = relief else { return };
        let leaving = |&vm: &usize| matches!(state.vm(vm).phase, Phase::Migrating { .. });
        let mut waits = false;
        for (host, mut excess, mut needs) in std::mem::take(&mut self.pressed) {
            if state.host(host).vms.iter().any(leaving) {
                continue;
            }
            while excess != Demand::default() && most > 0 {
                self.order(&mut needs, &excess);
                let target = |need: &Need| self.target(need, host, state, declined);
                let found =
                    needs.iter().enumerate().find_map(|(at, need)| Some((at, target(need)?)));
                let Some((at, to)) = found else {
                    waits = true;
                    if let Some(first) = needs.first() {
                        wake(first, state, woken, actions);
                    }
                    break;
                };
                let need = needs.remove(at);
                actions.push(Action::Migrate { vm: need.vm, to });
                most -= 1;
                self.free[to].iter_mut().zip(&need.target).for_each(|(free, n)| *free -= n);
                let needed = excess.iter_mut().zip(&need.target);
                needed.for_each(|(excess, n)| *excess = excess.saturating_sub(*n));
            }
        }
        woken.retain(|&host| {
            let there = state.host(host);
            let starts = there.status == Status::Waking || there.status == Status::Off;
            let keep = starts || (waits && there.vms.is_empty() && there.incoming.is_empty());
            if !keep {
                actions.push(Action::Sleep { host });
            }
            keep
        });
    }

    /// The VM to move first: of those that would do, that of least memory; else that which needs most of what is shortest.
    fn order(&self, needs: &mut [Need], excess: &Demand) {
        let scarcest = (0..self.resources).max_by_key(|&r| excess[r]).unwrap_or(CPU);
        needs.sort_by_key(|need| {
            let does = (0..self.resources).all(|r| need.target[r] >= excess[r]);
            let rank = if does { need.target[MEMORY] } else { u64::MAX - need.target[scarcest] };
            (Reverse(does), rank, need.vm)
        });
    }

    /// The fullest host that can hold what a VM needs.
    fn target(
        &self,
        need: &Need,
        from: usize,
        state: &State<'_>,
        declined: &BTreeSet<(usize, usize)>,
    ) -> Option<usize> {
        let takes = |&to: &usize| {
            let there = state.host(to);
            to != from
                && there.status == Status::On
                && !there.cordoned
                && (0..self.resources).all(|r| self.free[to][r] >= need.target[r])
                && !declined.contains(&(need.vm, to))
        };
        (0..self.free.len()).filter(takes).min_by_key(|&to| (self.free[to][CPU], to))
    }
}

/// Switches on a host that could hold what a VM needs, if none is being switched on already.
fn wake(need: &Need, state: &State<'_>, woken: &mut BTreeSet<usize>, actions: &mut Vec<Action>) {
    if woken.iter().any(|&host| state.host(host).status == Status::Waking) {
        return;
    }
    let holds = |&host: &usize| {
        let there = state.host(host);
        let capacity = &state.hosts()[host].capacity;
        let fits = need.target.iter().zip(capacity).all(|(need, capacity)| need <= capacity);
        there.status == Status::Off && !there.cordoned && !woken.contains(&host) && fits
    };
    if let Some(host) = (0..state.hosts().len()).find(holds) {
        woken.insert(host);
        actions.push(Action::Wake { host });
    }
}
