//! The record of a run, the store that holds them, and the manifest beside it.

use vmpack_results::{MANIFEST, RECORDS, Record, Store, read, read_manifest, write_manifest};

use crate::Target;
use crate::cases::Folder;

/// A record as the harness writes them.
const RECORD: &str = include_str!("../../results/tests/data/record.json");

/// See [`crate::targets`].
pub(crate) const TARGETS: &[Target] = &[
    Target { name: "record", run: record, seeds: || vec![one_line()] },
    Target {
        name: "store",
        run: store,
        seeds: || {
            let line = [one_line(), b"\n".to_vec()].concat();
            let torn = [&*line, &*line, &line[..line.len() / 2]].concat();
            vec![line, torn]
        },
    },
    Target { name: "manifest", run: manifest, seeds: manifests },
];

fn one_line() -> Vec<u8> {
    let record: Record = serde_json::from_str(RECORD).expect("a record");
    serde_json::to_vec(&record).expect("what was read is written")
}

/// A record that is read is written and read again as the same.
fn record(data: &[u8]) -> bool {
    let Ok(record) = serde_json::from_slice::<Record>(data) else { return false };
    let text = serde_json::to_string(&record).expect("what was read is written");
    let again: Record = serde_json::from_str(&text).expect("what was written is read");
    assert_eq!(again, record);
    true
}

/// A store that can be read can be resumed and goes on, and a torn last line costs nothing else.
fn store(data: &[u8]) -> bool {
    let folder = Folder::new();
    folder.file(RECORDS, data);
    let all = || read(folder.path()).expect("there is a store").collect::<Result<Vec<_>, _>>();
    let Ok(before) = all() else {
        assert!(Store::resume(folder.path()).is_err(), "what cannot be read is not resumed");
        return false;
    };
    let (mut store, recovered) = Store::resume(folder.path()).expect("what can be read is resumed");
    assert!(recovered.runs.len() <= before.len());
    let more: Record = serde_json::from_str(RECORD).expect("a record");
    store.append(&more).expect("a store that can be written to");
    let after = all().expect("a store that goes on");
    assert_eq!((after.len(), after.last()), (before.len() + 1, Some(&more)));
    assert_eq!(after[..before.len()], before);
    true
}

/// Likewise a manifest.
fn manifest(data: &[u8]) -> bool {
    let folder = Folder::new();
    folder.file(MANIFEST, data);
    let Ok(manifest) = read_manifest(folder.path()) else { return false };
    write_manifest(folder.path(), &manifest).expect("what was read is written");
    let again = read_manifest(folder.path()).expect("what was written is read");
    assert_eq!(again, manifest);
    true
}

fn manifests() -> Vec<Vec<u8>> {
    let text = r#"{"schema": 1, "experiment": "tiny", "experiment_hash": "c0ffee", "order_seed": 1, "planned": 2,
        "skipped": [{"instance": "a", "method": "mbs", "reason": "it has two resources"}],
        "missing": ["no backend"], "versions": {"vmpack": "0.1.0"}, "commit": "", "started": "2026-01-01T00:00:00Z",
        "command": ["vmpack", "run"], "jobs": 2,
        "machine": {"cpu": "x", "cores": 2, "memory_bytes": 1000, "system": "Linux"}}"#;
    vec![text.into()]
}
