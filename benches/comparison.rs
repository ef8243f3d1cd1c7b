//! LP against dynamic programming against greedy on one suite.
//!
//! First criterion times whole solves of one small instance per family in this process. Then the
//! experiment `comparison` runs over the suite of that name, one process per run, every answer judged,
//! and leaves its plots of cost against runtime under `reports/comparison`.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion};
use vmpack_datasets::{Entry, data_directory, load, suite};
use vmpack_model::allocation::Allocation;
use vmpack_model::packing::Packing;
use vmpack_model::{AnyInstance, Budget, Method, NullObserver, Problem};

/// A solve that takes longer does not belong into a timing loop; the experiment has it.
const LONGEST: Duration = Duration::from_millis(500);

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    let suite = suite("comparison", &data_directory()).expect("the suite ships with the project");
    let instances: Vec<(String, AnyInstance)> = suite.entries.iter().map(load_entry).collect();
    if let Some((name, instance)) = instances.iter().find_map(|(name, any)| match any {
        AnyInstance::Packing(instance) => Some((name, instance)),
        AnyInstance::Allocation(_) => None,
    }) {
        let methods = [vmpack_greedy::PACKING, vmpack_dp::PACKING, vmpack_lp::PACKING].concat();
        time::<Packing>(&mut criterion, name, instance, &methods);
    }
    if let Some((name, instance)) = instances.iter().find_map(|(name, any)| match any {
        AnyInstance::Allocation(instance) => Some((name, instance)),
        AnyInstance::Packing(_) => None,
    }) {
        let methods =
            [vmpack_greedy::ALLOCATION, vmpack_dp::ALLOCATION, vmpack_lp::ALLOCATION].concat();
        time::<Allocation>(&mut criterion, name, instance, &methods);
    }
    criterion.final_summary();
    let only_criterion = std::env::args().any(|word| word == "--test" || word == "--list");
    if !only_criterion {
        run_experiment();
    }
}

fn load_entry(entry: &Entry) -> (String, AnyInstance) {
    (entry.name.clone(), load(&entry.source).expect("generated instances load"))
}

/// Times every method that takes the instance and solves it fast enough.
fn time<P: Problem>(
    criterion: &mut Criterion,
    name: &str,
    instance: &P::Instance,
    methods: &[&'static dyn Method<P>],
) {
    let mut group = criterion.benchmark_group(format!("{}/{name}", P::FAMILY));
    let solve = |method: &dyn Method<P>| {
        let budget = Budget::default().with_time(LONGEST);
        method.solve(instance, &budget, &mut NullObserver)
    };
    for &method in methods.iter().filter(|method| method.supports(instance).is_ok()) {
        let started = std::time::Instant::now();
        solve(method);
        if started.elapsed() >= LONGEST {
            continue;
        }
        let id = BenchmarkId::from_parameter(method.name());
        group.bench_function(id, |bencher| bencher.iter(|| solve(method)));
    }
    group.finish();
}

/// Runs the experiment afresh and writes its report.
fn run_experiment() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let out = root.join("reports/comparison");
    if out.exists() {
        std::fs::remove_dir_all(&out).expect("the last comparison can be removed");
    }
    let vmpack = |arguments: &[&str]| {
        let status = Command::new(env!("CARGO_BIN_EXE_vmpack"))
            .current_dir(root)
            .args(arguments)
            .status()
            .expect("the command was built beside this benchmark");
        assert!(status.success(), "vmpack {} failed", arguments.join(" "));
    };
    vmpack(&["run", "comparison", "--out", "reports/comparison"]);
    vmpack(&["report", "reports/comparison"]);
    eprintln!("plots of cost and runtime are in reports/comparison/figures");
}
