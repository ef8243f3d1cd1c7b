//! Rules as their documentation words them: over single VMs and single hosts, without any counting in common
//! with the judge.

use std::collections::BTreeSet;

use vmpack_model::packing::{
    Demand, Evacuation, Instance, Intake, Level, Pattern, Placement, Strength,
};

/// Hosts one by one, and where each VM runs.
#[derive(Clone, Debug)]
pub(super) struct Fleet<'a> {
    pub(super) instance: &'a Instance,
    /// The host type of every host, opened or not.
    pub(super) hosts: Vec<usize>,
    /// Whether hosts that hold nothing are opened.
    pub(super) standby: bool,
    /// The type of every VM and its host.
    pub(super) vms: Vec<(usize, usize)>,
}

impl Fleet<'_> {
    fn open(&self, host: usize) -> bool {
        self.standby || self.vms.iter().any(|&(_, at)| at == host)
    }

    fn opened(&self) -> Vec<usize> {
        (0..self.hosts.len()).filter(|&host| self.open(host)).collect()
    }

    fn domain(&self, level: Level, host: usize) -> (bool, usize) {
        let topology = &self.instance.rules().topology;
        let (of, t) = match level {
            Level::Host => return (true, host),
            Level::Rack => (&topology.rack_of, self.hosts[host]),
            Level::Site => (&topology.site_of, self.hosts[host]),
        };
        of.get(t).copied().flatten().map_or((false, t), |place| (true, place))
    }

    /// The domains of the VMs of a group, one entry per VM.
    fn domains(&self, group: &[usize], level: Level) -> Vec<(bool, usize)> {
        let mine = self.vms.iter().filter(|(vm, _)| group.contains(vm));
        mine.map(|&(_, at)| self.domain(level, at)).collect()
    }

    pub(super) fn violations(&self, demand: &Demand) -> u64 {
        let distinct =
            |domains: &[(bool, usize)]| domains.iter().collect::<BTreeSet<_>>().len() as u64;
        match demand {
            Demand::Restrict { vms, hosts } => {
                let elsewhere = |&&(vm, at): &&(usize, usize)| {
                    vms.contains(&vm) && !hosts.contains(&self.hosts[at])
                };
                self.vms.iter().filter(elsewhere).count() as u64
            }
            Demand::AtMost { vms, most, within } => {
                let domains = self.domains(vms, *within);
                // Every VM that finds its domain full is one too many.
                let full = |i: usize| {
                    let before = domains[..i].iter().filter(|&&other| other == domains[i]).count();
                    before as u64 >= *most
                };
                (0..domains.len()).filter(|&i| full(i)).count() as u64
            }
            Demand::Together { vms, within } => {
                distinct(&self.domains(vms, *within)).saturating_sub(1)
            }
            Demand::Spread { vms, least, over } => {
                least.saturating_sub(distinct(&self.domains(vms, *over)))
            }
            Demand::Separate { classes, within } => {
                let of_class = |class: &Vec<usize>| distinct(&self.domains(class, *within));
                let all: Vec<usize> = classes.iter().flatten().copied().collect();
                classes.iter().map(of_class).sum::<u64>() - distinct(&self.domains(&all, *within))
            }
            Demand::Survive { .. } => 0,
        }
    }

    /// The cost, if the placement is one but for failures.
    pub(super) fn cost(&self) -> Option<u64> {
        let rules = self.instance.rules();
        let opened = self.opened().into_iter();
        let mut cost = opened.map(|host| self.instance.hosts()[self.hosts[host]].cost).sum();
        for host in 0..self.hosts.len() {
            let held = self.vms.iter().filter(|&&(_, at)| at == host).map(|&(vm, _)| vm);
            if !self.holds(host, &held.collect::<Vec<_>>()) {
                return None;
            }
        }
        for &(vm, at) in &self.vms {
            cost += rules.prices.as_ref().map_or(0, |prices| prices[[vm, self.hosts[at]]]);
        }
        for rule in &rules.rules {
            match (rule.strength, self.violations(&rule.demand)) {
                (_, 0) => {}
                (Strength::Hard, _) => return None,
                (Strength::Soft { price }, times) => cost += price * times,
            }
        }
        Some(cost)
    }

    /// Whether a host has room for the VMs.
    fn holds(&self, host: usize, vms: &[usize]) -> bool {
        let (instance, t) = (self.instance, self.hosts[host]);
        let rules = instance.rules();
        (0..instance.dimensions()).all(|k| {
            let demand: u64 = vms.iter().map(|&vm| instance.demand(vm)[k]).sum();
            let reserve = rules.reserve.as_ref().map_or(0, |reserve| reserve[[t, k]]);
            let (sold, real) = rules.overcommit.get(k).map_or((1, 1), |r| (r.sold, r.real));
            // Multiplied out instead of rounded down.
            vms.is_empty()
                || demand == 0
                || (demand + reserve) * real <= instance.hardware(t)[k] * sold
        })
    }

    /// Whether a host may hold the VMs, as far as those that move keep rules.
    fn may_hold(&self, host: usize, vms: &[usize]) -> bool {
        let alone = Fleet { vms: vms.iter().map(|&vm| (vm, host)).collect(), ..self.clone() };
        let single = |demand: &Demand| match demand {
            Demand::Restrict { .. } => true,
            Demand::AtMost { within, .. } | Demand::Separate { within, .. } => {
                *within == Level::Host
            }
            _ => false,
        };
        let rules = self.instance.rules().rules.iter().filter(|rule| rule.is_hard());
        let mut kept = rules.filter(|rule| single(&rule.demand));
        kept.all(|rule| alone.violations(&rule.demand) == 0)
    }

    /// For every choice of up to so many hosts of these types to fail, where the VMs of each go; `None` for a choice
    /// that they do not survive.
    pub(super) fn failures(&self, types: &[usize], most: u64) -> Vec<(Vec<usize>, Option<Moves>)> {
        let mine: Vec<usize> =
            self.opened().into_iter().filter(|&host| types.contains(&self.hosts[host])).collect();
        (1_u32..1 << mine.len())
            .filter(|choice| u64::from(choice.count_ones()) <= most)
            .map(|choice| {
                let fails = |i: usize| choice & (1 << i) != 0;
                let failed: Vec<_> =
                    (0..mine.len()).filter(|&i| fails(i)).map(|i| mine[i]).collect();
                let left: Vec<_> =
                    (0..mine.len()).filter(|&i| !fails(i)).map(|i| mine[i]).collect();
                let moving = self.vms.iter().filter(|(_, at)| failed.contains(at));
                let moving: Vec<usize> = moving.map(|&(vm, _)| vm).collect();
                let moves = self.place(&moving, &left, &mut Vec::new());
                (failed, moves)
            })
            .collect()
    }

    fn place(&self, moving: &[usize], left: &[usize], moved: &mut Moves) -> Option<Moves> {
        let Some((&vm, rest)) = moving.split_first() else { return Some(moved.clone()) };
        for &host in left {
            moved.push((vm, host));
            let there = self.vms.iter().chain(moved.iter()).filter(|&&(_, at)| at == host);
            let there: Vec<usize> = there.map(|&(vm, _)| vm).collect();
            if self.holds(host, &there)
                && self.may_hold(host, &there)
                && let Some(found) = self.place(rest, left, moved)
            {
                return Some(found);
            }
            moved.pop();
        }
        None
    }

    /// The placement with the evacuations for the failure of exactly so many hosts (all, if there are fewer) that can
    /// be survived.
    pub(super) fn placement(&self) -> Placement {
        let mut patterns: Vec<(Pattern, u64)> = Vec::new();
        let mut index_of = vec![None; self.hosts.len()];
        for host in self.opened() {
            let vms = self.vms.iter().filter(|&&(_, at)| at == host).map(|&(vm, _)| (vm, 1));
            let pattern = Pattern { host: self.hosts[host], vms: vms.collect() }.normalised();
            let index = patterns.iter().position(|(other, _)| *other == pattern);
            let index = index.unwrap_or_else(|| {
                patterns.push((pattern, 0));
                patterns.len() - 1
            });
            patterns[index].1 += 1;
            index_of[host] = Some(index);
        }
        let index_of = |host: usize| index_of[host].expect("opened");
        let mut evacuations: Vec<Evacuation> = Vec::new();
        for (rule, demand) in self.instance.rules().rules.iter().map(|r| &r.demand).enumerate() {
            let Demand::Survive { hosts, failures } = demand else { continue };
            let choices = self.failures(hosts, *failures);
            let size = choices.iter().map(|(failed, _)| failed.len()).max().unwrap_or(0);
            for (failed, moves) in choices.into_iter().filter(|(failed, _)| failed.len() == size) {
                let Some(moves) = moves else { continue };
                let failed = collect(failed.iter().map(|&host| (index_of(host), 1)));
                let receivers: BTreeSet<usize> = moves.iter().map(|&(_, to)| to).collect();
                let takes = receivers.into_iter().map(|host| Intake {
                    pattern: index_of(host),
                    hosts: 1,
                    vms: collect(moves.iter().filter(|m| m.1 == host).map(|m| (m.0, 1))),
                });
                let evacuation = Evacuation { rule, takes: takes.collect(), failed };
                let known = |e: &Evacuation| e.rule == rule && e.failed == evacuation.failed;
                if !evacuations.iter().any(known) {
                    evacuations.push(evacuation);
                }
            }
        }
        Placement { patterns, evacuations }
    }
}

/// VM types and the hosts that they go to.
pub(super) type Moves = Vec<(usize, usize)>;

/// Equal keys added up, in order.
fn collect(pairs: impl Iterator<Item = (usize, u64)>) -> Vec<(usize, u64)> {
    Pattern { host: 0, vms: pairs.collect() }.normalised().vms
}
