//! `vmpack replay` of jobs: through the CPU scheduler of a host, or the queue in front of a cluster.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow, bail};
use serde::Serialize;
use vmpack_sim::arrivals::{Fleet, Resource};
use vmpack_sim::scheduling::host::{self, Host, Scheduler};
use vmpack_sim::scheduling::queue::{self, Discipline};
use vmpack_sim::scheduling::{
    Amounts, Generator, Job, LowerBound, Metrics, Schedule, Summary, TICKS, processors, swf,
};

use super::arrivals::Clock;
use crate::cmd::{did_you_mean, say};

#[derive(clap::Args)]
pub(super) struct JobArguments {
    /// Jobs: run them on one host under this CPU scheduler, one thread per job: `fcfs`, `sjf`, `srpt`, `round-robin`,
    /// `priority` or `fair-share`.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["queue", "policy", "cluster"])]
    scheduler: Option<String>,
    /// With `--scheduler`: the cores of the host.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    cores: u32,
    /// With `--scheduler round-robin`: the time slice, such as `10ms` [default: 100ms].
    #[arg(long, value_name = "TIME", value_parser = ticks)]
    quantum: Option<u64>,
    /// With `--scheduler`: what a context switch takes, such as `5us` [default: nothing].
    #[arg(long, value_name = "TIME", value_parser = ticks)]
    switch_cost: Option<u64>,
    /// With `--queue priority`: how long a job waits to become more urgent by one class, such as `1h` [default: nobody
    /// ages].
    #[arg(long, value_name = "TIME", value_parser = ticks)]
    aging: Option<u64>,
    /// Jobs: work below which the bounded slowdown takes a job for one of this length.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = ticks)]
    short: u64,
}

/// What `--json` prints. Times are in seconds.
#[derive(Serialize)]
struct Answer {
    trace: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    scheduler: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue: Option<String>,
    processors: u64,
    jobs: usize,
    rejected: usize,
    /// Jobs of a log that never ran.
    skipped: u64,
    /// Jobs of a log that ran longer than they had requested.
    estimates_raised: u64,
    turnaround_s: Spread,
    mean_turnaround_lower_bound_s: f64,
    waiting_s: Spread,
    response_s: Spread,
    slowdown: Spread,
    bounded_slowdown: Spread,
    jain: f64,
    makespan_s: f64,
    makespan_lower_bound_s: f64,
    utilisation: f64,
    context_switches: u64,
    switch_time_s: f64,
    preemptions: u64,
    wall_s: f64,
    cpu_s: f64,
    read_wall_s: f64,
    read_cpu_s: f64,
}

#[derive(Serialize)]
struct Spread {
    mean: f64,
    p50: f64,
    p95: f64,
    p99: f64,
    max: f64,
}

impl Spread {
    /// A summary in units of so much.
    fn of(summary: &Summary, unit: f64) -> Self {
        let Summary { mean, p50, p95, p99, max } = *summary;
        let [mean, p50, p95, p99, max] = [mean, p50, p95, p99, max].map(|value| value / unit);
        Self { mean, p50, p95, p99, max }
    }

    fn print(&self, name: &str) -> anyhow::Result<()> {
        let Self { mean, p50, p95, p99, max } = self;
        say(format_args!("{name:<18} {mean:>12.3} {p50:>12.3} {p95:>12.3} {p99:>12.3} {max:>12.3}"))
    }
}

impl Answer {
    fn print(&self) -> anyhow::Result<()> {
        say(format_args!("trace              {}", self.trace))?;
        let by = self.scheduler.as_ref().or(self.queue.as_ref());
        say(format_args!("scheduling         {}", by.map_or("", |name| name)))?;
        say(format_args!(
            "jobs               {}, {} rejected, {} never ran in the log",
            self.jobs, self.rejected, self.skipped
        ))?;
        if self.estimates_raised > 0 {
            say(format_args!("estimates raised   {}", self.estimates_raised))?;
        }
        let heads = ["mean", "p50", "p95", "p99", "max"].map(|head| format!(" {head:>12}"));
        say(format_args!("{:<18}{}", "", heads.concat()))?;
        self.turnaround_s.print("turnaround, s")?;
        self.waiting_s.print("waiting, s")?;
        self.response_s.print("response, s")?;
        self.slowdown.print("slowdown")?;
        self.bounded_slowdown.print("bounded slowdown")?;
        say(format_args!(
            "mean turnaround    at least {:.3} s",
            self.mean_turnaround_lower_bound_s
        ))?;
        let (span, least) = (self.makespan_s, self.makespan_lower_bound_s);
        say(format_args!("makespan           {span:.3} s, at least {least:.3} s"))?;
        let (processors, utilisation) = (self.processors, 100.0 * self.utilisation);
        say(format_args!("utilisation        {utilisation:.2} % of {processors} processors"))?;
        say(format_args!("fairness           {:.4} (Jain)", self.jain))?;
        if self.scheduler.is_some() {
            say(format_args!(
                "context switches   {} ({:.3} s), {} preemptions",
                self.context_switches, self.switch_time_s, self.preemptions
            ))?;
        }
        say(format_args!("time               {:.3} s wall, {:.3} s CPU", self.wall_s, self.cpu_s))?;
        say(format_args!(
            "of it read         {:.3} s wall, {:.3} s CPU",
            self.read_wall_s, self.read_cpu_s
        ))
    }
}

