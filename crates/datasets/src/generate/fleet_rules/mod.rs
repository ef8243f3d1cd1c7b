//! A fleet of tenants and replicated applications on priced hosts in racks and sites, with placement rules one
//! form at a time: what a rule costs is the cost with it over the cost of the same fleet without.

mod rules;

use ndarray::Array2;
use vmpack_model::packing::{HostType, Instance, Topology};
use vmpack_model::{AnyInstance, Resource};

use self::rules::{RULES, STRENGTH};
use super::cutting_stock::apportion;
use super::draw::Draw;
use super::flavours::{Flavour, MIB_PER_GIB, popular};
use super::parameters::{integer, word};
use super::prices::{SERVERS, Server, priced};
use super::{GenerateError, Generated, Generator, ParameterSpec, Parameters};

/// The most VMs of one type in an application.
const REPLICAS: u64 = 4;
/// VM types of an application.
const TIERS: u64 = 2;

/// VM types are flavours of tenants, of which the first are the largest, and the tiers of applications: a few
/// replicas each. Every rack has every kind of server; sites differ in price. There are always hosts of the
/// largest kind left, which fit every VM. So one such host for each VM, those of a tenant in the racks of one site
/// in turn, with as many empty ones beside them as may fail, keeps all the rules at once: there is a placement,
/// whatever is switched on.
///
/// The fleet is drawn before the rules, and each form from a stream of its own: switching one on or off changes
/// nothing else.
#[derive(Clone, Copy, Debug)]
pub(super) struct FleetRules;

impl Generator for FleetRules {
    fn name(&self) -> &'static str {
        "fleet-rules"
    }

    fn summary(&self) -> &'static str {
        "VM fleet of tenants and applications on priced hosts in racks and sites, with placement rules form by \
         form"
    }

    fn reference(&self) -> &'static str {
        "flavours and prices as in `fleet`; rules as surveyed by Z. A. Mann (ACM Computing Surveys 48, 2015)"
    }

    fn parameters(&self) -> &'static [ParameterSpec] {
        const PARAMETERS: &[ParameterSpec] = &[
            integer("vms", "VMs; at least types + 8 groups", 60, (1, 1_000_000_000)),
            integer("types", "VM types outside applications; at least tenants", 9, (1, 2000)),
            integer("tenants", "tenants", 3, (1, 100)),
            integer("groups", "applications, each of two VM types of a tenant", 3, (0, 10_000)),
            integer("hosts", "kinds of server in every rack", 2, (1, SERVERS.len() as i64)),
            integer("sites", "sites", 2, (1, 50)),
            integer("racks", "racks of a site", 2, (1, 50)),
            word("stock", "whether the kinds other than the largest are scarce", STOCK),
            word("rules", "which form of rules is asked for", RULES),
            word("strength", "whether rules other than survive must be kept", STRENGTH),
            integer("price", "cost of a broken soft rule, in cents per day", 500, (0, 1_000_000)),
            integer("most", "replicas of an application on a host (at-most)", 1, (1, 1000)),
            integer("spread", "racks of an application, if there are (spread)", 2, (1, 50)),
            integer("failures", "hosts of a site that may fail at once (survive)", 1, (1, 3)),
            integer("headroom", "what hosts keep free, in per cent (reserve)", 10, (0, 50)),
            integer("overcommit", "vCPUs sold for 100 cores (overcommit)", 150, (100, 1600)),
        ];
        PARAMETERS
    }

    fn generate(&self, parameters: &Parameters, seed: u64) -> Result<Generated, GenerateError> {
        let (types, tenants) = (parameters.integer("types"), parameters.integer("tenants"));
        let (vms, groups) = (parameters.integer("vms"), parameters.integer("groups"));
        let refuse = |reason| GenerateError::Combination { generator: self.name(), reason };
        if types < tenants {
            return Err(refuse(format!("{types} types cannot be of {tenants} tenants")));
        }
        if vms < types + TIERS * REPLICAS * groups {
            let reason = format!("{vms} VMs are too few for {types} types and {groups} groups");
            return Err(refuse(reason));
        }
        let fleet = Fleet::draw(parameters, &mut Draw::new(self.name(), seed));
        let rules = rules::rules(&fleet, parameters, seed);
        let plain = fleet.into_instance(self.name());
        let instance = plain.with_rules(rules).expect("the recipe makes rules of the instance");
        Ok(Generated { instance: AnyInstance::Packing(instance), reference: None })
    }
}

/// The choices of the parameter `stock`.
const STOCK: &[&str] = &["unlimited", "limited"];

/// A VM type.
struct Vm {
    flavour: Flavour,
    count: u64,
    tenant: usize,
    /// The application that it is a tier of.
    group: Option<usize>,
}

/// A host type: a kind of server in a rack.
struct Host {
    kind: usize,
    server: Server,
    site: usize,
    /// Numbered through all sites.
    rack: usize,
    cost: u64,
    stock: Option<u64>,
}

/// The fleet without rules.
struct Fleet {
    vms: Vec<Vm>,
    hosts: Vec<Host>,
    sites: usize,
    racks_per_site: usize,
}

