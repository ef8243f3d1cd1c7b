//! Bitbrains (GWA-T-12): a folder with one file per VM, one row per sample of 300 s. A VM is there from its first sample
//! until 300 s after its last; it takes the most cores and memory that it was provisioned with. The time stamps are in
//! seconds, whatever the header says. Files are taken in order of name.

use std::path::{Path, PathBuf};

use super::table::{Row as _, Table};
use super::{Format, Options, TraceError, input, whole};
use crate::arrivals::{Arrival, Demand, Resource, Trace};

pub(super) const FORMAT: Format = Format {
    name: "bitbrains",
    about: "Bitbrains GWA-T-12: a folder of semicolon-separated files, one per VM, or one such file",
    recognises,
    open,
};

const COLUMNS: &[&str] = &["Timestamp [ms]", "CPU cores", "Memory capacity provisioned [KB]"];

/// Seconds between samples.
const STEP: u64 = 300;

fn recognises(path: &Path, first: &str) -> bool {
    let is_header = |line: &str| line.starts_with("Timestamp [ms];");
    is_header(first)
        || (path.is_dir()
            && files(path)
                .first()
                .is_some_and(|file| input::first_line(file).is_ok_and(|first| is_header(&first))))
}

/// The files of a folder whose names go on with `.csv`, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().contains(".csv")))
        .collect();
    files.sort();
    files
}

/// The files of a folder, or the file that it is.
pub(crate) fn files_of(path: &Path) -> Result<Vec<PathBuf>, TraceError> {
    let files = if path.is_dir() { files(path) } else { vec![path.to_owned()] };
    if files.is_empty() {
        let reason = "expected files NAME.csv, found none".to_owned();
        return Err(TraceError::Whole { path: path.into(), reason });
    }
    Ok(files)
}

/// Whether a path, which need not exist, looks like such a file or folder.
pub(crate) fn is_here(path: &Path) -> bool {
    let first = if path.is_file() { input::first_line(path) } else { Ok(String::new()) };
    first.is_ok_and(|first| recognises(path, &first))
}

fn open(path: &Path, options: Options) -> Result<Trace, TraceError> {
    let mut vms = Vec::new();
    for file in files_of(path)? {
        let mut table = Table::with_header(&file, ';', COLUMNS)?;
        let mut span: Option<(u64, u64)> = None;
        let mut demand = Demand::default();
        while table.advance()? {
            let time = table.integer(0)?;
            if span.is_some_and(|(_, last)| time < last) {
                return Err(table.fault(0, "samples in order of time"));
            }
            span = Some((span.map_or(time, |(first, _)| first), time));
            demand[0] = demand[0].max(table.decimal(1, 1000)?);
            demand[1] = demand[1].max(table.decimal(2, 1)?.div_ceil(1024));
        }
        if let Some((time, last)) = span {
            vms.push(Arrival { time, end: Some(last.saturating_add(STEP)), demand });
        }
    }
    Ok(whole(vms, &[Resource::CPU, Resource::MEMORY], None, 86_400, 0, options))
}
