//! A round of a submission: the runs that are left, divided among the tasks of one job.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use vmpack_files::Durability;

use super::form::write_json;
use super::{
    EXPERIMENT, Engine, Job, Needs, Queue, Round, SCHEMA, SHARD, SUBMISSION, ShardFile, Submission,
    SubmissionError, Word,
};
use crate::{Expectation, Places, PlannedRun, divide};

/// What a task is expected to take when nobody says how many tasks there should be.
const TASK_S: f64 = 1800.0;

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

impl Submission {
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
                instances: Some(Places::new()),
            })
            .collect();
        let mut worst_s = vec![0.0; tasks];
        for ((run, &(micros, id)), part) in runs.iter().zip(&items).zip(divide(&items, tasks)) {
            shards[part].runs.push(id.to_owned());
            shards[part].is_about(run.instance, &self.head.datasets);
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
