//! The store as its writers and readers meet it: whole lines, torn lines, foreign lines, two writers.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use proptest::prelude::*;
use vmpack_model::Value;
use vmpack_results::{
    Calibration, Enforcement, MANIFEST, Machine, Manifest, Means, RECORDS, Record, SCHEMA, Store,
    StoreError, Termination, TornLine, read, read_manifest, write_manifest,
};

fn record(run: &str) -> Record {
    let record: Record =
        serde_json::from_str(include_str!("data/record.json")).expect("the example is a record");
    Record { run: run.to_owned(), ..record }
}

fn runs(directory: &Path) -> Vec<String> {
    let records = read(directory).expect("there is a store");
    records.map(|record| record.expect("all lines are whole").run).collect()
}

fn add_text(directory: &Path, text: &[u8]) {
    let mut file =
        OpenOptions::new().append(true).open(directory.join(RECORDS)).expect("there is a store");
    file.write_all(text).expect("writable");
}

fn store_of(names: &[&str]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut store = Store::create(directory.path()).expect("a new store");
    for name in names {
        store.append(&record(name)).expect("writable");
    }
    directory
}

#[test]
fn records_come_back_as_they_were_written() {
    let directory = store_of(&["a", "b"]);
    let back: Result<Vec<Record>, _> = read(directory.path()).expect("readable").collect();
    assert_eq!(back.expect("whole"), [record("a"), record("b")]);
}

#[test]
fn a_torn_last_line_is_reported_and_cut_off_by_resuming() {
    let directory = store_of(&["a", "b"]);
    let whole = serde_json::to_vec(&record("c")).expect("a record");
    add_text(directory.path(), &whole[..40]);

    let mut reader = read(directory.path()).expect("readable");
    assert_eq!(reader.by_ref().filter_map(Result::ok).count(), 2);
    assert_eq!(reader.torn(), Some(TornLine { line: 3, bytes: 40 }));

    let (mut store, recovered) = Store::resume(directory.path()).expect("resumable");
    assert_eq!(recovered.runs.iter().map(String::as_str).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(recovered.torn, Some(TornLine { line: 3, bytes: 40 }));
    store.append(&record("c")).expect("writable");
    assert_eq!(runs(directory.path()), ["a", "b", "c"]);
}

#[test]
fn a_line_without_its_break_is_torn_even_if_it_parses() {
    let directory = store_of(&["a"]);
    add_text(directory.path(), &serde_json::to_vec(&record("b")).expect("a record"));
    let (_store, recovered) = Store::resume(directory.path()).expect("resumable");
    assert!(recovered.torn.is_some());
    assert_eq!(runs(directory.path()), ["a"]);
}

#[test]
fn malformed_lines_are_named() {
    let directory = store_of(&["a"]);
    for (text, expected) in [
        (&b"{\"schema\": 1, \"run\": 7}\n"[..], "line 2: expected a record: invalid type"),
        (&b"\xff\x00 noise\n"[..], "line 2: expected a record: expected value (column 1)"),
        (&b"\n"[..], "line 2: expected a record: EOF"),
    ] {
        fs::write(directory.path().join(RECORDS), []).expect("writable");
        Store::resume(directory.path()).expect("empty").0.append(&record("a")).expect("writable");
        add_text(directory.path(), text);
        add_text(directory.path(), &serde_json::to_vec(&record("b")).expect("a record"));
        let mut reader = read(directory.path()).expect("readable");
        assert!(reader.next().expect("line 1").is_ok());
        let error = reader.next().expect("line 2").expect_err("malformed").to_string();
        assert!(error.contains(expected) && error.contains(RECORDS), "{error}");
        assert!(reader.next().is_none(), "nothing is read past an error");
        let error = Store::resume(directory.path()).expect_err("not to be appended to");
        assert!(matches!(error, StoreError::Malformed { line: 2, .. }), "{error}");
    }
}

#[test]
fn a_later_format_is_refused_whatever_it_looks_like() {
    let directory = store_of(&[]);
    add_text(directory.path(), b"{\"schema\": 3, \"unheard-of\": []}\n");
    let error = read(directory.path()).expect("readable").next().expect("a line");
    let error = error.expect_err("a later format");
    assert!(matches!(error, StoreError::Newer { line: 1, found: 3, .. }), "{error}");
    // Also where the fields happen to fit.
    let directory = store_of(&[]);
    let mut store = Store::resume(directory.path()).expect("empty").0;
    store.append(&Record { schema: SCHEMA + 1, ..record("a") }).expect("writable");
    let mut reader = read(directory.path()).expect("readable");
    assert!(matches!(reader.next(), Some(Err(StoreError::Newer { .. }))));
}

#[test]
fn one_writer_at_a_time_and_no_store_is_started_twice() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut first = Store::create(directory.path()).expect("a new store");
    first.append(&record("a")).expect("writable");
    for second in [Store::create(directory.path()).err(), Store::resume(directory.path()).err()] {
        let error = second.expect("refused");
        assert!(matches!(error, StoreError::Locked { .. }), "{error}");
    }
    assert_eq!(runs(directory.path()), ["a"], "readers need no lock");
    drop(first);
    let error = Store::create(directory.path()).expect_err("refused");
    assert!(matches!(error, StoreError::Exists { .. }), "{error}");
    assert!(Store::resume(directory.path()).is_ok());
}

