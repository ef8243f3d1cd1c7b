//! Hosts that stand by for failures, and who goes where.

use std::collections::BTreeMap;

use vmpack_cluster::{Cluster, LeastCost, Measure, RuleState, Scale};
use vmpack_model::Budget;
use vmpack_model::packing::{
    Demand, Evacuation, Instance, Intake, Level, Pattern, Placement, Rules,
};

use super::stock::Stock;

/// The most choices of failing hosts that are looked at.
const MOST_CHOICES: usize = 1 << 20;

/// The placement with hosts that stand by, where rules ask that hosts may fail ([`Demand::Survive`]), and with who
/// goes where for every choice of failing hosts. The placement as it is if there are no such rules.
///
/// The VMs of failing hosts go, the largest first, each on the fullest host that takes it. Where one finds none, the
/// type of host stands by that is cheapest for all that find none. Hosts that are filled alike fail as one case; a
/// case takes a query of an index for every VM that moves.
///
/// `None` if a VM finds no host and none is left in stock, there are more than about a million cases, or the budget
/// is exhausted. The placement must keep all other hard rules.
///
/// # Panics
/// If the placement names a host type or a demand row that the instance does not have, or more hosts than are in
/// stock.
pub fn survive(instance: &Instance, placement: Placement, budget: &Budget) -> Option<Placement> {
    stand_by(instance, placement, budget).ok()
}

/// Why there is no evacuation.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lost {
    /// A VM finds no host.
    Vm {
        /// The type of the VM.
        vm: usize,
        /// The rule, by index.
        rule: usize,
    },
    /// There are too many cases, or the budget is exhausted.
    Effort,
}

/// As [`survive`], with the reason why not.
pub(crate) fn stand_by(
    instance: &Instance,
    placement: Placement,
    budget: &Budget,
) -> Result<Placement, Lost> {
    let asked: Vec<(usize, &[usize], u64)> = among(instance).collect();
    if asked.is_empty() {
        return Ok(placement);
    }
    let moving = moving(instance);
    let scale = Scale::new(instance);
    let mut stock = Stock::after(instance, &placement);
    let mut patterns = placement.patterns;
    loop {
        let hosts: u64 = patterns.iter().map(|(_, hosts)| hosts).sum();
        let mut evacuations = Vec::new();
        for &(rule, among, failures) in &asked {
            let choices = Choices::new(&patterns, among, failures);
            let mut standing = Standing::new(&moving, &scale, patterns, among);
            choices.each(&mut |failed| {
                if budget.exhausted() || evacuations.len() >= MOST_CHOICES {
                    return Err(Lost::Effort);
                }
                let takes = standing.evacuate(failed, &scale, &mut stock);
                let takes = takes.map_err(|vm| Lost::Vm { vm, rule })?;
                evacuations.push(Evacuation { rule, failed: failed.to_vec(), takes });
                Ok(())
            })?;
            patterns = standing.patterns;
        }
        // With another host there are other choices, and all of them must be shown.
        if patterns.iter().map(|(_, hosts)| hosts).sum::<u64>() == hosts {
            return Ok(Placement { patterns, evacuations });
        }
    }
}

/// The rules that ask that hosts may fail: index, host types, number of failures.
fn among(instance: &Instance) -> impl Iterator<Item = (usize, &[usize], u64)> {
    let rules = instance.rules().rules.iter().enumerate();
    rules.filter_map(|(index, rule)| match &rule.demand {
        Demand::Survive { hosts, failures } => Some((index, &hosts[..], *failures)),
        _ => None,
    })
}

/// The instance with those of its rules that VMs keep which move.
fn moving(instance: &Instance) -> Instance {
    let rules = instance.rules();
    let kept = rules.rules.iter().filter(|rule| {
        let kept = match rule.demand {
            Demand::Restrict { .. } => true,
            Demand::AtMost { within, .. } | Demand::Separate { within, .. } => {
                within == Level::Host
            }
            _ => false,
        };
        kept && rule.is_hard()
    });
    let kept = kept.cloned().collect();
    let rules = Rules { rules: kept, prices: None, ..rules.clone() };
    instance.clone().with_rules(rules).expect("some of the rules of a valid instance")
}

/// What is told of patterns and how many hosts of each fail.
type Visit<'a> = dyn FnMut(&[(usize, u64)]) -> Result<(), Lost> + 'a;

