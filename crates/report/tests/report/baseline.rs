//! What methods are told against: chosen by the report, or by whoever asks for it.

use std::fs;

use tempfile::TempDir;
use vmpack_report::{ReportError, write_against};
use vmpack_results::Record;

use super::synthetic::{manifest, store};
use super::{Report, packing};

/// Six instances; `cheap` costs least, `quick` is the fastest of the others.
fn runs() -> Vec<Record> {
    let instances = ["a", "b", "c", "d", "e", "f"];
    let of = |(k, instance): (usize, &&str)| {
        let least = 10 + k as u64;
        [
            packing(instance, "cheap", least, 2.0 + k as f64),
            packing(instance, "quick", 2 * least, 0.001),
            packing(instance, "slow", 3 * least, 4.0),
        ]
    };
    instances.iter().enumerate().flat_map(of).collect()
}

#[test]
fn intervals_and_tests_are_against_the_baseline_that_was_asked_for() {
    let report = Report::of(&runs());
    let directory = report.directory.path();
    let latex = || fs::read_to_string(report.path("tables/intervals-packing.tex")).expect("text");
    let rows = report.table("intervals-packing");
    assert!(rows.iter().all(|row| row["baseline"] == "cheap"));
    assert!(latex().contains("The baseline is cheap, of the methods that were run on the most"));

    let written = write_against(directory, directory, Some("quick")).expect("a report");
    let rows = report.table("intervals-packing");
    let methods: Vec<&str> = rows.iter().map(|row| &*row["method"]).collect();
    assert_eq!(methods, ["cheap", "slow"]);
    assert!(rows.iter().all(|row| row["baseline"] == "quick"));
    let number = |row: usize, column: &str| rows[row][column].parse::<f64>().expect("a number");
    assert!(number(0, "sgm_ratio_low") > 1.0 && number(0, "gap_difference_high") < 0.0);
    assert!(number(1, "gap_difference_low") > 0.0);
    // All six differences have one sign, 2 of 2^6; two methods. Of three pairs the table of pairs corrects for more.
    for column in ["time_p_holm", "gap_p_holm"] {
        assert_eq!((number(0, column), number(1, column)), (0.0625, 0.0625), "{column}");
    }
    // Both intervals leave out equality, but six instances and two methods are too few for the tests.
    assert!(rows.iter().all(|row| row["differs"].is_empty()));
    assert_eq!(report.table("pairwise-packing")[0]["cost_p_holm"], "0.09375");
    assert!(latex().contains("The baseline is quick, as the report was asked for."));
    assert!(latex().contains("--baseline quick"), "the command that made it");
    let page = fs::read_to_string(written.html).expect("text");
    assert!(page.contains("The baseline is quick, as the report was asked for."));
}

#[test]
fn methods_differ_where_interval_and_test_agree() {
    let instances = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let of = |(k, instance): (usize, &&str)| {
        let least = 10 + k as u64;
        [packing(instance, "cheap", least, 2.0), packing(instance, "slow", 2 * least, 4.0)]
    };
    let runs: Vec<Record> = instances.iter().enumerate().flat_map(of).collect();
    let rows = Report::of(&runs).table("intervals-packing");
    // Two of 2^8.
    assert_eq!((&*rows[0]["time_p_holm"], &*rows[0]["differs"]), ("0.0078125", "time, gap"));
}

#[test]
fn a_baseline_that_is_not_there_is_refused_with_those_that_are() {
    let directory = TempDir::new().expect("a directory");
    let all = runs();
    store(directory.path(), &all, &manifest(all.len() as u64));
    let error = write_against(directory.path(), directory.path(), Some("cheep"));
    let error = error.expect_err("no such method");
    assert!(matches!(error, ReportError::Baseline { .. }));
    let expected = "baseline \"cheep\": there is no such method; there are cheap, quick, slow";
    assert_eq!(error.to_string(), expected);
    assert!(!directory.path().join("report.html").exists(), "nothing is written");
}
