//! Solution files: there and back, and what is refused.

use ndarray::Array2;
use proptest::collection::vec;
use proptest::prelude::*;
use vmpack_datasets::{SolutionError, SolutionForm, read_solution, write_solution};
use vmpack_model::allocation::{Allocation, Amounts, Multipliers};
use vmpack_model::packing::{
    Certificate, Evacuation, Intake, Packing, Pattern, Placement, Refutation,
};
use vmpack_model::{Bound, Outcome, Status, Value};

use super::strategy::{any_allocation, any_packing};

/// Writes a solution to a file and reads it back.
fn there_and_back<P: SolutionForm>(
    instance: &P::Instance,
    outcome: &Outcome<P>,
) -> Result<Outcome<P>, SolutionError> {
    let text = write_solution(&P::to_file(instance, outcome, Some("method")));
    P::from_file(instance, reread(&text))
}

fn reread(text: &str) -> vmpack_datasets::SolutionFile {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("solution.json");
    std::fs::write(&path, text).expect("written");
    read_solution(&path).expect("what was written")
}

proptest! {
    #[test]
    fn placements(
        instance in any_packing(),
        raw in vec((any::<u8>(), vec((any::<u8>(), 0_u64..9), 0..4), 1_u64..9), 0..5),
        cost in -9_i128..99,
    ) {
        // Any patterns, right or wrong: the file form is no judge.
        let pattern = |(host, vms, count): &(u8, Vec<(u8, u64)>, u64)| {
            let host = usize::from(*host) % instance.hosts().len();
            let vms = vms.iter().map(|&(row, vms)| (usize::from(row) % instance.rows(), vms));
            (Pattern { host, vms: vms.collect() }, *count)
        };
        let patterns: Vec<(Pattern, u64)> = raw.iter().map(pattern).collect();
        // As right or wrong, for every rule, one in which each pattern fails and takes in what it holds.
        let evacuation = |rule: usize| Evacuation {
            rule,
            failed: (0..patterns.len()).map(|index| (index, 3)).collect(),
            takes: patterns
                .iter()
                .enumerate()
                .map(|(pattern, (held, hosts))| Intake {
                    pattern,
                    hosts: *hosts,
                    vms: held.vms.clone(),
                })
                .collect(),
        };
        let evacuations = (0..instance.rules().rules.len()).map(evacuation).collect();
        let placement = Placement { patterns, evacuations };
        let cost = Value::new(cost, 7).expect("seven is not zero");
        let outcome = Outcome::<Packing>::feasible(placement, cost)
            .with_bound(Bound::certified(cost, Certificate::Volume { resource: 0 }))
            .with_counter("nodes", 3);
        prop_assert_eq!(there_and_back(&instance, &outcome), Ok(outcome));
        let refuted = Outcome::<Packing>::infeasible(Some(Refutation::FitsNowhere { vm: 0 }));
        prop_assert_eq!(there_and_back(&instance, &refuted), Ok(refuted));
    }

    #[test]
    fn allocations(instance in any_allocation(), seed in any::<i64>(), denominator in 1_i64..1000) {
        let shape = (instance.vms().len(), instance.resources().len());
        let numerators = Array2::from_shape_fn(shape, |(i, r)| seed >> (i + r));
        let amounts = Amounts { numerators, denominator, tolerance_ppb: 10 };
        let prices = Multipliers::zero(instance.services().len(), instance.hosts().len(), shape.1);
        let outcome = Outcome::<Allocation>::feasible(amounts, Value::ZERO)
            .with_bound(Bound::certified(Value::from(u64::MAX), prices));
        prop_assert_eq!(there_and_back(&instance, &outcome), Ok(outcome));
    }
}

const INSTANCE: &str = r#"{
    "format": "vmpack-instance", "version": 1, "family": "packing", "name": "two",
    "resources": [{"name": "cpu"}], "hosts": [{"name": "h", "capacity": {"cpu": 8}}],
    "vms": [{"name": "a", "demand": {"cpu": 3}}, {"name": "b", "demand": {"cpu": 5}}]
}"#;

