//! Surviving failures: who goes where, for every way in which hosts can fail.
//!
//! If exactly as many hosts fail as a rule says, and their VMs fit on the others, then so do those of fewer: the
//! VMs of a smaller choice move as in a greater one that contains it, and taking in less breaks neither capacity
//! nor a rule. So only the choices of exactly that many hosts are looked at (of all hosts, if there are fewer), up
//! to hosts that are filled alike. A choice of hosts that hold nothing needs no evacuation.
//!
//! The choices are enumerated until one has no evacuation, so the work is linear in the evidence, however many
//! there are.

use std::collections::{BTreeMap, BTreeSet};

use vmpack_model::packing::{Demand, Evacuation, Instance, Intake, Level, Pattern, Placement};

use super::{Touching, forbidding, usable};
use crate::violations::Violations;

/// Patterns by index, and how many hosts of each fail; in order.
type Failed = Vec<(usize, u64)>;

/// Derives that the evacuations show what the rules ask for, and that each of them can be carried out.
pub(super) fn judge(
    instance: &Instance,
    placement: &Placement,
    touching: &Touching,
    violations: &mut Violations,
) {
    let rules = &instance.rules().rules;
    let mut fleets: BTreeMap<usize, Fleet> = BTreeMap::new();
    for (index, rule) in rules.iter().enumerate() {
        if let Demand::Survive { hosts, failures } = &rule.demand {
            fleets.insert(index, Fleet::new(placement, hosts, *failures));
        }
    }
    for (index, evacuation) in placement.evacuations.iter().enumerate() {
        let number = index + 1;
        let rule = rules.get(evacuation.rule).map(|rule| (&rule.name, &rule.demand));
        let Some((name, Demand::Survive { hosts, .. })) = rule else {
            violations.push(|| format!("evacuation {number} is for no rule about failures"));
            continue;
        };
        let failures = fleets[&evacuation.rule].failures;
        let case = Case { instance, placement, touching, hosts, evacuation };
        if let Err(reason) = case.check(failures) {
            violations.push(|| format!("rule {name:?} (survive): evacuation {number} {reason}"));
        }
    }
    for (index, fleet) in &fleets {
        let mine = placement.evacuations.iter().filter(|evacuation| evacuation.rule == *index);
        let shown = mine.map(|evacuation| &evacuation.failed).collect();
        if let Some(missing) = fleet.first_not_in(&shown) {
            violations.push(|| {
                let (name, which) = (&rules[*index].name, show(&missing));
                format!("rule {name:?} (survive): no evacuation for the failure of {which}")
            });
        }
    }
}

/// The hosts that a rule speaks of, by pattern, and how many of them fail.
struct Fleet {
    /// Patterns by index and how many hosts have them; those that hold VMs come first.
    pool: Vec<(usize, u64)>,
    /// How many of the pool hold VMs.
    filled: usize,
    /// How many hosts there are from each pattern of the pool on.
    rest: Vec<u128>,
    /// How many hosts fail.
    failures: u128,
}

impl Fleet {
    fn new(placement: &Placement, hosts: &[usize], failures: u64) -> Self {
        let patterns = placement.patterns.iter().enumerate();
        let mine = patterns.filter(|(_, (p, n))| *n > 0 && hosts.binary_search(&p.host).is_ok());
        let (mut pool, idle): (Vec<_>, Vec<_>) = mine.partition(|(_, (p, _))| !p.vms.is_empty());
        let filled = pool.len();
        pool.extend(idle);
        let pool: Vec<_> = pool.into_iter().map(|(index, &(_, hosts))| (index, hosts)).collect();
        let mut rest = vec![0; pool.len() + 1];
        for (at, &(_, hosts)) in pool.iter().enumerate().rev() {
            rest[at] = rest[at + 1] + u128::from(hosts);
        }
        let failures = u128::from(failures).min(rest[0]);
        Self { pool, filled, rest, failures }
    }

