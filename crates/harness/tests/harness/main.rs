//! The harness drives a program whose methods misbehave, as processes.

#[path = "../../../../tests/clock.rs"]
mod clock;
mod experiments;
mod hostile;
mod repeated;
mod runs;
mod shortage;
#[path = "../../../../tests/skip.rs"]
mod skip;

use std::fs;
use std::path::{Path, PathBuf};

use vmpack_harness::Launcher;

/// The program with the misbehaving methods.
const RIG: &str = env!("CARGO_BIN_EXE_harness-rig");

/// A child of the rig with these arguments.
fn rig(arguments: &[&str]) -> Launcher {
    let arguments = arguments.iter().map(Into::into).collect();
    Launcher { program: PathBuf::from(RIG), arguments }
}

/// Writes instances with `dimensions` resources: five VMs of two types, of a size that depends on the
/// name.
fn write_instances(directory: &Path, names: &[&str], dimensions: usize) {
    for (size, name) in (1..).zip(names) {
        let vector = |size: usize| vec![size.to_string(); dimensions].join(" ");
        let (capacity, one, other) = (vector(100), vector(50 + size), vector(60 + size));
        let text = format!("{dimensions}\n{capacity}\n2\n{one} 2\n{other} 3\n");
        fs::write(directory.join(format!("{name}.vbp")), text).expect("writable");
    }
}

/// Whether a process still runs. A dead one whose parent has not reaped it does not.
fn is_running(process: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    status.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}
