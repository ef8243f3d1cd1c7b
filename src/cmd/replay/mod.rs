//! `vmpack replay`.

mod arrivals;
mod kind;
mod monitor;
mod operation;
mod planetlab;
mod scheduling;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use clap::builder::{PathBufValueParser, TypedValueParser as _};
use serde_json::{Map, Value, json};
use vmpack_datasets::data_directory;
use vmpack_harness::{Accepted, Refusal, Replayed, Wanted, own_cpu_seconds};
use vmpack_results::{Amount, Metric};
use vmpack_sim::arrivals::{Generator, policy};
use vmpack_sim::consolidation::Policy;

pub(crate) use kind::Simulators;

use super::say;
use kind::Kind;

/// Every kind of replay; the last takes what no other means.
const KINDS: &[&dyn Kind] =
    &[&operation::Operation, &scheduling::Jobs, &planetlab::Load, &arrivals::Arrivals];

/// Replay a trace under a policy: energy, service level and migrations of running VMs, or the servers that VMs which
/// come and go need, or how long jobs wait, with a lower bound beside them; or a whole cluster in operation.
///
/// A folder is read as a trace of load (format `planetlab`) unless it holds one of arrivals (`vmpack list traces`), a file
/// as one of arrivals. `poisson:`, `bursty:` or `diurnal:`, with parameters such as `rate=100,days=7`, draws one. With
/// `--scheduler`, or `--queue` and no policy, the trace is one of jobs: a log in the Standard Workload Format, or a
/// description of generated jobs, such as `poisson:rate=0.8,work=exponential:1,jobs=100000`. A `.toml` file is a scenario: a
/// cluster in operation, with allotments, migrations, faults and more.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The trace: a folder with one file of CPU load per VM, a file of arrivals or jobs, a scenario, or the description of
    /// one that is drawn. A path that is not there is looked up in the data directory.
    #[arg(long, value_name = "PATH", value_parser = PathBufValueParser::new().map(found))]
    trace: PathBuf,
    /// The format of the trace; by what the path is and is called unless given.
    #[arg(long)]
    format: Option<String>,
    /// The policy: how VMs are placed and moved; for arrivals one of `vmpack list policies`.
    #[arg(long, value_name = "NAME")]
    policy: Option<String>,
    /// Load traces: what is simulated, `corrected` or `cloudsim303`, the latter with every quirk of CloudSim 3.0.3
    /// [default: corrected].
    #[arg(long)]
    mode: Option<String>,
    /// Load traces: changes to the mode, by name, such as `ram-enforced`.
    #[arg(long, value_name = "CHANGE,...", value_delimiter = ',')]
    with: Vec<String>,
    /// Load traces: the number of hosts [default: 800].
    #[arg(long, value_parser = hosts)]
    hosts: Option<usize>,
    /// Arrival traces: hosts, cores and memory of each, such as `1100x64c256g`.
    #[arg(long, value_name = "HOSTS")]
    cluster: Option<String>,
    /// Arrival traces: how far predicted lifetimes are off, as standard deviation of their logarithm; 0 if exact
    /// [default: 0].
    #[arg(long, value_name = "SIGMA", value_parser = noise)]
    noise: Option<f64>,
    /// Arrival traces: leave out VMs that are still there when the trace ends.
    #[arg(long)]
    finished_only: bool,
    /// Arrival traces with demands for several machines: the one that counts; VMs that it does not offer are left out.
    #[arg(long, value_name = "ID")]
    machine: Option<u64>,
    /// With a placement policy: have VMs wait that no host has room for, instead of rejecting them: `fcfs`, or `backfill`,
    /// where whoever finds room goes ahead. Without: let jobs queue for a cluster: `fcfs`, `sjf`, `priority`, `easy` or
    /// `conservative`.
    #[arg(long, value_name = "NAME")]
    queue: Option<String>,
    /// Scenarios: have a field say something else than the file does, as in `--set placement.policy=best-fit`.
    #[arg(long, value_name = "SECTION.FIELD=VALUE")]
    set: Vec<String>,
    /// The seed of random choices.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    monitor: monitor::MonitorArguments,
    #[command(flatten)]
    scheduling: scheduling::JobArguments,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let kind = kind::of(arguments);
    let clock = Clock::start();
    let accepted = kind::accept(arguments)?;
    let replayed = kind.replay(arguments, Wanted::default())?;
    let answer =
        Answer { arguments, accepted: &accepted, replayed: &replayed, time: clock.seconds() };
    if arguments.json {
        say(answer.object())?;
    } else {
        answer.print()?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What is printed of a replay of any kind.
struct Answer<'a> {
    arguments: &'a Arguments,
    accepted: &'a Accepted,
    replayed: &'a Replayed,
    /// Wall and CPU seconds of the whole.
    time: (f64, f64),
}

