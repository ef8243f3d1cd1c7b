//! Optima that were open: instances of which a source gives bounds that do not meet, proved in a run with
//! a certificate that the judge derived again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use vmpack_model::{Status, Value};
use vmpack_results::{Proof, Record, StoreError, read, revise};

use crate::{ReportError, files, tables};

/// The runs that closed an open instance, one for each: the strongest proof, then the fastest. In the
/// order of dataset, class and name.
pub(crate) fn new_optima(records: &[Record]) -> Vec<&Record> {
    let mut found: BTreeMap<&str, &Record> = BTreeMap::new();
    let rank = |record: &Record| (record.proof(), record.measurement.cpu_s.max(0.0).to_bits());
    for record in records.iter().filter(|record| closes(record)) {
        let best = found.entry(&record.instance_hash).or_insert(record);
        if (rank(record), &record.run) < (rank(best), &best.run) {
            *best = record;
        }
    }
    // Another dataset may know the optimum of the same instance.
    for record in records.iter().filter(|record| record.reference.is_some() && !record.is_open()) {
        found.remove(record.instance_hash.as_str());
    }
    let mut found: Vec<&Record> = found.into_values().collect();
    found.sort_by_key(|r| (&r.dataset, &r.class, r.features.vms, &r.instance));
    found
}

fn closes(record: &Record) -> bool {
    let optimal = record.answer.as_ref().is_some_and(|a| a.status == Status::Optimal);
    optimal && record.is_open() && record.proof().is_some_and(|proof| proof < Proof::Word)
}

/// What a source says of the optimum of an open instance, as two numbers.
pub(crate) fn published_bounds(record: &Record) -> (Option<Value>, Option<Value>) {
    let reference = record.reference.as_ref();
    (reference.and_then(|r| r.lower_bound), reference.map(|r| r.cost))
}

/// The optima that a run directory closed, as [`gather_optima`] leaves them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gathered {
    /// The list.
    pub list: PathBuf,
    /// How many optima are in it.
    pub optima: u64,
    /// How many of them come with a file of solution and certificate.
    pub solutions: u64,
}

/// Copies the solution files of all optima that the runs in `run_dir` closed to `out_dir`, and lists them
/// in `new-optima.csv` there.
///
/// # Errors
/// If the store is missing or malformed, or a file cannot be read or written.
pub fn gather_optima(run_dir: &Path, out_dir: &Path) -> Result<Gathered, ReportError> {
    let mut records = read(run_dir)?.collect::<Result<Vec<Record>, StoreError>>()?;
    revise(&mut records);
    let optima = new_optima(&records);
    let mut copies = BTreeMap::new();
    for record in &optima {
        let kept = run_dir.join(record.solution_file());
        if !kept.is_file() {
            continue;
        }
        let content =
            fs::read(&kept).map_err(|source| ReportError::Read { path: kept.clone(), source })?;
        let name = format!("{}.json", record.instance.replace(['/', '\\'], "-"));
        files::publish(&out_dir.join(&name), &content)?;
        copies.insert(record.run.as_str(), PathBuf::from(name));
    }
    let table = tables::new_optima(&optima, |record| copies.get(record.run.as_str()).cloned());
    let list = out_dir.join(format!("{}.csv", table.name));
    let csv = table.csv().map_err(|source| ReportError::Table { table: table.name, source })?;
    files::publish(&list, &csv)?;
    Ok(Gathered { list, optima: optima.len() as u64, solutions: copies.len() as u64 })
}
