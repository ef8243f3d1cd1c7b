//! The section `[workload]`.

use std::path::Path;

use serde::Deserialize;

use super::cluster::RESOURCES;
use crate::arrivals::{Generator, Trace, format};
use crate::load::Load;
use crate::operation::{Time, Vm, traces};

/// A day in milliseconds.
const DAY: f64 = 86_400_000.0;

/// The most VMs of a run, all of which are in memory, and the most values of their use that are drawn.
const MOST_VMS: usize = 10_000_000;
const MOST_VALUES: u64 = 200_000_000;

/// Which VMs come, and what they use.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Workload {
    /// A file or folder, or the description of VMs that are drawn.
    source: String,
    /// The format of a file; by its name if it is left out.
    format: Option<String>,
    /// How long the run lasts, in days; as long as the source if it is left out.
    days: Option<f64>,
    /// What VMs use of which the source does not say it; all that they request if it is left out.
    load: Option<Drawn>,
}

/// How use is drawn: see [`Load`].
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "fields such as { level = 0.3 }")]
struct Drawn {
    step_s: u32,
    level: f64,
    swing: f64,
    noise: f64,
    memory: f64,
    burst: f64,
    burst_steps: f64,
    groups: u32,
    correlation: f64,
}

impl Default for Drawn {
    fn default() -> Self {
        let load = Load::default();
        let Load { level, swing, noise, memory, burst, burst_steps, groups, correlation, .. } =
            load;
        let step_s = (load.step / 1000) as u32;
        Self { step_s, level, swing, noise, memory, burst, burst_steps, groups, correlation }
    }
}

impl Drawn {
    fn load(self) -> Result<Load, String> {
        let Self { level, swing, noise, memory, burst, burst_steps, groups, correlation, .. } =
            self;
        for (name, number, least, most) in [
            ("step_s", f64::from(self.step_s), 1.0, 1e9),
            ("level", level, 0.0, 1.0),
            ("swing", swing, 0.0, 1.0),
            ("noise", noise, 0.0, 1.0),
            ("memory", memory, 0.0, 1.0),
            ("burst", burst, 0.0, 1.0),
            ("burst_steps", burst_steps, 1.0, 1e9),
            ("groups", f64::from(groups), 1.0, 1e6),
            ("correlation", correlation, 0.0, 1.0),
        ] {
            if !(least..=most).contains(&number) {
                return Err(format!(
                    "load.{name}: expected a number from {least} to {most}, found {number}"
                ));
            }
        }
        let step = u64::from(self.step_s) * 1000;
        Ok(Load { step, level, swing, noise, memory, burst, burst_steps, groups, correlation })
    }
}

impl Workload {
    /// The file or folder that the VMs are read from, relative to the scenario's; `None` if they are drawn.
    pub(super) fn file(&self) -> Option<&Path> {
        Generator::parse(&self.source).is_none().then_some(Path::new(&self.source))
    }

    /// Whether its values can be, as far as can be said without its VMs.
    pub(super) fn check(&self) -> Result<(), String> {
        if let Some(days) = self.days
            && !(1e-6..=1e5).contains(&days)
        {
            return Err(format!("days: expected a number from 0.000001 to 100000, found {days}"));
        }
        self.load.map(Drawn::load).transpose()?;
        match Generator::parse(&self.source) {
            Some(Err(reason)) => Err(format!("source: {reason}")),
            _ => Ok(()),
        }
    }

    /// The VMs, and when the run ends.
    pub(super) fn vms(&self, folder: &Path, seed: u64) -> Result<(Vec<Vm>, Time), String> {
        self.check()?;
        let end = self.days.map(|days| (days * DAY) as Time);
        let load = self.load.map(Drawn::load).transpose()?;
        let named = self.format.as_deref();
        let trace = match Generator::parse(&self.source) {
            Some(Ok(mut generator)) => {
                generator.seed ^= seed;
                generator.trace()
            }
            Some(Err(reason)) => return Err(format!("source: {reason}")),
            None => {
                let path = folder.join(&self.source);
                if let Some(traced) = traces::open(&path, named) {
                    let traced = traced.map_err(|error| format!("source: {error}"))?;
                    return Ok((traced.vms, end.unwrap_or(traced.end)));
                }
                format::open(&path, named, format::Options::default())
                    .map_err(|error| format!("source: {error}"))?
            }
        };
        let (mut vms, end) = arrivals(trace, end)?;
        if let Some(load) = load {
            let values = load.values(&vms, end);
            if values > MOST_VALUES {
                return Err(format!(
                    "load.step_s: expected at most {MOST_VALUES} values of use, found {values}: \
                     longer steps or fewer days"
                ));
            }
            load.draw(&mut vms, end, seed);
        }
        Ok((vms, end))
    }
}

/// VMs of a trace of arrivals, which use all that they ask for.
fn arrivals(trace: Trace, end: Option<Time>) -> Result<(Vec<Vm>, Time), String> {
    if trace.resources != RESOURCES {
        let names: Vec<&str> = trace.resources.iter().map(|resource| resource.name).collect();
        return Err(format!(
            "source: expected a trace of CPU and memory, found {}",
            names.join(", ")
        ));
    }
    let ticks = u128::from(trace.ticks_per_day);
    let time = |tick: u64| u64::try_from(u128::from(tick) * 86_400_000 / ticks).unwrap_or(u64::MAX);
    let mut vms = Vec::new();
    let mut last = 0;
    for arrival in trace.arrivals {
        let arrival = arrival.map_err(|error| format!("source: {error}"))?;
        let start = time(arrival.time);
        if end.is_some_and(|end| start >= end) {
            break;
        }
        if vms.len() == MOST_VMS {
            return Err(format!("source: expected at most {MOST_VMS} VMs, found more"));
        }
        let leaves = arrival.end.map(|end| time(end).max(start + 1));
        last = last.max(leaves.unwrap_or(start) + 1);
        vms.push(Vm::steady(vms.len().to_string(), start, leaves, arrival.demand));
    }
    if vms.is_empty() {
        return Err("source: expected VMs that come before the run ends, found none".to_owned());
    }
    Ok((vms, end.or(trace.end.map(time)).unwrap_or(last)))
}
