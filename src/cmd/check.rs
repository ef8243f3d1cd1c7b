//! `vmpack check`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use vmpack_check::{Effort, Judge, Judgement, Verdict};
use vmpack_datasets::{Format, SolutionFile, SolutionForm};
use vmpack_model::AnyInstance;
use vmpack_model::allocation::Allocation;
use vmpack_model::packing::Packing;

use super::{format_named, say};

/// Judge a solution file: feasibility, cost, and every bound or refutation that it brings evidence for.
///
/// Exits with 1 if anything in it is wrong.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The instance.
    instance: PathBuf,
    /// The solution file, as `vmpack solve --solution` writes it.
    solution: PathBuf,
    /// The format of the instance; recognised from the content unless given.
    #[arg(long)]
    format: Option<String>,
    /// Print the judgement as one JSON object.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let format = arguments.format.as_deref().map(format_named).transpose()?;
    let instance = vmpack_datasets::read_file(&arguments.instance, format.map(Format::name))?;
    let solution = vmpack_datasets::read_solution(&arguments.solution)?;
    let judgement = match &instance {
        AnyInstance::Packing(instance) => judge::<Packing>(instance, solution),
        AnyInstance::Allocation(instance) => judge::<Allocation>(instance, solution),
    }
    .with_context(|| arguments.solution.display().to_string())?;
    if arguments.json {
        say(serde_json::to_string(&judgement)?)?;
    } else {
        print(&judgement)?;
    }
    Ok(match judgement.verdict {
        Verdict::Correct => ExitCode::SUCCESS,
        Verdict::NoAnswer => ExitCode::from(2),
        _ => ExitCode::from(1),
    })
}

fn judge<P: Judge + SolutionForm>(
    instance: &P::Instance,
    solution: SolutionFile,
) -> anyhow::Result<Judgement> {
    let outcome = P::from_file(instance, solution)?;
    Ok(P::judge(instance, &outcome, &Effort::default()))
}

fn print(judgement: &Judgement) -> anyhow::Result<()> {
    say(&judgement.verdict)?;
    if let Some(cost) = judgement.cost {
        say(format_args!("cost {cost}"))?;
    }
    say(if judgement.certified { "certified" } else { "not certified" })?;
    if !judgement.violation.is_zero() {
        say(format_args!("greatest violation {}", judgement.violation))?;
    }
    for note in &judgement.notes {
        say(note)?;
    }
    Ok(())
}
