//! Building and solving the allocation program on every backend, and packing by arc flow and reflect.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use ndarray::Array2;
use vmpack_lp::{ALLOCATION, PACKING};
use vmpack_model::allocation::{self, Data, Objective, Service, Term, Vm};
use vmpack_model::{Budget, NullObserver, Resource, Status, packing};

/// Knuth's 64-bit linear congruential generator: the same numbers on every machine.
struct Draw(u64);

impl Draw {
    fn between(&mut self, low: u64, high: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        low + (self.0 >> 33) % (high - low + 1)
    }
}

/// `n` VMs on `n / 10` hosts with two resources, one service per five VMs.
fn fleet(n: usize) -> allocation::Instance {
    let mut draw = Draw(n as u64);
    let (d, hosts) = (2, n / 10);
    let reservations = Array2::from_shape_simple_fn((n, d), || draw.between(1, 4));
    let services = (0..n / 5).map(|j| Service {
        name: format!("service{j}"),
        terms: (0..5)
            .map(|k| Term {
                vm: (5 * j + k) % n,
                resource: k % d,
                coefficient: draw.between(1, 9) as i64,
            })
            .collect(),
        required: draw.between(40, 160) as i64,
    });
    let data = Data {
        name: format!("fleet{n}"),
        resources: vec![Resource::new("cpu", "core"), Resource::new("memory", "GiB")],
        vms: (0..n).map(|i| Vm { name: format!("vm{i}"), host: Some(i % hosts) }).collect(),
        limits: reservations.mapv(|low| Some(low + 30)),
        hosts: (0..hosts).map(|h| format!("host{h}")).collect(),
        capacities: Array2::from_elem((hosts, d), 200),
        services: services.collect(),
        objective: Objective::Cost(Array2::from_shape_simple_fn((n, d), || {
            draw.between(1, 50) as i64
        })),
        reservations,
    };
    allocation::Instance::new(data).expect("a valid instance")
}

/// `n` VMs of 30 sizes between 20 and 100 on hosts of 150, as in Falkenauer's uniform class.
fn uniform(n: u64) -> packing::Instance {
    let mut draw = Draw(n);
    let items: Vec<(Vec<u64>, u64)> =
        (0..30).map(|_| (vec![draw.between(20, 100)], n / 30)).collect();
    packing::Instance::identical_hosts(format!("uniform{n}"), &[150], &items)
        .expect("a valid instance")
}

fn allocation_lp(c: &mut Criterion) {
    let mut group = c.benchmark_group("allocation-lp");
    group.sample_size(10);
    for n in [50, 200, 800] {
        let instance = fleet(n);
        for method in ALLOCATION {
            let outcome = method.solve(&instance, &Budget::default(), &mut NullObserver);
            assert_eq!(outcome.status, Status::Optimal, "{}", method.name());
            group.bench_function(BenchmarkId::new(method.name(), n), |b| {
                b.iter(|| {
                    method.solve(black_box(&instance), &Budget::default(), &mut NullObserver)
                });
            });
        }
    }
    group.finish();
}

fn flows(c: &mut Criterion) {
    for name in ["arc-flow", "reflect"] {
        let Some(method) = PACKING.iter().find(|method| method.name() == name) else { return };
        let mut group = c.benchmark_group(name);
        group.sample_size(10);
        for n in [120, 1_200] {
            let instance = uniform(n);
            let budget = Budget::default();
            group.bench_function(BenchmarkId::new("solve", n), |b| {
                b.iter(|| method.solve(black_box(&instance), &budget, &mut NullObserver));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, allocation_lp, flows);
criterion_main!(benches);
