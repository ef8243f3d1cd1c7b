//! The Standard Workload Format of the Parallel Workloads Archive: 18 numbers per job, -1 where nothing is known, `;`
//! before comments. A job comes when it is submitted and leaves after its run time; it takes its processors (allocated,
//! else requested) and as often the memory per processor (requested, else used). Jobs that never ran are left out.

use std::path::Path;

use super::input::{Lines, Rounding};
use super::{Format, Options, TraceError, whole};
use crate::arrivals::{Arrival, Resource, Trace};

pub(super) const FORMAT: Format = Format {
    name: "swf",
    about: "Standard Workload Format: 18 numbers per job, `;` before comments",
    recognises: |path, first| {
        path.is_file()
            && (first.trim_start().starts_with(';') || fields(first).len() == FIELDS.len())
    },
    open,
};

const FIELDS: [&str; 18] = [
    "job number",
    "submit time",
    "wait time",
    "run time",
    "allocated processors",
    "average CPU time",
    "used memory",
    "requested processors",
    "requested time",
    "requested memory",
    "status",
    "user",
    "group",
    "executable",
    "queue",
    "partition",
    "preceding job",
    "think time",
];

/// The fields of a line, if all are numbers.
fn fields(line: &str) -> Vec<&str> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let numeric = |field: &&str| field.parse::<f64>().is_ok();
    if fields.iter().all(numeric) { fields } else { Vec::new() }
}

fn open(path: &Path, options: Options) -> Result<Trace, TraceError> {
    let mut lines = Lines::open(path)?;
    let mut jobs = Vec::new();
    while lines.advance_to_text()? {
        let text = lines.text();
        if text.trim_start().starts_with(';') {
            continue;
        }
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        if fields.len() != FIELDS.len() {
            return Err(lines.fault("job", "18 numbers", text));
        }
        // None for the -1 of what is not known.
        let number = |at: usize, scale: u64| {
            if fields[at].starts_with('-') {
                return fields[at]
                    .parse::<f64>()
                    .map(|_| None)
                    .map_err(|_| lines.fault(FIELDS[at], "a number", fields[at]));
            }
            lines.decimal(FIELDS[at], fields[at], scale, Rounding::Up).map(Some)
        };
        let expected = "a time that is not negative";
        let time = number(1, 1)?.ok_or_else(|| lines.fault(FIELDS[1], expected, fields[1]))?;
        let processors = number(4, 1)?.filter(|&n| n > 0).or(number(7, 1)?).unwrap_or(0);
        let memory = number(9, 1)?.or(number(6, 1)?).unwrap_or(0);
        let Some(run) = number(3, 1)?.filter(|_| processors > 0) else { continue };
        let amount = |factor: u64, scale: u64| {
            let amount = factor.checked_mul(scale).filter(|&amount| amount < 1 << 60);
            amount.ok_or_else(|| lines.fault("job", "amounts below 2^60", text))
        };
        let memory = amount(processors, memory)?.div_ceil(1024);
        let demand = [amount(processors, 1000)?, memory, 0, 0, 0];
        let end = time.checked_add(run);
        let end = end.ok_or_else(|| lines.fault(FIELDS[3], "seconds", fields[3]))?;
        jobs.push(Arrival { time, end: Some(end), demand });
    }
    Ok(whole(jobs, &[Resource::CPU, Resource::MEMORY], None, 86_400, 0, options))
}
