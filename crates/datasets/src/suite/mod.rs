//! Suites: named lists of instances, as TOML.
//!
//! A suite generates instances (`[[generate]]`) and names files of the data directory (`[[files]]`), with
//! what is known of their optima. `FORMATS.md` documents the file form.

mod files;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use vmpack_model::Reference;

use crate::generate::{self, GenerateError, Parameter};
use crate::source::Source;

use self::files::FilesBlock;

/// The built-in suites: names and TOML.
pub const SUITES: &[(&str, &str)] = &[
    ("tiny", include_str!("../../../../datasets/suites/tiny.toml")),
    ("smoke", include_str!("../../../../datasets/suites/smoke.toml")),
    ("comparison", include_str!("../../../../datasets/suites/comparison.toml")),
    ("demo-real", include_str!("../../../../datasets/suites/demo-real.toml")),
    ("reference", include_str!("../../../../datasets/suites/reference.toml")),
    ("smoke-subset", include_str!("../../../../datasets/suites/smoke-subset.toml")),
    ("exact-1d", include_str!("../../../../datasets/suites/exact-1d.toml")),
    ("exact-gi", include_str!("../../../../datasets/suites/exact-gi.toml")),
    ("exact-vector", include_str!("../../../../datasets/suites/exact-vector.toml")),
    ("exact-variable", include_str!("../../../../datasets/suites/exact-variable.toml")),
    ("fleet-counts", include_str!("../../../../datasets/suites/fleet-counts.toml")),
    ("fleet-individual", include_str!("../../../../datasets/suites/fleet-individual.toml")),
    ("fleet-rules-large", include_str!("../../../../datasets/suites/fleet-rules-large.toml")),
    ("fleet-rules-small", include_str!("../../../../datasets/suites/fleet-rules-small.toml")),
    ("vectorpack-new", include_str!("../../../../datasets/suites/vectorpack-new.toml")),
    ("open-vector", include_str!("../../../../datasets/suites/open-vector.toml")),
];

/// An instance of a suite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name, unique within the suite.
    pub name: String,
    /// Where it comes from.
    pub source: Source,
    /// What is known of its optimum.
    pub reference: Option<Reference>,
    /// The class of instances that it belongs to, for tables by class.
    pub class: Option<String>,
}

/// A named list of instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suite {
    /// The name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The instances: generated ones first, then files, in the order of the suite file.
    pub entries: Vec<Entry>,
    /// One sentence for everything that the suite names and the data directory does not have.
    pub missing: Vec<String>,
}

/// Why there is no such suite.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// The name is neither a built-in suite nor a file.
    #[error(
        "there is no suite {name:?}: expected one of {known}, or the path of a suite file",
        known = known()
    )]
    Unknown {
        /// The name given.
        name: String,
    },
    /// A file cannot be read.
    #[error("{}: cannot read the file: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The TOML is malformed or has unknown or missing keys.
    #[error("suite {name}: {source}")]
    Toml {
        /// The suite.
        name: String,
        /// Line, key and what was expected.
        source: Box<toml::de::Error>,
    },
    /// A block contradicts itself or the others.
    #[error("suite {name}, {block}: expected {expected}, found {found}")]
    Block {
        /// The suite.
        name: String,
        /// Which block.
        block: String,
        /// What should be there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A generator does not take its parameters.
    #[error("suite {name}: {source}")]
    Generate {
        /// The suite.
        name: String,
        /// What is wrong.
        source: GenerateError,
    },
    /// A table of files or references is not as the suite says.
    #[error("{}:{line}: expected {expected}, found {found}", table.display())]
    Table {
        /// The table.
        table: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What should be there.
        expected: String,
        /// What is there.
        found: String,
    },
}

fn known() -> String {
    SUITES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// The file form of a suite.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SuiteFile {
    description: String,
    #[serde(default)]
    generate: Vec<GenerateBlock>,
    #[serde(default)]
    files: Vec<FilesBlock>,
}

/// Instances of one generator: the cross product of parameter values and seeds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GenerateBlock {
    generator: String,
    #[serde(default)]
    parameters: BTreeMap<String, OneOrMany>,
    seeds: Vec<u64>,
    /// The class that the instances belong to; `{name}` is the value of the parameter of that name.
    class: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "an integer, a word, or a list of them")]
