//! One file per verb, and what several of them share.

pub(crate) mod calibrate;
pub(crate) mod check;
pub(crate) mod collect;
pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod convert;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod generate;
pub(crate) mod list;
pub(crate) mod merge;
pub(crate) mod plan;
pub(crate) mod replay;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod run_one;
pub(crate) mod serve;
pub(crate) mod solve;
pub(crate) mod status;
pub(crate) mod submit;

use std::fmt::Display;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use anyhow::{Context as _, anyhow};
use vmpack_datasets::{FORMATS, Format};
use vmpack_files::Durability;
pub(crate) use vmpack_harness::tell;

/// Prints a line. Whoever reads standard output may stop reading, as `head` does; that is no error.
pub(crate) fn say(line: impl Display) -> anyhow::Result<()> {
    deliver(format!("{line}\n").as_bytes(), None)
}

/// Writes bytes to a file, or to standard output as long as that is read.
pub(crate) fn deliver(bytes: &[u8], out: Option<&Path>) -> anyhow::Result<()> {
    let Some(out) = out else {
        let mut stdout = std::io::stdout().lock();
        return match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            written => written.context("standard output"),
        };
    };
    vmpack_files::write(out, bytes, Durability::Flushed).with_context(|| out.display().to_string())
}

/// The known names that are most like a misspelt one, as the end of an error message.
pub(crate) fn did_you_mean<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    match vmpack_datasets::nearest(name, known)[..] {
        [] => String::new(),
        [last] => format!("; did you mean {last}?"),
        [ref others @ .., last] => format!("; did you mean {} or {last}?", others.join(", ")),
    }
}

/// The instance format of that name.
pub(crate) fn format_named(name: &str) -> anyhow::Result<&'static dyn Format> {
    vmpack_datasets::format(name).ok_or_else(|| {
        let hint = did_you_mean(name, FORMATS.iter().map(|format| format.name()));
        anyhow!("there is no format {name:?}{hint} (see `vmpack list formats`)")
    })
}

/// Reads a positive number of seconds.
pub(crate) fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds".to_owned())?;
    if seconds.is_finite() && seconds > 0.0 {
        Ok(seconds)
    } else {
        Err("expected more than 0".into())
    }
}
