//! What a monitor sees of a cluster in operation, and what becomes of it.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use proptest::prelude::*;
use vmpack_sim::monitoring::{Configuration, Files, Monitor, Report, Subject, Trouble};
use vmpack_sim::operation::{Hosts, Incident, Ledger, Setting, Vm};

use crate::skip::skipped;
use crate::support::Fate;
use crate::support::{MINUTE, demand, engine, hosts, totals, varying};

fn configuration(text: &str) -> Configuration {
    Configuration::parse(Path::new("test.toml"), text).expect("a right configuration")
}

/// Runs first fit for an hour under a monitor.
fn watch(
    configuration: Configuration,
    hosts: &Hosts,
    vms: &[Vm],
    fate: Vec<(u64, Incident)>,
) -> Report {
    let mut monitor = Monitor::new(configuration, hosts.len(), vms);
    let engine = engine(Setting::until(60 * MINUTE), hosts, vms);
    engine.struck(Box::new(Fate(fate))).observed(&mut monitor).run();
    monitor.report(60 * MINUTE)
}

/// Two VMs that ask for half a host each and use more from minute 20 to 25 and from 41 to 42, which no sample sees.
fn busy() -> [Vm; 2] {
    let mut load = [300; 60];
    load[20..25].fill(600);
    load[41] = 550;
    let mut vms = [0, 1].map(|_| varying(0, 60 * MINUTE, demand(500, 1024), MINUTE, &load));
    vms[0].name = "say \"a\"".into();
    vms[1].name = "b\\c, d".into();
    vms
}

const BUSY: &str = r#"
    period = 120
    delay = 30
    horizon = 300
    [[rules]]
    name = "high"
    metric = "host_cpu_wanted_ratio"
    tells = "overload"
    kind = "threshold"
    above = 1.0
    [[rules]]
    name = "short"
    metric = "vm_cpu_shortfall_ratio"
    tells = "shortfall"
    kind = "threshold"
    above = 0.15
    for = 120
"#;

#[test]
fn an_overload_by_hand() {
    let (hosts, vms) = (hosts(1, 1000, 4096), busy());
    let report = watch(configuration(BUSY), &hosts, &vms, Vec::new());
    let episodes: Vec<_> = report
        .episodes
        .iter()
        .map(|e| {
            (e.trouble, e.subject, e.from / MINUTE, e.until / MINUTE, e.lost / u128::from(MINUTE))
        })
        .collect();
    let (overload, short, host) = (Trouble::Overload, Trouble::Shortfall, Subject::Host(0));
    let [a, b] = [0, 1].map(Subject::Vm);
    // Each VM is limited to the 500 that it asked for; both together want 1200 and 1100 of 1000.
    let expected = [
        (overload, host, 20, 25, 1000),
        (short, a, 20, 25, 500),
        (short, b, 20, 25, 500),
        (overload, host, 41, 42, 100),
        (short, a, 41, 42, 50),
        (short, b, 41, 42, 50),
    ];
    assert_eq!(episodes, expected);
    let alarms: Vec<_> = report
        .alarms
        .iter()
        .map(|alarm| (alarm.rule, alarm.subject, alarm.raised, alarm.cleared))
        .collect();
    let seen = |minute: u64| minute * MINUTE + 30_000;
    let expected = [
        (0, host, seen(20), Some(seen(26))),
        (1, a, seen(22), Some(seen(26))),
        (1, b, seen(22), Some(seen(26))),
    ];
    assert_eq!(alarms, expected);
    let [high, short] = report.scores() else { panic!("two rules tell of trouble") };
    assert_eq!((high.precision, high.recall), (Some(1.0), Some(0.5)), "one minute slips through");
    assert_eq!((high.lead_median_s, short.lead_median_s), (Some(-30.0), Some(-150.0)));
    assert_eq!((short.episodes, short.detected), (4, 2));
    let incidents: Vec<_> = report
        .incidents
        .iter()
        .map(|i| (i.from_s, i.until_s, i.vms_short, i.lost_core_s, i.first_alarm.as_deref()))
        .collect();
    // 200 thousandths over 300 s and 100 over 60 s.
    let expected = [(1200.0, 1500.0, 2, 60.0, Some("high")), (2460.0, 2520.0, 2, 6.0, None)];
    assert_eq!(incidents, expected);
    // Samples at minutes 0, 2, .. see 20, 22 and 24, those at 0, 4, .. 20 and 24, at 0, 8, .. 24, and at 0, 16, .. none.
    let recalls: Vec<_> =
        report.sensitivity.iter().map(|s| (s.period_s as u64, s.scores[0].recall)).collect();
    let (half, none) = (Some(0.5), Some(0.0));
    assert_eq!(recalls, [(120, half), (240, half), (480, half), (960, none)]);
    let text = report.to_string();
    assert!(
        text.contains("host 0 from 1200 s to 1500 s: overload, shortfall; 2 VMs short"),
        "{text}"
    );
    assert!(text.contains("first alarm high at 1230 s"), "{text}");
}

