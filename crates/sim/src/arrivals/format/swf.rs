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

/// What a line says of a job; `None` where nothing is known.
pub(crate) struct Record {
    pub(crate) submit: u64,
    pub(crate) run: Option<u64>,
    pub(crate) allocated: Option<u64>,
    pub(crate) requested: Option<u64>,
    pub(crate) requested_time: Option<u64>,
    /// KiB per processor: requested, else used.
    pub(crate) memory: Option<u64>,
    pub(crate) queue: Option<u64>,
}

impl Record {
    /// Reads the line; times in units of so many to a second.
    pub(crate) fn read(lines: &Lines, ticks: u64) -> Result<Self, TraceError> {
        let text = lines.text();
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        if fields.len() != FIELDS.len() {
            return Err(lines.fault("job", "18 numbers", text));
        }
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
        Ok(Self {
            submit: number(1, ticks)?.ok_or_else(|| lines.fault(FIELDS[1], expected, fields[1]))?,
            run: number(3, ticks)?,
            allocated: number(4, 1)?.filter(|&n| n > 0),
            requested: number(7, 1)?.filter(|&n| n > 0),
            requested_time: number(8, ticks)?,
            memory: number(9, 1)?.or(number(6, 1)?),
            queue: number(14, 1)?,
        })
    }

    /// The memory of so many processors, in MiB.
    pub(crate) fn mebibytes(&self, lines: &Lines, processors: u64) -> Result<u64, TraceError> {
        let memory = product(lines, processors, self.memory.unwrap_or(0))?;
        Ok(memory.div_ceil(1024))
    }
}

/// An amount of some size.
fn product(lines: &Lines, factor: u64, scale: u64) -> Result<u64, TraceError> {
    let amount = factor.checked_mul(scale).filter(|&amount| amount < 1 << 60);
    amount.ok_or_else(|| lines.fault("job", "amounts below 2^60", lines.text()))
}

fn open(path: &Path, options: Options) -> Result<Trace, TraceError> {
    let mut lines = Lines::open(path)?;
    let mut jobs = Vec::new();
    while lines.advance_to_text()? {
        if lines.text().trim_start().starts_with(';') {
            continue;
        }
        let job = Record::read(&lines, 1)?;
        let (Some(run), Some(processors)) = (job.run, job.allocated.or(job.requested)) else {
            continue;
        };
        let memory = job.mebibytes(&lines, processors)?;
        let demand = [product(&lines, processors, 1000)?, memory, 0, 0, 0];
        let time = job.submit;
        let end = time.checked_add(run);
        let end = end.ok_or_else(|| lines.fault(FIELDS[3], "seconds", lines.text()))?;
        jobs.push(Arrival { time, end: Some(end), demand });
    }
    Ok(whole(jobs, &[Resource::CPU, Resource::MEMORY], None, 86_400, 0, options))
}
