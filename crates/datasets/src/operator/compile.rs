//! From a fleet and its rules to an instance: alike VMs and hosts become types, amounts small integers.

use std::collections::BTreeMap;

use ndarray::Array2;
use vmpack_model::Resource;
use vmpack_model::packing::{Demand, HostType, Instance, Ratio, Rule, Rules, Strength, Topology};

use super::fleet::Fleet;
use super::rules::{Asked, gcd};
use crate::format::ReadError;

/// An instance and what its numbers stand for.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The instance. Types bear the name of their first VM or host.
    pub instance: Instance,
    /// The VMs of the fleet that each VM type stands for, by index.
    pub vms: Vec<Vec<usize>>,
    /// The hosts of the fleet that each host type stands for, by index.
    pub hosts: Vec<Vec<usize>>,
    /// How many base units of each resource one unit of the instance is.
    pub units: Vec<u64>,
    /// What VMs may use of a host of each type, in base units: the usable capacity of the instance before it was
    /// rounded down to its units.
    pub usable: Vec<Vec<u64>>,
    /// How many millionths one unit of cost is.
    pub money: u64,
}

/// Types by what their members have in common, in the order of the first member.
struct Types {
    of: Vec<usize>,
    members: Vec<Vec<usize>>,
}

impl Types {
    fn new<K: Ord>(keys: impl Iterator<Item = K>) -> Self {
        let mut known = BTreeMap::new();
        let mut types = Self { of: Vec::new(), members: Vec::new() };
        for (index, key) in keys.enumerate() {
            let number = *known.entry(key).or_insert(types.members.len());
            if number == types.members.len() {
                types.members.push(Vec::new());
            }
            types.members[number].push(index);
            types.of.push(number);
        }
        types
    }

    /// The types of a set of members, which has all members of a type or none.
    fn set(&self, members: &[usize]) -> Vec<usize> {
        let mut types: Vec<usize> = members.iter().map(|&index| self.of[index]).collect();
        types.sort_unstable();
        types.dedup();
        types
    }

    /// The first name, and how many more there are.
    fn name(&self, number: usize, name: impl Fn(usize) -> String) -> String {
        let members = &self.members[number];
        let first = name(members[0]);
        match members.len() - 1 {
            0 => first,
            more => format!("{first} and {more} alike"),
        }
    }
}

/// Makes an instance called `name` of a fleet. VMs are of one type if they need the same and every rule treats
/// them alike, hosts likewise; amounts are divided by what divides them all, and capacities rounded down to it, which
/// changes no placement.
///
/// # Errors
/// Totals leave 64 bits.
pub(super) fn compile(fleet: &Fleet, asked: &Asked, name: &str) -> Result<Compiled, ReadError> {
    let (vms, hosts) = types(fleet, asked);
    let units = units(fleet, asked);
    let money = money(fleet, asked);
    let d = fleet.resources.len();

    let too_many = |what: &str| ReadError {
        line: None,
        field: what.to_owned(),
        expected: "fewer than 2^64 of them".to_owned(),
        found: "more".to_owned(),
    };
    let mut names = Vec::new();
    for (number, members) in vms.members.iter().enumerate() {
        let mut counts = members.iter().map(|&vm| fleet.vms[vm].count);
        let count = counts.try_fold(0_u64, u64::checked_add);
        let name = vms.name(number, |vm| fleet.vms[vm].name.clone());
        names.push((name, count.ok_or_else(|| too_many("VMs"))?));
    }
    let mut host_types = Vec::new();
    for (number, members) in hosts.members.iter().enumerate() {
        let mut stock = Some(0_u64);
        for &host in members {
            stock = match (stock, fleet.hosts[host].count) {
                (Some(sum), Some(more)) => {
                    Some(sum.checked_add(more).ok_or_else(|| too_many("hosts"))?)
                }
                _ => None,
            };
        }
        let name = hosts.name(number, |host| fleet.hosts[host].name.clone());
        host_types.push(HostType { name, cost: fleet.hosts[members[0]].cost / money, stock });
    }
    let demands = Array2::from_shape_fn((vms.members.len(), d), |(t, k)| {
        fleet.vms[vms.members[t][0]].demand[k] / units[k]
    });
    let capacities = Array2::from_shape_fn((hosts.members.len(), d), |(t, k)| {
        fleet.hosts[hosts.members[t][0]].capacity[k] / units[k]
    });
    let resources = fleet.resources.iter().zip(&units);
    let resources =
        resources.map(|((name, kind), &unit)| Resource::new(name, kind.show(unit))).collect();
    let rules = Rules {
        overcommit: asked.overcommit.clone(),
        reserve: asked.reserve.iter().flatten().any(|&kept| kept > 0).then(|| {
            Array2::from_shape_fn((hosts.members.len(), d), |(t, k)| {
                asked.reserve[hosts.members[t][0]][k] / units[k]
            })
        }),
        topology: topology(fleet, &hosts),
        prices: prices(asked, &vms, &hosts, money),
        rules: asked.rules.iter().map(|rule| over_types(rule, &vms, &hosts, money)).collect(),
    };
    let instance = Instance::simple(name, resources, names, demands, host_types, capacities)
        .and_then(|instance| instance.with_rules(rules))
        .map_err(|error| ReadError::instance(&error))?;
    let usable = hosts.members.iter().map(|members| usable(fleet, asked, members[0])).collect();
    Ok(Compiled { instance, vms: vms.members, hosts: hosts.members, units, usable, money })
}

