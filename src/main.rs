//! The `vmpack` command: parses arguments and hands the registries to harness and report.

mod cmd;
mod experiments;
mod plan;
mod registry;
mod scenarios;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Which way of allocating CPU and memory to virtual machines, and of packing them onto hosts, costs
/// least, and how long does it take to find?
///
/// Exit codes: 0 answered, 1 error in the input or the arguments (or a wrong answer found by `check`),
/// 2 no answer within the limits, 3 no placement exists (`explain`, `plan`),
/// 4 a regression (`compare`).
#[derive(Parser)]
#[command(name = "vmpack", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Run(cmd::run::Arguments),
    Submit(Box<cmd::submit::Arguments>),
    Status(cmd::status::Arguments),
    Collect(cmd::collect::Arguments),
    Report(cmd::report::Arguments),
    Merge(cmd::merge::Arguments),
    Serve(cmd::serve::Arguments),
    Compare(cmd::compare::Arguments),
    Export(cmd::export::Arguments),
    Solve(cmd::solve::Arguments),
    Explain(cmd::explain::Arguments),
    Plan(cmd::plan::Arguments),
    Check(cmd::check::Arguments),
    Calibrate(cmd::calibrate::Arguments),
    Generate(cmd::generate::Arguments),
    Convert(cmd::convert::Arguments),
    Replay(Box<cmd::replay::Arguments>),
    List(cmd::list::Arguments),
    Completions(cmd::completions::Arguments),
    #[command(hide = true)]
    RunOne,
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are answers; clap's own exit code for errors means something else here.
            let code = u8::from(error.use_stderr());
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let done = match arguments.command {
        Command::Run(arguments) => cmd::run::run(&arguments),
        Command::Submit(arguments) => cmd::submit::run(&arguments),
        Command::Status(arguments) => cmd::status::run(&arguments),
        Command::Collect(arguments) => cmd::collect::run(&arguments),
        Command::Report(arguments) => cmd::report::run(&arguments),
        Command::Merge(arguments) => cmd::merge::run(&arguments),
        Command::Serve(arguments) => cmd::serve::run(&arguments),
        Command::Compare(arguments) => cmd::compare::run(&arguments),
        Command::Export(arguments) => cmd::export::run(&arguments),
        Command::Solve(arguments) => cmd::solve::run(&arguments),
        Command::Explain(arguments) => cmd::explain::run(&arguments),
        Command::Plan(arguments) => cmd::plan::run(&arguments),
        Command::Check(arguments) => cmd::check::run(&arguments),
        Command::Calibrate(arguments) => cmd::calibrate::run(&arguments),
        Command::Generate(arguments) => cmd::generate::run(&arguments),
        Command::Convert(arguments) => cmd::convert::run(&arguments),
        Command::Replay(arguments) => cmd::replay::run(&arguments),
        Command::List(arguments) => cmd::list::run(&arguments),
        Command::Completions(arguments) => cmd::completions::run(&arguments),
        Command::RunOne => cmd::run_one::run(),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            cmd::tell(format_args!("vmpack: {}", describe(&error)));
            ExitCode::from(1)
        }
    }
}

/// The error with its causes; a cause that the message before already tells is not told twice.
fn describe(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}
