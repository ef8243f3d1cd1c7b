//! The hidden verb behind every measured run: one request in, one answer out.

use std::process::ExitCode;

use super::replay::Simulators;
use crate::registry::registry;

pub(crate) fn run() -> anyhow::Result<ExitCode> {
    vmpack_harness::run_one(&registry(), &Simulators, std::io::stdin(), std::io::stdout())?;
    Ok(ExitCode::SUCCESS)
}
