//! Survival of failing hosts: a scenario for every set of copies that fail, and who goes where in it.

use std::collections::BTreeMap;

use vmpack_model::packing::{Demand, Evacuation, Instance, Intake, Level, Pattern, Placement};

use super::draft::Draft;
use super::{Bin, of_type, whole, within_capacity};
use crate::model::{Column, Sense};
use crate::packing::claim::copies;

/// Some copies fail.
#[derive(Debug)]
pub(super) struct Scenario {
    /// The rule, by index.
    rule: usize,
    /// The copies that fail, in order.
    failed: Vec<usize>,
    /// What other copies take in: copy, demand row, column.
    takes: Vec<(usize, usize, usize)>,
}

/// Adds the scenarios of a rule: its index, the host types among which copies fail, and how many fail. If
/// fewer are opened, all of them fail at once.
pub(super) fn add(
    instance: &Instance,
    rows: &[Vec<usize>],
    bins: &[Bin],
    draft: &mut Draft,
    (rule, hosts, failures): (usize, &[usize], u64),
    scenarios: &mut Vec<Scenario>,
) {
    let among: Vec<usize> =
        (0..bins.len()).filter(|&bin| hosts.binary_search(&bins[bin].host).is_ok()).collect();
    let failures = usize::try_from(failures).unwrap_or(usize::MAX).min(among.len());
    let mut choice: Vec<usize> = (0..failures).collect();
    loop {
        let failed: Vec<usize> = choice.iter().map(|&at| among[at]).collect();
        let rest: Vec<usize> = among.iter().copied().filter(|bin| !failed.contains(bin)).collect();
        let takes = evacuate(instance, rows, bins, draft, &failed, &rest);
        scenarios.push(Scenario { rule, failed, takes });
        // The next choice in lexicographic order.
        let last = (0..failures).rev().find(|&i| choice[i] < among.len() - failures + i);
        let Some(last) = last else { break };
        choice[last] += 1;
        for i in last + 1..failures {
            choice[i] = choice[i - 1] + 1;
        }
    }
}

/// Adds the columns and rows by which the remaining copies take in what the failed ones hold.
fn evacuate(
    instance: &Instance,
    rows: &[Vec<usize>],
    bins: &[Bin],
    draft: &mut Draft,
    failed: &[usize],
    rest: &[usize],
) -> Vec<(usize, usize, usize)> {
    let mut moved: BTreeMap<usize, Vec<(usize, f64)>> = BTreeMap::new();
    for bin in failed.iter().map(|&bin| &bins[bin]) {
        for &(row, x) in &bin.holds {
            moved.entry(instance.type_of_row(row)).or_default().push((x, -1.0));
        }
    }
    let mut takes = Vec::new();
    for (index, bin) in rest.iter().map(|&bin| (bin, &bins[bin])) {
        let mut taken = Vec::new();
        for &row in &rows[bin.host] {
            if let Some(balance) = moved.get_mut(&instance.type_of_row(row)) {
                let fit = copies(instance, row, bin.host) as f64;
                let column = draft.column(Column::integer(0.0, 0.0, fit));
                balance.push((column, 1.0));
                taken.push((row, column));
            }
        }
        if !taken.is_empty() {
            let both: Vec<_> = bin.holds.iter().chain(&taken).copied().collect();
            within_capacity(instance, draft, bin, &both);
            keep_rules(instance, draft, bin, &taken);
        }
        takes.extend(taken.into_iter().map(|(row, column)| (index, row, column)));
    }
    for balance in moved.into_values() {
        draft.row(Sense::Eq, 0.0, balance);
    }
    takes
}

/// What a copy holds and takes in keeps the hard rules over single hosts.
fn keep_rules(instance: &Instance, draft: &mut Draft, bin: &Bin, taken: &[(usize, usize)]) {
    let both = |vm: usize| {
        let taken = taken.iter().filter(move |(row, _)| instance.type_of_row(*row) == vm);
        of_type(instance, bin, vm).chain(taken.map(|&(_, column)| column)).map(|x| (x, 1.0))
    };
    for rule in instance.rules().rules.iter().filter(|rule| rule.is_hard()) {
        match &rule.demand {
            Demand::AtMost { vms, most, within: Level::Host } => {
                let members: Vec<_> = vms.iter().flat_map(|&vm| both(vm)).collect();
                draft.row(Sense::Le, *most as f64, members);
            }
            Demand::Separate { classes, within: Level::Host } => {
                let mut held = Vec::new();
                for class in classes {
                    let z = draft.column(Column::integer(0.0, 0.0, 1.0));
                    for &vm in class {
                        let count = instance.vms()[vm].count as f64;
                        draft.row(Sense::Le, 0.0, both(vm).chain([(z, -count)]));
                    }
                    held.push((z, 1.0));
                }
                draft.row(Sense::Le, 1.0, held);
            }
            _ => {}
        }
    }
}

