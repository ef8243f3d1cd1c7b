//! What is done about failures: wait, restart elsewhere, or evacuate before it is too late.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::terms::{DescriptionError, duration, duration_or_none, each, integer};
use crate::operation::{Action, Controller, Event, Phase, State, Status, Time, What};

/// How VMs of failed hosts are brought back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Whether they are started anew on other hosts; otherwise they wait for the repair.
    pub restarts: bool,
    /// Whether degraded hosts are evacuated.
    pub evacuates: bool,
    /// How long it takes to cut the power of a suspected host. A host that is trusted again before is spared.
    pub fence: Time,
    /// The most VMs that are started anew at once, and the most that are moved off degraded hosts at once.
    pub at_once: usize,
    /// After how long VMs that found no host are tried again.
    pub retry: Time,
    /// After how long a VM that found no host is given up; never if not given.
    pub give_up: Option<Time>,
    /// How often hosts are looked at for degradation.
    pub check: Time,
}

/// Names of recovery policies, with what they do.
pub const POLICIES: &[(&str, &str)] = &[
    ("wait", "VMs wait until their host is repaired"),
    ("restart", "a suspected host is fenced, and its VMs start elsewhere, the most urgent first"),
    ("evacuate", "as restart, and VMs are moved off degraded hosts before these fail"),
];

impl Policy {
    /// Reads `wait`, `restart` or `evacuate`, of which the last two take parameters by commas after a colon: `fence=30s`,
    /// `at-once=10`, `retry=10s`, `give-up=TIME`, and evacuate `check=1m`. These are the defaults; nothing is given up.
    ///
    /// # Errors
    /// If the text is not of that form.
    ///
    /// # Examples
    /// ```
    /// use vmpack_sim::faults::RecoveryPolicy;
    ///
    /// let policy = RecoveryPolicy::parse("restart:fence=20s,at-once=50")?;
    /// assert!(policy.restarts && !policy.evacuates);
    /// # Ok::<(), vmpack_sim::faults::DescriptionError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, DescriptionError> {
        let (name, parts) = text.split_once(':').unwrap_or((text, ""));
        if !POLICIES.iter().any(|(known, _)| *known == name) {
            let reason = "expected wait, restart or evacuate".into();
            return Err(DescriptionError { term: name.to_owned(), reason });
        }
        let mut policy = Self {
            restarts: name != "wait",
            evacuates: name == "evacuate",
            fence: 30_000,
            at_once: 10,
            retry: 10_000,
            give_up: None,
            check: 60_000,
        };
        let names = match name {
            "wait" => "none: wait takes no parameters",
            "restart" => "fence, at-once, retry, give-up",
            _ => "fence, at-once, retry, give-up, check",
        };
        let Self { restarts, evacuates, .. } = policy;
        each(parts, names, |name, value| {
            Some(match name {
                "fence" if restarts => duration_or_none(value).map(|time| policy.fence = time),
                "at-once" if restarts => {
                    integer(value, 1..=1_000_000).map(|most| policy.at_once = most as usize)
                }
                "retry" if restarts => duration(value).map(|time| policy.retry = time),
                "give-up" if restarts => duration(value).map(|time| policy.give_up = Some(time)),
                "check" if evacuates => duration(value).map(|time| policy.check = time),
                _ => return None,
            })
        })?;
        Ok(policy)
    }
}

/// Carries a [`Policy`] out. Suspected hosts take no new VMs until they are trusted.
///
/// VMs of a suspected host are started elsewhere only after its power was cut, so that none runs twice, however wrong the
/// suspicion, or after it works again and rules keep them down there. They queue by priority, then by the time at which their host was fenced. Degradation is read from the
/// hosts themselves on a period, as health sensors tell of it. VMs go from degraded hosts, the most urgent first, to the
/// first sound host with room; if there is none, one that is off is switched on.
#[derive(Clone, Debug)]
pub struct Recovery {
    policy: Policy,
    now: Time,
    /// Actions to ask for at once.
    pending: Vec<Action>,
    suspected: BTreeSet<usize>,
    /// When the power of a suspected host is cut.
    fences: BTreeMap<usize, Time>,
    /// VMs to be started anew: priority, since when, VM.
    queue: BTreeSet<(Reverse<u32>, Time, usize)>,
    /// Since when each has been down for certain, those that start anew as well.
    since: BTreeMap<usize, Time>,
    /// Those of them that no host took since the last try.
    declined: BTreeSet<usize>,
    /// When they are tried again.
    retry: Time,
    /// VMs that start anew.
    starting: BTreeSet<usize>,
    /// When hosts are looked at next for degradation.
    check: Time,
    degraded: BTreeSet<usize>,
    /// VMs that move off degraded hosts.
    moving: BTreeSet<usize>,
    /// Hosts that did not take such a VM.
    refused: BTreeSet<(usize, usize)>,
    /// Hosts that were switched on for them.
    woken: BTreeSet<usize>,
}

