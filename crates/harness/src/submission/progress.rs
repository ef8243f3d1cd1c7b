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
    /// Rounds that may have been submitted, and cannot be asked about.
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
    /// What is known of it beside its records.
    pub state: State,
    /// The last line of its log.
    pub last_line: String,
}

/// What is known of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// What the batch system says.
    Known(TaskState),
    /// It was queued once, and the batch system does not know it any more: it has ended.
    Forgotten,
    /// Its round was written and not submitted, and nothing shows that somebody started it by hand.
    Unsubmitted,
    /// The batch system cannot be asked.
    Unknown,
}

impl TaskProgress {
    /// Whether all its runs are recorded.
    pub fn is_finished(&self) -> bool {
        self.finished == self.planned
    }

    /// Whether it may still record something.
    pub fn is_live(&self) -> bool {
        matches!(&self.state, State::Known(state) if state.is_live())
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
            let asked = match engine(&round.engine) {
                Some(engine) => engine.states(&round.name).map_err(|error| error.to_string()),
                None => Err(format!("{} is not known here", round.engine)),
            };
            // A round that was only written may have been submitted by hand: who asks for its job by name finds it, and
            // tasks leave traces.
            let is_begun = round.job.is_some()
                || asked.as_ref().is_ok_and(|states| !states.is_empty())
                || (1..=round.tasks).any(|task| has_begun(&self.task(number, task)));
            let otherwise = match &asked {
                _ if !is_begun => State::Unsubmitted,
                Ok(_) => State::Forgotten,
                Err(_) => State::Unknown,
            };
            if let Err(reason) = &asked {
                // What was only written, and has left no trace, was not submitted.
                if is_begun {
                    progress.unknown.insert(number);
                }
                progress.notes.push(format!("round {number}: {reason}"));
            }
            let mut states = asked.unwrap_or_default();
            for task in 1..=round.tasks {
                progress.take_in(&self.task(number, task), &mut recorded);
                let state = states.remove(&task).map_or(otherwise.clone(), State::Known);
                shards.push((number, task, state));
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

/// Whether a task has left a trace in its folder.
fn has_begun(folder: &Path) -> bool {
    ["log", RECORDS].iter().any(|name| folder.join(name).exists())
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
