//! How fast moves are evaluated: a thousand steps of consistent neighbourhood search.

#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use criterion::{Criterion, criterion_group, criterion_main};
use vmpack_model::packing::Instance;
use vmpack_model::{Budget, Method, NullObserver};
use vmpack_search::ConsistentNeighbourhood;

/// VMs of `d` resources, three or four of which fill a host.
fn fleet(vms: u64, d: u64) -> Instance {
    let mut state = 1_u64;
    let mut draw = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        10 + (state >> 33) % 31
    };
    let items: Vec<(Vec<u64>, u64)> =
        (0..vms).map(|_| ((0..d).map(|_| draw()).collect(), 1)).collect();
    Instance::identical_hosts("bench", &vec![100; d as usize], &items).expect("small")
}

fn steps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cns");
    group.sample_size(10);
    for (vms, d) in [(100, 3), (500, 3), (500, 10)] {
        let instance = fleet(vms, d);
        let budget = Budget::default().with_work(1000);
        group.bench_function(format!("1000-steps-{vms}-vms-{d}-resources"), |bench| {
            bench.iter(|| ConsistentNeighbourhood.solve(&instance, &budget, &mut NullObserver));
        });
    }
    group.finish();
}

criterion_group!(benches, steps);
criterion_main!(benches);
