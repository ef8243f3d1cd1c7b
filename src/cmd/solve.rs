//! `vmpack solve`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::anyhow;
use serde::Serialize;
use vmpack_check::Verdict;
use vmpack_datasets::Source;
use vmpack_harness::{Interrupt, Launcher, Methods, NoSimulator, measure_one, solution_text};
use vmpack_model::{Counters, Status, Value};
use vmpack_results::{Limits, Record, Termination};

use super::{Output, explain, format_named, say, seconds};
use crate::registry::{missing_methods, registry};

/// Solve one instance with one method, in a process of its own, and have the answer judged.
///
/// Exits with 0 if there is an answer, 1 on an error in the input or an answer that the judge rejects,
/// 2 if there is no answer within the limits.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The instance.
    instance: PathBuf,
    /// The method (`vmpack list methods`), or the file of a contender, which ends in `.toml`.
    #[arg(long)]
    method: String,
    /// The format of the instance; recognised from the content unless given.
    #[arg(long)]
    format: Option<String>,
    /// The limit on wall time, in seconds.
    #[arg(long, default_value_t = 60.0, value_name = "SECONDS", value_parser = seconds)]
    time: f64,
    /// The limit on CPU time, in seconds.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    cpu_time: Option<f64>,
    /// The limit on memory, in MiB.
    #[arg(long, value_name = "MIB")]
    memory: Option<u64>,
    /// The limit on the method's own work, for answers that repeat on any machine.
    #[arg(long)]
    work: Option<u64>,
    /// Threads that the method may use.
    #[arg(long, default_value_t = 1)]
    threads: u64,
    /// The seed of random choices.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// If there is no placement, look for a reason, as `vmpack explain` does, for as long again.
    #[arg(long)]
    explain: bool,
    /// Print the answer as one JSON object.
    #[arg(long)]
    json: bool,
    /// Write the solution, with bound and certificate, to this file.
    #[arg(long, value_name = "FILE")]
    solution: Option<PathBuf>,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Answer<'a> {
    instance: &'a str,
    method: &'a str,
    status: Status,
    cost: Option<Value>,
    lower_bound: Option<Value>,
    certified: bool,
    verdict: &'static str,
    termination: &'a Termination,
    notes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    wall_s: f64,
    cpu_s: f64,
    peak_rss_bytes: u64,
    counters: Counters,
}

impl<'a> Answer<'a> {
    fn new(record: &'a Record) -> Self {
        let answer = record.answer.as_ref();
        let judgement = answer.map(|answer| &answer.judgement);
        let mut notes = judgement.map_or_else(Vec::new, |judgement| judgement.notes.clone());
        if let Some(judgement) = judgement
            && !matches!(judgement.verdict, Verdict::Correct | Verdict::NoAnswer)
        {
            notes.insert(0, judgement.verdict.to_string());
        }
        Self {
            instance: &record.instance,
            method: &record.method,
            status: answer.map_or(Status::Unknown, |answer| answer.status),
            cost: judgement.and_then(|judgement| judgement.cost),
            lower_bound: answer.and_then(|answer| answer.lower_bound),
            certified: judgement.is_some_and(|judgement| judgement.certified),
            verdict: judgement.map_or("NoAnswer", |judgement| judgement.verdict.name()),
            termination: &record.termination,
            notes,
            reason: None,
            wall_s: record.measurement.wall_s,
            cpu_s: record.measurement.cpu_s,
            peak_rss_bytes: record.measurement.peak_rss_bytes,
            counters: answer.map_or_else(Counters::new, |answer| answer.counters.clone()),
        }
    }

    fn print(&self) -> anyhow::Result<()> {
        let value = |value: Option<Value>| value.map_or("none".to_owned(), |v| v.to_string());
        say(format_args!("instance     {}", self.instance))?;
        say(format_args!("method       {}", self.method))?;
        say(format_args!("status       {}", self.status))?;
        say(format_args!("cost         {}", value(self.cost)))?;
        let certified = if self.certified { " (certified)" } else { "" };
        say(format_args!("lower bound  {}{certified}", value(self.lower_bound)))?;
        say(format_args!("verdict      {}", self.verdict))?;
        say(format_args!("termination  {}", self.termination.name()))?;
        say(format_args!("time         {:.6} s wall, {:.6} s CPU", self.wall_s, self.cpu_s))?;
        say(format_args!(
            "peak memory  {:.1} MiB",
            self.peak_rss_bytes as f64 / f64::from(1 << 20)
        ))?;
        for (name, count) in &self.counters {
            say(format_args!("{name:<12} {count}"))?;
        }
        for note in &self.notes {
            say(format_args!("note         {note}"))?;
        }
        if let Some(reason) = &self.reason {
            say(format_args!("reason       {reason}"))?;
        }
        Ok(())
    }
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let format = arguments.format.as_deref().map(format_named).transpose()?;
    let source = Source::File {
        path: arguments.instance.clone(),
        format: format.map(|format| format.name().to_owned()),
    };
    let limits = Limits {
        wall_s: arguments.time,
        cpu_s: arguments.cpu_time,
        memory_bytes: arguments.memory.map(|mib| mib.saturating_mul(1 << 20)),
        work: arguments.work,
        threads: arguments.threads.max(1),
    };
    let (registry, missing) = (registry(), missing_methods());
    let methods = Methods { registry: &registry, missing: &missing, simulator: &NoSimulator };
    let interrupt = Interrupt::on_signals()?;
    let solution = arguments.solution.as_deref().map(Output::begin).transpose()?;
    let measured = measure_one(
        &Launcher::this_program(),
        &methods,
        &source,
        &arguments.method,
        arguments.seed,
        limits,
        &interrupt,
    )?;
    // A rejected answer may speak of VMs and hosts that do not exist, and is no solution to keep.
    if let (Some(file), Some(outcome)) = (solution, &measured.outcome)
        && !measured.record.is_wrong()
    {
        let instance = vmpack_datasets::load(&source)?;
        let text = solution_text(&instance, outcome, &arguments.method)
            .ok_or_else(|| anyhow!("the answer is of another family than the instance"))?;
        file.finish(text.as_bytes())?;
    }
    let mut answer = Answer::new(&measured.record);
    if arguments.explain && answer.status == Status::Infeasible {
        answer.reason = explain::reason(&vmpack_datasets::load(&source)?, arguments.time);
    }
    if arguments.json {
        say(serde_json::to_string(&answer)?)?;
    } else {
        answer.print()?;
    }
    exit_code(&measured.record)
}

fn exit_code(record: &Record) -> anyhow::Result<ExitCode> {
    match &record.termination {
        Termination::Crashed { signal } => {
            return Err(anyhow!("{} was ended by signal {signal}", record.method));
        }
        Termination::Failed { message } => {
            return Err(anyhow!("{} failed: {message}", record.method));
        }
        Termination::Completed | Termination::Timeout | Termination::OutOfMemory => {}
    }
    Ok(match &record.answer {
        Some(answer) if answer.judgement.verdict.is_wrong() => ExitCode::from(1),
        _ if record.is_answered() => ExitCode::SUCCESS,
        _ => ExitCode::from(2),
    })
}
