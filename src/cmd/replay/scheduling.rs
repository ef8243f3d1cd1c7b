//! `vmpack replay` of jobs: through the CPU scheduler of a host, or the queue in front of a cluster.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, anyhow, bail};
use serde_json::{Value, json};
use vmpack_check::replay::Judged;
use vmpack_check::replay::jobs::{self as judge, Machine};
use vmpack_harness::{Accepted, Refusal, Replayed, Wanted};
use vmpack_results::{Metric, Replay};
use vmpack_sim::arrivals::{Fleet, Resource};
use vmpack_sim::scheduling::host::{self, Host, Scheduler};
use vmpack_sim::scheduling::queue::{self, Discipline};
use vmpack_sim::scheduling::{
    Amounts, Generator, Job, LowerBound, Metrics, Schedule, Summary, TICKS, processors, swf,
};

use super::kind::{Kind, log, verdict, wrong};
use super::{Arguments, Clock};
use crate::cmd::did_you_mean;

#[derive(clap::Args)]
pub(super) struct JobArguments {
    /// Jobs: run them on one host under this CPU scheduler, one thread per job: `fcfs`, `sjf`, `srpt`, `round-robin`,
    /// `priority` or `fair-share`.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["queue", "policy", "cluster"])]
    pub(super) scheduler: Option<String>,
    /// With `--scheduler`: the cores of the host [default: 1].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) cores: Option<u32>,
    /// With `--scheduler round-robin`: the time slice, such as `10ms` [default: 100ms].
    #[arg(long, value_name = "TIME", value_parser = ticks)]
    pub(super) quantum: Option<u64>,
    /// With `--scheduler`: what a context switch takes, such as `5us` [default: nothing].
    #[arg(long, value_name = "TIME", value_parser = ticks)]
    pub(super) switch_cost: Option<u64>,
    /// With `--queue priority`: how long a job waits to become more urgent by one class, such as `1h` [default: nobody
    /// ages].
    #[arg(long, value_name = "TIME", value_parser = ticks)]
    pub(super) aging: Option<u64>,
    /// Jobs: work below which the bounded slowdown takes a job for one of this length
    /// [default: 10s].
    #[arg(long, value_name = "TIME", value_parser = ticks)]
    pub(super) short: Option<u64>,
}

/// Jobs, on the cores of a host or in the queue in front of a cluster.
pub(super) struct Jobs;

impl Kind for Jobs {
    /// Only jobs have no policy.
    fn is_meant(&self, arguments: &Arguments) -> bool {
        arguments.policy.is_none()
    }

    fn drawn<'a>(&self, trace: &'a str) -> Option<&'a str> {
        Some(trace).filter(|trace| Generator::is_described_by(trace))
    }

    fn subject(&self) -> &'static str {
        "jobs"
    }

    fn options(&self) -> &'static [&'static str] {
        &[
            "format",
            "cluster",
            "queue",
            "scheduler",
            "cores",
            "quantum",
            "switch-cost",
            "aging",
            "short",
        ]
    }

    fn accept(&self, arguments: &Arguments) -> Result<Accepted, Refusal> {
        let of = &arguments.scheduling;
        let by = By::of(arguments)?;
        let seconds = |ticks: u64| json!(ticks as f64 / TICKS as f64);
        let (kind, name) = match &by {
            By::Scheduler(_) => ("scheduler", of.scheduler.as_ref()),
            By::Queue(_) => ("queue", arguments.queue.as_ref()),
        };
        let name = name.cloned().unwrap_or_default();
        let mut settings = BTreeMap::from([
            (kind.to_owned(), json!(name)),
            ("short_s".to_owned(), seconds(of.short())),
        ]);
        let mut add = |name: &str, value: Value| settings.insert(name.to_owned(), value);
        match by {
            By::Scheduler(scheduler) => {
                add("cores", json!(of.cores()));
                add("switch_cost_s", seconds(of.switch_cost.unwrap_or(0)));
                if let Scheduler::RoundRobin { quantum } = scheduler {
                    add("quantum_s", seconds(quantum));
                }
            }
            By::Queue(discipline) => {
                if let Some(cluster) = &arguments.cluster {
                    capacity(cluster).map_err(wrong("cluster"))?;
                    add("cluster", json!(cluster));
                }
                if let Discipline::Priority { aging: Some(aging) } = discipline {
                    add("aging_s", seconds(aging));
                }
            }
        }
        let trace = arguments.trace.to_str().unwrap_or_default();
        let randomised = self.drawn(trace).is_some();
        if randomised {
            Generator::parse(trace).context("the jobs").map_err(wrong("trace"))?;
        }
        Ok(Accepted {
            policy: name,
            replay: Replay { kind: kind.to_owned(), settings },
            randomised,
            files: Vec::new(),
        })
    }

    fn replay(&self, arguments: &Arguments, wanted: Wanted) -> anyhow::Result<Replayed> {
        let clock = Clock::start();
        let case = Case::read(arguments)?;
        let reading = clock.seconds();
        let Case { jobs, capacity, .. } = &case;
        let schedule = match case.by {
            By::Scheduler(scheduler) => {
                let of = &arguments.scheduling;
                let host =
                    Host { cores: of.cores() as usize, switch_cost: of.switch_cost.unwrap_or(0) };
                host::run(jobs, host, scheduler, |_| {})
            }
            By::Queue(discipline) => queue::run(jobs, capacity, discipline),
        };
        let schedule = schedule.with_context(|| arguments.trace.display().to_string())?;
        let times = schedule.start.iter().zip(&schedule.finish);
        let times = times.map(|(&start, &end)| (end != Schedule::NEVER).then_some((start, end)));
        let times = judge::Schedule { times: times.collect() };
        let log = log(&times, wanted)?;
        let metrics = metrics(&case, &schedule, arguments.scheduling.short());
        Ok(Replayed { metrics, log, series: Vec::new(), reading })
    }

    fn judge(&self, arguments: &Arguments, replayed: &Replayed) -> anyhow::Result<Judged> {
        let Case { by, jobs, capacity, .. } = Case::read(arguments)?;
        let schedule: judge::Schedule =
            serde_json::from_str(replayed.log.get()).context("the log")?;
        let jobs: Vec<judge::Job> = jobs
            .iter()
            .map(|&Job { arrival, work, demand, .. }| judge::Job { arrival, work, demand })
            .collect();
        let machine = match by {
            By::Scheduler(_) => Machine::Host { cores: capacity[0] },
            By::Queue(_) => Machine::Cluster { capacity },
        };
        Ok(verdict(judge::derive(&jobs, machine, &schedule, TICKS), replayed))
    }
}

