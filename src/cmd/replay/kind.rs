//! What every kind of replay can do, and the harness's way to them.

use std::collections::BTreeMap;

use anyhow::Context as _;
use clap::Parser as _;
use clap::error::{ContextKind, ContextValue};
use serde_json::value::{RawValue, to_raw_value};
use vmpack_check::replay::{Derived, Fault, Judged, Step, refuted};
use vmpack_harness::{Accepted, Refusal, Replayed, Scenario, Simulator, Wanted};

use super::{Arguments, KINDS};

/// A kind of replay: one file in this folder, one line in [`KINDS`].
pub(super) trait Kind: Sync {
    /// Whether the arguments mean it; of several kinds that say so the first in [`KINDS`] is it.
    fn is_meant(&self, arguments: &Arguments) -> bool;

    /// See [`Simulator::drawn`].
    fn drawn<'a>(&self, trace: &'a str) -> Option<&'a str>;

    /// What it replays, in words.
    fn subject(&self) -> &'static str;

    /// The options that it knows beside trace, seed and how the answer is printed.
    fn options(&self) -> &'static [&'static str];

    /// What the arguments mean, without reading the trace.
    fn accept(&self, arguments: &Arguments) -> Result<Accepted, Refusal>;

    /// Replays. Serves the command and the harness alike.
    fn replay(&self, arguments: &Arguments, wanted: Wanted) -> anyhow::Result<Replayed>;

    /// Reads the trace again and has what the replay claims judged.
    fn judge(&self, arguments: &Arguments, replayed: &Replayed) -> anyhow::Result<Judged>;
}

/// The kind that the arguments mean.
pub(super) fn of(arguments: &Arguments) -> &'static dyn Kind {
    let meant = KINDS.iter().find(|kind| kind.is_meant(arguments));
    *meant.expect("the last kind takes whatever no other means")
}

/// Whether an option is given.
type Given = fn(&Arguments) -> bool;

/// The options that not every kind of replay knows.
const OPTIONS: &[(&str, Given)] = &[
    ("format", |of| of.format.is_some()),
    ("policy", |of| of.policy.is_some()),
    ("mode", |of| of.mode.is_some()),
    ("with", |of| of.with.iter().any(|name| !name.is_empty())),
    ("hosts", |of| of.hosts.is_some()),
    ("cluster", |of| of.cluster.is_some()),
    ("noise", |of| of.noise.is_some()),
    ("finished-only", |of| of.finished_only),
    ("machine", |of| of.machine.is_some()),
    ("queue", |of| of.queue.is_some()),
    ("set", |of| !of.set.is_empty()),
    ("monitor", |of| of.monitor.monitor.is_some()),
    ("rules", |of| of.monitor.rules.is_some()),
    ("gzip", |of| of.monitor.gzip),
    ("scheduler", |of| of.scheduling.scheduler.is_some()),
    ("cores", |of| of.scheduling.cores.is_some()),
    ("quantum", |of| of.scheduling.quantum.is_some()),
    ("switch-cost", |of| of.scheduling.switch_cost.is_some()),
    ("aging", |of| of.scheduling.aging.is_some()),
    ("short", |of| of.scheduling.short.is_some()),
];

/// What the arguments mean, without reading the trace; nothing may be said that their kind of replay does not know.
pub(super) fn accept(arguments: &Arguments) -> Result<Accepted, Refusal> {
    let kind = of(arguments);
    let accepted = kind.accept(arguments)?;
    let foreign =
        OPTIONS.iter().find(|(name, given)| given(arguments) && !kind.options().contains(name));
    let Some((name, _)) = foreign else { return Ok(accepted) };
    let knows = KINDS.iter().filter(|kind| kind.options().contains(name));
    let knows: Vec<&str> = knows.map(|kind| kind.subject()).collect();
    let (trace, subject) = (arguments.trace.display(), kind.subject());
    let message =
        format!("--{name} is for {}, and {trace} is replayed as {subject}", knows.join(" or "));
    Err(Refusal::new(name, message))
}

