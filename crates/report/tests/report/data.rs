//! The data inside the page, unpacked as its script does.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;
use vmpack_model::{Family, Kind, Value as Cost};
use vmpack_results::{Record, Termination};

use crate::synthetic::{self, manifest, record, records, unanswered};

fn unpacked(html: &str, part: &str) -> Value {
    let start = format!("<script type=\"text/plain\" id=\"data-{part}\">");
    let text = html.split_once(&start).expect("the part").1.split_once('<').expect("its end").0;
    let bytes = BASE64_STANDARD.decode(text).expect("base 64");
    let mut json = String::new();
    flate2::read::GzDecoder::new(&*bytes).read_to_string(&mut json).expect("gzip");
    serde_json::from_str(&json).expect("JSON")
}

fn page(directory: &Path, records: &[Record]) -> String {
    synthetic::store(directory, records, &manifest(records.len() as u64));
    let written = vmpack_report::write(directory, directory).expect("a report");
    fs::read_to_string(written.html).expect("text")
}

/// The `n`th entry of a column of words.
fn word(column: &Value, n: usize) -> &Value {
    &column["words"][column["codes"][n].as_u64().expect("a code") as usize]
}

#[test]
fn the_columns_hold_every_run_in_the_order_of_the_report() {
    let half = Cost::new(7, 2).expect("2 is not 0");
    let mut best = record(Family::Packing, "a", "ffd", Kind::Greedy, half, 0.123_456_789_123);
    best.run = "0123456789abcdef".to_owned();
    let mut late = best.clone();
    late.method = "lp".to_owned();
    late.kind = Kind::LinearProgramming;
    // As long as it takes to tell it from the other.
    late.run = "012345678fffffff".to_owned();
    let html = page(
        TempDir::new().expect("a directory").path(),
        &[unanswered(late, Termination::Timeout), best],
    );
    let runs = unpacked(&html, "runs");
    assert_eq!(runs["id"], json!(["0123456789", "012345678f"]));
    assert_eq!(runs["clock"], "cpu");
    assert_eq!(runs["wall"][0], 0.123_456_789);
    assert_eq!(runs["cost"], json!(["7/2", null]));
    assert_eq!([0, 1].map(|n| word(&runs["outcome"], n)), ["feasible", "timeout"]);
    assert_eq!([0, 1].map(|n| word(&runs["kind"], n)), ["Greedy", "Linear programming"]);
    // Correct, answered and verified; and nothing.
    assert_eq!(runs["flags"], json!([1 + 4 + 32, 0]));
    // Both are of one instance, whose best known cost is the one that was found.
    assert_eq!((&runs["instance"], &runs["instances"]["known"]), (&json!([0, 0]), &json!(["7/2"])));
    // Nothing was repeated, nothing replayed.
    assert_eq!((&runs["repetition"], &runs["case"]), (&json!([]), &json!([null, null])));
    let records = unpacked(&html, "records");
    assert_eq!(
        records[0]["answer"]["trajectory"],
        json!({"of": 1, "seconds": [0.061_728_4], "cost": ["7/2"], "bound": [null]})
    );
    assert_eq!(records[1]["termination"], json!({"kind": "timeout"}));
    assert!(records[0].get("dataset").is_none(), "it is in the columns");
}

#[test]
fn repetitions_are_numbered_where_there_are_some() {
    let first =
        record(Family::Packing, "a", "ffd", Kind::Greedy, Cost::new(7, 1).expect("a cost"), 0.1);
    let mut again = first.clone();
    (again.run, again.repetition) = (format!("{} again", first.run), 1);
    let html = page(TempDir::new().expect("a directory").path(), &[first, again]);
    assert_eq!(unpacked(&html, "runs")["repetition"], json!([0, 1]));
}

#[test]
fn solutions_are_there_where_their_instance_is() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path();
    let instance = r#"{"format": "vmpack-instance", "version": 1, "family": "packing", "name": "a",
        "resources": [{"name": "cpu"}], "vms": [{"name": "web", "count": 3, "demand": {"cpu": 2}}],
        "hosts": [{"name": "h", "capacity": {"cpu": 4}}]}"#;
    let solution = r#"{"format": "vmpack-solution", "version": 1, "family": "packing", "instance": "a", "status": "feasible",
        "placement": {"cost": 2, "hosts": [{"host": "h", "count": 1, "vms": [{"vm": "web", "count": 2}]},
        {"host": "h", "count": 1, "vms": [{"vm": "web", "count": 1}]}]}}"#;
    let mut kept = record(Family::Packing, "a", "ffd", Kind::Greedy, Cost::from(2_u64), 0.1);
    kept.run = "aaaaaaaaaaaaaaaa".to_owned();
    kept.instance_hash = "11".to_owned();
    let mut orphan = kept.clone();
    orphan.run = "bbbbbbbbbbbbbbbb".to_owned();
    orphan.instance_hash = "22".to_owned();
    for record in [&kept, &orphan] {
        let file = path.join(record.solution_file());
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, solution).expect("a file");
    }
    fs::create_dir_all(path.join("instances")).expect("a folder");
    fs::write(path.join(kept.instance_file()), instance).expect("a file");
    let html = page(path, &[kept.clone(), orphan]);
    assert!(html.contains(" 1 kept solution is not in this file"));
    let packings = unpacked(&html, "packings");
    assert_eq!(
        packings["solutions"],
        json!({"aaaaaaaaaaaaaaaa": [[0, 1, [0, 2]], [0, 1, [0, 1]]]})
    );
    assert_eq!(packings["instances"]["11"]["rows"], json!([{"vm": "web", "demand": [2]}]));
    assert_eq!(packings["left_out"], 1);

    // A file that is no solution is no reason to show less: it is said which one it is.
    fs::write(path.join(kept.solution_file()), "{}").expect("a file");
    let error = vmpack_report::write(path, path).expect_err("no solution");
    assert!(error.to_string().contains("aaaaaaaaaaaaaaaa.json"), "{error}");
}

#[test]
fn ten_thousand_runs_fit_five_megabytes() {
    // Some of them, in so much less time; what does not grow with the runs counts in full.
    let html = page(TempDir::new().expect("a directory").path(), &records(1, 24, 8));
    let runs = unpacked(&html, "runs")["id"].as_array().expect("a column").len();
    let parts = ["runs", "records", "packings"].map(|part| {
        let start = format!("id=\"data-{part}\">");
        html.split_once(&start).expect("the part").1.find('<').expect("its end")
    });
    let embedded: usize = parts.iter().sum();
    let rest = html.len() - embedded;
    let expected = rest + embedded * 10_000 / runs;
    assert!(expected < 5_000_000, "{expected} bytes: {rest} and {parts:?} of {runs} runs");
}
