//! `vmpack compare`.

use std::path::PathBuf;
use std::process::ExitCode;

use vmpack_results::stats::{Clock, Resampling};
use vmpack_results::{CompareOptions, Gate, compare};

use super::{say, seconds, tell};

/// The exit code of a comparison that did not pass its gates.
const REGRESSION: u8 = 4;

/// Compare the runs of one store with the same runs of another, and fail on a regression.
///
/// Runs are paired by instance, method, seed and limits. Exits with 4 if a gate is not passed.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The directory of the old store.
    old: PathBuf,
    /// The directory of the new store.
    new: PathBuf,
    /// What must not be found: `time=1.05`, `cost=1.001`, `bound=1`, `memory=1.1` (ratios of new to old of which the lower
    /// end of the interval, for all methods or for one, is above), `counter:NAME=1` (counts of work, of which the ratio
    /// itself is), `solved` or `solved=N` (more answers lost than gained, by more than N), `wrong` (wrong answers).
    /// May be given several times.
    #[arg(long, value_name = "GATE")]
    fail_on: Vec<Gate>,
    /// Judge the ratios of costs and bounds themselves: the runs reach no limit of time, and repeat what they did.
    #[arg(long)]
    exact: bool,
    /// The clock; CPU time where all runs have one thread unless given.
    #[arg(long)]
    clock: Option<ClockName>,
    /// Seconds added to both times before their ratio is taken.
    #[arg(long, value_name = "SECONDS", default_value = "0.01", value_parser = seconds)]
    shift: f64,
    /// How often instances are drawn again for an interval.
    #[arg(long, value_name = "N", default_value = "10000", value_parser = clap::value_parser!(u32).range(100..))]
    resamples: u32,
    /// The seed of the draws.
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum ClockName {
    Cpu,
    Wall,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let options = CompareOptions {
        clock: arguments.clock.map(|clock| match clock {
            ClockName::Cpu => Clock::Cpu,
            ClockName::Wall => Clock::Wall,
        }),
        shift_s: arguments.shift,
        resampling: Resampling { resamples: arguments.resamples as usize, seed: arguments.seed },
        exact: arguments.exact,
        gates: arguments.fail_on.clone(),
    };
    let comparison = compare(&arguments.old, &arguments.new, &options)?;
    if arguments.json {
        say(serde_json::to_string_pretty(&comparison)?)?;
    } else {
        say(comparison.to_string().trim_end())?;
    }
    for failure in comparison.failures.iter().filter(|_| arguments.json) {
        tell(failure);
    }
    Ok(if comparison.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(REGRESSION) })
}
