//! `vmpack calibrate`.

use std::num::NonZeroUsize;
use std::process::ExitCode;

use anyhow::Context as _;
use serde::Serialize;
use vmpack_harness::{calibrate, enforcement, machine};
use vmpack_results::{Calibration, Enforcement, Machine};

use super::say;

/// Measure how fast and how steady this machine is, by a fixed piece of work.
///
/// The score is rounds of it per CPU second, on one thread: twice the score is twice as fast. Every `vmpack
/// run` takes it at start and end and keeps it in the manifest. Two machines are compared by it only as far as
/// the program was built alike, and a method may gain more or less than the mix of a round.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How often it is done; about forty times per second.
    #[arg(long, default_value = "20", value_name = "N")]
    samples: NonZeroUsize,
    /// Print it as one JSON object.
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Findings {
    machine: Machine,
    calibration: Calibration,
    variation: Option<f64>,
    enforcement: Enforcement,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let calibration = calibrate(arguments.samples.get());
    let variation = calibration.variation();
    let findings =
        Findings { machine: machine(), calibration, variation, enforcement: enforcement() };
    if arguments.json {
        say(serde_json::to_string(&findings).context("standard output")?)?;
    } else {
        findings.print()?;
    }
    Ok(ExitCode::SUCCESS)
}

impl Findings {
    fn print(&self) -> anyhow::Result<()> {
        let Self { machine, calibration, enforcement, .. } = self;
        let Calibration { score, integer_ms, memory_ms, float_ms, samples } = calibration;
        say(format_args!("machine      {} x {}, {}", machine.cores, machine.cpu, machine.system))?;
        say(format_args!("score        {score:.2} rounds per CPU second"))?;
        say(format_args!(
            "a round      {integer_ms:.2} ms integers, {memory_ms:.2} ms memory, {float_ms:.2} ms floating point"
        ))?;
        let variation =
            self.variation.map_or("unknown".to_owned(), |v| format!("{:.1} %", v * 1e2));
        say(format_args!("variation    {variation} of {} samples", samples.len()))?;
        let (memory, processes) = (enforcement.memory, enforcement.processes);
        say(format_args!("limits by    {memory} (memory), {processes} (processes)"))?;
        if let Some(reason) = &enforcement.reason {
            say(format_args!("not better   because {reason}"))?;
        }
        if let Some(sentence) = calibration.unsteady() {
            say(sentence)?;
        }
        Ok(())
    }
}
