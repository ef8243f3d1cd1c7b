//! Synthetic experiments: records with the shapes that real ones have, from a seed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use vmpack_check::{Judgement, Verdict};
use vmpack_model::{Counters, Family, Kind, Reference, Status, TrajectoryPoint, Value};
use vmpack_results::{
    Answer, Asked, Features, Limits, Machine, Manifest, Measurement, Record, SCHEMA, Skipped,
    Termination,
};

/// The generator of Steele, Lea and Flood (2014), "Fast splittable pseudorandom number generators".
pub(crate) struct SplitMix(pub(crate) u64);

impl SplitMix {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in [0, 1).
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// About normal with mean 0 and variance 1.
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

/// A method: name, kind, seconds for 100 VMs, exponent of growth, typical gap.
type Profile = (&'static str, Kind, f64, f64, f64);

const PACKING: [Profile; 15] = [
    ("nf", Kind::Greedy, 4e-6, 1.0, 0.42),
    ("ff", Kind::Greedy, 3e-5, 1.4, 0.11),
    ("bf", Kind::Greedy, 5e-5, 1.4, 0.10),
    ("wf", Kind::Greedy, 4e-5, 1.4, 0.16),
    ("ffd-l1", Kind::Greedy, 4e-5, 1.3, 0.045),
    ("ffd-l2", Kind::Greedy, 5e-5, 1.3, 0.04),
    ("ffd-linf", Kind::Greedy, 4.5e-5, 1.3, 0.05),
    ("bfd-l1", Kind::Greedy, 7e-5, 1.3, 0.038),
    ("bfd-l2", Kind::Greedy, 8e-5, 1.3, 0.036),
    ("dot-product", Kind::Greedy, 4e-4, 1.7, 0.02),
    ("mbs", Kind::DynamicProgramming, 2e-3, 1.6, 0.008),
    ("dp-counts", Kind::DynamicProgramming, 0.4, 3.0, 0.0),
    ("assignment-highs", Kind::LinearProgramming, 0.9, 2.2, 0.001),
    ("assignment-microlp", Kind::LinearProgramming, 4.0, 2.6, 0.004),
    ("arc-flow", Kind::LinearProgramming, 0.25, 1.2, 0.0),
];

const ALLOCATION: [Profile; 5] = [
    ("alloc-greedy", Kind::Greedy, 2e-5, 1.1, 0.06),
    ("alloc-dp", Kind::DynamicProgramming, 6e-3, 1.8, 0.012),
    ("alloc-lp-highs", Kind::LinearProgramming, 3e-3, 1.3, 0.0),
    ("alloc-lp-microlp", Kind::LinearProgramming, 5e-3, 1.6, 0.0),
    ("alloc-lp-minilp", Kind::LinearProgramming, 8e-3, 1.9, 0.0),
];

/// Forms of rules, and the methods that keep them.
const FORMS: [&str; 4] = ["at-most", "restrict", "separate", "spread-soft"];
const RULED: [&str; 3] = ["ff", "ffd-l2", "assignment-highs"];

pub(crate) const LIMITS: Limits =
    Limits { wall_s: 10.0, cpu_s: Some(10.0), memory_bytes: Some(2 << 30), work: None, threads: 1 };

/// A record of a run that answered with a feasible solution which the judge found correct.
pub(crate) fn record(
    family: Family,
    instance: &str,
    method: &str,
    kind: Kind,
    cost: Value,
    wall_s: f64,
) -> Record {
    Record {
        schema: SCHEMA,
        run: format!("{instance}/{method}"),
        dataset: "synthetic".to_owned(),
        instance: instance.to_owned(),
        instance_hash: format!("hash of {instance}"),
        class: None,
        rules: None,
        replay: None,
        family,
        features: Features { vm_types: 10, vms: 100, hosts: 1, resources: 2, services: 0 },
        reference: None,
        method: method.to_owned(),
        kind,
        seed: 0,
        limits: LIMITS,
        termination: Termination::Completed,
        answer: Some(Answer {
            status: Status::Feasible,
            claimed_cost: Some(cost),
            lower_bound: None,
            certificate: None,
            judgement: Judgement {
                verdict: Verdict::Correct,
                cost: Some(cost),
                certified: false,
                notes: Vec::new(),
                violation: Value::ZERO,
            },
            counters: Counters::new(),
            trajectory: vec![TrajectoryPoint {
                seconds: wall_s / 2.0,
                cost: Some(cost),
                bound: None,
            }],
            metrics: BTreeMap::new(),
            derived: Vec::new(),
        }),
        measurement: Measurement {
            wall_s,
            cpu_s: wall_s,
            process_wall_s: wall_s + 0.004,
            process_cpu_s: wall_s + 0.003,
            peak_rss_bytes: 12 << 20,
            involuntary_switches: 3,
            load: 1.2,
        },
    }
}

/// The record of a run that did not live to answer.
pub(crate) fn unanswered(mut record: Record, termination: Termination) -> Record {
    record.termination = termination;
    record.answer = None;
    record
}

/// The record with another verdict.
pub(crate) fn judged(mut record: Record, verdict: Verdict) -> Record {
    if let Some(answer) = &mut record.answer {
        if matches!(verdict, Verdict::Infeasible { .. } | Verdict::NoAnswer) {
            answer.judgement.cost = None;
        }
        answer.judgement.verdict = verdict;
    }
    record
}

fn run(random: &mut SplitMix, profile: Profile, template: &Record, optimum: Value) -> Record {
    let (method, kind, base, exponent, gap) = profile;
    let vms = template.features.vms as f64;
    let seconds = base * (vms / 100.0).powf(exponent) * (0.5 * random.normal()).exp();
    let excess =
        (gap * (1.0 + 0.6 * random.normal())).max(0.0) * (0.6 + 0.4 * (100.0 / vms).powf(0.3));
    let fractional = template.family == Family::Allocation;
    let cost = if fractional {
        let excess = (excess * 1e4).round() as i128;
        Value::from(optimum.ratio() * num_ratio(10_000 + excess, 10_000))
    } else {
        Value::from((optimum.to_f64() * (1.0 + excess)).round() as u64)
    };
    let mut record = record(template.family, &template.instance, method, kind, cost, seconds);
    record.dataset.clone_from(&template.dataset);
    record.features = template.features;
    record.reference.clone_from(&template.reference);
    record.rules.clone_from(&template.rules);
    record.measurement.peak_rss_bytes = (8 << 20) + (seconds.min(LIMITS.wall_s) * 3e7) as u64;
    if seconds > LIMITS.wall_s {
        record.measurement.wall_s = LIMITS.wall_s;
        record.measurement.cpu_s = LIMITS.wall_s;
        let end = if random.unit() < 0.1 { Termination::OutOfMemory } else { Termination::Timeout };
        return unanswered(record, end);
    }
    let exact = kind != Kind::Greedy && method != "mbs" && method != "alloc-dp" && cost == optimum;
    if let Some(answer) = &mut record.answer
        && exact
    {
        answer.status = Status::Optimal;
        answer.lower_bound = Some(optimum);
        answer.judgement.certified = method != "dp-counts";
    }
    if kind != Kind::Greedy
        && let Some(answer) = &mut record.answer
    {
        answer.trajectory = improvements(cost, answer.lower_bound, seconds);
    }
    if random.unit() < 0.002 {
        let signal = Termination::Crashed { signal: 11 };
        return unanswered(record, signal);
    }
    record
}

/// Five solutions, the last of which is the answer, and a bound that comes in two steps.
fn improvements(cost: Value, bound: Option<Value>, seconds: f64) -> Vec<TrajectoryPoint> {
    (0..5_u32)
        .map(|k| TrajectoryPoint {
            seconds: seconds * 0.9 * f64::from(k + 1).powi(3) / 125.0,
            cost: Some(Value::from(
                cost.ratio() * num_ratio(100 + [30, 12, 5, 2, 0][k as usize], 100),
            )),
            bound: bound.filter(|_| k > 1).map(|bound| {
                Value::from(bound.ratio() * num_ratio(if k == 4 { 10 } else { 9 }, 10))
            }),
        })
        .collect()
}

fn num_ratio(numerator: i128, denominator: i128) -> num_rational::Ratio<i128> {
    num_rational::Ratio::new(numerator, denominator)
}

/// The same fleet with rules of a form.
fn with_rules(plain: &Record, form: &str) -> Record {
    let instance = format!("{} with {form}", plain.instance);
    let mut ruled = record(plain.family, &instance, "", plain.kind, Value::ZERO, 0.0);
    ruled.dataset.clone_from(&plain.dataset);
    ruled.features = plain.features;
    ruled.rules = Some(Asked { forms: vec![form.to_owned()], plain: plain.instance_hash.clone() });
    ruled
}

/// `packing` and `allocation` instances, every method on each of its family, one run per pair.
pub(crate) fn records(seed: u64, packing: usize, allocation: usize) -> Vec<Record> {
    let random = &mut SplitMix(seed);
    let datasets =
        ["caprara-toth", "falkenauer-u", "falkenauer-t", "panigrahy", "planted", "vm-fleet"];
    let mut records = Vec::new();
    for k in 0..packing {
        let dataset = datasets[k % datasets.len()];
        let vms = [60, 600, 60_000, 120, 250, 2500][k / datasets.len() % 6];
        let optimum = Value::from(vms / 3 + random.next() % (vms / 6));
        let mut template = record(
            Family::Packing,
            &format!("{dataset}-{vms}-{k:03}"),
            "",
            Kind::Greedy,
            optimum,
            0.0,
        );
        dataset.clone_into(&mut template.dataset);
        template.features =
            Features { vm_types: vms / 3, vms, hosts: 3, resources: 1 + k as u64 % 3, services: 0 };
        if k % 3 == 0 {
            template.reference = Some(Reference {
                cost: optimum,
                proved: true,
                lower_bound: None,
                source: "by construction".into(),
            });
        }
        for profile in PACKING {
            // What the exact methods do not support is absent, as in a real store.
            if profile.0 == "arc-flow" && template.features.resources > 2 {
                continue;
            }
            records.push(run(random, profile, &template, optimum));
        }
        // Some fleets are run with rules as well.
        for form in FORMS.iter().filter(|_| dataset == "vm-fleet") {
            let template = with_rules(&template, form);
            for profile in PACKING.iter().filter(|(method, ..)| RULED.contains(method)) {
                let dearer = Value::from(optimum.ratio() * num_ratio(11, 10));
                records.push(run(random, *profile, &template, dearer));
            }
        }
    }
    for k in 0..allocation {
        let vms = [20, 20_000, 100, 400][k % 4];
        let optimum =
            Value::new(i128::from(vms * 1000 + random.next() % 997), 7).expect("7 is not 0");
        let mut template = record(
            Family::Allocation,
            &format!("services-{vms}-{k:03}"),
            "",
            Kind::Greedy,
            optimum,
            0.0,
        );
        "services".clone_into(&mut template.dataset);
        template.features = Features {
            vm_types: vms,
            vms,
            hosts: vms / 8 + 1,
            resources: 2,
            services: vms / 4 + 1,
        };
        for profile in ALLOCATION {
            records.push(run(random, profile, &template, optimum));
        }
    }
    for (number, record) in records.iter_mut().enumerate() {
        record.run = format!("{:016x}", SplitMix(number as u64).next());
    }
    records
}

/// A manifest that plans `planned` runs.
pub(crate) fn manifest(planned: u64) -> Manifest {
    Manifest {
        schema: SCHEMA,
        experiment: "synthetic".to_owned(),
        experiment_hash: "0123456789abcdef".to_owned(),
        order_seed: 7,
        planned,
        shards: None,
        skipped: (0..30)
            .map(|k| Skipped {
                instance: format!("panigrahy-{k:03}"),
                method: "arc-flow".to_owned(),
                reason: "needs at most 2 resources, the instance has 3".to_owned(),
            })
            .collect(),
        missing: Vec::new(),
        versions: BTreeMap::from([
            ("vmpack".to_owned(), "0.1.0".to_owned()),
            ("rustc".to_owned(), "1.95.0".to_owned()),
            ("highs".to_owned(), "1.15.0".to_owned()),
        ]),
        commit: "101c089".to_owned(),
        started: "2026-11-22T10:00:00Z".to_owned(),
        command: [
            "vmpack",
            "run",
            "benches/experiments/synthetic.toml",
            "--out",
            "reports/synthetic",
        ]
        .map(str::to_owned)
        .to_vec(),
        jobs: 2,
        machine: Machine {
            cpu: "Example CPU @ 2.40GHz".to_owned(),
            cores: 2,
            memory_bytes: 8 << 30,
            system: "Linux 6.1.0".to_owned(),
        },
    }
}

/// Writes a run directory as the harness does.
pub(crate) fn store(directory: &Path, records: &[Record], manifest: &Manifest) {
    fs::create_dir_all(directory).expect("a directory");
    let mut lines = String::new();
    for record in records {
        lines += &serde_json::to_string(record).expect("a record is JSON");
        lines.push('\n');
    }
    fs::write(directory.join("records.jsonl"), lines).expect("the store is written");
    let manifest = serde_json::to_string_pretty(manifest).expect("a manifest is JSON");
    fs::write(directory.join("manifest.json"), manifest).expect("the manifest is written");
}
