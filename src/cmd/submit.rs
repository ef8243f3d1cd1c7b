//! `vmpack submit`.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use vmpack_datasets::data_directory;
use vmpack_harness::submission::{Draft, Engine, Queue, Submission, Wish, Written, engine};
use vmpack_harness::{Expectation, peak_rss};
use vmpack_results::{MANIFEST, RECORDS, read_manifest};

use super::run::{Sample, plan, read, sample};
use super::{counted, say, tell};

/// Run an experiment on a cluster, by its batch system.
///
/// Writes `DIR/submission`, divides the runs among tasks, and hands these to the batch system. DIR must be on a folder that
/// all machines share. `vmpack status DIR` says how far it is, `vmpack collect DIR` gathers the records.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    engine: On,
}

#[derive(clap::Subcommand)]
enum On {
    /// By Slurm: a job array, and a job that collects when it has ended.
    Slurm {
        /// The partition.
        #[arg(long, value_name = "NAME")]
        partition: Option<String>,
        #[command(flatten)]
        common: Common,
    },
    /// By HyperQueue: a task array; the task that ends last collects.
    Hq {
        #[command(flatten)]
        common: Common,
    },
}

#[derive(clap::Args)]
struct Common {
    /// An experiment file, or the name of an experiment that ships; not needed with `--resume`.
    #[arg(required_unless_present = "resume")]
    experiment: Option<PathBuf>,
    /// The directory for records and manifest, and all that the tasks need.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Into how many tasks the runs are divided; as many as take about half an hour each unless given.
    #[arg(long, value_name = "N")]
    tasks: Option<NonZeroUsize>,
    /// Runs in parallel in each task.
    #[arg(long, value_name = "N", default_value = "1")]
    jobs: NonZeroUsize,
    /// Take so many instances of each class, or `all`, instead of the `sample` at the top of the file.
    #[arg(long, value_name = "N", value_parser = sample)]
    sample: Option<Sample>,
    /// Divide by the times of earlier records instead of the wall limits; may be given several times.
    #[arg(long, value_name = "DIR")]
    expect: Vec<PathBuf>,
    /// The time limit of a task, as the batch system writes it, instead of one that is enough in any case.
    #[arg(long, value_name = "TIME")]
    time: Option<String>,
    /// An option of the batch system's own command, such as `--option=--account=me`; may be given several times.
    #[arg(long, value_name = "OPTION", allow_hyphen_values = true, value_parser = line)]
    option: Vec<String>,
    /// A shell line before each task, such as `--setup='module load gcc'`; may be given several times.
    #[arg(long, value_name = "LINE", value_parser = line)]
    setup: Vec<String>,
    /// Submit only what an earlier submission, or `vmpack run`, left undone in DIR. Runs of tasks that are queued or
    /// running are left to them.
    #[arg(long)]
    resume: bool,
    /// Take earlier tasks for ended where their batch system cannot be asked.
    #[arg(long, requires = "resume")]
    assume_ended: bool,
    /// Write everything, but submit nothing.
    #[arg(long)]
    dry_run: bool,
}

fn line(text: &str) -> Result<String, String> {
    if text.contains('\n') { Err("expected one line".to_owned()) } else { Ok(text.to_owned()) }
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let (name, partition, common) = match &arguments.engine {
        On::Slurm { partition, common } => ("slurm", partition.clone(), common),
        On::Hq { common } => ("hq", None, common),
    };
    let engine = engine(name).expect("each subcommand is one of the engines");
    let queue = Queue {
        partition,
        time: common.time.clone(),
        options: common.option.clone(),
        setup: common.setup.clone(),
    };
    if let Some(time) = &common.time {
        engine.check_time(time).map_err(|expected| anyhow!("--time {time}: {expected}"))?;
    }
    let there = Submission::is_in(&common.out);
    let mut submission = if there { continued(common)? } else { begun(common)? };
    match submit(&mut submission, common, engine, queue) {
        Ok(true) => Ok(ExitCode::SUCCESS),
        nothing_or_error => {
            if !there {
                submission.discard();
            }
            nothing_or_error.map(|_| ExitCode::SUCCESS)
        }
    }
}

/// The submission that is there.
fn continued(common: &Common) -> anyhow::Result<Submission> {
    let submission = Submission::read(&common.out)?;
    let name = &submission.head.experiment;
    let out = common.out.display();
    if let Some(path) = &common.experiment {
        let (experiment, _) = read(path, None)?;
        if experiment.name != *name {
            return Err(anyhow!(
                "{out} holds a submission of the experiment {name:?}, not {:?}: choose another directory",
                experiment.name
            ));
        }
        if experiment.hash != submission.head.experiment_hash {
            return Err(anyhow!(
                "{} has changed since {out} was submitted: choose another directory",
                path.display()
            ));
        }
    }
    if !common.resume {
        return Err(anyhow!(
            "{out} holds a submission of the experiment {name:?} already: submit what is missing with --resume, \
             or choose another directory"
        ));
    }
    if common.sample.is_some() {
        return Err(anyhow!("--sample: {out} holds a submission; its runs are chosen already"));
    }
    Ok(submission)
}

