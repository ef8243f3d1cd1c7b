//! The rules of the fleet, one form at a time.

use std::collections::BTreeMap;

use ndarray::Array2;
use vmpack_model::packing::{Demand, Level, Ratio, Rule, Rules, Strength};

use super::{Fleet, MIB_PER_GIB, Parameters};
use crate::generate::draw::Draw;

/// The choices of the parameter `rules`: nothing, every form alone, all at once.
pub(super) const RULES: &[&str] = &[
    "all",
    "none",
    "restrict",
    "at-most",
    "together",
    "spread",
    "separate",
    "survive",
    "prices",
    "overcommit",
    "reserve",
];

/// The choices of the parameter `strength`.
pub(super) const STRENGTH: &[&str] = &["hard", "soft"];

/// The rules that the parameters ask for.
pub(super) fn rules(fleet: &Fleet, parameters: &Parameters, seed: u64) -> Rules {
    let chosen = parameters.word("rules");
    if chosen == "none" {
        return Rules::default();
    }
    let on = |form: &str| chosen == form || chosen == "all";
    // Every form has a stream of its own, so that none changes another.
    let draw = |form: &str| Draw::new(&format!("fleet-rules {form}"), seed);
    let parameter = |name: &str| parameters.integer(name);
    let mut rules = Rules { topology: fleet.topology(), ..Rules::default() };
    if on("overcommit") {
        rules.overcommit = vec![Ratio { sold: parameter("overcommit"), real: 100 }, Ratio::ONE];
    }
    if on("reserve") {
        rules.reserve = Some(reserve(fleet, parameter("headroom")));
    }
    if on("prices") {
        rules.prices = Some(prices(fleet, &mut draw("prices")));
    }
    let mut demands: Vec<(String, Demand)> = Vec::new();
    if on("restrict") {
        demands.extend(restrict(fleet, &mut draw("restrict")));
    }
    if on("at-most") {
        let most = parameter("most");
        demands.extend(fleet.groups("apart", |vms| Demand::AtMost {
            vms,
            most,
            within: Level::Host,
        }));
    }
    if on("together") {
        let demand = |vms| Demand::Together { vms, within: Level::Site };
        demands.extend(fleet.groups("in one site", demand));
    }
    if on("spread") {
        // Within one site, because that is where the application may have to be.
        let least = parameter("spread").min(fleet.racks_per_site as u64);
        demands.extend(fleet.groups("over racks", |vms| {
            let replicas = vms.iter().map(|&vm| fleet.vms[vm].count).sum();
            Demand::Spread { least: least.min(replicas), vms, over: Level::Rack }
        }));
    }
    if on("separate") {
        let mut classes: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, vm) in fleet.vms.iter().enumerate() {
            classes.entry(vm.tenant).or_default().push(index);
        }
        let classes = classes.into_values().collect();
        demands.push(("tenants".to_owned(), Demand::Separate { classes, within: Level::Host }));
    }
    let strength = match parameters.word("strength") {
        "soft" => Strength::Soft { price: parameter("price") },
        _ => Strength::Hard,
    };
    rules.rules =
        demands.into_iter().map(|(name, demand)| Rule { name, demand, strength }).collect();
    if on("survive") {
        rules.rules.extend((0..fleet.sites).map(|site| Rule {
            name: format!("site{} survives", site + 1),
            demand: Demand::Survive {
                hosts: fleet.hosts_where(|host| host.site == site),
                failures: parameter("failures"),
            },
            strength: Strength::Hard,
        }));
    }
    rules
}

impl Fleet {
    /// A rule for each application, over all of its VM types.
    fn groups(&self, name: &str, demand: impl Fn(Vec<usize>) -> Demand) -> Vec<(String, Demand)> {
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, vm) in self.vms.iter().enumerate() {
            if let Some(group) = vm.group {
                groups.entry(group).or_default().push(index);
            }
        }
        groups
            .into_iter()
            .map(|(group, vms)| (format!("app{} {name}", group + 1), demand(vms)))
            .collect()
    }

    fn hosts_where(&self, wanted: impl Fn(&super::Host) -> bool) -> Vec<usize> {
        (0..self.hosts.len()).filter(|&index| wanted(&self.hosts[index])).collect()
    }
}

/// Every other tenant, the second first, is cleared for some hosts of one site alone: those of the largest kind
/// and of a few others.
fn restrict(fleet: &Fleet, draw: &mut Draw) -> Vec<(String, Demand)> {
    let kinds = fleet.hosts.iter().map(|host| host.kind + 1).max().unwrap_or(0);
    let labelled: Vec<bool> = (0..kinds).map(|kind| draw.percent(50) || kind == 0).collect();
    let mut tenants: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, vm) in fleet.vms.iter().enumerate().filter(|(_, vm)| vm.tenant % 2 == 1) {
        tenants.entry(vm.tenant).or_default().push(index);
    }
    let mut clear = |(tenant, vms): (usize, Vec<usize>)| {
        let cleared = draw.index(fleet.sites);
        let hosts = fleet.hosts_where(|host| host.site == cleared && labelled[host.kind]);
        (format!("tenant{} cleared", tenant + 1), Demand::Restrict { vms, hosts })
    };
    tenants.into_iter().map(&mut clear).collect()
}

/// Latency: every tenant has a home, and a VM elsewhere costs by vCPU and by how far the site is from it.
fn prices(fleet: &Fleet, draw: &mut Draw) -> Array2<u64> {
    let mut distance = Array2::from_elem((fleet.sites, fleet.sites), 0);
    for (to, from) in (0..fleet.sites).flat_map(|to| (0..to).map(move |from| (to, from))) {
        let cents = draw.uniform(2, 20);
        (distance[[to, from]], distance[[from, to]]) = (cents, cents);
    }
    let tenants = fleet.vms.iter().map(|vm| vm.tenant + 1).max().unwrap_or(0);
    let home: Vec<usize> = (0..tenants).map(|_| draw.index(fleet.sites)).collect();
    Array2::from_shape_fn((fleet.vms.len(), fleet.hosts.len()), |(vm, host)| {
        let vm = &fleet.vms[vm];
        vm.flavour.vcpus * distance[[home[vm.tenant], fleet.hosts[host].site]]
    })
}

/// So many per cent of the hardware.
fn reserve(fleet: &Fleet, percent: u64) -> Array2<u64> {
    Array2::from_shape_fn((fleet.hosts.len(), 2), |(host, resource)| {
        let server = fleet.hosts[host].server;
        [server.cores, server.gib * MIB_PER_GIB][resource] * percent / 100
    })
}
