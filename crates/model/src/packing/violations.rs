//! How often a placement breaks a rule, as methods count it; the checker has its own count.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Demand, Instance, Level, Pattern, Placement};

impl Placement {
    /// How often the placement breaks what is asked for, as [`Demand`] defines it for each form. Zero for
    /// [`Demand::Survive`], which has no price.
    ///
    /// Time is linear in the entries of the patterns (times a logarithm); hosts with equal contents are counted,
    /// not visited. For many rules there is [`Tally`].
    ///
    /// # Panics
    /// If a pattern names a host type or a demand row that the instance does not have.
    pub fn violations(&self, instance: &Instance, demand: &Demand) -> u64 {
        let all: Vec<usize> = (0..self.patterns.len()).collect();
        Held { instance, placement: self, patterns: &all }.violations(demand)
    }
}

/// Where a placement has VMs of which types: what many rules about few VMs each are asked of.
///
/// # Panics
/// Methods panic if a pattern names a host type or a demand row that the instance does not have.
#[derive(Clone, Debug)]
pub struct Tally<'a> {
    instance: &'a Instance,
    placement: &'a Placement,
    /// Per VM type, the patterns that hold it, by index.
    holders: Vec<Vec<usize>>,
}

impl<'a> Tally<'a> {
    /// Looks at all patterns; linear in their entries.
    pub fn new(instance: &'a Instance, placement: &'a Placement) -> Self {
        let mut holders = vec![Vec::new(); instance.vms().len()];
        for (index, (pattern, _)) in placement.patterns.iter().enumerate() {
            for &(row, _) in &pattern.vms {
                let holders: &mut Vec<usize> = &mut holders[instance.type_of_row(row)];
                if holders.last() != Some(&index) {
                    holders.push(index);
                }
            }
        }
        Self { instance, placement, holders }
    }

    /// As [`Placement::violations`], in time linear in the entries of the patterns that hold VMs of the rule.
    pub fn violations(&self, demand: &Demand) -> u64 {
        let groups = match demand {
            Demand::Restrict { vms, .. }
            | Demand::AtMost { vms, .. }
            | Demand::Together { vms, .. }
            | Demand::Spread { vms, .. } => std::slice::from_ref(vms),
            Demand::Separate { classes, .. } => classes,
            Demand::Survive { .. } => return 0,
        };
        let vms = groups.iter().flatten();
        let mut patterns: Vec<usize> = vms.flat_map(|&vm| &self.holders[vm]).copied().collect();
        patterns.sort_unstable();
        patterns.dedup();
        let (instance, placement) = (self.instance, self.placement);
        Held { instance, placement, patterns: &patterns }.violations(demand)
    }
}

/// Some patterns of a placement, by index: at least those that hold VMs that a rule is about.
struct Held<'a> {
    instance: &'a Instance,
    placement: &'a Placement,
    patterns: &'a [usize],
}