impl Fleet {
    fn draw(parameters: &Parameters, draw: &mut Draw) -> Self {
        let mut fleet = Self {
            vms: Self::draw_vms(parameters, draw),
            hosts: Vec::new(),
            sites: parameters.integer("sites") as usize,
            racks_per_site: parameters.integer("racks") as usize,
        };
        fleet.draw_hosts(parameters, draw);
        fleet
    }

    /// Flavours in the order of popularity, each of all tenants before the next, then applications.
    fn draw_vms(parameters: &Parameters, draw: &mut Draw) -> Vec<Vm> {
        let (types, tenants) = (parameters.integer("types"), parameters.integer("tenants"));
        let groups = parameters.integer("groups") as usize;
        let flavours = popular(draw, types.div_ceil(tenants), types.div_ceil(tenants));
        let mut tiers = Vec::new();
        for group in 0..groups {
            let tenant = draw.index(tenants as usize);
            for _ in 0..TIERS {
                let (flavour, _) = *draw.choose(&flavours);
                let count = draw.uniform(2, REPLICAS);
                tiers.push(Vm { flavour, count, tenant, group: Some(group) });
            }
        }
        let replicas: u64 = tiers.iter().map(|vm| vm.count).sum();
        // Zipf over flavours and over tenants.
        let owner = |index: u64| (index / tenants, index % tenants);
        let shares: Vec<u64> = (0..types)
            .map(owner)
            .map(|(flavour, tenant)| 1_000_000_000 / (flavour + 1) / (tenant + 1))
            .collect();
        let counts = apportion(parameters.integer("vms") - replicas, &shares);
        let single = |(index, count): (u64, u64)| {
            let (flavour, tenant) = owner(index);
            let (flavour, _) = flavours[flavour as usize];
            Vm { flavour, count, tenant: tenant as usize, group: None }
        };
        (0..types).zip(counts).map(single).chain(tiers).collect()
    }

    /// Every kind of server in every rack; what a site costs is drawn once for all of its hosts.
    fn draw_hosts(&mut self, parameters: &Parameters, draw: &mut Draw) {
        let demand: u64 = self.vms.iter().map(|vm| vm.flavour.vcpus * vm.count).sum();
        let kinds = priced(
            draw,
            parameters.integer("hosts") as usize,
            None::<fn(&mut Draw, Server) -> u64>,
        );
        let types = (kinds.len() * self.sites * self.racks_per_site) as u64;
        let limited = parameters.word("stock") == "limited";
        for site in 0..self.sites {
            let level = draw.uniform(850, 1250);
            for rack in site * self.racks_per_site..(site + 1) * self.racks_per_site {
                for (kind, (server, list)) in kinds.iter().enumerate() {
                    let cost = list.cost * level / 1000;
                    // A scarce type could host a tenth to a half of its even share of all vCPUs.
                    let share = demand * draw.uniform(100, 500) / 1000 / types / server.cores;
                    let stock = (limited && kind > 0).then_some(share.max(1));
                    self.hosts.push(Host { kind, server: *server, site, rack, cost, stock });
                }
            }
        }
    }

    fn topology(&self) -> Topology {
        Topology {
            racks: (1..=self.sites * self.racks_per_site).map(|r| format!("rack{r}")).collect(),
            sites: (1..=self.sites).map(|s| format!("site{s}")).collect(),
            rack_of: self.hosts.iter().map(|host| Some(host.rack)).collect(),
            site_of: self.hosts.iter().map(|host| Some(host.site)).collect(),
        }
    }

    fn into_instance(self, name: &str) -> Instance {
        let resources = vec![Resource::new("cpu", "vCPU"), Resource::new("memory", "MiB")];
        let demands = self.vms.iter().flat_map(|vm| [vm.flavour.vcpus, vm.flavour.mib]).collect();
        let demands = Array2::from_shape_vec((self.vms.len(), 2), demands).expect("two per type");
        let sizes = self.hosts.iter().map(|host| host.server);
        let capacities = sizes.flat_map(|s| [s.cores, s.gib * MIB_PER_GIB]).collect();
        let capacities =
            Array2::from_shape_vec((self.hosts.len(), 2), capacities).expect("two per host");
        let vms = self.vms.iter().enumerate().map(|(index, vm)| {
            let (tenant, flavour) = (vm.tenant + 1, vm.flavour.name());
            let name = match vm.group {
                None => format!("tenant{tenant}-{flavour}-{index}"),
                Some(group) => format!("tenant{tenant}-app{}-{flavour}-{index}", group + 1),
            };
            (name, vm.count)
        });
        let hosts = self.hosts.iter().map(|host| {
            let Server { cores, gib } = host.server;
            let name = format!("rack{}-{cores}x{gib}", host.rack + 1);
            HostType { name, cost: host.cost, stock: host.stock }
        });
        let (vms, hosts) = (vms.collect(), hosts.collect());
        Instance::simple(name, resources, vms, demands, hosts, capacities)
            .expect("the recipe makes valid instances")
    }
}

#[cfg(test)]
mod tests;
