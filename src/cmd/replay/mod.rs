//! `vmpack replay`.

mod arrivals;
mod planetlab;
mod scheduling;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use vmpack_sim::arrivals::{Generator, policy};
use vmpack_sim::consolidation::Policy;

/// Replay a trace under a policy: energy, service level and migrations of running VMs, or the servers that VMs which
/// come and go need, or how long jobs wait, with a lower bound beside them.
///
/// A folder is read as a trace of load (format `planetlab`) unless it holds one of arrivals (`vmpack list traces`), a file
/// as one of arrivals. `poisson:`, `bursty:` or `diurnal:`, with parameters such as `rate=100,days=7`, draws one. With
/// `--scheduler`, or `--queue` and no policy, the trace is one of jobs: a log in the Standard Workload Format, or a
/// description of generated jobs, such as `poisson:rate=0.8,work=exponential:1,jobs=100000`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The trace: a folder with one file of CPU load per VM, or a file of arrivals.
    #[arg(long, value_name = "PATH")]
    trace: PathBuf,
    /// The format of the trace; by what the path is and is called unless given.
    #[arg(long)]
    format: Option<String>,
    /// The policy: how VMs are placed and moved; for arrivals one of `vmpack list policies`.
    #[arg(long, value_name = "NAME", required_unless_present_any = ["scheduler", "queue"])]
    policy: Option<String>,
    /// Load traces: what is simulated, `corrected` or `cloudsim303`, the latter with every quirk of CloudSim 3.0.3.
    #[arg(long, default_value = "corrected")]
    mode: String,
    /// Load traces: changes to the mode, by name, such as `ram-enforced`.
    #[arg(long, value_name = "CHANGE,...", value_delimiter = ',')]
    with: Vec<String>,
    /// Load traces: the number of hosts.
    #[arg(long, default_value_t = 800, value_parser = hosts)]
    hosts: usize,
    /// Arrival traces: hosts, cores and memory of each, such as `1100x64c256g`.
    #[arg(long, value_name = "HOSTS")]
    cluster: Option<String>,
    /// Arrival traces: how far predicted lifetimes are off, as standard deviation of their logarithm; 0 if exact.
    #[arg(long, default_value_t = 0.0, value_name = "SIGMA", value_parser = noise)]
    noise: f64,
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
    /// The seed of random choices.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    scheduling: scheduling::JobArguments,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    // Only jobs have no policy.
    let Some(policy) = &arguments.policy else { return scheduling::run(arguments) };
    let of_load = match arguments.format.as_deref() {
        Some(format) => format == "planetlab",
        None => {
            arguments.trace.is_dir() && !vmpack_sim::arrivals::format::is_trace(&arguments.trace)
        }
    };
    fits(arguments, policy, of_load)?;
    if of_load { planetlab::run(arguments, policy) } else { arrivals::run(arguments, policy) }
}

/// Checks that there is a trace, and that nothing was asked for which belongs to the other kind of trace.
fn fits(arguments: &Arguments, name: &str, of_load: bool) -> anyhow::Result<()> {
    let trace = &arguments.trace;
    let is_drawn = trace.to_str().and_then(Generator::parse).is_some();
    if !is_drawn {
        trace.metadata().with_context(|| trace.display().to_string())?;
    }
    let (for_load, for_arrivals) = (Policy::named(name).is_some(), policy::named(name).is_some());
    if of_load && for_arrivals {
        bail!(
            "{}: {name} is a policy for traces of arrivals, and this is a folder of load",
            trace.display()
        );
    }
    if !of_load && for_load {
        bail!(
            "{}: {name} is a policy for traces of load, which are folders with one file per VM",
            trace.display()
        );
    }
    if of_load && arguments.cluster.is_some() {
        bail!(
            "--cluster is for traces of arrivals; a trace of load is replayed on so many --hosts"
        );
    }
    Ok(())
}

/// Reads a number of hosts; more than a million would only take memory.
fn hosts(text: &str) -> Result<usize, String> {
    let hosts = text.parse().ok().filter(|hosts| (1..=1_000_000).contains(hosts));
    hosts.ok_or_else(|| "expected a whole number from 1 to 1000000".to_owned())
}

/// Reads a standard deviation.
fn noise(text: &str) -> Result<f64, String> {
    let sigma = text.parse::<f64>().ok().filter(|sigma| (0.0..=1000.0).contains(sigma));
    sigma.ok_or_else(|| "expected a number from 0 to 1000".to_owned())
}
