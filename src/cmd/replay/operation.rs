//! `vmpack replay` of a scenario: a whole cluster in operation.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::json;
use vmpack_check::replay::load::Power;
use vmpack_check::replay::{Deed, Judged, Matrix, Step, isolation, operation};
use vmpack_harness::{Accepted, Refusal, Replayed, Wanted};
use vmpack_results::{Metric, Replay};
use vmpack_sim::operation::{CPU, Event, MEMORY, Observer, Phase, State, Status, Time, What};
use vmpack_sim::scenario::{Amount, Scenario, ScenarioError};

use super::kind::{Kind, log, steps, verdict};
use super::monitor::Recorder;
use super::{Arguments, Clock};
use crate::cmd::did_you_mean;
use crate::registry::registry;
use crate::scenarios::{self, SCENARIOS};

/// Milliseconds from one line of the time series to the next.
const PERIOD: Time = 300_000;

/// Milliseconds of an hour.
const HOUR: Time = 3_600_000;

/// A cluster in operation.
pub(super) struct Operation;

impl Kind for Operation {
    fn is_meant(&self, arguments: &Arguments) -> bool {
        named(arguments).is_some()
            || arguments.trace.extension().is_some_and(|extension| extension == "toml")
    }

    fn drawn<'a>(&self, trace: &'a str) -> Option<&'a str> {
        // A name that means nothing stands for itself until it is refused.
        scenarios::name(trace).map(|name| scenarios::text(name).unwrap_or(trace))
    }

    fn subject(&self) -> &'static str {
        "a scenario"
    }

    fn options(&self) -> &'static [&'static str] {
        &["set", "monitor", "rules", "gzip"]
    }

    fn accept(&self, arguments: &Arguments) -> Result<Accepted, Refusal> {
        if let Some(policy) = &arguments.policy {
            let message = format!(
                "a scenario names its policies itself: expected --set placement.policy={policy}"
            );
            return Err(Refusal::new("policy", message));
        }
        if let Some(name) = named(arguments)
            && scenarios::text(name).is_none()
        {
            let known = SCENARIOS.iter().map(|&(name, _)| name);
            let hint = did_you_mean(name, known.clone());
            let known: Vec<&str> = known.collect();
            let known = known.join(", ");
            let message = format!("there is no scenario {name:?}{hint} (known are {known})");
            return Err(Refusal::new("trace", message));
        }
        let changes = &arguments.set;
        let shipped = named(arguments).and_then(scenarios::text).map(Cow::Borrowed);
        // A file that cannot be read is an error of the replay.
        let text =
            shipped.or_else(|| std::fs::read_to_string(&arguments.trace).ok().map(Cow::Owned));
        let mut files = Vec::new();
        if let Some(text) = text {
            let field = if changes.is_empty() { "trace" } else { "set" };
            let refusal = |error: ScenarioError| Refusal::new(field, error.to_string());
            files = Scenario::check_values(&text, &arguments.trace, changes, &registry())
                .map_err(refusal)?;
        }
        let policy = if changes.is_empty() { "as written".to_owned() } else { changes.join(" ") };
        let settings = [("set".to_owned(), json!(changes))];
        Ok(Accepted {
            policy,
            replay: Replay { kind: "operation".to_owned(), settings: settings.into() },
            randomised: true,
            files,
        })
    }

    fn replay(&self, arguments: &Arguments, wanted: Wanted) -> anyhow::Result<Replayed> {
        let clock = Clock::start();
        let mut scenario = read(arguments)?;
        let reading = clock.seconds();
        let mut watch = Watch::new(wanted, scenario.hosts().len());
        let mut recorder = Recorder::of(&arguments.monitor, &scenario)?;
        let mut observers: Vec<&mut dyn Observer> = vec![&mut watch];
        observers.extend(recorder.as_mut().map(Recorder::observer));
        let metrics = scenario.run(&registry(), observers)?;
        if let Some(recorder) = recorder {
            recorder.finish()?;
        }
        let alarms = scenario.alarms();
        let metric = |amount: Amount, unit: &str| match amount {
            Amount::Count(count) => Metric::count(count),
            Amount::Real(real) => Metric::real(real, unit),
        };
        let metrics = metrics.all().iter().map(|m| (m.name.clone(), metric(m.amount, m.unit)));
        Ok(Replayed {
            metrics: metrics.collect(),
            log: log(&watch.log, wanted)?,
            series: watch.series(alarms.as_deref()),
            reading,
        })
    }

    fn judge(&self, arguments: &Arguments, replayed: &Replayed) -> anyhow::Result<Judged> {
        let scenario = read(arguments)?;
        let (mut hosts, mut vms) = (Matrix::new(2), Matrix::new(2));
        let mut power = Vec::new();
        for host in scenario.hosts().all() {
            hosts.push(&[host.capacity[CPU], host.capacity[MEMORY]]);
            let [idle, .., full] = *host.power.points();
            let tenths = |watts: f64| (watts * 10.0).round() as u64;
            power.push(Power { idle: tenths(idle), full: tenths(full) });
        }
        let mut lives = Vec::new();
        for vm in scenario.vms() {
            vms.push(&[vm.request[CPU], vm.request[MEMORY]]);
            lives.push((vm.start, vm.end.map(|end| end - vm.start)));
        }
        let asked = operation::Operation {
            hosts,
            power,
            vms,
            lives,
            end: scenario.end(),
            hosts_fail: scenario.has("faults"),
            isolation: isolation(&scenario)?,
        };
        Ok(verdict(operation::derive(&asked, &steps(replayed)?), replayed))
    }
}

