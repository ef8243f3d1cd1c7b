//! Allocation at least cost, taken apart into groups of services that can be solved one by one.

use ndarray::Array2;
use vmpack_model::Unsupported;
use vmpack_model::allocation::Instance;

use super::{prices, spare};

/// The amount of one resource for one VM above its reservation, where it helps some service.
pub(super) struct Variable {
    pub(super) vm: usize,
    pub(super) resource: usize,
    pub(super) host: Option<usize>,
    /// The cost of a unit.
    pub(super) cost: u64,
    /// Services that need something beyond the reservations, and what a unit gives each; positive.
    pub(super) gains: Vec<(usize, u64)>,
    /// How many units limit and host allow; `None` is any number.
    pub(super) room: Option<u64>,
    /// How many units there would be room for if no other VM were on the host, which is what the
    /// bound by prices assumes.
    pub(super) reach: Option<u64>,
    /// How many units can be of use within the room.
    pub(super) most: u64,
}

impl Variable {
    /// What a unit gives a service.
    pub(super) fn gain(&self, service: usize) -> u64 {
        self.gains.iter().find(|&&(k, _)| k == service).map_or(0, |&(_, gain)| gain)
    }

    /// Whether its units take from this host's resource.
    pub(super) fn takes_from(&self, (host, resource): (usize, usize)) -> bool {
        self.host == Some(host) && self.resource == resource
    }
}

/// Services, variables and hosts that must be looked at together, each in rising order.
#[derive(Default)]
pub(super) struct Group {
    pub(super) services: Vec<usize>,
    pub(super) variables: Vec<usize>,
    /// Hosts and resources that the variables together could overflow.
    pub(super) hosts: Vec<(usize, usize)>,
}

/// The instance taken apart.
pub(super) struct Plan {
    /// What each service needs beyond the reservations.
    pub(super) needs: Vec<u64>,
    pub(super) variables: Vec<Variable>,
    pub(super) groups: Vec<Group>,
    /// What each host has left of each resource beyond the reservations; `None` if they exceed it.
    pub(super) spare: Array2<Option<u64>>,
}

impl Plan {
    pub(super) fn new(instance: &Instance, costs: &Array2<i64>) -> Result<Self, Unsupported> {
        if let Some(((i, _), cost)) = costs.indexed_iter().find(|&(_, &cost)| cost < 0) {
            let name = &instance.vms()[i].name;
            return Err(Unsupported(format!("VM {name:?} has the negative unit cost {cost}")));
        }
        let spare = spare(instance);
        let needs = needs(instance)?;
        let variables = variables(instance, costs, &needs, &spare);
        let greatest: u128 =
            variables.iter().map(|v| u128::from(v.cost) * u128::from(v.most)).sum();
        if u64::try_from(greatest).is_err() {
            return Err(Unsupported(format!("sums of costs up to {greatest} exceed 64 bits")));
        }
        let groups = groups(&needs, &variables, &spare);
        Ok(Self { needs, variables, groups, spare })
    }

    /// A service that cannot get what it needs, even if every VM has its host to itself.
    pub(super) fn starved(&self) -> Option<usize> {
        let mut reach = vec![Some(0_u128); self.needs.len()];
        for variable in &self.variables {
            for &(service, gain) in &variable.gains {
                let units = variable.reach.map(|units| u128::from(units) * u128::from(gain));
                reach[service] = reach[service].zip(units).map(|(sum, units)| sum + units);
            }
        }
        let starved = |&k: &usize| reach[k].is_some_and(|reach| reach < u128::from(self.needs[k]));
        (0..self.needs.len()).find(starved)
    }
}

