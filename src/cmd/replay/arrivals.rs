//! `vmpack replay` of a trace of arrivals.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::{Context as _, anyhow, bail};
use serde_json::{Value, json};
use vmpack_check::replay::{Deed, Judged, Matrix, Step, arrivals};
use vmpack_harness::{Accepted, Refusal, Replayed, Wanted};
use vmpack_results::{Metric, Replay as Asked};
use vmpack_sim::arrivals::format::{self, Options};
use vmpack_sim::arrivals::policy::{self, Named, POLICIES, Setting};
use vmpack_sim::arrivals::{
    Admission, Arrival, Event, Fleet, Generator, Outcome, Predictor, Replay, Trace, What,
};

use super::kind::{Kind, log, steps, verdict, wrong};
use super::{Arguments, Clock, fits, policy_of};
use crate::cmd::did_you_mean;

/// VMs read ahead, so that reading and placing can be timed apart.
const AHEAD: usize = 1 << 14;

/// VMs that come, stay for a while, and leave.
pub(super) struct Arrivals;

impl Kind for Arrivals {
    /// Whatever no other kind means.
    fn is_meant(&self, _arguments: &Arguments) -> bool {
        true
    }

    fn drawn<'a>(&self, trace: &'a str) -> Option<&'a str> {
        Some(trace).filter(|trace| Generator::parse(trace).is_some())
    }

    fn subject(&self) -> &'static str {
        "a trace of arrivals"
    }

    fn options(&self) -> &'static [&'static str] {
        &["format", "policy", "cluster", "noise", "finished-only", "machine", "queue"]
    }

    fn accept(&self, arguments: &Arguments) -> Result<Accepted, Refusal> {
        let name = policy_of(arguments).map_err(wrong("policy"))?;
        fits(arguments, name, false)?;
        let policy = policy_named(name).map_err(wrong("policy"))?;
        let cluster = cluster(arguments).map_err(wrong("cluster"))?;
        admission(arguments).map_err(wrong("queue"))?;
        let settings = [
            ("cluster", json!(cluster)),
            ("noise", json!(noise(arguments))),
            ("finished_only", json!(arguments.finished_only)),
            ("machine", json!(arguments.machine)),
            ("queue", json!(arguments.queue)),
            ("format", json!(arguments.format)),
        ];
        let given = settings.into_iter().filter(|(_, value)| *value != Value::Null);
        Ok(Accepted {
            policy: policy.name.to_owned(),
            replay: Asked {
                kind: "arrivals".to_owned(),
                settings: given.map(|(name, value)| (name.to_owned(), value)).collect(),
            },
            randomised: noise(arguments) > 0.0 || policy.name == "random",
            files: Vec::new(),
        })
    }

    fn replay(&self, arguments: &Arguments, wanted: Wanted) -> anyhow::Result<Replayed> {
        let named = policy_named(policy_of(arguments)?)?;
        let clock = Clock::start();
        let (mut trace, fleet) = open(arguments)?;
        let mut reading = clock.seconds();
        let predictor = Predictor::new(noise(arguments), arguments.seed);
        let (least, ticks_per_day) = (trace.least, trace.ticks_per_day);
        let setting = Setting {
            fleet: &fleet,
            least: &least,
            predictor: &predictor,
            ticks_per_day,
            seed: arguments.seed,
        };
        let watch = RefCell::new(Watch::new(wanted, fleet.len(), ticks_per_day));
        let mut replay = Replay::new(&fleet, (named.build)(setting), predictor.clone(), trace.end)
            .admitting(admission(arguments)?);
        if wanted.log || wanted.series {
            replay = replay.watched(|event| watch.borrow_mut().see(event));
        }
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
        if outcome.arrivals == 0 {
            bail!("{}: expected VMs that come, found none", arguments.trace.display());
        }
        let watch = watch.into_inner();
        let log = log(&watch.log, wanted)?;
        let metrics = metrics(arguments, &outcome, &fleet, ticks_per_day);
        Ok(Replayed { metrics, log, series: watch.series(), reading })
    }

    fn judge(&self, arguments: &Arguments, replayed: &Replayed) -> anyhow::Result<Judged> {
        let (trace, fleet) = open(arguments)?;
        let resources = fleet.resources();
        let (mut hosts, mut demands) = (Matrix::new(resources), Matrix::new(resources));
        fleet.capacities().for_each(|capacity| hosts.push(capacity));
        let mut lives = Vec::new();
        for arrival in trace.arrivals {
            let Arrival { time, end, demand } = arrival?;
            demands.push(&demand[..resources]);
            lives.push((time, end));
        }
        let asked = arrivals::Arrivals {
            hosts,
            demands,
            lives,
            end: trace.end,
            ticks_per_day: trace.ticks_per_day,
            may_wait: arguments.queue.is_some(),
        };
        Ok(verdict(arrivals::derive(&asked, &steps(replayed)?), replayed))
    }
}

