//! The files of a submission.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use vmpack_files::Durability;

use super::SubmissionError;
use crate::{Places, Shard};

/// What is known of a submission apart from its runs: the file `submission.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// The version of this format.
    pub schema: u32,
    /// The name of the experiment.
    pub experiment: String,
    /// The hash of its file.
    pub experiment_hash: String,
    /// The path of its file, absolute: relative paths in it start from there.
    pub path: PathBuf,
    /// The sample that replaces that of the file, `all` or a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<String>,
    /// The data directory, absolute.
    pub data_directory: PathBuf,
    /// The datasets, as the experiment names them: of each run it is said where its instance stands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub datasets: Vec<String>,
    /// The number of runs planned.
    pub planned: u64,
    /// What a run may need at most.
    pub needs: Needs,
    /// The rounds so far, the first first.
    pub rounds: Vec<Round>,
}

/// What one run may need at most, and the program beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Needs {
    /// Threads of a run.
    pub threads: u64,
    /// Memory of a run in bytes; `None` if one has no limit.
    pub memory_bytes: Option<u64>,
    /// What the program itself held after planning.
    pub own_bytes: u64,
}

/// One job of a batch system.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// The batch system.
    pub engine: String,
    /// The name of the job, which no other has.
    pub name: String,
    /// When it was written, RFC 3339.
    pub written: String,
    /// The number of its tasks, numbered from 1.
    pub tasks: usize,
    /// The number of its runs.
    pub runs: u64,
    /// Runs in parallel in each task.
    pub jobs: u64,
    /// The ids of its jobs; `None` until it has been submitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// The id of the job that collects, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collector: Option<String>,
    /// The command lines that submit it, of a round that was only written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<String>,
}

/// The runs of one task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShardFile {
    /// The version of this format.
    pub schema: u32,
    /// The hash of the experiment's file.
    pub experiment_hash: String,
    /// Which shard, from 1.
    pub index: usize,
    /// Of how many.
    pub count: usize,
    /// Seconds that its runs are expected to take, one after the other.
    pub expected_s: f64,
    /// The ids of the runs.
    pub runs: Vec<String>,
    /// The instances of all of them, where every run has one: a task plans no others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instances: Option<Places>,
}

impl ShardFile {
    /// Reads the shard of a task.
    ///
    /// # Errors
    /// If it cannot be read, or is none.
    pub fn read(path: &Path) -> Result<Self, SubmissionError> {
        let file: Self = read_json(path, "a shard")?;
        if file.index == 0 || file.index > file.count {
            let reason = format!("part {} of {}", file.index, file.count);
            return Err(SubmissionError::malformed(path, "a shard", &reason));
        }
        Ok(file)
    }

    /// Which part it is.
    pub fn shard(&self) -> Shard {
        Shard { index: self.index, count: self.count }
    }

    /// Takes in the instance of a run. Where one has none, all are planned.
    pub(super) fn is_about(&mut self, instance: Option<(usize, usize)>, datasets: &[String]) {
        let known = instance.and_then(|(dataset, place)| Some((datasets.get(dataset)?, place)));
        let Some((dataset, place)) = known else {
            self.instances = None;
            return;
        };
        if let Some(instances) = &mut self.instances {
            instances.entry(dataset.clone()).or_default().insert(place);
        }
    }
}

pub(super) fn read_json<T: for<'de> Deserialize<'de>>(
    path: &Path,
    expected: &'static str,
) -> Result<T, SubmissionError> {
    let text = fs::read(path).map_err(SubmissionError::io("read", path))?;
    serde_json::from_slice(&text)
        .map_err(|error| SubmissionError::malformed(path, expected, &error))
}

pub(super) fn write_json(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    vmpack_files::write(path, &text, Durability::Flushed)
}
