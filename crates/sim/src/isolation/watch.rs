//! Who was together with whom, and what was broken.

use std::sync::Arc;

use vmpack_model::packing::{Demand as Form, Level};

use super::Isolation;
use super::keeper::places;
use crate::operation::{Event, Observer, Phase, State, Time, What};

/// Milliseconds per hour.
const HOUR: f64 = 3.6e6;

/// The extents of domains that hold several hosts.
const WIDE: [Level; 2] = [Level::Rack, Level::Site];

/// What made a group break its rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A host failed, or came back with its VMs.
    Failure,
    /// A VM left.
    Departure,
    /// A VM was placed, moved, or started anew where the rule does not allow it.
    Action,
}

/// Exposure and broken rules over time, counted from where VMs are and nothing else. VMs that are down run nowhere. VMs that
/// migrate count on both hosts towards exposure and towards rules on who shares a domain, and where they run towards groups
/// that stay together or spread. Whether enough hosts stand by is not looked at.
///
/// Who shares a domain is broken by actions alone. A group that stays together or spreads is broken by what happened when it
/// came to break its rule more than before. What happens as a migration ends was decided when it began: it counts as an action
/// if the group broke its rule then, with the VM at its goal and others where they are for certain; else it counts to what befell
/// the group since.
///
/// Each span takes time linear in the VMs of the domains of a host, and in those of groups that stay together or spread.
#[derive(Clone, Debug)]
pub struct Watch {
    isolation: Arc<Isolation>,
    /// Distinct pairs of tenants on a host, times milliseconds.
    pairs: u128,
    /// For each rule, violations times milliseconds, by cause.
    broken: Vec<[u128; 3]>,
    /// For each rule on groups, its violations now by cause, and what befell the group last.
    now: Vec<([u64; 3], Cause)>,
    /// For each VM type, the rules on who shares a domain, with the class of the type.
    sharing: Vec<Vec<(u32, u32)>>,
    /// For each VM type, the rules that keep together or spread.
    groups: Vec<Vec<(u32, u32)>>,
    /// For each such rule, its VMs that have been placed and have not left.
    there: Vec<Vec<usize>>,
    /// The hosts of each domain and until when it has been counted, for each wide extent that a rule asks of.
    domains: [Vec<(Vec<usize>, Time)>; 2],
    /// Until when groups have been counted.
    counted: Time,
    tenants: Vec<u32>,
    found: Vec<(u32, u32)>,
}

impl Watch {
    /// Nothing counted yet.
    pub fn new(isolation: Arc<Isolation>) -> Self {
        let gathers = |form: &Form| matches!(form, Form::Together { .. } | Form::Spread { .. });
        let domains = WIDE.map(|level| {
            let mut domains: Vec<(Vec<usize>, Time)> = Vec::new();
            if isolation.levels().iter().any(|(used, _)| *used == level) {
                for host in 0..isolation.hosts() {
                    let domain = isolation.domain(level, host);
                    domains.resize(domains.len().max(domain + 1), (Vec::new(), 0));
                    domains[domain].0.push(host);
                }
            }
            domains
        });
        let (sharing, groups) =
            (isolation.rules_by_type(|form| !gathers(form)), isolation.rules_by_type(gathers));
        let rules = isolation.rules().len();
        Self {
            isolation,
            pairs: 0,
            broken: vec![[0; 3]; rules],
            now: vec![([0; 3], Cause::Action); rules],
            sharing,
            groups,
            there: vec![Vec::new(); rules],
            domains,
            counted: 0,
            tenants: Vec::new(),
            found: Vec::new(),
        }
    }

    /// Distinct pairs of tenants with VMs on one host that is on, times hours, summed over hosts.
    pub fn exposure_hours(&self) -> f64 {
        self.pairs as f64 / HOUR
    }

    /// How often a rule was broken, as [`Form`] counts it, times hours.
    pub fn broken_hours(&self, rule: usize) -> f64 {
        self.broken[rule].iter().sum::<u128>() as f64 / HOUR
    }