fn metrics(
    arguments: &Arguments,
    outcome: &Outcome,
    fleet: &Fleet,
    ticks_per_day: u64,
) -> Vec<(String, Metric)> {
    let mut metrics = Vec::new();
    let mut add = |name: &str, metric: Metric| metrics.push((name.to_owned(), metric));
    let days = |ticks: f64| ticks / ticks_per_day as f64;
    let (time, bound) = (outcome.server_time as f64, outcome.server_time_lower_bound as f64);
    add("hosts", Metric::count(fleet.len() as u64));
    add("vms", Metric::count(outcome.arrivals));
    add("events", Metric::count(outcome.events()));
    add("rejected", Metric::count(outcome.rejected));
    add("server_days", Metric::real(days(time), "days"));
    add("server_days_lower_bound", Metric::real(days(bound), "days"));
    if bound > 0.0 {
        add("over_bound_percent", Metric::real((time / bound - 1.0) * 100.0, "%"));
    }
    add("peak_hosts", Metric::count(outcome.peak_hosts));
    add("peak_hosts_lower_bound", Metric::count(outcome.peak_hosts_lower_bound));
    if arguments.queue.is_some() {
        let placed = outcome.arrivals - outcome.rejected - outcome.still_waiting;
        let seconds = |ticks: f64| days(ticks) * 86_400.0;
        let mean = seconds(outcome.waiting_time as f64) / placed.max(1) as f64;
        add("waited", Metric::count(outcome.waited));
        add("still_waiting", Metric::count(outcome.still_waiting));
        add("mean_wait_s", Metric::real(mean, "s"));
        add("longest_wait_s", Metric::real(seconds(outcome.longest_wait as f64), "s"));
    }
    metrics
}

/// Keeps what is wanted of a replay.
struct Watch {
    wanted: Wanted,
    log: Vec<Step>,
    /// VMs on each host.
    guests: Vec<u32>,
    hosts_on: u64,
    vms: u64,
    rejected: u64,
    waiting: BTreeSet<u64>,
    /// Ticks from one line of the series to the next: an hour.
    period: u64,
    ticks_per_day: u64,
    /// When the next line is due; none before the first event.
    next: Option<u64>,
    hours: String,
}

impl Watch {
    fn new(wanted: Wanted, hosts: usize, ticks_per_day: u64) -> Self {
        Self {
            wanted,
            log: Vec::new(),
            guests: vec![0; hosts],
            hosts_on: 0,
            vms: 0,
            rejected: 0,
            waiting: BTreeSet::new(),
            period: (ticks_per_day / 24).max(1),
            ticks_per_day,
            next: None,
            hours: "time_s,hosts_on,vms,rejected,waiting\n".to_owned(),
        }
    }

    fn see(&mut self, event: &Event<'_>) {
        let Event { time, vm, what } = *event;
        if self.wanted.series {
            self.pass(time);
            self.count(vm.id, what);
        }
        let what = match what {
            What::Placed(host) => Deed::Placed(host as u64),
            What::Left(_) => Deed::Left,
            What::Rejected | What::Waits => return,
        };
        if self.wanted.log {
            self.log.push(Step { time, vm: vm.id, what });
        }
    }

    fn count(&mut self, vm: u64, what: What) {
        match what {
            What::Placed(host) => {
                self.waiting.remove(&vm);
                self.hosts_on += u64::from(self.guests[host] == 0);
                self.guests[host] += 1;
                self.vms += 1;
            }
            What::Left(host) => {
                self.guests[host] -= 1;
                self.hosts_on -= u64::from(self.guests[host] == 0);
                self.vms -= 1;
            }
            What::Rejected => self.rejected += 1,
            What::Waits => {
                self.waiting.insert(vm);
            }
        }
    }

    /// Writes how it was at every full hour from the first event on until before this time.
    fn pass(&mut self, time: u64) {
        let mut next = self.next.unwrap_or(time - time % self.period);
        while next < time {
            let seconds = next as f64 / self.ticks_per_day as f64 * 86_400.0;
            let Self { hosts_on, vms, rejected, .. } = self;
            let waiting = self.waiting.len();
            // Writing to a text cannot fail.
            let _ = writeln!(self.hours, "{seconds},{hosts_on},{vms},{rejected},{waiting}");
            next += self.period;
        }
        self.next = Some(next);
    }

    fn series(self) -> Vec<(String, String)> {
        if self.wanted.series { vec![("periods".to_owned(), self.hours)] } else { Vec::new() }
    }
}

fn policy_named(name: &str) -> anyhow::Result<&'static Named> {
    policy::named(name).ok_or_else(|| {
        let hint = did_you_mean(name, POLICIES.iter().map(|policy| policy.name));
        let known: Vec<_> = POLICIES.iter().map(|policy| policy.name).collect();
        let known = known.join(", ");
        anyhow!("there is no policy {name:?} for arrivals{hint} ({known})")
    })
}

fn cluster(arguments: &Arguments) -> anyhow::Result<&str> {
    let cluster = arguments.cluster.as_deref();
    cluster.context("a trace of arrivals needs --cluster, such as 1100x64c256g")
}

fn noise(arguments: &Arguments) -> f64 {
    arguments.noise.unwrap_or(0.0)
}

fn admission(arguments: &Arguments) -> anyhow::Result<Admission> {
    match arguments.queue.as_deref() {
        None => Ok(Admission::Reject),
        Some("fcfs") => Ok(Admission::Fcfs),
        Some("backfill") => Ok(Admission::Backfill),
        Some(other) => Err(anyhow!("VMs queue by fcfs or backfill, not by {other:?}")),
    }
}

fn open(arguments: &Arguments) -> anyhow::Result<(Trace, Fleet)> {
    let options = Options { finished_only: arguments.finished_only, machine: arguments.machine };
    let trace = format::open(&arguments.trace, arguments.format.as_deref(), options)?;
    let fleet = Fleet::parse(cluster(arguments)?, &trace.resources, trace.host.as_ref())
        .context("the cluster")?;
    Ok((trace, fleet))
}

/// Reads the next VMs; none are left if there are none then.
fn read(trace: &mut Trace, ahead: &mut Vec<Arrival>) -> anyhow::Result<()> {
    for arrival in trace.arrivals.by_ref().take(AHEAD) {
        ahead.push(arrival?);
    }
    Ok(())
}
