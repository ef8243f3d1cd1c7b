//! The examples of `FORMATS.md` are what it says they are.

use std::path::Path;

use vmpack_datasets::operator::{self, Files};
use vmpack_datasets::{SolutionFile, SolutionForm, content_hash, read_solution, suite};
use vmpack_model::allocation::Allocation;
use vmpack_model::packing::{Certificate, Packing};
use vmpack_model::{AnyInstance, Value};

use super::{as_allocation, as_packing, read, recognising};

const PAGE: &str = include_str!("../../../../FORMATS.md");

/// The fenced blocks of a language.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("\n```{language}\n");
    let after = PAGE.split(&fence).skip(1);
    after.map(|rest| rest.split("```\n").next().expect("a block ends")).collect()
}

/// A block that the page has once, as an instance.
fn example(format: &str) -> AnyInstance {
    let [text] = blocks(format)[..] else { panic!("one block {format}") };
    assert_eq!(recognising(text.as_bytes()), [format]);
    read(format, text).expect("an example")
}

#[test]
fn every_text_format_has_an_example() {
    for format in vmpack_datasets::FORMATS.iter().filter(|format| format.name() != "json") {
        example(format.name());
    }
    assert_eq!(content_hash(&example("bpp")), content_hash(&example("csp")));
}

#[test]
fn json_examples_are_instances_and_solutions_of_them() {
    let mut instances = Vec::new();
    let mut solutions = Vec::new();
    for text in blocks("json") {
        if text.contains("vmpack-instance") {
            instances.push(read("json", text).expect("an instance"));
            continue;
        }
        if text.contains("nodes") {
            let certificate = serde_json::from_str(text).expect("a certificate");
            assert!(
                matches!(certificate, Certificate::Tree { below: 2, nodes } if nodes.len() == 3)
            );
            continue;
        }
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("solution.json");
        std::fs::write(&path, text).expect("written");
        solutions.push(read_solution(&path).expect("a solution"));
    }
    assert_eq!((instances.len(), solutions.len()), (4, 2));
    assert_eq!(content_hash(&instances[0]), content_hash(&example("mvp")));
    let allocation = solutions.pop().expect("two solutions");
    let shop = as_packing(instances.swap_remove(0));
    check_placement(&shop, solutions.pop().expect("two solutions"));

    let covering =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets/samples/covering.json");
    let covering = vmpack_datasets::read_file(&covering, None).expect("a sample");
    let covering = as_allocation(covering);
    let outcome = Allocation::from_file(&covering, allocation).expect("it answers the sample");
    let solved = outcome.solved.expect("an allocation");
    assert_eq!(solved.cost, solved.solution.cost(&covering));
    assert_eq!(outcome.bound.expect("a bound").value, solved.cost);
    for service in covering.services() {
        let term = |term: &vmpack_model::allocation::Term| {
            i128::from(term.coefficient)
                * i128::from(solved.solution.numerators[[term.vm, term.resource]])
        };
        let met: i128 = service.terms.iter().map(term).sum();
        assert!(met >= i128::from(service.required) * i128::from(solved.solution.denominator));
    }
}

fn check_placement(shop: &vmpack_model::packing::Instance, file: SolutionFile) {
    let outcome = Packing::from_file(shop, file).expect("it answers the instance, hash and all");
    let solved = outcome.solved.expect("a placement");
    assert_eq!(solved.cost, Value::from(solved.solution.cost(shop)));
    let mut placed = vec![0; shop.vms().len()];
    for (pattern, hosts) in &solved.solution.patterns {
        for k in 0..shop.dimensions() {
            let used: u64 = pattern.vms.iter().map(|&(row, n)| n * shop.demand(row)[k]).sum();
            assert!(used <= shop.capacity(pattern.host)[k]);
        }
        for &(row, count) in &pattern.vms {
            placed[shop.type_of_row(row)] += count * hosts;
        }
    }
    assert_eq!(placed, shop.vms().iter().map(|vm| vm.count).collect::<Vec<_>>());
}

#[test]
fn the_suite_is_a_suite() {
    // The next three are experiments and a contender, which are not this crate's to read, then come a rules file and scenarios.
    let [text, ..] = blocks("toml")[..] else { panic!("a suite and others") };
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("example.toml");
    std::fs::write(&path, text).expect("written");
    let suite = suite(path.to_str().expect("a path in UTF-8"), directory.path()).expect("valid");
    assert_eq!(suite.entries.len(), 4);
    assert_eq!(suite.missing.len(), 4);
    assert_eq!(suite.entries[0].class.as_deref(), Some("Caprara-Toth 1"));
}

#[test]
fn the_fleet_is_the_one_beside_it() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets/operator");
    let file = |name: &str| std::fs::read_to_string(directory.join(name)).expect("a sample");
    assert_eq!(blocks("csv"), [file("vms.csv"), file("hosts.csv")]);
    assert!(blocks("toml").contains(&&*file("rules.toml")));
    let (vms, hosts) = (directory.join("vms.csv"), directory.join("hosts.csv"));
    let files =
        Files { vms: &vms, hosts: Some(&hosts), flavors: None, origin: None, powered_off: false };
    let fleet = operator::read(&files).expect("a fleet");
    assert_eq!(fleet.warnings, [] as [&str; 0]);
    let rules = directory.join("rules.toml");
    let compiled = operator::compile(&fleet, Some(&rules), "fleet").expect("an instance");
    assert_eq!(compiled.instance.total_vms(), 27);
    let mut forms: Vec<&str> =
        compiled.instance.rules().rules.iter().map(|rule| rule.demand.name()).collect();
    forms.sort_unstable();
    forms.dedup();
    assert_eq!(forms, ["at-most", "restrict", "separate", "spread", "survive", "together"]);
}
