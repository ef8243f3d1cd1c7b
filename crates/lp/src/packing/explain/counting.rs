//! Conflicts that counting shows, in integers.

use std::collections::BTreeSet;

use vmpack_model::packing::{Demand, Instance, Level};

/// What a counting argument speaks of, besides where VMs may run.
#[derive(Debug)]
pub(super) struct Clash {
    /// The VM types that are to be placed, sorted.
    pub(super) vms: Vec<usize>,
    /// The rule, by index.
    pub(super) rule: Option<usize>,
}

/// A conflict that counting shows, if all rules are hard and at least so many VMs of each type are to be
/// placed: a VM that may run on no host; more demand for a resource than there is in stock; more members than
/// domains may hold; more domains or classes than there are; a group that no domain has room for.
pub(super) fn clash(instance: &Instance, least: &[u64]) -> Option<Clash> {
    let counting = Counting::new(instance, least);
    let required: Vec<usize> = (0..least.len()).filter(|&vm| least[vm] > 0).collect();
    if let Some(&vm) = required.iter().find(|&&vm| counting.runs[vm].is_empty()) {
        return Some(Clash { vms: vec![vm], rule: None });
    }
    let everywhere: Vec<usize> = (0..instance.hosts().len()).collect();
    let scarce = |&k: &usize| {
        counting.offer(&everywhere, k).is_some_and(|o| o < counting.demand(&required, k))
    };
    if let Some(k) = (0..instance.dimensions()).find(scarce) {
        let vms = required.into_iter().filter(|&vm| counting.demand(&[vm], k) > 0).collect();
        return Some(Clash { vms, rule: None });
    }
    instance.rules().rules.iter().enumerate().find_map(|(index, rule)| {
        let vms = counting.broken(&rule.demand)?;
        Some(Clash { vms, rule: Some(index) })
    })
}

struct Counting<'a> {
    instance: &'a Instance,
    least: &'a [u64],
    /// The host types in stock that VMs of each type may run on.
    runs: Vec<Vec<usize>>,
}

impl<'a> Counting<'a> {
    fn new(instance: &'a Instance, least: &'a [u64]) -> Self {
        let hosts = instance.hosts();
        let mut runs: Vec<Vec<usize>> = instance
            .vms()
            .iter()
            .map(|vm| {
                let fits = |&t: &usize| vm.rows.clone().any(|row| instance.fits(row, t));
                (0..hosts.len()).filter(|&t| hosts[t].stock != Some(0)).filter(fits).collect()
            })
            .collect();
        for rule in &instance.rules().rules {
            if let Demand::Restrict { vms, hosts } = &rule.demand {
                for &vm in vms {
                    runs[vm].retain(|t| hosts.binary_search(t).is_ok());
                }
            }
        }
        Self { instance, least, runs }
    }

    /// The required VMs with which a rule cannot hold, if so.
    fn broken(&self, demand: &Demand) -> Option<Vec<usize>> {
        let required = |vms: &[usize]| -> Vec<usize> {
            vms.iter().copied().filter(|&vm| self.least[vm] > 0).collect()
        };
        let members =
            |vms: &[usize]| vms.iter().map(|&vm| u128::from(self.least[vm])).sum::<u128>();
        match demand {
            Demand::Restrict { .. } | Demand::Survive { .. } => None,
            Demand::AtMost { vms, most, within } => {
                let vms = required(vms);
                let room = self.domains(&vms, *within)? * u128::from(*most);
                (members(&vms) > room).then_some(vms)
            }
            Demand::Spread { vms, least, over } => {
                let count: u128 =
                    vms.iter().map(|&vm| u128::from(self.instance.vms()[vm].count)).sum();
                let domains = self.domains(vms, *over).unwrap_or(u128::MAX);
                (count.min(domains) < u128::from(*least)).then(Vec::new)
            }
            Demand::Separate { classes, within } => {
                let classes: Vec<Vec<usize>> =
                    classes.iter().map(|class| required(class)).filter(|c| !c.is_empty()).collect();
                let mut all = classes.concat();
                all.sort_unstable();
                (classes.len() as u128 > self.domains(&all, *within)?).then_some(all)
            }
            Demand::Together { vms, within } => {
                let vms = required(vms);
                let kinds = 0..self.instance.hosts().len();
                let topology = &self.instance.rules().topology;
                let has_room = kinds.clone().any(|t| {
                    let domain = topology.domain(*within, t);
                    let same = |&other: &usize| match domain {
                        None => other == t,
                        _ => topology.domain(*within, other) == domain,
                    };
                    let hosts: Vec<usize> = kinds.clone().filter(same).collect();
                    self.has_room(&vms, &hosts, *within)
                });
                (!vms.is_empty() && !has_room).then_some(vms)
            }
        }
    }

    /// Whether the VMs may run in a domain of hosts of these types that offers as much as they demand.
    fn has_room(&self, vms: &[usize], hosts: &[usize], level: Level) -> bool {
        let run = |vm: &usize| self.runs[*vm].iter().any(|t| hosts.contains(t));
        let offer = |k: usize| match level {
            Level::Host => Some(u128::from(self.instance.capacity(hosts[0])[k])),
            Level::Rack | Level::Site => self.offer(hosts, k),
        };
        let enough = |k: usize| offer(k).is_none_or(|offer| offer >= self.demand(vms, k));
        vms.iter().all(run) && (0..self.instance.dimensions()).all(enough)
    }

    /// What these VM types demand of a resource at least.
    fn demand(&self, vms: &[usize], k: usize) -> u128 {
        let demand = vms.iter().map(|&vm| {
            let rows = self.instance.vms()[vm].rows.clone();
            let least = rows.map(|row| self.instance.demand(row)[k]).min().unwrap_or(0);
            u128::from(self.least[vm]) * u128::from(least)
        });
        demand.sum()
    }

    /// What hosts of these types in stock offer of a resource; `None` without end.
    fn offer(&self, hosts: &[usize], k: usize) -> Option<u128> {
        let offering = hosts.iter().filter(|&&t| self.instance.capacity(t)[k] > 0);
        let offers = offering.map(|&t| {
            let stock = u128::from(self.instance.hosts()[t].stock?);
            Some(stock * u128::from(self.instance.capacity(t)[k]))
        });
        offers.sum()
    }

    /// How many domains may hold some VM of these types; `None` without end.
    fn domains(&self, vms: &[usize], level: Level) -> Option<u128> {
        let there = vms.iter().filter(|&&vm| self.instance.vms()[vm].count > 0);
        let kinds: BTreeSet<usize> = there.flat_map(|&vm| &self.runs[vm]).copied().collect();
        let topology = &self.instance.rules().topology;
        if level == Level::Host {
            return kinds.iter().map(|&t| self.instance.hosts()[t].stock.map(u128::from)).sum();
        }
        let places: BTreeSet<_> = kinds.iter().map(|&t| topology.domain(level, t)).collect();
        Some(places.len() as u128)
    }
}
