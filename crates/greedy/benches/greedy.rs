//! How long the rules take: packing many distinct sizes, packing a million VMs of few types, and
//! allocation to thousands of VMs.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vmpack_greedy::{ALLOCATION, PACKING};
use vmpack_model::allocation::{self, Data, Objective, Service, Term, Utility, Vm};
use vmpack_model::packing::{HostType, Instance, Packing};
use vmpack_model::{Budget, Method, NullObserver, Resource};

fn method(name: &str) -> &'static dyn Method<Packing> {
    *PACKING.iter().find(|method| method.name() == name).expect("a registered rule")
}

/// As many VMs as types, sizes uniform up to 60 % of the host in two resources.
fn distinct(types: usize) -> Instance {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut size = || random.random_range(10_000..=600_000);
    let items: Vec<_> = (0..types).map(|_| (vec![size(), size()], 1)).collect();
    Instance::identical_hosts("distinct", &[1_000_000; 2], &items).expect("valid")
}

/// A million VMs of 200 types on six host types of different shape, of which the cheapest per core has
/// limited stock.
fn fleet() -> Instance {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let (types, vms) = (200_usize, 1_000_000_u64);
    let mut demands = Vec::with_capacity(2 * types);
    for _ in 0..types {
        let millicores = 250 * random.random_range(1..=64_u64);
        let gib = (millicores * random.random_range(1..=8)).div_ceil(1000);
        demands.extend([millicores, 1024 * gib]);
    }
    let mut counts: Vec<u64> = (0..types).map(|_| random.random_range(1..=9_000)).collect();
    let rest = vms.saturating_sub(counts.iter().sum());
    counts[0] += rest;
    let hosts = [
        (32, 64, 100, None),
        (64, 256, 230, None),
        (96, 384, 320, Some(20_000)),
        (128, 512, 450, None),
        (64, 512, 330, None),
        (192, 1536, 900, Some(5_000)),
    ];
    let host = |(cores, _, cost, stock): (u64, u64, u64, Option<u64>)| HostType {
        name: format!("{cores}-core at {cost}"),
        cost,
        stock,
    };
    let capacity: Vec<u64> =
        hosts.iter().flat_map(|&(cores, gib, ..)| [1000 * cores, 1024 * gib]).collect();
    Instance::simple(
        "fleet",
        vec![Resource::new("cpu", "millicore"), Resource::new("memory", "MiB")],
        counts.iter().enumerate().map(|(i, &count)| (format!("vm{i}"), count)).collect(),
        Array2::from_shape_vec((types, 2), demands).expect("two columns"),
        hosts.map(host).to_vec(),
        Array2::from_shape_vec((6, 2), capacity).expect("two columns"),
    )
    .expect("valid")
}

fn solve(method: &dyn Method<Packing>, instance: &Instance) {
    black_box(method.solve(black_box(instance), &Budget::default(), &mut NullObserver));
}

fn many_sizes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("distinct-sizes");
    group.sample_size(10);
    for types in [1_000, 10_000] {
        let instance = distinct(types);
        for name in ["ff", "bf", "wf", "ffd-l1", "bfd-l2", "wfd-l2", "dot-product"] {
            group.bench_with_input(
                BenchmarkId::new(name, types),
                &instance,
                |bencher, instance| {
                    bencher.iter(|| solve(method(name), instance));
                },
            );
        }
    }
    group.finish();
}

fn million_vms(criterion: &mut Criterion) {
    let instance = fleet();
    let mut group = criterion.benchmark_group("million-vms");
    group.sample_size(10);
    for method in PACKING {
        group.bench_function(method.name(), |bencher| bencher.iter(|| solve(*method, &instance)));
    }
    group.finish();
}

/// Ten thousand VMs on 500 hosts with two resources: covering 200 services, or concave utilities.
fn shares(services: bool) -> allocation::Instance {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let (n, hosts, d) = (10_000, 500, 2);
    let service = |random: &mut ChaCha8Rng, j: usize| Service {
        name: format!("service{j}"),
        terms: (0..50)
            .map(|i| Term {
                vm: (j * 50 + i * 7) % n,
                resource: i % d,
                coefficient: random.random_range(1..=20),
            })
            .collect(),
        required: 20_000,
    };
    let utility = |random: &mut ChaCha8Rng| {
        let (slope, end) = (random.random_range(10..=50_u64), random.random_range(4..=64_u64));
        Utility::Concave(vec![(0, 0), (end, slope * end), (3 * end, (2 * slope - 5) * end)])
    };
    allocation::Instance::new(Data {
        name: "shares".into(),
        resources: Resource::anonymous(d),
        vms: (0..n).map(|i| Vm { name: format!("vm{i}"), host: Some(i % hosts) }).collect(),
        reservations: Array2::from_elem((n, d), 1),
        limits: Array2::from_elem((n, d), Some(200)),
        hosts: (0..hosts).map(|h| format!("host{h}")).collect(),
        capacities: Array2::from_elem((hosts, d), 1_000),
        services: (0..200).filter(|_| services).map(|j| service(&mut random, j)).collect(),
        objective: if services {
            Objective::Cost(Array2::from_shape_simple_fn((n, d), || random.random_range(1..=30)))
        } else {
            Objective::Utility((0..n * d).map(|_| utility(&mut random)).collect())
        },
    })
    .expect("valid")
}

fn ten_thousand_shares(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("allocation");
    group.sample_size(10);
    for (form, instance) in [("cost", shares(true)), ("utility", shares(false))] {
        group.bench_with_input(
            BenchmarkId::new("alloc-greedy", form),
            &instance,
            |bencher, data| {
                let solve =
                    || ALLOCATION[0].solve(black_box(data), &Budget::default(), &mut NullObserver);
                bencher.iter(solve);
            },
        );
    }
    group.finish();
}

criterion_group!(benches, many_sizes, million_vms, ten_thousand_shares);
criterion_main!(benches);
