//! The flavour traces of Azure 2017, as prepared by Bergsma et al. (SOSP 2021) from `AzurePublicDatasetV1`.
//!
//! `traces/v1.NAME.txt` holds the flavours of the VMs that came in each step of 300 s, `traces/v1.NAME.cEND.txt` in the
//! same places how long they lived: `U15` is a lifetime of bin 15, `C46` that of a VM that was still running at `END`.
//! `maps/` says what flavours and bins mean. A VM of bin `k` is given the lifetime in the middle of the bin.

use std::path::{Path, PathBuf};

use super::input::{Lines, Rounding};
use super::{Format, Options, TraceError};
use crate::arrivals::{Arrival, Demand, Resource, Trace};

pub(super) const FORMAT: Format = Format {
    name: "azure-v1-flavors",
    about: "flavours and binned lifetimes of Azure 2017: v1.NAME.txt beside v1.NAME.cEND.txt and ../maps",
    recognises,
    open,
};

/// The granularity of lifetimes in seconds.
const STEP: u64 = 300;

fn recognises(path: &Path, first: &str) -> bool {
    if path.is_dir() {
        return !traces_in(path).is_empty();
    }
    first.split_once(' ').is_some_and(|(seconds, tokens)| {
        seconds.bytes().all(|byte| byte.is_ascii_digit())
            && tokens.split(',').all(|token| {
                matches!(token.as_bytes(), [] | [b'|' | b'a'..=b'z'])
                    || token.strip_prefix(['U', 'C']).is_some_and(|bin| bin.parse::<u8>().is_ok())
            })
    })
}

fn open(path: &Path, options: Options) -> Result<Trace, TraceError> {
    let (flavors, lifetimes, end) = files(path)?;
    let maps = flavors.parent().and_then(Path::parent).unwrap_or(Path::new("..")).join("maps");
    let flavor_map = flavor_map(&maps.join("flav_map.txt"))?;
    let smallest = |k: usize| flavor_map.iter().flatten().map(|demand| demand[k]).min();
    let least = std::array::from_fn(|k| smallest(k).unwrap_or(0));
    let arrivals = Arrivals {
        flavor_map,
        lifetime_map: lifetime_map(&maps.join("v1.interval_map.txt"))?,
        flavors: Lines::open(&flavors)?,
        lifetimes: Lines::open(&lifetimes)?,
        end,
        finished_only: options.finished_only,
        step: Vec::new().into_iter(),
        time: 0,
        failed: false,
    };
    Ok(Trace {
        resources: vec![Resource::CPU, Resource::MEMORY],
        host: None,
        least,
        ticks_per_day: 86_400,
        end: Some(end),
        arrivals: Box::new(arrivals),
    })
}

/// The parts of a trace file's name: what it is called, and the end of the trace if it is one of lifetimes. Any ending
/// after `.txt`, such as `.gz`, is allowed.
fn name_of(path: &Path) -> Option<(String, Option<u64>)> {
    let name = path.file_name()?.to_str()?;
    let (stem, _) = name.split_once(".txt")?;
    match stem.rsplit_once(".c") {
        Some((stem, end)) if end.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some((stem.to_owned(), Some(end.parse().ok()?)))
        }
        _ => Some((stem.to_owned(), None)),
    }
}

/// The files of flavours and of lifetimes that belong together, and the end, for every trace in a folder, by name.
fn traces_in(folder: &Path) -> Vec<(PathBuf, PathBuf, u64)> {
    let inner = folder.join("traces");
    let folder = if inner.is_dir() { &inner } else { folder };
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = files.map(|entry| entry.path()).collect();
    files.sort();
    let mut traces = Vec::new();
    for lifetimes in &files {
        let Some((name, Some(end))) = name_of(lifetimes) else { continue };
        let partner = files.iter().find(|file| name_of(file) == Some((name.clone(), None)));
        if let Some(flavors) = partner {
            traces.push((flavors.clone(), lifetimes.clone(), end));
        }
    }
    traces
}

