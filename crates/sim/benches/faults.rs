//! Heartbeats of a thousand hosts for a day, and admission to hosts that keep room for failures.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use vmpack_sim::arrivals::Generator;
use vmpack_sim::faults::{Detection, Detector, Failures, Process, Reserve, Scope};

const DAY: u64 = 86_400_000;

fn detection(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("detection, heartbeats of 1000 host-days");
    group.sample_size(10).throughput(Throughput::Elements(86_400_000));
    let failures = Failures::parse("host:up=exponential:30d,down=fixed:1h").expect("failures");
    let process = Process::new(&failures, &[0; 1000], 1);
    for detector in [
        "timeout:after=10s,jitter=20ms,loss=0.001",
        "phi:jitter=20ms,loss=0.001,pause=3s",
        "phi:jitter=20ms,loss=0.001",
        "phi:jitter=400ms,deviation=10ms",
    ] {
        group.bench_function(detector, |bencher| {
            let detector = Detector::parse(detector).expect("a detector");
            bencher.iter(|| {
                black_box(Detection::new(process.clone(), 1000, detector, 1, DAY).count())
            });
        });
    }
    group.finish();
}

/// Fills hosts, first or emptiest host first, until ten VMs in a row are refused.
fn fill(mut reserve: Reserve, hosts: usize, spread: bool) -> usize {
    let generator = Generator::parse("poisson:rate=1000,days=100").expect("a generator");
    let arrivals = generator.expect("its parameters").trace().arrivals;
    let (mut admitted, mut refused) = (0, 0);
    for (vm, arrival) in arrivals.enumerate() {
        let demand = arrival.expect("drawn").demand;
        let from = if spread { vm } else { 0 };
        let host =
            (0..hosts).map(|at| (from + at) % hosts).find(|&host| reserve.admits(&demand, host));
        if let Some(host) = host {
            reserve.place(vm, &demand, host);
            (admitted, refused) = (admitted + 1, 0);
        } else {
            refused += 1;
        }
        if refused == 10 {
            break;
        }
    }
    admitted
}

fn admission(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("filling 100 hosts of 64 cores with room for");
    group.sample_size(10);
    let (hosts, capacity) = (100, [64_000, 256 * 1024, 0, 0, 0]);
    let racks: Vec<u32> = (0..hosts as u32).map(|host| host / 10).collect();
    // Spread over 100 hosts of which any two may fail, it would take minutes.
    for (scope, spread) in [
        (Scope::Hosts(1), false),
        (Scope::Hosts(1), true),
        (Scope::Racks(1), false),
        (Scope::Racks(1), true),
        (Scope::Hosts(2), false),
    ] {
        let rule = if spread { "spread" } else { "first fit" };
        group.bench_function(format!("{scope:?}, {rule}"), |bencher| {
            let reserve = || Reserve::new(vec![capacity; hosts], &racks, 2, scope);
            bencher.iter(|| black_box(fill(reserve().expect("few cases"), hosts, spread)));
        });
    }
    group.finish();
}

criterion_group!(benches, detection, admission);
criterion_main!(benches);