/// The ways in which hosts fail: so many of some types, or all if there are fewer.
struct Choices {
    /// Patterns by index, how many hosts have them, and whether these hold VMs.
    standing: Vec<(usize, u64, bool)>,
    /// How many hosts there are from each position on.
    behind: Vec<u64>,
    failures: u64,
}

impl Choices {
    fn new(patterns: &[(Pattern, u64)], among: &[usize], failures: u64) -> Self {
        let mine = patterns.iter().enumerate();
        let mine = mine.filter(|(_, (of, _))| among.binary_search(&of.host).is_ok());
        let standing: Vec<_> =
            mine.map(|(index, (of, hosts))| (index, *hosts, !of.vms.is_empty())).collect();
        let mut behind = vec![0_u64; standing.len() + 1];
        for (at, &(_, hosts, _)) in standing.iter().enumerate().rev() {
            behind[at] = behind[at + 1].saturating_add(hosts);
        }
        Self { failures: failures.min(behind[0]), standing, behind }
    }

    /// Tells of every way in which some of the failing hosts hold VMs: how many of each pattern. The first
    /// error in answer ends it.
    fn each(&self, visit: &mut Visit<'_>) -> Result<(), Lost> {
        self.choose((0, self.failures, false), &mut Vec::new(), visit)
    }

    /// Chooses so many hosts more, from a position on; whether some hold VMs already.
    fn choose(
        &self,
        (from, left, matters): (usize, u64, bool),
        failed: &mut Vec<(usize, u64)>,
        visit: &mut Visit<'_>,
    ) -> Result<(), Lost> {
        if left == 0 {
            return if matters { visit(failed) } else { Ok(()) };
        }
        for at in (from..self.standing.len()).take_while(|&at| self.behind[at] >= left) {
            let (index, hosts, filled) = self.standing[at];
            for failing in 1..=hosts.min(left) {
                failed.push((index, failing));
                self.choose((at + 1, left - failing, matters || filled), failed, visit)?;
                failed.pop();
            }
        }
        Ok(())
    }
}

/// The hosts that a rule is about, one by one.
struct Standing<'a> {
    instance: &'a Instance,
    cluster: Cluster<Fullest<'a>>,
    state: RuleState<'a>,
    /// All patterns; those of hosts that stand by are added.
    patterns: Vec<(Pattern, u64)>,
    among: &'a [usize],
    /// The pattern of each host.
    pattern_of: Vec<usize>,
    /// The hosts of each pattern.
    hosts_of: Vec<Vec<usize>>,
}

/// A measure of what a host has free.
type Cost<'a> = Box<dyn Fn(&[u64]) -> u128 + 'a>;

/// An index of the fullest hosts.
type Fullest<'a> = LeastCost<Cost<'a>>;

impl<'a> Standing<'a> {
    fn new(
        instance: &'a Instance,
        scale: &'a Scale,
        patterns: Vec<(Pattern, u64)>,
        among: &'a [usize],
    ) -> Self {
        let largest = |k: usize| instance.capacities().column(k).iter().copied().max().unwrap_or(0);
        let largest: Vec<u64> = (0..instance.dimensions()).map(largest).collect();
        let measure: Cost<'a> = Box::new(|free| scale.measure(Measure::L1, free));
        let mut standing = Self {
            instance,
            cluster: Cluster::new(instance.dimensions(), LeastCost::new(&largest, measure)),
            state: RuleState::new(instance),
            among,
            pattern_of: Vec::new(),
            hosts_of: vec![Vec::new(); patterns.len()],
            patterns: Vec::new(),
        };
        for (index, (pattern, hosts)) in patterns.iter().enumerate() {
            if among.binary_search(&pattern.host).is_ok() {
                (0..*hosts).for_each(|_| standing.add(index, pattern));
            }
        }
        standing.patterns = patterns;
        standing
    }

    /// Adds a host with a pattern.
    fn add(&mut self, index: usize, pattern: &Pattern) {
        let host = self.cluster.add(self.instance.capacity(pattern.host));
        self.state.add(pattern.host);
        self.pattern_of.push(index);
        self.hosts_of[index].push(host);
        for &(row, count) in &pattern.vms {
            self.cluster.place(host, self.instance.demand(row), count);
            self.state.place(self.instance.type_of_row(row), host, count);
        }
    }