/// The files of the trace that a path means: either of the two, or a folder with one trace.
fn files(path: &Path) -> Result<(PathBuf, PathBuf, u64), TraceError> {
    let whole = |reason: String| TraceError::Whole { path: path.to_owned(), reason };
    if path.is_dir() {
        let mut traces = traces_in(path);
        return match traces.len() {
            1 => Ok(traces.remove(0)),
            0 => Err(whole(
                "expected a file v1.NAME.txt and beside it v1.NAME.cEND.txt, found none".into(),
            )),
            _ => {
                let names = traces.iter().map(|(flavors, ..)| flavors.display().to_string());
                Err(whole(format!(
                    "several traces: name one of {}",
                    names.collect::<Vec<_>>().join(", ")
                )))
            }
        };
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    traces_in(folder.unwrap_or(Path::new(".")))
        .into_iter()
        .find(|(flavors, lifetimes, _)| {
            [flavors, lifetimes].iter().any(|file| file.file_name() == path.file_name())
        })
        .ok_or_else(|| {
            let (name, _) = name_of(path).unwrap_or_default();
            whole(format!(
                "expected lifetimes beside it, in {name}.cEND.txt where END is a number of seconds, found none"
            ))
        })
}

/// Flavours by letter.
fn flavor_map(path: &Path) -> Result<[Option<Demand>; 26], TraceError> {
    let mut map = [None; 26];
    let mut lines = Lines::open(path)?;
    while lines.advance_to_text()? {
        let parts = lines.text().split_once(' ').and_then(|(size, letter)| {
            let (cores, memory) = size.split_once(',')?;
            Some((cores, memory, letter.trim()))
        });
        let form = "`CORES,GIB LETTER`, as in `2,3.5 g`";
        let (cores, memory, letter) =
            parts.ok_or_else(|| lines.fault("flavour", form, lines.text()))?;
        let [letter @ b'a'..=b'z'] = letter.as_bytes() else {
            return Err(lines.fault("letter", "one letter from a to z", letter));
        };
        let cores = lines.decimal("cores", cores, 1000, Rounding::Up)?;
        let memory = lines.decimal("memory", memory, 1024, Rounding::Up)?;
        map[usize::from(letter - b'a')] = Some([cores, memory, 0, 0, 0]);
    }
    Ok(map)
}

/// The lifetime in the middle of each bin, in seconds.
fn lifetime_map(path: &Path) -> Result<Vec<Option<u64>>, TraceError> {
    let mut bins: Vec<Option<(u64, u64)>> = Vec::new();
    let mut lines = Lines::open(path)?;
    while lines.advance_to_text()? {
        let parts = lines.text().split_once(' ');
        let (seconds, bin) =
            parts.ok_or_else(|| lines.fault("interval", "`SECONDS BIN`", lines.text()))?;
        let seconds = lines.integer("seconds", seconds)?;
        let bin = lines.integer("bin", bin)?;
        if bin > 10_000 || seconds >> 40 != 0 {
            let expected = "a bin of at most 10000, and less than 2^40 seconds";
            return Err(lines.fault("interval", expected, lines.text()));
        }
        let bin = bin as usize;
        bins.resize(bins.len().max(bin + 1), None);
        let (least, greatest) = bins[bin].unwrap_or((seconds, seconds));
        bins[bin] = Some((least.min(seconds), greatest.max(seconds)));
    }
    Ok(bins
        .into_iter()
        .map(|bin| bin.map(|(least, greatest)| (least + greatest + STEP) / 2))
        .collect())
}

/// The VMs, step by step.
struct Arrivals {
    flavor_map: [Option<Demand>; 26],
    lifetime_map: Vec<Option<u64>>,
    flavors: Lines,
    lifetimes: Lines,
    end: u64,
    finished_only: bool,
    /// What is left of the current step.
    step: std::vec::IntoIter<Arrival>,
    time: u64,
    failed: bool,
}

impl Arrivals {
    /// Reads the next step; whether there is one.
    fn read_step(&mut self) -> Result<bool, TraceError> {
        let more = self.flavors.advance_to_text()?;
        if self.lifetimes.advance_to_text()? != more {
            let short = if more { &self.lifetimes } else { &self.flavors };
            return Err(short.whole("ends before its partner does"));
        }
        if !more {
            return Ok(false);
        }
        let form = "`SECONDS TOKEN,...`";
        let split = |lines: &Lines| {
            let (seconds, tokens) = lines
                .text()
                .split_once(' ')
                .ok_or_else(|| lines.fault("line", form, lines.text()))?;
            Ok((lines.integer("seconds", seconds)?, tokens.len()))
        };
        let (time, flavors) = split(&self.flavors)?;
        let (same, lifetimes) = split(&self.lifetimes)?;
        if same != time {
            let expected = format!("{time}, as in the file of flavours");
            return Err(self.lifetimes.fault("seconds", &expected, &same.to_string()));
        }
        if time < self.time || time > self.end {
            let expected = format!("a time from {} to {}", self.time, self.end);
            return Err(self.flavors.fault("seconds", &expected, &time.to_string()));
        }
        self.time = time;
        let tail = |lines: &'_ Lines, length: usize| lines.text().len() - length;
        let flavors = &self.flavors.text()[tail(&self.flavors, flavors)..];
        let lifetimes = &self.lifetimes.text()[tail(&self.lifetimes, lifetimes)..];
        let (mut flavors, mut lifetimes) = (tokens(flavors), tokens(lifetimes));
        let mut step = Vec::new();
        loop {
            let (flavor, lifetime) = match (flavors.next(), lifetimes.next()) {
                (Some(flavor), Some(lifetime)) => (flavor, lifetime),
                (None, None) => break,
                _ => {
                    let expected = "as many VMs as the file of flavours has";
                    return Err(self.lifetimes.fault("lifetimes", expected, "another number"));
                }
            };
            let demand = match flavor.as_bytes() {
                [letter @ b'a'..=b'z'] => self.flavor_map[usize::from(letter - b'a')],
                _ => None,
            };
            let demand = demand.ok_or_else(|| {
                self.flavors.fault("flavour", "a letter of maps/flav_map.txt", flavor)
            })?;
            let end = self.departure(time, lifetime)?;
            if end.is_some() || !self.finished_only {
                step.push(Arrival { time, end, demand });
            }
        }
        self.step = step.into_iter();
        Ok(true)
    }

    /// When a VM leaves that comes at `time`, by its token.
    fn departure(&self, time: u64, token: &str) -> Result<Option<u64>, TraceError> {
        let bin =
            |text: &str| text.parse().ok().and_then(|bin: usize| *self.lifetime_map.get(bin)?);
        match token.split_at_checked(1) {
            Some(("C", _)) => return Ok(None),
            Some(("U", text)) => {
                if let Some(lifetime) = bin(text) {
                    return Ok(Some((time + lifetime).min(self.end)));
                }
            }
            _ => {}
        }
        let expected = "U or C and a bin of maps/v1.interval_map.txt";
        Err(self.lifetimes.fault("lifetime", expected, token))
    }
}

/// The VMs of a line: tokens between commas, but those between tenants.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|token| !token.is_empty() && *token != "|")
}

impl Iterator for Arrivals {
    type Item = Result<Arrival, TraceError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(arrival) = self.step.next() {
                return Some(Ok(arrival));
            }
            if self.failed {
                return None;
            }
            match self.read_step() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    self.failed = true;
                    return Some(Err(error));
                }
            }
        }
    }
}
