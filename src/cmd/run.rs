//! `vmpack run`.

use std::num::{NonZeroU16, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use vmpack_check::Effort;
use vmpack_datasets::data_directory;
use vmpack_harness::submission::ShardFile;
use vmpack_harness::{
    Expectation, Experiment, Interrupt, Launcher, Methods, Places, Plan, RunOptions, Setup, Shard,
    Terminal,
};

use super::replay::Simulators;
use super::{did_you_mean, tell};
use crate::experiments::EXPERIMENTS;
use crate::registry::{commit, missing_methods, registry, versions};

/// Run an experiment: every method on every instance, each run in a process of its own.
///
/// Records go to `DIR/records.jsonl` as they finish. Ctrl-C keeps what is finished; the same command
/// with `--resume` runs only what is missing.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// An experiment file, or the name of an experiment that ships (`vmpack list experiments`).
    experiment: PathBuf,
    /// The directory for records and manifest.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Runs in parallel; one per core unless given.
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroU16>,
    /// Take so many instances of each class, or `all`, instead of the `sample` at the top of the file.
    #[arg(long, value_name = "N", value_parser = sample)]
    sample: Option<Sample>,
    /// Keep the runs of each worker to cores of their own; runs in parallel are as many as these allow unless
    /// given.
    #[arg(long)]
    pin: bool,
    /// Run only one part of the experiment: part I of N, the same on every machine, or the runs that a file of `vmpack
    /// submit` lists. `all` is the whole, also in a directory that held a part.
    #[arg(long, value_name = "I/N | FILE.json | all", value_parser = part)]
    shard: Option<Part>,
    /// Divide by the times of earlier records instead of the wall limits; may be given several times, alike on all machines.
    #[arg(long, value_name = "DIR", requires = "shard")]
    expect: Vec<PathBuf>,
    /// Relative paths in the experiment file start from here instead of from its own directory.
    #[arg(long, value_name = "DIR")]
    base: Option<PathBuf>,
    /// Run only what an existing store lacks.
    #[arg(long)]
    resume: bool,
    /// Then write the report beside the records, as `vmpack report DIR` does.
    #[arg(long)]
    report: bool,
}

/// How many instances of each class.
#[derive(Clone, Copy)]
pub(super) enum Sample {
    All,
    Of(NonZeroUsize),
}

pub(super) fn sample(text: &str) -> Result<Sample, String> {
    if text == "all" {
        return Ok(Sample::All);
    }
    text.parse().map(Sample::Of).map_err(|_| "expected a positive integer or `all`".to_owned())
}

/// A part of an experiment.
#[derive(Clone)]
enum Part {
    All,
    Of(Shard),
    File(PathBuf),
}