impl Recovery {
    /// Nothing has happened yet.
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            now: 0,
            pending: Vec::new(),
            suspected: BTreeSet::new(),
            fences: BTreeMap::new(),
            queue: BTreeSet::new(),
            since: BTreeMap::new(),
            declined: BTreeSet::new(),
            retry: 0,
            starting: BTreeSet::new(),
            check: 0,
            degraded: BTreeSet::new(),
            moving: BTreeSet::new(),
            refused: BTreeSet::new(),
            woken: BTreeSet::new(),
        }
    }

    /// A VM that has been down since a time queues.
    fn enqueue(&mut self, vm: usize, since: Time, state: &State<'_>) {
        self.since.insert(vm, since);
        self.queue.insert((Reverse(state.asked()[vm].priority), since, vm));
    }

    fn may_start(&self) -> bool {
        self.starting.len() < self.policy.at_once && self.queue.len() > self.declined.len()
    }

    /// A VM runs, has left, or is lost.
    fn settle(&mut self, vm: usize, state: &State<'_>) {
        if let Some(since) = self.since.remove(&vm) {
            self.queue.remove(&(Reverse(state.asked()[vm].priority), since, vm));
            self.declined.remove(&vm);
            self.starting.remove(&vm);
        }
        self.moving.remove(&vm);
    }

    /// Asks for the restart of as many VMs as may start at once.
    fn start(&mut self, state: &State<'_>, actions: &mut Vec<Action>) {
        if self.retry <= self.now {
            self.declined.clear();
        }
        let is_down = |vm: usize| matches!(state.vm(vm).phase, Phase::Down { .. });
        let mut left = self.policy.at_once.saturating_sub(self.starting.len());
        for &(_, since, vm) in &self.queue {
            let is_late = self.policy.give_up.is_some_and(|limit| since + limit <= self.now);
            if is_down(vm) && is_late {
                actions.push(Action::GiveUp { vm });
            } else if is_down(vm) && left > 0 && !self.declined.contains(&vm) {
                actions.push(Action::Restart { vm, to: None });
                self.starting.insert(vm);
                left -= 1;
            }
        }
        let starting = &self.starting;
        self.queue.retain(|&(.., vm)| is_down(vm) && !starting.contains(&vm));
        self.declined.retain(|&vm| is_down(vm));
    }

    /// Finds out which hosts are degraded, and moves their VMs.
    fn evacuate(&mut self, state: &State<'_>, actions: &mut Vec<Action>) {
        for host in 0..state.hosts().len() {
            let is_slow = state.host(host).permille < 1000;
            let is_on = state.host(host).status == Status::On;
            if is_slow && is_on && self.degraded.insert(host) {
                actions.push(Action::Cordon { host });
            } else if !is_slow && self.degraded.remove(&host) && !self.suspected.contains(&host) {
                actions.push(Action::Uncordon { host });
            }
        }
        let mut vms: Vec<(Reverse<u32>, usize)> = Vec::new();
        for &host in &self.degraded {
            let runs = |&&vm: &&usize| state.vm(vm).phase == Phase::Running { host };
            let mine = state.host(host).vms.iter().filter(runs);
            vms.extend(mine.map(|&vm| (Reverse(state.asked()[vm].priority), vm)));
        }
        vms.sort_unstable();
        let mut homeless = None;
        for (_, vm) in vms {
            if self.moving.len() >= self.policy.at_once {
                break;
            }
            if let Some(to) = self.shelter(vm, state) {
                actions.push(Action::Migrate { vm, to });
                self.moving.insert(vm);
            } else {
                homeless = homeless.or(Some(vm));
            }
        }
        if let Some(vm) = homeless {
            self.wake_for(vm, state, actions);
        }
        let degraded = &self.degraded;
        let is_done = |host: usize| degraded.is_empty() || !state.host(host).vms.is_empty();
        let done: Vec<usize> = self.woken.iter().copied().filter(|&host| is_done(host)).collect();
        for host in done {
            self.woken.remove(&host);
            actions.push(Action::Sleep { host });
        }
        if self.degraded.is_empty() {
            self.refused.clear();
        }
        self.check = self.now + self.policy.check;
    }

    /// The first sound host that is on and has room for a VM.
    fn shelter(&self, vm: usize, state: &State<'_>) -> Option<usize> {
        let reserved = &state.vm(vm).allotment.reserved;
        (0..state.hosts().len()).find(|&host| {
            let now = state.host(host);
            now.status == Status::On
                && !now.cordoned
                && now.permille == 1000
                && state.has_room(host, reserved)
                && !self.refused.contains(&(vm, host))
        })
    }

    /// Switches on a host that has room for a VM, unless one is being switched on already.
    fn wake_for(&mut self, vm: usize, state: &State<'_>, actions: &mut Vec<Action>) {
        if self.woken.iter().any(|&host| state.host(host).status == Status::Waking) {
            return;
        }
        let reserved = &state.vm(vm).allotment.reserved;
        let host = (0..state.hosts().len()).find(|&host| {
            let now = state.host(host);
            now.status == Status::Off && !now.cordoned && state.has_room(host, reserved)
        });
        if let Some(host) = host {
            self.woken.insert(host);
            actions.push(Action::Wake { host });
        }
    }
}

