//! Experiments on a cluster: a folder from which an existing batch system works an experiment off.
//!
//! `DIR/submission` holds the experiment, the list of its runs, and a folder per *round*. A round is one job of the batch
//! system, whose tasks have a folder each, with the shard of the task, its own store and its log: no file has two writers.
//! What a round leaves undone, for whatever reason, the next one takes up. The layout is in `FORMATS.md`.

mod collect;
mod engine;
mod error;
mod form;
mod hyperqueue;
mod progress;
mod round;
mod slurm;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use vmpack_files::{Durability, FolderDraft};
use vmpack_results::Skipped;

use crate::{Plan, PlannedRun};

pub use collect::{CollectError, Collected};
pub use engine::{Engine, EngineError, Job, Queue, Queued, TaskState, Word, engine};
pub use error::SubmissionError;
pub use form::{Head, Needs, Round, ShardFile};
use form::{read_json, write_json};
pub use progress::{Progress, State, TaskProgress};
pub use round::{Wish, Written};

/// The folder of a submission inside the directory of the experiment.
pub const SUBMISSION: &str = "submission";
/// The version of the files of a submission.
const SCHEMA: u32 = 1;
const HEAD: &str = "submission.json";
const RUNS: &str = "runs.jsonl";
/// The copy of the experiment file.
const EXPERIMENT: &str = "experiment.toml";
/// The pairs of instance and method that are not run.
const SKIPPED: &str = "skipped.json";
const SHARD: &str = "shard.json";

/// What a new submission is made of.
#[derive(Debug)]
pub struct Draft<'a> {
    /// The plan of the whole experiment.
    pub plan: &'a Plan,
    /// The text of the experiment's file.
    pub text: &'a str,
    /// The path of the file, absolute.
    pub path: PathBuf,
    /// The sample that replaces that of the file.
    pub sample: Option<String>,
    /// The data directory, absolute.
    pub data_directory: PathBuf,
    /// What this program holds.
    pub own_bytes: u64,
}

/// A submission: its head and its runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Submission {
    /// The directory of the experiment, absolute.
    directory: PathBuf,
    /// What is known apart from the runs.
    pub head: Head,
    /// Every run of the experiment, in the order of its plan.
    pub runs: Vec<PlannedRun>,
}

impl Submission {
    /// Whether a directory holds one.
    pub fn is_in(directory: &Path) -> bool {
        directory.join(SUBMISSION).join(HEAD).exists()
    }

    /// Reads the one in a directory.
    ///
    /// # Errors
    /// If there is none, or its files are malformed.
    pub fn read(directory: &Path) -> Result<Self, SubmissionError> {
        if !Self::is_in(directory) {
            return Err(SubmissionError::None { directory: directory.to_owned() });
        }
        let directory = directory.canonicalize().map_err(SubmissionError::io("find", directory))?;
        let path = directory.join(SUBMISSION).join(HEAD);
        let head: Head = read_json(&path, "the head of a submission")?;
        if head.schema > SCHEMA {
            let reason = format!("format {} is newer than this version of vmpack", head.schema);
            return Err(SubmissionError::malformed(&path, "a submission", &reason));
        }
        let path = directory.join(SUBMISSION).join(RUNS);
        let lines = File::open(&path).map_err(SubmissionError::io("read", &path))?;
        let runs: Result<Vec<PlannedRun>, _> = BufReader::new(lines)
            .lines()
            .enumerate()
            .map(|(index, line)| {
                let line = line.map_err(SubmissionError::io("read", &path))?;
                serde_json::from_str(&line).map_err(|error| {
                    let reason = format!("line {}: {error}", index + 1);
                    SubmissionError::malformed(&path, "a run per line", &reason)
                })
            })
            .collect();
        Ok(Self { directory, head, runs: runs? })
    }

    /// Makes one in a directory that has none. The files appear under their names when all are written.
    ///
    /// # Errors
    /// If the directory has one already or cannot be written to.
    pub fn create(directory: &Path, draft: &Draft<'_>) -> Result<Self, SubmissionError> {
        vmpack_files::create_folder(directory).map_err(SubmissionError::io("create", directory))?;
        let directory = directory.canonicalize().map_err(SubmissionError::io("find", directory))?;
        let place = directory.join(SUBMISSION);
        if place.exists() {
            let hint = "choose another directory";
            return Err(SubmissionError::Exists { path: place, hint });
        }
        let planned = |run| PlannedRun::of(draft.plan, run);
        let runs: Vec<PlannedRun> = draft.plan.runs.iter().map(planned).collect();
        let limits = || draft.plan.runs.iter().map(|run| run.limits);
        let memory: Option<Vec<u64>> = limits().map(|limits| limits.memory_bytes).collect();
        let head = Head {
            schema: SCHEMA,
            experiment: draft.plan.experiment.name.clone(),
            experiment_hash: draft.plan.experiment.hash.clone(),
            path: draft.path.clone(),
            sample: draft.sample.clone(),
            data_directory: draft.data_directory.clone(),
            datasets: draft.plan.datasets.clone(),
            planned: runs.len() as u64,
            needs: Needs {
                threads: limits().map(|limits| limits.threads).max().unwrap_or(1),
                memory_bytes: memory.and_then(|bytes| bytes.into_iter().max()),
                own_bytes: draft.own_bytes,
            },
            rounds: Vec::new(),
        };
        let write = || {
            let folder = FolderDraft::of(&place)?;
            let at = |name| folder.path().join(name);
            vmpack_files::write(&at(EXPERIMENT), draft.text.as_bytes(), Durability::Flushed)?;
            let lines = vmpack_files::Draft::of(&at(RUNS))?;
            let mut out = BufWriter::new(lines.file());
            for run in &runs {
                serde_json::to_writer(&mut out, run)?;
                out.write_all(b"\n")?;
            }
            out.flush()?;
            drop(out);
            lines.publish(Durability::Flushed)?;
            write_json(&at(SKIPPED), &draft.plan.skipped)?;
            write_json(&at(HEAD), &head)?;
            folder.publish()
        };
        write().map_err(SubmissionError::io("write", &place))?;
        Ok(Self { directory, head, runs })
    }

    /// The directory of the experiment.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The folder of a round, by its number from 1.
    pub fn round(&self, round: usize) -> PathBuf {
        self.directory.join(SUBMISSION).join(round.to_string())
    }

    /// The folder of a task: its shard, store and log.
    pub fn task(&self, round: usize, task: usize) -> PathBuf {
        self.round(round).join(task.to_string())
    }

    /// The shard of a task.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn shard(&self, round: usize, task: usize) -> Result<ShardFile, SubmissionError> {
        ShardFile::read(&self.task(round, task).join(SHARD))
    }

    /// Removes what was created, where its first round could not be submitted.
    pub fn discard(self) {
        // Nothing of value is in it.
        let _ = fs::remove_dir_all(self.directory.join(SUBMISSION));
        // Only if it is empty.
        let _ = fs::remove_dir(&self.directory);
    }

    /// The pairs of instance and method that are not run; `None` in submissions of earlier versions, whose tasks know them.
    fn skipped(&self) -> Result<Option<Vec<Skipped>>, SubmissionError> {
        let path = self.directory.join(SUBMISSION).join(SKIPPED);
        if !path.exists() {
            return Ok(None);
        }
        read_json(&path, "pairs that are not run").map(Some)
    }

    fn save(&self) -> Result<(), SubmissionError> {
        let path = self.directory.join(SUBMISSION).join(HEAD);
        write_json(&path, &self.head).map_err(SubmissionError::io("write", &path))
    }
}
