//! Reports of synthetic experiments: what is in them, and that nothing in a store can break them.

mod baseline;
mod data;
mod figures;
mod fleets;
mod latex;
mod numbers;
mod optima;
mod page;
mod papers;
mod replays;
#[path = "../../../../tests/skip.rs"]
mod skip;
mod stores;
mod synthetic;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use synthetic::{manifest, record};
use tempfile::TempDir;
use vmpack_model::{Family, Kind, Value};
use vmpack_report::{FIGURES, Figure, Written};
use vmpack_results::Record;

/// A report in a directory that lives as long as it does.
struct Report {
    directory: TempDir,
    written: Written,
    html: String,
}

impl Report {
    fn of(records: &[Record]) -> Self {
        Self::with(records, &manifest(records.len() as u64))
    }

    fn with(records: &[Record], manifest: &vmpack_results::Manifest) -> Self {
        let directory = TempDir::new().expect("a directory");
        synthetic::store(directory.path(), records, manifest);
        let written = vmpack_report::write(directory.path(), directory.path()).expect("a report");
        let html = fs::read_to_string(&written.html).expect("the page is text");
        Self { directory, written, html }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn table(&self, name: &str) -> Vec<BTreeMap<String, String>> {
        let mut reader =
            csv::Reader::from_path(self.path(&format!("tables/{name}.csv"))).expect("a table");
        reader.deserialize().map(|row| row.expect("a row")).collect()
    }

    /// Fails unless the page has the text.
    #[track_caller]
    fn says(&self, text: &str) {
        assert!(self.html.contains(text), "the page does not say {text:?}");
    }
}

/// The figures of problem families.
fn of_problems() -> impl Iterator<Item = &'static dyn Figure> {
    FIGURES.iter().copied().filter(|figure| figure.is_about(Family::Packing))
}

fn packing(instance: &str, method: &str, cost: u64, seconds: f64) -> Record {
    record(Family::Packing, instance, method, Kind::Greedy, Value::from(cost), seconds)
}

/// Every file below a directory with its content.
fn contents(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            let below = contents(&path).into_iter();
            files.extend(
                below
                    .map(|(name, bytes)| (path.file_name().expect("a name").into(), name, bytes))
                    .map(|(folder, name, bytes): (PathBuf, PathBuf, Vec<u8>)| {
                        (folder.join(name), bytes)
                    }),
            );
        } else {
            files
                .insert(path.file_name().expect("a name").into(), fs::read(&path).expect("a file"));
        }
    }
    files
}
