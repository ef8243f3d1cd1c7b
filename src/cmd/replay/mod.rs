//! `vmpack replay`.

mod arrivals;
mod planetlab;
mod scheduling;

use std::path::PathBuf;
use std::process::ExitCode;

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
    #[arg(
        long,
        value_name = "NAME",
        default_value = "",
        hide_default_value = true,
        required_unless_present_any = ["scheduler", "queue"]
    )]
    policy: String,
    /// Load traces: what is simulated, `corrected` or `cloudsim303`, the latter with every quirk of CloudSim 3.0.3.
    #[arg(long, default_value = "corrected")]
    mode: String,
    /// Load traces: changes to the mode, by name, such as `ram-enforced`.
    #[arg(long, value_name = "CHANGE,...", value_delimiter = ',')]
    with: Vec<String>,
    /// Load traces: the number of hosts.
    #[arg(long, default_value_t = 800)]
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
    scheduling: scheduling::Arguments,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    // Only jobs have no policy.
    if arguments.policy.is_empty() {
        return scheduling::run(arguments);
    }
    let of_load = match arguments.format.as_deref() {
        Some(format) => format == "planetlab",
        None => {
            arguments.trace.is_dir() && !vmpack_sim::arrivals::format::is_trace(&arguments.trace)
        }
    };
    if of_load { planetlab::run(arguments) } else { arrivals::run(arguments) }
}

/// Reads a standard deviation.
fn noise(text: &str) -> Result<f64, String> {
    let sigma = text.parse::<f64>().ok().filter(|sigma| (0.0..=1000.0).contains(sigma));
    sigma.ok_or_else(|| "expected a number from 0 to 1000".to_owned())
}