/// The placement of opened copies that hold these patterns, with who goes where; standby hosts are kept only
/// where failures ask for them.
pub(super) fn read(
    instance: &Instance,
    bins: &[Bin],
    scenarios: &[Scenario],
    values: &[f64],
    patterns: Vec<Pattern>,
) -> Placement {
    let opened = (0..bins.len()).filter(|&bin| values[bins[bin].open] > 0.5);
    let held: Vec<(usize, Pattern)> = opened.zip(patterns).collect();
    if scenarios.is_empty() {
        return Placement::from_patterns(held.into_iter().map(|(_, pattern)| (pattern, 1)));
    }
    let mut alike: BTreeMap<&Pattern, Vec<usize>> = BTreeMap::new();
    let useful = |pattern: &Pattern| {
        !pattern.vms.is_empty()
            || among(instance).any(|(_, hosts, _)| hosts.contains(&pattern.host))
    };
    for (bin, pattern) in held.iter().filter(|(_, pattern)| useful(pattern)) {
        alike.entry(pattern).or_default().push(*bin);
    }
    let patterns: Vec<(Pattern, u64)> =
        alike.iter().map(|(&pattern, bins)| (pattern.clone(), bins.len() as u64)).collect();
    let groups: Vec<Vec<usize>> = alike.into_values().collect();
    let mut evacuations = Vec::new();
    for (rule, hosts, failures) in among(instance) {
        for failed in choices(&patterns, hosts, failures) {
            // The first hosts of each pattern fail, for all are alike.
            let first =
                |&(pattern, n): &(usize, u64)| groups[pattern][..n as usize].iter().copied();
            let failing: Vec<usize> = failed.iter().flat_map(first).collect();
            let scenario = scenarios.iter().find(|scenario| {
                scenario.rule == rule && failing.iter().all(|bin| scenario.failed.contains(bin))
            });
            let takes = scenario.map_or(&[][..], |scenario| &scenario.takes);
            let takes = intakes(takes, &groups, values);
            evacuations.push(Evacuation { rule, failed, takes });
        }
    }
    Placement { patterns, evacuations }
}

/// What hosts of each pattern take in, those that take in the same together.
fn intakes(takes: &[(usize, usize, usize)], groups: &[Vec<usize>], values: &[f64]) -> Vec<Intake> {
    let mut by_bin: BTreeMap<usize, Vec<(usize, u64)>> = BTreeMap::new();
    for &(bin, row, column) in takes {
        let count = whole(values, column);
        if count > 0 {
            by_bin.entry(bin).or_default().push((row, count));
        }
    }
    let mut hosts: BTreeMap<(usize, Vec<(usize, u64)>), u64> = BTreeMap::new();
    for (pattern, group) in groups.iter().enumerate() {
        for vms in group.iter().filter_map(|bin| by_bin.get(bin)) {
            *hosts.entry((pattern, vms.clone())).or_default() += 1;
        }
    }
    hosts.into_iter().map(|((pattern, vms), hosts)| Intake { pattern, hosts, vms }).collect()
}

/// The rules of survival: index, host types, number of failures.
pub(in crate::packing) fn among(
    instance: &Instance,
) -> impl Iterator<Item = (usize, &[usize], u64)> {
    let rules = instance.rules().rules.iter().enumerate();
    rules.filter_map(|(index, rule)| match &rule.demand {
        Demand::Survive { hosts, failures } => Some((index, &hosts[..], *failures)),
        _ => None,
    })
}

/// The ways in which so many hosts of these types, or all if there are fewer, fail, some of which hold VMs: how
/// many of each pattern.
pub(super) fn choices(
    patterns: &[(Pattern, u64)],
    hosts: &[usize],
    failures: u64,
) -> Vec<Vec<(usize, u64)>> {
    let standing: Vec<(usize, u64)> = patterns
        .iter()
        .enumerate()
        .filter(|(_, (pattern, _))| hosts.binary_search(&pattern.host).is_ok())
        .map(|(index, &(_, n))| (index, n))
        .collect();
    let failures = failures.min(standing.iter().map(|(_, n)| n).sum());
    if failures == 0 {
        return Vec::new();
    }
    let mut partial: Vec<(Vec<(usize, u64)>, u64)> = vec![(Vec::new(), failures)];
    for (index, n) in standing {
        let mut next = Vec::new();
        for (chosen, left) in partial {
            for failing in 0..=n.min(left) {
                let mut chosen = chosen.clone();
                if failing > 0 {
                    chosen.push((index, failing));
                }
                next.push((chosen, left - failing));
            }
        }
        partial = next;
    }
    let whole = partial.into_iter().filter(|&(_, left)| left == 0).map(|(chosen, _)| chosen);
    whole.filter(|chosen| chosen.iter().any(|&(at, _)| !patterns[at].0.vms.is_empty())).collect()
}
