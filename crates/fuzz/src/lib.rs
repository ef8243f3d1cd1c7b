//! Whatever reads what strangers wrote, as functions of bytes that must never panic, hang or hoard memory.
//!
//! A [`Target`] is one reader, or several of one kind, with inputs to start from that the project's own generators and
//! writers make. `cargo xtask fuzz` mutates them for a bounded time, guided by coverage; the tests of this crate feed
//! every target with its seeds, with those that once broke something (`corpus/TARGET/`), and with damaged ones.
//!
//! A target may refuse whatever it is given but its seeds. What it accepts must hold together: what is written again is read again,
//! with the same meaning.

mod answers;
mod cases;
mod fleets;
mod instances;
mod records;
mod settings;
mod traces;

use std::path::Path;

/// A reader to be fuzzed.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, and that of its folder in `corpus/`.
    pub name: &'static str,
    /// Feeds it, and returns whether it accepted the input.
    pub run: fn(&[u8]) -> bool,
    /// Inputs that it accepts, to start from.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// Every target.
pub fn targets() -> impl Iterator<Item = &'static Target> {
    [
        instances::TARGETS,
        fleets::TARGETS,
        settings::TARGETS,
        traces::TARGETS,
        records::TARGETS,
        answers::TARGETS,
    ]
    .into_iter()
    .flatten()
}

/// Writes the seeds of every target into a folder of its name.
///
/// # Errors
/// If the folder cannot be written to.
pub fn write_seeds(folder: &Path) -> std::io::Result<()> {
    for target in targets() {
        let folder = folder.join(target.name);
        std::fs::create_dir_all(&folder)?;
        for (number, seed) in (target.seeds)().iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{number:02}")), seed)?;
        }
    }
    Ok(())
}
