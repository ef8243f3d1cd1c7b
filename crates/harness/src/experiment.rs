//! The experiment file: which methods run on which instances, with which seeds, under which limits.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;
use vmpack_results::Limits;

use crate::simulator::choices;

/// The most repetitions of a run: all are planned, and held in memory, before the first begins.
const MAX_REPEATS: u64 = 1_000_000;

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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
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
        let reader = Reader { path, text };
        let form: Form = toml::from_str(text).map_err(|error| {
            reader.invalid(&error.span().unwrap_or(0..0), error.message().trim().to_owned())
        })?;
        reader.experiment(form)
    }

    /// Replaces the sample at the top of the file, as if it were written there: blocks with one of their
    /// own keep it.
    pub fn set_sample(&mut self, sample: Option<usize>) {
        for block in self.blocks.iter_mut().filter(|block| block.inherits_sample) {
            block.sample = sample;
        }
    }
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    name: Spanned<String>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    order_seed: u64,
    #[serde(default)]
    datasets: Vec<Spanned<String>>,
    #[serde(default)]
    methods: Vec<Spanned<String>>,
    seeds: Option<Spanned<Vec<u64>>>,
    sample: Option<Spanned<usize>>,
    repeats: Option<Spanned<u64>>,
    #[serde(default)]
    warm_up: u64,
    #[serde(default)]
    pin: bool,
    #[serde(default)]
    solutions: Solutions,
    #[serde(default)]
    limits: LimitsForm,
    #[serde(default)]
    runs: Vec<Spanned<RunsForm>>,
    #[serde(default)]
    replays: Vec<Spanned<ReplaysForm>>,
}

/// One `[[runs]]`: what it leaves out is as at the top.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RunsForm {
    datasets: Option<Vec<Spanned<String>>>,
    methods: Option<Vec<Spanned<String>>>,
    seeds: Option<Spanned<Vec<u64>>>,
    sample: Option<Spanned<usize>>,
    repeats: Option<Spanned<u64>>,
    #[serde(default)]
    limits: LimitsForm,
}

/// One `[[replays]]`: seeds and limits that it leaves out are as at the top.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplaysForm {
    traces: Vec<Spanned<String>>,
    #[serde(default)]
    policies: Vec<Spanned<String>>,
    #[serde(default)]
    options: BTreeMap<String, Spanned<toml::Value>>,
    seeds: Option<Spanned<Vec<u64>>>,
    #[serde(default)]
    series: bool,
    repeats: Option<Spanned<u64>>,
    #[serde(default)]
    limits: LimitsForm,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitsForm {
    wall_s: Option<Spanned<f64>>,
    cpu_s: Option<Spanned<f64>>,
    memory_mb: Option<Spanned<u64>>,
    work: Option<u64>,
    threads: Option<Spanned<u64>>,
}

impl LimitsForm {
    /// These limits, and those of `other` where these say nothing.
    fn or(self, other: &Self) -> Self {
        let other = other.clone();
        Self {
            wall_s: self.wall_s.or(other.wall_s),
            cpu_s: self.cpu_s.or(other.cpu_s),
            memory_mb: self.memory_mb.or(other.memory_mb),
            work: self.work.or(other.work),
            threads: self.threads.or(other.threads),
        }
    }
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Reader<'_> {
    fn experiment(&self, form: Form) -> Result<Experiment, ExperimentError> {
        let name = form.name.get_ref();
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        {
            let message =
                format!("name: expected letters, digits, `-`, `_` and `.`, found {name:?}");
            return Err(self.invalid(&form.name.span(), message));
        }
        // Without `[[runs]]` the top of the file is the only block.
        let whole = (form.name.span(), RunsForm::default());
        let mut blocks: Vec<(Range<usize>, RunsForm)> = form
            .runs
            .iter()
            .map(Spanned::span)
            .collect::<Vec<_>>()
            .into_iter()
            .zip(form.runs.into_iter().map(Spanned::into_inner))
            .collect();
        let asks_for_methods = !form.datasets.is_empty() || !form.methods.is_empty();
        if blocks.is_empty() && (form.replays.is_empty() || asks_for_methods) {
            blocks.push(whole);
        }
        let replays = form.replays;
        let top = Top {
            datasets: form.datasets,
            methods: form.methods,
            seeds: form.seeds,
            sample: form.sample,
            repeats: form.repeats,
            limits: form.limits,
        };
        Ok(Experiment {
            name: form.name.into_inner(),
            description: form.description,
            order_seed: form.order_seed,
            solutions: form.solutions,
            warm_up: form.warm_up,
            pin: form.pin,
            blocks: blocks
                .into_iter()
                .map(|(span, block)| self.block(&top, &span, block))
                .collect::<Result<_, _>>()?,
            replays: replays
                .into_iter()
                .map(|form| self.replays(&top, &form.span(), form.into_inner()))
                .collect::<Result<_, _>>()?,
            path: self.path.to_owned(),
            hash: blake3::hash(self.text.as_bytes()).to_hex().to_string(),
        })
    }

