//! `vmpack completions`.

use std::process::ExitCode;

use clap::CommandFactory as _;

use super::deliver;

/// Print a completion script for a shell.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The shell.
    shell: clap_complete::Shell,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut command = crate::Arguments::command();
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "vmpack", &mut script);
    deliver(&script, None)?;
    Ok(ExitCode::SUCCESS)
}
