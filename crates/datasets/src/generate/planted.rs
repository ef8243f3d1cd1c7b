//! Planted perfect packings: the optimum is known because every host of it is full.

use vmpack_model::AnyInstance;

use crate::items::Items;

use super::draw::Draw;
use super::parameters::integer;
use super::{GenerateError, Generated, Generator, ParameterSpec, Parameters, by_construction};

/// Every host of a hidden packing is cut, in each dimension, into positive parts that add up to the
/// capacity. The volume of the items is that of the hosts, in every dimension, so no packing uses fewer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Planted;

impl Generator for Planted {
    fn name(&self) -> &'static str {
        "planted"
    }

    fn summary(&self) -> &'static str {
        "vector packing with a hidden packing that fills every host exactly; the optimum is `hosts`"
    }

    fn reference(&self) -> &'static str {
        "perfect packings as in Falkenauer (1996), section 4.2, in d dimensions and with any number \
         of items per host"
    }

    fn parameters(&self) -> &'static [ParameterSpec] {
        const PARAMETERS: &[ParameterSpec] = &[
            integer("d", "dimensions", 2, (1, 100)),
            integer("hosts", "hosts of the hidden packing", 10, (1, 100_000)),
            integer("items", "items per host", 4, (1, 1000)),
            integer("capacity", "capacity in every dimension", 1000, (1, 1_000_000_000)),
        ];
        PARAMETERS
    }

    fn generate(&self, parameters: &Parameters, seed: u64) -> Result<Generated, GenerateError> {
        let d = parameters.integer("d") as usize;
        let hosts = parameters.integer("hosts");
        let per_host = parameters.integer("items");
        let capacity = parameters.integer("capacity");
        if per_host > capacity {
            let reason = format!("a host of capacity {capacity} has no {per_host} positive parts");
            return Err(GenerateError::Combination { generator: self.name(), reason });
        }
        let mut draw = Draw::new(self.name(), seed);
        let mut sizes = Vec::new();
        for _ in 0..hosts {
            let parts: Vec<Vec<u64>> =
                (0..d).map(|_| draw.composition(capacity, per_host as usize)).collect();
            sizes
                .extend((0..per_host as usize).map(|item| parts.iter().map(|p| p[item]).collect()));
        }
        draw.shuffle::<Vec<u64>>(&mut sizes);
        let mut items = Items::new(d);
        for size in sizes {
            items.add(size, 1).expect("10^5 hosts of 10^9 fit 64 bits");
        }
        let instance = items.on_identical_hosts(self.name(), vec![capacity; d]);
        let instance = AnyInstance::Packing(instance.expect("the recipe makes valid instances"));
        Ok(Generated { instance, reference: Some(by_construction(hosts)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::generate;

    #[test]
    fn the_volume_is_that_of_the_hidden_hosts_in_every_dimension() {
        let given = [("d", 3), ("hosts", 7), ("items", 5), ("capacity", 60)];
        let given = given.map(|(name, value)| (name.to_owned(), value.into())).into();
        let generated = generate("planted", &given, 9).expect("valid parameters");
        assert_eq!(generated.reference.expect("planted").cost, 7_u64.into());
        let AnyInstance::Packing(instance) = generated.instance else {
            panic!("a packing instance")
        };
        assert_eq!(instance.total_vms(), 35);
        for k in 0..3 {
            let column = instance.demands().column(k).to_vec();
            let volume: u64 = instance.vms().iter().zip(column).map(|(vm, s)| vm.count * s).sum();
            assert_eq!(volume, 7 * 60);
        }
    }
}
