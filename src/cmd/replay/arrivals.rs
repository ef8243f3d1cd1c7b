//! `vmpack replay` of a trace of arrivals.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, anyhow, bail};
use serde::Serialize;
use vmpack_harness::own_cpu_seconds;
use vmpack_sim::arrivals::format::{self, Options};
use vmpack_sim::arrivals::policy::{self, POLICIES, Setting};
use vmpack_sim::arrivals::{Admission, Arrival, Fleet, Outcome, Predictor, Replay, Trace};

use super::Arguments;
use crate::cmd::{did_you_mean, say};

/// VMs read ahead, so that reading and placing can be timed apart.
const AHEAD: usize = 1 << 14;

/// What `--json` prints.
#[derive(Serialize)]
struct Answer<'a> {
    trace: String,
    policy: &'a str,
    hosts: usize,
    noise: f64,
    seed: u64,
    vms: u64,
    events: u64,
    rejected: u64,
    server_days: f64,
    server_days_lower_bound: f64,
    over_bound_percent: Option<f64>,
    peak_hosts: u64,
    peak_hosts_lower_bound: u64,
    #[serde(flatten)]
    queue: Option<Queued>,
    wall_s: f64,
    cpu_s: f64,
    read_wall_s: f64,
    read_cpu_s: f64,
}

/// What is printed of a queue.
#[derive(Serialize)]
struct Queued {
    waited: u64,
    still_waiting: u64,
    mean_wait_s: f64,
    longest_wait_s: f64,
}

impl Queued {
    fn new(outcome: &Outcome, ticks_per_day: u64) -> Self {
        let placed = outcome.arrivals - outcome.rejected - outcome.still_waiting;
        let seconds = |ticks: f64| ticks / ticks_per_day as f64 * 86_400.0;
        Self {
            waited: outcome.waited,
            still_waiting: outcome.still_waiting,
            mean_wait_s: seconds(outcome.waiting_time as f64 / placed.max(1) as f64),
            longest_wait_s: seconds(outcome.longest_wait as f64),
        }
    }
}

impl Answer<'_> {
    fn print(&self) -> anyhow::Result<()> {
        say(format_args!("trace        {}", self.trace))?;
        say(format_args!("policy       {}", self.policy))?;
        say(format_args!(
            "VMs          {} ({} events), {} rejected",
            self.vms, self.events, self.rejected
        ))?;
        let over = self.over_bound_percent.map(|over| format!(", {over:.2} % over it"));
        say(format_args!(
            "server days  {:.2} (lower bound {:.2}{})",
            self.server_days,
            self.server_days_lower_bound,
            over.unwrap_or_default()
        ))?;
        say(format_args!(
            "peak hosts   {} of {} (lower bound {})",
            self.peak_hosts, self.hosts, self.peak_hosts_lower_bound
        ))?;
        if let Some(queue) = &self.queue {
            say(format_args!(
                "queue        {} waited, {:.1} s on average over VMs placed, {:.1} s at most; {} still wait",
                queue.waited, queue.mean_wait_s, queue.longest_wait_s, queue.still_waiting
            ))?;
        }
        say(format_args!("time         {:.3} s wall, {:.3} s CPU", self.wall_s, self.cpu_s))?;
        say(format_args!(
            "of it read   {:.3} s wall, {:.3} s CPU",
            self.read_wall_s, self.read_cpu_s
        ))
    }
}

/// Wall and CPU seconds.
#[derive(Clone, Copy)]
pub(super) struct Clock(Instant, f64);

impl Clock {
    pub(super) fn start() -> Self {
        Self(Instant::now(), own_cpu_seconds())
    }

    pub(super) fn seconds(self) -> (f64, f64) {
        (self.0.elapsed().as_secs_f64(), own_cpu_seconds() - self.1)
    }
}

pub(super) fn run(arguments: &Arguments, name: &str) -> anyhow::Result<ExitCode> {
    let named = policy::named(name).ok_or_else(|| {
        let hint = did_you_mean(name, POLICIES.iter().map(|policy| policy.name));
        let known: Vec<_> = POLICIES.iter().map(|policy| policy.name).collect();
        let known = known.join(", ");
        anyhow!("there is no policy {name:?} for arrivals{hint} ({known})")
    })?;
    let description = arguments
        .cluster
        .as_deref()
        .ok_or_else(|| anyhow!("a trace of arrivals needs --cluster, such as 1100x64c256g"))?;
    let total = Clock::start();
    let options = Options { finished_only: arguments.finished_only, machine: arguments.machine };
    let mut trace = format::open(&arguments.trace, arguments.format.as_deref(), options)?;
    let mut reading = total.seconds();
    let fleet =
        Fleet::parse(description, &trace.resources, trace.host.as_ref()).context("the cluster")?;
    let predictor = Predictor::new(arguments.noise, arguments.seed);
    let (least, ticks_per_day) = (trace.least, trace.ticks_per_day);
    let setting = Setting {
        fleet: &fleet,
        least: &least,
        predictor: &predictor,
        ticks_per_day,
        seed: arguments.seed,
    };
    let admission = match arguments.queue.as_deref() {
        None => Admission::Reject,
        Some("fcfs") => Admission::Fcfs,
        Some("backfill") => Admission::Backfill,
        Some(other) => bail!("VMs queue by fcfs or backfill, not by {other:?}"),
    };
    let mut replay = Replay::new(&fleet, (named.build)(setting), predictor.clone(), trace.end)
        .admitting(admission);
    let mut ahead = Vec::with_capacity(AHEAD);
    loop {
        let clock = Clock::start();
        read(&mut trace, &mut ahead)?;
        let (wall, cpu) = clock.seconds();
        reading = (reading.0 + wall, reading.1 + cpu);
        if ahead.is_empty() {
            break;
        }
        ahead.drain(..).for_each(|arrival| replay.arrive(&arrival));
    }
    let outcome = replay.finish();
    let (wall_s, cpu_s) = total.seconds();
    let days = |ticks: u128| ticks as f64 / ticks_per_day as f64;
    let (time, bound) = (outcome.server_time, outcome.server_time_lower_bound);
    let answer = Answer {
        trace: arguments.trace.display().to_string(),
        policy: named.name,
        hosts: fleet.len(),
        noise: arguments.noise,
        seed: arguments.seed,
        vms: outcome.arrivals,
        events: outcome.events(),
        rejected: outcome.rejected,
        server_days: days(time),
        server_days_lower_bound: days(bound),
        over_bound_percent: (bound > 0).then(|| (time as f64 / bound as f64 - 1.0) * 100.0),
        peak_hosts: outcome.peak_hosts,
        peak_hosts_lower_bound: outcome.peak_hosts_lower_bound,
        queue: arguments.queue.as_ref().map(|_| Queued::new(&outcome, ticks_per_day)),
        wall_s,
        cpu_s,
        read_wall_s: reading.0,
        read_cpu_s: reading.1,
    };
    if arguments.json {
        say(serde_json::to_string(&answer)?)?;
    } else {
        answer.print()?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads the next VMs; none are left if there are none then.
fn read(trace: &mut Trace, ahead: &mut Vec<Arrival>) -> anyhow::Result<()> {
    for arrival in trace.arrivals.by_ref().take(AHEAD) {
        ahead.push(arrival?);
    }
    Ok(())
}
