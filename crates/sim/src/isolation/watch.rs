//! Who was together with whom, and what was broken.

use std::sync::Arc;

use vmpack_model::packing::{Demand as Form, Level};

use super::Isolation;
use crate::operation::{Event, Observer, Phase, State, Status, Time, What};

/// Milliseconds per hour.
const HOUR: f64 = 3.6e6;

/// The extents of domains that hold several hosts.
const WIDE: [Level; 2] = [Level::Rack, Level::Site];

/// Exposure and broken rules over time, counted from where VMs are and nothing else. VMs that migrate count on both hosts
/// towards exposure and towards rules on who shares a domain, and where they run towards groups that stay together or
/// spread. Whether enough hosts stand by is not looked at.
///
/// Each span takes time linear in the VMs of the domains of a host, and in those of groups that stay together or spread.
#[derive(Clone, Debug)]
pub struct Watch {
    isolation: Arc<Isolation>,
    /// Distinct pairs of tenants on a host, times milliseconds.
    pairs: u128,
    /// For each rule, violations times milliseconds.
    broken: Vec<u128>,
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
            broken: vec![0; rules],
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
        self.broken[rule] as f64 / HOUR
    }

    /// How often rules were broken, times hours.
    pub fn all_broken_hours(&self) -> f64 {
        self.broken.iter().sum::<u128>() as f64 / HOUR
    }

    fn expose(&mut self, host: usize, time: u128, state: &State<'_>) {
        let now = state.host(host);
        if !matches!(now.status, Status::On | Status::Waking) {
            return;
        }
        self.tenants.clear();
        let all = now.vms.iter().chain(&now.incoming);
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
            self.broken[rule] += u128::from(broken) * time;
        }
    }

    /// Counts how far groups were from being together or spread.
    fn count_groups(&mut self, time: u128, state: &State<'_>) {
        let mut domains = Vec::new();
        for (rule, there) in self.there.iter().enumerate().filter(|(_, there)| !there.is_empty()) {
            let form = &self.isolation.rules()[rule].demand;
            let (Form::Together { within: level, .. } | Form::Spread { over: level, .. }) = form
            else {
                continue;
            };
            let runs_at = |&vm: &usize| match state.vm(vm).phase {
                Phase::Down { .. } => None,
                phase => phase.host().map(|host| self.isolation.domain(*level, host)),
            };
            domains.clear();
            domains.extend(there.iter().filter_map(runs_at));
            let running = domains.len() as u64;
            domains.sort_unstable();
            domains.dedup();
            let used = domains.len() as u64;
            let broken = match form {
                Form::Spread { least, .. } => running.min(*least).saturating_sub(used),
                _ => used.saturating_sub(1),
            };
            self.broken[rule] += u128::from(broken) * time;
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
            self.count_groups(u128::from(time), state);
        }
    }

    fn event(&mut self, event: &Event, _: &State<'_>) {
        match event.what {
            What::Placed { vm, .. } => {
                for &(rule, _) in &self.groups[self.isolation.type_of(vm)] {
                    self.there[rule as usize].push(vm);
                }
            }
            What::Left { vm, .. } | What::Lost { vm } => {
                for &(rule, _) in &self.groups[self.isolation.type_of(vm)] {
                    self.there[rule as usize].retain(|&there| there != vm);
                }
            }
            _ => {}
        }
    }
}
