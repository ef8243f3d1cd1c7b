//! Replays of real days beside what CloudSim 3.0.3 printed, where the data directory is there.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

#[path = "../../../tests/skip.rs"]
mod skip;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use vmpack_sim::consolidation::{
    Change, Changes, FileOrder, Policy, Report, Study, Tick, Trace, certify, energy_bound, replay,
};

fn planetlab() -> Option<PathBuf> {
    Some(skip::data_with("planetlab/cloudsim303_results.csv")?.join("planetlab"))
}

type Row = HashMap<String, String>;

/// The rows of a day, by policy.
fn rows(folder: &Path, file: &str, day: &str) -> HashMap<String, Row> {
    let mut reader = csv::Reader::from_path(folder.join(file)).unwrap();
    let rows = reader.deserialize().map(|row| row.unwrap());
    rows.filter(|row: &Row| row["day"] == day)
        .map(|row| {
            let parts = ["detector", "selection", "parameter"].map(|part| row[part].clone());
            let name: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            (name.join("-"), row)
        })
        .collect()
}

fn study(folder: &Path, day: &str) -> Study {
    let trace = Trace::read_planetlab(&folder.join(day), FileOrder::Sorted).unwrap();
    Study::new(trace, 800, Changes::CLOUDSIM303)
}

fn assert_equal(row: &Row, report: &Report, name: &str) {
    let service = report.service;
    assert_eq!(format!("{:.5}", report.energy_kwh), row["energy_kwh"], "{name}");
    assert_eq!(report.migrations.to_string(), row["migrations"], "{name}");
    assert_eq!(service.host_shutdowns.to_string(), row["host_shutdowns"], "{name}");
    for (column, ours) in [
        ("slav", report.slav),
        ("slatah_pooled", service.slatah_pooled),
        ("pdm", service.pdm),
        ("overall_sla_violation", service.overall_sla_violation),
        ("average_sla_violation", service.average_sla_violation),
    ] {
        assert_eq!(format!("{ours:.10}"), row[column], "{name}: {column}");
    }
}

#[test]
fn cloudsim_is_reproduced_to_the_last_printed_digit() {
    let Some(folder) = planetlab() else { return };
    let study = study(&folder, "20110303");
    let published = rows(&folder, "cloudsim303_results.csv", "20110303");
    // The third sums in the order of a hash table, the fourth regresses.
    for name in ["dvfs", "thr-mmt-0.8", "iqr-mmt-1.5", "lr-mu-1.2"] {
        let policy = Policy::named(name).unwrap();
        let report = replay(&study, policy, Changes::CLOUDSIM303, 0, |_| ()).unwrap();
        assert_equal(&published[name], &report, name);
    }
    let corrected = rows(&folder, "cloudsim303_corrected_results.csv", "20110303");
    let changes = Changes::CLOUDSIM303.with(Change::VmsKept).with(Change::RamEnforced);
    for name in ["dvfs", "thr-mmt-0.8"] {
        let policy = Policy::named(name).unwrap();
        let report = replay(&study, policy, changes, 0, |_| ()).unwrap();
        assert_equal(&corrected[name], &report, name);
    }
}

/// Tick, VMs alive, hosts active, kWh and migrations so far.
type Point = (usize, usize, usize, f64, u64);

#[test]
fn ticks_meet_the_check_points() {
    let Some(folder) = planetlab() else { return };
    let study = study(&folder, "20110303");
    let none = Changes::CLOUDSIM303;
    let enforced = none.with(Change::VmsKept).with(Change::RamEnforced);
    let points: [(&str, Changes, &[Point]); 4] = [
        (
            "dvfs",
            none,
            &[
                (1, 994, 412, 0.0, 0),
                (2, 959, 411, 3.228_967_993, 0),
                (3, 919, 409, 6.450_540_266, 0),
                (10, 781, 396, 28.621_513_069, 0),
                (100, 565, 359, 286.766_375_045, 0),
                (287, 520, 345, 802.754_491_889, 0),
            ],
        ),
        (
            "thr-mmt-0.8",
            none,
            &[
                (1, 994, 775, 0.0, 592),
                (2, 959, 320, 2.836_485_627, 897),
                (3, 919, 220, 4.721_504_564, 1112),
                (5, 868, 134, 7.360_460_485, 1451),
                (10, 781, 79, 11.458_456_651, 1956),
                (50, 593, 63, 38.387_721_529, 5719),
                (100, 565, 72, 72.264_628_194, 10380),
                (200, 541, 73, 139.298_322_329, 19518),
                (287, 520, 72, 192.564_814_975, 26711),
            ],
        ),
        (
            "lr-mmt-1.2",
            none,
            &[
                (5, 868, 134, 7.360_356_260, 1458),
                (10, 781, 89, 11.552_426_236, 1982),
                (50, 593, 65, 34.789_902_977, 5927),
                (100, 565, 50, 63.705_840_604, 10871),
                (200, 541, 42, 119.725_224_880, 20448),
                (287, 520, 66, 163.425_085_010, 27859),
            ],
        ),
        (
            "thr-mmt-0.8",
            enforced,
            &[
                (1, 1052, 775, 0.0, 534),
                (2, 1052, 392, 3.234_368_818, 547),
                (3, 1052, 386, 6.299_265_313, 549),
                (287, 1052, 382, 879.894_726_425, 563),
            ],
        ),
    ];
    for (name, changes, expected) in points {
        let mut ticks: Vec<Tick> = Vec::new();
        replay(&study, Policy::named(name).unwrap(), changes, 0, |tick| ticks.push(tick)).unwrap();
        for &(number, vms, active, kwh, migrations) in expected {
            let tick = ticks[number - 1];
            assert_eq!((tick.number, tick.vms), (number, vms), "{name}");
            assert_eq!(
                (tick.active_hosts, tick.migrations),
                (active, migrations),
                "{name} at {number}"
            );
            assert!(
                (tick.energy_kwh - kwh).abs() < 1e-9,
                "{name} at {number}: {}",
                tick.energy_kwh
            );
        }
    }
}

#[test]
fn best_saves_most_within_the_service_of_cloudsim() {
    let Some(folder) = planetlab() else { return };
    let study = study(&folder, "20110303");
    let published = rows(&folder, "cloudsim303_corrected_results.csv", "20110303");
    let limit = |column: &str| published["thr-mmt-0.8"][column].parse::<f64>().unwrap();
    let bound = certify(&study, &energy_bound(&study)).unwrap();
    let changes = Changes::corrected();
    let report = replay(&study, Policy::named("best").unwrap(), changes, 0, |_| ()).unwrap();
    assert!(bound > 707.1 && bound <= report.energy_kwh, "{bound}");
    assert!(report.energy_kwh <= 735.0, "{}", report.energy_kwh);
    assert!(report.migrations as f64 <= limit("migrations"));
    assert!(report.service.slatah_pooled <= limit("slatah_pooled"));
    assert!(report.service.pdm <= limit("pdm"));
}