/// What the judge is told of who may be where.
fn isolation(scenario: &Scenario) -> anyhow::Result<Option<isolation::Isolation>> {
    let (hosts, vms) = (scenario.hosts(), scenario.vms());
    let most = hosts.fleet().largest();
    Ok(scenario.isolation()?.map(|(rules, kept)| isolation::Isolation {
        rules: rules.rules().to_vec(),
        topology: rules.instance().rules().topology.clone(),
        type_of: (0..vms.len()).map(|vm| rules.type_of(vm)).collect(),
        kind_of: (0..hosts.len()).map(|host| rules.kind_of(host)).collect(),
        tenants: vms.iter().map(|vm| vm.tenant).collect(),
        large: hosts.all().iter().map(|host| host.capacity[..most.len()] == most[..]).collect(),
        kept,
    }))
}

/// The name of a scenario that ships with the program, if the trace is one.
fn named(arguments: &Arguments) -> Option<&str> {
    arguments.trace.to_str().and_then(scenarios::name)
}

fn read(arguments: &Arguments) -> anyhow::Result<Scenario> {
    let Arguments { trace, set, seed, .. } = arguments;
    Ok(match named(arguments).and_then(scenarios::text) {
        Some(text) => Scenario::parse(text, trace, set, *seed)?,
        None => Scenario::read(trace, set, *seed)?,
    })
}

/// Keeps what is wanted of a replay.
struct Watch {
    wanted: Wanted,
    log: Vec<Step>,
    /// When the state is looked at next.
    next: Time,
    /// How it was at the end of each period.
    periods: Vec<(Time, String)>,
    migrations: u64,
    /// The shares of its CPU that each host granted, summed over the looks of the hour.
    loads: Vec<f64>,
    hours: String,
}

impl Watch {
    fn new(wanted: Wanted, hosts: usize) -> Self {
        Self {
            wanted,
            log: Vec::new(),
            next: PERIOD,
            periods: Vec::new(),
            migrations: 0,
            loads: vec![0.0; hosts],
            hours: "hour,host,load\n".to_owned(),
        }
    }

    /// The series, with the number of alarms raised in each period if there may be any.
    fn series(self, alarms: Option<&[Time]>) -> Vec<(String, String)> {
        if !self.wanted.series {
            return Vec::new();
        }
        let mut periods = "time_s,hosts_on,power_w,migrations,vms,waiting,down".to_owned();
        periods += if alarms.is_some() { ",alarms\n" } else { "\n" };
        let mut before = 0;
        for (time, row) in self.periods {
            periods += &row;
            if let Some(alarms) = alarms {
                let until = alarms.partition_point(|&raised| raised <= time);
                // Writing to a text cannot fail.
                let _ = write!(periods, ",{}", until - before);
                before = until;
            }
            periods.push('\n');
        }
        vec![("periods".to_owned(), periods), ("hosts".to_owned(), self.hours)]
    }
}

impl Observer for Watch {
    fn event(&mut self, event: &Event, state: &State<'_>) {
        let (vm, what) = match event.what {
            What::Placed { vm, host } => (vm, Deed::Placed(host as u64)),
            What::MigrationStarted { vm, to, .. } => (vm, Deed::Moves(to as u64)),
            What::Migrated { vm, .. } => {
                self.migrations += 1;
                (vm, Deed::Moved)
            }
            What::MigrationFailed { vm, .. } => (vm, Deed::Stays),
            What::Left { vm, .. } | What::Lost { vm } => (vm, Deed::Left),
            What::VmDown { vm, .. } => (vm, Deed::Down),
            What::Returned { vm, .. } => (vm, Deed::Returns),
            What::Restarted { vm, host } => (vm, Deed::Restarts(host as u64)),
            What::Allotted { vm } => {
                let reserved = state.vm(vm).allotment.reserved;
                (vm, Deed::Reserves(reserved[CPU], reserved[MEMORY]))
            }
            _ => return,
        };
        if self.wanted.log {
            self.log.push(Step { time: event.time, vm: vm as u64, what });
        }
    }

    fn due(&self) -> Option<Time> {
        self.wanted.series.then_some(self.next)
    }

    fn look(&mut self, state: &State<'_>) {
        let all = 0..state.hosts().len();
        let on = all.clone().filter(|&host| state.host(host).status == Status::On).count();
        let power: u64 = all.map(|host| state.milliwatts(host)).sum();
        let phases = (0..state.asked().len()).map(|vm| state.vm(vm).phase);
        let (mut vms, mut waiting, mut down) = (0, 0, 0);
        for phase in phases {
            vms += u32::from(phase.runs());
            waiting += u32::from(phase == Phase::Waiting);
            down += u32::from(matches!(phase, Phase::Down { .. }));
        }
        let seconds = state.now() / 1000;
        let (watts, milliwatts) = (power / 1000, power % 1000);
        let moves = std::mem::take(&mut self.migrations);
        let row = format!("{seconds},{on},{watts}.{milliwatts:03},{moves},{vms},{waiting},{down}");
        self.periods.push((state.now(), row));
        self.next += PERIOD;
        for (host, load) in self.loads.iter_mut().enumerate() {
            *load += state.host(host).granted as f64 / state.hosts()[host].capacity[CPU] as f64;
        }
        if state.now().is_multiple_of(HOUR) {
            let hour = state.now() / HOUR - 1;
            for (host, load) in self.loads.iter_mut().enumerate() {
                let mean = std::mem::take(load) / (HOUR / PERIOD) as f64;
                // Writing to a text cannot fail.
                let _ = writeln!(self.hours, "{hour},{host},{mean:.4}");
            }
        }
    }
}
