//! Compares replays of the PlanetLab study with published results of CloudSim 3.0.3.
//!
//! `cargo run --release -p vmpack-sim --example planetlab -- FOLDER all` replays every row of the results in the
//! folder, whose traces lie beside them, and says which are equal. In place of `all`: `ablation DAY POLICY`, what every
//! change does alone, and what corrections do on top of those before; `days POLICY,..`, policies in corrected mode on
//! every day; `study DAY`, how long the 21 policies of the study take; `ticks DAY POLICY [CHANGE,..]`, a replay tick
//! by tick.

#![expect(clippy::unwrap_used, reason = "a program for developers stops where it fails")]

use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

use rayon::prelude::*;
use vmpack_sim::consolidation::{
    Change, Changes, FileOrder, Policy, Report, Study, Trace, certify, energy_bound, replay,
};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [folder, "all"] => compare(Path::new(folder)),
        [folder, "days", policies] => days(Path::new(folder), policies),
        [folder, "ablation", day, policy] => ablation(&Path::new(folder).join(day), policy),
        [folder, "study", day] => whole_study(&Path::new(folder).join(day)),
        [folder, "ticks", day, policy] => ticks(&Path::new(folder).join(day), policy, ""),
        [folder, "ticks", day, policy, with] => ticks(&Path::new(folder).join(day), policy, with),
        _ => eprintln!("see the first lines of crates/sim/examples/planetlab.rs"),
    }
}

fn study(day: &Path, changes: Changes) -> Study {
    let order =
        if changes.has(Change::DirectoryOrder) { FileOrder::Directory } else { FileOrder::Sorted };
    Study::new(Trace::read_planetlab(day, order).unwrap(), 800, changes)
}

type Row = HashMap<String, String>;

fn rows(path: &Path) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(|row| row.unwrap()).collect()
}

/// The figures that differ from a published row, as text.
fn differences(row: &Row, report: &Report) -> Vec<String> {
    let mut found = Vec::new();
    let mut exact = |name: &str, ours: String| {
        if row[name] != ours {
            found.push(format!("{name} {} != {ours}", row[name]));
        }
    };
    exact("energy_kwh", format!("{:.5}", report.energy_kwh));
    exact("migrations", report.migrations.to_string());
    exact("host_shutdowns", report.service.host_shutdowns.to_string());
    exact("slatah_pooled", format!("{:.10}", report.service.slatah_pooled));
    exact("pdm", format!("{:.10}", report.service.pdm));
    exact("slav", format!("{:.10}", report.slav));
    exact("overall_sla_violation", format!("{:.10}", report.service.overall_sla_violation));
    exact("average_sla_violation", format!("{:.10}", report.service.average_sla_violation));
    found
}

fn compare(folder: &Path) {
    let started = Instant::now();
    let published = rows(&folder.join("cloudsim303_results.csv"));
    let corrected = rows(&folder.join("cloudsim303_corrected_results.csv"));
    let corrections: Changes = [Change::VmsKept, Change::RamEnforced].into_iter().collect();
    let all: Vec<(Row, Changes)> = published
        .into_iter()
        .map(|row| (row, Changes::CLOUDSIM303))
        .chain(corrected.into_iter().map(|row| (row, corrections)))
        .collect();
    let lines: Vec<(String, bool)> = all
        .par_iter()
        .map(|(row, changes)| {
            let name = [&row["detector"], &row["selection"], &row["parameter"]]
                .into_iter()
                .filter(|part| !part.is_empty())
                .cloned()
                .collect::<Vec<_>>()
                .join("-");
            let policy = Policy::named(&name).unwrap();
            let began = Instant::now();
            let study = study(&folder.join(&row["day"]), *changes);
            let report = replay(&study, policy, *changes, 0, |_| ()).unwrap();
            let differing = differences(row, &report);
            let equal = differing.is_empty();
            let verdict = if equal { "equal".to_owned() } else { differing.join("; ") };
            let seconds = began.elapsed().as_secs_f64();
            (format!("{} {name:<12} {changes} {seconds:.2} s  {verdict}", row["day"]), equal)
        })
        .collect();
    for (line, _) in &lines {
        println!("{line}");
    }
    let equal = lines.iter().filter(|(_, equal)| *equal).count();
    let seconds = started.elapsed().as_secs_f64();
    println!("{equal} of {} rows equal in every printed digit, {seconds:.1} s", lines.len());
}

