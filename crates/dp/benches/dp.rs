//! Times of the kernels and methods at realistic sizes.

#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use ndarray::Array2;
use vmpack_dp::knapsack::{
    BoundedItem, Item, SubsetSums, bounded, multiple_choice, subset_sum, unbounded, zero_one,
};
use vmpack_dp::pricing::{Conflicts, Effort, ExchangePricer, Problem as Pricing, VectorPricer};
use vmpack_dp::{AllocDp, Counts, MinimumBinSlack};
use vmpack_model::allocation::{self, Data, Objective, Utility, Vm};
use vmpack_model::packing::Instance;
use vmpack_model::{Budget, Method, NullObserver, Problem, Resource};

/// Numbers without a pattern, the same in every run: the high bits of a linear congruence (Knuth's
/// MMIX).
fn numbers(seed: u64) -> impl FnMut(std::ops::Range<u64>) -> u64 {
    let mut state = seed;
    move |range| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        range.start + (state >> 33) % (range.end - range.start)
    }
}

fn kernels(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("knapsack");
    group.sample_size(10);
    for (n, capacity) in [(100, 1_000), (1000, 10_000), (100, 100_000), (1000, 100_000)] {
        let mut draw = numbers(n);
        let size = format!("n={n} c={capacity}");
        let item = |_| Item::new(draw(1..capacity / 10) as usize, draw(1..1000));
        let items: Vec<Item> = (0..n).map(item).collect();
        let many: Vec<BoundedItem> =
            items.iter().map(|&item| BoundedItem { item, count: 20 }).collect();
        let weights: Vec<usize> = items.iter().map(|item| 2 * item.weight).collect();
        let classes: Vec<Vec<Item>> = items.chunks(5).map(<[Item]>::to_vec).collect();
        let capacity = capacity as usize;
        group.bench_function(format!("zero-one {size}"), |b| {
            b.iter(|| zero_one(black_box(&items), capacity));
        });
        group.bench_function(format!("bounded {size}"), |b| {
            b.iter(|| bounded(black_box(&many), capacity));
        });
        group.bench_function(format!("unbounded {size}"), |b| {
            b.iter(|| unbounded(black_box(&items), capacity));
        });
        // All weights are even, so that no subset fills the odd capacity and nothing ends early.
        group.bench_function(format!("subset-sum {size}"), |b| {
            b.iter(|| subset_sum(black_box(&weights), capacity + 1));
        });
        group.bench_function(format!("multiple-choice {size}"), |b| {
            b.iter(|| multiple_choice(black_box(&classes), capacity));
        });
    }
    let mut draw = numbers(2);
    let items: Vec<[usize; 2]> =
        (0..100).map(|_| [draw(1..60) as usize, draw(1..120) as usize]).collect();
    let mut sums = SubsetSums::new(&[256, 512]);
    group.bench_function("subset-sum-2d n=100 c=256x512", |b| {
        b.iter(|| {
            sums.reset(&[0, 0], &[256, 512]);
            for (number, item) in black_box(&items).iter().enumerate() {
                sums.add(item, number as u32);
            }
            sums.best(&[2, 1])
        });
    });
}

/// `n` VMs of sizes drawn from the range, one of each type, on identical hosts.
fn random_packing(n: usize, capacity: &[u64], sizes: std::ops::Range<u64>) -> Instance {
    let mut draw = numbers(n as u64);
    let size = |_| (capacity.iter().map(|_| draw(sizes.clone())).collect(), 1);
    let items: Vec<(Vec<u64>, u64)> = (0..n).map(size).collect();
    Instance::identical_hosts("random", capacity, &items).expect("valid")
}

/// 6 VM types, 12 of each.
fn few_types() -> Instance {
    let sizes = [[510, 120], [420, 300], [330, 480], [260, 90], [170, 350], [110, 210]];
    let items: Vec<(Vec<u64>, u64)> = sizes.iter().map(|size| (size.to_vec(), 12)).collect();
    Instance::identical_hosts("six types", &[1000, 1000], &items).expect("valid")
}

