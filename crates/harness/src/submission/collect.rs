//! One store of what all tasks have recorded.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use vmpack_results::{
    Keep, MANIFEST, MergeError, RECORDS, Store, StoreError, merge_within, write_manifest,
};

use super::{SUBMISSION, Submission, SubmissionError};

/// What was collected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collected {
    /// Records in the store of the directory.
    pub records: u64,
    /// Runs that several tasks recorded, of which one record was kept.
    pub dropped: u64,
    /// Kept solutions and time series.
    pub files: u64,
}

/// Why nothing was collected.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// The stores do not fit together.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// A file of the submission cannot be read.
    #[error(transparent)]
    Submission(#[from] SubmissionError),
    /// Somebody adds records to the store of the directory.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> CollectError {
    move |source| CollectError::Io { action, path: path.to_owned(), source }
}

impl Submission {
    /// Merges the records of all tasks, and those that the directory holds already, into the store of the directory, with
    /// manifest, solutions, their instances, and time series. Tasks may run meanwhile; doing it again changes nothing but
    /// what is new.
    ///
    /// # Errors
    /// If a store is damaged, records contradict each other, somebody writes to the store of the directory, or it cannot
    /// be written to. The store of the directory is as before then.
    pub fn collect(&self) -> Result<Collected, CollectError> {
        let directory = self.directory();
        let place = directory.join(SUBMISSION);
        // Whoever collects second would else put back what it read first.
        let _lock = lock(&place.join("lock"))?;
        let holds = |folder: &Path| folder.join(RECORDS).exists() && folder.join(MANIFEST).exists();
        // Whoever goes on with the experiment here, without the cluster, must not write to a file that is replaced.
        let mine = if holds(directory) { Some(Store::resume(directory)?) } else { None };
        let rounds = self.head.rounds.iter().zip(1..);
        let tasks = rounds.flat_map(|(round, n)| (1..=round.tasks).map(move |task| (n, task)));
        let mut sources: Vec<PathBuf> = mine.iter().map(|_| directory.to_owned()).collect();
        sources.extend(tasks.map(|(round, task)| self.task(round, task)).filter(|t| holds(t)));
        if sources.is_empty() {
            return Ok(Collected { records: 0, dropped: 0, files: 0 });
        }
        let draft = place.join("collected");
        // Left by a collection that was stopped.
        let _ = fs::remove_dir_all(&draft);
        let merged = merge_within(&sources, &draft, Keep::Complete)?;
        let mut manifest = merged.manifest;
        // Rounds divide what is left in their own ways; planned is what the experiment plans.
        manifest.planned = self.head.planned;
        manifest.shards = None;
        if let Some(skipped) = self.skipped()? {
            manifest.skipped = skipped;
        }
        write_manifest(&draft, &manifest)?;
        // Instances before the solutions that answer them.
        for name in ["instances", "solutions", "series"] {
            take_over(&draft.join(name), &directory.join(name))?;
        }
        for name in [RECORDS, MANIFEST] {
            let to = directory.join(name);
            vmpack_files::replace(&draft.join(name), &to).map_err(failed("write", &to))?;
        }
        let _ = fs::remove_dir_all(&draft);
        Ok(Collected { records: merged.records, dropped: merged.dropped, files: merged.files })
    }
}

/// Waits until nobody else collects. Where files cannot be locked, whoever collects twice at once may have to do it again.
fn lock(path: &Path) -> Result<File, CollectError> {
    let file = File::create(path).map_err(failed("write", path))?;
    match file.lock() {
        Err(error) if error.kind() != io::ErrorKind::Unsupported => {
            Err(failed("lock", path)(error))
        }
        _ => Ok(file),
    }
}

/// Moves the files of a folder into another.
fn take_over(from: &Path, to: &Path) -> Result<(), CollectError> {
    let Ok(entries) = fs::read_dir(from) else { return Ok(()) };
    fs::create_dir_all(to).map_err(failed("create", to))?;
    for entry in entries {
        let entry = entry.map_err(failed("read", from))?;
        let place = to.join(entry.file_name());
        fs::rename(entry.path(), &place).map_err(failed("write", &place))?;
    }
    Ok(())
}
