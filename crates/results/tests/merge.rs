//! Merging stores: what is taken once, what is refused, what comes along.

use std::fs;
use std::path::{Path, PathBuf};

use vmpack_model::{Status, Value};
use vmpack_results::{
    Keep, Machine, Manifest, MergeError, RECORDS, Record, SOLVING_SCHEMA, Shards, Store,
    Termination, merge, read, read_manifest, write_manifest,
};

fn record(run: &str) -> Record {
    let record: Record =
        serde_json::from_str(include_str!("data/record.json")).expect("the example is a record");
    Record { run: run.to_owned(), ..record }
}

fn manifest() -> Manifest {
    Manifest {
        schema: SOLVING_SCHEMA,
        experiment: "demo".into(),
        experiment_hash: "ab".into(),
        order_seed: 7,
        planned: 4,
        shards: None,
        skipped: vec![],
        missing: vec![],
        versions: [("vmpack".to_owned(), "0.1.0".to_owned())].into(),
        commit: "c0".into(),
        started: "2026-01-02T00:00:00Z".into(),
        command: vec!["vmpack".into(), "run".into()],
        jobs: 2,
        machine: Machine {
            cpu: "a processor".into(),
            cores: 2,
            memory_bytes: 1 << 33,
            system: "Linux".into(),
        },
        enforcement: None,
        pinned: vec![],
        warm_up: 0,
        calibration: None,
    }
}

/// Stores in one temporary folder.
struct Stores(tempfile::TempDir);

