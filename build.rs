//! Hands the commit and the compiler's version to the command, for its records.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=.git/HEAD");
    println!("cargo::rerun-if-changed=.git/index");
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rerun-if-changed=crates");
    let commit =
        output("git", &["rev-parse", "--short=12", "HEAD"]).map_or(String::new(), |commit| {
            let changes = output(
                "git",
                &["--no-optional-locks", "status", "--porcelain", "--untracked-files=no"],
            );
            if changes.is_some_and(|changes| !changes.is_empty()) {
                commit + "-dirty"
            } else {
                commit
            }
        });
    println!("cargo::rustc-env=VMPACK_COMMIT={commit}");
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = output(&rustc, &["--version"]).unwrap_or_default();
    println!("cargo::rustc-env=VMPACK_RUSTC={version}");
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
