//! Placement rules on single hosts, VM by VM: may a VM run there now, and what does it cost?

mod touching;

use std::collections::HashMap;

use vmpack_model::packing::{Demand, Instance, Level, Rule, Strength};

use touching::{Touch, Touching, level};

/// What VMs that come or go change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// How many violations of hard rules there are more; negative for fewer.
    pub broken: i64,
    /// What is paid more, in the cost unit of the instance, for running the VMs where they are and for violations
    /// of soft rules; negative for less.
    pub cost: i128,
}

/// How the VMs that single hosts hold keep the rules of an instance, kept up to date as VMs come and go.
///
/// Knows the five forms about who is where ([`Demand::Restrict`], [`Demand::AtMost`], [`Demand::Together`],
/// [`Demand::Spread`], [`Demand::Separate`]), hard and soft, on hosts, racks and sites, and the prices of VMs on
/// hosts. Capacities are another matter ([`Cluster`](crate::Cluster)), and so is whether hosts may fail.
///
/// A question and a change take time linear in the rules that concern the VM type. Memory is linear in hosts, and
/// in the VMs placed times the rules that concern them; nothing is allocated by questions.
///
/// # Examples
/// ```
/// use vmpack_cluster::RuleState;
/// use vmpack_model::packing::{Demand, Instance, Level, Rule, Rules, Strength};
///
/// let demand = Demand::AtMost { vms: vec![0], most: 1, within: Level::Host };
/// let rule = Rule { name: "replicas".into(), demand, strength: Strength::Hard };
/// let instance = Instance::identical_hosts("", &[8], &[(vec![1], 3)])?
///     .with_rules(Rules { rules: vec![rule], ..Rules::default() })?;
/// let mut state = RuleState::new(&instance);
/// let (one, other) = (state.add(0), state.add(0));
/// state.place(0, one, 1);
/// assert!(!state.admits(0, one) && state.admits(0, other));
/// # Ok::<(), vmpack_model::packing::InstanceError>(())
/// ```
#[derive(Clone, Debug)]
pub struct RuleState<'a> {
    instance: &'a Instance,
    touching: Touching,
    /// The type of each host.
    kinds: Vec<u32>,
    /// By domain and counter, what is not zero. Never iterated.
    counts: HashMap<(u32, u32), u64>,
    /// Per rule, how many domains hold some of its VMs, as far as it asks.
    used: Vec<u64>,
    /// Per rule, how many of its VMs are placed, as far as it asks.
    placed: Vec<u64>,
    /// Per rule, how many VMs it is about, as far as it asks.
    members: Vec<u64>,
    /// Per rule.
    violations: Vec<u64>,
    /// Violations of hard rules.
    broken: u64,
    /// What VMs on their hosts and violations of soft rules cost.
    cost: u128,
}

impl<'a> RuleState<'a> {
    /// No hosts and no VMs.
    pub fn new(instance: &'a Instance) -> Self {
        let rules = &instance.rules().rules;
        let spread = |rule: &Rule| match rule.demand {
            Demand::Spread { least, .. } => least,
            _ => 0,
        };
        let members = |rule: &Rule| match &rule.demand {
            Demand::Spread { vms, .. } => vms.iter().map(|&vm| instance.vms()[vm].count).sum(),
            _ => 0,
        };
        let violations: Vec<u64> = rules.iter().map(spread).collect();
        let of = |hard: bool| {
            rules.iter().zip(&violations).filter(move |(rule, _)| rule.is_hard() == hard)
        };
        Self {
            instance,
            touching: Touching::new(instance),
            kinds: Vec::new(),
            counts: HashMap::new(),
            used: vec![0; rules.len()],
            placed: vec![0; rules.len()],
            members: rules.iter().map(members).collect(),
            broken: of(true).fold(0, |sum, (_, &n)| sum.saturating_add(n)),
            cost: of(false).map(|(rule, &n)| u128::from(price(rule)) * u128::from(n)).sum(),
            violations,
        }
    }

    /// Adds an empty host of a type; its number, which follows that of the host before, as in
    /// [`Cluster::add`](crate::Cluster::add).
    pub fn add(&mut self, kind: usize) -> usize {
        self.kinds.push(kind as u32);
        self.kinds.len() - 1
    }

    /// The number of hosts.
    pub fn len(&self) -> usize {
        self.kinds.len()
    }

    /// Whether there are no hosts.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// The type of a host.
    pub fn kind(&self, host: usize) -> usize {
        self.kinds[host] as usize
    }

    /// Whether some rule is about VMs of a type.
    pub fn concerns(&self, vm: usize) -> bool {
        !self.touching.of(vm).is_empty()
    }

    /// Whether one VM more of a type on a host breaks no hard rule more often, and leaves enough VMs unplaced for
    /// every hard [`Demand::Spread`] to be kept.
    pub fn admits(&self, vm: usize, host: usize) -> bool {
        self.allows(vm, self.at(host))
    }

