//! `vmpack report`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;

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
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let out = arguments.out.as_deref().unwrap_or(&arguments.directory);
    let written = vmpack_report::write(&arguments.directory, out)
        .with_context(|| format!("report of {}", arguments.directory.display()))?;
    for file in written.files {
        println!("{}", file.display());
    }
    Ok(ExitCode::SUCCESS)
}
