//! `vmpack run`.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::anyhow;
use vmpack_check::Effort;
use vmpack_datasets::data_directory;
use vmpack_harness::{Experiment, Interrupt, Launcher, Methods, Plan, RunOptions, Setup, Terminal};

use super::did_you_mean;
use super::replay::Simulators;
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
    jobs: Option<usize>,
    /// Take so many instances of each class, or `all`, instead of the `sample` at the top of the file.
    #[arg(long, value_name = "N", value_parser = sample)]
    sample: Option<Sample>,
    /// Keep the runs of each worker to cores of their own; runs in parallel are as many as these allow unless
    /// given.
    #[arg(long)]
    pin: bool,
    /// Run only what an existing store lacks.
    #[arg(long)]
    resume: bool,
    /// Then write the report beside the records, as `vmpack report DIR` does.
    #[arg(long)]
    report: bool,
}

/// How many instances of each class.
#[derive(Clone, Copy)]
enum Sample {
    All,
    Of(NonZeroUsize),
}

fn sample(text: &str) -> Result<Sample, String> {
    if text == "all" {
        return Ok(Sample::All);
    }
    text.parse().map(Sample::Of).map_err(|_| "expected a positive integer or `all`".to_owned())
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut experiment = read(&arguments.experiment)?;
    match arguments.sample {
        None => {}
        Some(Sample::All) => experiment.set_sample(None),
        Some(Sample::Of(size)) => experiment.set_sample(Some(size.get())),
    }
    let (registry, missing) = (registry(), missing_methods());
    let methods = Methods { registry: &registry, missing: &missing, simulator: &Simulators };
    let plan = Plan::new(experiment, &methods, &data_directory())?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let pin = arguments.pin || plan.experiment.pin;
    let cores_per_run = if pin { usize::try_from(plan.threads()).unwrap_or(cores) } else { 1 };
    let interrupt = Interrupt::on_signals()?;
    let launcher = Launcher::this_program();
    let options = RunOptions {
        directory: &arguments.out,
        jobs: arguments.jobs.unwrap_or(cores / cores_per_run.max(1)),
        resume: arguments.resume,
        launcher: &launcher,
        simulator: &Simulators,
        effort: Effort::default(),
        pin,
        setup: Setup {
            versions: versions(),
            commit: commit().to_owned(),
            command: std::env::args().collect(),
        },
    };
    let monitor = Terminal::default();
    let summary = vmpack_harness::run(&plan, &options, &interrupt, &monitor)?;
    eprintln!("{summary}");
    if arguments.report && !summary.interrupted {
        super::report::write(&arguments.out, &arguments.out)?;
    }
    Ok(match (summary.interrupted, summary.wrong) {
        (true, _) => ExitCode::from(2),
        (false, 0) => ExitCode::SUCCESS,
        (false, _) => ExitCode::from(1),
    })
}

/// The experiment in a file, else the one that ships under that name.
fn read(path: &Path) -> anyhow::Result<Experiment> {
    if path.exists() {
        return Ok(Experiment::read(path)?);
    }
    let shipped = EXPERIMENTS.iter().find(|(name, _)| path.as_os_str() == *name);
    let Some((name, text)) = shipped else {
        let name = path.to_string_lossy();
        let hint = did_you_mean(&name, EXPERIMENTS.iter().map(|(name, _)| *name));
        return Err(anyhow!("there is no file and no experiment {name:?}{hint}"));
    };
    Ok(Experiment::parse(Path::new(&format!("{name}.toml")), text)?)
}
