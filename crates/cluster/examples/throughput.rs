//! Placements per second and the latency of single placements, rule by rule: a cluster fills up until a VM finds
//! no host, then VMs come and go at random.
//!
//! `cargo run --release -p vmpack-cluster --example throughput -- [HOSTS [VMS [flavours|sizes [RESOURCES]]]]`

use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vmpack_cluster::{Cluster, FirstFit, GreatestScore, Index, LeastCost};

/// 64 cores with 4 GiB each, and more of the same for further resources.
fn host(resources: usize) -> Vec<u64> {
    (0..resources).map(|k| if k == 0 { 64_000 } else { 262_144 }).collect()
}

/// A million VMs fill about 100,000 hosts: powers of two with 1 to 8 GiB for each core, or any size.
fn vm(random: &mut ChaCha8Rng, flavours: bool, resources: usize) -> Vec<u64> {
    let cores = if flavours {
        1000 << random.random_range(0..=4_u32)
    } else {
        random.random_range(100..=12_000_u64)
    };
    let memory = |random: &mut ChaCha8Rng| {
        let per_core = if flavours {
            1024 << random.random_range(0..=3_u32)
        } else {
            random.random_range(512..=8192_u64)
        };
        cores * per_core / 1000
    };
    (0..resources).map(|k| if k == 0 { cores } else { memory(random) }).collect()
}

fn share(free: &[u64]) -> u128 {
    free.iter()
        .enumerate()
        .map(|(k, &x)| u128::from(if k == 0 { 4096 * x } else { 1000 * x }))
        .sum()
}

fn dot(demand: &[u64], free: &[u64]) -> u128 {
    let scale = |k: usize, x: u64| u128::from(if k == 0 { 4096 * x } else { 1000 * x });
    demand.iter().zip(free).enumerate().map(|(k, (&x, &y))| scale(k, x) * scale(k, y)).sum()
}

/// What placing VMs costs: processor time of all, taken without looking at the clock in between, or the latencies
/// of single ones, of which the clock takes some 50 ns each.
#[derive(Default)]
struct Meter {
    latencies: Option<Vec<Duration>>,
    placements: usize,
    busy: Duration,
}

impl Meter {
    fn place(&mut self, cluster: &mut Cluster<impl Index>, demand: &[u64]) -> Option<usize> {
        let started = self.latencies.is_some().then(Instant::now);
        let found = cluster.find(demand);
        if let Some(host) = found {
            cluster.place(host, demand, 1);
        }
        self.placements += 1;
        if let (Some(latencies), Some(started)) = (&mut self.latencies, started) {
            latencies.push(started.elapsed());
        }
        found
    }

    fn print(self, what: &str) {
        let Some(mut latencies) = self.latencies else {
            let rate = self.placements as f64 / self.busy.as_secs_f64();
            println!("{what:30} {:8} placed, {rate:9.0} per CPU second", self.placements);
            return;
        };
        latencies.sort_unstable();
        let at = |p: f64| {
            latencies[((latencies.len() - 1) as f64 * p) as usize].as_nanos() as f64 / 1000.0
        };
        let (p50, p99, p999) = (at(0.5), at(0.99), at(0.999));
        println!("{what:30} p50 {p50:.2} us, p99 {p99:.2} us, p99.9 {p999:.2} us");
    }
}

/// The processor time of this thread; Linux only.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split_whitespace().next().and_then(|number| number.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

fn run(rule: &str, index: &(impl Index + Clone), hosts: usize, vms: &[Vec<u64>]) {
    for latencies in [None, Some(Vec::new())] {
        let capacity = host(vms[0].len());
        let least: Vec<u64> =
            (0..capacity.len()).map(|k| vms.iter().map(|vm| vm[k]).min().unwrap_or(0)).collect();
        let mut cluster = Cluster::new(capacity.len(), index.clone()).with_least(&least);
        for _ in 0..hosts {
            cluster.add(&capacity);
        }
        let mut placed: Vec<(usize, u32)> = Vec::with_capacity(vms.len());
        let mut meter = Meter { latencies: latencies.clone(), ..Meter::default() };
        let started = processor_time();
        for (number, demand) in vms.iter().enumerate() {
            let Some(host) = meter.place(&mut cluster, demand) else { break };
            placed.push((number, host as u32));
        }
        meter.busy = processor_time().saturating_sub(started);
        meter.print(&format!("{rule}, filling"));
        let used: u64 = placed.iter().map(|&(vm, _)| vms[vm][0]).sum();
        let share = 100.0 * used as f64 / (capacity[0] * hosts as u64) as f64;

        // Every VM that leaves is one update of the index more, and counted to the placement that follows.
        let mut random = ChaCha8Rng::seed_from_u64(9);
        let mut meter = Meter { latencies, ..Meter::default() };
        let started = processor_time();
        for _ in 0..vms.len() {
            let (vm, host) = placed.swap_remove(random.random_range(0..placed.len()));
            cluster.take_off(host as usize, &vms[vm], 1);
            let vm = random.random_range(0..vms.len());
            if let Some(host) = meter.place(&mut cluster, &vms[vm]) {
                placed.push((vm, host as u32));
            }
        }
        meter.busy = processor_time().saturating_sub(started);
        meter.print(&format!("{rule}, busy at {share:.0} %"));
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut next = |default: &str| arguments.next().unwrap_or(default.to_owned());
    let hosts: usize = next("100000").parse().expect("a number of hosts");
    let vms: usize = next("1000000").parse().expect("a number of VMs");
    let flavours = next("flavours") == "flavours";
    let resources: usize = next("2").parse().expect("a number of resources");
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let vms: Vec<_> = (0..vms).map(|_| vm(&mut random, flavours, resources)).collect();
    let largest = host(resources);
    run("first fit", &FirstFit::new(&largest), hosts, &vms);
    run("best fit", &LeastCost::new(&largest, share), hosts, &vms);
    run("worst fit", &LeastCost::new(&largest, |free: &[u64]| !share(free)), hosts, &vms);
    run("dot product", &GreatestScore::new(&largest, dot), hosts, &vms);
}