    fn block(
        &self,
        top: &Top,
        span: &Range<usize>,
        block: RunsForm,
    ) -> Result<Block, ExperimentError> {
        let names = |field: &str, own: Option<Vec<Spanned<String>>>, top: &[Spanned<String>]| {
            let names = own.unwrap_or_else(|| top.to_vec());
            if names.is_empty() {
                return Err(self.invalid(span, format!("{field}: expected at least one")));
            }
            Ok(names.into_iter().map(|name| self.named(name)).collect::<Vec<_>>())
        };
        let seeds = self.seeds(top, block.seeds)?;
        let inherits_sample = block.sample.is_none();
        let sample = match block.sample.or_else(|| top.sample.clone()) {
            Some(size) if *size.get_ref() == 0 => {
                let message = "sample: expected a positive number of instances per class, found 0";
                return Err(self.invalid(&size.span(), message.to_owned()));
            }
            size => size.map(Spanned::into_inner),
        };
        Ok(Block {
            datasets: names("datasets", block.datasets, &top.datasets)?,
            methods: names("methods", block.methods, &top.methods)?,
            seeds,
            sample,
            inherits_sample,
            repeats: self.repeats(top, block.repeats)?,
            limits: self.limits(span, block.limits.or(&top.limits))?,
        })
    }

    fn replays(
        &self,
        top: &Top,
        span: &Range<usize>,
        form: ReplaysForm,
    ) -> Result<ReplayBlock, ExperimentError> {
        if form.traces.is_empty() {
            return Err(self.invalid(span, "traces: expected at least one".to_owned()));
        }
        let mut options = Vec::new();
        for (name, value) in form.options {
            let place = self.place(&value.span());
            let choices = choices(value.get_ref()).ok_or_else(|| {
                let message = format!(
                    "options.{name}: expected a text, a number, true or false, or a list of them, or of such lists"
                );
                self.invalid(&value.span(), message)
            })?;
            let named = |values| {
                let name = Named { text: name.clone(), place: place.clone() };
                OptionValues { name, values }
            };
            options.extend(choices.into_iter().map(named));
        }
        Ok(ReplayBlock {
            place: self.place(span),
            options,
            traces: form.traces.into_iter().map(|trace| self.named(trace)).collect(),
            policies: form.policies.into_iter().map(|policy| self.named(policy)).collect(),
            seeds: self.seeds(top, form.seeds)?,
            series: form.series,
            repeats: self.repeats(top, form.repeats)?,
            limits: self.limits(span, form.limits.or(&top.limits))?,
        })
    }

    fn seeds(
        &self,
        top: &Top,
        own: Option<Spanned<Vec<u64>>>,
    ) -> Result<Vec<u64>, ExperimentError> {
        match own.or_else(|| top.seeds.clone()) {
            None => Ok(vec![0]),
            Some(seeds) if seeds.get_ref().is_empty() => {
                let message = "seeds: expected at least one".to_owned();
                Err(self.invalid(&seeds.span(), message))
            }
            Some(seeds) => Ok(seeds.into_inner()),
        }
    }

    fn repeats(&self, top: &Top, own: Option<Spanned<u64>>) -> Result<u64, ExperimentError> {
        match own.or_else(|| top.repeats.clone()) {
            None => Ok(1),
            Some(repeats) if (1..=MAX_REPEATS).contains(repeats.get_ref()) => {
                Ok(repeats.into_inner())
            }
            Some(repeats) => {
                let found = repeats.get_ref();
                let message = format!(
                    "repeats: expected a positive integer up to {MAX_REPEATS}, found {found}"
                );
                Err(self.invalid(&repeats.span(), message))
            }
        }
    }

