//! Files that the project publishes agree with the code that makes them.

use std::path::{Path, PathBuf};

use ndarray::arr2;
use vmpack_datasets::{
    Parameter, Source, instance_schema, load, read_file, solution_schema, write_instance,
};
use vmpack_model::allocation::{self, Objective, Service};
use vmpack_model::packing::{HostType, Instance, VmType};
use vmpack_model::{AnyInstance, Resource};

use super::as_allocation;

/// Compares a published file with what it should be, or writes it if `VMPACK_BLESS` is set.
#[track_caller]
fn compare(path: &Path, expected: &str) {
    if std::env::var_os("VMPACK_BLESS").is_some() {
        std::fs::write(path, expected).expect("written");
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        found == expected,
        "{}: run the tests with VMPACK_BLESS=1 and look at the difference",
        path.display()
    );
}

fn crate_file(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

#[test]
fn the_schemas_are_those_of_the_code() {
    compare(&crate_file("schema/instance.schema.json"), &instance_schema());
    compare(&crate_file("schema/solution.schema.json"), &solution_schema());
}

/// The instance of a generator under a shorter name.
fn generated(name: &str, generator: &str, parameters: &[(&str, Parameter)]) -> AnyInstance {
    let parameters =
        parameters.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let source = Source::Generated { generator: generator.to_owned(), parameters, seed: 1 };
    match load(&source).expect("valid parameters") {
        AnyInstance::Packing(instance) => AnyInstance::Packing(instance.named(name)),
        AnyInstance::Allocation(instance) => AnyInstance::Allocation(instance.named(name)),
    }
}

fn covering(name: &str) -> allocation::Instance {
    as_allocation(generated(name, "covering", &[("n", 4.into()), ("m", 3.into())]))
}

/// The covering example with each VM limited to one core, which cannot meet every demand.
fn covering_infeasible() -> AnyInstance {
    let mut data = covering("covering-infeasible").data().clone();
    data.limits.fill(Some(1));
    let greatest =
        |service: &Service| service.terms.iter().map(|term| term.coefficient).sum::<i64>();
    assert!(data.services.iter().any(|service| greatest(service) < service.required));
    AnyInstance::Allocation(allocation::Instance::new(data).expect("valid"))
}

/// The covering example where each core of the first VM pays, so that more is always better.
fn covering_unbounded() -> AnyInstance {
    let mut data = covering("covering-unbounded").data().clone();
    let Objective::Cost(costs) = &mut data.objective else { panic!("the objective is cost") };
    costs[[0, 0]] = -1;
    AnyInstance::Allocation(allocation::Instance::new(data).expect("valid"))
}

/// A VM type that may run in two shapes, one that runs in one, and two kinds of host.
fn alternatives() -> AnyInstance {
    let host = |name: &str, cost, stock| HostType { name: name.to_owned(), cost, stock };
    let instance = Instance::new(
        "alternatives",
        vec![Resource::new("cpu", "vCPU"), Resource::new("memory", "GiB")],
        vec![
            VmType { name: "web".to_owned(), count: 12, rows: 0..1 },
            VmType { name: "batch".to_owned(), count: 5, rows: 1..3 },
        ],
        arr2(&[[2, 4], [8, 16], [4, 32]]),
        vec![host("balanced", 100, None), host("large-memory", 130, Some(2))],
        arr2(&[[16, 64], [16, 128]]),
    );
    AnyInstance::Packing(instance.expect("valid"))
}

/// A VM that is larger than every host.
fn oversized() -> AnyInstance {
    let demands = arr2(&[[2, 4], [32, 16]]);
    let host = HostType { name: "host".to_owned(), cost: 1, stock: None };
    let vms = vec![("small".to_owned(), 3), ("huge".to_owned(), 1)];
    let resources = vec![Resource::new("cpu", "vCPU"), Resource::new("memory", "GiB")];
    let capacities = arr2(&[[16, 64]]);
    let instance = Instance::simple("oversized", resources, vms, demands, vec![host], capacities);
    AnyInstance::Packing(instance.expect("valid"))
}

#[test]
fn the_samples_are_those_of_the_generators_and_writers() {
    let fleet = generated(
        "fleet",
        "fleet",
        &[
            ("vms", 30.into()),
            ("types", 6.into()),
            ("hosts", 3.into()),
            ("stock", "limited".into()),
        ],
    );
    let planted = generated(
        "planted",
        "planted",
        &[("d", 2.into()), ("hosts", 4.into()), ("items", 3.into())],
    );
    let samples = [
        ("covering.json", AnyInstance::Allocation(covering("covering"))),
        ("covering-infeasible.json", covering_infeasible()),
        ("covering-unbounded.json", covering_unbounded()),
        (
            "allocation-cost.json",
            generated(
                "allocation-cost",
                "allocation-cost",
                &[("n", 5.into()), ("services", 3.into()), ("hosts", 2.into())],
            ),
        ),
        (
            "allocation-utility.json",
            generated(
                "allocation-utility",
                "allocation-utility",
                &[("n", 4.into()), ("hosts", 2.into()), ("shape", "mixed".into())],
            ),
        ),
        ("fleet.json", fleet.clone()),
        ("fleet.mvp", fleet),
        ("planted.vbp", planted),
        ("uniform.vbp", generated("uniform", "falkenauer-uniform", &[("n", 30.into())])),
        ("alternatives.json", alternatives()),
        ("alternatives.mvp", alternatives()),
        ("oversized.json", oversized()),
    ];
    let directory = crate_file("../../datasets/samples");
    for (file, instance) in &samples {
        let path = directory.join(file);
        let (_, format) = file.rsplit_once('.').expect("an extension");
        compare(&path, &write_instance(instance, format).expect("the format carries it"));
        let read = read_file(&path, None).expect("recognised and read");
        assert_eq!(
            vmpack_datasets::content_hash(&read),
            vmpack_datasets::content_hash(instance),
            "{file}"
        );
    }
    let known: Vec<&str> = samples.iter().map(|(file, _)| *file).collect();
    for file in std::fs::read_dir(&directory).expect("the samples") {
        let name = file.expect("an entry").file_name();
        assert!(known.contains(&&*name.to_string_lossy()), "nobody makes the sample {name:?}");
    }
}
