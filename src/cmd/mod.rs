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
use vmpack_files::{Draft, Durability};
pub(crate) use vmpack_harness::tell;

/// Prints a line. Whoever reads standard output may stop reading, as `head` does; that is no error.
pub(crate) fn say(line: impl Display) -> anyhow::Result<()> {
    deliver(format!("{line}\n").as_bytes(), None)
}

/// Writes bytes to a file, or to standard output, which is also called `-`, as long as that is read.
pub(crate) fn deliver(bytes: &[u8], out: Option<&Path>) -> anyhow::Result<()> {
    let Some(out) = out.filter(|out| *out != Path::new("-")) else {
        let mut stdout = std::io::stdout().lock();
        return match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            written => written.context("standard output"),
        };
    };
    Output::begin(out)?.finish(bytes)
}

/// A file in the making, begun before the work whose result it takes: where nothing can be written is known by then.
pub(crate) struct Output<'a> {
    path: &'a Path,
    draft: Draft,
}

impl<'a> Output<'a> {
    pub(crate) fn begin(path: &'a Path) -> anyhow::Result<Self> {
        let draft = Draft::of(path).with_context(|| cannot_write(path))?;
        Ok(Self { path, draft })
    }

    pub(crate) fn finish(self, bytes: &[u8]) -> anyhow::Result<()> {
        let Self { path, draft } = self;
        let written = draft.file().write_all(bytes);
        written
            .and_then(|()| draft.publish(Durability::Flushed))
            .with_context(|| cannot_write(path))
    }
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}

/// A number of things, such as `1 task` and `2 tasks`.
pub(crate) fn counted(number: u64, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
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