    fn limits(&self, span: &Range<usize>, form: LimitsForm) -> Result<Limits, ExperimentError> {
        let seconds = |field: &str, value: Spanned<f64>| {
            let seconds = *value.get_ref();
            if seconds.is_finite() && seconds > 0.0 {
                return Ok(seconds);
            }
            let message =
                format!("limits.{field}: expected a positive number of seconds, found {seconds}");
            Err(self.invalid(&value.span(), message))
        };
        let positive = |field: &str, value: Spanned<u64>| match *value.get_ref() {
            0 => Err(self.invalid(
                &value.span(),
                format!("limits.{field}: expected a positive integer, found 0"),
            )),
            positive => Ok(positive),
        };
        let wall_s = form.wall_s.ok_or_else(|| {
            let message = "limits.wall_s: expected a number of seconds, found none: runs without \
                           a time limit may never end";
            self.invalid(span, message.to_owned())
        })?;
        Ok(Limits {
            wall_s: seconds("wall_s", wall_s)?,
            cpu_s: form.cpu_s.map(|value| seconds("cpu_s", value)).transpose()?,
            memory_bytes: form
                .memory_mb
                .map(|value| positive("memory_mb", value))
                .transpose()?
                .map(|megabytes| megabytes.saturating_mul(1_000_000)),
            work: form.work,
            threads: form.threads.map_or(Ok(1), |value| positive("threads", value))?,
        })
    }

    fn named(&self, name: Spanned<String>) -> Named {
        let place = self.place(&name.span());
        Named { text: name.into_inner(), place }
    }

    fn place(&self, span: &Range<usize>) -> Place {
        Place::of(self.path, self.text, span)
    }

    fn invalid(&self, span: &Range<usize>, message: String) -> ExperimentError {
        ExperimentError::Invalid { place: self.place(span), message }
    }
}

/// What blocks inherit.
struct Top {
    datasets: Vec<Spanned<String>>,
    methods: Vec<Spanned<String>>,
    seeds: Option<Spanned<Vec<u64>>>,
    sample: Option<Spanned<usize>>,
    repeats: Option<Spanned<u64>>,
    limits: LimitsForm,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Experiment, String> {
        Experiment::parse(Path::new("dir/e.toml"), text).map_err(|error| error.to_string())
    }

    fn texts(names: &[Named]) -> Vec<&str> {
        names.iter().map(|name| name.text.as_str()).collect()
    }

    #[test]
    fn a_plain_experiment_is_one_block() {
        let text = "name = 'demo'\ndatasets = ['smoke']\nmethods = ['ff',\n 'bf']\n\
                    seeds = [1, 2]\nlimits = { wall_s = 2, memory_mb = 500 }\n";
        let experiment = parse(text).expect("valid");
        assert_eq!(experiment.name, "demo");
        assert_eq!(experiment.hash, blake3::hash(text.as_bytes()).to_hex().to_string());
        let [block] = &experiment.blocks[..] else { panic!("one block") };
        assert_eq!(texts(&block.datasets), ["smoke"]);
        assert_eq!(texts(&block.methods), ["ff", "bf"]);
        assert_eq!(block.methods[1].place.to_string(), "dir/e.toml:4");
        assert_eq!(block.seeds, [1, 2]);
        let limits = block.limits;
        assert_eq!((limits.wall_s, limits.memory_bytes), (2.0, Some(500_000_000)));
        assert_eq!((limits.cpu_s, limits.work, limits.threads), (None, None, 1));
    }

    #[test]
    fn blocks_inherit_what_they_leave_out() {
        let experiment = parse(
            "name = 'demo'\ndatasets = ['smoke']\nlimits = { wall_s = 2, threads = 2 }\n\
             [[runs]]\nmethods = ['ff']\n\
             [[runs]]\nmethods = ['arc-flow']\ndatasets = ['tiny']\nlimits = { wall_s = 9 }\n",
        )
        .expect("valid");
        let [first, second] = &experiment.blocks[..] else { panic!("two blocks") };
        assert_eq!((texts(&first.datasets), first.limits.wall_s), (vec!["smoke"], 2.0));
        assert_eq!((texts(&second.datasets), second.limits.wall_s), (vec!["tiny"], 9.0));
        assert_eq!(second.limits.threads, 2);
        assert_eq!(first.seeds, [0]);
    }

    #[test]
    fn repetitions_are_inherited_like_seeds() {
        let experiment = parse(
            "name = 'demo'\ndatasets = ['d']\nlimits = { wall_s = 2 }\nrepeats = 5\nwarm_up = 2\n\
             pin = true\n[[runs]]\nmethods = ['ff']\n[[runs]]\nmethods = ['bf']\nrepeats = 3\n\
             [[replays]]\ntraces = ['t']\n",
        )
        .expect("valid");
        let repeats: Vec<u64> = experiment.blocks.iter().map(|block| block.repeats).collect();
        assert_eq!((&repeats[..], experiment.replays[0].repeats), (&[5, 3][..], 5));
        assert_eq!((experiment.warm_up, experiment.pin), (2, true));
        let plain = "name = 'x'\ndatasets = ['d']\nmethods = ['m']\n[limits]\nwall_s = 1\n";
        let plain = parse(plain).expect("valid");
        assert_eq!((plain.blocks[0].repeats, plain.warm_up, plain.pin), (1, 0, false));
    }

