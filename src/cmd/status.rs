//! `vmpack status`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;
use vmpack_harness::submission::{Progress, State, Submission, TaskProgress, TaskState};

use super::{counted, say};

/// Say how far an experiment is that `vmpack submit` has submitted.
///
/// Records are counted in the stores of all tasks; which tasks are queued or running is asked of the batch system. Where
/// that is not to be had, the files alone are told of.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The directory that was submitted.
    directory: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// What is printed as JSON.
#[derive(Serialize)]
struct Report<'a> {
    experiment: &'a str,
    planned: u64,
    finished: u64,
    tasks: Counts,
    failed: Vec<Failed<'a>>,
    methods: BTreeMap<&'a str, Method>,
    notes: &'a [String],
}

#[derive(Default, Serialize)]
struct Counts {
    finished: usize,
    running: usize,
    queued: usize,
    failed: usize,
    /// Of rounds that were written and not submitted.
    unsubmitted: usize,
    /// Not finished, and the batch system cannot be asked.
    unknown: usize,
}

#[derive(Serialize)]
struct Failed<'a> {
    task: String,
    missing: u64,
    how: String,
    said: &'a str,
    log: PathBuf,
}

#[derive(Serialize)]
struct Method {
    planned: u64,
    finished: u64,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let submission = Submission::read(&arguments.directory)?;
    let progress = submission.progress()?;
    let report = report(&submission, &progress);
    if arguments.json {
        say(serde_json::to_string_pretty(&report)?)?;
    } else {
        print(&report, &submission)?;
        for line in next(&submission, &progress, &report.tasks, &arguments.directory) {
            say(line)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn report<'a>(submission: &'a Submission, progress: &'a Progress) -> Report<'a> {
    let mut tasks = Counts::default();
    let mut failed = Vec::new();
    // What a later round took up is no failure any more.
    let last = |task: &TaskProgress| task.round == submission.head.rounds.len();
    for task in &progress.tasks {
        let count = match &task.state {
            _ if task.is_finished() => &mut tasks.finished,
            State::Known(TaskState::Queued(_)) => &mut tasks.queued,
            State::Known(TaskState::Running(_)) => &mut tasks.running,
            State::Known(TaskState::Ended(_)) | State::Forgotten => &mut tasks.failed,
            State::Unsubmitted => &mut tasks.unsubmitted,
            State::Unknown => &mut tasks.unknown,
        };
        *count += 1;
        let how = match &task.state {
            State::Known(state @ TaskState::Ended(_)) => state.to_string(),
            State::Forgotten => {
                let engine = &submission.head.rounds[task.round - 1].engine;
                format!("ended, and {engine} does not know it any more")
            }
            _ => continue,
        };
        if last(task) && !task.is_finished() {
            failed.push(Failed {
                task: format!("{}/{}", task.round, task.task),
                missing: task.planned - task.finished,
                how,
                said: &task.last_line,
                log: submission.task(task.round, task.task).join("log"),
            });
        }
    }
    let methods = progress
        .methods
        .iter()
        .map(|(method, &(planned, finished))| (method.as_str(), Method { planned, finished }));
    Report {
        experiment: &submission.head.experiment,
        planned: submission.head.planned,
        finished: progress.finished.len() as u64,
        tasks,
        failed,
        methods: methods.collect(),
        notes: &progress.notes,
    }
}

fn print(report: &Report<'_>, submission: &Submission) -> anyhow::Result<()> {
    let Report { experiment, planned, finished, tasks, failed, methods, notes } = report;
    let percent = *finished as f64 * 100.0 / (*planned).max(1) as f64;
    say(format!("{experiment}: {finished} of {planned} runs finished ({percent:.0} %)"))?;
    for (round, number) in submission.head.rounds.iter().zip(1..) {
        let engine = &round.engine;
        let (runs, tasks) = (counted(round.runs, "run"), counted(round.tasks as u64, "task"));
        let job = match &round.job {
            Some(job) => format!("{engine} job {job}"),
            None => format!("written for {engine}, not submitted by vmpack"),
        };
        say(format!("round {number}: {job}, {runs} in {tasks}"))?;
    }
    let Counts { finished, running, queued, failed: ended, unsubmitted, unknown } = tasks;
    let mut counts =
        format!("tasks: {finished} finished, {running} running, {queued} queued, {ended} failed");
    for (number, what) in [(unsubmitted, "not submitted"), (unknown, "unknown")] {
        if *number > 0 {
            counts = format!("{counts}, {number} {what}");
        }
    }
    say(counts)?;
    for Failed { task, missing, how, said, log } in failed.iter().take(20) {
        let said = if said.is_empty() { String::new() } else { format!(": {said}") };
        say(format!(
            "failed: task {task}, {missing} runs missing, {how}{said} ({})",
            log.display()
        ))?;
    }
    if failed.len() > 20 {
        say(format!("failed: {} more", failed.len() - 20))?;
    }
    let width = methods.keys().map(|method| method.chars().count()).max().unwrap_or(0).max(6);
    say(format!("{:width$}  {:>8}  {:>8}  {:>8}", "method", "planned", "finished", "missing"))?;
    for (method, Method { planned, finished }) in methods {
        let missing = planned - finished;
        say(format!("{method:width$}  {planned:>8}  {finished:>8}  {missing:>8}"))?;
    }
    for note in *notes {
        say(note)?;
    }
    Ok(())
}

/// What to do where nothing will happen by itself.
fn next(submission: &Submission, progress: &Progress, tasks: &Counts, out: &Path) -> Vec<String> {
    if progress.finished.len() as u64 == submission.head.planned || tasks.running + tasks.queued > 0
    {
        return Vec::new();
    }
    let Some(last) = submission.head.rounds.last() else { return Vec::new() };
    let resume = super::collect::resume(submission, out);
    let number = submission.head.rounds.len();
    let mut of_last = progress.tasks.iter().filter(|task| task.round == number);
    if of_last.all(|task| task.state == State::Unsubmitted) {
        let mut lines = vec!["nothing is submitted; this does it:".to_owned()];
        lines.extend(last.commands.iter().map(|command| format!("  {command}")));
        lines.push(format!("or, as a round of its own: {resume}"));
        return lines;
    }
    vec![if tasks.unknown > 0 {
        let (unknown, verb) = match tasks.unknown {
            1 => ("1 task".to_owned(), "runs"),
            several => (format!("{several} tasks"), "run"),
        };
        format!("whether {unknown} still {verb} is not known here: ask on a machine of the cluster")
    } else {
        format!("to submit what is missing: {resume}")
    }]
}
