//! Groups that VMs have left too close together.

use std::collections::BTreeSet;

use vmpack_model::packing::Demand as Form;

use super::Isolation;
use super::keeper::places;
use crate::operation::{Action, Controller, Event, Phase, State, Status, Time, What};

/// Moves VMs of groups that should spread and are in too few domains, since some of them left, to a host that is on, has
/// room, and is in a domain without them: one VM of a group at a time, the lowest host first. Looks when a VM of such a
/// group has left, gone on elsewhere or come back, when a host is suspected or fenced, and again after a while as long as a
/// group is short.
///
/// It knows room and not other rules: where one of them has a move declined, it asks for the next at once, and for the same
/// again only after that while.
///
/// A look is linear in the VMs of the groups, and in hosts for each that is short.
#[derive(Clone, Debug)]
pub struct Mender<'a> {
    isolation: &'a Isolation,
    retry: Time,
    due: Option<Time>,
    /// For each VM type, the rules that spread.
    groups: Vec<Vec<(u32, u32)>>,
    /// For each such rule, its VMs on hosts.
    there: Vec<Vec<usize>>,
    domains: Vec<usize>,
    /// When it looked last, and the moves asked for at that time: VM and host.
    looked: Time,
    asked: BTreeSet<(usize, usize)>,
}

impl<'a> Mender<'a> {
    /// Looks again after so many milliseconds where a group is short.
    ///
    /// # Panics
    /// If that is no time.
    pub fn new(isolation: &'a Isolation, retry: Time) -> Self {
        assert!(retry > 0, "time passes");
        Self {
            isolation,
            retry,
            due: None,
            groups: isolation.rules_by_type(|form| matches!(form, Form::Spread { .. })),
            there: vec![Vec::new(); isolation.rules().len()],
            domains: Vec::new(),
            looked: 0,
            asked: BTreeSet::new(),
        }
    }

    /// What mends a group, and whether it is short.
    fn mend(&mut self, rule: usize, state: &State<'_>) -> (Option<Action>, bool) {
        let isolation = self.isolation;
        let Form::Spread { least, over, .. } = isolation.rules()[rule].demand else {
            return (None, false);
        };
        let domain = |host| isolation.domain(over, host);
        let will_be = |&vm: &usize| {
            let [from, to] = places(state.vm(vm).phase);
            to.or(from).map(domain)
        };
        let vms = &self.there[rule];
        self.domains.clear();
        self.domains.extend(vms.iter().filter_map(will_be));
        self.domains.sort_unstable();
        let running = self.domains.len() as u64;
        let (domains, asked) = (&self.domains, &self.asked);
        let used = domains.chunk_by(|a, b| a == b).count() as u64;
        if used >= running.min(least) {
            return (None, false);
        }
        let is_spare = |vm: &&usize| match state.vm(**vm).phase {
            Phase::Running { host } => {
                domains.iter().filter(|&&other| other == domain(host)).count() > 1
            }
            _ => false,
        };
        let action = vms.iter().filter(is_spare).find_map(|&vm| {
            let reserved = &state.vm(vm).allotment.reserved;
            let takes = |&to: &usize| {
                let now = state.host(to);
                now.status == Status::On
                    && !now.cordoned
                    && domains.binary_search(&domain(to)).is_err()
                    && !asked.contains(&(vm, to))
                    && state.has_room(to, reserved)
            };
            (0..isolation.hosts()).find(takes).map(|to| Action::Migrate { vm, to })
        });
        (action, true)
    }
}

impl Controller for Mender<'_> {
    fn due(&self) -> Option<Time> {
        self.due
    }

    fn notice(&mut self, event: &Event, _: &State<'_>) {
        match event.what {
            What::Suspected { .. } | What::Fenced { .. } => self.due = Some(event.time),
            What::Declined { action: Action::Migrate { vm, to } }
                if self.asked.contains(&(vm, to)) =>
            {
                self.due = Some(event.time);
            }
            _ => {}
        }
        let (What::Placed { vm, .. }
        | What::Left { vm, .. }
        | What::Lost { vm }
        | What::Restarted { vm, .. }
        | What::VmUp { vm, .. }
        | What::MigrationFailed { vm, .. }) = event.what
        else {
            return;
        };
        for &(rule, _) in &self.groups[self.isolation.type_of(vm)] {
            let there = &mut self.there[rule as usize];
            match event.what {
                What::Placed { .. } => there.push(vm),
                What::Left { .. } | What::Lost { .. } => there.retain(|&other| other != vm),
                _ => {}
            }
            if !matches!(event.what, What::Placed { .. }) {
                self.due = Some(event.time);
            }
        }
    }

    fn act(&mut self, state: &State<'_>, actions: &mut Vec<Action>) {
        if self.looked < state.now() {
            self.looked = state.now();
            self.asked.clear();
        }
        let mut any_short = false;
        for rule in 0..self.there.len() {
            let (action, is_short) = self.mend(rule, state);
            if let Some(Action::Migrate { vm, to }) = action {
                self.asked.insert((vm, to));
            }
            actions.extend(action);
            any_short |= is_short;
        }
        self.due = any_short.then(|| state.now() + self.retry);
    }
}
