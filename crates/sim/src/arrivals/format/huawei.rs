//! Huawei-East-1 (VMAgent): one row per event, type 0 for a VM that comes and 1 for one that leaves.

use std::collections::HashMap;
use std::path::Path;

use super::table::{Row as _, Table};
use super::{Format, Options, TraceError, whole};
use crate::arrivals::{Arrival, Resource, Trace};

pub(super) const FORMAT: Format = Format {
    name: "huawei-east-1",
    about: "Huawei-East-1: CSV with the header vmid,cpu,memory,time,type; type 0 comes, 1 leaves",
    recognises: |_, first| first.starts_with("vmid,cpu,memory,time,type"),
    open,
};

const COLUMNS: &[&str] = &["vmid", "cpu", "memory", "time", "type"];

/// Milliseconds per second.
const SCALE: u64 = 1000;

fn open(path: &Path, options: Options) -> Result<Trace, TraceError> {
    let mut table = Table::with_header(path, ',', COLUMNS)?;
    let mut vms: Vec<Arrival> = Vec::new();
    let mut alive: HashMap<u64, usize> = HashMap::new();
    let mut now = 0;
    while table.advance()? {
        let id = table.integer(0)?;
        let time = table.decimal(3, SCALE)?;
        if time < now {
            return Err(table.fault(3, "events in order of time"));
        }
        now = time;
        match table.text(4) {
            "0" => {
                let demand = [table.decimal(1, 1000)?, table.decimal(2, 1024)?, 0, 0, 0];
                if alive.insert(id, vms.len()).is_some() {
                    return Err(table.fault(0, "a VM that is not there yet"));
                }
                vms.push(Arrival { time, end: None, demand });
            }
            "1" => {
                let vm = alive.remove(&id);
                let vm = vm.ok_or_else(|| table.fault(0, "a VM that came before"))?;
                vms[vm].end = Some(time);
            }
            _ => return Err(table.fault(4, "0 or 1")),
        }
    }
    Ok(whole(vms, &[Resource::CPU, Resource::MEMORY], None, 86_400 * SCALE, now, options))
}
