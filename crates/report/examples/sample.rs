//! Writes a synthetic experiment and its report, for looking at the figures:
//! `cargo run --release -p vmpack-report --example sample -- DIR [PACKING ALLOCATION]`
//! with numbers of instances; the defaults give about 1500 records of 20 methods.

#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../tests/report/synthetic.rs"]
mod synthetic;

use std::path::PathBuf;
use std::time::Instant;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let directory = PathBuf::from(arguments.next().expect("the first argument is a directory"));
    let mut number =
        |default| arguments.next().map_or(default, |n| n.parse().expect("a number of instances"));
    let (packing, allocation) = (number(90), number(30));
    let records = synthetic::records(1, packing, allocation);
    let manifest = synthetic::manifest(records.len() as u64);
    synthetic::store(&directory, &records, &manifest);
    let started = Instant::now();
    let written = vmpack_report::write(&directory, &directory).expect("a report");
    let size = std::fs::metadata(&written.html).expect("the page is there").len();
    eprintln!(
        "{} runs, {} wrong: {} in {:.1} s, {:.2} MB",
        written.runs,
        written.wrong,
        written.html.display(),
        started.elapsed().as_secs_f64(),
        size as f64 / 1e6
    );
}