fn ablation(day: &Path, policy: &str) {
    let policy = Policy::named(policy).unwrap();
    let mut runs = vec![("| none".to_owned(), Changes::CLOUDSIM303)];
    let mut so_far = Changes::CLOUDSIM303;
    for &change in Change::ALL {
        runs.push((
            format!("{} | `{}`", change.quirk(), change.name()),
            Changes::CLOUDSIM303.with(change),
        ));
    }
    for &change in Change::ALL.iter().filter(|change| change.is_correction()) {
        so_far = so_far.with(change);
        runs.push((format!("{} | and `{}`", change.quirk(), change.name()), so_far));
    }
    println!("| quirk | change | kWh | migrations | SLATAH % | PDM % | shutdowns |");
    println!("|---|---|---|---|---|---|---|");
    let lines: Vec<String> = runs
        .par_iter()
        .map(|(name, changes)| match replay(&study(day, *changes), policy, *changes, 0, |_| ()) {
            Ok(report) => format!(
                "| {name} | {:.5} | {} | {:.4} | {:.5} | {} |",
                report.energy_kwh,
                report.migrations,
                100.0 * report.service.slatah_pooled,
                100.0 * report.service.pdm,
                report.service.host_shutdowns
            ),
            Err(error) => format!("| {name} | {error} |"),
        })
        .collect();
    for line in lines {
        println!("{line}");
    }
}

/// Every policy of the study on one day, shipped, on all cores.
fn whole_study(day: &Path) {
    let began = Instant::now();
    let study = study(day, Changes::CLOUDSIM303);
    let policies: Vec<Policy> = Policy::names()
        .iter()
        .map(|name| Policy::named(name).unwrap())
        .filter(|policy| !matches!(policy, Policy::Best { .. }))
        .collect();
    let reports: Vec<Report> = policies
        .par_iter()
        .map(|&policy| replay(&study, policy, Changes::CLOUDSIM303, 0, |_| ()).unwrap())
        .collect();
    for (policy, report) in policies.iter().zip(reports) {
        println!("{policy:<12} {:>9.5} kWh {:>6} migrations", report.energy_kwh, report.migrations);
    }
    println!("{} policies in {:.1} s", policies.len(), began.elapsed().as_secs_f64());
}

fn ticks(day: &Path, policy: &str, with: &str) {
    let changes: Changes =
        with.split(',').filter(|name| !name.is_empty()).map(|name| name.parse().unwrap()).collect();
    let policy = Policy::named(policy).unwrap();
    let report = replay(
        &study(day, changes),
        policy,
        changes,
        0,
        |tick: vmpack_sim::consolidation::Tick| {
            println!(
                "{:>3} {:>5} {:>4} {:>14.9} {:>6}",
                tick.number, tick.vms, tick.active_hosts, tick.energy_kwh, tick.migrations
            );
        },
    );
    println!("{report:#?}");
}

/// Policies in corrected mode on every day, beside the bound and `thr-mmt-0.8` of CloudSim with VMs kept and memory
/// enforced.
fn days(folder: &Path, policies: &str) {
    let changes = Changes::corrected();
    let published = rows(&folder.join("cloudsim303_corrected_results.csv"));
    let policies: Vec<Policy> =
        policies.split(',').map(|name| Policy::named(name).unwrap()).collect();
    println!(
        "| day | policy | kWh | over the bound % | migrations | SLATAH % | PDM % | shutdowns |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for row in published.iter().filter(|row| row["detector"] == "thr") {
        let day = &row["day"];
        let study = study(&folder.join(day), changes);
        let bound = certify(&study, &energy_bound(&study)).unwrap();
        println!("| {day} | bound | {bound:.2} | | | | | |");
        let percent = |column: &str| 100.0 * row[column].parse::<f64>().unwrap();
        println!(
            "| {day} | CloudSim, VMs kept, memory enforced | {:.2} | | {} | {:.4} | {:.5} | {} |",
            row["energy_kwh"].parse::<f64>().unwrap(),
            row["migrations"],
            percent("slatah_pooled"),
            percent("pdm"),
            row["host_shutdowns"],
        );
        let lines: Vec<String> = policies
            .par_iter()
            .map(|&policy| {
                let report = replay(&study, policy, changes, 0, |_| ()).unwrap();
                format!(
                    "| {day} | `{policy}` | {:.2} | {:.2} | {} | {:.4} | {:.5} | {} |",
                    report.energy_kwh,
                    100.0 * (report.energy_kwh / bound - 1.0),
                    report.migrations,
                    100.0 * report.service.slatah_pooled,
                    100.0 * report.service.pdm,
                    report.service.host_shutdowns,
                )
            })
            .collect();
        for line in lines {
            println!("{line}");
        }
    }
}
