//! `vmpack generate`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::anyhow;
use vmpack_datasets::{GENERATORS, Parameter};

use super::{deliver, did_you_mean, format_named, tell};

/// Generate an instance: the same bytes on every machine for the same parameters and seed.
///
/// `vmpack list generators` says which there are and what parameters they take.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The generator.
    generator: String,
    /// A parameter; repeat for several.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = assignment)]
    parameters: Vec<(String, Parameter)>,
    /// The seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The format to write.
    #[arg(long, default_value = "json")]
    format: String,
    /// The file to write; standard output if it is `-` or none is given.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Reads `name=value`, where a value that is an integer is one.
fn assignment(text: &str) -> Result<(String, Parameter), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| "expected NAME=VALUE".to_owned())?;
    let value = value.parse::<i64>().map_or_else(|_| Parameter::from(value), Parameter::from);
    Ok((name.to_owned(), value))
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let name = &arguments.generator;
    if vmpack_datasets::generator(name).is_none() {
        let hint = did_you_mean(name, GENERATORS.iter().map(|generator| generator.name()));
        return Err(anyhow!("there is no generator {name:?}{hint} (see `vmpack list generators`)"));
    }
    let format = format_named(&arguments.format)?;
    let parameters: BTreeMap<_, _> = arguments.parameters.iter().cloned().collect();
    let generated = vmpack_datasets::generate(name, &parameters, arguments.seed)?;
    let text = format.write(&generated.instance)?;
    deliver(text.as_bytes(), arguments.out.as_deref())?;
    if let Some(reference) = generated.reference {
        let kind = if reference.proved { "optimum" } else { "best known cost" };
        tell(format_args!("{kind} {} ({})", reference.cost, reference.source));
    }
    Ok(ExitCode::SUCCESS)
}