enum OneOrMany {
    One(Parameter),
    Many(Vec<Parameter>),
}

impl OneOrMany {
    fn values(&self) -> &[Parameter] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }
}

/// Names and descriptions of the built-in suites.
pub fn suites() -> impl Iterator<Item = (&'static str, String)> {
    SUITES.iter().map(|(name, text)| {
        let file: SuiteFile = toml::from_str(text).expect("tests read the built-in suites");
        (*name, file.description)
    })
}

/// The suite of that name, or in that file; its file patterns are relative to `data_dir`.
///
/// Generated instances are made once to check their parameters and to learn what their construction
/// proves. Files are only looked up, not read.
///
/// # Errors
/// See [`SuiteError`]. Absent files are no error: see [`Suite::missing`].
pub fn suite(name_or_path: &str, data_dir: &Path) -> Result<Suite, SuiteError> {
    let built_in = SUITES.iter().find(|(name, _)| *name == name_or_path);
    let (name, text) = match built_in {
        Some((name, text)) => ((*name).to_owned(), (*text).to_owned()),
        None => read_suite(name_or_path)?,
    };
    let file: SuiteFile = toml::from_str(&text).map_err(|source| SuiteError::Toml {
        name: name_or_path.to_owned(),
        source: Box::new(source),
    })?;
    let mut suite =
        Suite { name, description: file.description, entries: Vec::new(), missing: Vec::new() };
    for (index, block) in file.generate.iter().enumerate() {
        add_generated(&mut suite, block, index)?;
    }
    files::add(&mut suite, &file.files, data_dir)?;
    let mut names = BTreeSet::new();
    match suite.entries.iter().find(|entry| !names.insert(&entry.name)) {
        None => Ok(suite),
        Some(entry) => Err(SuiteError::Block {
            name: suite.name.clone(),
            block: "all blocks together".to_owned(),
            expected: "every instance once".to_owned(),
            found: format!("{} twice", entry.name),
        }),
    }
}

fn read_suite(path: &str) -> Result<(String, String), SuiteError> {
    let path = Path::new(path);
    if !path.is_file() {
        return Err(SuiteError::Unknown { name: path.display().to_string() });
    }
    let text = std::fs::read_to_string(path)
        .map_err(|source| SuiteError::Open { path: path.to_owned(), source })?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok((name, text))
}

fn add_generated(suite: &mut Suite, block: &GenerateBlock, index: usize) -> Result<(), SuiteError> {
    let mut combinations = vec![BTreeMap::new()];
    for (name, values) in &block.parameters {
        let extended = combinations.iter().flat_map(|chosen| {
            values.values().iter().map(move |value| {
                let mut chosen: BTreeMap<String, Parameter> = chosen.clone();
                chosen.insert(name.clone(), value.clone());
                chosen
            })
        });
        combinations = extended.collect();
    }
    for parameters in combinations {
        let value = |name: &str| parameters.get(name).map(ToString::to_string);
        let class = block.class.as_ref().map(|template| fill_in(template, value)).transpose();
        let class = class.map_err(|name| SuiteError::Block {
            name: suite.name.clone(),
            block: format!("[[generate]] number {}", index + 1),
            expected: "a class with names of the block's parameters in braces".to_owned(),
            found: format!("`{{{name}}}`"),
        })?;
        for &seed in &block.seeds {
            let generated = generate::generate(&block.generator, &parameters, seed)
                .map_err(|source| SuiteError::Generate { name: suite.name.clone(), source })?;
            suite.entries.push(Entry {
                name: generated.instance.name().to_owned(),
                source: Source::Generated {
                    generator: block.generator.clone(),
                    parameters: parameters.clone(),
                    seed,
                },
                reference: generated.reference,
                class: class.clone(),
            });
        }
    }
    Ok(())
}

/// A text with every `{name}` replaced by its value; the name that has none is the error.
fn fill_in(template: &str, value: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, opened)| Some((before, opened.split_once('}')?)))
    {
        text += before;
        text += &value(name).ok_or_else(|| name.to_owned())?;
        rest = after;
    }
    Ok(text + rest)
}
