//! Placements of single VMs by index and by linear scan: a cluster that runs full from empty.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use vmpack_cluster::{Cluster, FirstFit, Index, LeastCost};

/// Cores and GiB of a host.
const HOST: [u64; 2] = [64, 256];

/// Flavours in turn.
const FLAVOURS: [[u64; 2]; 5] = [[2, 4], [4, 32], [8, 16], [1, 8], [16, 64]];

fn sum(free: &[u64]) -> u128 {
    free.iter().map(|&free| u128::from(free)).sum()
}

/// Places five VMs per host on a cluster of so many hosts.
fn fill<I: Index>(hosts: usize, index: I) -> usize {
    let mut cluster = Cluster::new(HOST.len(), index);
    for _ in 0..hosts {
        cluster.add(&HOST);
    }
    let mut placed = 0;
    for vm in 0..5 * hosts {
        let demand = &FLAVOURS[vm % FLAVOURS.len()];
        if let Some(host) = cluster.find(demand) {
            cluster.place(host, demand, 1);
            placed += 1;
        }
    }
    placed
}

/// As [`fill`] by first fit, asking every host in turn.
fn fill_by_scan(hosts: usize) -> usize {
    let mut free = vec![HOST; hosts];
    let mut placed = 0;
    for vm in 0..5 * hosts {
        let demand = &FLAVOURS[vm % FLAVOURS.len()];
        if let Some(host) =
            free.iter_mut().find(|free| free.iter().zip(demand).all(|(free, asked)| free >= asked))
        {
            host.iter_mut().zip(demand).for_each(|(free, demand)| *free -= demand);
            placed += 1;
        }
    }
    placed
}

fn placement(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fill a cluster");
    group.sample_size(10);
    for hosts in [100, 1000, 10_000] {
        group.bench_function(BenchmarkId::new("first fit, index", hosts), |bencher| {
            bencher.iter(|| black_box(fill(hosts, FirstFit::new(&HOST))));
        });
        group.bench_function(BenchmarkId::new("best fit, index", hosts), |bencher| {
            bencher.iter(|| black_box(fill(hosts, LeastCost::new(&HOST, sum))));
        });
        group.bench_function(BenchmarkId::new("first fit, scan", hosts), |bencher| {
            bencher.iter(|| black_box(fill_by_scan(hosts)));
        });
    }
    group.finish();
}

criterion_group!(benches, placement);
criterion_main!(benches);
