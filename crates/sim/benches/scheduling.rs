//! A hundred thousand jobs through every CPU scheduler and every queue.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use vmpack_sim::scheduling::host::{self, Host, Scheduler};
use vmpack_sim::scheduling::queue::{self, Discipline};
use vmpack_sim::scheduling::{Generator, Job};

const JOBS: u64 = 100_000;

fn jobs(description: &str) -> Vec<Job> {
    let description = format!("poisson:jobs={JOBS},{description}");
    Generator::parse(&description).expect("a description").draw(1)
}

fn scheduling(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("CPU scheduler");
    group.sample_size(10).throughput(Throughput::Elements(JOBS));
    for (cores, rate) in [(1, 0.8), (64, 51.2)] {
        let jobs = jobs(&format!("rate={rate},classes=4,weights=1:2:4"));
        for (name, scheduler) in [
            ("fcfs", Scheduler::Fcfs),
            ("sjf", Scheduler::Sjf),
            ("srpt", Scheduler::Srpt),
            ("round-robin", Scheduler::RoundRobin { quantum: 100_000 }),
            ("priority", Scheduler::Priority),
            ("fair-share", Scheduler::FairShare),
        ] {
            group.bench_function(format!("{name}, {cores} cores"), |bencher| {
                let host = Host { cores, switch_cost: 0 };
                bencher.iter(|| black_box(host::run(&jobs, host, scheduler, |_| {})));
            });
        }
    }
    group.finish();
    let mut group = criterion.benchmark_group("queue");
    group.sample_size(10).throughput(Throughput::Elements(JOBS));
    // Load 0.85, which is too much for queues that do not backfill.
    let jobs = jobs("rate=12,processors=64,work=log-normal:1:1,estimate=3,classes=4");
    for (name, discipline) in [
        ("fcfs", Discipline::Fcfs),
        ("sjf", Discipline::Sjf),
        ("priority", Discipline::Priority { aging: Some(60_000_000) }),
        ("easy", Discipline::Easy),
        ("conservative", Discipline::Conservative),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(queue::run(&jobs, &[256, 0], discipline)));
        });
    }
    group.finish();
}

criterion_group!(benches, scheduling);
criterion_main!(benches);