impl Stores {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn add(&self, name: &str, manifest: &Manifest, records: &[Record]) -> PathBuf {
        let directory = self.path(name);
        let mut store = Store::create(&directory).expect("a new store");
        write_manifest(&directory, manifest).expect("writable");
        for record in records {
            store.append(record).expect("writable");
        }
        directory
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).expect("readable");
        let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("readable").file_name();
        let mut names: Vec<String> =
            entries.map(|entry| name(entry).to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

fn stored(directory: &Path) -> Vec<Record> {
    read(directory).expect("a store").collect::<Result<_, _>>().expect("whole")
}

fn slower(run: &str) -> Record {
    let mut record = record(run);
    record.measurement.wall_s = 7.5;
    record
}

fn answering(run: &str, status: Status, cost: u64, bound: u64) -> Record {
    let mut record = record(run);
    let answer = record.answer.as_mut().expect("the example has an answer");
    answer.status = status;
    answer.claimed_cost = Some(Value::from(cost));
    answer.judgement.cost = Some(Value::from(cost));
    answer.lower_bound = Some(Value::from(bound));
    record
}

#[test]
fn stores_become_one_with_what_runs_left_and_equal_records_once() {
    let stores = Stores::new();
    let a = stores.add("a", &manifest(), &[record("1"), record("2")]);
    let b = stores.add("b", &manifest(), &[record("2"), record("3")]);
    for (directory, file, text) in [
        (&a, "solutions/1.json", "one"),
        (&a, "solutions/9.json", "of no record"),
        (&b, "solutions/2.json", "of a record that comes from the other store"),
        (&b, "series/3.periods.csv", "three"),
        (&b, "series/3.hosts.draft", "half"),
        (&a, "instances/ab.json", "an instance"),
        (&b, "instances/ab.json", "an instance"),
        (&b, "instances/cd.json", "another"),
        (&b, "instances/ef.ThreadId(1).draft", "half"),
    ] {
        let path = directory.join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        fs::write(path, text).expect("writable");
    }
    // A writer was stopped.
    let mut text = fs::read(b.join(RECORDS)).expect("readable");
    text.extend(b"{\"schema\"");
    fs::write(b.join(RECORDS), text).expect("writable");

    let out = stores.path("deep/out");
    let merged = merge(&[a.clone(), b.clone()], &out, Keep::Refuse).expect("nothing contradicts");
    assert_eq!((merged.records, merged.equal, merged.dropped, merged.files), (3, 1, 0, 2));
    assert_eq!(merged.torn.len(), 1);
    assert_eq!(stored(&out), [record("1"), record("2"), record("3")]);
    assert_eq!(fs::read_to_string(out.join("solutions/1.json")).expect("kept"), "one");
    assert_eq!(fs::read_to_string(out.join("instances/ab.json")).expect("kept"), "an instance");
    assert_eq!(fs::read_dir(out.join("instances")).expect("kept").count(), 2);
    assert_eq!(fs::read_to_string(out.join("series/3.periods.csv")).expect("kept"), "three");
    assert_eq!(fs::read_dir(out.join("solutions")).expect("kept").count(), 1);
    assert_eq!(read_manifest(&out).expect("a manifest"), manifest());
    // The same again, over what is there.
    let error = merge(&[a, b], &out, Keep::Refuse).expect_err("taken");
    assert!(matches!(error, MergeError::Exists { .. }), "{error}");
}

#[test]
fn contradictions_are_refused_by_file_line_and_run() {
    let asked = |change: &dyn Fn(&mut Record)| {
        let mut record = record("2");
        change(&mut record);
        record
    };
    let cases = vec![
        (
            record("2"),
            asked(&|r| r.instance_hash = "0ff".into()),
            "instance_hash is \"c0ffee\" and",
        ),
        (record("2"), asked(&|r| r.method = "bfd".into()), "method is"),
        (record("2"), asked(&|r| r.seed = 2), "seed is 1 and 2"),
        (record("2"), asked(&|r| r.limits.wall_s = 3.0), "limits is"),
        (record("2"), asked(&|r| r.features.vms = 1), "features is"),
        (
            answering("2", Status::Optimal, 50, 50),
            answering("2", Status::Optimal, 52, 52),
            "optimal at 50 above 50 and optimal at 52 above 52 cannot both stand",
        ),
        (
            answering("2", Status::Feasible, 50, 48),
            answering("2", Status::Feasible, 60, 51),
            "cannot both stand",
        ),
        (
            answering("2", Status::Feasible, 50, 48),
            asked(&|r| {
                let answer = r.answer.as_mut().expect("an answer");
                answer.status = Status::Infeasible;
                answer.judgement.cost = None;
                answer.lower_bound = None;
            }),
            "infeasible cannot both stand",
        ),
    ];
    for (first, second, what) in cases {
        let stores = Stores::new();
        let a = stores.add("a", &manifest(), &[record("1"), first]);
        let b = stores.add("b", &manifest(), &[second, record("3")]);
        for keep in [Keep::Refuse, Keep::First, Keep::Last, Keep::Complete] {
            let error = merge(&[a.clone(), b.clone()], &stores.path("out"), keep);
            let error = error.expect_err("contradicting").to_string();
            let (a, b) = (a.join(RECORDS), b.join(RECORDS));
            let places = format!("{}, line 2, and {}, line 1", a.display(), b.display());
            assert!(error.contains("run 2: ") && error.contains(what), "{error}");
            assert!(error.ends_with(&places), "{error}");
        }
        assert_eq!(stores.names(), ["a", "b"], "nothing is left of the attempt");
    }
}

#[test]
fn a_run_measured_twice_needs_a_choice() {
    let stores = Stores::new();
    let mut stopped = record("1");
    stopped.termination = Termination::Timeout;
    stopped.answer = None;
    let a = stores.add("a", &manifest(), &[stopped.clone(), record("2")]);
    let b = stores.add("b", &manifest(), &[record("1"), slower("2")]);
    let sources = [a, b];
    let error = merge(&sources, &stores.path("out"), Keep::Refuse).expect_err("a choice");
    assert!(matches!(&error, MergeError::Ambiguous(clashes) if clashes.len() == 2), "{error}");
    for (name, keep, kept) in [
        ("first", Keep::First, [stopped, record("2")]),
        ("last", Keep::Last, [record("1"), slower("2")]),
        ("complete", Keep::Complete, [record("1"), record("2")]),
    ] {
        let merged = merge(&sources, &stores.path(name), keep).expect("a choice");
        assert_eq!((merged.records, merged.dropped), (2, 2));
        assert_eq!(stored(&stores.path(name)), kept, "{name}");
    }
}

#[test]
fn shards_add_up_in_any_order_and_absent_ones_are_named() {
    let shard = |part: u64, planned: u64| Manifest {
        planned,
        shards: Some(Shards { of: 4, planned: [(part, planned)].into() }),
        ..manifest()
    };
    let stores = Stores::new();
    let shards: Vec<PathBuf> = (1..=4)
        .map(|part| {
            let records = [record(&format!("{part}a")), record(&format!("{part}b"))];
            stores.add(&format!("s{part}"), &shard(part, part + 10), &records)
        })
        .collect();
    let merged = |sources: &[PathBuf], name: &str| {
        let out = stores.path(name);
        (merge(sources, &out, Keep::Refuse).expect("shards").manifest, out)
    };
    let (front, front_out) = merged(&shards[..2], "front");
    assert_eq!(front.planned, 23);
    assert_eq!(front.missing, ["Shards that are not among the merged: 3-4 of 4."]);
    let (_, back_out) = merged(&[shards[3].clone(), shards[2].clone()], "back");
    // Shard 2 comes in twice.
    let (whole, out) = merged(&[back_out, front_out, shards[1].clone()], "whole");
    assert_eq!((whole.planned, &whole.shards, &whole.missing[..]), (50, &None, &[][..]));
    assert_eq!(stored(&out).len(), 8);
}

/// A part stays one until the rest of the same experiment file is there.
#[test]
fn a_part_and_a_whole_of_another_file_are_a_part() {
    let shard = |part: u64| Manifest {
        planned: 2,
        shards: Some(Shards { of: 3, planned: [(part, 2)].into() }),
        ..manifest()
    };
    let stores = Stores::new();
    let shards: Vec<PathBuf> = (1..=3)
        .map(|part| stores.add(&format!("s{part}"), &shard(part), &[record(&format!("{part}a"))]))
        .collect();
    let [first, second, third] = [&shards[0], &shards[1], &shards[2]];
    let whole =
        |planned, hash: &str| Manifest { planned, experiment_hash: hash.to_owned(), ..manifest() };
    let records = ["x", "y", "z"].map(record);
    let other = &stores.add("other", &whole(900, "cd"), &records);
    let sampled = &stores.add("sampled", &whole(1, "ab"), &records[..1]);
    let same = &stores.add("same", &whole(6, "ab"), &records[..1]);
    let mut merges = 0;
    let mut merged = |sources: &[&PathBuf]| {
        merges += 1;
        let out = stores.path(&format!("m{merges}"));
        let sources: Vec<PathBuf> = sources.iter().map(|&source| source.clone()).collect();
        (merge(&sources, &out, Keep::Refuse).expect("one experiment").manifest, out)
    };
    let absent = |manifest: &Manifest| {
        let says = |sentence: &&String| sentence.starts_with("Shards that are not among");
        manifest.missing.iter().filter(says).cloned().collect::<Vec<_>>()
    };
    for sources in [[first, second, other], [other, second, first], [first, sampled, second]] {
        let (manifest, out) = merged(&sources);
        assert_eq!(manifest.shards, Some(Shards { of: 3, planned: [(1, 2), (2, 2)].into() }));
        assert_eq!(manifest.experiment_hash, "ab");
        assert_eq!(absent(&manifest), ["Shards that are not among the merged: 3 of 3."]);
        assert!(manifest.planned < 900, "{}", manifest.planned);
        let (manifest, out) = merged(&[&out, third]);
        assert_eq!((manifest.shards.clone(), absent(&manifest)), (None, vec![]));
        assert!(manifest.planned >= stored(&out).len() as u64, "{}", manifest.planned);
    }
    let (manifest, _) = merged(&[first, same]);
    assert_eq!((manifest.shards.clone(), manifest.planned, absent(&manifest)), (None, 6, vec![]));
    // Shards of two files are no whole.
    let third = Manifest { experiment_hash: "cd".into(), ..shard(3) };
    let third = stores.add("third", &third, &[record("3b")]);
    let (manifest, _) = merged(&[first, second, &third]);
    assert_eq!(absent(&manifest), ["Shards that are not among the merged: 3 of 3."]);
}

#[test]
fn other_experiments_are_refused_and_other_machines_said() {
    let stores = Stores::new();
    let mut far = manifest();
    far.machine.cores = 64;
    far.started = "2026-01-01T00:00:00Z".into();
    let a = stores.add("a", &manifest(), &[record("1")]);
    let b = stores.add("b", &far, &[record("2")]);
    let merged = merge(&[a.clone(), b], &stores.path("out"), Keep::Refuse).expect("two machines");
    assert_eq!(merged.manifest.started, "2026-01-01T00:00:00Z");
    assert_eq!(
        merged.manifest.missing,
        [
            "Not all records are alike: some were made with the machine 2 x \"a processor\" on \"Linux\", \
          others with 64 x \"a processor\" on \"Linux\"."
        ]
    );
    let other = Manifest { experiment: "other".into(), ..manifest() };
    let c = stores.add("c", &other, &[record("3")]);
    let error = merge(&[a, c], &stores.path("no"), Keep::Refuse).expect_err("another experiment");
    assert!(error.to_string().contains("holds the experiment \"demo\""), "{error}");
    assert!(!stores.path("no").exists());
}

/// A result inside a source is refused before anything is read, by whatever path it is named.
#[cfg(unix)]
#[test]
fn a_result_inside_a_source_is_refused() {
    let stores = Stores::new();
    let a = stores.add("a", &manifest(), &[record("1")]);
    let b = stores.add("b", &manifest(), &[record("2")]);
    let link = stores.path("link");
    std::os::unix::fs::symlink(&a, &link).expect("writable");
    // Whoever read it would stumble.
    fs::write(a.join(RECORDS), "no record\n").expect("writable");
    let before = stores.names();
    for into in [
        a.join("inside"),
        a.join("deep/inside"),
        a.join("absent/../inside"),
        stores.path("b/../a/inside"),
        link.join("inside"),
    ] {
        for sources in [[a.clone(), b.clone()], [b.clone(), link.clone()]] {
            let error = merge(&sources, &into, Keep::Refuse).expect_err("it is inside");
            assert!(matches!(error, MergeError::Inside { .. }), "{}: {error}", into.display());
            let said = error.to_string();
            assert!(said.contains("is inside") && said.contains("outside of it"), "{said}");
        }
    }
    assert_eq!((stores.names(), fs::read_dir(&a).expect("readable").count()), (before, 2));

    // Beside it, under a name that begins alike, and as an empty directory behind a link.
    fs::write(a.join(RECORDS), "").expect("writable");
    merge(&[a.clone(), b.clone()], &stores.path("ab"), Keep::Refuse).expect("it is outside");
    let empty = stores.path("empty");
    fs::create_dir(&empty).expect("writable");
    let link = stores.path("to-empty");
    std::os::unix::fs::symlink(&empty, &link).expect("writable");
    merge(&[a.clone(), b.clone()], &link, Keep::Refuse).expect("it is outside");
    assert_eq!(stored(&empty).len(), 1);
    let dangling = stores.path("dangling");
    std::os::unix::fs::symlink(stores.path("absent"), &dangling).expect("writable");
    let error = merge(&[a, b], &dangling, Keep::Refuse).expect_err("a link is there");
    assert!(matches!(error, MergeError::Exists { .. }), "{error}");
}
