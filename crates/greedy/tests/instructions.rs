//! Instructions of kernels, counted by callgrind in units of a reference loop that is compiled and counted alike: the same
//! on a busy machine and on a quiet one.

#[path = "../../../tests/skip.rs"]
mod skip;

use std::hint::black_box;
use std::process::Command;

use skip::skipped;
use vmpack_greedy::PACKING;
use vmpack_model::packing::Instance;
use vmpack_model::{Budget, NullObserver};

/// Kernels with their instructions in reference loops, in release builds and in those of tests, which check every sum. Where
/// more are meant, or less are reached, this table is changed to what the test prints.
const BASELINE: [(&str, [f64; 2]); 4] = [
    ("ffd-l2", [5.44, 5.35]),
    ("bfd-linf", [6.63, 6.33]),
    ("dot-product", [14.84, 15.65]),
    ("ffd-indexed", [3.51, 3.34]),
];

/// By what factor compilers and libraries of other machines may differ.
const SLACK: f64 = 1.15;

/// What [`counted`] is to do, in its environment.
const JOB: &str = "VMPACK_COUNTED_JOB";

#[test]
fn kernels_execute_no_more_instructions_than_before() {
    if !cfg!(target_arch = "x86_64") {
        return skipped("the counts are those of x86-64");
    }
    let valgrind = Command::new("valgrind").arg("--version").output();
    if !valgrind.is_ok_and(|output| output.status.success()) {
        return skipped("there is no program valgrind");
    }
    let nothing = instructions("nothing");
    let reference = (instructions("reference") - nothing) as f64;
    let counted = BASELINE.map(|(kernel, before)| {
        let before = before[usize::from(cfg!(debug_assertions))];
        let loops = (instructions(kernel) - nothing) as f64 / reference;
        eprintln!("{kernel}: {loops:.2} reference loops, {before:.2} before");
        loops <= SLACK * before
    });
    assert!(counted.iter().all(|passed| *passed), "more instructions than before, see above");
}

/// The instructions of this program when it does one job: a test cannot run itself under valgrind.
fn instructions(job: &str) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().expect("this program has a path"))
        .args(["--exact", "counted", "--ignored", "--test-threads=1"])
        .env(JOB, job)
        .output()
        .expect("valgrind starts");
    let text = String::from_utf8_lossy(&output.stderr);
    let collected = text.lines().find_map(|line| line.split_once("Collected : "));
    let (_, count) = collected.unwrap_or_else(|| panic!("expected a count: {text}"));
    count.trim().parse().expect("a number")
}

#[test]
#[ignore = "is run under valgrind by another test"]
fn counted() {
    match std::env::var(JOB).as_deref() {
        Ok("reference") => {
            black_box(reference());
        }
        Ok(kernel) if kernel != "nothing" => {
            let mut sizes = sizes();
            let items: Vec<_> = std::iter::from_fn(|| Some(vec![sizes.next()?, sizes.next()?]))
                .take(300)
                .map(|size| (size, 1))
                .collect();
            let instance = Instance::identical_hosts("kernel", &[100, 100], &items).expect("valid");
            let method = PACKING.iter().find(|method| method.name() == kernel);
            let method = method.expect("a registered rule");
            black_box(method.solve(&instance, &Budget::default(), &mut NullObserver));
        }
        _ => {}
    }
}

/// Pseudo-random sizes from 10 to 69.
fn sizes() -> impl Iterator<Item = u64> {
    (1_u64..).map(|item| 10 + (item.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) % 60)
}

/// First fit of 1000 sizes, as plain as can be.
#[inline(never)]
fn reference() -> usize {
    let mut free: Vec<u64> = Vec::new();
    for size in sizes().take(1000) {
        match free.iter_mut().find(|free| **free >= size) {
            Some(room) => *room -= size,
            None => free.push(100 - size),
        }
    }
    free.len()
}
