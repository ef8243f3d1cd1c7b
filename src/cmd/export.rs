//! `vmpack export`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::anyhow;
use vmpack_results::{TableFormat, export};

use super::{say, tell};

/// Write the records of a run directory as one table, a row per run: Parquet or CSV.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The directory of the store.
    directory: PathBuf,
    /// The file, which ends in `.parquet` or `.csv`.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let out = &arguments.out;
    let format = match out.extension().and_then(|extension| extension.to_str()) {
        Some("parquet") => TableFormat::Parquet,
        Some("csv") => TableFormat::Csv,
        _ => {
            return Err(anyhow!(
                "{}: expected a name that ends in .parquet or .csv",
                out.display()
            ));
        }
    };
    let exported = export(&arguments.directory, out, format)?;
    if let Some(torn) = exported.torn {
        tell(format_args!("line {}: a record was cut short and is left out", torn.line));
    }
    tell(format_args!("{} runs, {} columns", exported.rows, exported.columns));
    say(out.display())?;
    Ok(ExitCode::SUCCESS)
}
