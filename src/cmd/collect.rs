//! `vmpack collect`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use vmpack_harness::submission::Submission;

use super::{say, tell};

/// Gather the records of all tasks of a submission into `DIR/records.jsonl`, with manifest and kept files.
///
/// Works while tasks run, and may be repeated. Exits with 2 while runs are missing.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The directory that was submitted.
    directory: PathBuf,
    /// Then write the report beside the records, as `vmpack report DIR` does.
    #[arg(long)]
    report: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let submission = Submission::read(&arguments.directory)?;
    let collected = submission.collect()?;
    let directory = arguments.directory.display();
    if collected.records == 0 {
        say(format!("nothing is recorded yet in {directory}"))?;
        return Ok(ExitCode::from(2));
    }
    say(format!("{} records, {} files: {directory}", collected.records, collected.files))?;
    if collected.dropped > 0 {
        say(format!("{} runs were recorded twice; one record of each is kept", collected.dropped))?;
    }
    if arguments.report {
        super::report::write(&arguments.directory, &arguments.directory, None)?;
    }
    let progress = submission.progress()?;
    for note in &progress.notes {
        tell(note);
    }
    let missing = submission.head.planned.saturating_sub(progress.finished.len() as u64);
    if missing == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    let live = progress.tasks.iter().filter(|task| task.is_live()).count();
    let pending = progress.pending.len();
    say(format!("{missing} of {} runs are missing", submission.head.planned))?;
    for (method, (planned, finished)) in &progress.methods {
        if finished < planned {
            say(format!("  {method}: {} of {planned}", planned - finished))?;
        }
    }
    if pending > 0 {
        say(format!("{pending} of them are with {live} tasks that are queued or running"))?;
    } else {
        let resume = resume(&submission, &arguments.directory);
        say(format!("to submit what is missing: {resume}"))?;
    }
    Ok(ExitCode::from(2))
}

/// The command that submits what is missing.
pub(super) fn resume(submission: &Submission, directory: &Path) -> String {
    let engine = submission.head.rounds.last().map_or("slurm", |round| round.engine.as_str());
    format!("vmpack submit {engine} --resume --out {}", directory.display())
}
