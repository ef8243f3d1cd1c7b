//! Traces as they are published: one file per format.

mod azure_flavors;
mod azure_packing;
mod azure_vmtable;
pub(crate) mod bitbrains;
mod google_2011;
mod huawei;
pub(crate) mod input;
mod openb;
mod opendc;
#[cfg(feature = "sqlite")]
mod sqlite;
pub(crate) mod swf;
pub(crate) mod table;
mod tbpp;

use std::path::{Path, PathBuf};

use super::{Arrival, Demand, Generator, Resource, Trace};

/// Why a trace cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// A file cannot be opened or read on.
    #[error("{}: cannot read the file: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system or the decompression says.
        source: std::io::Error,
    },
    /// A field holds something else than it should.
    #[error("{}:{line}: {field}: expected {expected}, found {found}", path.display())]
    Field {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The field.
        field: &'static str,
        /// What should have been there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// The trace as a whole is not as it should be.
    #[error("{}: {reason}", path.display())]
    Whole {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// What a reader is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Leave out VMs whose end the trace does not know, instead of keeping them to its end.
    pub finished_only: bool,
    /// The machine whose shares count, where a trace has several.
    pub machine: Option<u64>,
}

/// A format of traces.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// Its name.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    /// Whether a path looks like it: by its first line, and for folders by their files.
    recognises: fn(&Path, &str) -> bool,
    /// Opens a trace.
    open: fn(&Path, Options) -> Result<Trace, TraceError>,
}

/// Every format, in the order in which content is recognised.
pub const FORMATS: &[Format] = &[
    azure_flavors::FORMAT,
    azure_packing::FORMAT,
    azure_vmtable::FORMAT,
    huawei::FORMAT,
    google_2011::FORMAT,
    openb::FORMAT,
    bitbrains::FORMAT,
    opendc::FORMAT,
    tbpp::FORMAT,
    swf::FORMAT,
];

/// Opens a trace, in the format of that name (`_` is as good as `-`) or in the one that the content looks like; a path such as
/// `poisson:rate=100` is one that a [`Generator`] draws.
///
/// # Errors
/// If there is no such format, the content looks like none, or the beginning of the trace is wrong; later faults are
/// errors of the arrivals.
pub fn open(path: &Path, format: Option<&str>, options: Options) -> Result<Trace, TraceError> {
    let whole = |reason: String| TraceError::Whole { path: path.to_owned(), reason };
    if format.is_none()
        && let Some(generator) = path.to_str().and_then(Generator::parse)
    {
        return generator.map(Generator::trace).map_err(whole);
    }
    let names = || FORMATS.iter().map(|format| format.name).collect::<Vec<_>>().join(", ");
    let format = if let Some(name) = format {
        let hyphened = name.replace('_', "-");
        FORMATS.iter().find(|format| format.name == hyphened).ok_or_else(|| {
            whole(format!("there is no format {name:?}; the formats are {}", names()))
        })?
    } else {
        let first = if path.is_dir() { String::new() } else { input::first_line(path)? };
        FORMATS.iter().find(|format| (format.recognises)(path, &first)).ok_or_else(|| {
            let found = if path.is_dir() { "a folder".into() } else { quoted(&first) };
            whole(format!("expected a trace in one of the formats {}, found {found}", names()))
        })?
    };
    (format.open)(path, options)
}

/// Whether a folder holds a trace of arrivals.
pub fn is_trace(folder: &Path) -> bool {
    FORMATS.iter().any(|format| (format.recognises)(folder, ""))
}

/// A host of a trace that counts in shares of it.
const ONE: u64 = 1_000_000_000;

/// A trace of VMs that are all read, in any order; those of one time stay in theirs.
///
/// It ends with its last event, be that an arrival, a departure, or the time `seen`.
fn whole(
    mut arrivals: Vec<Arrival>,
    resources: &[Resource],
    host: Option<Demand>,
    ticks_per_day: u64,
    seen: u64,
    options: Options,
) -> Trace {
    let last = arrivals.iter().map(|vm| vm.end.unwrap_or(vm.time)).max().unwrap_or(0);
    if options.finished_only {
        arrivals.retain(|vm| vm.end.is_some());
    }
    arrivals.sort_by_key(|vm| vm.time);
    let least = |k: usize| arrivals.iter().map(|vm| vm.demand[k]).min().unwrap_or(0);
    Trace {
        resources: resources.to_vec(),
        host,
        least: std::array::from_fn(least),
        ticks_per_day,
        end: Some(last.max(seen)),
        arrivals: Box::new(arrivals.into_iter().map(Ok)),
    }
}

/// Text for a message, cut short.
fn quoted(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push_str("...");
    }
    format!("{short:?}")
}