    /// How often rules were broken for a reason, times hours.
    pub fn broken_by_hours(&self, cause: Cause) -> f64 {
        self.broken.iter().map(|broken| broken[cause as usize]).sum::<u128>() as f64 / HOUR
    }

    /// How often rules were broken, times hours.
    pub fn all_broken_hours(&self) -> f64 {
        self.broken.iter().flatten().sum::<u128>() as f64 / HOUR
    }

    fn expose(&mut self, host: usize, time: u128, state: &State<'_>) {
        let now = state.host(host);
        let is_up = |vm: &&usize| !matches!(state.vm(**vm).phase, Phase::Down { .. });
        self.tenants.clear();
        let all = now.vms.iter().chain(&now.incoming).filter(is_up);
        self.tenants.extend(all.map(|&vm| state.asked()[vm].tenant));
        self.tenants.sort_unstable();
        self.tenants.dedup();
        let tenants = self.tenants.len() as u128;
        self.pairs += tenants * tenants.saturating_sub(1) / 2 * time;
    }

    /// Counts what rules on a domain of these hosts were broken.
    fn count(&mut self, level: Level, hosts: &[usize], time: u128, state: &State<'_>) {
        let isolation = &self.isolation;
        self.found.clear();
        for &host in hosts {
            let now = state.host(host);
            let arrives = |vm: &&usize| {
                // A VM that moves within the domain is there once.
                state.vm(**vm).phase.host().is_none_or(|from| !hosts.contains(&from))
            };
            for &vm in now.vms.iter().chain(now.incoming.iter().filter(arrives)) {
                self.found.extend(&self.sharing[isolation.type_of(vm)]);
            }
        }
        self.found.sort_unstable();
        for of_rule in self.found.chunk_by(|a, b| a.0 == b.0) {
            let (rule, vms) = (of_rule[0].0 as usize, of_rule.len() as u64);
            let broken = match &isolation.rules()[rule].demand {
                Form::Restrict { hosts: may, .. } if level == Level::Host => {
                    let may = may.binary_search(&isolation.kind_of(hosts[0])).is_ok();
                    if may { 0 } else { vms }
                }
                Form::AtMost { most, within, .. } if *within == level => vms.saturating_sub(*most),
                Form::Separate { within, .. } if *within == level => {
                    of_rule.chunk_by(|a, b| a.1 == b.1).count() as u64 - 1
                }
                _ => 0,
            };
            self.broken[rule][Cause::Action as usize] += u128::from(broken) * time;
        }
    }

    /// How far a group is from being together or spread, with its VMs where they run.
    fn missing(&self, rule: usize, state: &State<'_>) -> u64 {
        let runs_at = |&vm: &usize| match state.vm(vm).phase {
            Phase::Down { .. } => None,
            phase => phase.host(),
        };
        let (form, there) = (&self.isolation.rules()[rule].demand, &self.there[rule]);
        self.short(form, there.iter().filter_map(runs_at), there.iter().filter_map(runs_at).count())
    }

    /// How often a rule on a group is broken of which so many run, and are on these hosts.
    fn short(&self, form: &Form, hosts: impl Iterator<Item = usize>, running: usize) -> u64 {
        let (Form::Together { within: level, .. } | Form::Spread { over: level, .. }) = form else {
            return 0;
        };
        let mut domains: Vec<usize> =
            hosts.map(|host| self.isolation.domain(*level, host)).collect();
        domains.sort_unstable();
        domains.dedup();
        let used = domains.len() as u64;
        match form {
            Form::Spread { least, .. } => (running as u64).min(*least).saturating_sub(used),
            _ => used.saturating_sub(1),
        }
    }

