//! The Azure packing trace of 2020: its tables `vm` and `vmType`, in the SQLite file that is published or as two CSV
//! files with headers in one folder.
//!
//! Demands are shares of a machine, one row per VM type and machine. Of a type that is offered on several machines, the
//! greatest share of each resource counts, unless a machine is chosen; then VMs of types that it does not offer are left
//! out. Times are fractions of days; what began before the trace is there when it begins, an empty end means still alive.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

#[cfg(feature = "sqlite")]
use super::sqlite::each_row as each_record;
use super::table::{Row, Table};
use super::{Format, ONE, Options, TraceError, input, whole};
use crate::arrivals::{Arrival, Demand, Resource, Trace};

pub(super) const FORMAT: Format = Format {
    name: "azure-packing",
    about: "Azure packing 2020: tables vm and vmType in SQLite, or as CSV files with headers; shares of its own host",
    recognises: |path, first| {
        if path.is_dir() {
            database_in(path).or_else(|| table_in(path, VMS)).is_some()
        } else {
            is_database(first) || has(first, VMS)
        }
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

/// Whether a file that begins so is a database.
fn is_database(first: &str) -> bool {
    first.starts_with("SQLite format 3\0")
}

/// The first file of a folder, by name, that is a database and called so.
fn database_in(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension().is_some_and(|e| e == "sqlite" || e == "sqlite3" || e == "db")
        })
        .collect();
    files.sort();
    files.into_iter().find(|file| input::first_line(file).is_ok_and(|first| is_database(&first)))
}

/// Where the two tables are.
enum Source {
    Database(PathBuf),
    Csv { vms: PathBuf, types: PathBuf },
}

impl Source {
    fn of(path: &Path) -> Result<Self, TraceError> {
        let given = if path.is_dir() { database_in(path) } else { Some(path.into()) };
        if let Some(file) = given
            && is_database(&input::first_line(&file)?)
        {
            return Ok(Self::Database(file));
        }
        let folder = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new(".")) };
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let lacks = |columns: &[&str]| {
            let reason = format!(
                "expected in this folder a CSV file with the columns {}",
                columns.join(", ")
            );
            TraceError::Whole { path: folder.into(), reason }
        };
        let vms = if path.is_dir() { table_in(path, VMS) } else { Some(path.into()) };
        Ok(Self::Csv {
            vms: vms.ok_or_else(|| lacks(VMS))?,
            types: table_in(folder, TYPES).ok_or_else(|| lacks(TYPES))?,
        })
    }

    /// Does something with each VM.
    fn each_vm(
        &self,
        with: impl FnMut(&dyn Row) -> Result<(), TraceError>,
    ) -> Result<(), TraceError> {
        match self {
            Self::Database(file) => each_record(file, "vm", VMS, with),
            Self::Csv { vms, .. } => each_line(vms, VMS, with),
        }
    }

    /// Does something with each pair of a type and a machine.
    fn each_type(
        &self,
        with: impl FnMut(&dyn Row) -> Result<(), TraceError>,
    ) -> Result<(), TraceError> {
        match self {
            Self::Database(file) => each_record(file, "vmType", TYPES, with),
            Self::Csv { types, .. } => each_line(types, TYPES, with),
        }
    }
}

fn each_line(
    path: &Path,
    columns: &'static [&'static str],
    mut with: impl FnMut(&dyn Row) -> Result<(), TraceError>,
) -> Result<(), TraceError> {
    let mut table = Table::with_header(path, ',', columns)?;
    while table.advance()? {
        with(&table)?;
    }
    Ok(())
}

#[cfg(not(feature = "sqlite"))]
fn each_record(
    path: &Path,
    table: &str,
    _columns: &'static [&'static str],
    _with: impl FnMut(&dyn Row) -> Result<(), TraceError>,
) -> Result<(), TraceError> {
    let reason = format!(
        "this build has no SQLite: expected its table {table} as CSV, by `sqlite3 -header -csv FILE \"select * from {table}\"`"
    );
    Err(TraceError::Whole { path: path.into(), reason })
}

fn open(path: &Path, options: Options) -> Result<Trace, TraceError> {
    let source = Source::of(path)?;
    let types = types(&source, options.machine)?;
    let mut arrivals = Vec::new();
    source.each_vm(|vm| {
        let demand = match types.get(&vm.integer(1)?) {
            Some(&Some(demand)) => demand,
            Some(None) => return Ok(()),
            None => return Err(vm.fault(1, "a type of the table vmType")),
        };
        let early = vm.text(2).starts_with('-');
        let time = if early { 0 } else { vm.decimal(2, DAY)? };
        let end = if vm.is_absent(3) { None } else { Some(vm.decimal(3, DAY)?) };
        if end.is_some_and(|end| end < time) {
            return Err(vm.fault(3, "a time that is not before starttime"));
        }
        arrivals.push(Arrival { time, end, demand });
        Ok(())
    })?;
    Ok(whole(arrivals, RESOURCES, Some([ONE; 5]), DAY, 0, options))
}

/// Demands by type; `None` for types that the machine asked for does not offer.
fn types(
    source: &Source,
    machine: Option<u64>,
) -> Result<HashMap<u64, Option<Demand>>, TraceError> {
    let mut types: HashMap<u64, Option<Demand>> = HashMap::new();
    source.each_type(|row| {
        let known = types.entry(row.integer(0)?).or_default();
        if machine.is_some_and(|machine| row.integer(1).is_ok_and(|of| of != machine)) {
            return Ok(());
        }
        let known = known.get_or_insert_default();
        for (k, amount) in known.iter_mut().enumerate() {
            *amount = (*amount).max(row.share(2 + k)?);
        }
        Ok(())
    })?;
    Ok(types)
}
