//! Instances in every format, solutions, and what contenders print.

use vmpack_check::{Effort, Judge};
use vmpack_datasets::{
    FORMATS, SolutionFile, SolutionForm, content_hash, format, generate, read_solution,
    write_solution,
};
use vmpack_harness::placement;
use vmpack_model::allocation::Allocation;
use vmpack_model::packing::{Instance, Packing};
use vmpack_model::{AnyInstance, Outcome};

use crate::Target;
use crate::cases::{as_file, text};

/// See [`crate::targets`].
pub(crate) const TARGETS: &[Target] = &[
    Target { name: "bpp", run: |data| instance("bpp", data), seeds: bpp },
    Target { name: "csp", run: |data| instance("csp", data), seeds: csp },
    Target { name: "vscsp", run: |data| instance("vscsp", data), seeds: vscsp },
    Target { name: "vbp", run: |data| instance("vbp", data), seeds: || written("vbp") },
    Target { name: "mvp", run: |data| instance("mvp", data), seeds: || written("mvp") },
    Target { name: "json", run: |data| instance("json", data), seeds: || written("json") },
    Target { name: "solution", run: solution, seeds: solutions },
    Target { name: "lines", run: lines, seeds: printed },
];

fn draw(generator: &str, parameters: &[(&str, i64)]) -> AnyInstance {
    let set = parameters.iter().map(|&(name, value)| (name.to_owned(), value.into())).collect();
    generate(generator, &set, 1).expect("parameters that the generator takes").instance
}

/// Small instances of the generators, of every shape that there is.
fn drawn() -> Vec<AnyInstance> {
    vec![
        draw("cutting-stock", &[("m", 5)]),
        draw("caprara-toth-2d", &[("n", 6)]),
        draw("fleet", &[("vms", 6), ("types", 3), ("hosts", 2)]),
        draw("fleet-rules", &[("vms", 30), ("types", 3), ("tenants", 2)]),
        draw("allocation-cost", &[("n", 3), ("services", 2), ("hosts", 2)]),
        draw("allocation-utility", &[("n", 3), ("hosts", 2)]),
    ]
}

/// Those that the format can carry, in it.
fn written(name: &str) -> Vec<Vec<u8>> {
    let format = format(name).expect("a known format");
    drawn().iter().filter_map(|one| format.write(one).ok()).map(String::into_bytes).collect()
}

fn bpp() -> Vec<Vec<u8>> {
    vec![b"4\n10\n6\n5\n4\n3\n".to_vec(), b"1\r\n7\r\n7\r\n".to_vec()]
}

fn csp() -> Vec<Vec<u8>> {
    vec![b"2\n10\n6 3\n3 12\n".to_vec()]
}

fn vscsp() -> Vec<Vec<u8>> {
    vec![b"1\n100 7 3\n2\n60 3\n30 2\n".to_vec(), b"2\n100 7 3\n50 4 9\n2\n60 3\n30 2\n".to_vec()]
}

/// No two formats call a file theirs, and an instance means the same after it was written and read.
fn instance(name: &str, data: &[u8]) -> bool {
    let known = FORMATS.iter().filter(|format| format.recognises(data)).count();
    assert!(known <= 1, "recognised as {known} formats");
    let read = format(name).expect("a known format").read(data, "fuzz");
    let Ok(instance) = read else { return false };
    let hash = content_hash(&instance);
    for format in FORMATS {
        let Ok(text) = format.write(&instance) else { continue };
        let again = format.read(text.as_bytes(), "fuzz").expect("what was written is read");
        assert_eq!(content_hash(&again), hash, "written as {}:\n{text}", format.name());
    }
    true
}

/// Three VM types, one with two alternatives, on two host types.
pub(crate) fn small() -> Instance {
    let text = b"2\n2\n10 8 100 -1\n20 16 130 2\n3\n1 5\n2 1\n2 3\n8 2\n4 4\n1 2\n3 3\n";
    let read = format("mvp").expect("a known format").read(text, "small");
    match read.expect("a valid instance") {
        AnyInstance::Packing(instance) => instance,
        AnyInstance::Allocation(_) => unreachable!("the format holds packings"),
    }
}

pub(crate) fn small_allocation() -> vmpack_model::allocation::Instance {
    match draw("allocation-cost", &[("n", 3), ("services", 2), ("hosts", 2)]) {
        AnyInstance::Allocation(instance) => instance,
        AnyInstance::Packing(_) => unreachable!("the generator draws allocations"),
    }
}

/// Little enough to keep the fuzzer moving.
pub(crate) const EFFORT: Effort = Effort { knapsack_steps: 100_000, tree_steps: 100_000 };

/// What is read is written the same, and the judge judges it whatever it claims.
fn solution(data: &[u8]) -> bool {
    as_file("solution.json", data, |path| {
        let Ok(file) = read_solution(path) else { return false };
        let text = write_solution(&file);
        std::fs::write(path, &text).expect("a folder that can be written to");
        let again = read_solution(path).expect("what was written is read");
        assert_eq!(write_solution(&again), text);
        match file {
            SolutionFile::Packing(_) => {
                let instance = small();
                if let Ok(outcome) = Packing::from_file(&instance, file) {
                    Packing::judge(&instance, &outcome, &EFFORT);
                }
            }
            SolutionFile::Allocation(_) => {
                let instance = small_allocation();
                if let Ok(outcome) = Allocation::from_file(&instance, file) {
                    Allocation::judge(&instance, &outcome, &EFFORT);
                }
            }
        }
        true
    })
}

/// Some placement on [`small`].
pub(crate) fn feasible(instance: &Instance) -> Outcome<Packing> {
    let lines = "host 0 x5: 0\nhost 1 x2: 1.0 2\nhost 0: 1.1 2\n";
    let (solution, cost) = placement(instance, lines).expect("valid").expect("some hosts");
    Outcome::feasible(solution, cost)
}

fn solutions() -> Vec<Vec<u8>> {
    let instance = small();
    let outcome = feasible(&instance);
    let packing = Packing::to_file(&instance, &outcome, Some("ffd-l2"));
    let nothing = Outcome::<Allocation>::infeasible(None);
    let allocation = Allocation::to_file(&small_allocation(), &nothing, None);
    [packing, allocation].iter().map(|file| write_solution(file).into_bytes()).collect()
}

/// A placement in lines is judged like any other.
fn lines(data: &[u8]) -> bool {
    let instance = small();
    let Some(Ok(found)) = text(data).map(|text| placement(&instance, text)) else { return false };
    if let Some((solution, cost)) = found {
        Packing::judge(&instance, &Outcome::feasible(solution, cost), &EFFORT);
    }
    true
}

fn printed() -> Vec<Vec<u8>> {
    vec![
        b"reading\nhost 0 x2: 0x2 1.1\nhost 1: 1.0 0\ncost 330\nbound 3\n".to_vec(),
        b"status infeasible\n".to_vec(),
    ]
}
