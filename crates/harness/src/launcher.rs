//! How a child process is started.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use crate::RUN_ONE;

/// How a child process is started: a program that speaks the protocol of
/// [`run_one`](crate::run_one) when it gets these arguments.
#[derive(Clone, Debug)]
pub struct Launcher {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
}

impl Launcher {
    /// The running program itself with the single argument [`RUN_ONE`]. The file that is being executed
    /// is meant, whatever has its name by now: rebuilding the program does not change a running
    /// experiment.
    pub fn this_program() -> Self {
        Self { program: PathBuf::from("/proc/self/exe"), arguments: vec![RUN_ONE.into()] }
    }

    /// The command that starts a child.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        command
    }
}
