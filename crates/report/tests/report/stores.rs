//! Reports of stores in any order and state: cut short, empty, absent, and with anything in them.

use std::fs;

use proptest::prelude::*;
use tempfile::TempDir;
use vmpack_check::Verdict;
use vmpack_model::{Family, Kind, Value};
use vmpack_report::ReportError;
use vmpack_results::{Record, Termination};

use super::synthetic::{self, judged, manifest, record, records, unanswered};
use super::{Report, contents, packing};

#[test]
fn the_same_records_give_the_same_bytes_in_any_order() {
    let mut records = records(2, 12, 4);
    let plan = manifest(records.len() as u64);
    // In one directory, whose name is in the files: they say by which command they were made.
    let first = Report::with(&records, &plan);
    let before = ["figures", "tables"].map(|part| contents(&first.path(part)));
    records.reverse();
    let directory = first.directory.path();
    synthetic::store(directory, &records, &plan);
    let written = vmpack_report::write(directory, directory).expect("a report");
    let after = ["figures", "tables"].map(|part| contents(&first.path(part)));
    assert!(before == after, "files differ");
    let html = fs::read_to_string(written.html).expect("the page is text");
    assert!(first.html == html, "the pages differ");
}

#[test]
fn a_torn_line_is_reported_and_left_out() {
    let records = records(5, 2, 0);
    let directory = TempDir::new().expect("a directory");
    synthetic::store(directory.path(), &records, &manifest(99));
    let store = directory.path().join("records.jsonl");
    let mut lines = fs::read_to_string(&store).expect("a store");
    lines += "{\"schema\":1,\"run\":\"torn";
    fs::write(&store, lines).expect("the store is written");
    let written = vmpack_report::write(directory.path(), directory.path()).expect("a report");
    assert_eq!(written.runs, records.len() as u64);
    let html = fs::read_to_string(written.html).expect("the page is text");
    assert!(html.contains(&format!("Line {} of the store is not complete", records.len() + 1)));
}

#[test]
fn an_empty_store_gives_a_page_without_figures() {
    let report = Report::with(&[], &manifest(10));
    report.says("0 of 10 planned runs are");
    report.says("No run has answered.");
    report.says("There are no finished runs yet.");
    assert!(!report.html.contains("<figure>"));
    assert!(!report.path("figures").exists());
    assert_eq!(report.table("runs").len(), 0);
}

#[test]
fn what_is_missing_or_in_the_way_is_named() {
    let empty = TempDir::new().expect("a directory");
    let error = vmpack_report::write(empty.path(), empty.path()).expect_err("there is no manifest");
    assert!(matches!(error, ReportError::Store(_)), "{error}");
    assert!(error.to_string().contains("manifest.json"), "{error}");

    synthetic::store(empty.path(), &[packing("a", "ff", 7, 0.1)], &manifest(1));
    let file = empty.path().join("not-a-directory");
    fs::write(&file, "").expect("a file");
    let error = vmpack_report::write(empty.path(), &file).expect_err("a file is no directory");
    assert!(matches!(error, ReportError::Write { .. }), "{error}");
    assert!(error.to_string().contains("not-a-directory"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// Whatever the numbers and names are, there is a report, and its figures are valid.
    #[test]
    fn any_records_have_a_report(
        runs in prop::collection::vec(
            (0..6_usize, "[\\PC]{0,30}", any::<i64>(), 1_i64..1000, 0.0..1e9_f64, any::<u64>()),
            1..8,
        ),
    ) {
        let records: Vec<Record> = runs
            .iter()
            .enumerate()
            .map(|(number, (shape, name, numerator, denominator, seconds, vms))| {
                let cost = Value::new(i128::from(*numerator), i128::from(*denominator)).expect("not zero");
                let family = if shape % 2 == 0 { Family::Packing } else { Family::Allocation };
                let mut run = record(family, name, name, Kind::Greedy, cost, *seconds);
                run.run = number.to_string();
                run.features.vms = *vms;
                match shape {
                    4 => judged(run, Verdict::NoAnswer),
                    5 => unanswered(run, Termination::Timeout),
                    _ => run,
                }
            })
            .collect();
        let report = Report::of(&records);
        for path in report.written.files.iter().filter(|path| path.extension().is_some_and(|e| e == "svg")) {
            let svg = fs::read_to_string(path).expect("SVG is text");
            prop_assert!(!svg.contains("NaN") && !svg.contains("inf\""), "{}", path.display());
        }
    }
}
