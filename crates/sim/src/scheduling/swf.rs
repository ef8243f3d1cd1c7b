//! Logs of batch systems in the Standard Workload Format, version 2.2 (Chapin and others 1999; the Parallel Workloads
//! Archive): lines of 18 numbers, of which -1 is not known, and comments from `;` on.
//!
//! Of a job are read: submit time (2), run time (4), processors allocated (5) and requested (8), memory per processor in
//! KiB used (7) and requested (10), requested time (9), queue (15), which is taken for its priority: by convention
//! queue 0 is the interactive one. What was requested counts, and what was used where nothing is known of that.

use std::path::Path;

use super::job::{Job, TICKS};
use crate::arrivals::format::TraceError;
use crate::arrivals::format::input::{Lines, Rounding};
use crate::arrivals::format::swf::Record;

/// What a log holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// The jobs that ran, in order of submission.
    pub jobs: Vec<Job>,
    /// Jobs without run time or processors: they were cancelled before they started.
    pub skipped: u64,
    /// Jobs that ran longer than they had requested. Their estimates are raised to their run times, so that an estimate is
    /// a promise.
    pub raised: u64,
    /// The processors of the machine, if a comment says `MaxProcs`.
    pub processors: Option<u64>,
}

/// Reads a log; gzip and zstd are recognised.
///
/// # Errors
/// If the file cannot be read, or a line is not as the format says.
pub fn read(path: &Path) -> Result<Log, TraceError> {
    let mut lines = Lines::open(path)?;
    let mut log = Log::default();
    while lines.advance_to_text()? {
        if let Some(comment) = lines.text().trim_start().strip_prefix(';') {
            if let Some(count) = comment.trim_start().strip_prefix("MaxProcs:") {
                let count = lines.decimal("MaxProcs", count, 1, Rounding::Down)?;
                log.processors = Some(count).filter(|&count| count > 0);
            }
            continue;
        }
        match job(&lines, &mut log.raised)? {
            Some(job) => log.jobs.push(job),
            None => log.skipped += 1,
        }
    }
    log.jobs.sort_by_key(|job| job.arrival);
    Ok(log)
}

/// Reads a line; nothing if the job never ran.
fn job(lines: &Lines, raised: &mut u64) -> Result<Option<Job>, TraceError> {
    let record = Record::read(lines, TICKS)?;
    let priority = u32::try_from(record.queue.unwrap_or(0))
        .map_err(|_| lines.fault("queue", "a number below 2^32", lines.text()))?;
    let (Some(work), Some(processors)) = (record.run, record.requested.or(record.allocated)) else {
        return Ok(None);
    };
    let memory = record.mebibytes(lines, processors)?;
    let asked = record.requested_time.filter(|&asked| asked > 0);
    *raised += u64::from(asked.is_some_and(|asked| asked < work));
    let estimate = asked.unwrap_or(work).max(work);
    let demand = [processors, memory];
    Ok(Some(Job { arrival: record.submit, work, estimate, demand, weight: 1, priority }))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

    use std::io::Write as _;

    use super::*;

    fn log(text: &str) -> Result<Log, String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        read(file.path()).map_err(|error| error.to_string())
    }

    const HEADER: &str = "; Version: 2.2\n;MaxProcs:  128\n\n";

    #[test]
    fn fields_are_those_of_the_format() {
        let text = [
            HEADER,
            " 1 5 2 60 8 -1 -1 16 90 2048 1 1 1 1 3 1 -1 -1\n",
            "2 4 -1 7.5 4 -1 512 -1 5 -1 1 1 1 1 -1 1 -1 -1\r\n",
            "3 6 0 -1 4 -1 -1 4 5 -1 5 1 1 1 0 1 -1 -1\n",
        ];
        let log = log(&text.concat()).unwrap();
        let second = |x: u64| x * TICKS;
        let weight = 1;
        let one = Job {
            arrival: second(4),
            work: 7_500_000,
            estimate: 7_500_000,
            demand: [4, 2],
            weight,
            priority: 0,
        };
        let two = Job {
            arrival: second(5),
            work: second(60),
            estimate: second(90),
            demand: [16, 32],
            weight,
            priority: 3,
        };
        let expected = Log { jobs: vec![one, two], skipped: 1, raised: 1, processors: Some(128) };
        assert_eq!(log, expected);
    }

    #[test]
    fn what_is_wrong_is_said_with_line_and_field() {
        let refused = |line: &str, expected: &str| {
            let error = log(&[HEADER, line].concat()).unwrap_err();
            assert!(error.contains(expected), "{line}: {error}");
        };
        refused("1 2 3", ":4: job: expected 18 numbers, found");
        refused("1 5 2 60 8 -1 -1 16 90 -1 1 1 1 1 3 1 -1 -1 0", ":4: job: expected 18 numbers");
        refused("1 -1 2 60 8 -1 -1 16 90 -1 1 1 1 1 3 1 -1 -1", ":4: submit time: expected");
        refused("1 5 2 1h 8 -1 -1 16 90 -1 1 1 1 1 3 1 -1 -1", ":4: run time: expected");
        refused("1 5 2 60 8 -1 -1 x 90 -1 1 1 1 1 3 1 -1 -1", ":4: requested processors");
        refused("1 5 2 60 8 -1 -1 16 ? -1 1 1 1 1 3 1 -1 -1", ":4: requested time");
        refused("1 5 2 60 8 -1 -1 16 90 -1 1 1 1 1 5000000000 1 -1 -1", ":4: queue");
        refused(";MaxProcs: many", ":4: MaxProcs: expected");
        let wide = "1 5 2 60 8 -1 -1 9000000000000000000 90 9000000000000000000 1 1 1 1 1 1 -1 -1";
        refused(wide, ":4: job: expected amounts below 2^60");
    }
}