    /// What others take in when the first hosts of each of these patterns fail; hosts are made to stand by where
    /// there is no room.
    ///
    /// # Errors
    /// The type of a VM that finds no host, when none is left in stock.
    fn evacuate(
        &mut self,
        failed: &[(usize, u64)],
        scale: &Scale,
        stock: &mut Stock,
    ) -> Result<Vec<Intake>, usize> {
        let mut vms: BTreeMap<usize, u64> = BTreeMap::new();
        for &(index, hosts) in failed {
            for &host in &self.hosts_of[index][..hosts as usize] {
                self.cluster.close(host);
            }
            for &(row, count) in &self.patterns[index].0.vms {
                *vms.entry(self.instance.type_of_row(row)).or_default() += count * hosts;
            }
        }
        let mut vms: Vec<(usize, u64)> = vms.into_iter().collect();
        vms.sort_by_cached_key(|&(vm, _)| {
            let rows = self.instance.vms()[vm].rows.clone();
            rows.map(|row| scale.measure(Measure::L2, self.instance.demand(row))).min()
        });
        let mut moves = Vec::new();
        while let Some(&(vm, count)) = vms.last() {
            for done in 0..count {
                let host = self.find(vm).or_else(|| {
                    vms.last_mut()?.1 = count - done;
                    self.stand_by(&vms, stock)?;
                    self.find(vm)
                });
                let (host, row) = host.ok_or(vm)?;
                self.cluster.place(host, self.instance.demand(row), 1);
                self.state.place(vm, host, 1);
                moves.push((host, row));
            }
            vms.pop();
        }
        for &(host, row) in &moves {
            self.cluster.take_off(host, self.instance.demand(row), 1);
            self.state.take_off(self.instance.type_of_row(row), host, 1);
        }
        for &(index, hosts) in failed {
            self.hosts_of[index][..hosts as usize].iter().for_each(|&host| self.cluster.open(host));
        }
        Ok(self.intakes(moves))
    }

    /// Where a VM goes, and by which row.
    fn find(&self, vm: usize) -> Option<(usize, usize)> {
        self.instance.vms()[vm].rows.clone().find_map(|row| {
            let demand = self.instance.demand(row);
            let host = self.cluster.find_admitted(demand, |host| self.state.admits(vm, host));
            host.map(|host| (host, row))
        })
    }

    /// Adds an empty host for the last of some VMs, of the type that is cheapest for all of them.
    fn stand_by(&mut self, vms: &[(usize, u64)], stock: &mut Stock) -> Option<()> {
        let instance = self.instance;
        let &(vm, _) = vms.last()?;
        let mut homeless = vec![0; instance.dimensions()];
        for &(vm, count) in vms {
            let demand = instance.demand(instance.vms()[vm].rows.start);
            homeless.iter_mut().zip(demand).for_each(|(sum, demand)| *sum += count * demand);
        }
        let takes = |&&kind: &&usize| {
            stock.left(kind) > 0
                && self.state.admits_new(vm, kind)
                && instance.vms()[vm].rows.clone().any(|row| instance.fits(row, kind))
        };
        let kinds = self.among.iter().filter(takes);
        let &host = kinds.min_by_key(|&&kind| stock.price(kind, &homeless))?;
        stock.take(host, 1);
        let empty = Pattern { host, vms: Vec::new() };
        let known = self.patterns.iter().position(|(pattern, _)| *pattern == empty);
        let index = known.unwrap_or_else(|| {
            self.patterns.push((empty.clone(), 0));
            self.hosts_of.push(Vec::new());
            self.patterns.len() - 1
        });
        self.patterns[index].1 += 1;
        self.add(index, &empty);
        Some(())
    }

    /// What hosts of each pattern take in, those that take in the same together.
    fn intakes(&self, mut moves: Vec<(usize, usize)>) -> Vec<Intake> {
        moves.sort_unstable();
        let mut alike: BTreeMap<(usize, Vec<(usize, u64)>), u64> = BTreeMap::new();
        for vms in moves.chunk_by(|a, b| a.0 == b.0) {
            let rows = vms.chunk_by(|a, b| a.1 == b.1);
            let rows = rows.map(|rows| (rows[0].1, rows.len() as u64)).collect();
            *alike.entry((self.pattern_of[vms[0].0], rows)).or_default() += 1;
        }
        let intake = |((pattern, vms), hosts)| Intake { pattern, hosts, vms };
        alike.into_iter().map(intake).collect()
    }
}
