//! How long the rules take: packing many distinct sizes by linear scan and by index, with a placement rule, packing a
//! million VMs of few types, and allocation to thousands of VMs.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vmpack_greedy::{ALLOCATION, PACKING};
use vmpack_model::allocation::{self, Data, Objective, Service, Term, Utility, Vm};
use vmpack_model::packing::{Demand, HostType, Instance, Level, Packing, Rule, Rules, Strength};
use vmpack_model::{Budget, Method, NullObserver, Resource};

/// Rules by linear scan, each beside the same rule by an index; the dot product of the first is of all VMs for one host,
/// not of all hosts for one VM.
const SCANNED_AND_INDEXED: [[&str; 2]; 6] = [
    ["ff", "ff-indexed"],
    ["bf", "bf-indexed"],
    ["wf", "wf-indexed"],
    ["ffd-l2", "ffd-indexed"],
    ["bfd-l2", "bfd-indexed"],
    ["dot-product", "dot-indexed"],
];

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
        for name in SCANNED_AND_INDEXED.iter().flatten().chain(&["ffd-l1", "wfd-l2"]) {
            group.bench_with_input(
                BenchmarkId::new(*name, types),
                &instance,
                |bencher, instance| {
                    bencher.iter(|| solve(method(name), instance));
                },
            );
        }
    }
    group.finish();
}

/// Hosts that are full by a rule and not by capacity: at most two VMs on each, in one row and in distinct rows.
fn full_by_a_rule(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("at-most-two");
    group.sample_size(10);
    for vms in [1_000, 10_000] {
        let one_row = Instance::identical_hosts("row", &[1_000_000; 2], &[(vec![9, 9], vms)]);
        let rows = distinct(vms as usize);
        for (shape, plain) in [("row", one_row.expect("valid")), ("rows", rows)] {
            let all = (0..plain.vms().len()).collect();
            let demand = Demand::AtMost { vms: all, most: 2, within: Level::Host };
            let rule = Rule { name: "at most two".into(), demand, strength: Strength::Hard };
            let rules = Rules { rules: vec![rule], ..Rules::default() };
            let instance = plain.with_rules(rules).expect("valid");
            for name in ["ff-indexed", "bf-indexed"] {
                let id = BenchmarkId::new(format!("{name}, {shape}"), vms);
                group.bench_function(id, |bencher| bencher.iter(|| solve(method(name), &instance)));
            }
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

criterion_group!(benches, many_sizes, full_by_a_rule, million_vms, ten_thousand_shares);
criterion_main!(benches);
