//! Advisories are found in a copy of the database: here one of two planted ones.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

#[path = "../../../tests/skip.rs"]
mod skip;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn planted(name: &str, patched: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("advisories-{name}"));
    let crates = folder.join("crates/serde_json");
    fs::create_dir_all(&crates).unwrap();
    let text = format!(
        "```toml\n[advisory]\nid = \"RUSTSEC-2099-0001\"\npackage = \"serde_json\"\ndate = \"2099-01-01\"\n\n\
         [versions]\npatched = [\"{patched}\"]\n```\n\n# A planted fault\n\nIt is not there.\n"
    );
    fs::write(crates.join("RUSTSEC-2099-0001.md"), text).unwrap();
    folder
}

fn look(database: &Path) -> (Output, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    let output = command.arg("advisories").env("VMPACK_ADVISORY_DB", database).output().unwrap();
    let text = [&*output.stdout, &*output.stderr].concat();
    (output, String::from_utf8(text).unwrap())
}

#[test]
fn faults_of_dependencies_are_found() {
    let (output, said) = look(&planted("open", ">= 999.0.0"));
    if said.contains("`cargo audit` is not installed") {
        return skip::skipped("`cargo audit` is not installed");
    }
    assert!(!output.status.success() && said.contains("RUSTSEC-2099-0001"), "{said}");
    let (output, said) = look(&planted("closed", ">= 0.1.0"));
    assert!(output.status.success(), "{said}");
}

#[test]
fn a_database_that_is_named_must_be_there() {
    let (output, said) = look(Path::new("/no/such/database"));
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("VMPACK_ADVISORY_DB: there is no folder /no/such/database/crates"));
}
