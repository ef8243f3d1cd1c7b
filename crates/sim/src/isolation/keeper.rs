//! Admits VMs only where the rules hold.

use vmpack_cluster::{RuleState, covers};
use vmpack_model::packing::{Demand as Form, Level};

use super::Isolation;
use crate::arrivals::Demand;
use crate::operation::{Guard, Phase, State, Status};

/// Keeps the rules at every instant, for VMs that come, migrate, and start anew.
///
/// Who may share a domain is counted by a [`RuleState`] for each extent of a domain, with VMs that migrate in both domains,
/// and once if that is the same. VMs that are down still count there: a host that is repaired brings them back.
///
/// Groups that stay together or spread are asked of as they run: those that are down do not count, or none could start
/// elsewhere. Where those of a group run that stay together, the others join them: VMs that were down stay so when their host
/// is repaired, until they are started there. While none runs, one starts anew only in a domain that has room for all that
/// are down elsewhere, and a new one only where the others are down. So such a group is never in two domains. A group that
/// spreads can fall short of its domains as hosts fail or are repaired and as VMs leave, and never by a VM that is admitted;
/// a [`Mender`](super::Mender) mends it.
///
/// A question is linear in the rules about the VM, in the VMs of its groups that stay together or spread, for a host that is
/// empty in hosts where some stand by, and for a group that is down as a whole in its VMs times the hosts of a domain.
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

    /// The other VMs of a group that are on hosts.
    fn others(&self, rule: usize, vm: usize) -> impl Iterator<Item = usize> {
        self.there[rule].iter().copied().filter(move |&other| other != vm)
    }

    /// Where the others of a group run that stays together, seen from a host.
    fn company(
        &self,
        (rule, within): (usize, Level),
        vm: usize,
        host: usize,
        state: &State<'_>,
    ) -> Company {
        let domain = |host| self.isolation.domain(within, host);
        let all = self.others(rule, vm).flat_map(|other| places(state.vm(other).phase));
        let mut company = Company::Nobody;
        for at in all.flatten() {
            if domain(at) != domain(host) {
                return Company::Apart;
            }
            company = Company::Here;
        }
        company
    }

    /// The others of a group that are down in other domains than that of a host.
    fn strays(
        &self,
        (rule, within): (usize, Level),
        vm: usize,
        host: usize,
        state: &State<'_>,
    ) -> impl Iterator<Item = usize> {
        let domain = move |host| self.isolation.domain(within, host);
        self.others(rule, vm).filter(move |&other| {
            let phase = state.vm(other).phase;
            matches!(phase, Phase::Down { host: at } if domain(at) != domain(host))
        })
    }

    /// Whether a domain has room for a VM on a host and, first fit, for all of its group that are down elsewhere.
    fn takes_group(
        &self,
        group: (usize, Level),
        vm: usize,
        host: usize,
        state: &State<'_>,
    ) -> bool {
        let domain = |host| self.isolation.domain(group.1, host);
        let others = (0..self.isolation.hosts()).filter(|&other| {
            let now = state.host(other);
            let works = now.status != Status::Failed && !now.cordoned;
            other != host && works && domain(other) == domain(host)
        });
        let free = |host| -> Demand { std::array::from_fn(|r| state.free(host, r)) };
        let mut free: Vec<Demand> = std::iter::once(host).chain(others).map(free).collect();
        let mut fits = |demand: &Demand| {
            let on = free.iter_mut().find(|free| covers(*free, demand));
            on.map(|free| free.iter_mut().zip(demand).for_each(|(free, take)| *free -= take))
        };
        let reserved = |vm: usize| &state.vm(vm).allotment.reserved;
        fits(reserved(vm)).is_some()
            && self.strays(group, vm, host, state).all(|vm| fits(reserved(vm)).is_some())
    }

    /// Whether a rule that keeps a group together or spreads it bears a VM in the domain of a host.
    fn bears(&self, rule: usize, vm: usize, host: usize, state: &State<'_>) -> bool {
        match &self.isolation.rules()[rule].demand {
            Form::Together { within, .. } => {
                let group = (rule, *within);
                let domain = |host| self.isolation.domain(*within, host);
                match (self.company(group, vm, host, state), state.vm(vm).phase) {
                    (Company::Apart, _) => false,
                    (Company::Here, _) => true,
                    (Company::Nobody, Phase::Down { .. }) => {
                        self.takes_group(group, vm, host, state)
                    }
                    (Company::Nobody, Phase::Running { host: from })
                        if domain(from) == domain(host) =>
                    {
                        true
                    }
                    (Company::Nobody, _) => self.strays(group, vm, host, state).next().is_none(),
                }
            }
            Form::Spread { least, over, .. } => {
                let domain = |host| self.isolation.domain(*over, host);
                let (mut certain, mut running, mut is_new) = (vec![domain(host)], 1, true);
                for other in self.others(rule, vm) {
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

/// Where the others of a group run that stays together.
enum Company {
    /// All in one domain.
    Here,
    /// Some in another domain.
    Apart,
    /// None runs.
    Nobody,
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

    fn returns(&self, vm: usize, host: usize, state: &State<'_>) -> bool {
        self.groups[self.isolation.type_of(vm)].iter().all(|&(rule, _)| {
            match self.isolation.rules()[rule as usize].demand {
                Form::Together { within, .. } => {
                    let company = self.company((rule as usize, within), vm, host, state);
                    !matches!(company, Company::Apart)
                }
                // A VM that is down is worse than a group that is short of a domain.
                _ => true,
            }
        })
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