/// Written by hand: no hash, no method.
const SOLUTION: &str = r#"{
    "format": "vmpack-solution", "version": 1, "family": "packing", "instance": "two",
    "status": "optimal",
    "placement": {"cost": 1, "hosts": [
        {"host": "h", "count": 1, "vms": [{"vm": "a", "count": 1}, {"vm": "b", "count": 1}]}
    ]}
}"#;

#[test]
fn a_solution_may_be_written_by_hand() {
    let instance = super::as_packing(super::read("json", INSTANCE).expect("valid"));
    let outcome = Packing::from_file(&instance, reread(SOLUTION)).expect("it answers the instance");
    assert_eq!(outcome.status, Status::Optimal);
    let solved = outcome.solved.expect("a placement");
    assert_eq!(solved.cost, 1_u64.into());
    let pattern = Pattern { host: 0, vms: vec![(0, 1), (1, 1)] };
    assert_eq!(solved.solution.patterns, [(pattern, 1)]);
}

#[test]
fn solutions_of_something_else_are_refused() {
    let instance = super::as_packing(super::read("json", INSTANCE).expect("valid"));
    let error = |from: &str, to: &str| {
        assert!(SOLUTION.contains(from), "{from}");
        let file = reread(&SOLUTION.replace(from, to));
        Packing::from_file(&instance, file).expect_err("refused").to_string()
    };
    assert_eq!(
        error("\"vm\": \"b\"", "\"vm\": \"c\""),
        "placement.hosts[0].vms[1].vm: expected the name of a VM type (\"a\", \"b\"), found \"c\""
    );
    assert_eq!(
        error("\"host\": \"h\"", "\"host\": \"g\""),
        "placement.hosts[0].host: expected the name of a host type (\"h\"), found \"g\""
    );
    assert_eq!(
        error("\"vm\": \"b\",", "\"vm\": \"b\", \"alternative\": 1,"),
        "placement.hosts[0].vms[1].alternative: expected less than the 1 demands of \"b\", found 1"
    );
    let hash = error("\"instance\": \"two\"", "\"instance\": \"two\", \"instance_hash\": \"beef\"");
    assert!(hash.contains("\"two\" with content hash beef"), "{hash}");
    let other = Allocation::from_file(
        &super::as_allocation(
            vmpack_datasets::generate("covering", &[].into(), 1).expect("valid").instance,
        ),
        reread(SOLUTION),
    );
    let other = other.expect_err("refused").to_string();
    assert_eq!(
        other,
        "expected a solution of the allocation family, found one of the packing family"
    );
}

#[test]
fn amounts_name_every_vm_once() {
    let covering = vmpack_datasets::generate(
        "covering",
        &[("n".to_owned(), 2.into()), ("m".to_owned(), 1.into())].into(),
        1,
    );
    let instance = super::as_allocation(covering.expect("valid").instance);
    let error = |vms: &str, denominator: i64| {
        let text = format!(
            r#"{{"format": "vmpack-solution", "version": 1, "family": "allocation",
            "instance": "x", "status": "feasible",
            "allocation": {{"cost": "7/2", "denominator": {denominator}, "vms": [{vms}]}}}}"#
        );
        Allocation::from_file(&instance, reread(&text)).expect_err("refused").to_string()
    };
    let vm = |name: &str| format!(r#"{{"vm": "{name}", "numerators": {{"cpu": 1}}}}"#);
    let (one, two) = (vm("vm1"), vm("vm2"));
    assert_eq!(error(&one, 1), "allocation.vms: expected every VM once, found none for \"vm2\"");
    assert_eq!(
        error(&format!("{one}, {one}"), 1),
        "allocation.vms[1].vm: expected every VM once, found \"vm1\" again"
    );
    assert_eq!(
        error(&format!("{one}, {two}"), 0),
        "allocation.denominator: expected a positive integer, found 0"
    );
}