    #[test]
    fn a_sample_given_later_replaces_that_of_the_top_alone() {
        let mut experiment = parse(
            "name = 'demo'\ndatasets = ['d']\nlimits = { wall_s = 2 }\nsample = 9\n\
             solutions = 'proved'\n[[runs]]\nmethods = ['ff']\n\
             [[runs]]\nmethods = ['bf']\nsample = 2\n",
        )
        .expect("valid");
        assert_eq!(experiment.solutions, Solutions::Proved);
        let samples = |e: &Experiment| e.blocks.iter().map(|b| b.sample).collect::<Vec<_>>();
        assert_eq!(samples(&experiment), [Some(9), Some(2)]);
        experiment.set_sample(None);
        assert_eq!(samples(&experiment), [None, Some(2)]);
    }

    #[test]
    fn messages_name_file_line_field_and_expectation() {
        let valid = "name = 'x'\ndatasets = ['d']\nmethods = ['m']\n[limits]\nwall_s = 1\n";
        assert!(parse(valid).is_ok());
        for (from, to, line, expected) in [
            ("wall_s = 1", "wal_s = 1", 5, "unknown field `wal_s`, expected one of `wall_s`"),
            ("wall_s = 1", "wall_s = -1", 5, "limits.wall_s: expected a positive number"),
            ("wall_s = 1", "wall_s = nan", 5, "found NaN"),
            ("wall_s = 1", "wall_s = 'long'", 5, "expected f64"),
            ("wall_s = 1", "", 1, "limits.wall_s: expected a number of seconds, found none"),
            ("wall_s = 1", "wall_s = 1\nthreads = 0", 6, "limits.threads: expected a positive"),
            ("wall_s = 1", "wall_s = 1\nmemory_mb = -4", 6, "expected u64"),
            ("name = 'x'", "name = 'a b'", 1, "name: expected letters"),
            ("name = 'x'\n", "", 1, "missing field `name`"),
            ("methods = ['m']", "methods = []", 1, "methods: expected at least one"),
            ("methods = ['m']", "methods = ['m'", 4, "array"),
            ("methods = ['m']", "methods = ['m', 7]", 3, "expected a string"),
            ("methods = ['m']", "methods = ['m']\nseeds = []", 4, "seeds: expected at least one"),
            ("methods = ['m']", "methods = ['m']\nsample = 0", 4, "sample: expected a positive"),
            ("methods = ['m']", "methods = ['m']\nsolutions = 'best'", 4, "`proved`"),
            ("methods = ['m']", "methods = ['m']\nrepeats = 0", 4, "repeats: expected a positive"),
            (
                "methods = ['m']",
                "methods = ['m']\nrepeats = 99999999999",
                4,
                "up to 1000000, found",
            ),
            ("methods = ['m']", "methods = ['m']\nwarm_up = -1", 4, "expected u64"),
            ("methods = ['m']", "methods = ['m']\npin = 'yes'", 4, "expected a boolean"),
        ] {
            let error = parse(&valid.replace(from, to)).expect_err(to);
            assert!(error.starts_with(&format!("dir/e.toml:{line}: ")), "{to}: {error}");
            assert!(error.contains(expected), "{to}: {error}");
        }
    }

    #[test]
    fn documented_replays_are_an_experiment() {
        let page = include_str!("../../../FORMATS.md");
        let (_, section) = page.split_once("**Replays** stand in blocks").expect("the section");
        let (_, block) = section.split_once("```toml\n").expect("the example");
        let (block, _) = block.split_once("```").expect("its end");
        let experiment = parse(block).expect("valid");
        assert_eq!(experiment.blocks, [], "replays alone are an experiment");
        let [load, jobs] = &experiment.replays[..] else { panic!("two blocks") };
        assert_eq!(texts(&load.policies), ["best", "thr-mmt-0.8"]);
        let options: Vec<(&str, &[String])> =
            load.options.iter().map(|o| (o.name.text.as_str(), &o.values[..])).collect();
        let modes = ["corrected".to_owned(), "cloudsim303".to_owned()];
        assert_eq!(options, [("hosts", &["800".to_owned()][..]), ("mode", &modes[..])]);
        assert_eq!((load.place.line, load.series, &load.seeds[..]), (6, true, &[1, 2][..]));
        assert_eq!((jobs.policies.len(), jobs.series, &jobs.seeds[..]), (0, false, &[0][..]));
        assert!((jobs.limits.wall_s - 60.0).abs() < 1e-12, "inherited");
    }
}
