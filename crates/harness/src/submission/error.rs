//! What can be wrong with a submission.

use std::io;
use std::path::{Path, PathBuf};

use vmpack_results::StoreError;

use super::EngineError;

/// What is wrong with a submission.
#[derive(Debug, thiserror::Error)]
pub enum SubmissionError {
    /// There is none.
    #[error("{} holds no submission: vmpack submit makes one", directory.display())]
    None {
        /// The directory.
        directory: PathBuf,
    },
    /// Something is there already.
    #[error("{} exists already: {hint}", path.display())]
    Exists {
        /// What is there.
        path: PathBuf,
        /// What to do.
        hint: &'static str,
    },
    /// It is of another experiment.
    #[error("{} holds the experiment {found}, not {expected}: choose another directory", directory.display())]
    OtherExperiment {
        /// The directory.
        directory: PathBuf,
        /// The experiment in it.
        found: String,
        /// The experiment that was given.
        expected: String,
    },
    /// A file of it is not what it should be.
    #[error("{}: expected {expected}: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was expected.
        expected: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// More tasks than the batch system takes.
    #[error("--tasks {asked}: {engine} takes at most {most} tasks at once here")]
    TooManyTasks {
        /// How many were wanted.
        asked: usize,
        /// How many there may be.
        most: usize,
        /// The batch system.
        engine: &'static str,
    },
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
    /// A store of a task cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The batch system did not do what it was asked.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl SubmissionError {
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }

    pub(super) fn malformed(path: &Path, expected: &'static str, reason: &impl ToString) -> Self {
        Self::Malformed { path: path.to_owned(), expected, reason: reason.to_string() }
    }
}
