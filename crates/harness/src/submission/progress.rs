//! How far a submission is, from its files, and from its batch systems where they can be asked.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use vmpack_results::{RECORDS, StoreError};

use super::{Submission, SubmissionError, TaskState, engine};

/// How far a submission is.
#[derive(Clone, Debug)]
pub struct Progress {
    /// The ids of the runs that are recorded, of those that are planned.
    pub finished: BTreeSet<String>,
    /// Planned and recorded runs by method.
    pub methods: BTreeMap<String, (u64, u64)>,
    /// Every task of every round.
    pub tasks: Vec<TaskProgress>,
    /// What is wrong or not known, one sentence each.
    pub notes: Vec<String>,
    /// The ids of the runs that a task may still record.
    pub pending: BTreeSet<String>,
    /// Rounds that cannot be asked about.
    pub unknown: BTreeSet<usize>,
}

/// How far a task is.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskProgress {
    /// The number of its round.
    pub round: usize,
    /// Its own number.
    pub task: usize,
    /// Its runs.
    pub planned: u64,
    /// Those of them that are recorded, by it or another.
    pub finished: u64,
    /// What the batch system says; `None` if it cannot be asked, or does not know the task (any more).
    pub state: Option<TaskState>,
    /// The last line of its log.
    pub last_line: String,
}

impl TaskProgress {
    /// Whether all its runs are recorded.
    pub fn is_finished(&self) -> bool {
        self.finished == self.planned
    }

    /// Whether it may still record something.
    pub fn is_live(&self) -> bool {
        self.state.as_ref().is_some_and(TaskState::is_live)
    }
}

impl Submission {
    /// How far it is. Stores may be written to meanwhile.
    ///
    /// # Errors
    /// If files of the submission itself cannot be read. Batch systems that do not answer and stores that are damaged
    /// are noted.
    pub fn progress(&self) -> Result<Progress, SubmissionError> {
        let mut progress = Progress {
            finished: BTreeSet::new(),
            methods: BTreeMap::new(),
            tasks: Vec::new(),
            notes: Vec::new(),
            pending: BTreeSet::new(),
            unknown: BTreeSet::new(),
        };
        let mut recorded = BTreeSet::new();
        progress.take_in(self.directory(), &mut recorded);
        let mut shards = Vec::new();
        for (index, round) in self.head.rounds.iter().enumerate() {
            let number = index + 1;
            let states = match engine(&round.engine).map(|engine| engine.states(&round.name)) {
                Some(Ok(states)) => states,
                Some(Err(error)) => {
                    progress.unknown.insert(number);
                    progress.notes.push(format!("round {number}: {error}"));
                    BTreeMap::new()
                }
                None => {
                    progress.unknown.insert(number);
                    let engine = &round.engine;
                    progress.notes.push(format!("round {number}: {engine} is not known here"));
                    BTreeMap::new()
                }
            };
            for task in 1..=round.tasks {
                progress.take_in(&self.task(number, task), &mut recorded);
                shards.push((number, task, states.get(&task).cloned()));
            }
        }
        for run in &self.runs {
            let method = progress.methods.entry(run.method.clone()).or_default();
            method.0 += 1;
            if recorded.contains(&run.run) {
                method.1 += 1;
                progress.finished.insert(run.run.clone());
            }
        }
        for (round, task, state) in shards {
            let shard = self.shard(round, task)?;
            let done = |id: &&String| progress.finished.contains(*id);
            let task = TaskProgress {
                round,
                task,
                planned: shard.runs.len() as u64,
                finished: shard.runs.iter().filter(done).count() as u64,
                last_line: last_line(&self.task(round, task).join("log")),
                state,
            };
            if task.is_live() {
                let open = shard.runs.into_iter().filter(|id| !progress.finished.contains(id));
                progress.pending.extend(open);
            }
            progress.tasks.push(task);
        }
        Ok(progress)
    }
}

impl Progress {
    /// The ids that a store holds.
    fn take_in(&mut self, directory: &Path, recorded: &mut BTreeSet<String>) {
        if !directory.join(RECORDS).exists() {
            return;
        }
        let mut take = || -> Result<(), StoreError> {
            for record in vmpack_results::read(directory)? {
                recorded.insert(record?.run);
            }
            Ok(())
        };
        if let Err(error) = take() {
            self.notes.push(error.to_string());
        }
    }
}

/// The last line of a log, or nothing.
fn last_line(path: &Path) -> String {
    const END: u64 = 2000;
    let read = || {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(END)))?;
        let mut end = Vec::new();
        file.read_to_end(&mut end)?;
        std::io::Result::Ok(String::from_utf8_lossy(&end).into_owned())
    };
    let end = read().unwrap_or_default();
    end.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("").trim().to_owned()
}
