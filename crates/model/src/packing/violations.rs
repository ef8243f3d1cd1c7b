//! How often a placement breaks a rule, as methods count it; the checker has its own count.

use std::collections::{BTreeMap, BTreeSet};

use super::{Demand, Instance, Level, Placement};

impl Placement {
    /// How often the placement breaks what is asked for, as [`Demand`] defines it for each form. Zero for
    /// [`Demand::Survive`], which has no price.
    ///
    /// Time is linear in the entries of the patterns (times a logarithm); hosts with equal contents are counted,
    /// not visited.
    ///
    /// # Panics
    /// If a pattern names a host type or a demand row that the instance does not have.
    pub fn violations(&self, instance: &Instance, demand: &Demand) -> u64 {
        match demand {
            Demand::Restrict { vms, hosts } => {
                let elsewhere = self.patterns.iter().filter(|(p, _)| !has(hosts, p.host));
                elsewhere.map(|(p, n)| n * members(instance, &p.vms, vms)).sum()
            }
            Demand::AtMost { vms, most, within } => self
                .by_domain(instance, *within, |held| members(instance, held, vms))
                .map(|(held, domains)| held.saturating_sub(*most) * domains)
                .sum(),
            Demand::Together { vms, within } => {
                self.domains_with(instance, vms, *within).saturating_sub(1)
            }
            Demand::Spread { vms, least, over } => {
                least.saturating_sub(self.domains_with(instance, vms, *over))
            }
            Demand::Separate { classes, within } => {
                let mut class_of = vec![None; instance.vms().len()];
                for (class, vms) in classes.iter().enumerate() {
                    vms.iter().for_each(|&vm| class_of[vm] = Some(class));
                }
                let mut held: BTreeMap<Domain, (BTreeSet<usize>, u64)> = BTreeMap::new();
                for (index, (pattern, hosts)) in self.patterns.iter().enumerate() {
                    let (domain, times) = domain(instance, *within, index, pattern.host, *hosts);
                    let (classes, _) =
                        held.entry(domain).or_insert_with(|| (BTreeSet::new(), times));
                    let rows = pattern.vms.iter();
                    classes
                        .extend(rows.filter_map(|&(row, _)| class_of[instance.type_of_row(row)]));
                }
                let broken = |(classes, times): &(BTreeSet<usize>, u64)| {
                    (classes.len() as u64).saturating_sub(1) * times
                };
                held.values().map(broken).sum()
            }
            Demand::Survive { .. } => 0,
        }
    }

    /// The number of domains that hold some VM of the group.
    fn domains_with(&self, instance: &Instance, vms: &[usize], level: Level) -> u64 {
        let held = self.by_domain(instance, level, |held| members(instance, held, vms));
        held.filter(|&(held, _)| held > 0).map(|(_, domains)| domains).sum()
    }

    /// What each domain holds, by the count that `of` makes of a host's contents, and how many domains hold so
    /// much each.
    fn by_domain(
        &self,
        instance: &Instance,
        level: Level,
        of: impl Fn(&[(usize, u64)]) -> u64,
    ) -> impl Iterator<Item = (u64, u64)> {
        let mut held: BTreeMap<Domain, (u64, u64)> = BTreeMap::new();
        for (index, (pattern, hosts)) in self.patterns.iter().enumerate() {
            let (domain, times) = domain(instance, level, index, pattern.host, *hosts);
            let (sum, _) = held.entry(domain).or_insert((0, times));
            // Hosts of one pattern are so many domains with its contents each, or one domain with all.
            *sum += of(&pattern.vms) * if level == Level::Host { 1 } else { *hosts };
        }
        held.into_values()
    }
}

/// A domain, or the hosts of one pattern, which are domains that hold the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Domain {
    Hosts { pattern: usize },
    Place { number: usize },
}

/// The domain of hosts with one pattern, and how many domains it stands for.
fn domain(
    instance: &Instance,
    level: Level,
    pattern: usize,
    host: usize,
    hosts: u64,
) -> (Domain, u64) {
    match instance.rules().topology.domain(level, host) {
        None => (Domain::Hosts { pattern }, hosts),
        Some(number) => (Domain::Place { number }, 1),
    }
}

/// How many VMs of a group a host's contents are.
fn members(instance: &Instance, held: &[(usize, u64)], vms: &[usize]) -> u64 {
    let mine = held.iter().filter(|&&(row, _)| has(vms, instance.type_of_row(row)));
    mine.map(|(_, count)| count).sum()
}

/// Whether a sorted set has the element.
fn has(set: &[usize], element: usize) -> bool {
    set.binary_search(&element).is_ok()
}
