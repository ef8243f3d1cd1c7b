//! The program under the harness's tests: it runs experiments, and its methods misbehave.
//!
//! `harness-rig run EXPERIMENT DIR JOBS [--resume]` works an experiment off, `harness-rig run-one` is one
//! run of it. Further verbs break the protocol between the two.

mod methods;
mod simulator;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use simulator::Rigged;
use vmpack_check::Effort;
use vmpack_harness::{
    Experiment, Interrupt, Launcher, Methods, Plan, RUN_ONE, RunOptions, Setup, Terminal, run,
    run_one,
};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match perform(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn perform(arguments: &[String]) -> Result<ExitCode, Box<dyn Error>> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        [RUN_ONE] => run_one(&methods::registry(), &Rigged, std::io::stdin(), std::io::stdout())?,
        ["linger"] => {
            run_one(&methods::registry(), &Rigged, std::io::stdin(), std::io::stdout())?;
            std::thread::sleep(std::time::Duration::from_secs(1));
        }
        ["run", experiment, directory, jobs] => {
            return work_off(experiment, directory, jobs, false);
        }
        ["run", experiment, directory, jobs, "--resume"] => {
            return work_off(experiment, directory, jobs, true);
        }
        ["garbage"] => println!("ready\n{{\"family\": \"packing\", \"outcome\": 7}}"),
        ["silent"] => return Ok(ExitCode::from(3)),
        ["flood"] => loop {
            println!("{}", "0".repeat(1 << 16));
        },
        _ => return Err("expected run, run-one, linger, garbage, silent or flood".into()),
    }
    Ok(ExitCode::SUCCESS)
}

fn work_off(
    experiment: &str,
    directory: &str,
    jobs: &str,
    resume: bool,
) -> Result<ExitCode, Box<dyn Error>> {
    let registry = methods::registry();
    let methods = Methods { registry: &registry, missing: &[], simulator: &Rigged };
    let plan = Plan::new(Experiment::read(Path::new(experiment))?, &methods, Path::new("/absent"))?;
    let options = RunOptions {
        directory: Path::new(directory),
        jobs: jobs.parse()?,
        resume,
        widen: false,
        launcher: &Launcher::this_program(),
        simulator: &Rigged,
        effort: Effort::default(),
        pin: false,
        setup: Setup::default(),
    };
    let summary = run(&plan, &options, &Interrupt::on_signals()?, &Terminal::default())?;
    eprintln!("{summary}");
    Ok(if summary.interrupted { ExitCode::from(2) } else { ExitCode::SUCCESS })
}
