//! Admits VMs only where the rules hold.

use vmpack_cluster::RuleState;
use vmpack_model::packing::{Demand as Form, Level};

use super::Isolation;
use crate::operation::{Guard, Phase, State, Status};

/// Keeps the rules at every instant, for VMs that come, migrate, and start anew.
///
/// Who may share a domain is counted by a [`RuleState`] for each extent of a domain, with VMs that migrate in both domains,
/// and once if that is the same. VMs that are down still count there: a host that is repaired brings them back. Groups that
/// stay together or spread are asked of as they run: those that are down do not count, or none could start elsewhere, so
/// that a host that is repaired may bring back VMs of a group that has started to run elsewhere. A group can fall short of
/// its domains by VMs that leave, which a [`Mender`](super::Mender) mends.
///
/// A question is linear in the rules about the VM, in the VMs of its groups that stay together or spread, and, for a host
/// that is empty, in hosts where some stand by.
#[derive(Clone, Debug)]
pub struct Keeper<'a> {
    isolation: &'a Isolation,
    levels: Vec<(Level, RuleState<'a>)>,
    /// For each VM type, the rules that keep together or spread.
    groups: Vec<Vec<(u32, u32)>>,
    /// For each such rule, its VMs on hosts.
    there: Vec<Vec<usize>>,
    /// How many hosts stand by.
    standby: u64,
}

impl<'a> Keeper<'a> {
    /// Before the first VM.
    pub fn new(isolation: &'a Isolation) -> Self {
        let counted = |(level, instance): &'a (Level, _)| {
            let mut rules = RuleState::new(instance);
            for host in 0..isolation.hosts() {
                rules.add(isolation.kind_of(host));
            }
            (*level, rules)
        };
        let failures = isolation.rules().iter().filter_map(|rule| match rule.demand {
            Form::Survive { failures, .. } => Some(failures),
            _ => None,
        });
        let gathers = |form: &Form| matches!(form, Form::Together { .. } | Form::Spread { .. });
        Self {
            isolation,
            levels: isolation.levels().iter().map(counted).collect(),
            groups: isolation.rules_by_type(gathers),
            there: vec![Vec::new(); isolation.rules().len()],
            standby: failures.max().unwrap_or(0),
        }
    }

    /// Whether a rule that keeps a group together or spreads it bears a VM in the domain of a host.
    fn bears(&self, rule: usize, vm: usize, host: usize, state: &State<'_>) -> bool {
        let others = || self.there[rule].iter().copied().filter(|&other| other != vm);
        match &self.isolation.rules()[rule].demand {
            Form::Together { within, .. } => {
                let domain = self.isolation.domain(*within, host);
                let here = |at: Option<usize>| {
                    at.is_none_or(|host| self.isolation.domain(*within, host) == domain)
                };
                others().all(|other| {
                    let [from, to] = places(state.vm(other).phase);
                    here(from) && here(to)
                })
            }
            Form::Spread { least, over, .. } => {
                let domain = |host| self.isolation.domain(*over, host);
                let (mut certain, mut running, mut is_new) = (vec![domain(host)], 1, true);
                for other in others() {
                    let [from, to] = places(state.vm(other).phase).map(|at| at.map(domain));
                    let Some(from) = from else { continue };
                    running += 1;
                    is_new &= from != domain(host) && to != Some(domain(host));
                    // Whether one that migrates will be in the one domain or the other is not known.
                    if to.is_none_or(|to| to == from) {
                        certain.push(from);
                    }
                }
                certain.sort_unstable();
                certain.dedup();
                is_new || certain.len() as u64 >= running.min(*least)
            }
            _ => true,
        }
    }

    /// Whether enough hosts that stand by remain if a VM goes to a host. Those whose host has failed may have them.
    fn spares(&self, vm: usize, host: usize, state: &State<'_>) -> bool {
        let is_empty = |host: usize| {
            let now = state.host(host);
            now.vms.is_empty() && now.incoming.is_empty()
        };
        if self.standby == 0 || !is_empty(host) || matches!(state.vm(vm).phase, Phase::Down { .. })
        {
            return true;
        }
        let most = state.hosts().fleet().largest();
        let stands_by = |&other: &usize| {
            let now = state.host(other);
            other != host
                && is_empty(other)
                && !now.cordoned
                && now.status != Status::Failed
                && state.hosts()[other].capacity[..most.len()] == most[..]
        };
        (0..self.isolation.hosts()).filter(stands_by).count() as u64 >= self.standby
    }
}

/// Where a VM runs or will, and where it moves.
pub(super) fn places(phase: Phase) -> [Option<usize>; 2] {
    match phase {
        Phase::Starting { host } | Phase::Running { host } => [Some(host), None],
        Phase::Migrating { from, to } => [Some(from), Some(to)],
        Phase::Expected | Phase::Waiting | Phase::Down { .. } | Phase::Gone | Phase::Lost => {
            [None, None]
        }
    }
}

/// Where else a VM is counted that is counted to a host.
fn elsewhere(vm: usize, host: usize, state: &State<'_>) -> Option<usize> {
    match state.vm(vm).phase {
        Phase::Migrating { from, to } => Some(if host == from { to } else { from }),
        _ => None,
    }
}

impl Guard for Keeper<'_> {
    fn admits(&self, vm: usize, host: usize, state: &State<'_>) -> bool {
        let kind = self.isolation.type_of(vm);
        let counted = state.vm(vm).phase.host();
        let same = |level: Level| {
            let domain = |host| self.isolation.domain(level, host);
            counted.is_some_and(|from| domain(from) == domain(host))
        };
        self.levels.iter().all(|(level, rules)| same(*level) || rules.admits(kind, host))
            && self.groups[kind].iter().all(|&(rule, _)| self.bears(rule as usize, vm, host, state))
            && self.spares(vm, host, state)
    }

    fn placed(&mut self, vm: usize, host: usize, state: &State<'_>) {
        let (kind, other) = (self.isolation.type_of(vm), elsewhere(vm, host, state));
        for (level, rules) in &mut self.levels {
            let domain = |host| self.isolation.domain(*level, host);
            if other.is_none_or(|other| domain(other) != domain(host)) {
                rules.place(kind, host, 1);
            }
        }
        if other.is_none() {
            for &(rule, _) in &self.groups[kind] {
                self.there[rule as usize].push(vm);
            }
        }
    }

    fn left(&mut self, vm: usize, host: usize, state: &State<'_>) {
        let (kind, other) = (self.isolation.type_of(vm), elsewhere(vm, host, state));
        for (level, rules) in &mut self.levels {
            let domain = |host| self.isolation.domain(*level, host);
            if other.is_none_or(|other| domain(other) != domain(host)) {
                rules.take_off(kind, host, 1);
            }
        }
        if other.is_none() {
            for &(rule, _) in &self.groups[kind] {
                self.there[rule as usize].retain(|&there| there != vm);
            }
        }
    }
}
