//! The Azure packing trace of 2020: its tables `vm` and `vmType` as two CSV files with headers in one folder.
//!
//! Demands are shares of a machine, one row per VM type and machine. Of a type that is offered on several machines, the
//! greatest share of each resource counts, unless a machine is chosen; then VMs of types that it does not offer are left
//! out. Times are fractions of days; what began before the trace is there when it begins, an empty end means still alive.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::table::Table;
use super::{Format, ONE, Options, TraceError, input, whole};
use crate::arrivals::{Arrival, Demand, Resource, Trace};

pub(super) const FORMAT: Format = Format {
    name: "azure-packing",
    about: "Azure packing 2020: tables vm and vmType as CSV files with headers; shares of its own host",
    recognises: |path, first| {
        if path.is_dir() { table_in(path, VMS).is_some() } else { has(first, VMS) }
    },
    open,
};

const VMS: &[&str] = &["vmId", "vmTypeId", "starttime", "endtime"];
const TYPES: &[&str] = &["vmTypeId", "machineId", "core", "memory", "hdd", "ssd", "nic"];

const RESOURCES: &[Resource] = &[
    Resource::share("core"),
    Resource::share("memory"),
    Resource::share("hdd"),
    Resource::share("ssd"),
    Resource::share("nic"),
];

/// Milliseconds per day.
const DAY: u64 = 86_400_000;

/// Whether a header has all of these columns.
fn has(header: &str, columns: &[&str]) -> bool {
    columns.iter().all(|column| header.split(',').any(|name| name.trim() == *column))
}

/// The first file of a folder, by name, with such a header.
fn table_in(folder: &Path, columns: &[&str]) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_file() && path.to_string_lossy().contains(".csv"))
        .collect();
    files.sort();
    files.into_iter().find(|file| input::first_line(file).is_ok_and(|first| has(&first, columns)))
}

fn open(path: &Path, options: Options) -> Result<Trace, TraceError> {
    let folder = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new(".")) };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let lacks = |columns: &[&str]| {
        let reason =
            format!("expected in this folder a CSV file with the columns {}", columns.join(", "));
        TraceError::Whole { path: folder.into(), reason }
    };
    let vms = if path.is_dir() { table_in(path, VMS) } else { Some(path.into()) };
    let vms = vms.ok_or_else(|| lacks(VMS))?;
    let types = types(&table_in(folder, TYPES).ok_or_else(|| lacks(TYPES))?, options.machine)?;
    let mut table = Table::with_header(&vms, ',', VMS)?;
    let mut arrivals = Vec::new();
    while table.advance()? {
        let demand = match types.get(&table.integer(1)?) {
            Some(&Some(demand)) => demand,
            Some(None) => continue,
            None => return Err(table.fault(1, "a type of the table vmType")),
        };
        let early = table.text(2).starts_with('-');
        let time = if early { 0 } else { table.decimal(2, DAY)? };
        let end = if table.is_absent(3) { None } else { Some(table.decimal(3, DAY)?) };
        if end.is_some_and(|end| end < time) {
            return Err(table.fault(3, "a time that is not before starttime"));
        }
        arrivals.push(Arrival { time, end, demand });
    }
    Ok(whole(arrivals, RESOURCES, Some([ONE; 5]), DAY, 0, options))
}

/// Demands by type; `None` for types that the machine asked for does not offer.
fn types(path: &Path, machine: Option<u64>) -> Result<HashMap<u64, Option<Demand>>, TraceError> {
    let mut table = Table::with_header(path, ',', TYPES)?;
    let mut types: HashMap<u64, Option<Demand>> = HashMap::new();
    while table.advance()? {
        let known = types.entry(table.integer(0)?).or_default();
        if machine.is_some_and(|machine| table.integer(1).is_ok_and(|of| of != machine)) {
            continue;
        }
        let known = known.get_or_insert_default();
        for (k, amount) in known.iter_mut().enumerate() {
            *amount = (*amount).max(table.share(2 + k)?);
        }
    }
    Ok(types)
}
