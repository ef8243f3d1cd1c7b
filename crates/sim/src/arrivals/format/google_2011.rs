//! Task events of the Google cluster trace of 2011. A task is a VM from when it is scheduled until it is evicted, fails,
//! finishes, is killed or lost; scheduled again, it is another VM. Requests are shares of the largest machine, which is
//! the trace's own host; a request that is not given counts as 0.

use std::collections::HashMap;
use std::path::Path;

use super::table::{Row as _, Table};
use super::{Format, ONE, Options, TraceError, whole};
use crate::arrivals::{Arrival, Resource, Trace};

pub(super) const FORMAT: Format = Format {
    name: "google-2011",
    about: "task events of Google 2011: CSV without header, 13 columns; shares of its own host",
    recognises,
    open,
};

const COLUMNS: &[&str] = &[
    "time",
    "missing info",
    "job ID",
    "task index",
    "machine ID",
    "event type",
    "user",
    "scheduling class",
    "priority",
    "CPU request",
    "memory request",
    "disk space request",
    "different machines",
];

const RESOURCES: &[Resource] =
    &[Resource::share("cpu"), Resource::share("memory"), Resource::share("disk")];

/// Microseconds per day.
const DAY: u64 = 86_400_000_000;

fn recognises(_: &Path, first: &str) -> bool {
    let fields: Vec<&str> = first.split(',').collect();
    fields.len() == COLUMNS.len()
        && (first.starts_with("#Time stamp")
            || (fields[0].parse::<u64>().is_ok() && fields[2].parse::<u64>().is_ok()))
}

fn open(path: &Path, options: Options) -> Result<Trace, TraceError> {
    let mut table = Table::without_header(path, ',', COLUMNS)?;
    let mut vms: Vec<Arrival> = Vec::new();
    let mut running: HashMap<(u64, u64), usize> = HashMap::new();
    let mut now = 0;
    while table.advance()? {
        let time = table.integer(0)?;
        if time < now {
            return Err(table.fault(0, "events in order of time"));
        }
        // What happens after the trace has the greatest time there is.
        if time >= 1 << 62 {
            break;
        }
        now = time;
        let task = (table.integer(2)?, table.integer(3)?);
        match table.integer(5)? {
            1 => {
                let demand = [table.share(9)?, table.share(10)?, table.share(11)?, 0, 0];
                if let Some(lost) = running.insert(task, vms.len()) {
                    vms[lost].end = Some(time);
                }
                vms.push(Arrival { time, end: None, demand });
            }
            2..=6 => {
                if let Some(vm) = running.remove(&task) {
                    vms[vm].end = Some(time);
                }
            }
            0 | 7 | 8 => {}
            _ => return Err(table.fault(5, "an event type from 0 to 8")),
        }
    }
    Ok(whole(vms, RESOURCES, Some([ONE, ONE, ONE, 0, 0]), DAY, now, options))
}
