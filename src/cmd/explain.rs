//! `vmpack explain`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::anyhow;
use serde::Serialize;
use vmpack_datasets::Source;
use vmpack_lp::explain::{Explanation, Finding, explain};
use vmpack_model::packing::Instance;
use vmpack_model::{AnyInstance, Budget};

use super::{format_named, say, seconds};

/// Say why an instance has no placement: a smallest set of rules, VMs, stock and capacities that cannot hold
/// together.
///
/// Exits with 0 if there is a placement, 1 on an error in the input, 2 if neither a placement nor a reason was
/// found in time, 3 if there is no placement and the reason is printed.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The instance.
    instance: PathBuf,
    /// The format of the instance; recognised from the content unless given.
    #[arg(long)]
    format: Option<String>,
    /// The limit on wall time, in seconds.
    #[arg(long, default_value_t = 60.0, value_name = "SECONDS", value_parser = seconds)]
    time: f64,
    /// Print the finding as one JSON object.
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Answer<'a> {
    instance: &'a str,
    /// Whether there is a placement, if that is known.
    feasible: Option<bool>,
    #[serde(flatten)]
    conflict: Option<Conflict<'a>>,
}

#[derive(Serialize)]
struct Conflict<'a> {
    reason: String,
    vms: Vec<Vms<'a>>,
    resources: Vec<&'a str>,
    stock: Vec<&'a str>,
    rules: Vec<&'a str>,
    irreducible: bool,
    minimum: bool,
}

#[derive(Serialize)]
struct Vms<'a> {
    name: &'a str,
    count: u64,
}

impl<'a> Conflict<'a> {
    fn new(instance: &'a Instance, found: &Explanation) -> Self {
        let vms = found.vms.iter();
        let stock = found.stock.iter();
        Self {
            reason: found.sentence(instance),
            vms: vms.map(|&(vm, count)| Vms { name: &instance.vms()[vm].name, count }).collect(),
            resources: found.resources.iter().map(|&k| &*instance.resources()[k].name).collect(),
            stock: stock.map(|&host| &*instance.hosts()[host].name).collect(),
            rules: found.rules.iter().map(|&r| &*instance.rules().rules[r].name).collect(),
            irreducible: found.irreducible,
            minimum: found.minimum,
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let format = arguments.format.as_deref().map(format_named).transpose()?;
    let source = Source::File {
        path: arguments.instance.clone(),
        format: format.map(|format| format.name().to_owned()),
    };
    let AnyInstance::Packing(instance) = vmpack_datasets::load(&source)? else {
        return Err(anyhow!("expected an instance of the packing family"));
    };
    let time = Duration::try_from_secs_f64(arguments.time).unwrap_or(Duration::MAX);
    let finding = explain(&instance, &Budget::default().with_time(time));
    let (feasible, conflict, code) = match &finding {
        Finding::Feasible => (Some(true), None, 0),
        Finding::Unknown => (None, None, 2),
        Finding::Conflict(found) => (Some(false), Some(Conflict::new(&instance, found)), 3),
    };
    if arguments.json {
        let answer = Answer { instance: instance.name(), feasible, conflict };
        say(serde_json::to_string(&answer)?)?;
    } else {
        match conflict {
            Some(conflict) => say(format_args!("There is no placement: {}", conflict.reason))?,
            None if feasible.is_some() => say("There is a placement.")?,
            None => say("Neither a placement nor a reason why there is none was found.")?,
        }
    }
    Ok(ExitCode::from(code))
}

/// Why there is no placement, in one sentence, if it can be found in time.
pub(crate) fn reason(instance: &AnyInstance, time: f64) -> Option<String> {
    let AnyInstance::Packing(instance) = instance else { return None };
    let time = Duration::try_from_secs_f64(time).unwrap_or(Duration::MAX);
    match explain(instance, &Budget::default().with_time(time)) {
        Finding::Conflict(found) => Some(found.sentence(instance)),
        Finding::Feasible | Finding::Unknown => None,
    }
}