    /// As [`RuleState::admits`], for a host of a type that were added for the VM.
    pub fn admits_new(&self, vm: usize, kind: usize) -> bool {
        self.allows(vm, At { kind, host: self.len() })
    }

    /// Which hard rule it is that does not admit a VM more of a type on a host ([`RuleState::admits`]): the number of a
    /// *stake*, below [`RuleState::stakes`], if it is one.
    ///
    /// VM types with the same stake are alike to the rule, so that the host admits none of them; nor does it
    /// until VMs are taken off some host.
    pub fn refusal(&self, vm: usize, host: usize) -> Option<u32> {
        let at = self.at(host);
        let mut hard = self.touching.of(vm).iter().filter(|touch| self.rule(**touch).is_hard());
        hard.find(|touch| self.forbids(**touch, at)).map(|touch| touch.counter)
    }

    /// How many stakes VM types may have in rules: one in each group, one in each class of VMs that keep apart.
    pub fn stakes(&self) -> usize {
        self.touching.counters()
    }

    /// The stakes of a VM type, each with its rule, in order: what it is to all the rules that concern it.
    pub fn stakes_of(&self, vm: usize) -> impl Iterator<Item = (u32, usize)> {
        self.touching.of(vm).iter().map(|touch| (touch.counter, touch.rule as usize))
    }

    /// What `vms` VMs more of a type on a host change.
    pub fn placing(&self, vm: usize, host: usize, vms: u64) -> Change {
        self.change(vm, self.at(host), signed(vms))
    }

    /// As [`RuleState::placing`], for a host of a type that were added for the VMs; without the cost of the host.
    pub fn placing_new(&self, vm: usize, kind: usize, vms: u64) -> Change {
        self.change(vm, At { kind, host: self.len() }, signed(vms))
    }

    /// What taking `vms` VMs of a type off a host changes. They must be on it.
    pub fn taking_off(&self, vm: usize, host: usize, vms: u64) -> Change {
        self.change(vm, self.at(host), -signed(vms))
    }

    /// Puts `vms` VMs of a type on a host, whatever the rules say.
    pub fn place(&mut self, vm: usize, host: usize, vms: u64) {
        self.shift(vm, host, signed(vms));
    }

    /// Takes `vms` VMs of a type off a host.
    ///
    /// # Panics
    /// If fewer are on it, as far as a rule counts them.
    pub fn take_off(&mut self, vm: usize, host: usize, vms: u64) {
        self.shift(vm, host, -signed(vms));
    }

    /// How often a rule is broken, as [`Demand`] defines it for each form, by the VMs placed so far:
    /// [`Demand::Spread`] misses domains until it has them. Zero for [`Demand::Survive`].
    pub fn violations(&self, rule: usize) -> u64 {
        self.violations[rule]
    }

    /// How often hard rules are broken in total.
    pub fn broken(&self) -> u64 {
        self.broken
    }

    /// What VMs on their hosts and violations of soft rules cost in total.
    pub fn cost(&self) -> u128 {
        self.cost
    }

    fn at(&self, host: usize) -> At {
        At { kind: self.kind(host), host }
    }

    fn allows(&self, vm: usize, at: At) -> bool {
        self.touching
            .of(vm)
            .iter()
            .all(|&touch| !self.rule(touch).is_hard() || !self.forbids(touch, at))
    }

    /// Whether one VM more on the host breaks the rule more often, or leaves it too few VMs to be kept.
    fn forbids(&self, touch: Touch, at: At) -> bool {
        self.violations_more(touch, at, 1) > 0 || self.strands(touch, at)
    }