/// 200 VMs with stepped and concave utilities for two resources of 10 hosts.
fn utilities() -> allocation::Instance {
    let (n, hosts) = (200, 10);
    let mut draw = numbers(7);
    let utility = |at: usize| {
        let quarter = 256 * draw(1..32);
        let point = |k: u64| (k * quarter, k * 100 - k * k * (at as u64 % 10));
        let points = (0..5).map(point).collect();
        if at.is_multiple_of(2) { Utility::Steps(points) } else { Utility::Concave(points) }
    };
    let data = Data {
        name: "utilities".into(),
        resources: vec![Resource::new("cpu", "millicore"), Resource::new("memory", "MiB")],
        vms: (0..n).map(|i| Vm { name: format!("vm{i}"), host: Some(i % hosts) }).collect(),
        reservations: Array2::zeros((n, 2)),
        limits: Array2::from_elem((n, 2), None),
        hosts: (0..hosts).map(|h| format!("host{h}")).collect(),
        capacities: Array2::from_elem((hosts, 2), 200_000),
        services: vec![],
        objective: Objective::Utility((0..2 * n).map(utility).collect()),
    };
    allocation::Instance::new(data).expect("valid")
}

fn bench<P: Problem>(
    group: &mut criterion::BenchmarkGroup<criterion::measurement::WallTime>,
    label: &str,
    method: &dyn Method<P>,
    instance: &P::Instance,
) {
    group.bench_function(format!("{} {label}", method.name()), |b| {
        b.iter(|| method.solve(black_box(instance), &Budget::default(), &mut NullObserver));
    });
}

fn methods(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("methods");
    group.sample_size(10);
    bench(&mut group, "1-D n=500", &MinimumBinSlack, &random_packing(500, &[10_000], 500..7000));
    bench(&mut group, "2-D n=500", &MinimumBinSlack, &random_packing(500, &[1000, 1000], 100..400));
    bench(&mut group, "4-D n=500", &MinimumBinSlack, &random_packing(500, &[1000; 4], 100..400));
    bench(&mut group, "6 types x 12, 2-D", &Counts, &few_types());
    bench(&mut group, "utilities of 200 VMs", &AllocDp, &utilities());
}

/// Vector pricing with profits near the mean share of the capacity, as late dual values are.
fn pricing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("vector pricing");
    group.sample_size(10);
    // Items, resources, and sizes in thousandths of the host: few, several and many items fill one.
    for (n, d, range) in [
        (120, 2, 100..400),
        (120, 3, 0..480),
        (250, 3, 50..200),
        (250, 3, 25..100),
        (80, 10, 50..350),
    ] {
        let mut draw = numbers(n as u64);
        let sizes: Vec<u64> = (0..n * d).map(|_| draw(range.clone())).collect();
        let profit = |row: &[u64]| {
            let mean = (row.iter().sum::<u64>() << 30) / (1000 * d as u64);
            (mean * (950 + draw(0..100)) / 1000) as i64
        };
        let profits: Vec<i64> = sizes.chunks_exact(d).map(profit).collect();
        let problem = Pricing {
            capacity: &vec![1000; d],
            least_load: &vec![0; d],
            sizes: &sizes,
            copies: &vec![1; n],
            profits: &profits,
            conflicts: &Conflicts::none(n),
            penalties: &[],
            threshold: 97 * (1 << 30) / 100,
        };
        let mut pricer = VectorPricer::new();
        let steps = 1000 * n as u64;
        let few = Effort { patterns: n / 2, enough: n / 10, repeats: 3, steps, most_steps: steps };
        group.bench_function(format!("heuristic n={n} d={d} {range:?}"), |b| {
            b.iter(|| pricer.price(black_box(&problem), &few, &|| false));
        });
        let found = pricer.price(&problem, &few, &|| false).patterns;
        let starts: Vec<Vec<(u32, u32)>> = found.into_iter().map(|found| found.items).collect();
        let mut exchange = ExchangePricer::new();
        group.bench_function(format!("exchange n={n} d={d} {range:?}"), |b| {
            b.iter(|| exchange.price(black_box(&problem), &starts, &few, &|| false));
        });
        let all = Effort { enough: usize::MAX, steps: u64::MAX, most_steps: 20_000_000, ..few };
        group.bench_function(format!("exact n={n} d={d} {range:?}"), |b| {
            b.iter(|| pricer.price(black_box(&problem), &all, &|| false));
        });
    }
}

criterion_group!(benches, kernels, pricing, methods);
criterion_main!(benches);