#[test]
fn a_manifest_is_replaced_as_a_whole() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut manifest = Manifest {
        schema: SCHEMA,
        experiment: "demo".into(),
        experiment_hash: "ab".into(),
        order_seed: 7,
        planned: 3,
        shards: None,
        skipped: vec![],
        missing: vec!["HiGHS is not part of this build.".into()],
        versions: [("vmpack".to_owned(), "0.1.0".to_owned())].into(),
        commit: String::new(),
        started: "2026-01-01T00:00:00Z".into(),
        command: vec!["vmpack".into(), "run".into()],
        jobs: 2,
        machine: Machine {
            cpu: "a processor".into(),
            cores: 2,
            memory_bytes: 1 << 33,
            system: "Linux".into(),
        },
        enforcement: Some(Enforcement {
            memory: Means::CgroupV1,
            processes: Means::CgroupV2,
            reason: Some("no memory controller".into()),
        }),
        pinned: vec![vec![0], vec![1]],
        warm_up: 1,
        calibration: Some(Calibration { score: 20.0, ..Calibration::default() }),
    };
    write_manifest(directory.path(), &manifest).expect("writable");
    manifest.planned = 4;
    write_manifest(directory.path(), &manifest).expect("writable");
    assert_eq!(read_manifest(directory.path()).expect("readable"), manifest);
    let names: Vec<_> = fs::read_dir(directory.path()).expect("readable").collect();
    assert_eq!(names.len(), 1, "no draft is left behind");

    let error = Store::create(directory.path()).expect_err("a manifest without records");
    assert!(matches!(error, StoreError::Exists { .. }), "{error}");

    let path = directory.path().join(MANIFEST);
    fs::write(&path, b"{\"schema\": 9}").expect("writable");
    let error = read_manifest(directory.path()).expect_err("a later format");
    assert!(matches!(error, StoreError::Newer { found: 9, .. }), "{error}");
    fs::write(&path, b"{\"schema\": 1,\n").expect("writable");
    let error = read_manifest(directory.path()).expect_err("malformed");
    assert!(matches!(error, StoreError::MalformedManifest { .. }), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    /// Extreme values, floats and text with line breaks survive the way through a line.
    #[test]
    fn any_record_survives_its_line(
        instance in any::<String>(),
        message in any::<String>(),
        seed in any::<u64>(),
        numerator in -i128::MAX..i128::MAX,
        denominator in 1..i128::MAX,
        milliseconds in any::<u32>(),
        rss in any::<u64>(),
    ) {
        let seconds = f64::from(milliseconds) / 1e3;
        let mut written = record("a");
        written.instance = instance;
        written.seed = seed;
        written.termination = Termination::Failed { message };
        written.measurement.wall_s = seconds;
        written.measurement.peak_rss_bytes = rss;
        let answer = written.answer.as_mut().expect("the example has an answer");
        answer.lower_bound = Value::new(numerator, denominator);
        answer.trajectory[0].seconds = seconds;
        let line = serde_json::to_string(&written).expect("a record");
        prop_assert!(!line.contains('\n'));
        let read: Record = serde_json::from_str(&line).expect("a record");
        prop_assert_eq!(read, written);
    }
}