/// Who says which job runs next.
#[derive(Clone, Copy)]
enum By {
    Scheduler(Scheduler),
    Queue(Discipline),
}

impl By {
    fn of(arguments: &Arguments) -> Result<Self, Refusal> {
        let of = &arguments.scheduling;
        match (&of.scheduler, &arguments.queue) {
            (Some(name), _) => of.scheduler(name).map(Self::Scheduler).map_err(wrong("scheduler")),
            (None, Some(name)) => of.discipline(name).map(Self::Queue).map_err(wrong("queue")),
            (None, None) => Err(Refusal::new(
                "",
                "expected --policy <NAME>, or for jobs --scheduler or --queue",
            )),
        }
    }
}

/// Jobs, and where they run.
struct Case {
    by: By,
    jobs: Vec<Job>,
    capacity: Amounts,
    /// Jobs of a log that never ran.
    skipped: u64,
    /// Jobs of a log that ran longer than they had requested.
    raised: u64,
}

impl Case {
    fn read(arguments: &Arguments) -> anyhow::Result<Self> {
        let by = By::of(arguments)?;
        let trace = &arguments.trace;
        let (log, widest) = read(trace, arguments.format.as_deref(), arguments.seed)?;
        let mut jobs = log.jobs;
        if jobs.is_empty() {
            bail!("{}: expected jobs, found none that ran", trace.display());
        }
        let capacity = match (by, &arguments.cluster) {
            (By::Scheduler(_), _) => [u64::from(arguments.scheduling.cores()), 0],
            (By::Queue(_), Some(description)) => capacity(description)?,
            (By::Queue(_), None) => {
                let processors = log.processors.or(widest).ok_or_else(|| {
                    anyhow!(
                        "{}: no comment says MaxProcs: --cluster must say, as in 64x1c",
                        trace.display()
                    )
                })?;
                [processors, 0]
            }
        };
        for job in &mut jobs {
            match by {
                // A thread takes one core, and memory is no matter of the CPU.
                By::Scheduler(_) => job.demand = [1, 0],
                By::Queue(_) if capacity[1] == 0 => job.demand[1] = 0,
                By::Queue(_) => {}
            }
        }
        Ok(Self { by, jobs, capacity, skipped: log.skipped, raised: log.raised })
    }
}

fn metrics(case: &Case, schedule: &Schedule, short: u64) -> Vec<(String, Metric)> {
    let Case { jobs, capacity, .. } = case;
    let of = Metrics::of(jobs, schedule, capacity[0], processors, short.max(1));
    let bound = bound(jobs, schedule, capacity);
    let tick = TICKS as f64;
    let mut metrics = Vec::new();
    let mut add = |name: &str, metric: Metric| metrics.push((name.to_owned(), metric));
    add("processors", Metric::count(capacity[0]));
    add("jobs", Metric::count(of.jobs as u64));
    add("rejected", Metric::count(of.rejected as u64));
    add("skipped", Metric::count(case.skipped));
    add("estimates_raised", Metric::count(case.raised));
    for (name, summary, unit) in [
        ("turnaround_s", of.turnaround, "s"),
        ("waiting_s", of.waiting, "s"),
        ("response_s", of.response, "s"),
        ("slowdown", of.slowdown, ""),
        ("bounded_slowdown", of.bounded_slowdown, ""),
    ] {
        let Summary { mean, p50, p95, p99, max } = summary;
        let per = if unit.is_empty() { 1.0 } else { tick };
        for (part, value) in
            [("mean", mean), ("p50", p50), ("p95", p95), ("p99", p99), ("max", max)]
        {
            add(&format!("{name}.{part}"), Metric::real(value / per, unit));
        }
    }
    let least = bound.total_turnaround as f64 / of.jobs.max(1) as f64 / tick;
    add("mean_turnaround_lower_bound_s", Metric::real(least, "s"));
    add("jain", Metric::real(of.jain, ""));
    add("makespan_s", Metric::real(of.makespan as f64 / tick, "s"));
    add("makespan_lower_bound_s", Metric::real(bound.makespan as f64 / tick, "s"));
    add("utilisation", Metric::real(of.utilisation, ""));
    add("context_switches", Metric::count(schedule.switches));
    add("switch_time_s", Metric::real(schedule.switch_time as f64 / tick, "s"));
    add("preemptions", Metric::count(schedule.preemptions));
    metrics
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
    fn cores(&self) -> u32 {
        self.cores.unwrap_or(1)
    }

    fn short(&self) -> u64 {
        self.short.unwrap_or(10 * TICKS)
    }

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
        for (name, is_given) in [
            ("cores", self.cores.is_some()),
            ("quantum", self.quantum.is_some()),
            ("switch-cost", self.switch_cost.is_some()),
        ] {
            if is_given {
                bail!("--{name} is for --scheduler, not for --queue");
            }
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