    /// The first choice of failing hosts, some of which hold VMs, that is not among those.
    fn first_not_in(&self, shown: &BTreeSet<&Failed>) -> Option<Failed> {
        // Positions in the pool and numbers of hosts, in order; greater choices of early positions come first.
        let mut choice: Vec<(usize, u64)> = Vec::new();
        self.fill(&mut choice, 0, self.failures);
        while choice.first().is_some_and(|&(at, _)| at < self.filled) {
            let mut failed: Failed = choice.iter().map(|&(at, n)| (self.pool[at].0, n)).collect();
            failed.sort_unstable();
            if !shown.contains(&failed) {
                return Some(failed);
            }
            if !self.advance(&mut choice) {
                break;
            }
        }
        None
    }

    /// Chooses so many hosts more, from a position on and as early as possible.
    fn fill(&self, choice: &mut Vec<(usize, u64)>, from: usize, mut more: u128) {
        for (at, &(_, hosts)) in self.pool.iter().enumerate().skip(from) {
            if more == 0 {
                break;
            }
            let taken = u64::try_from(more).unwrap_or(u64::MAX).min(hosts);
            choice.push((at, taken));
            more -= u128::from(taken);
        }
    }

    /// Goes on to the next choice; `false` after the last one.
    fn advance(&self, choice: &mut Vec<(usize, u64)>) -> bool {
        let mut freed = 0;
        while let Some((at, taken)) = choice.pop() {
            // One host less here, and all later ones anew.
            if self.rest[at + 1] > freed {
                if taken > 1 {
                    choice.push((at, taken - 1));
                }
                self.fill(choice, at + 1, freed + 1);
                return true;
            }
            freed += u128::from(taken);
        }
        false
    }
}

/// One evacuation and what it is judged by.
struct Case<'a> {
    instance: &'a Instance,
    placement: &'a Placement,
    touching: &'a Touching,
    /// The host types of the rule, sorted.
    hosts: &'a [usize],
    evacuation: &'a Evacuation,
}

