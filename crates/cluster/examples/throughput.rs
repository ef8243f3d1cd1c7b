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
    free.iter().enumerate().map(|(k, &x)| u128::from(if k == 0 { 4096 * x } else { 1000 * x })).sum()
}

fn dot(demand: &[u64], free: &[u64]) -> u128 {
    let scale = |k: usize, x: u64| u128::from(if k == 0 { 4096 * x } else { 1000 * x });
    demand.iter().zip(free).enumerate().map(|(k, (&x, &y))| scale(k, x) * scale(k, y)).sum()
}

/// Times single placements; the clock takes some 20 ns of each.
#[derive(Default)]
struct Latencies(Vec<Duration>);

impl Latencies {
    fn print(mut self, what: &str) {
        self.0.sort_unstable();
        let total: Duration = self.0.iter().sum();
        let at = |p: f64| self.0[((self.0.len() - 1) as f64 * p) as usize].as_nanos() as f64 / 1000.0;
        println!(
            "{what:28} {:8} placements, {:9.0} per second, us: p50 {:.2}, p99 {:.2}, p99.9 {:.2}, most {:.2}",
            self.0.len(),
            self.0.len() as f64 / total.as_secs_f64(),
            at(0.5),
            at(0.99),
            at(0.999),
            at(1.0),
        );
    }
}

fn run(rule: &str, index: impl Index, hosts: usize, vms: &[Vec<u64>]) {
    let capacity = host(vms[0].len());
    let mut cluster = Cluster::new(capacity.len(), index);
    for _ in 0..hosts {
        cluster.add(&capacity);
    }
    let mut placed: Vec<(usize, u32)> = Vec::with_capacity(vms.len());
    let mut latencies = Latencies::default();
    for (number, demand) in vms.iter().enumerate() {
        let started = Instant::now();
        let found = cluster.find(demand);
        if let Some(host) = found {
            cluster.place(host, demand, 1);
        }
        latencies.0.push(started.elapsed());
        match found {
            Some(host) => placed.push((number, host as u32)),
            None => break,
        }
    }
    latencies.print(&format!("{rule}, filling"));
    let used: u64 = placed.iter().map(|&(vm, _)| vms[vm][0]).sum();
    let share = 100.0 * used as f64 / (capacity[0] * hosts as u64) as f64;

    let mut random = ChaCha8Rng::seed_from_u64(9);
    let mut latencies = Latencies::default();
    let mut refused = 0;
    for _ in 0..vms.len() {
        let (vm, host) = placed.swap_remove(random.random_range(0..placed.len()));
        cluster.take_off(host as usize, &vms[vm], 1);
        let vm = random.random_range(0..vms.len());
        let started = Instant::now();
        let found = cluster.find(&vms[vm]);
        if let Some(host) = found {
            cluster.place(host, &vms[vm], 1);
        }
        latencies.0.push(started.elapsed());
        match found {
            Some(host) => placed.push((vm, host as u32)),
            None => refused += 1,
        }
    }
    latencies.print(&format!("{rule}, busy ({share:.0} % full)"));
    println!("{:28} {refused} refused", "");
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
    run("first fit", FirstFit::new(&largest), hosts, &vms);
    run("best fit", LeastCost::new(&largest, share), hosts, &vms);
    run("worst fit", LeastCost::new(&largest, |free: &[u64]| !share(free)), hosts, &vms);
    run("dot product", GreatestScore::new(&largest, dot), hosts, &vms);
}
