//! Experiments on a cluster: a folder from which an existing batch system works an experiment off.
//!
//! `DIR/submission` holds the experiment, the list of its runs, and a folder per *round*. A round is one job of the batch
//! system, whose tasks have a folder each, with the shard of the task, its own store and its log: no file has two writers.
//! What a round leaves undone, for whatever reason, the next one takes up. The layout is in `FORMATS.md`.

mod collect;
mod engine;
mod hyperqueue;
mod progress;
mod slurm;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use vmpack_files::{Durability, FolderDraft};
use vmpack_results::StoreError;

use crate::{Expectation, Plan, PlannedRun, Shard, divide};

pub use collect::{CollectError, Collected};
pub use engine::{Engine, EngineError, Job, Queue, Queued, TaskState, Word, engine};
pub use progress::{Progress, State, TaskProgress};

/// The folder of a submission inside the directory of the experiment.
pub const SUBMISSION: &str = "submission";
/// The version of the files of a submission.
const SCHEMA: u32 = 1;
const HEAD: &str = "submission.json";
const RUNS: &str = "runs.jsonl";
/// The copy of the experiment file.
const EXPERIMENT: &str = "experiment.toml";
const SHARD: &str = "shard.json";
/// What a task is expected to take when nobody says how many tasks there should be.
const TASK_S: f64 = 1800.0;

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
}

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
    fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }

    fn malformed(path: &Path, expected: &'static str, reason: &impl ToString) -> Self {
        Self::Malformed { path: path.to_owned(), expected, reason: reason.to_string() }
    }
}

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

/// How a round is to be.
#[derive(Debug)]
pub struct Wish<'a> {
    /// The batch system.
    pub engine: &'static dyn Engine,
    /// The number of tasks, if it is to be given.
    pub tasks: Option<usize>,
    /// Runs in parallel in each task.
    pub jobs: u64,
    /// Where and how it is queued.
    pub queue: Queue,
    /// How long runs are expected to take.
    pub expectation: &'a Expectation,
    /// The program, a copy of which goes into the submission.
    pub program: &'a Path,
    /// Whether the round is written, but not handed to the batch system.
    pub dry_run: bool,
}

