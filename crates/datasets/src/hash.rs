//! A hash of what an instance asks, whatever it is called and whichever file holds it.

use blake3::Hasher;
use vmpack_model::allocation::{self, Objective, Utility};
use vmpack_model::packing::{Demand, Level, Strength};
use vmpack_model::{AnyInstance, packing};

/// The BLAKE3 hash of the numbers of an instance, in hexadecimal.
///
/// Everything that can change an answer is hashed: family, shapes, demands with their alternatives,
/// counts, usable capacities, costs, stock, prices, rules and where hosts stand, and for the allocation family reservations, limits, services and
/// the objective. Names and units are not. Order is: a solution refers to VM types by their position, so
/// two instances with equal hashes are the same problem with the same numbering.
pub fn content_hash(instance: &AnyInstance) -> String {
    match instance {
        AnyInstance::Packing(instance) => hash(|canonical| canonical.packing(instance)),
        AnyInstance::Allocation(instance) => hash(|canonical| canonical.allocation(instance)),
    }
}

/// The content hash of a packing instance.
pub(crate) fn packing_hash(instance: &packing::Instance) -> String {
    hash(|canonical| canonical.packing(instance))
}

/// The content hash of an allocation instance.
pub(crate) fn allocation_hash(instance: &allocation::Instance) -> String {
    hash(|canonical| canonical.allocation(instance))
}

fn hash(fill: impl FnOnce(&mut Canonical)) -> String {
    let mut canonical = Canonical(Hasher::new());
    fill(&mut canonical);
    canonical.0.finalize().to_hex().to_string()
}

/// The canonical form: a tag, then 64-bit little-endian integers; every list is preceded by its length.
struct Canonical(Hasher);

impl Canonical {
    fn number(&mut self, number: u64) {
        self.0.update(&number.to_le_bytes());
    }

    fn length(&mut self, length: usize) {
        self.number(length as u64);
    }

    fn signed(&mut self, number: i64) {
        self.0.update(&number.to_le_bytes());
    }

    fn optional(&mut self, number: Option<u64>) {
        self.number(u64::from(number.is_some()));
        self.number(number.unwrap_or(0));
    }

    fn packing(&mut self, instance: &packing::Instance) {
        self.0.update(b"vmpack packing 1\n");
        self.length(instance.dimensions());
        self.length(instance.vms().len());
        for vm in instance.vms() {
            self.number(vm.count);
            self.length(vm.rows.len());
            for row in vm.rows.clone() {
                instance.demand(row).iter().for_each(|&demand| self.number(demand));
            }
        }
        self.length(instance.hosts().len());
        for (index, host) in instance.hosts().iter().enumerate() {
            self.number(host.cost);
            self.optional(host.stock);
            instance.capacity(index).iter().for_each(|&capacity| self.number(capacity));
        }
        // What is usable has overcommit and reserve in it.
        if !instance.rules().only_capacity() {
            self.rules(instance);
        }
    }

    fn rules(&mut self, instance: &packing::Instance) {
        self.0.update(b"rules 1\n");
        let rules = instance.rules();
        for level in [Level::Rack, Level::Site] {
            // Domains are numbered in order of appearance: their names do not matter.
            let mut seen = Vec::new();
            for host in 0..instance.hosts().len() {
                let domain = rules.topology.domain(level, host);
                let number = seen.iter().position(|&other| other == domain);
                self.length(number.unwrap_or(seen.len()));
                if number.is_none() {
                    seen.push(domain);
                }
            }
        }
        self.number(u64::from(rules.prices.is_some()));
        rules.prices.iter().flatten().for_each(|&price| self.number(price));
        self.length(rules.rules.len());
        for rule in &rules.rules {
            self.optional(match rule.strength {
                Strength::Hard => None,
                Strength::Soft { price } => Some(price),
            });
            self.demand(&rule.demand);
        }
    }

    fn demand(&mut self, demand: &Demand) {
        self.length(demand.name().len());
        self.0.update(demand.name().as_bytes());
        match demand {
            Demand::Restrict { vms, hosts } => {
                self.set(vms);
                self.set(hosts);
            }
            Demand::AtMost { vms, most, within } => {
                self.set(vms);
                self.number(*most);
                self.level(*within);
            }
            Demand::Together { vms, within } => {
                self.set(vms);
                self.level(*within);
            }
            Demand::Spread { vms, least, over } => {
                self.set(vms);
                self.number(*least);
                self.level(*over);
            }
            Demand::Separate { classes, within } => {
                self.length(classes.len());
                for class in classes {
                    self.set(class);
                }
                self.level(*within);
            }
            Demand::Survive { hosts, failures } => {
                self.set(hosts);
                self.number(*failures);
            }
        }
    }

