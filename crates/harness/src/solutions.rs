//! What runs leave beside their records: solution files with the instances that they answer, so that what was proved can
//! be judged again later and looked at, and time series of replays.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use vmpack_datasets::{SolutionForm, write_instance, write_solution};
use vmpack_files::{Draft, Durability};
use vmpack_model::AnyInstance;
use vmpack_model::allocation::Allocation;
use vmpack_model::packing::Packing;
use vmpack_results::Record;

use crate::{AnyOutcome, Measured, Solutions};

/// Writes the solution of a run, with bound and certificate, and its instance below the run directory, if the
/// experiment keeps it. They are on the disk before the record is, after which the run is not repeated.
pub(crate) fn keep(
    directory: &Path,
    which: Solutions,
    instance: &AnyInstance,
    measured: &Measured,
) -> io::Result<()> {
    let Measured { record, outcome: Some(outcome) } = measured else { return Ok(()) };
    if !is_kept(which, record) {
        return Ok(());
    }
    let Some(text) = solution_text(instance, outcome, &record.method) else { return Ok(()) };
    keep_instance(directory, record, instance)?;
    publish(&[(directory.join(record.solution_file()), &text)])
}

/// Writes the instance that a kept solution answers, once.
fn keep_instance(directory: &Path, record: &Record, instance: &AnyInstance) -> io::Result<()> {
    let path = directory.join(record.instance_file());
    if path.exists() {
        return Ok(());
    }
    let text = write_instance(instance, "json").map_err(io::Error::other)?;
    publish(&[(path, &text)])
}

/// Writes the time series of a replay, each under its name, below the run directory.
pub(crate) fn keep_series(
    directory: &Path,
    record: &Record,
    series: &[(String, String)],
) -> io::Result<()> {
    let named = series.iter().map(|(name, csv)| (directory.join(record.series_file(name)), &**csv));
    publish(&named.collect::<Vec<_>>())
}

/// Writes files that belong together.
fn publish(files: &[(PathBuf, &str)]) -> io::Result<()> {
    let draft = |(path, text): &(PathBuf, &str)| {
        fs::create_dir_all(vmpack_files::folder_of(path))?;
        let draft = Draft::of(path)?;
        draft.file().write_all(text.as_bytes())?;
        Ok(draft)
    };
    let drafts = files.iter().map(draft).collect::<io::Result<Vec<Draft>>>()?;
    vmpack_files::publish_all(drafts, Durability::Flushed)
}

fn is_kept(which: Solutions, record: &Record) -> bool {
    match which {
        Solutions::None => false,
        Solutions::Proved => record.is_proved(),
        Solutions::All => record.is_answered(),
    }
}

/// What a method claims about the instance, as a solution file; `None` if the answer is of another
/// family. The answer must be one that the judge did not reject: others may speak of VMs and hosts that
/// do not exist.
pub fn solution_text(instance: &AnyInstance, outcome: &AnyOutcome, method: &str) -> Option<String> {
    let file = match (instance, outcome) {
        (AnyInstance::Packing(instance), AnyOutcome::Packing(outcome)) => {
            Packing::to_file(instance, outcome, Some(method))
        }
        (AnyInstance::Allocation(instance), AnyOutcome::Allocation(outcome)) => {
            Allocation::to_file(instance, outcome, Some(method))
        }
        _ => return None,
    };
    Some(write_solution(&file))
}