pub(super) fn run(arguments: &super::Arguments) -> anyhow::Result<ExitCode> {
    let of = &arguments.scheduling;
    let scheduler = of.scheduler.as_deref().map(|name| of.scheduler(name)).transpose()?;
    let discipline = arguments.queue.as_deref().map(|name| of.discipline(name)).transpose()?;
    let total = Clock::start();
    let trace = &arguments.trace;
    let (log, widest) = read(trace, arguments.format.as_deref(), arguments.seed)?;
    let (read_wall_s, read_cpu_s) = total.seconds();
    let mut jobs = log.jobs;
    let (schedule, capacity) = match (scheduler, discipline) {
        (Some(scheduler), _) => {
            // A thread takes one core, and memory is no matter of the CPU.
            for job in &mut jobs {
                job.demand = [1, 0];
            }
            let host = Host { cores: of.cores as usize, switch_cost: of.switch_cost.unwrap_or(0) };
            let schedule = host::run(&jobs, host, scheduler, |_| {});
            (schedule, [u64::from(of.cores), 0])
        }
        (None, Some(discipline)) => {
            let capacity = match &arguments.cluster {
                Some(description) => capacity(description)?,
                None => [
                    log.processors.or(widest).ok_or_else(|| {
                        anyhow!(
                            "{}: no comment says MaxProcs: --cluster must say, as in 64x1c",
                            trace.display()
                        )
                    })?,
                    0,
                ],
            };
            if capacity[1] == 0 {
                for job in &mut jobs {
                    job.demand[1] = 0;
                }
            }
            (queue::run(&jobs, &capacity, discipline), capacity)
        }
        (None, None) => bail!("jobs need --scheduler or --queue"),
    };
    let schedule = schedule.with_context(|| trace.display().to_string())?;
    let metrics = Metrics::of(&jobs, &schedule, capacity[0], processors, of.short.max(1));
    let bound = bound(&jobs, &schedule, &capacity);
    let (wall_s, cpu_s) = total.seconds();
    let tick = TICKS as f64;
    let seconds = |summary: &Summary| Spread::of(summary, tick);
    let answer = Answer {
        trace: trace.display().to_string(),
        scheduler: of.scheduler.clone(),
        queue: arguments.queue.clone(),
        processors: capacity[0],
        jobs: metrics.jobs,
        rejected: metrics.rejected,
        skipped: log.skipped,
        estimates_raised: log.raised,
        turnaround_s: seconds(&metrics.turnaround),
        mean_turnaround_lower_bound_s: bound.total_turnaround as f64
            / metrics.jobs.max(1) as f64
            / tick,
        waiting_s: seconds(&metrics.waiting),
        response_s: seconds(&metrics.response),
        slowdown: Spread::of(&metrics.slowdown, 1.0),
        bounded_slowdown: Spread::of(&metrics.bounded_slowdown, 1.0),
        jain: metrics.jain,
        makespan_s: metrics.makespan as f64 / tick,
        makespan_lower_bound_s: bound.makespan as f64 / tick,
        utilisation: metrics.utilisation,
        context_switches: schedule.switches,
        switch_time_s: schedule.switch_time as f64 / tick,
        preemptions: schedule.preemptions,
        wall_s,
        cpu_s,
        read_wall_s,
        read_cpu_s,
    };
    if arguments.json {
        say(serde_json::to_string(&answer)?)?;
    } else {
        answer.print()?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The bound of the jobs that ran.
fn bound(jobs: &[Job], schedule: &Schedule, capacity: &Amounts) -> LowerBound {
    let ran = jobs.iter().zip(&schedule.finish).filter(|(_, end)| **end != Schedule::NEVER);
    let ran: Vec<Job> = ran.map(|(job, _)| *job).collect();
    let [processors, memory] = *capacity;
    let bound = LowerBound::of(&ran, processors, |job| job.demand[0]);
    if memory == 0 { bound } else { bound.max(LowerBound::of(&ran, memory, |job| job.demand[1])) }
}

/// The jobs, and the widest of a generator.
fn read(trace: &Path, format: Option<&str>, seed: u64) -> anyhow::Result<(swf::Log, Option<u64>)> {
    if let Some(description) = trace.to_str().filter(|text| Generator::is_described_by(text)) {
        let generator = Generator::parse(description).context("the jobs")?;
        let log = swf::Log { jobs: generator.draw(seed), ..swf::Log::default() };
        return Ok((log, Some(generator.widest())));
    }
    match format {
        None | Some("swf") => Ok((swf::read(trace)?, None)),
        Some(other) => Err(anyhow!("jobs are read from logs of format swf, not {other:?}")),
    }
}

/// Processors and MiB of a cluster; no MiB if its description does not speak of memory.
fn capacity(description: &str) -> anyhow::Result<Amounts> {
    let all = [Resource::CPU, Resource::MEMORY];
    let resources = if description.contains('g') { &all[..] } else { &all[..1] };
    let fleet = Fleet::parse(description, resources, None).context("the cluster")?;
    let sum = |resource: usize| {
        let kinds = fleet.kinds().iter();
        kinds.map(|kind| kind.count as u64 * kind.capacity[resource]).sum::<u64>()
    };
    // A fleet counts thousandths of cores.
    let capacity = [sum(0) / 1000, sum(1)];
    if capacity[0] == 0 {
        bail!("the cluster: {description:?} has no processor");
    }
    Ok(capacity)
}

impl JobArguments {
    fn scheduler(&self, name: &str) -> anyhow::Result<Scheduler> {
        let scheduler = match name {
            "fcfs" => Scheduler::Fcfs,
            "sjf" => Scheduler::Sjf,
            "srpt" => Scheduler::Srpt,
            "round-robin" => {
                let quantum = self.quantum.unwrap_or(TICKS / 10);
                if quantum == 0 {
                    bail!("--quantum: expected more than 0");
                }
                Scheduler::RoundRobin { quantum }
            }
            "priority" => Scheduler::Priority,
            "fair-share" => Scheduler::FairShare,
            _ => return Err(unknown("CPU scheduler", name, Scheduler::NAMES)),
        };
        if self.quantum.is_some() && !matches!(scheduler, Scheduler::RoundRobin { .. }) {
            bail!("--quantum: {name} has no time slices, round-robin has");
        }
        if self.switch_cost.is_some() && scheduler == Scheduler::FairShare {
            bail!("--switch-cost: fair-share serves all jobs at once and never switches");
        }
        if self.aging.is_some() {
            bail!("--aging is for --queue priority");
        }
        Ok(scheduler)
    }

    fn discipline(&self, name: &str) -> anyhow::Result<Discipline> {
        let discipline = match name {
            "fcfs" => Discipline::Fcfs,
            "sjf" => Discipline::Sjf,
            "priority" => Discipline::Priority { aging: self.aging },
            "easy" => Discipline::Easy,
            "conservative" => Discipline::Conservative,
            _ => return Err(unknown("queue discipline", name, Discipline::NAMES)),
        };
        if self.aging.is_some() && name != "priority" {
            bail!("--aging: nobody ages under {name}, but under priority");
        }
        if self.quantum.is_some() || self.switch_cost.is_some() {
            bail!("--quantum and --switch-cost are for --scheduler");
        }
        Ok(discipline)
    }
}

/// That there is no such name.
fn unknown(what: &str, name: &str, known: &[(&'static str, &str)]) -> anyhow::Error {
    let known: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    let hint = did_you_mean(name, known.iter().copied());
    anyhow!("there is no {what} {name:?}{hint} ({})", known.join(", "))
}

/// Reads a time such as `10ms` or `1h`.
fn ticks(text: &str) -> Result<u64, String> {
    let wrong = || "expected a time in whole microseconds, such as 10ms, 5us or 1h".to_owned();
    let time: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    if time.subsec_nanos() % 1000 != 0 {
        return Err(wrong());
    }
    u64::try_from(time.as_micros()).map_err(|_| wrong())
}