/// What VMs may use of a host, in base units. The instance has shown that it fits.
fn usable(fleet: &Fleet, asked: &Asked, host: usize) -> Vec<u64> {
    let sold = fleet.hosts[host].capacity.iter().enumerate().map(|(k, &capacity)| {
        let Ratio { sold, real } = asked.overcommit.get(k).copied().unwrap_or(Ratio::ONE);
        let sold = u128::from(capacity) * u128::from(sold) / u128::from(real);
        u64::try_from(sold).unwrap_or(u64::MAX)
    });
    sold.zip(&asked.reserve[host]).map(|(sold, kept)| sold.saturating_sub(*kept)).collect()
}

/// Marks the members of a set.
fn touch(marks: &mut [Vec<(usize, usize)>], set: &[usize], mark: (usize, usize)) {
    for &index in set {
        marks[index].push(mark);
    }
}

/// The types of VMs and of hosts.
fn types(fleet: &Fleet, asked: &Asked) -> (Types, Types) {
    let mut of_vms = vec![Vec::new(); fleet.vms.len()];
    let mut of_hosts = vec![Vec::new(); fleet.hosts.len()];
    for (rule, Rule { demand, .. }) in asked.rules.iter().enumerate() {
        match demand {
            Demand::Restrict { vms, hosts } => {
                touch(&mut of_vms, vms, (rule, 0));
                touch(&mut of_hosts, hosts, (rule, 0));
            }
            Demand::AtMost { vms, .. }
            | Demand::Together { vms, .. }
            | Demand::Spread { vms, .. } => {
                touch(&mut of_vms, vms, (rule, 0));
            }
            Demand::Separate { classes, .. } => {
                for (class, vms) in classes.iter().enumerate() {
                    touch(&mut of_vms, vms, (rule, class));
                }
            }
            Demand::Survive { hosts, .. } => touch(&mut of_hosts, hosts, (rule, 0)),
        }
    }
    for (index, (vms, _)) in asked.prices.iter().enumerate() {
        touch(&mut of_vms, vms, (asked.rules.len() + index, 0));
    }
    let vms = Types::new(fleet.vms.iter().zip(&of_vms).map(|(vm, marks)| (&vm.demand, marks)));
    let hosts = Types::new(fleet.hosts.iter().enumerate().map(|(index, host)| {
        let prices: Vec<u64> = asked.prices.iter().map(|(_, prices)| prices[index]).collect();
        let place = (&host.rack, &host.site);
        (&host.capacity, &asked.reserve[index], host.cost, place, &of_hosts[index], prices)
    }));
    (vms, hosts)
}