impl Held<'_> {
    fn violations(&self, demand: &Demand) -> u64 {
        let instance = self.instance;
        match demand {
            Demand::Restrict { vms, hosts } => {
                let elsewhere = self.patterns().filter(|(_, p, _)| !has(hosts, p.host));
                elsewhere.map(|(_, p, n)| n * members(instance, &p.vms, vms)).sum()
            }
            Demand::AtMost { vms, most, within } => self
                .by_domain(*within, |held| members(instance, held, vms))
                .map(|(held, domains)| held.saturating_sub(*most) * domains)
                .sum(),
            Demand::Together { vms, within } => self.domains_with(vms, *within).saturating_sub(1),
            Demand::Spread { vms, least, over } => {
                least.saturating_sub(self.domains_with(vms, *over))
            }
            Demand::Separate { classes, within } => {
                let of_class = |(class, vms): (usize, &Vec<usize>)| {
                    vms.iter().map(move |&vm| (vm, class)).collect::<Vec<_>>()
                };
                let class_of: HashMap<usize, usize> =
                    classes.iter().enumerate().flat_map(of_class).collect();
                let mut held: BTreeMap<Domain, (BTreeSet<usize>, u64)> = BTreeMap::new();
                for (index, pattern, hosts) in self.patterns() {
                    let (domain, times) = domain(instance, *within, index, pattern.host, hosts);
                    let (classes, _) =
                        held.entry(domain).or_insert_with(|| (BTreeSet::new(), times));
                    let rows = pattern.vms.iter();
                    let class = |&(row, _): &(usize, u64)| class_of.get(&instance.type_of_row(row));
                    classes.extend(rows.filter_map(class));
                }
                let broken = |(classes, times): &(BTreeSet<usize>, u64)| {
                    (classes.len() as u64).saturating_sub(1) * times
                };
                held.values().map(broken).sum()
            }
            Demand::Survive { .. } => 0,
        }
    }

    /// The patterns with their indices and how many hosts have them.
    fn patterns(&self) -> impl Iterator<Item = (usize, &Pattern, u64)> {
        self.patterns.iter().map(|&index| {
            let (pattern, hosts) = &self.placement.patterns[index];
            (index, pattern, *hosts)
        })
    }

    /// The number of domains that hold some VM of the group.
    fn domains_with(&self, vms: &[usize], level: Level) -> u64 {
        let held = self.by_domain(level, |held| members(self.instance, held, vms));
        held.filter(|&(held, _)| held > 0).map(|(_, domains)| domains).sum()
    }

    /// What each domain holds, by the count that `of` makes of a host's contents, and how many domains hold so
    /// much each.
    fn by_domain(
        &self,
        level: Level,
        of: impl Fn(&[(usize, u64)]) -> u64,
    ) -> impl Iterator<Item = (u64, u64)> {
        let mut held: BTreeMap<Domain, (u64, u64)> = BTreeMap::new();
        for (index, pattern, hosts) in self.patterns() {
            let (domain, times) = domain(self.instance, level, index, pattern.host, hosts);
            let (sum, _) = held.entry(domain).or_insert((0, times));
            // Hosts of one pattern are so many domains with its contents each, or one domain with all.
            *sum += of(&pattern.vms) * if level == Level::Host { 1 } else { hosts };
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

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::super::{HostType, Ratio, Rule, Rules, Strength, Topology};
    use super::*;
    use crate::Resource;

    /// Three VM types of three VMs each; two host types in rack 0, one without a rack.
    fn instance(rules: Rules) -> Instance {
        let host = |name: &str| HostType { name: name.into(), cost: 10, stock: None };
        let vms = ["a", "b", "c"].map(|name| (name.to_owned(), 3)).to_vec();
        let hosts = ["x", "y", "z"].map(host).to_vec();
        let (demands, capacities) = (Array2::from_elem((3, 1), 2), Array2::from_elem((3, 1), 8));
        let plain = Instance::simple("t", Resource::anonymous(1), vms, demands, hosts, capacities);
        plain.expect("valid").with_rules(rules).expect("rules belong to it")
    }

    /// Two hosts x with one a and one b each, one y with one a and one c, one z with one b and two c.
    fn placement() -> Placement {
        let pattern = |host, vms: &[(usize, u64)]| Pattern { host, vms: vms.to_vec() };
        Placement::from_patterns([
            (pattern(0, &[(0, 1), (1, 1)]), 2),
            (pattern(1, &[(0, 1), (2, 1)]), 1),
            (pattern(2, &[(1, 1), (2, 2)]), 1),
        ])
    }

    fn topology() -> Topology {
        Topology {
            racks: vec!["r".into()],
            rack_of: vec![Some(0), Some(0), None],
            ..Topology::default()
        }
    }

    #[test]
    fn violations_by_hand() {
        let instance = instance(Rules { topology: topology(), ..Rules::default() });
        let placed = placement();
        let tally = Tally::new(&instance, &placed);
        let count = |demand: Demand| {
            let violations = placed.violations(&instance, &demand);
            assert_eq!(tally.violations(&demand), violations, "{demand:?}");
            violations
        };
        let (host, rack) = (Level::Host, Level::Rack);
        let most = |most, within| Demand::AtMost { vms: vec![0, 1], most, within };
        assert_eq!(count(most(1, host)), 2, "both hosts x hold two");
        assert_eq!(count(most(1, rack)), 4, "five in the rack, one in the other");
        assert_eq!(count(Demand::Restrict { vms: vec![0, 2], hosts: vec![0] }), 4);
        let all_b = |within| Demand::Together { vms: vec![1], within };
        assert_eq!((count(all_b(host)), count(all_b(rack))), (2, 1));
        let spread = |least, over| Demand::Spread { vms: vec![0], least, over };
        assert_eq!((count(spread(4, host)), count(spread(3, rack))), (1, 2));
        let apart = |within| Demand::Separate { classes: vec![vec![0], vec![1, 2]], within };
        assert_eq!((count(apart(host)), count(apart(rack))), (3, 1));
    }

    #[test]
    fn soft_rules_and_prices_are_paid() {
        let rule = |name: &str, strength| Rule {
            name: name.into(),
            demand: Demand::AtMost { vms: vec![0, 1], most: 1, within: Level::Host },
            strength,
        };
        let rules = vec![rule("soft", Strength::Soft { price: 7 }), rule("hard", Strength::Hard)];
        let mut prices = Array2::zeros((3, 3));
        prices[[0, 0]] = 3;
        prices[[2, 2]] = 1;
        let rules = Rules { rules, prices: Some(prices), ..Rules::default() };
        assert_eq!(placement().cost(&instance(rules)), 4 * 10 + 2 * 3 + 2 + 2 * 7);
    }

    #[test]
    fn overcommit_and_reserve_decide_the_usable_capacity() {
        let rules = Rules {
            overcommit: vec![Ratio { sold: 3, real: 2 }],
            reserve: Some(ndarray::array![[1], [20], [0]]),
            ..Rules::default()
        };
        assert!(rules.only_capacity());
        let instance = instance(rules);
        assert_eq!([0, 1, 2].map(|host| instance.capacity(host)[0]), [11, 0, 12]);
        assert_eq!(instance.hardware(0), [8]);
    }
}