impl Controller for Recovery {
    fn due(&self) -> Option<Time> {
        let at_once = !self.pending.is_empty() || self.may_start();
        let retries = !self.declined.is_empty() && self.starting.len() < self.policy.at_once;
        let fences = self.fences.values().copied();
        let late = self
            .policy
            .give_up
            .and_then(|limit| self.queue.iter().map(|&(_, since, _)| since + limit).min());
        let all = fences.chain(at_once.then_some(self.now)).chain(late);
        all.chain(retries.then_some(self.retry))
            .chain(self.policy.evacuates.then_some(self.check))
            .min()
    }

    fn notice(&mut self, event: &Event, state: &State<'_>) {
        self.now = event.time;
        match event.what {
            What::Suspected { host } => {
                self.suspected.insert(host);
                self.pending.push(Action::Cordon { host });
                // A host that is off runs nothing.
                if self.policy.restarts && state.host(host).status != Status::Off {
                    self.fences.insert(host, event.time + self.policy.fence);
                }
            }
            What::Trusted { host } => {
                self.suspected.remove(&host);
                self.fences.remove(&host);
                if !self.degraded.contains(&host) {
                    self.pending.push(Action::Uncordon { host });
                }
            }
            What::Fenced { host } => {
                for &vm in &state.host(host).vms {
                    self.settle(vm, state);
                    self.enqueue(vm, event.time, state);
                }
            }
            What::KeptDown { vm, .. } if self.policy.restarts && !self.since.contains_key(&vm) => {
                self.enqueue(vm, event.time, state);
            }
            What::VmUp { vm, .. } | What::Left { vm, .. } | What::Lost { vm } => {
                self.settle(vm, state);
            }
            What::Migrated { vm, .. } | What::MigrationFailed { vm, .. }
                if self.moving.remove(&vm) =>
            {
                self.check = event.time;
            }
            What::HostOn { host } if self.woken.contains(&host) => self.check = event.time,
            What::Declined { action: Action::Restart { vm, .. } } if self.starting.remove(&vm) => {
                let since = self.since.get(&vm).copied().unwrap_or(event.time);
                self.enqueue(vm, since, state);
                if self.declined.is_empty() {
                    self.retry = event.time + self.policy.retry;
                }
                self.declined.insert(vm);
            }
            What::Declined { action: Action::Migrate { vm, to } } if self.moving.remove(&vm) => {
                self.refused.insert((vm, to));
            }
            _ => {}
        }
    }

    fn act(&mut self, state: &State<'_>, actions: &mut Vec<Action>) {
        self.now = state.now();
        actions.append(&mut self.pending);
        let due: Vec<usize> = self
            .fences
            .iter()
            .filter(|&(_, &time)| time <= self.now)
            .map(|(&host, _)| host)
            .collect();
        for host in due {
            self.fences.remove(&host);
            actions.push(Action::Fence { host });
        }
        self.start(state, actions);
        if self.policy.evacuates && self.check <= self.now {
            self.evacuate(state, actions);
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

    use super::*;

    #[test]
    fn policies_are_read_by_name() {
        let policy =
            Policy::parse("evacuate:fence=0,at-once=3,retry=1m,give-up=1h,check=5m").unwrap();
        assert!(policy.restarts && policy.evacuates);
        assert_eq!((policy.fence, policy.at_once, policy.retry), (0, 3, 60_000));
        assert_eq!((policy.give_up, policy.check), (Some(3_600_000), 300_000));
        for (name, _) in POLICIES {
            assert!(Policy::parse(name).is_ok(), "{name}");
        }
        let refused = |text: &str, reason: &str| {
            let error = Policy::parse(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        };
        refused("pray", "\"pray\": expected wait, restart or evacuate");
        refused("wait:fence=1s", "wait takes no parameters");
        refused("restart:check=1m", "expected one of fence, at-once, retry, give-up");
        refused("restart:at-once=0", "\"at-once=0\": expected an integer from 1");
        refused("restart:retry=0", "expected a time such as");
    }
}
