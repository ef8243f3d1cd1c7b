//! Task tables of `OpenDC`, as of its Bitbrains traces: one row per VM, times in milliseconds, memory in KB.

use std::path::Path;

use super::table::{Row as _, Table};
use super::{Format, Options, TraceError, whole};
use crate::arrivals::{Arrival, Resource, Trace};

pub(super) const FORMAT: Format = Format {
    name: "opendc-tasks",
    about: "tasks of OpenDC: CSV with the header id,submission_time,duration,cpu_count,...,mem_capacity",
    recognises: |_, first| first.starts_with("id,submission_time,duration,cpu_count"),
    open,
};

const COLUMNS: &[&str] = &["submission_time", "duration", "cpu_count", "mem_capacity"];

fn open(path: &Path, options: Options) -> Result<Trace, TraceError> {
    let mut table = Table::with_header(path, ',', COLUMNS)?;
    let mut vms = Vec::new();
    while table.advance()? {
        let time = table.decimal(0, 1)?;
        let end = time.checked_add(table.decimal(1, 1)?);
        let end = end.ok_or_else(|| table.fault(1, "milliseconds"))?;
        let memory = table.decimal(3, 1)?.div_ceil(1024);
        let demand = [table.decimal(2, 1000)?, memory, 0, 0, 0];
        vms.push(Arrival { time, end: Some(end), demand });
    }
    Ok(whole(vms, &[Resource::CPU, Resource::MEMORY], None, 86_400_000, 0, options))
}