    fn rule(&self, touch: Touch) -> &'a Rule {
        &self.instance.rules().rules[touch.rule as usize]
    }

    /// The number of the domain of a host at the level of a rule: racks first, then sites, then hosts.
    fn domain(&self, touch: Touch, at: At) -> u32 {
        let (topology, kinds) = (&self.instance.rules().topology, self.instance.hosts().len());
        let level = level(&self.rule(touch).demand);
        let racks = topology.racks.len() + kinds;
        let sites = topology.sites.len() + kinds;
        let number = match (level, topology.domain(level, at.kind)) {
            (Level::Rack, Some(number)) => number,
            (Level::Site, Some(number)) => racks + number,
            _ => racks + sites + at.host,
        };
        number as u32
    }

    fn count(&self, domain: u32, counter: u32) -> u64 {
        self.counts.get(&(domain, counter)).copied().unwrap_or(0)
    }

    /// How many violations of the rule there are more if so many VMs join the host; they leave if negative.
    fn violations_more(&self, touch: Touch, at: At, vms: i64) -> i64 {
        let rule = touch.rule as usize;
        if let Demand::Restrict { hosts, .. } = &self.rule(touch).demand {
            return if hosts.binary_search(&at.kind).is_ok() { 0 } else { vms };
        }
        let domain = self.domain(touch, at);
        let before = self.count(domain, touch.counter);
        let after = moved(before, vms);
        // Whether one domain more, or one fewer, holds some of them.
        let step = i64::from(after > 0) - i64::from(before > 0);
        let differ = |of: &dyn Fn(u64) -> u64, now: u64| difference(of(moved(now, step)), of(now));
        match &self.rule(touch).demand {
            Demand::AtMost { most, .. } => {
                difference(after.saturating_sub(*most), before.saturating_sub(*most))
            }
            Demand::Together { .. } => differ(&|used| used.saturating_sub(1), self.used[rule]),
            Demand::Spread { least, .. } => {
                differ(&|used| least.saturating_sub(used), self.used[rule])
            }
            Demand::Separate { .. } => {
                let classes = self.count(domain, self.touching.classes(rule));
                differ(&|classes| classes.saturating_sub(1), classes)
            }
            Demand::Restrict { .. } | Demand::Survive { .. } => 0,
        }
    }

    /// Whether one VM more on the host leaves fewer VMs for a rule that spreads than the domains that it misses,
    /// and did not before.
    fn strands(&self, touch: Touch, at: At) -> bool {
        let Demand::Spread { .. } = &self.rule(touch).demand else { return false };
        let rule = touch.rule as usize;
        let left = self.members[rule].saturating_sub(self.placed[rule]);
        left > 0
            && self.violations[rule] >= left
            && self.count(self.domain(touch, at), touch.counter) > 0
    }

    fn change(&self, vm: usize, at: At, vms: i64) -> Change {
        let mut change = Change { broken: 0, cost: self.running(vm, at.kind) * i128::from(vms) };
        for &touch in self.touching.of(vm) {
            let more = self.violations_more(touch, at, vms);
            match self.rule(touch).strength {
                Strength::Hard => change.broken += more,
                Strength::Soft { price } => change.cost += i128::from(price) * i128::from(more),
            }
        }
        change
    }

    /// What running one VM of a type on a host of a type costs.
    fn running(&self, vm: usize, kind: usize) -> i128 {
        let prices = self.instance.rules().prices.as_ref();
        prices.map_or(0, |prices| i128::from(prices[[vm, kind]]))
    }

    fn shift(&mut self, vm: usize, host: usize, vms: i64) {
        let at = self.at(host);
        let change = self.change(vm, at, vms);
        self.broken = moved(self.broken, change.broken);
        self.cost = self.cost.checked_add_signed(change.cost).expect("costs are not negative");
        for index in 0..self.touching.of(vm).len() {
            let touch = self.touching.of(vm)[index];
            let rule = touch.rule as usize;
            let more = self.violations_more(touch, at, vms);
            self.violations[rule] = moved(self.violations[rule], more);
            let demand = &self.rule(touch).demand;
            if matches!(demand, Demand::Restrict { .. }) {
                continue;
            }
            let domain = self.domain(touch, at);
            let step = self.add_to(domain, touch.counter, vms);
            match demand {
                Demand::Together { .. } => self.used[rule] = moved(self.used[rule], step),
                Demand::Spread { .. } => {
                    self.used[rule] = moved(self.used[rule], step);
                    self.placed[rule] = moved(self.placed[rule], vms);
                }
                Demand::Separate { .. } if step != 0 => {
                    self.add_to(domain, self.touching.classes(rule), step);
                }
                _ => {}
            }
        }
    }

    /// Changes a count; by how much the number of domains with more than zero grew.
    fn add_to(&mut self, domain: u32, counter: u32, more: i64) -> i64 {
        let count = self.counts.entry((domain, counter)).or_default();
        let before = std::mem::replace(count, moved(*count, more));
        let step = i64::from(*count > 0) - i64::from(before > 0);
        if *count == 0 {
            self.counts.remove(&(domain, counter));
        }
        step
    }
}

/// A host, or the one that would be added next, with its type.
#[derive(Clone, Copy, Debug)]
struct At {
    kind: usize,
    host: usize,
}

/// What one violation costs; nothing where none is allowed.
fn price(rule: &Rule) -> u64 {
    match rule.strength {
        Strength::Hard => 0,
        Strength::Soft { price } => price,
    }
}

fn signed(vms: u64) -> i64 {
    i64::try_from(vms).expect("fewer than 2^63 VMs on single hosts")
}

/// How much more the first is; both differ by no more than some VMs.
fn difference(a: u64, b: u64) -> i64 {
    (i128::from(a) - i128::from(b)) as i64
}

fn moved(count: u64, by: i64) -> u64 {
    count.checked_add_signed(by).expect("no fewer VMs than none, no more than an instance has")
}
