//! `vmpack completions`.

use std::process::ExitCode;

use clap::CommandFactory as _;

/// Print a completion script for a shell.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The shell.
    shell: clap_complete::Shell,
}

#[expect(clippy::unnecessary_wraps, reason = "verbs have one signature")]
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut command = crate::Arguments::command();
    clap_complete::generate(arguments.shell, &mut command, "vmpack", &mut std::io::stdout());
    Ok(ExitCode::SUCCESS)
}