#[test]
fn a_failure_by_hand() {
    let vms = [Vm::steady("a", 0, None, demand(500, 1024))];
    let fate = vec![
        (11 * MINUTE, Incident::Fail { host: 0 }),
        (19 * MINUTE, Incident::Repair { host: 0 }),
        (58 * MINUTE, Incident::Fail { host: 0 }),
    ];
    let report = watch(Configuration::default(), &hosts(1, 1000, 4096), &vms, fate);
    let failures: Vec<_> =
        report.episodes.iter().map(|e| (e.trouble, e.from, e.until, e.lost)).collect();
    let lost = |minutes: u64| u128::from(500 * minutes * MINUTE);
    let expected = [
        (Trouble::Failure, 11 * MINUTE, 19 * MINUTE, lost(8)),
        (Trouble::Failure, 58 * MINUTE, 60 * MINUTE, lost(2)),
    ];
    assert_eq!(failures, expected);
    let rule = |name: &str| report.rules.iter().position(|rule| rule.name == name);
    let alarms: Vec<_> =
        report.alarms.iter().map(|a| (Some(a.rule), a.raised, a.cleared)).collect();
    let seen = |minute: u64| minute * MINUTE + 30_000;
    assert_eq!(
        alarms,
        [(rule("host-failed"), seen(15), Some(seen(20)))],
        "samples are five minutes apart"
    );
    let text = &report.exposition;
    assert!(text.contains("\nvmpack_host_failures_total 1\n"), "{text}");
    assert!(text.contains("\nvmpack_alarms_raised_total{rule=\"host-failed\"} 1\n"), "{text}");
    assert!(text.contains("\nvmpack_host_power_watts{host=\"0\"} 102\n"), "{text}");
}

fn read(folder: &Path, name: &str) -> String {
    let path = folder.join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Runs first fit under a monitor that writes to a folder.
fn write(folder: &Path, is_gzip: bool) -> Report {
    let (hosts, vms) = (hosts(2, 1000, 4096), busy());
    let files = Files::create(folder, is_gzip).expect("a folder");
    let mut monitor =
        Monitor::new(configuration(BUSY), 2, &vms).recording(files.series().expect("a file"));
    engine(Setting::until(60 * MINUTE), &hosts, &vms).observed(&mut monitor).run();
    monitor.close().expect("written");
    let report = monitor.report(60 * MINUTE);
    assert_eq!(names(folder), [""; 0], "nothing is there before all is");
    files.write(&report).expect("written");
    report
}

/// The files of a folder that are there by name.
fn names(folder: &Path) -> Vec<String> {
    let entries =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
    names.sort();
    names
}

#[test]
fn files_say_what_was_seen() {
    let root = tempfile::tempdir().expect("a folder");
    let folder = root.path().join("a/b");
    let report = write(&folder, false);
    assert_eq!(
        names(&folder),
        ["alarms.csv", "metrics.om", "series.csv", "summary.json", "summary.txt"]
    );
    let entries = std::fs::read_dir(&folder).expect("a folder").count();
    assert_eq!(entries, 5, "no draft is left");

    let mut series = csv::Reader::from_path(folder.join("series.csv")).expect("a table");
    let rows: Vec<csv::StringRecord> = series.records().map(|row| row.expect("a row")).collect();
    let find = |time: &str, metric: &str, subject: &str| {
        let mut rows =
            rows.iter().filter(|row| (&row[0], &row[1], &row[2]) == (time, metric, subject));
        let row = rows.next().map(|row| row[3].to_owned());
        assert!(rows.next().is_none(), "once");
        row
    };
    let some = |value: &str| Some(value.to_owned());
    assert_eq!(find("1200", "host_cpu_wanted_ratio", "0"), some("1.2"));
    assert_eq!(find("1200", "host_cpu_wanted_ratio", "1"), None, "it is off");
    assert_eq!(find("1200", "host_status", "1"), some("0"));
    assert_eq!(find("1320", "vm_cpu_granted_cores", "b\\c, d"), some("0.5"));
    assert_eq!(find("0", "host_memory_committed_bytes", "0"), some("2147483648"));
    assert_eq!(find("3480", "vms_placed", ""), some("2"));
    assert_eq!(rows.len() as u64, report.reach.values);
    assert_eq!(report.reach.samples, 30);

    let alarms = read(&folder, "alarms.csv");
    let lines: Vec<&str> = alarms.lines().collect();
    assert_eq!(lines[0], "rule,metric,subject,raised_s,cleared_s,value");
    assert_eq!(lines[1], "high,host_cpu_wanted_ratio,0,1230,1590,1.2");
    assert!(
        lines[2].starts_with("short,vm_cpu_shortfall_ratio,\"say \"\"a\"\"\",1350,1590,0.16666")
    );

    let summary = read(&folder, "summary.json");
    let summary: serde_json::Value = serde_json::from_str(&summary).expect("JSON");
    assert_eq!(summary["incidents"][0]["lost_core_s"], 60.0);
    assert_eq!(summary["scores"][0]["rule"], "high");
    assert_eq!(summary["period_s"], 120.0);

    let plain = read(&folder, "series.csv");
    let folder = root.path().join("packed");
    write(&folder, true);
    let packed = std::fs::read(folder.join("series.csv.gz")).expect("a file");
    let mut unpacked = String::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut unpacked).expect("gzip");
    assert_eq!(unpacked, plain);
}

