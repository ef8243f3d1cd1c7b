//! `vmpack replay` of a trace of load.

use std::fmt::Write as _;

use anyhow::{Context as _, anyhow};
use serde_json::json;
use vmpack_check::replay::load::{self, Power};
use vmpack_check::replay::{Deed, Judged, Matrix, Step};
use vmpack_harness::{Accepted, Refusal, Replayed, Wanted};
use vmpack_results::{Metric, Replay};
use vmpack_sim::consolidation::{
    Change, Changes, Event, FileOrder, Observer, Policy, SAMPLES, Selection, Study, Tick, Trace,
    What, certify, energy_bound, replay,
};

use super::kind::{Kind, log, steps, verdict, wrong};
use super::{Arguments, Clock, fits, is_of_load, policy_of};
use crate::cmd::did_you_mean;

const MODES: [&str; 2] = ["corrected", "cloudsim303"];

/// As many hosts as in the study of CloudSim.
const HOSTS: usize = 800;

/// Seconds between ticks.
const PERIOD: f64 = 300.0;

/// Ticks of an hour.
const HOUR: usize = 12;

/// Milliseconds of a day.
const DAY: u64 = 86_400_000;

/// Running VMs whose load changes.
pub(super) struct Load;

impl Kind for Load {
    fn is_meant(&self, arguments: &Arguments) -> bool {
        is_of_load(arguments)
    }

    fn drawn<'a>(&self, _trace: &'a str) -> Option<&'a str> {
        None
    }

    fn subject(&self) -> &'static str {
        "a trace of load"
    }

    fn options(&self) -> &'static [&'static str] {
        &["format", "policy", "mode", "with", "hosts"]
    }

    fn accept(&self, arguments: &Arguments) -> Result<Accepted, Refusal> {
        let name = policy_of(arguments).map_err(wrong("policy"))?;
        fits(arguments, name, true)?;
        let policy = policy_named(name).map_err(wrong("policy"))?;
        let changes = changes(arguments)?;
        let names: Vec<&str> = changes.iter().map(Change::name).collect();
        let settings = [
            ("mode", json!(mode(arguments))),
            ("changes", json!(names)),
            ("hosts", json!(hosts(arguments))),
        ];
        let draws = matches!(policy, Policy::Heuristic { selection: Selection::Random, .. });
        Ok(Accepted {
            policy: policy.to_string(),
            replay: Replay {
                kind: "load".to_owned(),
                settings: settings.map(|(name, value)| (name.to_owned(), value)).into(),
            },
            randomised: draws,
            files: Vec::new(),
        })
    }

    fn replay(&self, arguments: &Arguments, wanted: Wanted) -> anyhow::Result<Replayed> {
        let policy = policy_named(policy_of(arguments)?)?;
        let changes = changes(arguments)?;
        let clock = Clock::start();
        let study = study(arguments, changes)?;
        let reading = clock.seconds();
        let context = || format!("{} on {} hosts", arguments.trace.display(), hosts(arguments));
        let bound = energy_bound(&study);
        let energy_bound = certify(&study, &bound).with_context(context)?;
        let mut watch = Watch::new(wanted, hosts(arguments));
        let report =
            replay(&study, policy, changes, arguments.seed, &mut watch).with_context(context)?;
        let service = report.service;
        let real =
            |name: &str, value: f64, unit: &str| (name.to_owned(), Metric::real(value, unit));
        let count = |name: &str, count: u64| (name.to_owned(), Metric::count(count));
        let metrics = vec![
            count("vms", study.vms.len() as u64),
            real("energy_kwh", report.energy_kwh, "kWh"),
            // Of the whole trace, all VMs served; what no policy can undercut that keeps VMs and memory.
            real("energy_lower_bound_kwh", energy_bound, "kWh"),
            count("hosts_lower_bound", bound.hosts),
            count("migrations", report.migrations),
            count("host_shutdowns", service.host_shutdowns),
            count("vms_lost", watch.lost),
            real("slatah_pooled", service.slatah_pooled, ""),
            real("slatah_mean", service.slatah_mean, ""),
            real("pdm", service.pdm, ""),
            real("slav", report.slav, ""),
            real("esv", report.energy_kwh * report.slav, "kWh"),
            real("overall_sla_violation", service.overall_sla_violation, ""),
            real("average_sla_violation", service.average_sla_violation, ""),
            real("mean_time_before_shutdown_s", service.mean_time_before_shutdown_s, "s"),
            real("mean_time_before_migration_s", service.mean_time_before_migration_s, "s"),
        ];
        let series = watch.series();
        Ok(Replayed { metrics, log: log(&watch.log, wanted)?, series, reading })
    }

    fn judge(&self, arguments: &Arguments, replayed: &Replayed) -> anyhow::Result<Judged> {
        let changes = changes(arguments)?;
        let study = study(arguments, changes)?;
        let (mut hosts, mut vms) = (Matrix::new(1), Matrix::new(1));
        let mut power = Vec::new();
        for host in 0..study.hosts {
            let kind = study.host_kind(host);
            hosts.push(&[kind.ram_mb]);
            let [idle, .., full] = *kind.power.points();
            let tenths = |watts: f64| (watts * 10.0).round() as u64;
            power.push(Power { idle: tenths(idle), full: tenths(full) });
        }
        (0..study.vms.len()).for_each(|vm| vms.push(&[study.vm_kind(vm).ram_mb]));
        let charges = [
            Change::IdleHostOn,
            Change::FirstIntervalCharged,
            Change::TailCharged,
            Change::LoadClamped,
        ];
        let asked = load::Study {
            hosts,
            power,
            vms,
            end: DAY,
            keeps_memory: changes.has(Change::RamEnforced),
            keeps_vms: changes.has(Change::VmsKept),
            charges_all: charges.into_iter().all(|change| changes.has(change)),
        };
        let bound = super::kind::claimed(replayed).get("energy_lower_bound_kwh").copied();
        Ok(verdict(load::derive(&asked, bound, &steps(replayed)?), replayed))
    }
}

