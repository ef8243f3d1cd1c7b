//! Traces of CPU load: PlanetLab folders.

use std::io;
use std::path::{Path, PathBuf};

use super::study::INTERVAL;

/// Samples of a day.
pub const SAMPLES: usize = 288;

/// The CPU load of VMs over a day, in percent of what each VM has.
#[derive(Clone, Debug)]
pub struct Trace {
    names: Vec<String>,
    /// VMs x samples; the last sample is there twice, as the load at the end of the day.
    samples: Vec<[u8; SAMPLES + 1]>,
}

/// Why a folder is not a trace.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// A folder or a file cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// There is no file in the folder.
    #[error("{}: expected one file of CPU load per VM, found none", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// A line is not a percentage.
    #[error("{}:{line}: expected a whole number of percent from 0 to 100, found {found:?}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What it says.
        found: String,
    },
    /// A file ends early.
    #[error("{}:{line}: expected {SAMPLES} lines, the file ends here", path.display())]
    Short {
        /// The file.
        path: PathBuf,
        /// The first line that is missing, from 1.
        line: usize,
    },
}

/// The order of the VMs of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileOrder {
    /// By the bytes of their file names.
    Sorted,
    /// As the file system lists them: another order on another machine.
    Directory,
}

impl Trace {
    /// A trace of named VMs, each with the percentages of a day.
    pub fn new(vms: impl IntoIterator<Item = (String, [u8; SAMPLES])>) -> Self {
        let (names, samples) = vms
            .into_iter()
            .map(|(name, day)| {
                let mut samples = [day[SAMPLES - 1]; SAMPLES + 1];
                samples[..SAMPLES].copy_from_slice(&day);
                (name, samples)
            })
            .unzip();
        Self { names, samples }
    }

    /// Reads a folder with one file per VM and one whole percentage per line, 300 seconds apart; lines after the
    /// first 288 are not read. Hidden files are left out.
    ///
    /// # Errors
    /// If a file cannot be read, is too short, or has a line that is no percentage.
    pub fn read_planetlab(folder: &Path, order: FileOrder) -> Result<Self, TraceError> {
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            move |source| TraceError::Unreadable { path, source }
        };
        let mut files = Vec::new();
        for entry in folder.read_dir().map_err(unreadable(folder))? {
            let entry = entry.map_err(unreadable(folder))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !entry.path().is_dir() && !name.starts_with('.') {
                files.push((name, entry.path()));
            }
        }
        if files.is_empty() {
            return Err(TraceError::Empty { path: folder.to_owned() });
        }
        if order == FileOrder::Sorted {
            files.sort();
        }
        let mut vms = Vec::with_capacity(files.len());
        for (name, path) in files {
            let text = std::fs::read_to_string(&path).map_err(unreadable(&path))?;
            vms.push((name, parse(&text, &path)?));
        }
        Ok(Self::new(vms))
    }

    /// The number of VMs.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are no VMs.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The names of the VMs.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The load of a VM at a sample, in percent; sample 288 is the end of the day.
    pub fn percent(&self, vm: usize, sample: usize) -> u8 {
        self.samples[vm][sample]
    }

    /// The share of its CPU that a VM asks for at an instant.
    #[inline]
    pub(crate) fn load(&self, vm: usize, instant: Instant) -> f64 {
        let samples = &self.samples[vm];
        let before = f64::from(samples[instant.sample]) / 100.0;
        if instant.offset == 0.0 {
            return before;
        }
        let after = f64::from(samples[instant.sample + 1]) / 100.0;
        before + (after - before) / INTERVAL * instant.offset
    }
}

/// A time of the day between two samples.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instant {
    sample: usize,
    /// Seconds since that sample.
    offset: f64,
}

impl Instant {
    pub(crate) fn new(time: f64) -> Self {
        let sample = (time / INTERVAL).floor();
        Self { sample: sample as usize, offset: time - sample * INTERVAL }
    }
}

fn parse(text: &str, path: &Path) -> Result<[u8; SAMPLES], TraceError> {
    let mut samples = [0; SAMPLES];
    let mut lines = text.lines();
    for (number, sample) in samples.iter_mut().enumerate() {
        let line = number + 1;
        let Some(found) = lines.next() else {
            return Err(TraceError::Short { path: path.to_owned(), line });
        };
        *sample = found.trim().parse().ok().filter(|&percent| percent <= 100).ok_or_else(|| {
            TraceError::Malformed { path: path.to_owned(), line, found: found.to_owned() }
        })?;
    }
    Ok(samples)
}
