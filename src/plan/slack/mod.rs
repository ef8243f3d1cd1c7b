//! How much tighter each rule could be before a placement breaks it, in whole VMs, domains or hosts.
//!
//! Nothing moves: a slack says what the placement as it stands leaves open, by capacity and by that rule alone.

mod room;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use vmpack_greedy::survive;
use vmpack_model::Budget;
use vmpack_model::packing::{Demand, Instance, Level, Placement, Rule, Rules, Tally};

use room::{Room, Spot};

/// The most VMs that move, over all choices of failing hosts, when it is tried whether more hosts may fail.
const MOST_MOVES: u128 = 100_000;

/// A placement, and what is asked of it for each rule.
pub(super) struct Slacks<'a> {
    instance: &'a Instance,
    placement: &'a Placement,
    tally: &'a Tally<'a>,
    room: Room<'a>,
}

/// What a slack counts.
pub(super) fn unit(demand: &Demand) -> &'static str {
    match demand {
        Demand::Restrict { .. }
        | Demand::AtMost { .. }
        | Demand::Together { .. }
        | Demand::Separate { .. } => "VMs",
        Demand::Spread { .. } => "domains",
        Demand::Survive { .. } => "hosts",
    }
}

impl<'a> Slacks<'a> {
    /// Of a placement that has been judged, and its tally.
    pub(super) fn new(
        instance: &'a Instance,
        placement: &'a Placement,
        tally: &'a Tally<'a>,
    ) -> Self {
        Self { instance, placement, tally, room: Room::new(instance, placement) }
    }

    /// The slack of a rule; `None` if it is broken, or nothing limits it.
    ///
    /// * restrict, together, separate: how many more VMs of the rule find room where it lets them, for the VMs of
    ///   the rule that find the least: on allowed hosts, in the domain of the group, in domains without VMs of
    ///   another class. Hosts that are closed still, but in stock, count.
    /// * at-most: how many fewer in a domain would do.
    /// * spread: how many more domains there are than asked for.
    /// * survive: how many more hosts may fail at once, with no other hosts opened, as moving the largest VMs first
    ///   shows; other moves may show more, and too many choices of failing hosts are not looked at.
    ///
    /// Linear in the entries of the placement, times a logarithm; as many evacuations as there are choices of
    /// failing hosts, up to a limit.
    pub(super) fn of(&self, rule: &Rule) -> Option<u64> {
        if !self.keeps(&rule.demand) {
            return None;
        }
        match &rule.demand {
            Demand::Restrict { vms, hosts } => {
                self.room.for_the_largest(vms, |spot| has(hosts, spot.host))
            }
            Demand::AtMost { vms, most, within } => self.fewer(vms, *most, *within),
            Demand::Together { vms, within } => self.beside(vms, *within),
            Demand::Spread { vms, least, over } => self.domains_more(vms, *least, *over),
            Demand::Separate { classes, within } => self.apart(classes, *within),
            Demand::Survive { hosts, failures } => self.failures_more(rule, hosts, *failures),
        }
    }

    fn keeps(&self, demand: &Demand) -> bool {
        self.tally.violations(demand) == 0
    }

    fn fewer(&self, vms: &[usize], most: u64, within: Level) -> Option<u64> {
        let kept = |most| self.keeps(&Demand::AtMost { vms: vms.to_vec(), most, within });
        // Domains hold nothing at all only where there are no VMs.
        least(1, most, kept).map(|tightest| most - tightest)
    }

    fn domains_more(&self, vms: &[usize], domains: u64, over: Level) -> Option<u64> {
        let total: u64 = vms.iter().map(|&vm| self.instance.vms()[vm].count).sum();
        let broken = |least| !self.keeps(&Demand::Spread { vms: vms.to_vec(), least, over });
        // One beyond the greatest number that is kept is the least that is not.
        least(domains, total.max(domains) + 1, broken).map(|broken| broken - 1 - domains)
    }

    fn beside(&self, vms: &[usize], within: Level) -> Option<u64> {
        let mut patterns = self.placement.patterns.iter();
        let holder = patterns.position(|(pattern, hosts)| {
            let mut held = pattern.vms.iter().map(|&(row, _)| self.instance.type_of_row(row));
            *hosts > 0 && held.any(|vm| has(vms, vm))
        })?;
        let domain = |host| self.instance.rules().topology.domain(within, host);
        let home = domain(self.placement.patterns[holder].0.host);
        self.room.for_the_largest(vms, |spot| match home {
            // A single host holds them all, so it has its pattern to itself.
            None => spot.pattern == Some(holder),
            home => domain(spot.host) == home,
        })
    }

