//! The habits: thin sequences of `cargo` and `vmpack` commands.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Options, native, supply};

pub(crate) type Done = Result<(), String>;

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("crates/xtask lies two levels below the root").to_owned()
}

pub(crate) fn build(options: &Options) -> Done {
    prepare(options)?;
    let mut cargo = cargo(&["build", "--release", "--bin", "vmpack"], options);
    cargo.args(&options.arguments);
    run("build the command (HiGHS alone takes about three minutes the first time)", &mut cargo)?;
    say(&format!("the command is {}", vmpack().display()));
    Ok(())
}

pub(crate) fn demo(options: &Options) -> Done {
    let build_options = Options { without_highs: options.without_highs, arguments: Vec::new() };
    build(&build_options)?;
    let out = root().join("reports/demo");
    if out.join("records.jsonl").exists() && !options.arguments.iter().any(|a| a == "--resume") {
        let previous = root().join("reports/demo.previous");
        say("the last demonstration moves to reports/demo.previous");
        if previous.exists() {
            std::fs::remove_dir_all(&previous)
                .map_err(|e| format!("{}: {e}", previous.display()))?;
        }
        std::fs::rename(&out, &previous).map_err(|e| format!("{}: {e}", out.display()))?;
    }
    let mut experiment = Command::new(vmpack());
    experiment
        .args(["run", "benches/experiments/demo.toml", "--out", "reports/demo"])
        .args(&options.arguments);
    run("run the demonstration experiment", &mut experiment)?;
    let mut report = Command::new(vmpack());
    report.args(["report", "reports/demo"]);
    run("write its report", &mut report)?;
    say("open reports/demo/report.html in a browser");
    Ok(())
}

pub(crate) fn test(options: &Options) -> Done {
    prepare(options)?;
    let mut cargo = cargo(&["test", "--workspace"], options);
    cargo.args(&options.arguments);
    run("run all tests", &mut cargo)
}

pub(crate) fn bench(options: &Options) -> Done {
    prepare(options)?;
    let mut cargo = cargo(&["bench", "--workspace"], options);
    if !options.arguments.is_empty() {
        cargo.arg("--").args(&options.arguments);
    }
    run("run the benchmarks", &mut cargo)
}

pub(crate) fn lint(options: &Options) -> Done {
    prepare(options)?;
    let mut fmt = Command::new(cargo_program());
    fmt.args(["fmt", "--all", "--check"]);
    run("check the formatting", &mut fmt)?;
    let mut clippy = cargo(&["clippy", "--workspace", "--all-targets"], options);
    clippy.args(["--", "--deny", "warnings"]);
    run("check the lints", &mut clippy)?;
    let mut doc = cargo(&["doc", "--workspace", "--no-deps"], options);
    doc.env("RUSTDOCFLAGS", "--deny warnings");
    run("check the documentation", &mut doc)?;
    supply::check()
}

pub(crate) fn prepare(options: &Options) -> Done {
    if options.without_highs {
        say("HiGHS is left out: pure-Rust solvers only");
        return Ok(());
    }
    native::prepare(&root())
}

/// A `cargo` command with the features that the options ask for.
pub(crate) fn cargo(arguments: &[&str], options: &Options) -> Command {
    let mut command = Command::new(cargo_program());
    command.args(arguments);
    if options.without_highs {
        command.arg("--no-default-features");
    }
    command
}

pub(crate) fn cargo_program() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Where builds leave what they make.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Where the release build leaves the command.
pub(crate) fn vmpack() -> PathBuf {
    target().join("release").join(format!("vmpack{}", std::env::consts::EXE_SUFFIX))
}

/// Whether packages may be installed.
pub(crate) fn is_root() -> bool {
    let user = Command::new("id").arg("-u").output();
    user.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

pub(crate) fn say(what: &str) {
    eprintln!("xtask: {what}");
}

/// Runs a command in the root of the workspace, saying what it is for.
pub(crate) fn run(purpose: &str, command: &mut Command) -> Done {
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let words = words.join(" ");
    say(&format!("{purpose}: {words}"));
    let status = command
        .current_dir(root())
        .status()
        .map_err(|error| format!("could not start `{words}`: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{words}` failed ({status})")) }
}
