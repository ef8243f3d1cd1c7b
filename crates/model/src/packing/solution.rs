//! The answer: host patterns with multiplicity.

use serde::{Deserialize, Serialize};

use super::{Evacuation, Instance, Rule, Strength, Tally};

/// What one host holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pattern {
    /// Index of the host type.
    pub host: usize,
    /// Demand rows and how many VMs of each run on the host; each row at most once, counts positive.
    pub vms: Vec<(usize, u64)>,
}

impl Pattern {
    /// Sorts the rows, adds up repeated ones and drops zero counts, so that equal contents are equal
    /// patterns.
    #[must_use]
    pub fn normalised(mut self) -> Self {
        self.vms.sort_unstable();
        let mut merged: Vec<(usize, u64)> = Vec::with_capacity(self.vms.len());
        for (row, count) in self.vms {
            match merged.last_mut() {
                Some((last, total)) if *last == row => *total += count,
                _ => merged.push((row, count)),
            }
        }
        merged.retain(|&(_, count)| count > 0);
        Self { host: self.host, vms: merged }
    }
}

/// A placement of all VMs: patterns, each used by `multiplicity` hosts.
///
/// Memory is linear in the patterns, not in VMs or hosts: a million equal VMs on equally filled hosts is
/// one entry. Writing one line per VM is a writer's job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    /// Patterns and how many hosts are filled so; multiplicities are positive.
    pub patterns: Vec<(Pattern, u64)>,
    /// Who goes where when hosts fail, where the instance has rules that ask for it; the order of the patterns
    /// counts then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evacuations: Vec<Evacuation>,
}

impl Placement {
    /// Collects the hosts of a packing: equal patterns are merged, empty hosts dropped, and the patterns
    /// sorted, so that equal placements are equal values whatever order they were found in.
    pub fn from_patterns(patterns: impl IntoIterator<Item = (Pattern, u64)>) -> Self {
        let mut multiplicity = std::collections::BTreeMap::new();
        for (pattern, hosts) in patterns {
            let pattern = pattern.normalised();
            if hosts > 0 && !pattern.vms.is_empty() {
                *multiplicity.entry(pattern).or_insert(0) += hosts;
            }
        }
        Self { patterns: multiplicity.into_iter().collect(), evacuations: Vec::new() }
    }

    /// The number of hosts opened.
    pub fn hosts_opened(&self) -> u64 {
        self.patterns.iter().map(|(_, hosts)| hosts).sum()
    }

    /// What it costs, as methods claim it: the opened hosts, the prices of running VMs on them, and the
    /// violations of soft rules. The checker has its own sum.
    ///
    /// # Panics
    /// If a pattern names a host type or a demand row that the instance does not have.
    pub fn cost(&self, instance: &Instance) -> u64 {
        let hosts: u64 = self
            .patterns
            .iter()
            .map(|(pattern, hosts)| instance.hosts()[pattern.host].cost * hosts)
            .sum();
        hosts + self.running_cost(instance) + self.penalty(instance)
    }

    /// What running the VMs on their hosts costs beyond the hosts.
    fn running_cost(&self, instance: &Instance) -> u64 {
        let Some(prices) = &instance.rules().prices else { return 0 };
        let price = |pattern: &Pattern| -> u64 {
            let each = pattern.vms.iter();
            each.map(|&(row, count)| prices[[instance.type_of_row(row), pattern.host]] * count)
                .sum()
        };
        self.patterns.iter().map(|(pattern, hosts)| price(pattern) * hosts).sum()
    }

    /// What the violations of soft rules cost.
    fn penalty(&self, instance: &Instance) -> u64 {
        let mut soft = instance.rules().rules.iter().filter(|rule| !rule.is_hard()).peekable();
        if soft.peek().is_none() {
            return 0;
        }
        let tally = Tally::new(instance, self);
        let penalty = |rule: &Rule| match rule.strength {
            Strength::Hard => 0,
            Strength::Soft { price } => price * tally.violations(&rule.demand),
        };
        soft.map(penalty).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_packings_are_equal_values() {
        let pattern = |vms: &[(usize, u64)]| Pattern { host: 0, vms: vms.to_vec() };
        let one = Placement::from_patterns([
            (pattern(&[(1, 1), (0, 2)]), 1),
            (pattern(&[]), 5),
            (pattern(&[(0, 1), (1, 1), (0, 1)]), 2),
        ]);
        let other = Placement::from_patterns([(pattern(&[(0, 2), (1, 1)]), 3)]);
        assert_eq!(one, other);
        assert_eq!(one.hosts_opened(), 3);
    }
}
