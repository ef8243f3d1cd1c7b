//! `cargo xtask reproduce`: the command built twice, in folders of different names, is the same to the byte.
//!
//! Both builds are of the last commit. Paths are mapped to names that are the same everywhere, in Rust and in C++;
//! `docs/supply-chain.md` says what else a build depends on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Options;
use crate::habits::{cargo_program, root, run, say, target};

/// Builds twice and compares. Arguments are passed to both `cargo build`, as `--profile dev`.
pub(crate) fn reproduce(options: &Options) -> Result<(), String> {
    let room = target().join("reproduce");
    if room.exists() {
        fs::remove_dir_all(&room).map_err(|error| format!("{}: {error}", room.display()))?;
    }
    let (one, another) = (room.join("one"), room.join("another/place"));
    // The flags of both builds are the same, whatever Cargo makes of them.
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".cargo")));
    let home = home.ok_or("neither CARGO_HOME nor HOME is set")?;
    let maps = [(&*one, "/vmpack"), (&another, "/vmpack"), (&home, "/cargo")];
    let first = build(&one, &maps, options)?;
    let second = build(&another, &maps, options)?;
    if first != second {
        let at = first.iter().zip(&second).position(|(a, b)| a != b);
        let at = at.unwrap_or(first.len().min(second.len()));
        let lengths = format!("{} and {} bytes", first.len(), second.len());
        let (one, another) = (one.display(), another.display());
        return Err(format!(
            "the builds of {lengths} differ from byte {at} on; they are below {one} and {another}"
        ));
    }
    say(&format!("both builds are the same {} bytes", first.len()));
    Ok(())
}

/// The bytes of the command, built in a clone in that folder, with paths mapped to names.
fn build(folder: &Path, maps: &[(&Path, &str)], options: &Options) -> Result<Vec<u8>, String> {
    let mut clone = Command::new("git");
    clone.args(["clone", "--quiet", "--shared"]).arg(root()).arg(folder);
    run("clone the last commit", &mut clone)?;
    let mapped = |flag: &str| {
        let maps = maps.iter().map(|(path, name)| format!("{flag}={}={name}", path.display()));
        maps.collect::<Vec<_>>().join(" ")
    };
    let mut cargo = Command::new(cargo_program());
    cargo.args(["build", "--locked", "--bin", "vmpack"]);
    if !options.arguments.iter().any(|word| word == "--profile") {
        cargo.arg("--release");
    }
    if options.without_highs {
        cargo.arg("--no-default-features");
    }
    cargo.args(&options.arguments);
    cargo.arg("--manifest-path").arg(folder.join("Cargo.toml"));
    cargo.arg("--target-dir").arg(folder.join("target"));
    cargo.env("RUSTFLAGS", mapped("--remap-path-prefix")).env("CARGO_INCREMENTAL", "0");
    cargo.env("CFLAGS", mapped("-ffile-prefix-map")).env("CXXFLAGS", mapped("-ffile-prefix-map"));
    cargo.env("SOURCE_DATE_EPOCH", "0");
    // With several units the compiler's bitcode differs from build to build, in one folder too.
    cargo.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1");
    cargo.env("CARGO_PROFILE_DEV_CODEGEN_UNITS", "1");
    run("build the command", &mut cargo)?;
    let profiles = ["release", "debug"].map(|profile| folder.join("target").join(profile));
    let program = profiles.iter().map(|profile| profile.join("vmpack")).find(|path| path.exists());
    let program = program.ok_or("the build left no program in target/release or target/debug")?;
    fs::read(&program).map_err(|error| format!("{}: {error}", program.display()))
}
