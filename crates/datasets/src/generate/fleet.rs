//! VM fleets: a realistic flavour mix on priced hosts of several kinds.

use ndarray::Array2;
use vmpack_model::packing::Instance;
use vmpack_model::{AnyInstance, Resource};

use super::cutting_stock::apportion;
use super::draw::Draw;
use super::parameters::{integer, word};
use super::prices::{SERVERS, Server, priced};
use super::{GenerateError, Generated, Generator, ParameterSpec, Parameters};

const MIB_PER_GIB: u64 = 1024;

/// Standard flavours have 1, 2, 4, ... 64 vCPUs and 1, 2, 4 or 8 GiB for each; once all 28 of them are in
/// use, custom ones join them with an even number of vCPUs and memory in steps of 256 MiB. Popularity
/// falls with the rank (Zipf), and small flavours tend to rank first.
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
        // Small flavours rank first, but not strictly so.
        let mut ranked: Vec<(u64, Flavour)> = Vec::with_capacity(types as usize);
        for flavour in flavours(&mut draw, types as usize) {
            ranked.push((flavour.vcpus * draw.uniform(1, 16), flavour));
        }
        ranked.sort_unstable();
        let flavours: Vec<Flavour> = ranked.into_iter().map(|(_, flavour)| flavour).collect();
        let popularity: Vec<u64> = (1..=types).map(|rank| 1_000_000 / rank).collect();
        let counts = apportion(vms, &popularity);
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Flavour {
    vcpus: u64,
    mib: u64,
}

impl Flavour {
    fn name(&self) -> String {
        let Self { vcpus, mib } = self;
        if mib.is_multiple_of(MIB_PER_GIB) {
            return format!("{vcpus}x{}g", mib / MIB_PER_GIB);
        }
        format!("{vcpus}x{mib}m")
    }
}

/// The given number of different flavours: standard ones as far as they go.
fn flavours(draw: &mut Draw, count: usize) -> Vec<Flavour> {
    let mut flavours: Vec<Flavour> = (0..7)
        .flat_map(|size| (0..4).map(move |ratio| (1_u64 << size, 1_u64 << ratio)))
        .map(|(vcpus, ratio)| Flavour { vcpus, mib: vcpus * ratio * MIB_PER_GIB })
        .collect();
    draw.shuffle(&mut flavours);
    flavours.truncate(count);
    let mut known: std::collections::BTreeSet<Flavour> = flavours.iter().copied().collect();
    while flavours.len() < count {
        // The greatest size is drawn before the size, so that small ones are more frequent.
        let greatest = *draw.choose(&[4, 8, 16, 32]);
        let vcpus = 2 * draw.uniform(1, greatest);
        let mib = 256 * draw.uniform(4 * vcpus, 32 * vcpus);
        let flavour = Flavour { vcpus, mib };
        if known.insert(flavour) {
            flavours.push(flavour);
        }
    }
    flavours
}

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
