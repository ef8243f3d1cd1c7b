//! `vmpack convert`.

use std::path::PathBuf;
use std::process::ExitCode;

use vmpack_datasets::Format;

use super::{deliver, format_named};

/// Rewrite an instance in another format; refused where that format cannot carry it.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The instance.
    instance: PathBuf,
    /// The format to write: `vmpack list formats` says which are written.
    #[arg(long, value_name = "FORMAT")]
    to: String,
    /// The format to read; recognised from the content unless given.
    #[arg(long, value_name = "FORMAT")]
    from: Option<String>,
    /// The file to write; standard output if it is `-` or none is given.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let format = format_named(&arguments.to)?;
    let from = arguments.from.as_deref().map(format_named).transpose()?;
    let instance = vmpack_datasets::read_file(&arguments.instance, from.map(Format::name))?;
    let text = format.write(&instance)?;
    deliver(text.as_bytes(), arguments.out.as_deref())?;
    Ok(ExitCode::SUCCESS)
}