impl Case<'_> {
    /// Whether it can be carried out; else why not.
    fn check(&self, failures: u128) -> Result<(), String> {
        let patterns = &self.placement.patterns;
        let mut missing: BTreeMap<usize, i128> = BTreeMap::new();
        let mut engaged: BTreeMap<usize, u128> = BTreeMap::new();
        let failed = &self.evacuation.failed;
        if !failed.is_sorted_by(|a, b| a.0 < b.0) {
            return Err("names failing patterns twice or out of order".to_owned());
        }
        for &(index, hosts) in failed {
            let pattern = self.known(index, "fails")?;
            if hosts == 0 {
                return Err(format!("lets no host of pattern {} fail", index + 1));
            }
            engaged.insert(index, u128::from(hosts));
            for &(row, count) in &pattern.vms {
                add(&mut missing, self.instance.type_of_row(row), product(count, hosts));
            }
        }
        let failing = engaged.values().sum::<u128>();
        if failing != failures {
            return Err(format!("lets {failing} hosts fail, not {failures}"));
        }
        for intake in &self.evacuation.takes {
            self.receive(intake)?;
            let hosts = engaged.entry(intake.pattern).or_default();
            *hosts = hosts.saturating_add(u128::from(intake.hosts));
            for &(row, count) in &intake.vms {
                add(&mut missing, self.instance.type_of_row(row), -product(count, intake.hosts));
            }
        }
        for (&index, &hosts) in &engaged {
            let there = patterns[index].1;
            if hosts > u128::from(there) {
                return Err(format!(
                    "lets {hosts} hosts of pattern {} fail or take VMs in, and there are {there}",
                    index + 1
                ));
            }
        }
        match missing.into_iter().find(|&(_, vms)| vms != 0) {
            None => Ok(()),
            Some((vm, vms)) => {
                let name = &self.instance.vms()[vm].name;
                let what = if vms > 0 { "leaves out" } else { "takes in too many:" };
                Err(format!("{what} {} VMs of type {name:?}", vms.unsigned_abs()))
            }
        }
    }

    /// The pattern of that index, if its hosts are among those that the rule speaks of.
    fn known(&self, index: usize, does: &str) -> Result<&Pattern, String> {
        let Some((pattern, _)) = self.placement.patterns.get(index) else {
            return Err(format!(
                "speaks of an unknown pattern, number {}",
                index.saturating_add(1)
            ));
        };
        if self.hosts.binary_search(&pattern.host).is_err() {
            let name = &self.instance.hosts()[pattern.host].name;
            return Err(format!(
                "says that a host of type {name:?} {does}, which the rule is not about"
            ));
        }
        Ok(pattern)
    }

    /// Whether a host with the pattern can take the VMs in, and may.
    fn receive(&self, intake: &Intake) -> Result<(), String> {
        let (instance, number) = (self.instance, intake.pattern.saturating_add(1));
        let pattern = self.known(intake.pattern, "takes VMs in")?;
        if intake.hosts == 0 {
            return Err(format!("lets no host of pattern {number} take VMs in"));
        }
        let mut load = vec![0_u128; instance.dimensions()];
        // What each rule about single hosts finds there afterwards: VMs and classes.
        let mut found: BTreeMap<usize, (u128, BTreeSet<usize>)> = BTreeMap::new();
        let moved = intake.vms.iter().map(|&vms| (vms, true));
        for ((row, count), moved) in moved.chain(pattern.vms.iter().map(|&vms| (vms, false))) {
            if row >= instance.rows() || count == 0 {
                return Err(format!("moves {count} VMs of demand row {row}"));
            }
            let vm = instance.type_of_row(row);
            if moved && let Some(rule) = forbidding(instance, vm, pattern.host) {
                let (vm, host) = (&instance.vms()[vm].name, &instance.hosts()[pattern.host].name);
                return Err(format!(
                    "moves a VM of type {vm:?} to host type {host:?} against rule {rule:?}"
                ));
            }
            for (load, &demand) in load.iter_mut().zip(instance.demand(row)) {
                *load = load.saturating_add(product(count, demand).unsigned_abs());
            }
            for &(rule, class) in self.touching.row(instance, row) {
                let (vms, classes) = found.entry(rule).or_default();
                *vms = vms.saturating_add(u128::from(count));
                classes.insert(class);
            }
        }
        for ((&load, &capacity), resource) in
            load.iter().zip(&*usable(instance, pattern.host)).zip(instance.resources())
        {
            if load > u128::from(capacity) {
                return Err(format!(
                    "loads a host of pattern {number} with {load} of {:?}, {} more than its {capacity}",
                    resource.name,
                    load - u128::from(capacity)
                ));
            }
        }
        for (rule, (vms, classes)) in found {
            let rule = &instance.rules().rules[rule];
            let broken = rule.is_hard()
                && match &rule.demand {
                    Demand::AtMost { most, within: Level::Host, .. } => vms > u128::from(*most),
                    Demand::Separate { within: Level::Host, .. } => classes.len() > 1,
                    _ => false,
                };
            if broken {
                let name = &rule.name;
                return Err(format!("breaks rule {name:?} on a host of pattern {number}"));
            }
        }
        Ok(())
    }
}

/// Two factors of 64 bits, as far as they fit.
fn product(a: u64, b: u64) -> i128 {
    i128::try_from(u128::from(a) * u128::from(b)).unwrap_or(i128::MAX)
}

fn add(missing: &mut BTreeMap<usize, i128>, vm: usize, vms: i128) {
    let sum = missing.entry(vm).or_default();
    *sum = sum.saturating_add(vms);
}

/// Failing hosts for people: `1 x pattern 2 + 1 x pattern 3`.
fn show(failed: &Failed) -> String {
    let part = |&(index, hosts): &(usize, u64)| format!("{hosts} x pattern {}", index + 1);
    failed.iter().map(part).collect::<Vec<_>>().join(" + ")
}