#[test]
fn a_run_that_is_broken_off_leaves_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = Files::create(folder.path(), false).expect("a folder");
    files.series().expect("a file").write_all(b"half").expect("written");
    drop(files);
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
    let taken = folder.path().join("taken");
    std::fs::write(&taken, "").expect("written");
    assert!(Files::create(&taken, false).is_err(), "a file is no folder");
}

/// Where `promtool` is: on the path, or where the set-up puts it.
fn promtool() -> Option<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.native/promtool");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let named = std::env::split_paths(&path).map(|folder| folder.join("promtool"));
    named.chain([own]).find(|file| file.is_file())
}

#[test]
fn promtool_accepts_the_metrics() {
    let Some(promtool) = promtool() else {
        return skipped("promtool is not installed (`cargo xtask aids`)");
    };
    let check = |text: &str| {
        let mut command = Command::new(&promtool);
        command
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("promtool starts");
        child.stdin.take().expect("piped").write_all(text.as_bytes()).expect("promtool reads");
        let output = child.wait_with_output().expect("promtool ends");
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&said).into_owned())
    };
    let vms = busy();
    let text = watch(Configuration::default(), &hosts(2, 1000, 4096), &vms, Vec::new()).exposition;
    assert!(text.ends_with("\n# EOF\n"));
    assert!(text.contains("vmpack_vm_cpu_wanted_cores{vm=\"say \\\"a\\\"\"} 0.3\n"), "{text}");
    assert_eq!(check(&text), (Some(0), String::new()));
    // It would say so if something were wrong.
    let gauge = text.replace("vms_placed_total counter", "vms_placed_total gauge");
    assert_ne!(check(&gauge).0, Some(0));
    assert_ne!(check(&text.replace("\\\"a\\\"", "\"a\"")).0, Some(0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Who samples as often as load changes, without delay, misses nothing and is never wrong; and a run that is
    /// watched is the run that is not.
    #[test]
    fn perfect_sampling_is_perfect(
        loads in prop::collection::vec(prop::collection::vec(0_u32..700, 1..20), 1..7),
    ) {
        let hosts = hosts(4, 1000, 4096);
        let vms: Vec<Vm> = loads
            .iter()
            .map(|load| varying(0, 60 * MINUTE, demand(300, 1024), MINUTE, load))
            .collect();
        let rules = r#"
            period = 60
            metrics = []
            horizon = 0
            rules = [
                { name = "host", metric = "host_cpu_wanted_ratio", tells = "overload", kind = "threshold", above = 1.0000005 },
                { name = "vm", metric = "vm_cpu_shortfall_ratio", tells = "shortfall", kind = "threshold", above = 0.0000005 },
            ]"#;
        let report = watch(configuration(rules), &hosts, &vms, Vec::new());
        for score in report.scores() {
            prop_assert_eq!((score.true_alarms, score.detected), (score.alarms, score.episodes));
            prop_assert!(score.lead_median_s.is_none_or(|lead| lead == 0.0), "{:?}", score);
            prop_assert_eq!(score.alarms, score.episodes);
        }
        let (alone, _) = totals(Setting::until(60 * MINUTE), &hosts, &vms);
        let short: u128 = report.episodes.iter().filter(|e| e.trouble == Trouble::Shortfall).map(|e| e.lost).sum();
        prop_assert_eq!(short, alone.short, "all that is short is in an episode");
        let overload = report.episodes.iter().filter(|e| e.trouble == Trouble::Overload);
        let overloaded: u64 = overload.map(|e| e.until - e.from).sum();
        prop_assert_eq!(u128::from(overloaded), alone.overloaded_time);
        let mut ledger = Ledger::default();
        let mut monitor = Monitor::new(configuration(rules), 4, &vms);
        let engine = engine(Setting::until(60 * MINUTE), &hosts, &vms);
        engine.observed(&mut ledger).observed(&mut monitor).run();
        prop_assert_eq!(*ledger.totals(), alone);
    }
}