    /// Whether a migration is bound to break the rule of a group more than before, others being where they are for certain.
    fn is_at_fault(&self, rule: usize, vm: usize, hosts: [usize; 2], state: &State<'_>) -> bool {
        let form = &self.isolation.rules()[rule].demand;
        let others: Vec<[Option<usize>; 2]> = self.there[rule]
            .iter()
            .filter(|&&other| other != vm)
            .map(|&other| places(state.vm(other).phase))
            .filter(|places| places[0].is_some())
            .collect();
        let is_certain = |places: &&[Option<usize>; 2]| match (form, places) {
            (Form::Spread { over, .. }, [Some(from), Some(to)]) => {
                self.isolation.domain(*over, *from) == self.isolation.domain(*over, *to)
            }
            // Two that should be together must not be apart at any time.
            _ => true,
        };
        let with = |host: usize| {
            let certain = others.iter().filter(is_certain).flatten().copied().flatten();
            self.short(form, certain.chain([host]), others.len() + 1)
        };
        with(hosts[1]) > with(hosts[0])
    }

    /// Sees how often the rule of a group is broken now, and lays what is more to a cause.
    fn settle(&mut self, rule: usize, cause: Cause, state: &State<'_>) {
        let missing = self.missing(rule, state);
        let (broken, _) = &mut self.now[rule];
        let before: u64 = broken.iter().sum();
        broken[cause as usize] += missing.saturating_sub(before);
        let mut fewer = before.saturating_sub(missing);
        for broken in broken {
            let mended = fewer.min(*broken);
            *broken -= mended;
            fewer -= mended;
        }
    }

    /// Counts how far groups were from being together or spread.
    fn count_groups(&mut self, time: u128) {
        for (broken, (now, _)) in self.broken.iter_mut().zip(&self.now) {
            for (broken, &now) in broken.iter_mut().zip(now) {
                *broken += u128::from(now) * time;
            }
        }
    }
}

impl Observer for Watch {
    fn held(&mut self, host: usize, from: Time, until: Time, state: &State<'_>) {
        self.expose(host, u128::from(until - from), state);
        self.count(Level::Host, &[host], u128::from(until - from), state);
        // Nothing has changed yet at this instant in a domain of which no host was held before.
        for (at, level) in WIDE.into_iter().enumerate() {
            let domain = self.isolation.domain(level, host);
            if let Some((hosts, since)) = self.domains[at].get_mut(domain)
                && *since < until
            {
                let time = u128::from(until - std::mem::replace(since, until));
                let hosts = std::mem::take(hosts);
                self.count(level, &hosts, time, state);
                self.domains[at][domain].0 = hosts;
            }
        }
        if self.counted < until {
            let time = until - std::mem::replace(&mut self.counted, until);
            self.count_groups(u128::from(time));
        }
    }

    fn event(&mut self, event: &Event, state: &State<'_>) {
        let (vm, cause) = match event.what {
            What::Placed { vm, .. } | What::Restarted { vm, .. } => (vm, Some(Cause::Action)),
            What::Left { vm, .. } => (vm, Some(Cause::Departure)),
            What::VmDown { vm, .. } | What::Returned { vm, .. } | What::Lost { vm } => {
                (vm, Some(Cause::Failure))
            }
            What::MigrationStarted { vm, .. } | What::Migrated { vm, .. } => (vm, None),
            _ => return,
        };
        let kind = self.isolation.type_of(vm);
        for at in 0..self.groups[kind].len() {
            let rule = self.groups[kind][at].0 as usize;
            match event.what {
                What::Placed { .. } => self.there[rule].push(vm),
                What::Left { .. } | What::Lost { .. } => {
                    self.there[rule].retain(|&there| there != vm);
                }
                What::MigrationStarted { from, to, .. }
                    if self.is_at_fault(rule, vm, [from, to], state) =>
                {
                    self.now[rule].1 = Cause::Action;
                }
                _ => {}
            }
            if let Some(befell @ (Cause::Failure | Cause::Departure)) = cause {
                self.now[rule].1 = befell;
            }
            self.settle(rule, cause.unwrap_or(self.now[rule].1), state);
        }
    }
}