/// That a field is wrong, and why.
pub(super) fn wrong(field: &'static str) -> impl Fn(anyhow::Error) -> Refusal {
    move |error| Refusal::new(field, format!("{error:#}"))
}

/// The log of a replay for the judge; nothing if nobody asked.
pub(super) fn log<T: serde::Serialize>(log: &T, wanted: Wanted) -> anyhow::Result<Box<RawValue>> {
    Ok(if wanted.log { to_raw_value(log)? } else { RawValue::NULL.to_owned() })
}

/// The steps of a log.
pub(super) fn steps(replayed: &Replayed) -> anyhow::Result<Vec<Step>> {
    serde_json::from_str(replayed.log.get()).context("the log")
}

/// What was claimed, by name.
pub(super) fn claimed(replayed: &Replayed) -> BTreeMap<String, f64> {
    let metrics = replayed.metrics.iter();
    metrics.map(|(name, metric)| (name.clone(), metric.value.to_f64())).collect()
}

/// The judgement of what was derived, or of a log that cannot be true.
pub(super) fn verdict(derived: Result<Derived, Fault>, replayed: &Replayed) -> Judged {
    match derived {
        Ok(derived) => derived.judge(&claimed(replayed)),
        Err(fault) => refuted(fault),
    }
}

/// All kinds of replay, as the harness sees them.
#[derive(Debug)]
pub(crate) struct Simulators;

impl Simulator for Simulators {
    fn drawn<'a>(&self, trace: &'a str) -> Option<&'a str> {
        KINDS.iter().find_map(|kind| kind.drawn(trace))
    }

    fn accept(&self, scenario: &Scenario) -> Result<Accepted, Refusal> {
        accept(&arguments(scenario)?)
    }

    fn replay(&self, scenario: &Scenario, wanted: Wanted) -> Result<Replayed, String> {
        let arguments = arguments(scenario).map_err(|refusal| refusal.message)?;
        of(&arguments).replay(&arguments, wanted).map_err(|error| format!("{error:#}"))
    }

    fn judge(&self, scenario: &Scenario, replayed: &Replayed) -> Result<Judged, String> {
        let arguments = arguments(scenario).map_err(|refusal| refusal.message)?;
        of(&arguments).judge(&arguments, replayed).map_err(|error| format!("{error:#}"))
    }
}

/// The arguments alone, without a program.
#[derive(clap::Parser)]
#[command(no_binary_name = true)]
struct Line {
    #[command(flatten)]
    arguments: Arguments,
}

/// A scenario as the command line would say it: options of experiments are options of the command.
fn arguments(scenario: &Scenario) -> Result<Arguments, Refusal> {
    let Scenario { trace, policy, options, seed } = scenario;
    let mut words = vec![format!("--trace={trace}"), format!("--seed={seed}")];
    words.extend(policy.as_ref().map(|policy| format!("--policy={policy}")));
    for (name, value) in options {
        if ["trace", "policy", "seed", "json", "monitor", "help"].contains(&name.as_str()) {
            return Err(Refusal::new(
                name,
                "expected an option of `vmpack replay` beside traces, policies and seeds",
            ));
        }
        match value.as_str() {
            "true" => words.push(format!("--{name}")),
            "false" => {}
            value => words.push(format!("--{name}={value}")),
        }
    }
    Line::try_parse_from(words).map(|line| line.arguments).map_err(|error| refusal(&error))
}

/// What the parser of the command line says, about the option that it says it of.
fn refusal(error: &clap::Error) -> Refusal {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => texts.first().cloned(),
        _ => None,
    };
    let argument = context(ContextKind::InvalidArg).unwrap_or_default();
    let field = argument.trim_start_matches('-').split([' ', '=']).next().unwrap_or_default();
    let text = error.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    // The first paragraph; usage and help follow.
    let lines: Vec<&str> =
        text.lines().take_while(|line| !line.is_empty()).map(str::trim).collect();
    let mut message = lines.join(" ");
    if let Some(like) = context(ContextKind::SuggestedArg) {
        message.extend(["; did you mean ", like.trim_start_matches('-'), "?"]);
    }
    Refusal::new(field, message)
}
