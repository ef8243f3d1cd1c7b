//! `cargo xtask fuzz`: every target of `crates/fuzz` for a bounded time under libFuzzer, on stable Rust.
//!
//! The compiler inserts counters by a pass of LLVM that needs no nightly flag. What is found is kept under `target/fuzz/`
//! from run to run; inputs that broke something and were mended belong into `crates/fuzz/corpus/TARGET/`.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use crate::habits::{cargo_program, root, run, say, target};
use crate::{Options, native};

/// Counters of edges and comparisons.
const COVERAGE: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// Seconds for all targets together, unless told otherwise.
const SECONDS: u64 = 40;

/// Builds the targets, and runs all or the named ones: `[--seconds N] [TARGET...]`.
pub(crate) fn fuzz(options: &Options) -> Result<(), String> {
    let (seconds, mut wanted) = arguments(&options.arguments)?;
    let program = build()?;
    let room = target().join("fuzz");
    let (seeds, found) = (room.join("seeds"), room.join("found"));
    let listed = Command::new(&program).env("VMPACK_FUZZ_SEEDS", &seeds).output();
    let listed = listed.map_err(|error| format!("{}: {error}", program.display()))?;
    let known = String::from_utf8_lossy(&listed.stdout).into_owned();
    let known: Vec<&str> = known.lines().collect();
    if let Some(unknown) = wanted.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(format!(
            "there is no target {unknown:?}: expected some of {}",
            known.join(", ")
        ));
    }
    if wanted.is_empty() {
        wanted = known.iter().map(|&name| name.to_owned()).collect();
    }
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(wanted.len());
    let each = (seconds * workers as u64 / wanted.len() as u64).max(1);
    say(&format!("fuzz {} targets for {each} s each, {workers} at a time", wanted.len()));
    let queue = Mutex::new(VecDeque::from(wanted));
    let next = || queue.lock().ok().and_then(|mut queue| queue.pop_front());
    let broken = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(name) = next() {
                    if let Err(report) = one(&program, &name, each, &seeds, &found)
                        && let Ok(mut broken) = broken.lock()
                    {
                        broken.push(report);
                    }
                }
            });
        }
    });
    let broken = broken.into_inner().unwrap_or_default();
    if broken.is_empty() { Ok(()) } else { Err(broken.join("\n")) }
}

fn arguments(words: &[String]) -> Result<(u64, Vec<String>), String> {
    let Some(at) = words.iter().position(|word| word == "--seconds") else {
        return Ok((SECONDS, words.to_vec()));
    };
    let number = words.get(at + 1).and_then(|number| number.parse().ok());
    let seconds = number.filter(|&seconds| seconds > 0);
    let seconds = seconds.ok_or("--seconds: expected a positive number of seconds")?;
    Ok((seconds, [&words[..at], &words[at + 2..]].concat()))
}

/// The instrumented program. It has a folder of its own, so that its flags build nothing else anew.
fn build() -> Result<PathBuf, String> {
    let host = native::host()?;
    let room = target().join("fuzz/build");
    let mut cargo = Command::new(cargo_program());
    cargo.args([
        "build",
        "--profile",
        "fuzz",
        "--package",
        "vmpack-fuzz",
        "--features",
        "libfuzzer",
    ]);
    // With a target named, the flags spare build scripts and macros.
    cargo.args(["--target", &host]).arg("--target-dir").arg(&room);
    cargo.env("RUSTFLAGS", COVERAGE).env("CARGO_INCREMENTAL", "0");
    run("build the fuzz targets", &mut cargo)?;
    Ok(room.join(host).join("fuzz/vmpack-fuzz"))
}

/// Runs a target; what broke it, and how to see it again.
fn one(program: &Path, name: &str, seconds: u64, seeds: &Path, found: &Path) -> Result<(), String> {
    let (work, faults) = (found.join(name), found.join("faults").join(name));
    for folder in [&work, &faults] {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    // Files that a reader is given: in memory, where that is to be had.
    let memory = Path::new("/dev/shm");
    let scratch = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let scratch = scratch.join(format!("vmpack-fuzz-{}-{name}", std::process::id()));
    fs::create_dir_all(&scratch).map_err(|error| format!("{}: {error}", scratch.display()))?;
    let mut command = Command::new(program);
    command.env("VMPACK_FUZZ_TARGET", name).env("TMPDIR", &scratch);
    command.arg(&work).arg(seeds.join(name));
    let corpus = root().join("crates/fuzz/corpus").join(name);
    if corpus.is_dir() {
        command.arg(corpus);
    }
    command.args(["-timeout=5", "-rss_limit_mb=1000", "-max_len=16384", "-print_final_stats=1"]);
    command.arg(format!("-max_total_time={seconds}"));
    command.arg(format!("-artifact_prefix={}/", faults.display()));
    let output = command.stdin(Stdio::null()).output();
    let _ = fs::remove_dir_all(&scratch);
    let output = output.map_err(|error| format!("{}: {error}", program.display()))?;
    let log = String::from_utf8_lossy(&output.stderr);
    let statistic = |word: &str| {
        let line = log.lines().rev().find(|line| line.contains(word));
        line.and_then(|line| line.split(word).nth(1)?.split_whitespace().next()).unwrap_or("0")
    };
    let (inputs, coverage) = (statistic("number_of_executed_units:"), statistic(" cov: "));
    say(&format!("{name}: {inputs} inputs, {coverage} edges"));
    if output.status.success() {
        return Ok(());
    }
    let lines: Vec<&str> = log.lines().collect();
    let tail = lines[lines.len().saturating_sub(25)..].join("\n");
    let (program, faults) = (program.display(), faults.display());
    Err(format!("{name} broke:\n{tail}\nagain: VMPACK_FUZZ_TARGET={name} {program} {faults}/FILE"))
}