fn needs(instance: &Instance) -> Result<Vec<u64>, Unsupported> {
    let need = |service: &vmpack_model::allocation::Service| {
        let mut need = i128::from(service.required);
        for term in &service.terms {
            if term.coefficient < 0 {
                return Err(Unsupported(format!(
                    "service {:?} has the negative coefficient {}",
                    service.name, term.coefficient
                )));
            }
            let reserved = instance.reservation(term.vm, term.resource);
            need -= i128::from(term.coefficient) * i128::from(reserved);
        }
        // At most what is required, which fits 48 bits.
        Ok(need.max(0) as u64)
    };
    instance.services().iter().map(need).collect()
}

fn variables(
    instance: &Instance,
    costs: &Array2<i64>,
    needs: &[u64],
    spare: &Array2<Option<u64>>,
) -> Vec<Variable> {
    let mut gains = Array2::from_elem(costs.dim(), Vec::new());
    for (k, service) in instance.services().iter().enumerate() {
        for term in service.terms.iter().filter(|term| needs[k] > 0 && term.coefficient > 0) {
            gains[[term.vm, term.resource]].push((k, term.coefficient as u64));
        }
    }
    let mut variables = Vec::new();
    for ((vm, resource), gains) in gains.indexed_iter_mut().filter(|(_, gains)| !gains.is_empty()) {
        let host = instance.vms()[vm].host;
        let reservation = instance.reservation(vm, resource);
        let above = |amount: u64| amount.saturating_sub(reservation);
        let spare = host.map(|host| spare[[host, resource]].unwrap_or(0));
        let room = instance.limit(vm, resource).map(above).into_iter().chain(spare).min();
        let useful = gains.iter().map(|&(k, gain)| needs[k].div_ceil(gain)).max().unwrap_or(0);
        variables.push(Variable {
            vm,
            resource,
            host,
            cost: costs[[vm, resource]] as u64,
            gains: std::mem::take(gains),
            room,
            reach: prices::greatest(instance, vm, resource).map(above),
            most: room.map_or(useful, |room| room.min(useful)),
        });
    }
    variables
}

/// Services are in one group if a variable helps both, or if both need a host that could overflow.
fn groups(needs: &[u64], variables: &[Variable], spare: &Array2<Option<u64>>) -> Vec<Group> {
    let mut wanted = Array2::<u128>::zeros(spare.dim());
    for variable in variables {
        if let Some(host) = variable.host {
            wanted[[host, variable.resource]] += u128::from(variable.most);
        }
    }
    let scarce = |at: (usize, usize)| wanted[at] > u128::from(spare[at].unwrap_or(0));
    let mut sets = DisjointSets::new(needs.len());
    let mut first_on = Array2::from_elem(spare.dim(), None);
    for variable in variables {
        let service = variable.gains[0].0;
        variable.gains.iter().for_each(|&(other, _)| sets.unite(service, other));
        if let Some(host) = variable.host.filter(|&host| scarce((host, variable.resource))) {
            let first = *first_on[[host, variable.resource]].get_or_insert(service);
            sets.unite(service, first);
        }
    }
    let mut groups: Vec<Group> = (0..needs.len()).map(|_| Group::default()).collect();
    for service in (0..needs.len()).filter(|&service| needs[service] > 0) {
        groups[sets.find(service)].services.push(service);
    }
    for (j, variable) in variables.iter().enumerate() {
        groups[sets.find(variable.gains[0].0)].variables.push(j);
    }
    for (at, first) in first_on.indexed_iter() {
        if let &Some(service) = first {
            groups[sets.find(service)].hosts.push(at);
        }
    }
    groups.retain(|group| !group.services.is_empty());
    groups
}

/// Union-find with path halving; the smallest member stands for its set.
struct DisjointSets {
    parents: Vec<usize>,
}

impl DisjointSets {
    fn new(members: usize) -> Self {
        Self { parents: (0..members).collect() }
    }

    fn find(&mut self, mut member: usize) -> usize {
        while self.parents[member] != member {
            self.parents[member] = self.parents[self.parents[member]];
            member = self.parents[member];
        }
        member
    }

    fn unite(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        self.parents[a.max(b)] = a.min(b);
    }
}
