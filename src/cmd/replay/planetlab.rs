//! `vmpack replay` of a trace of load.

use std::process::ExitCode;

use anyhow::anyhow;

use super::Arguments;

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    Err(anyhow!("{}: traces of load are not read yet", arguments.trace.display()))
}
