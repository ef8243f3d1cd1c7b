//! Bitbrains (GWA-T-12), with what its VMs use.

use std::path::Path;

use super::{TraceError, Traced};
use crate::arrivals::Demand;
use crate::arrivals::format::bitbrains::files_of;
use crate::arrivals::format::table::{Row as _, Table};
use crate::operation::{Time, Usage, Vm};

const COLUMNS: &[&str] = &[
    "Timestamp [ms]",
    "CPU cores",
    "CPU usage [%]",
    "Memory capacity provisioned [KB]",
    "Memory usage [KB]",
];

/// Seconds between samples. The time stamps are in seconds, whatever the header says.
const STEP: u64 = 300;

/// How long a VM may be observed, in seconds: ten years.
const MOST: u64 = 10 * 365 * 86_400;

/// A sample: its time in seconds, then thousandths of a core and MiB, provisioned and used.
struct Sample {
    time: u64,
    request: [u64; 2],
    used: [u32; 2],
}

/// Reads a folder with one file of samples per VM, or one such file.
///
/// A VM is there from its first sample until five minutes after its last. It asks for the most that it was provisioned with.
/// Its CPU use is a share of the cores that it had at the time, rounded up to thousandths, memory to MiB. Time begins with
/// the first sample of all. Samples count for the nearest step of five minutes since the VM's first; where they are missing,
/// the last one goes on.
///
/// # Errors
/// If a file cannot be read or is not as it should be.
pub fn bitbrains(path: &Path) -> Result<Traced, TraceError> {
    let mut all: Vec<(String, Vec<Sample>)> = Vec::new();
    for file in files_of(path)? {
        let mut table = Table::with_header(&file, ';', COLUMNS)?;
        let mut samples: Vec<Sample> = Vec::new();
        while table.advance()? {
            let time = table.integer(0)?;
            let since = samples.first().map_or(time, |first: &Sample| first.time);
            // Use is kept for every step, so what is a slip of the pen must not become gigabytes.
            if time.saturating_sub(since) > MOST || time > u64::MAX - MOST {
                return Err(table.fault(0, "a time within ten years of the first").into());
            }
            if samples.last().is_some_and(|last| time < last.time) {
                return Err(table.fault(0, "samples in order of time").into());
            }
            let cores = table.decimal(1, 1000)?;
            // Thousandths of a percent of thousandths of a core.
            let cpu = u128::from(table.decimal(2, 1000)?) * u128::from(cores);
            let small = |amount: u128, column| {
                u32::try_from(amount)
                    .map_err(|_| table.fault(column, "less than four million cores or GiB"))
            };
            let used = [
                small(cpu.div_ceil(100_000), 2)?,
                small(u128::from(table.decimal(4, 1)?.div_ceil(1024)), 4)?,
            ];
            let request = [cores, table.decimal(3, 1)?.div_ceil(1024)];
            samples.push(Sample { time, request, used });
        }
        if !samples.is_empty() {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let name = name.split_once(".csv").map_or(&*name, |(name, _)| name).to_owned();
            all.push((name, samples));
        }
    }
    let zero = all.iter().map(|(_, samples)| samples[0].time).min().unwrap_or(0);
    let milliseconds = |time: u64| (time - zero).saturating_mul(1000);
    let mut load = Traced { vms: Vec::with_capacity(all.len()), end: 0 };
    for (name, samples) in all {
        let (first, last) = (samples[0].time, samples[samples.len() - 1].time);
        let mut request = Demand::default();
        let mut amounts: Vec<u32> = Vec::with_capacity(2 * samples.len());
        for Sample { time, request: asked, used } in samples {
            request.iter_mut().zip(asked).for_each(|(most, asked)| *most = (*most).max(asked));
            // Clocks drift: a sample is of the nearest step. Of two of one step the later counts.
            let step = ((time - first + STEP / 2) / STEP) as usize;
            amounts.truncate(2 * step);
            while amounts.len() < 2 * step {
                amounts.extend_from_within(amounts.len() - 2..);
            }
            amounts.extend(used);
        }
        let (start, end): (Time, Time) = (milliseconds(first), milliseconds(last + STEP));
        load.end = load.end.max(end);
        let usage = Some(Usage::new(STEP * 1000, 2, amounts));
        load.vms.push(Vm { usage, ..Vm::steady(name, start, Some(end), request) });
    }
    Ok(load)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "Timestamp [ms];\tCPU cores;\tCPU capacity provisioned [MHZ];\tCPU usage [MHZ];\t\
                          CPU usage [%];\tMemory capacity provisioned [KB];\tMemory usage [KB]\n";

    fn read(files: &[(&str, &str)]) -> Result<Traced, String> {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, rows) in files {
            std::fs::write(folder.path().join(name), format!("{HEADER}{rows}")).expect("written");
        }
        bitbrains(folder.path()).map_err(|error| error.to_string())
    }

    #[test]
    fn use_over_time_by_hand() {
        let early = "1000;\t2;\t5200;\t52;\t1.0;\t2097152.0;\t1048576.0\n\
                     1300;\t4;\t10400;\t52;\t0.5001;\t1048576.0;\t1025.0\n\
                     1901;\t2;\t5200;\t5200;\t100;\t2097152.0;\t0.0\n";
        let late = "2000;\t1;\t2600;\t0;\t0;\t1024;\t1024\n";
        let load = read(&[("7.csv", early), ("8.csv", late)]).expect("a trace");
        let [a, b] = &load.vms[..] else { panic!("two VMs") };
        assert_eq!((&a.name[..], a.start, a.end), ("7", 0, Some(1_201_000)));
        assert_eq!((&b.name[..], b.start, b.end), ("8", 1_000_000, Some(1_300_000)));
        assert_eq!(load.end, 1_300_000);
        assert_eq!(a.request, [4000, 2048, 0, 0, 0]);
        let used: Vec<(u64, u64)> = [0, 299_999, 300_000, 600_000, 900_000, 9_000_000]
            .iter()
            .map(|&age| (a.uses(age)[0], a.uses(age)[1]))
            .collect();
        // 0.5001 % of four cores are 20.004 thousandths. The sample of 1600 is missing.
        let second = (21, 2);
        assert_eq!(used, [(20, 1024), (20, 1024), second, second, (2000, 0), (2000, 0)]);
    }

    #[test]
    fn samples_that_come_early_replace_the_last() {
        let rows = "0;\t1;\t1;\t1;\t10;\t1024;\t1024\n100;\t1;\t1;\t1;\t20;\t1024;\t1024\n\
                    700;\t1;\t1;\t1;\t30;\t1024;\t1024\n";
        let load = read(&[("1.csv", rows)]).expect("a trace");
        let used: Vec<u64> = (0..4).map(|k| load.vms[0].uses(k * 300_000)[0]).collect();
        assert_eq!(used, [200, 200, 300, 300]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let refused = |rows: &str, message: &str| {
            let error = read(&[("1.csv", rows)]).expect_err("refused");
            assert!(error.contains(message), "{error}");
        };
        refused(
            "9;1;1;1;1;1;1\n8;1;1;1;1;1;1\n",
            "1.csv:3: Timestamp [ms]: expected samples in order",
        );
        refused(
            "9;1;1;1;-1;1;1\n",
            "1.csv:2: CPU usage [%]: expected a number that is not negative",
        );
        refused(
            "9;9999999;1;1;100;1;1\n",
            "1.csv:2: CPU usage [%]: expected less than four million",
        );
        // Memory for every step between two samples is what a slip of the pen must not ask for.
        for time in ["5901376351641", "18446744073709551615"] {
            let rows = format!("9;1;1;1;1;1;1\n{time};1;1;1;1;1;1\n");
            refused(&rows, "1.csv:3: Timestamp [ms]: expected a time within ten years");
        }
        refused("18446744073709551615;1;1;1;1;1;1\n", "1.csv:2: Timestamp [ms]: expected a time");
        assert!(read(&[]).expect_err("refused").contains("expected files NAME.csv, found none"));
    }
}
