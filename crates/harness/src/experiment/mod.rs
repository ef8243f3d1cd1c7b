//! The experiment file: which methods run on which instances, with which seeds, under which limits.

mod form;
#[cfg(test)]
mod tests;

use std::fmt;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use vmpack_results::Limits;

/// An experiment as its file describes it. The grammar is in `FORMATS.md`.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    /// The name.
    pub name: String,
    /// What it is for, for people.
    pub description: String,
    /// The seed that shuffles the order of runs.
    pub order_seed: u64,
    /// Whose solutions are kept.
    pub solutions: Solutions,
    /// Unrecorded runs of each worker before its first recorded one.
    pub warm_up: u64,
    /// Whether each worker's runs are kept to cores of their own.
    pub pin: bool,
    /// The cross products of methods that it consists of.
    pub blocks: Vec<Block>,
    /// The cross products of replays; there is at least one of either.
    pub replays: Vec<ReplayBlock>,
    /// The file.
    pub path: PathBuf,
    /// The BLAKE3 hash of the file's content, in hexadecimal.
    pub hash: String,
}

/// A cross product of datasets, methods and seeds under the same limits.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Suites, instance files, or patterns of them.
    pub datasets: Vec<Named>,
    /// Methods, selectors of them, or files of contenders.
    pub methods: Vec<Named>,
    /// Seeds for the methods that depend on one.
    pub seeds: Vec<u64>,
    /// The most instances of each class of a dataset, if not all.
    pub sample: Option<usize>,
    /// Whether `sample` is that of the top of the file.
    inherits_sample: bool,
    /// How often each run is made, at least once.
    pub repeats: u64,
    /// The limits of every run.
    pub limits: Limits,
}

/// A cross product of traces, policies, options and seeds under the same limits.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplayBlock {
    /// Where it stands.
    pub place: Place,
    /// Traces: descriptions, paths or patterns of paths.
    pub traces: Vec<Named>,
    /// Policies; empty where options say all.
    pub policies: Vec<Named>,
    /// Options with the values that each takes in turn; one that is given several times at once stands here as often.
    pub options: Vec<OptionValues>,
    /// Seeds for the replays that depend on one.
    pub seeds: Vec<u64>,
    /// Whether replays leave their time series.
    pub series: bool,
    /// How often each run is made, at least once.
    pub repeats: u64,
    /// The limits of every run.
    pub limits: Limits,
}

/// An option of replays, and the values that it takes in turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionValues {
    /// Its name.
    pub name: Named,
    /// Its values, as the command line would say them; at least one.
    pub values: Vec<String>,
}

/// Which runs leave their solution, with bound and certificate, in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Solutions {
    /// None.
    #[default]
    None,
    /// Those that answered correctly and claim a proof.
    Proved,
    /// All that answered correctly.
    All,
}

/// A name in the file and where it stands, for messages about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The name.
    pub text: String,
    /// Where it stands.
    pub place: Place,
}

/// A place in the file of an experiment or a contender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: usize,
}

impl Place {
    /// Where a span of the file's text begins.
    pub(crate) fn of(path: &Path, text: &str, span: &Range<usize>) -> Self {
        let before = text.get(..span.start).unwrap_or(text);
        Self { path: path.to_owned(), line: 1 + before.matches('\n').count() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path.display(), self.line)
    }
}

/// Why a file is no experiment.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentError {
    /// The file cannot be read.
    #[error("{}: cannot read the experiment: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// It is not written as experiments are, or a value is out of range.
    #[error("{place}: {message}")]
    Invalid {
        /// Where.
        place: Place,
        /// The field, what was expected and what was found.
        message: String,
    },
}

impl Experiment {
    /// Reads an experiment file.
    ///
    /// # Errors
    /// See [`ExperimentError`].
    pub fn read(path: &Path) -> Result<Self, ExperimentError> {
        let text = fs::read_to_string(path)
            .map_err(|source| ExperimentError::Read { path: path.to_owned(), source })?;
        Self::parse(path, &text)
    }

    /// Understands the text of an experiment file; `path` is used in messages, and relative paths in the
    /// file start from its directory.
    ///
    /// # Errors
    /// [`ExperimentError::Invalid`].
    pub fn parse(path: &Path, text: &str) -> Result<Self, ExperimentError> {
        form::understand(path, text)
    }

    /// Replaces the sample at the top of the file, as if it were written there: blocks with one of their
    /// own keep it.
    pub fn set_sample(&mut self, sample: Option<usize>) {
        for block in self.blocks.iter_mut().filter(|block| block.inherits_sample) {
            block.sample = sample;
        }
    }
}