/// Keeps what is wanted of a replay.
struct Watch {
    wanted: Wanted,
    log: Vec<Step>,
    lost: u64,
    periods: String,
    /// Energy and migrations up to the tick before.
    before: (f64, u64),
    /// The loads of hosts, summed over the ticks of the hour.
    loads: Vec<f64>,
    hours: String,
}

impl Watch {
    fn new(wanted: Wanted, hosts: usize) -> Self {
        Self {
            wanted,
            log: Vec::new(),
            lost: 0,
            periods: "time_s,hosts_on,power_w,migrations,vms\n".to_owned(),
            before: (0.0, 0),
            loads: vec![0.0; hosts],
            hours: "hour,host,load\n".to_owned(),
        }
    }

    fn series(&mut self) -> Vec<(String, String)> {
        if !self.wanted.series {
            return Vec::new();
        }
        let take = std::mem::take;
        vec![
            ("periods".to_owned(), take(&mut self.periods)),
            ("hosts".to_owned(), take(&mut self.hours)),
        ]
    }
}

impl Observer for &mut Watch {
    fn event(&mut self, Event { time, vm, what }: Event) {
        let what = match what {
            What::Placed(host) => Deed::Placed(host as u64),
            What::Moves(host) => Deed::Moves(host as u64),
            What::Moved => Deed::Moved,
            What::Removed => {
                self.lost += 1;
                Deed::Left
            }
        };
        if self.wanted.log {
            // Whole milliseconds: ticks are at tenths of a second, and memory is copied at 62.5 MB a second.
            let time = (time * 1000.0).round() as u64;
            self.log.push(Step { time, vm: vm as u64, what });
        }
    }

    fn tick(&mut self, tick: Tick) {
        if self.wanted.series {
            let (energy, migrations) = self.before;
            let power = (tick.energy_kwh - energy) * 3.6e6 / PERIOD;
            let (time, moves) = (tick.number as f64 * PERIOD, tick.migrations - migrations);
            let (on, vms) = (tick.active_hosts, tick.vms);
            // Writing to a text cannot fail.
            let _ = writeln!(self.periods, "{time},{on},{power:.3},{moves},{vms}");
            self.before = (tick.energy_kwh, tick.migrations);
        }
    }

    fn loads(&mut self, tick: usize, loads: &mut dyn Iterator<Item = f64>) {
        if !self.wanted.series {
            return;
        }
        self.loads.iter_mut().zip(loads).for_each(|(sum, load)| *sum += load);
        if tick.is_multiple_of(HOUR) || tick == SAMPLES - 1 {
            let hour = (tick - 1) / HOUR;
            let ticks = tick - hour * HOUR;
            for (host, sum) in self.loads.iter_mut().enumerate() {
                let _ = writeln!(self.hours, "{hour},{host},{:.4}", *sum / ticks as f64);
                *sum = 0.0;
            }
        }
    }
}

fn mode(arguments: &Arguments) -> &str {
    arguments.mode.as_deref().unwrap_or(MODES[0])
}

fn hosts(arguments: &Arguments) -> usize {
    arguments.hosts.unwrap_or(HOSTS)
}

fn study(arguments: &Arguments, changes: Changes) -> anyhow::Result<Study> {
    let order =
        if changes.has(Change::DirectoryOrder) { FileOrder::Directory } else { FileOrder::Sorted };
    let trace = Trace::read_planetlab(&arguments.trace, order)?;
    Ok(Study::new(trace, hosts(arguments), changes))
}

fn policy_named(name: &str) -> anyhow::Result<Policy> {
    Policy::named(name).ok_or_else(|| {
        let known = Policy::names();
        let hint = did_you_mean(name, known.iter().map(String::as_str));
        anyhow!(
            "there is no policy {name:?} for traces of load{hint} (known are {})",
            known.join(", ")
        )
    })
}

/// The changes of a mode, and those that are asked for besides.
fn changes(arguments: &Arguments) -> Result<Changes, Refusal> {
    let mode = mode(arguments);
    let mut changes = match mode {
        "cloudsim303" => Changes::CLOUDSIM303,
        "corrected" => Changes::corrected(),
        _ => {
            let hint = did_you_mean(mode, MODES.into_iter());
            let known = MODES.join(", ");
            let message = format!("there is no mode {mode:?}{hint} (known are {known})");
            return Err(Refusal::new("mode", message));
        }
    };
    for name in arguments.with.iter().filter(|name| !name.is_empty()) {
        let change: Change = name.parse().map_err(|()| {
            let known = || Change::ALL.iter().map(|change| change.name());
            let hint = did_you_mean(name, known());
            let known: Vec<&str> = known().collect();
            let known = known.join(", ");
            Refusal::new("with", format!("there is no change {name:?}{hint} (known are {known})"))
        })?;
        changes = changes.with(change);
    }
    Ok(changes)
}
