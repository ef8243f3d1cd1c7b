//! The VMs and hosts of a run by type, and terms as rules about them.

use std::collections::BTreeMap;

use ndarray::Array2;
use vmpack_model::Resource;
use vmpack_model::packing::{Demand as Form, HostType, Instance, Topology};

use super::{Each, Group, Term};
use crate::operation::{Hosts, Vm};

/// VMs and hosts by type.
pub(super) struct Types {
    /// Tenant and class of each VM type.
    services: Vec<(u32, u32)>,
    /// How many VMs of each type there are, and one of them.
    counts: Vec<(u64, usize)>,
    pub(super) type_of: Vec<u32>,
    /// A host of each host type, and how many there are.
    kinds: Vec<(usize, u64)>,
    pub(super) kind_of: Vec<u32>,
    pub(super) topology: Topology,
    /// The site of each host type.
    sites: Vec<u32>,
    /// The host types that have as much of everything as any.
    largest: Vec<usize>,
}

impl Types {
    pub(super) fn new(vms: &[Vm], hosts: &Hosts) -> Self {
        let mut numbers = BTreeMap::new();
        let (mut services, mut counts, mut type_of) = (Vec::new(), Vec::new(), Vec::new());
        for (number, vm) in vms.iter().enumerate() {
            let kind = *numbers.entry((vm.tenant, vm.class, vm.request)).or_insert_with(|| {
                services.push((vm.tenant, vm.class));
                counts.push((0, number));
                services.len() - 1
            });
            counts[kind].0 += 1;
            type_of.push(kind as u32);
        }
        let (mut numbers, mut racks, mut places) =
            (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let (mut kinds, mut kind_of, mut sites) = (Vec::new(), Vec::new(), Vec::new());
        let mut topology = Topology::default();
        for (number, host) in hosts.all().iter().enumerate() {
            let key = (host.site, host.rack, host.capacity);
            let kind = *numbers.entry(key).or_insert_with(|| {
                let (next_rack, next_site) = (racks.len(), places.len());
                topology.rack_of.push(Some(*racks.entry(host.rack).or_insert(next_rack)));
                topology.site_of.push(Some(*places.entry(host.site).or_insert(next_site)));
                sites.push(host.site);
                kinds.push((number, 0));
                kinds.len() - 1
            });
            kinds[kind].1 += 1;
            kind_of.push(kind as u32);
        }
        topology.racks = named("rack", &racks);
        topology.sites = named("site", &places);
        let most = hosts.fleet().largest();
        let largest = (0..kinds.len())
            .filter(|&kind| hosts[kinds[kind].0].capacity[..most.len()] == most[..])
            .collect();
        Self { services, counts, type_of, kinds, kind_of, topology, sites, largest }
    }

    /// VM types and host types without rules.
    pub(super) fn instance(&self, vms: &[Vm], hosts: &Hosts) -> Result<Instance, String> {
        let d = hosts.resources();
        let demand = |&(_, vm): &(u64, usize)| vms[vm].request[..d].to_vec();
        let has = |&(host, _): &(usize, u64)| hosts[host].capacity[..d].to_vec();
        let matrix = |rows: usize, flat: Vec<u64>| {
            Array2::from_shape_vec((rows, d), flat).expect("a row of amounts each")
        };
        let demands = matrix(self.services.len(), self.counts.iter().flat_map(demand).collect());
        let capacities = matrix(self.kinds.len(), self.kinds.iter().flat_map(has).collect());
        let names = self.counts.iter().map(|&(count, vm)| (format!("like {vm}"), count)).collect();
        let host = |&(host, count): &(usize, u64)| HostType {
            name: format!("like {host}"),
            cost: 1,
            stock: Some(count),
        };
        let kinds = self.kinds.iter().map(host).collect();
        Instance::simple("run", Resource::anonymous(d), names, demands, kinds, capacities)
            .map_err(|error| error.to_string())
    }

    pub(super) fn compile(&self, term: &Term) -> Result<Vec<Form>, String> {
        match term {
            Term::Apart { within } => {
                let classes = self.groups(Group::Each(Each::Tenant))?;
                Ok(vec![Form::Separate { classes, within: *within }])
            }
            Term::Private { tenant, with, within } => {
                let own = self.of_tenant(*tenant)?;
                let others = |kind: &usize| {
                    let (other, _) = self.services[*kind];
                    other != *tenant && !with.contains(&other)
                };
                let others: Vec<usize> = (0..self.services.len()).filter(others).collect();
                let classes = [own, others].into_iter().filter(|class| !class.is_empty()).collect();
                Ok(vec![Form::Separate { classes, within: *within }])
            }
            Term::Wall { tenants, within } => {
                let mut distinct = tenants.clone();
                distinct.sort_unstable();
                distinct.dedup();
                let classes: Result<_, String> =
                    distinct.iter().map(|&tenant| self.of_tenant(tenant)).collect();
                Ok(vec![Form::Separate { classes: classes?, within: *within }])
            }
            Term::AtMost { of, most, within } => {
                let most = positive("most", *most)?;
                let rule = |vms| Form::AtMost { vms, most, within: *within };
                Ok(self.groups(*of)?.into_iter().map(rule).collect())
            }
            Term::Together { of, within } => {
                let rule = |vms| Form::Together { vms, within: *within };
                Ok(self.groups(*of)?.into_iter().map(rule).collect())
            }
            Term::Spread { of, least, over } => {
                let least = positive("least", *least)?;
                let rule = |vms| Form::Spread { vms, least, over: *over };
                Ok(self.groups(*of)?.into_iter().map(rule).collect())
            }
            Term::AtSites { of, sites } => {
                if let Some(site) = sites.iter().find(|site| !self.sites.contains(site)) {
                    return Err(format!("sites: no host stands at site {site}"));
                }
                let there = |kind: &usize| sites.contains(&self.sites[*kind]);
                let hosts: Vec<usize> = (0..self.kinds.len()).filter(there).collect();
                let rule = |vms| Form::Restrict { vms, hosts: hosts.clone() };
                Ok(self.groups(*of)?.into_iter().map(rule).collect())
            }
            Term::Survive { failures } => {
                let failures = positive("failures", *failures)?;
                let large: u64 = self.largest.iter().map(|&kind| self.kinds[kind].1).sum();
                if large <= failures {
                    return Err(format!(
                        "failures: expected fewer than the {large} hosts that have as much of everything as any, \
                         which can stand by, found {failures}"
                    ));
                }
                Ok(vec![Form::Survive { hosts: (0..self.kinds.len()).collect(), failures }])
            }
        }
    }

    /// The VM types of each group; each is sorted.
    fn groups(&self, of: Group) -> Result<Vec<Vec<usize>>, String> {
        if let Group::Tenant(tenant) = of {
            return Ok(vec![self.of_tenant(tenant)?]);
        }
        let mut groups: BTreeMap<(u32, u32), Vec<usize>> = BTreeMap::new();
        for (kind, &(tenant, class)) in self.services.iter().enumerate() {
            let class = if of == Group::Each(Each::Service) { class } else { 0 };
            groups.entry((tenant, class)).or_default().push(kind);
        }
        Ok(groups.into_values().collect())
    }

    fn of_tenant(&self, tenant: u32) -> Result<Vec<usize>, String> {
        let of = |kind: &usize| self.services[*kind].0 == tenant;
        let types: Vec<usize> = (0..self.services.len()).filter(of).collect();
        if types.is_empty() {
            return Err(format!("tenant {tenant} has no VMs"));
        }
        Ok(types)
    }
}

/// Names of things by number, in the order in which they were met.
fn named(what: &str, numbers: &BTreeMap<u32, usize>) -> Vec<String> {
    let mut names = vec![String::new(); numbers.len()];
    for (number, &at) in numbers {
        names[at] = format!("{what} {number}");
    }
    names
}

fn positive(field: &str, value: u64) -> Result<u64, String> {
    if value == 0 { Err(format!("{field}: expected a positive number")) } else { Ok(value) }
}
