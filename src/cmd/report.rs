//! `vmpack report`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;

use super::{say, tell};

/// Write figures, tables and one HTML file from the records of a run directory.
///
/// Works on a half-finished experiment as well, and says how much of it is there.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The directory that `vmpack run` wrote, with `records.jsonl` and `manifest.json`.
    directory: PathBuf,
    /// Where to write; the run directory itself unless given.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The method, or policy of replays, that ratios, intervals and tests are told against; of the methods that were run on the
    /// most instances the one of least mean gap unless given.
    #[arg(long, value_name = "METHOD")]
    baseline: Option<String>,
    /// Also copy the solutions of optima that were open before, with a list of them, to this directory.
    #[arg(long, value_name = "DIR")]
    optima: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let directory = &arguments.directory;
    let out = arguments.out.as_deref().unwrap_or(directory);
    write(directory, out, arguments.baseline.as_deref())?;
    if let Some(out) = &arguments.optima {
        let gathered = vmpack_report::gather_optima(directory, out)
            .with_context(|| format!("new optima of {}", directory.display()))?;
        say(gathered.list.display())?;
        tell(format_args!("{} new optima, {} with solutions", gathered.optima, gathered.solutions));
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes the report and prints what was written.
pub(super) fn write(directory: &Path, out: &Path, baseline: Option<&str>) -> anyhow::Result<()> {
    let written = vmpack_report::write_against(directory, out, baseline)
        .with_context(|| format!("report of {}", directory.display()))?;
    for file in written.files {
        say(file.display())?;
    }
    if let (Some(name), false) = (baseline, written.without_baseline.is_empty()) {
        let without = written.without_baseline.join("; ");
        tell(format_args!(
            "baseline {name:?} was not run everywhere; tested against the best instead: {without}"
        ));
    }
    Ok(())
}
