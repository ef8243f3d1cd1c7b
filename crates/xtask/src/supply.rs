//! Dependencies: what they may be (`deny.toml`), and what is known to be wrong with them.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use crate::habits::{cargo_program, root, run, say};

/// Licences, sources and bans, then advisories; each where its program is installed.
pub(crate) fn check() -> Result<(), String> {
    if is_installed("deny") {
        let mut deny = subcommand("deny");
        deny.args(["--workspace", "--offline", "check", "licenses", "bans", "sources"]);
        run("check the dependencies", &mut deny)?;
    } else {
        say("skipped: licences and sources of dependencies, since `cargo deny` is not installed");
    }
    advisories()
}

/// Known faults, in a copy of the database of `RustSec` (a folder with `crates/NAME/RUSTSEC-*.md`) that the environment variable
/// `VMPACK_ADVISORY_DB` names or that lies in `.native/advisory-db`. Nothing is fetched.
pub(crate) fn advisories() -> Result<(), String> {
    let named = std::env::var_os("VMPACK_ADVISORY_DB").map(PathBuf::from);
    let database = named.clone().unwrap_or_else(|| root().join(".native/advisory-db"));
    if !database.join("crates").is_dir() {
        let place = database.display();
        if named.is_some() {
            return Err(format!("VMPACK_ADVISORY_DB: there is no folder {place}/crates"));
        }
        say(&format!(
            "skipped: advisories, since there is no copy of RustSec's database in {place}"
        ));
        return Ok(());
    }
    if !is_installed("audit") {
        say("skipped: advisories, since `cargo audit` is not installed");
        return Ok(());
    }
    let mut audit = subcommand("audit");
    audit.args(["--no-fetch", "--stale", "--no-yanked", "--db"]).arg(database);
    run("look for advisories", &mut audit)
}

fn is_installed(name: &str) -> bool {
    let output = subcommand(name).arg("--version").output();
    output.is_ok_and(|output| output.status.success())
}

/// A subcommand of Cargo, from the search path or where `cargo xtask aids` puts it.
fn subcommand(name: &str) -> Command {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let own = root().join(".native/python/bin");
    let path = std::env::join_paths(std::env::split_paths(&path).chain([own]));
    let mut command = Command::new(cargo_program());
    command.env("PATH", path.unwrap_or_else(|_| OsString::new()));
    command.arg(name);
    command
}
