//! Tiny instances with rules, at random but the same every time.

use ndarray::Array2;
use vmpack_model::Resource;
use vmpack_model::packing::{
    Demand, HostType, Instance, Level, Ratio, Rule, Rules, Strength, Topology, VmType,
};

/// A linear congruential generator (Knuth's MMIX).
pub(crate) struct Draw(u64);

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        let mut draw = Self(seed);
        (0..4).for_each(|_| _ = draw.below(2));
        draw
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    /// A set of some numbers below `end`, not empty.
    fn some(&mut self, end: usize) -> Vec<usize> {
        loop {
            let set: Vec<usize> = (0..end).filter(|_| self.below(2) == 0).collect();
            if !set.is_empty() {
                return set;
            }
        }
    }

    fn level(&mut self) -> Level {
        [Level::Host, Level::Host, Level::Rack, Level::Site][self.below(4) as usize]
    }

    fn demand(&mut self, form: u64, vms: usize, hosts: usize) -> Demand {
        let group = self.some(vms);
        match form {
            0 => Demand::Restrict { vms: group, hosts: self.some(hosts) },
            1 => Demand::AtMost { vms: group, most: 1 + self.below(2), within: self.level() },
            2 => Demand::Together { vms: group, within: self.level() },
            3 => Demand::Spread { vms: group, least: 1 + self.below(3), over: self.level() },
            4 => {
                let mut classes = vec![Vec::new(), Vec::new(), Vec::new()];
                for vm in 0..vms {
                    if let Some(class) = classes.get_mut(self.below(4) as usize) {
                        class.push(vm);
                    }
                }
                classes.retain(|class| !class.is_empty());
                Demand::Separate { classes, within: self.level() }
            }
            _ => Demand::Survive { hosts: self.some(hosts), failures: 1 + self.below(4) / 3 },
        }
    }

    /// Up to five VMs, up to four hosts, rules of up to three forms drawn from the first `forms`.
    pub(crate) fn instance(&mut self, forms: u64) -> Instance {
        let (types, kinds) = (1 + self.below(3) as usize, 1 + self.below(3) as usize);
        let d = 1 + self.below(2) as usize;
        let (mut rows, mut left) = (0, 5);
        let mut vms = Vec::new();
        for vm in 0..types {
            let count = (1 + self.below(3)).min(left - (types - vm - 1) as u64);
            left -= count;
            let start = rows;
            rows += 1 + self.below(4) as usize / 3;
            vms.push(VmType { name: format!("vm{vm}"), count, rows: start..rows });
        }
        let mut hosts = Vec::new();
        let mut bins = 4;
        for t in 0..kinds {
            let stock = (1 + self.below(3)).min(bins - (kinds - t - 1) as u64);
            bins -= stock;
            hosts.push(HostType { name: format!("h{t}"), cost: self.below(6), stock: Some(stock) });
        }
        let demands = Array2::from_shape_fn((rows, d), |_| self.below(6));
        let capacities = Array2::from_shape_fn((kinds, d), |_| 4 + self.below(9));
        let places: Vec<Option<usize>> =
            (0..kinds).map(|_| [Some(0), Some(1), None][self.below(3) as usize]).collect();
        let names = || vec!["one".to_owned(), "two".to_owned()];
        let topology = Topology {
            racks: names(),
            sites: names(),
            site_of: places.iter().map(|place| place.map(|place| place / 2)).collect(),
            rack_of: places,
        };
        let rules = (0..1 + self.below(3)).map(|index| {
            let form = self.below(forms);
            let demand = self.demand(form, types, kinds);
            let hard = form == 5 || self.below(2) == 0;
            let price = self.below(5);
            let strength = if hard { Strength::Hard } else { Strength::Soft { price } };
            Rule { name: format!("rule{index}"), demand, strength }
        });
        let rules = rules.collect();
        let priced = self.below(3) == 0;
        let prices = priced.then(|| Array2::from_shape_fn((types, kinds), |_| self.below(4)));
        let real = 1 + self.below(2);
        let overcommit = vec![Ratio { sold: 2, real }; d];
        let resources = Resource::anonymous(d);
        Instance::new("tiny", resources, vms, demands, hosts, capacities)
            .and_then(|plain| {
                plain.with_rules(Rules { overcommit, reserve: None, topology, prices, rules })
            })
            .expect("valid")
    }
}
