//! A large store of made-up records, and what reading, merging and exporting it costs.
//!
//! `cargo run --release -p vmpack-results --example large_store -- write DIR RECORDS` writes `DIR/records.jsonl` and a
//! manifest, records of 40 methods with counters and trajectories as exact methods leave them. `... -- read DIR` reads
//! it as a report does, and prints seconds and peak memory. Constants in `docs/cloud-scale.md` come from here.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use vmpack_model::{Kind, TrajectoryPoint, Value};
use vmpack_results::{
    Machine, Manifest, RECORDS, Record, SOLVING_SCHEMA, read, revise, write_manifest,
};

type Error = Box<dyn std::error::Error>;

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["write", directory, records] => write(Path::new(directory), records.parse()?),
        ["read", directory] => measure(Path::new(directory)),
        _ => Err("expected: write DIR RECORDS, or read DIR".into()),
    }
}

fn write(directory: &Path, records: u64) -> Result<(), Error> {
    std::fs::create_dir_all(directory)?;
    let example: Record = serde_json::from_str(include_str!("../tests/data/record.json"))?;
    let mut out = BufWriter::new(File::create(directory.join(RECORDS))?);
    let mut bytes = 0;
    for number in 0..records {
        let line = serde_json::to_string(&made_up(&example, number))?;
        writeln!(out, "{line}")?;
        bytes += line.len() as u64 + 1;
    }
    out.flush()?;
    let manifest = Manifest {
        schema: SOLVING_SCHEMA,
        experiment: "large".into(),
        experiment_hash: "0".into(),
        order_seed: 1,
        planned: records,
        shards: None,
        skipped: Vec::new(),
        missing: Vec::new(),
        versions: [("vmpack".to_owned(), env!("CARGO_PKG_VERSION").to_owned())].into(),
        commit: String::new(),
        started: "2026-01-01T00:00:00Z".into(),
        command: Vec::new(),
        jobs: 1,
        machine: Machine { cpu: String::new(), cores: 1, memory_bytes: 0, system: String::new() },
    };
    write_manifest(directory, &manifest)?;
    println!("{records} records, {bytes} bytes, {} bytes per record", bytes / records.max(1));
    Ok(())
}

/// Every method on every instance, with the trajectory of a search on every other.
fn made_up(example: &Record, number: u64) -> Record {
    const METHODS: u64 = 40;
    let (method, instance) = (number % METHODS, number / METHODS);
    let mixed = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut record = example.clone();
    record.run = format!("{mixed:016x}{number:016x}");
    record.dataset = format!("suite-{}", instance % 20);
    record.instance = format!("caprara-toth-2d-class{}-n100-s{instance}", instance % 10);
    record.instance_hash = format!("{:064x}", instance.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    record.class = Some(format!("class {}", instance % 10));
    record.reference = None;
    record.method = format!("method-number-{method}");
    record.kind = if method < 30 { Kind::Greedy } else { Kind::ColumnGeneration };
    record.features.vms = 20 << (instance % 8);
    let cost = 40 + mixed % 11;
    let seconds = (mixed >> 20) as f64 / (1_u64 << 44) as f64;
    record.measurement.wall_s = seconds;
    record.measurement.cpu_s = seconds;
    record.measurement.process_wall_s = seconds + 0.005;
    record.measurement.process_cpu_s = seconds + 0.004;
    record.measurement.peak_rss_bytes = 15_000_000 + (mixed >> 40);
    let answer = record.answer.as_mut().expect("the example has an answer");
    answer.claimed_cost = Some(Value::from(cost));
    answer.judgement.cost = Some(Value::from(cost));
    answer.lower_bound = Some(Value::from(40_u64));
    answer.certificate = Some("volume".into());
    answer.counters = [("nodes", 1), ("columns", 7), ("pricing-calls", 3), ("lp-iterations", 99)]
        .map(|(name, factor)| (name.to_owned(), factor * (mixed % 1000)))
        .into();
    let improvements = if method % 2 == 0 { 2 } else { 8 };
    answer.trajectory = (0..improvements)
        .map(|step| TrajectoryPoint {
            seconds: seconds * step as f64 / improvements as f64,
            cost: Some(Value::from(cost + improvements - step)),
            bound: (step > 1).then(|| Value::from(40_u64)),
        })
        .collect();
    record
}

fn measure(directory: &Path) -> Result<(), Error> {
    let started = Instant::now();
    let mut records = read(directory)?.collect::<Result<Vec<Record>, _>>()?;
    println!("read {} records in {:.2?}", records.len(), started.elapsed());
    let started = Instant::now();
    let found = revise(&mut records).len();
    println!(
        "checked them against each other in {:.2?}: {found} contradictions",
        started.elapsed()
    );
    let status = std::fs::read_to_string("/proc/self/status")?;
    for line in status.lines().filter(|line| line.starts_with("VmHWM")) {
        println!("{line}");
    }
    Ok(())
}
