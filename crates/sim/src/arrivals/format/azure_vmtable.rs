//! `vmtable.csv` of `AzurePublicDataset` V1 and V2: eleven columns without header, times in seconds. With a header, as
//! MARO prepares V2, times count steps of 300 s. Open buckets of V2 are read as the data set's own notebook does: `>24`
//! cores are 30, `>64` GB are 70.

use std::path::Path;

use super::table::{Row as _, Table};
use super::{Format, Options, TraceError, whole};
use crate::arrivals::{Arrival, Resource, Trace};

pub(super) const FORMAT: Format = Format {
    name: "azure-vmtable",
    about: "vmtable.csv of Azure V1 and V2, or as MARO prepares it, with a header",
    recognises,
    open,
};

const COLUMNS: &[&str] = &[
    "vmid",
    "subscriptionid",
    "deploymentid",
    "vmcreated",
    "vmdeleted",
    "maxcpu",
    "avgcpu",
    "p95maxcpu",
    "vmcategory",
    "vmcorecount",
    "vmmemory",
];

const PREPARED: &[&str] = &["vmcreated", "vmdeleted", "vmcorecountbucket", "vmmemorybucket"];

fn has_header(first: &str) -> bool {
    first.starts_with("vmid,subscriptionid,deploymentid,")
}

fn recognises(_: &Path, first: &str) -> bool {
    let fields: Vec<&str> = first.split(',').collect();
    has_header(first)
        || (fields.len() == COLUMNS.len()
            && fields[3..5].iter().all(|time| time.parse::<u64>().is_ok()))
}

fn open(path: &Path, options: Options) -> Result<Trace, TraceError> {
    let (mut table, [created, deleted, cores, memory], step) =
        if has_header(&super::input::first_line(path)?) {
            (Table::with_header(path, ',', PREPARED)?, [0, 1, 2, 3], 300)
        } else {
            (Table::without_header(path, ',', COLUMNS)?, [3, 4, 9, 10], 1)
        };
    let mut vms = Vec::new();
    while table.advance()? {
        let time = |column| {
            let time = table.integer(column)?.checked_mul(step);
            time.ok_or_else(|| table.fault(column, "a time"))
        };
        let (time, end) = (time(created)?, time(deleted)?);
        if end < time {
            return Err(table.fault(deleted, "a time that is not before vmcreated"));
        }
        let amount = |column, open: &str, read_as: u64, scale| {
            if table.text(column) == open {
                Ok(read_as * scale)
            } else {
                table.decimal(column, scale)
            }
        };
        let demand = [amount(cores, ">24", 30, 1000)?, amount(memory, ">64", 70, 1024)?, 0, 0, 0];
        vms.push(Arrival { time, end: Some(end), demand });
    }
    Ok(whole(vms, &[Resource::CPU, Resource::MEMORY], None, 86_400, 0, options))
}