    fn apart(&self, classes: &[Vec<usize>], within: Level) -> Option<u64> {
        let of_class = |(class, vms): (usize, &Vec<usize>)| {
            vms.iter().map(move |&vm| (vm, class)).collect::<Vec<_>>()
        };
        let class_of: HashMap<usize, usize> =
            classes.iter().enumerate().flat_map(of_class).collect();
        let domain = |host| self.instance.rules().topology.domain(within, host);
        // The rule is kept: no domain holds a second class.
        let (mut on_hosts, mut in_domains) = (HashMap::new(), HashMap::new());
        for (index, (pattern, _)) in self.placement.patterns.iter().enumerate() {
            let mut held = pattern.vms.iter().map(|&(row, _)| self.instance.type_of_row(row));
            let Some(class) = held.find_map(|vm| class_of.get(&vm).copied()) else { continue };
            match domain(pattern.host) {
                None => on_hosts.insert(index, class),
                Some(number) => in_domains.insert(number, class),
            };
        }
        let held_at = |spot: Spot| match domain(spot.host) {
            None => spot.pattern.and_then(|pattern| on_hosts.get(&pattern)),
            Some(number) => in_domains.get(&number),
        };
        let of = |(class, vms): (usize, &Vec<usize>)| {
            self.room.for_the_largest(vms, |spot| held_at(spot).is_none_or(|held| *held == class))
        };
        classes.iter().enumerate().filter_map(of).min()
    }

    fn failures_more(&self, rule: &Rule, hosts: &[usize], failures: u64) -> Option<u64> {
        let patterns = self.placement.patterns.iter();
        let mine: Vec<_> = patterns.filter(|(pattern, _)| has(hosts, pattern.host)).collect();
        let held = |vms: &[(usize, u64)]| vms.iter().map(|(_, count)| count).sum::<u64>();
        let most = mine.iter().map(|(pattern, _)| held(&pattern.vms)).max().unwrap_or(0);
        if most == 0 {
            return None;
        }
        let opened: u64 = mine.iter().map(|(_, hosts)| hosts).sum();
        let moves = |failures: u64| {
            choices(mine.len(), failures)
                .saturating_mul(u128::from(failures))
                .saturating_mul(u128::from(most))
        };
        // Where all of them fail, none takes anything.
        let more = (failures + 1..opened).take_while(|&failures| {
            let demand = Demand::Survive { hosts: hosts.to_vec(), failures };
            moves(failures) <= MOST_MOVES && self.survives(Rule { demand, ..rule.clone() })
        });
        Some(more.count() as u64)
    }

    /// Whether the rule is kept with no other hosts opened.
    fn survives(&self, asked: Rule) -> bool {
        let Rules { topology, rules, .. } = self.instance.rules();
        let others = rules.iter().filter(|rule| !matches!(rule.demand, Demand::Survive { .. }));
        let kept = others.cloned().chain([asked]).collect();
        let rules = Rules { topology: topology.clone(), rules: kept, ..Rules::default() };
        let instance = self.room.without_closed_hosts().with_rules(rules);
        let instance = instance.expect("rules like those of a valid instance");
        let placement =
            Placement { patterns: self.placement.patterns.clone(), evacuations: Vec::new() };
        survive(&instance, placement, &Budget::default()).is_some()
    }
}

/// In how many ways so many hosts are chosen of so many kinds, if there are enough of each.
fn choices(kinds: usize, hosts: u64) -> u128 {
    // C(kinds + hosts - 1, hosts), which is whole at every step.
    let kinds = kinds as u128;
    let step = |sum: u128, i: u64| match sum.checked_mul(kinds - 1 + u128::from(i)) {
        Some(product) => product / u128::from(i),
        None => u128::MAX,
    };
    (1..=hosts).fold(1, step)
}

/// Whether a sorted set has the element.
fn has(set: &[usize], element: usize) -> bool {
    set.binary_search(&element).is_ok()
}

/// The least number from `low` to `high` of which a monotone predicate is true.
fn least(low: u64, high: u64, is: impl Fn(u64) -> bool) -> Option<u64> {
    let (mut low, mut high) = (low, high);
    if !is(high) {
        return None;
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if is(middle) { high = middle } else { low = middle + 1 }
    }
    Some(low)
}