fn part(text: &str) -> Result<Part, String> {
    if Path::new(text).extension().is_some_and(|extension| extension == "json") {
        return Ok(Part::File(text.into()));
    }
    if text == "all" {
        return Ok(Part::All);
    }
    text.parse().map(Part::Of)
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let (experiment, _) = read(&arguments.experiment, arguments.base.as_deref())?;
    let plan = match &arguments.shard {
        None | Some(Part::All) => plan(experiment, arguments.sample)?,
        Some(Part::Of(shard)) => {
            let mut plan = plan(experiment, arguments.sample)?;
            let directories = arguments.expect.iter().map(PathBuf::as_path);
            plan.keep_shard(*shard, &Expectation::read(directories)?);
            plan
        }
        Some(Part::File(path)) => listed(experiment, arguments.sample, path)?,
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let pin = arguments.pin || plan.experiment.pin;
    let cores_per_run = if pin { usize::try_from(plan.threads()).unwrap_or(cores) } else { 1 };
    let interrupt = Interrupt::on_signals()?;
    let launcher = Launcher::this_program();
    let options = RunOptions {
        directory: &arguments.out,
        jobs: arguments.jobs.map_or(cores / cores_per_run.max(1), |jobs| usize::from(jobs.get())),
        resume: arguments.resume,
        widen: matches!(arguments.shard, Some(Part::All)),
        launcher: &launcher,
        simulator: &Simulators,
        effort: Effort::default(),
        pin,
        setup: Setup {
            versions: versions(),
            commit: commit().to_owned(),
            // Arguments may be paths that are no UTF-8.
            command: std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect(),
        },
    };
    let monitor = Terminal::default();
    let summary = vmpack_harness::run(&plan, &options, &interrupt, &monitor)?;
    tell(&summary);
    if arguments.report && !summary.interrupted {
        super::report::write(&arguments.out, &arguments.out, None)?;
    }
    Ok(match (summary.interrupted, summary.wrong) {
        (true, _) => ExitCode::from(2),
        (false, 0) => ExitCode::SUCCESS,
        (false, _) => ExitCode::from(1),
    })
}

/// The runs that a file lists.
fn listed(experiment: Experiment, sample: Option<Sample>, path: &Path) -> anyhow::Result<Plan> {
    let file = ShardFile::read(path)?;
    if file.experiment_hash != experiment.hash {
        return Err(anyhow!(
            "{} lists runs of another experiment than {}",
            path.display(),
            experiment.path.display()
        ));
    }
    if let Some(instances) = &file.instances
        && let Ok(mut part) = plan_of(experiment.clone(), sample, Some(instances))
        && part.keep_runs(&file.runs, file.shard()).is_empty()
    {
        return Ok(part);
    }
    // All of it: files that came or went meanwhile have moved the instances, or something is wrong.
    let mut plan = plan(experiment, sample)?;
    let absent = plan.keep_runs(&file.runs, file.shard());
    if absent.is_empty() {
        return Ok(plan);
    }
    Err(anyhow!(
        "{}: {} of its {} runs cannot be planned on this machine, the first is {}. {}",
        path.display(),
        absent.len(),
        file.runs.len(),
        absent[0],
        plan.missing.join(" ")
    ))
}

/// The experiment in a file, else the one that ships under that name, and its text. Relative paths in it start from `base`
/// if that is given.
pub(super) fn read(path: &Path, base: Option<&Path>) -> anyhow::Result<(Experiment, String)> {
    let (path, text) = if path.exists() {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("{}: cannot read the experiment", path.display()))?;
        (path.to_owned(), text)
    } else {
        let shipped = EXPERIMENTS.iter().find(|(name, _)| path.as_os_str() == *name);
        let Some((name, text)) = shipped else {
            let name = path.to_string_lossy();
            let hint = did_you_mean(&name, EXPERIMENTS.iter().map(|(name, _)| *name));
            return Err(anyhow!("there is no file and no experiment {name:?}{hint}"));
        };
        (PathBuf::from(format!("{name}.toml")), (*text).to_owned())
    };
    let path = match (base, path.file_name()) {
        (Some(base), Some(name)) => base.join(name),
        _ => path,
    };
    Ok((Experiment::parse(&path, &text)?, text))
}

/// The plan of an experiment, with another sample if one is given.
pub(super) fn plan(experiment: Experiment, sample: Option<Sample>) -> anyhow::Result<Plan> {
    plan_of(experiment, sample, None)
}

/// The same, of some instances alone if these are given.
fn plan_of(
    mut experiment: Experiment,
    sample: Option<Sample>,
    only: Option<&Places>,
) -> anyhow::Result<Plan> {
    match sample {
        None => {}
        Some(Sample::All) => experiment.set_sample(None),
        Some(Sample::Of(size)) => experiment.set_sample(Some(size.get())),
    }
    let (registry, missing) = (registry(), missing_methods());
    let methods = Methods { registry: &registry, missing: &missing, simulator: &Simulators };
    let data = data_directory();
    Ok(match only {
        None => Plan::new(experiment, &methods, &data)?,
        Some(only) => Plan::of_instances(experiment, &methods, &data, only)?,
    })
}