/// The greatest unit of each resource in which all demands are whole, and so is all that overcommit multiplies and
/// reserve takes away. Usable capacity below one unit is of no use to any VM; but every host that has something has one
/// unit of something, as instances demand.
fn units(fleet: &Fleet, asked: &Asked) -> Vec<u64> {
    let unit = |k: usize| {
        let demands = fleet.vms.iter().map(|vm| vm.demand[k]);
        let kept = asked.reserve.iter().map(|kept| kept[k]);
        let overcommitted = asked.overcommit.get(k).is_some_and(|ratio| *ratio != Ratio::ONE);
        let sold = fleet.hosts.iter().map(|host| host.capacity[k]).filter(|_| overcommitted);
        demands.chain(kept).chain(sold).fold(0, gcd).max(1)
    };
    let mut units: Vec<u64> = (0..fleet.resources.len()).map(unit).collect();
    for host in &fleet.hosts {
        let mut amounts = units.iter_mut().zip(&host.capacity);
        if amounts.all(|(unit, capacity)| *capacity < *unit) {
            let something = units.iter_mut().zip(&host.capacity).find(|(_, amount)| **amount > 0);
            if let Some((unit, capacity)) = something {
                *unit = gcd(*unit, *capacity);
            }
        }
    }
    units
}

/// The greatest amount of money of which every cost and price is a multiple.
fn money(fleet: &Fleet, asked: &Asked) -> u64 {
    let costs = fleet.hosts.iter().map(|host| host.cost);
    let prices = asked.prices.iter().flat_map(|(_, prices)| prices.iter().copied());
    let soft = asked.rules.iter().filter_map(|rule| match rule.strength {
        Strength::Soft { price } => Some(price),
        Strength::Hard => None,
    });
    costs.chain(prices).chain(soft).fold(0, gcd).max(1)
}

fn topology(fleet: &Fleet, hosts: &Types) -> Topology {
    let place = |of: fn(&super::Host) -> &Option<String>| {
        let mut names: Vec<String> =
            fleet.hosts.iter().filter_map(|host| of(host).clone()).collect();
        names.sort_unstable();
        names.dedup();
        let number = |members: &Vec<usize>| {
            of(&fleet.hosts[members[0]]).as_ref().and_then(|name| names.binary_search(name).ok())
        };
        let numbers: Vec<Option<usize>> = hosts.members.iter().map(number).collect();
        if names.is_empty() { (names, Vec::new()) } else { (names, numbers) }
    };
    let (racks, rack_of) = place(|host| &host.rack);
    let (sites, site_of) = place(|host| &host.site);
    Topology { racks, sites, rack_of, site_of }
}

fn prices(asked: &Asked, vms: &Types, hosts: &Types, money: u64) -> Option<Array2<u64>> {
    if asked.prices.is_empty() {
        return None;
    }
    let mut matrix = Array2::<u64>::zeros((vms.members.len(), hosts.members.len()));
    for (priced, prices) in &asked.prices {
        for vm in vms.set(priced) {
            for (host, members) in hosts.members.iter().enumerate() {
                let price = &mut matrix[[vm, host]];
                *price = price.saturating_add(prices[members[0]] / money);
            }
        }
    }
    Some(matrix)
}

/// A rule over types instead of single rows.
fn over_types(rule: &Rule, vms: &Types, hosts: &Types, money: u64) -> Rule {
    let demand = match &rule.demand {
        Demand::Restrict { vms: group, hosts: places } => {
            Demand::Restrict { vms: vms.set(group), hosts: hosts.set(places) }
        }
        Demand::AtMost { vms: group, most, within } => {
            Demand::AtMost { vms: vms.set(group), most: *most, within: *within }
        }
        Demand::Together { vms: group, within } => {
            Demand::Together { vms: vms.set(group), within: *within }
        }
        Demand::Spread { vms: group, least, over } => {
            Demand::Spread { vms: vms.set(group), least: *least, over: *over }
        }
        Demand::Separate { classes, within } => Demand::Separate {
            classes: classes.iter().map(|class| vms.set(class)).collect(),
            within: *within,
        },
        Demand::Survive { hosts: places, failures } => {
            Demand::Survive { hosts: hosts.set(places), failures: *failures }
        }
    };
    let strength = match rule.strength {
        Strength::Hard => Strength::Hard,
        Strength::Soft { price } => Strength::Soft { price: price / money },
    };
    Rule { name: rule.name.clone(), demand, strength }
}
