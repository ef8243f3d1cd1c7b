//! Failures as they were: incidents from a file.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Incident, Time};
use crate::arrivals::format::TraceError;
use crate::arrivals::format::table::{Row as _, Table};

const COLUMNS: &[&str] = &["time", "component", "event"];
const TIME: usize = 0;
const COMPONENT: usize = 1;
const EVENT: usize = 2;

/// What is wrong with a host at the moment.
#[derive(Clone, Copy, Debug, Default)]
struct Condition {
    host_down: bool,
    rack_down: bool,
    slow: bool,
}

/// Reads incidents of hosts, of which `racks` gives the rack by number: a CSV file, as it is or compressed by gzip or
/// zstd, with columns `time` (in seconds, never falling), `component` (`host:NUMBER` or `rack:NUMBER`) and `event`:
/// `fail`, `repair`, `slow:SHARE` for a host that runs with that share of its CPU, `sound` when it runs with all of it
/// again. A host is down while it has failed or its rack has.
///
/// # Errors
/// If the file cannot be read, a field is not of its form, time falls, there is no such host or rack, or an event does
/// not change anything (a second failure without a repair).
pub fn read_incidents(path: &Path, racks: &[u32]) -> Result<Vec<(Time, Incident)>, TraceError> {
    let mut members: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (host, &rack) in racks.iter().enumerate() {
        members.entry(u64::from(rack)).or_default().push(host);
    }
    let mut table = Table::with_header(path, ',', COLUMNS)?;
    let mut conditions = vec![Condition::default(); racks.len()];
    let mut incidents = Vec::new();
    let mut last = 0;
    while table.advance()? {
        let time = table.decimal(TIME, 1000)?;
        if time < last {
            return Err(table.fault(TIME, "a time that is not before that of the line before"));
        }
        last = time;
        let (kind, number) = table.text(COMPONENT).split_once(':').unwrap_or_default();
        let number: Option<u64> = number.parse().ok();
        let hosts: &[usize] = match (kind, number) {
            ("host", Some(host)) if (host as usize) < racks.len() => &[host as usize],
            ("rack", Some(rack)) if members.contains_key(&rack) => &members[&rack],
            _ => {
                let expected = format!(
                    "host:0 to host:{}, or rack:NUMBER of a rack",
                    racks.len().saturating_sub(1)
                );
                return Err(table.fault(COMPONENT, &expected));
            }
        };
        let event = table.text(EVENT);
        let speed = match event {
            "fail" | "repair" => None,
            "sound" => Some(1000),
            _ => {
                let share = event.strip_prefix("slow:").and_then(|share| share.parse::<f64>().ok());
                let share = share.filter(|share| (0.0..1.0).contains(share));
                let share = share.ok_or_else(|| {
                    table
                        .fault(EVENT, "fail, repair, sound, or slow: and a share from 0 to below 1")
                })?;
                Some((share * 1000.0).round() as u32)
            }
        };
        for &host in hosts {
            let condition = &mut conditions[host];
            if let Some(permille) = speed {
                let slow = permille < 1000;
                if !slow && !condition.slow {
                    return Err(table.fault(EVENT, "an event that changes something: it is sound"));
                }
                condition.slow = slow;
                incidents.push((time, Incident::Slow { host, permille }));
                continue;
            }
            let (down, before) = (event == "fail", condition.host_down || condition.rack_down);
            let cause = match kind {
                "host" => &mut condition.host_down,
                _ => &mut condition.rack_down,
            };
            if std::mem::replace(cause, down) == down {
                let is = if down { "has failed" } else { "works" };
                let expected = format!("an event that changes something: it {is}");
                return Err(table.fault(EVENT, &expected));
            }
            match (before, condition.host_down || condition.rack_down) {
                (false, true) => incidents.push((time, Incident::Fail { host })),
                (true, false) => incidents.push((time, Incident::Repair { host })),
                _ => {}
            }
        }
    }
    Ok(incidents)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

    use super::Incident::{Fail, Repair, Slow};
    use super::*;

    fn read(rows: &str) -> Result<Vec<(Time, Incident)>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("incidents.csv");
        std::fs::write(&path, format!("time,component,event\n{rows}")).unwrap();
        read_incidents(&path, &[0, 0, 1]).map_err(|error| error.to_string())
    }

    #[test]
    fn a_host_is_down_while_it_or_its_rack_is() {
        let incidents = read(
            "1.5,host:1,fail\n2,rack:0,fail\n3,host:1,repair\n4,rack:0,repair\n5,host:2,slow:0.25\n6,host:2,sound\n",
        );
        assert_eq!(
            incidents.unwrap(),
            [
                (1500, Fail { host: 1 }),
                (2000, Fail { host: 0 }),
                (4000, Repair { host: 0 }),
                (4000, Repair { host: 1 }),
                (5000, Slow { host: 2, permille: 250 }),
                (6000, Slow { host: 2, permille: 1000 }),
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let refused = |rows: &str, reason: &str| {
            let error = read(rows).unwrap_err();
            assert!(error.contains(reason), "{rows}: {error}");
        };
        refused("1,host:3,fail\n", "incidents.csv:2: component: expected host:0 to host:2");
        refused("1,rack:2,fail\n", "rack:NUMBER of a rack, found \"rack:2\"");
        refused("1,switch:0,fail\n", "component: expected host:0");
        refused("1,host:0,fails\n", "2: event: expected fail, repair, sound");
        refused("1,host:0,slow:1\n", "a share from 0 to below 1");
        refused("2,host:0,fail\n1,host:1,fail\n", "3: time: expected a time that is not before");
        refused("x,host:0,fail\n", "2: time: expected a number");
        refused("1,host:0,repair\n", "it works");
        refused("1,host:0,sound\n", "it is sound");
        refused("1,rack:0,fail\n1,rack:0,fail\n", "3: event: expected an event that changes");
        refused("1,host:0\n", "expected at least 3 fields");
    }
}
