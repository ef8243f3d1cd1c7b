//! `vmpack status`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use serde::Serialize;
use vmpack_harness::submission::{Progress, Submission, TaskProgress};

use super::say;

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
    /// Neither finished nor known to the batch system, which cannot be asked.
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
        print(&report, &submission, arguments)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn report<'a>(submission: &'a Submission, progress: &'a Progress) -> Report<'a> {
    let mut tasks = Counts::default();
    let mut failed = Vec::new();
    // What a later round took up is no failure any more.
    let last = |task: &TaskProgress| task.round == submission.head.rounds.len();
    for task in &progress.tasks {
        use vmpack_harness::submission::TaskState::{Ended, Queued, Running};
        match &task.state {
            _ if task.is_finished() => tasks.finished += 1,
            Some(Queued(_)) => tasks.queued += 1,
            Some(Running(_)) => tasks.running += 1,
            None if progress.unknown.contains(&task.round) => tasks.unknown += 1,
            None | Some(Ended(_)) if !last(task) => tasks.failed += 1,
            state @ (None | Some(Ended(_))) => {
                tasks.failed += 1;
                failed.push(Failed {
                    task: format!("{}/{}", task.round, task.task),
                    missing: task.planned - task.finished,
                    how: match (state, &submission.head.rounds[task.round - 1].job) {
                        (Some(state), _) => state.to_string(),
                        (None, Some(_)) => "ended".to_owned(),
                        (None, None) => "not submitted, or ended".to_owned(),
                    },
                    said: &task.last_line,
                    log: submission.task(task.round, task.task).join("log"),
                });
            }
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

fn print(
    report: &Report<'_>,
    submission: &Submission,
    arguments: &Arguments,
) -> anyhow::Result<()> {
    let Report { experiment, planned, finished, tasks, failed, methods, notes } = report;
    let percent = *finished as f64 * 100.0 / (*planned).max(1) as f64;
    say(format!("{experiment}: {finished} of {planned} runs finished ({percent:.0} %)"))?;
    for (round, number) in submission.head.rounds.iter().zip(1..) {
        let job = round.job.as_deref().unwrap_or("none yet");
        let (engine, runs, tasks) = (&round.engine, round.runs, round.tasks);
        say(format!("round {number}: {engine} job {job}, {runs} runs in {tasks} tasks"))?;
    }
    let Counts { finished, running, queued, failed: ended, unknown } = tasks;
    let unknown = if *unknown > 0 { format!(", {unknown} unknown") } else { String::new() };
    say(format!(
        "tasks: {finished} finished, {running} running, {queued} queued, {ended} failed{unknown}"
    ))?;
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
    if tasks.running + tasks.queued == 0 && tasks.failed > 0 && report.finished < report.planned {
        say(super::collect::how_to_resume(submission, &arguments.directory))?;
    }
    Ok(())
}
