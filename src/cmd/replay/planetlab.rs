//! `vmpack replay` of a trace of load.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, anyhow};
use serde::Serialize;
use vmpack_harness::own_cpu_seconds;
use vmpack_sim::consolidation::{
    Change, Changes, FileOrder, Policy, Study, Trace, certify, energy_bound, replay,
};

use super::Arguments;
use crate::cmd::{did_you_mean, say};

const MODES: [&str; 2] = ["corrected", "cloudsim303"];

/// What `--json` prints.
#[derive(Serialize)]
struct Answer {
    trace: String,
    policy: String,
    mode: String,
    changes: Vec<&'static str>,
    hosts: usize,
    vms: usize,
    energy_kwh: f64,
    /// Of the whole trace, all VMs served; what no policy can undercut that keeps VMs and memory.
    energy_lower_bound_kwh: f64,
    hosts_lower_bound: u64,
    migrations: u64,
    slatah_pooled: f64,
    slatah_mean: f64,
    pdm: f64,
    slav: f64,
    esv: f64,
    overall_sla_violation: f64,
    average_sla_violation: f64,
    host_shutdowns: u64,
    mean_time_before_shutdown_s: f64,
    mean_time_before_migration_s: f64,
    seed: u64,
    wall_s: f64,
    cpu_s: f64,
}

pub(super) fn run(arguments: &Arguments, name: &str) -> anyhow::Result<ExitCode> {
    let (began, cpu_before) = (Instant::now(), own_cpu_seconds());
    let policy = policy_named(name)?;
    let changes = changes(&arguments.mode, &arguments.with)?;
    let order =
        if changes.has(Change::DirectoryOrder) { FileOrder::Directory } else { FileOrder::Sorted };
    let trace = Trace::read_planetlab(&arguments.trace, order)?;
    let study = Study::new(trace, arguments.hosts, changes);
    let context = || format!("{} on {} hosts", arguments.trace.display(), arguments.hosts);
    let bound = energy_bound(&study);
    let energy_lower_bound_kwh = certify(&study, &bound).with_context(context)?;
    let report = replay(&study, policy, changes, arguments.seed, |_| ()).with_context(context)?;
    let service = report.service;
    let answer = Answer {
        trace: arguments.trace.display().to_string(),
        policy: policy.to_string(),
        mode: arguments.mode.clone(),
        changes: changes.iter().map(Change::name).collect(),
        hosts: arguments.hosts,
        vms: study.vms.len(),
        energy_kwh: report.energy_kwh,
        energy_lower_bound_kwh,
        hosts_lower_bound: bound.hosts,
        migrations: report.migrations,
        slatah_pooled: service.slatah_pooled,
        slatah_mean: service.slatah_mean,
        pdm: service.pdm,
        slav: report.slav,
        esv: report.energy_kwh * report.slav,
        overall_sla_violation: service.overall_sla_violation,
        average_sla_violation: service.average_sla_violation,
        host_shutdowns: service.host_shutdowns,
        mean_time_before_shutdown_s: service.mean_time_before_shutdown_s,
        mean_time_before_migration_s: service.mean_time_before_migration_s,
        seed: arguments.seed,
        wall_s: began.elapsed().as_secs_f64(),
        cpu_s: own_cpu_seconds() - cpu_before,
    };
    if arguments.json {
        say(serde_json::to_string(&answer)?)?;
    } else {
        answer.print()?;
    }
    Ok(ExitCode::SUCCESS)
}

impl Answer {
    fn print(&self) -> anyhow::Result<()> {
        say(format_args!("trace        {}: {} VMs on {} hosts", self.trace, self.vms, self.hosts))?;
        say(format_args!("policy       {}", self.policy))?;
        say(format_args!("mode         {}", self.mode))?;
        say(format_args!("energy       {:.5} kWh", self.energy_kwh))?;
        say(format_args!("lower bound  {:.5} kWh (certified)", self.energy_lower_bound_kwh))?;
        say(format_args!("migrations   {}", self.migrations))?;
        say(format_args!(
            "SLATAH       {:.10} pooled, {:.10} mean",
            self.slatah_pooled, self.slatah_mean
        ))?;
        say(format_args!("PDM          {:.10}", self.pdm))?;
        say(format_args!("SLAV, ESV    {:.10}, {:.10}", self.slav, self.esv))?;
        say(format_args!("shutdowns    {}", self.host_shutdowns))?;
        say(format_args!("time         {:.6} s wall, {:.6} s CPU", self.wall_s, self.cpu_s))
    }
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
fn changes(mode: &str, with: &[String]) -> anyhow::Result<Changes> {
    let mut changes = match mode {
        "cloudsim303" => Changes::CLOUDSIM303,
        "corrected" => Changes::corrected(),
        _ => {
            let hint = did_you_mean(mode, MODES.into_iter());
            return Err(anyhow!(
                "there is no mode {mode:?}{hint} (known are {})",
                MODES.join(", ")
            ));
        }
    };
    for name in with.iter().filter(|name| !name.is_empty()) {
        let change: Change = name.parse().map_err(|()| {
            let known = || Change::ALL.iter().map(|change| change.name());
            let hint = did_you_mean(name, known());
            let known: Vec<&str> = known().collect();
            anyhow!("there is no change {name:?}{hint} (known are {})", known.join(", "))
        })?;
        changes = changes.with(change);
    }
    Ok(changes)
}