    fn set(&mut self, set: &[usize]) {
        self.length(set.len());
        for &index in set {
            self.length(index);
        }
    }

    fn level(&mut self, level: Level) {
        self.number(match level {
            Level::Host => 0,
            Level::Rack => 1,
            Level::Site => 2,
        });
    }

    fn allocation(&mut self, instance: &allocation::Instance) {
        self.0.update(b"vmpack allocation 1\n");
        let data = instance.data();
        let resources = data.resources.len();
        self.length(resources);
        self.length(data.vms.len());
        for (i, vm) in data.vms.iter().enumerate() {
            self.optional(vm.host.map(|host| host as u64));
            for r in 0..resources {
                self.number(instance.reservation(i, r));
                self.optional(instance.limit(i, r));
            }
        }
        self.length(data.hosts.len());
        data.capacities.iter().for_each(|&capacity| self.number(capacity));
        self.length(data.services.len());
        for service in &data.services {
            self.signed(service.required);
            // A sum has no order.
            let mut terms = service.terms.clone();
            terms.sort_unstable_by_key(|term| (term.vm, term.resource));
            self.length(terms.len());
            for term in terms {
                self.length(term.vm);
                self.length(term.resource);
                self.signed(term.coefficient);
            }
        }
        match &data.objective {
            Objective::Cost(costs) => {
                self.number(0);
                costs.iter().for_each(|&cost| self.signed(cost));
            }
            Objective::Utility(utilities) => {
                self.number(1);
                for utility in utilities {
                    self.number(match utility {
                        Utility::Concave(_) => 0,
                        Utility::Steps(_) => 1,
                    });
                    self.length(utility.points().len());
                    for &(amount, worth) in utility.points() {
                        self.number(amount);
                        self.number(worth);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(name: &str, items: &[(Vec<u64>, u64)], capacity: &[u64]) -> String {
        let instance = packing::Instance::identical_hosts(name, capacity, items).expect("valid");
        content_hash(&AnyInstance::Packing(instance))
    }

    #[test]
    fn the_hash_sees_numbers_and_order_but_no_names() {
        let items = [(vec![3, 4], 2), (vec![5, 1], 1)];
        let reversed = [items[1].clone(), items[0].clone()];
        let base = hash("a", &items, &[9, 9]);
        assert_eq!(base, hash("b", &items, &[9, 9]));
        assert_ne!(base, hash("a", &items, &[9, 10]));
        assert_ne!(base, hash("a", &reversed, &[9, 9]));
        // The same numbers in a row, cut up differently.
        let flat = [(vec![3], 2), (vec![4], 2), (vec![5], 1), (vec![1], 1)];
        assert_ne!(base, hash("a", &flat, &[9]));
    }

    #[test]
    fn the_hash_sees_rules_and_usable_capacity_but_no_names() {
        let items = [(vec![3], 2), (vec![5], 1)];
        let with = |capacity: u64, rules: packing::Rules| {
            let plain = packing::Instance::identical_hosts("a", &[capacity], &items);
            let ruled = plain.expect("valid").with_rules(rules).expect("they belong to it");
            content_hash(&AnyInstance::Packing(ruled))
        };
        let plain = hash("a", &items, &[9]);
        assert_eq!(with(9, packing::Rules::default()), plain);
        let twice = packing::Ratio { sold: 2, real: 1 };
        let overcommit = packing::Rules { overcommit: vec![twice], ..Default::default() };
        assert_eq!(with(9, overcommit), hash("a", &items, &[18]));
        let rule = |name: &str, most, within, strength| {
            let demand = Demand::AtMost { vms: vec![0], most, within };
            let rules = vec![packing::Rule { name: name.into(), demand, strength }];
            with(9, packing::Rules { rules, ..Default::default() })
        };
        let soft = |price| Strength::Soft { price };
        let hashes = [
            plain,
            rule("a", 1, Level::Host, Strength::Hard),
            rule("a", 2, Level::Host, Strength::Hard),
            rule("a", 1, Level::Rack, Strength::Hard),
            rule("a", 1, Level::Host, soft(0)),
            rule("a", 1, Level::Host, soft(1)),
        ];
        for (i, hash) in hashes.iter().enumerate() {
            assert!(!hashes[..i].contains(hash), "number {i}");
        }
        assert_eq!(hashes[1], rule("b", 1, Level::Host, Strength::Hard));
    }

    #[test]
    fn the_hash_sees_every_part_of_every_rule() {
        let items = [(vec![3], 2), (vec![5], 1)];
        let with = |rules: packing::Rules| {
            let plain = packing::Instance::identical_hosts("a", &[9], &items).expect("valid");
            content_hash(&AnyInstance::Packing(plain.with_rules(rules).expect("they belong to it")))
        };
        let rule = |demand| packing::Rule { name: "r".into(), demand, strength: Strength::Hard };
        let (host, rack, site) = (Level::Host, Level::Rack, Level::Site);
        let (first, both) = (|| vec![0], || vec![0, 1]);
        let demands = [
            Demand::Restrict { vms: first(), hosts: vec![0] },
            Demand::Restrict { vms: both(), hosts: vec![0] },
            Demand::Restrict { vms: first(), hosts: vec![] },
            Demand::AtMost { vms: first(), most: 1, within: host },
            Demand::AtMost { vms: both(), most: 1, within: host },
            Demand::AtMost { vms: first(), most: 2, within: host },
            Demand::AtMost { vms: first(), most: 1, within: site },
            Demand::Together { vms: first(), within: host },
            Demand::Together { vms: both(), within: host },
            Demand::Together { vms: first(), within: rack },
            Demand::Spread { vms: first(), least: 1, over: host },
            Demand::Spread { vms: both(), least: 1, over: host },
            Demand::Spread { vms: first(), least: 2, over: host },
            Demand::Spread { vms: first(), least: 1, over: rack },
            Demand::Separate { classes: vec![first(), vec![1]], within: host },
            Demand::Separate { classes: vec![both()], within: host },
            Demand::Separate { classes: vec![first(), vec![1]], within: rack },
            Demand::Survive { hosts: vec![0], failures: 1 },
            Demand::Survive { hosts: vec![0], failures: 2 },
        ];
        let ruled = |demand| packing::Rules { rules: vec![rule(demand)], ..Default::default() };
        let mut hashes: Vec<String> = demands.into_iter().map(|d| with(ruled(d))).collect();
        for price in 1..3 {
            let prices = ndarray::array![[0], [price]];
            hashes.push(with(packing::Rules { prices: Some(prices), ..Default::default() }));
        }
        hashes.push(with(packing::Rules::default()));
        for (i, hash) in hashes.iter().enumerate() {
            assert!(!hashes[..i].contains(hash), "number {i}");
        }
    }

    #[test]
    fn the_hash_sees_who_shares_a_rack_or_a_site_but_not_its_name() {
        let with = |rack_of: [Option<usize>; 2], site_of: [Option<usize>; 2], names: [&str; 2]| {
            let host = |name: &str| packing::HostType { name: name.into(), cost: 1, stock: None };
            let vm = packing::VmType { name: "a".into(), count: 2, rows: 0..1 };
            let plain = packing::Instance::new(
                "two",
                vmpack_model::Resource::anonymous(1),
                vec![vm],
                ndarray::array![[3]],
                vec![host("x"), host("y")],
                ndarray::array![[9], [9]],
            );
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            let topology = packing::Topology {
                racks: names.clone(),
                sites: names,
                rack_of: rack_of.to_vec(),
                site_of: site_of.to_vec(),
            };
            let demand = Demand::Together { vms: vec![0], within: Level::Rack };
            let rule = packing::Rule { name: "r".into(), demand, strength: Strength::Hard };
            let rules = packing::Rules { topology, rules: vec![rule], ..Default::default() };
            let ruled = plain.expect("valid").with_rules(rules).expect("they belong to it");
            content_hash(&AnyInstance::Packing(ruled))
        };
        let (shared, apart) = ([Some(0), Some(0)], [Some(0), Some(1)]);
        let base = with(apart, apart, ["p", "q"]);
        assert_eq!(base, with(apart, apart, ["r", "s"]));
        // A host type without a place is a place of its own.
        assert_eq!(base, with([None, Some(0)], apart, ["p", "q"]));
        let (racks, sites) = (with(shared, apart, ["p", "q"]), with(apart, shared, ["p", "q"]));
        assert!(base != racks && base != sites && racks != sites);
    }
}