/// A round that has been written.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// What is known of it.
    pub round: Round,
    /// Its number, from 1.
    pub number: usize,
    /// What each task asks for.
    pub cores: u64,
    /// Its memory in bytes, if known.
    pub memory_bytes: Option<u64>,
    /// Seconds that the longest and the shortest task are expected to take.
    pub expected_s: (f64, f64),
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
        fs::create_dir_all(directory).map_err(SubmissionError::io("create", directory))?;
        let directory = directory.canonicalize().map_err(SubmissionError::io("find", directory))?;
        let place = directory.join(SUBMISSION);
        if place.exists() {
            let hint = "choose another directory";
            return Err(SubmissionError::Exists { path: place, hint });
        }
        let runs: Vec<PlannedRun> = draft.plan.runs.iter().map(PlannedRun::of).collect();
        let limits = || draft.plan.runs.iter().map(|run| run.limits);
        let memory: Option<Vec<u64>> = limits().map(|limits| limits.memory_bytes).collect();
        let head = Head {
            schema: SCHEMA,
            experiment: draft.plan.experiment.name.clone(),
            experiment_hash: draft.plan.experiment.hash.clone(),
            path: draft.path.clone(),
            sample: draft.sample.clone(),
            data_directory: draft.data_directory.clone(),
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

    /// Writes a round that does the runs of the given ids, and hands it to the batch system.
    ///
    /// # Errors
    /// If the batch system takes fewer tasks, refuses, or the folder cannot be written to. What was written of the round
    /// is gone then.
    pub fn add_round(
        &mut self,
        todo: &BTreeSet<&str>,
        wish: &Wish<'_>,
    ) -> Result<Written, SubmissionError> {
        let runs: Vec<&PlannedRun> =
            self.runs.iter().filter(|run| todo.contains(run.run.as_str())).collect();
        let items: Vec<(u64, &str)> =
            runs.iter().map(|run| (wish.expectation.micros(run), run.run.as_str())).collect();
        let seconds: f64 = items.iter().map(|(micros, _)| *micros as f64 * 1e-6).sum();
        let tasks = tasks(wish, runs.len(), seconds)?;
        let number = self.head.rounds.len() + 1;
        let folder = self.round(number);
        // Left by an attempt that was stopped before it was known.
        let _ = fs::remove_dir_all(&folder);

        let mut shards: Vec<ShardFile> = (1..=tasks)
            .map(|index| ShardFile {
                schema: SCHEMA,
                experiment_hash: self.head.experiment_hash.clone(),
                index,
                count: tasks,
                expected_s: 0.0,
                runs: Vec::new(),
            })
            .collect();
        let mut worst_s = vec![0.0; tasks];
        for ((run, &(micros, id)), part) in runs.iter().zip(&items).zip(divide(&items, tasks)) {
            shards[part].runs.push(id.to_owned());
            shards[part].expected_s += micros as f64 * 1e-6;
            worst_s[part] += run.wall_s + crate::GRACE.as_secs_f64() + 1.0;
        }
        let worst_s = worst_s.into_iter().fold(0.0, f64::max) / wish.jobs as f64;
        let longest_s = runs.iter().map(|run| run.wall_s).fold(0.0, f64::max);

        let written = jiff::Timestamp::now().to_string();
        let token = blake3::hash(format!("{} {written}", folder.display()).as_bytes()).to_hex();
        let round = Round {
            engine: wish.engine.name().to_owned(),
            name: format!("vmpack-{}-{}-{number}", self.head.experiment, &token[..8]),
            written,
            tasks,
            runs: runs.len() as u64,
            jobs: wish.jobs,
            job: None,
            collector: None,
            commands: Vec::new(),
        };
        let job = self.job(&round, number, wish, 10.0 + (worst_s + longest_s) / 60.0);
        let expected = || shards.iter().map(|shard| shard.expected_s);
        let mut outcome = Written {
            number,
            cores: job.cores,
            memory_bytes: job.memory_bytes,
            expected_s: (expected().fold(0.0, f64::max), expected().fold(f64::MAX, f64::min)),
            round,
        };
        let write = || {
            fs::create_dir_all(&folder)?;
            for shard in &shards {
                let task = folder.join(shard.index.to_string());
                fs::create_dir(&task)?;
                write_json(&task.join(SHARD), shard)?;
            }
            place_program(wish.program, &job.program)?;
            wish.engine.write(&job)
        };
        // Known before it is queued: what runs must never be unknown.
        self.head.rounds.push(outcome.round.clone());
        let done = write().map_err(SubmissionError::io("write", &folder)).and_then(|commands| {
            self.save()?;
            if wish.dry_run {
                outcome.round.commands = commands;
            } else {
                let queued = wish.engine.submit(&job)?;
                outcome.round.job = Some(queued.tasks);
                outcome.round.collector = queued.collector;
            }
            Ok(())
        });
        self.head.rounds.pop();
        if let Err(error) = done {
            // The error says what matters.
            let _ = self.save();
            let _ = fs::remove_dir_all(&folder);
            return Err(error);
        }
        self.head.rounds.push(outcome.round.clone());
        self.save()?;
        Ok(outcome)
    }

    /// Removes what was created, where its first round could not be submitted.
    pub fn discard(self) {
        // Nothing of value is in it.
        let _ = fs::remove_dir_all(self.directory.join(SUBMISSION));
        // Only if it is empty.
        let _ = fs::remove_dir(&self.directory);
    }

    fn save(&self) -> Result<(), SubmissionError> {
        let path = self.directory.join(SUBMISSION).join(HEAD);
        write_json(&path, &self.head).map_err(SubmissionError::io("write", &path))
    }

    fn job(&self, round: &Round, number: usize, wish: &Wish<'_>, minutes: f64) -> Job {
        let folder = self.round(number);
        let place = self.directory.join(SUBMISSION);
        let plain = |text: &str| Word::Plain(text.to_owned());
        let path = |path: &Path| Word::Plain(path.to_string_lossy().into_owned());
        let mut run = vec![plain("run"), path(&place.join(EXPERIMENT)), plain("--base")];
        run.push(path(self.head.path.parent().unwrap_or(Path::new("/"))));
        if let Some(sample) = &self.head.sample {
            run.extend([plain("--sample"), plain(sample)]);
        }
        run.extend([plain("--shard"), Word::OfTask(folder.clone(), SHARD)]);
        run.extend([plain("--out"), Word::OfTask(folder.clone(), "")]);
        run.extend([plain("--jobs"), plain(&wish.jobs.to_string()), plain("--resume")]);
        let Needs { threads, memory_bytes, own_bytes } = self.head.needs;
        Job {
            name: round.name.clone(),
            tasks: round.tasks,
            cores: threads.saturating_mul(wish.jobs),
            // A run is killed at its limit, but looked at only 20 times a second; and what is killed for it takes the
            // whole task along.
            memory_bytes: memory_bytes.map(|bytes| {
                let of_run = bytes.saturating_add(bytes / 8).saturating_add(64 << 20);
                of_run.saturating_mul(wish.jobs).saturating_add(2 * own_bytes)
            }),
            minutes: minutes.ceil() as u64,
            queue: wish.queue.clone(),
            run,
            collect: vec![plain("collect"), path(&self.directory)],
            program: place.join("vmpack"),
            data_directory: self.head.data_directory.clone(),
            folder,
        }
    }
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
}

/// How many tasks a round has.
fn tasks(wish: &Wish<'_>, runs: usize, seconds: f64) -> Result<usize, SubmissionError> {
    let most = match wish.engine.most_tasks() {
        Ok(most) => most,
        // Slurm's own default, for scripts that are written elsewhere.
        Err(_) if wish.dry_run => Some(1000),
        Err(error) => return Err(error.into()),
    };
    let most = most.unwrap_or(usize::MAX);
    match wish.tasks {
        Some(asked) if asked.min(runs) > most => {
            Err(SubmissionError::TooManyTasks { asked, most, engine: wish.engine.name() })
        }
        Some(asked) => Ok(asked.min(runs)),
        None => {
            let wanted = (seconds / wish.jobs as f64 / TASK_S).ceil() as usize;
            Ok(wanted.clamp(1, most.max(1)).min(runs))
        }
    }
}

/// Copies the program: what is rebuilt meanwhile does not change what is queued. A file that runs cannot be written to,
/// but replaced.
fn place_program(program: &Path, place: &Path) -> io::Result<()> {
    let mut from = File::open(program)?;
    let copy = vmpack_files::Draft::of(place)?;
    io::copy(&mut from, &mut copy.file())?;
    copy.file().set_permissions(from.metadata()?.permissions())?;
    copy.publish(Durability::Unflushed)
}

fn read_json<T: for<'de> Deserialize<'de>>(
    path: &Path,
    expected: &'static str,
) -> Result<T, SubmissionError> {
    let text = fs::read(path).map_err(SubmissionError::io("read", path))?;
    serde_json::from_slice(&text)
        .map_err(|error| SubmissionError::malformed(path, expected, &error))
}

fn write_json(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    vmpack_files::write(path, &text, Durability::Flushed)
}
