//! VM fleets: a realistic flavour mix on priced hosts of several kinds.

use ndarray::Array2;
use vmpack_model::packing::Instance;
use vmpack_model::{AnyInstance, Resource};

use super::draw::Draw;
use super::flavours::{Flavour, MIB_PER_GIB, popular};
use super::parameters::{integer, word};
use super::prices::{SERVERS, Server, priced};
use super::{GenerateError, Generated, Generator, ParameterSpec, Parameters};

/// As many VMs of each [popular] flavour as its rank says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fleet;

impl Generator for Fleet {
    fn name(&self) -> &'static str {
        "fleet"
    }

    fn summary(&self) -> &'static str {
        "VM fleet: flavours of 1 to 64 vCPUs with skewed popularity, on priced host types"
    }

    fn reference(&self) -> &'static str {
        "flavours as in public clouds (1:1 to 1:8 GiB per vCPU, powers of two, custom sizes in steps of \
         256 MiB); popularity after G. K. Zipf (1949)"
    }

    fn parameters(&self) -> &'static [ParameterSpec] {
        const PARAMETERS: &[ParameterSpec] = &[
            integer("vms", "VMs; at least as many as types", 1000, (1, 1_000_000_000)),
            integer("types", "flavours", 20, (1, 500)),
            integer("hosts", "host types", 4, (1, SERVERS.len() as i64)),
            word("stock", "whether the host types other than the largest are scarce", STOCK),
        ];
        PARAMETERS
    }

    fn generate(&self, parameters: &Parameters, seed: u64) -> Result<Generated, GenerateError> {
        let (vms, types) = (parameters.integer("vms"), parameters.integer("types"));
        if vms < types {
            let reason = format!("{vms} VMs cannot be of {types} types");
            return Err(GenerateError::Combination { generator: self.name(), reason });
        }
        let mut draw = Draw::new(self.name(), seed);
        let (flavours, counts): (Vec<Flavour>, Vec<u64>) =
            popular(&mut draw, types, vms).into_iter().unzip();
        let demand: u64 =
            flavours.iter().zip(&counts).map(|(flavour, count)| flavour.vcpus * count).sum();
        let host_types = parameters.integer("hosts");
        let limited = parameters.word("stock") == "limited";
        // A scarce type could host a tenth to a half of its even share of all vCPUs.
        let stock = limited.then_some(|draw: &mut Draw, server: Server| {
            let share = demand / host_types / server.cores;
            (share * draw.uniform(100, 500) / 1000).max(1)
        });
        let hosts = priced(&mut draw, host_types as usize, stock);

        let resources = vec![Resource::new("cpu", "vCPU"), Resource::new("memory", "MiB")];
        let demands = flavours.iter().flat_map(|flavour| [flavour.vcpus, flavour.mib]).collect();
        let demands =
            Array2::from_shape_vec((flavours.len(), 2), demands).expect("two per flavour");
        let capacities =
            hosts.iter().flat_map(|(server, _)| [server.cores, server.gib * MIB_PER_GIB]).collect();
        let capacities =
            Array2::from_shape_vec((hosts.len(), 2), capacities).expect("two per host");
        let vms = flavours.iter().map(Flavour::name).zip(counts).collect();
        let hosts = hosts.into_iter().map(|(_, host)| host).collect();
        let instance = Instance::simple(self.name(), resources, vms, demands, hosts, capacities);
        let instance = AnyInstance::Packing(instance.expect("the recipe makes valid instances"));
        Ok(Generated { instance, reference: None })
    }
}

/// The choices of the parameter `stock`.
const STOCK: &[&str] = &["unlimited", "limited"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{Parameter, generate};

    fn fleet(vms: i64, types: i64, hosts: i64, stock: &str) -> Instance {
        let given: [(&str, Parameter); 4] = [
            ("vms", vms.into()),
            ("types", types.into()),
            ("hosts", hosts.into()),
            ("stock", stock.into()),
        ];
        let given = given.map(|(name, value)| (name.to_owned(), value)).into();
        match generate("fleet", &given, 1).expect("valid parameters").instance {
            AnyInstance::Packing(instance) => instance,
            AnyInstance::Allocation(_) => panic!("a packing instance"),
        }
    }

    #[test]
    fn a_million_vms_are_a_few_hundred_rows() {
        let instance = fleet(1_000_000, 200, 6, "unlimited");
        assert_eq!(instance.total_vms(), 1_000_000);
        assert_eq!((instance.vms().len(), instance.hosts().len()), (200, 6));
        assert!((0..200).all(|row| instance.fits(row, 0)));
        let counts: Vec<u64> = instance.vms().iter().map(|vm| vm.count).collect();
        assert!(counts[0] > 50 * counts[199], "popularity is skewed");
    }

    #[test]
    fn standard_flavours_keep_to_their_ratios() {
        let instance = fleet(1000, 28, 1, "unlimited");
        for row in instance.demands().rows() {
            assert!(row[0].is_power_of_two() && row[0] <= 64);
            assert!([1024, 2048, 4096, 8192].contains(&(row[1] / row[0])));
        }
    }

    #[test]
    fn scarce_hosts_leave_the_largest_type_unlimited() {
        let hosts = fleet(10_000, 30, 5, "limited").hosts().to_vec();
        assert_eq!(hosts[0].stock, None);
        assert!(hosts[1..].iter().all(|host| host.stock.is_some_and(|stock| stock > 0)));
        assert!(hosts.iter().all(|host| host.cost > 0));
    }
}
