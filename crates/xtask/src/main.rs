//! `cargo xtask`: prepares the native tools that the build and the tests need, then runs one of the project's habits.
//!
//! It uses the standard library alone, so that it compiles in a second on a fresh machine.

mod aids;
mod fuzz;
mod habits;
mod native;
mod reference;
mod reproduce;
mod sbom;
mod supply;

use std::process::ExitCode;

const HELP: &str = "\
Usage: cargo xtask <HABIT> [--without-highs] [-- ARGUMENTS]

Each habit first prepares what it needs, says what it does, and can be run again.

Habits:
  demo        build, run the demonstration experiment and write its report to reports/demo
  test        run all tests
  build       build target/release/vmpack
  bench       run the criterion benchmarks and the comparison of methods
  lint        check formatting, lints, documentation, and dependencies where cargo-deny and cargo-audit are installed
  ci          lint, then test
  reference   run the reference experiment and write its report to reports/reference
  gallery     take the pictures of the README from the reference report (with a browser)
  setup       prepare the native tools only
  fuzz        feed every reader with damaged input: [-- --seconds N] [TARGET...]
  advisories  look for known faults of dependencies in a copy of RustSec's database, at VMPACK_ADVISORY_DB
  sbom        write what is linked into the command as CycloneDX: [-- --out FILE]
  reproduce   build the command twice in different folders and compare the bytes
  aids        install what only tests need (a browser, Slurm, other solvers); without it those are skipped

Options:
  --without-highs   leave HiGHS out: pure-Rust solvers only, no native tools needed
  -- ARGUMENTS      passed on to the last command of the habit
";

/// What a habit is run with.
struct Options {
    without_highs: bool,
    arguments: Vec<String>,
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let Some(habit) = words.next() else {
        eprint!("{HELP}");
        return ExitCode::from(1);
    };
    let mut options = Options { without_highs: false, arguments: Vec::new() };
    while let Some(word) = words.next() {
        match word.as_str() {
            "--without-highs" => options.without_highs = true,
            "--" => options.arguments = words.by_ref().collect(),
            other => {
                eprintln!("xtask: unknown option {other:?}; see `cargo xtask help`");
                return ExitCode::from(1);
            }
        }
    }
    let done = match habit.as_str() {
        "demo" => habits::demo(&options),
        "test" => habits::test(&options),
        "build" => habits::build(&options),
        "bench" => habits::bench(&options),
        "lint" => habits::lint(&options),
        "ci" => habits::lint(&options).and_then(|()| habits::test(&options)),
        "reference" => reference::reference(&options),
        "gallery" => reference::gallery(&options),
        "setup" => native::prepare(&habits::root()),
        "aids" => {
            aids::prepare(&habits::root());
            Ok(())
        }
        "fuzz" => fuzz::fuzz(&options),
        "advisories" => supply::advisories(),
        "sbom" => sbom::sbom(&options),
        "reproduce" => reproduce::reproduce(&options),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(format!("unknown habit {other:?}; see `cargo xtask help`")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::from(1)
        }
    }
}
