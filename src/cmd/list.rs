//! `vmpack list`.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Value, json};
use vmpack_datasets::{FORMATS, GENERATORS, suites};
use vmpack_harness::Contender;
use vmpack_model::{Kind, Method, Problem};
use vmpack_sim::scheduling::host::Scheduler;
use vmpack_sim::scheduling::queue::Discipline;

use super::say;
use crate::experiments::EXPERIMENTS;
use crate::registry::registry;
use crate::scenarios::SCENARIOS;

/// List what the program knows: names to use in arguments and experiment files.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// What to list.
    what: What,
    /// List the contender of this file with the methods, or say why it cannot take part.
    #[arg(long, value_name = "FILE")]
    contender: Vec<PathBuf>,
    /// Print one JSON array of objects.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum What {
    /// Methods with kind, family, summary and publication.
    Methods,
    /// Instance formats.
    Formats,
    /// Public sources of instances.
    Datasets,
    /// Suites of instances.
    Suites,
    /// Generators with their parameters.
    Generators,
    /// Experiments that ship with the program.
    Experiments,
    /// Placement policies for replays of arrivals.
    Policies,
    /// Formats of traces of arrivals.
    Traces,
    /// Scenarios that ship with the program: clusters in operation.
    Scenarios,
    /// CPU schedulers for replays of jobs.
    Schedulers,
    /// Queues for replays of jobs.
    Queues,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let rows = match arguments.what {
        What::Methods => [methods(), contenders(&arguments.contender)?].concat(),
        What::Formats => FORMATS
            .iter()
            .map(|format| {
                let use_ = if format.writes() { "read, write" } else { "read" };
                json!({"name": format.name(), "use": use_, "summary": format.description()})
            })
            .collect(),
        What::Datasets => vmpack_datasets::catalog()?
            .sources
            .iter()
            .map(|source| {
                json!({
                    "name": source.name,
                    "title": source.title,
                    "licence": source.licence,
                    "instances": source.instances,
                    "upstream": source.upstream,
                    "citation": source.citation,
                    "optima": source.optima,
                })
            })
            .collect(),
        What::Suites => suites()
            .map(|(name, description)| json!({"name": name, "summary": description}))
            .collect(),
        What::Generators => generators(),
        What::Experiments => EXPERIMENTS
            .iter()
            .map(|(name, text)| Ok(json!({"name": name, "summary": description(text)?})))
            .collect::<anyhow::Result<_>>()?,
        What::Policies => vmpack_sim::arrivals::POLICIES
            .iter()
            .map(|policy| json!({"name": policy.name, "summary": policy.about}))
            .collect(),
        What::Traces => vmpack_sim::arrivals::FORMATS
            .iter()
            .map(|format| json!({"name": format.name, "summary": format.about}))
            .collect(),
        What::Scenarios => SCENARIOS
            .iter()
            .map(|(name, text)| json!({"name": name, "summary": opening(text)}))
            .collect(),
        What::Schedulers => described(Scheduler::NAMES),
        What::Queues => described(Discipline::NAMES),
    };
    if arguments.json {
        say(serde_json::to_string_pretty(&rows)?)?;
    } else {
        print(&rows)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn methods() -> Vec<Value> {
    fn rows<P: Problem>(methods: &[&'static dyn Method<P>]) -> Vec<Value> {
        methods
            .iter()
            .map(|method| {
                json!({
                    "name": method.name(),
                    "family": P::FAMILY,
                    "kind": method.kind(),
                    "summary": method.summary(),
                    "reference": method.reference(),
                })
            })
            .collect()
    }
    let registry = registry();
    [rows(&registry.packing), rows(&registry.allocation)].concat()
}

/// The comment that a file begins with.
fn opening(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix('#')).map(str::trim);
    lines.collect::<Vec<_>>().join(" ")
}

/// Names with what they stand for.
fn described(names: &[(&str, &str)]) -> Vec<Value> {
    names.iter().map(|(name, about)| json!({"name": name, "summary": about})).collect()
}

/// The contenders of these files. One that is not installed is listed with the reason.
fn contenders(files: &[PathBuf]) -> anyhow::Result<Vec<Value>> {
    let row = |file: &PathBuf| {
        let contender = Contender::read(file)?;
        let (name, family) = (contender.name.clone(), contender.family);
        let (summary, version) = match contender.installed() {
            Ok(contender) => (contender.summary, Some(contender.version)),
            Err(reason) => (format!("missing, because {reason}"), None),
        };
        Ok(json!({
            "name": name,
            "family": family,
            "kind": Kind::External,
            "summary": summary,
            "version": version,
        }))
    };
    files.iter().map(row).collect()
}

fn generators() -> Vec<Value> {
    GENERATORS
        .iter()
        .map(|generator| {
            let parameters: Vec<Value> = generator
                .parameters()
                .iter()
                .map(|parameter| {
                    json!({
                        "name": parameter.name,
                        "default": parameter.default.to_string(),
                        "range": parameter.range.to_string(),
                        "summary": parameter.description,
                    })
                })
                .collect();
            json!({
                "name": generator.name(),
                "summary": generator.summary(),
                "reference": generator.reference(),
                "parameters": parameters,
            })
        })
        .collect()
}

fn description(experiment: &str) -> anyhow::Result<String> {
    let table: toml::Table = experiment.parse()?;
    Ok(table.get("description").and_then(toml::Value::as_str).unwrap_or_default().to_owned())
}

/// The fields that stand in columns before the summary.
const COLUMNS: [&str; 6] = ["name", "family", "kind", "use", "licence", "instances"];

/// One row per line in aligned columns, the summary last; parameters on lines of their own.
fn print(rows: &[Value]) -> anyhow::Result<()> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let columns: Vec<(&str, usize)> = COLUMNS
        .into_iter()
        .filter_map(|column| {
            let widths = rows.iter().filter_map(|row| row.get(column)).map(|v| text(v).len());
            Some((column, widths.max()?))
        })
        .collect();
    for row in rows {
        let mut line = String::new();
        for &(column, width) in &columns {
            let cell = row.get(column).map_or_else(String::new, text);
            let _ = write!(line, "{cell:width$}  ");
        }
        let summary =
            row.get("summary").or_else(|| row.get("title")).map_or_else(String::new, text);
        say((line + &summary).trim_end())?;
        for parameter in row["parameters"].as_array().into_iter().flatten() {
            let field = |name: &str| text(&parameter[name]);
            say(format_args!(
                "    --set {}={}  {} ({})",
                field("name"),
                field("default"),
                field("summary"),
                field("range")
            ))?;
        }
    }
    Ok(())
}
