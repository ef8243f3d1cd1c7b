//! The experiment file as it is written, and its way to what it means.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;
use vmpack_results::Limits;

use super::{
    Block, Experiment, ExperimentError, Named, OptionValues, Place, ReplayBlock, Solutions,
};
use crate::simulator::choices;

/// The most repetitions of a run: all are planned, and held in memory, before the first begins.
const MAX_REPEATS: u64 = 1_000_000;

/// What the text of the file at a path means.
pub(super) fn understand(path: &Path, text: &str) -> Result<Experiment, ExperimentError> {
    let reader = Reader { path, text };
    let form: Form = toml::from_str(text).map_err(|error| {
        reader.invalid(&error.span().unwrap_or(0..0), error.message().trim().to_owned())
    })?;
    reader.experiment(form)
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
    solutions: Option<Spanned<toml::Value>>,
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
            solutions: self.solutions(form.solutions)?,
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
            let choices = choices(value.get_ref()).map_err(|message| {
                self.invalid(&value.span(), format!("options.{name}: {message}"))
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

    fn solutions(&self, own: Option<Spanned<toml::Value>>) -> Result<Solutions, ExperimentError> {
        let Some(value) = own else { return Ok(Solutions::None) };
        match value.get_ref().as_str() {
            Some("none") => Ok(Solutions::None),
            Some("proved") => Ok(Solutions::Proved),
            Some("all") => Ok(Solutions::All),
            _ => {
                let found = value.get_ref();
                let message =
                    format!("solutions: expected \"none\", \"proved\" or \"all\", found {found}");
                Err(self.invalid(&value.span(), message))
            }
        }
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