impl Answer<'_> {
    /// One object: what was replayed, what was measured, and how long it took.
    fn object(&self) -> Value {
        let Accepted { policy, replay, .. } = self.accepted;
        let mut object = Map::from_iter([
            ("trace".to_owned(), json!(self.arguments.trace.display().to_string())),
            ("kind".to_owned(), json!(replay.kind)),
            ("policy".to_owned(), json!(policy)),
            ("seed".to_owned(), json!(self.arguments.seed)),
        ]);
        object.extend(replay.settings.clone());
        for (name, metric) in &self.replayed.metrics {
            let value = match metric.value {
                Amount::Count(count) => json!(count),
                Amount::Real(real) => json!(real),
            };
            // A name such as `waiting_s.mean` is a member of an object.
            match name.split_once('.') {
                None => object.insert(name.clone(), value),
                Some((whole, part)) => {
                    let whole = object.entry(whole).or_insert_with(|| json!({}));
                    whole.as_object_mut().and_then(|whole| whole.insert(part.to_owned(), value))
                }
            };
        }
        let (wall_s, cpu_s) = self.time;
        let (read_wall_s, read_cpu_s) = self.replayed.reading;
        for (name, seconds) in [
            ("wall_s", wall_s),
            ("cpu_s", cpu_s),
            ("read_wall_s", read_wall_s),
            ("read_cpu_s", read_cpu_s),
        ] {
            object.insert(name.to_owned(), json!(seconds));
        }
        Value::Object(object)
    }

    /// A line each.
    fn print(&self) -> anyhow::Result<()> {
        let Accepted { policy, replay, .. } = self.accepted;
        let (wall_s, cpu_s) = self.time;
        let line = |name: &str, text: String| say(format_args!("{name:<30} {}", text.trim_end()));
        line("trace", self.arguments.trace.display().to_string())?;
        line("policy", policy.clone())?;
        for (name, value) in replay.settings.iter().filter(|(_, value)| !value.is_array()) {
            line(name, value.as_str().map_or_else(|| value.to_string(), str::to_owned))?;
        }
        for (name, Metric { value, unit }) in &self.replayed.metrics {
            line(name, format!("{} {unit}", amount(*value)))?;
        }
        let (read, _) = self.replayed.reading;
        line("time", format!("{wall_s:.3} s wall, {cpu_s:.3} s CPU, of it {read:.3} s reading"))
    }
}

/// A number with as many decimals as tell something.
fn amount(amount: Amount) -> String {
    match amount {
        Amount::Count(count) => count.to_string(),
        Amount::Real(real) if real != 0.0 && real.abs() < 1e-3 => format!("{real:.8e}"),
        Amount::Real(real) => format!("{real:.5}"),
    }
}

/// Wall and CPU seconds.
#[derive(Clone, Copy)]
struct Clock(Instant, f64);

impl Clock {
    fn start() -> Self {
        Self(Instant::now(), own_cpu_seconds())
    }

    fn seconds(self) -> (f64, f64) {
        (self.0.elapsed().as_secs_f64(), own_cpu_seconds() - self.1)
    }
}

/// Whether the trace is one of load.
fn is_of_load(arguments: &Arguments) -> bool {
    match arguments.format.as_deref() {
        Some(format) => format == "planetlab",
        None => {
            arguments.trace.is_dir() && !vmpack_sim::arrivals::format::is_trace(&arguments.trace)
        }
    }
}

/// The policy, which all replays but those of jobs have.
fn policy_of(arguments: &Arguments) -> anyhow::Result<&str> {
    arguments.policy.as_deref().context("expected a policy, found none")
}

/// Checks that there is a trace, and that the policy is not one for the other kind of trace.
fn fits(arguments: &Arguments, name: &str, of_load: bool) -> Result<(), Refusal> {
    let trace = &arguments.trace;
    let is_drawn = trace.to_str().and_then(Generator::parse).is_some();
    if !is_drawn {
        let found = trace.metadata().with_context(|| trace.display().to_string());
        found.map_err(kind::wrong("trace"))?;
    }
    let (for_load, for_arrivals) = (Policy::named(name).is_some(), policy::named(name).is_some());
    if of_load && for_arrivals {
        let trace = trace.display();
        let message = format!(
            "{trace}: {name} is a policy for traces of arrivals, and this is a folder of load"
        );
        return Err(Refusal::new("policy", message));
    }
    if !of_load && for_load {
        let trace = trace.display();
        let message = format!(
            "{trace}: {name} is a policy for traces of load, which are folders with one file per VM"
        );
        return Err(Refusal::new("policy", message));
    }
    Ok(())
}

/// A trace that is not there, but in the data directory.
fn found(path: PathBuf) -> PathBuf {
    let elsewhere = data_directory().join(&path);
    if !path.exists() && elsewhere.exists() { elsewhere } else { path }
}

/// Reads a number of hosts; more than a hundred thousand would only take time.
fn hosts(text: &str) -> Result<usize, String> {
    let hosts = text.parse().ok().filter(|hosts| (1..=100_000).contains(hosts));
    hosts.ok_or_else(|| "expected a whole number from 1 to 100000".to_owned())
}

/// Reads a standard deviation.
fn noise(text: &str) -> Result<f64, String> {
    let sigma = text.parse::<f64>().ok().filter(|sigma| (0.0..=1000.0).contains(sigma));
    sigma.ok_or_else(|| "expected a number from 0 to 1000".to_owned())
}