/// A new submission.
fn begun(common: &Common) -> anyhow::Result<Submission> {
    let out = common.out.display();
    let Some(path) = &common.experiment else {
        return Err(anyhow!("{out} holds no submission: name the experiment"));
    };
    let (experiment, text) = read(path, None)?;
    if common.out.join(RECORDS).exists() || common.out.join(MANIFEST).exists() {
        if !common.resume {
            return Err(anyhow!(
                "{out} holds records already: submit what is missing with --resume, or choose another directory"
            ));
        }
        let found = read_manifest(&common.out)?;
        if found.experiment != experiment.name {
            return Err(anyhow!(
                "{out} holds the experiment {:?}, not {:?}: choose another directory",
                found.experiment,
                experiment.name
            ));
        }
        if let Some(shards) = found.shards {
            return Err(anyhow!(
                "{out} holds shard {shards} of the experiment, and what is submitted is the whole: choose another directory"
            ));
        }
    }
    let path = std::path::absolute(&experiment.path).context("the experiment")?;
    let plan = plan(experiment, common.sample)?;
    for sentence in &plan.missing {
        tell(sentence);
    }
    let sample = common.sample.map(|sample| match sample {
        Sample::All => "all".to_owned(),
        Sample::Of(size) => size.to_string(),
    });
    let data_directory = std::path::absolute(data_directory()).context("the data directory")?;
    let own_bytes = peak_rss("self").unwrap_or(0);
    let draft = Draft { plan: &plan, text: &text, path, sample, data_directory, own_bytes };
    Ok(Submission::create(&common.out, &draft)?)
}

/// Submits what is missing; whether there was anything.
fn submit(
    submission: &mut Submission,
    common: &Common,
    engine: &'static dyn Engine,
    queue: Queue,
) -> anyhow::Result<bool> {
    let progress = submission.progress()?;
    for note in &progress.notes {
        tell(note);
    }
    if !progress.unknown.is_empty() && !common.assume_ended {
        return Err(anyhow!(
            "it is not known whether earlier tasks still run; if they do not, give --assume-ended"
        ));
    }
    let todo: BTreeSet<&str> = submission.runs.iter().map(|run| run.run.as_str()).collect();
    let todo = todo.into_iter().filter(|&id| !progress.finished.contains(id));
    let todo: BTreeSet<String> =
        todo.filter(|&id| !progress.pending.contains(id)).map(str::to_owned).collect();
    let pending = progress.pending.len();
    if pending > 0 {
        let live = progress.tasks.iter().filter(|task| task.is_live()).map(|task| task.round);
        let rounds = live.collect::<BTreeSet<_>>().into_iter();
        let how = rounds.filter_map(|round| {
            let round = &submission.head.rounds[round - 1];
            let engine = vmpack_harness::submission::engine(&round.engine)?;
            Some(engine.how_to_cancel(round.job.as_deref()?))
        });
        let how = how.collect::<Vec<_>>().join(" && ");
        tell(format_args!(
            "{pending} runs are left to tasks that are queued or running; to submit them anew, first: {how}"
        ));
    }
    if todo.is_empty() {
        say(if pending > 0 { "nothing else is missing" } else { "nothing is missing" })?;
        return Ok(false);
    }
    let own = submission.directory().to_owned();
    let mut earlier: Vec<&Path> = common.expect.iter().map(PathBuf::as_path).collect();
    if own.join(RECORDS).exists() {
        earlier.push(&own);
    }
    let expectation = Expectation::read(earlier)?;
    let program = std::env::current_exe().context("this program")?;
    let wish = Wish {
        engine,
        tasks: common.tasks.map(NonZeroUsize::get),
        jobs: common.jobs.get() as u64,
        queue,
        expectation: &expectation,
        program: &program,
        dry_run: common.dry_run,
    };
    let todo: BTreeSet<&str> = todo.iter().map(String::as_str).collect();
    let written = submission.add_round(&todo, &wish)?;
    announce(submission, &written, common)?;
    Ok(true)
}

/// Says what was done.
fn announce(submission: &Submission, written: &Written, common: &Common) -> anyhow::Result<()> {
    let Written { round, number, cores, memory_bytes, expected_s: (longest, shortest) } = written;
    let folder = submission.round(*number);
    let memory = if let Some(bytes) = memory_bytes {
        format!("{} MiB", bytes.div_ceil(1 << 20))
    } else {
        tell(format_args!(
            "the experiment sets no memory limit: tasks get what the site gives unless an --option says more"
        ));
        "the site's memory".to_owned()
    };
    let cores = if *cores == 1 { "1 core".to_owned() } else { format!("{cores} cores") };
    let times = if longest - shortest < 1.0 {
        format!("{longest:.0} s")
    } else {
        format!("{shortest:.0} to {longest:.0} s")
    };
    say(format!(
        "{}: {} in {}, each of {cores} and {memory}, expected to run for {times}",
        folder.display(),
        counted(round.runs, "run"),
        counted(round.tasks as u64, "task"),
    ))?;
    match (&round.job, &round.collector) {
        (Some(job), Some(collector)) => {
            say(format!(
                "submitted job {job}, and job {collector}, which collects once it has ended"
            ))?;
        }
        (Some(job), None) => say(format!("submitted job {job}, whose last task collects"))?,
        (None, _) => {
            say("nothing is submitted; this does it:")?;
            for command in &round.commands {
                say(format!("  {command}"))?;
            }
        }
    }
    say(format!("vmpack status {} says how far it is", common.out.display()))
}
