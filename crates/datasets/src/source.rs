//! Where an instance comes from, and getting it from there.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use vmpack_model::AnyInstance;

use crate::format::{self, FORMATS, Format, ReadError};
use crate::generate::{self, GenerateError, Parameter};

/// Where an instance comes from: plain data that travels to child processes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Source {
    /// A file.
    File {
        /// Where it is.
        path: PathBuf,
        /// The name of its format; recognised from the content if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        format: Option<String>,
    },
    /// A generator with its parameters and its seed.
    Generated {
        /// The name of the generator.
        generator: String,
        /// Parameters that differ from their defaults.
        #[serde(default)]
        parameters: BTreeMap<String, Parameter>,
        /// The seed.
        seed: u64,
    },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, format: None } => write!(f, "{}", path.display()),
            Self::File { path, format: Some(format) } => {
                write!(f, "{} as {format}", path.display())
            }
            Self::Generated { generator, parameters, seed } => {
                let parameters: Vec<String> =
                    parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
                write!(f, "{generator}({}) seed {seed}", parameters.join(", "))
            }
        }
    }
}

/// Why there is no instance to be had from a source.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The operating system does not give the file's content.
    #[error("{}: cannot read the file: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A directory stands where a file is expected.
    #[error("{}: expected a file, found a directory", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
    },
    /// A format was named that does not exist.
    #[error("there is no format {name:?}; the formats are {}", known_formats())]
    UnknownFormat {
        /// The name given.
        name: String,
    },
    /// The content is laid out like no known format.
    #[error(
        "{}:{line}: expected an instance in one of the formats {}, found {found}; if it is one of \
         them all the same, name the format",
        path.display(),
        known_formats()
    )]
    Unrecognised {
        /// The file.
        path: PathBuf,
        /// The first line that fits no format.
        line: usize,
        /// What is there.
        found: String,
    },
    /// The content breaks the rules of its format.
    #[error("{}{error} (read as {format})", place(path, error))]
    Content {
        /// The file.
        path: PathBuf,
        /// The format it was read as.
        format: &'static str,
        /// What is wrong.
        error: Box<ReadError>,
    },
    /// A generator does not take its parameters.
    #[error(transparent)]
    Generate(#[from] GenerateError),
}

fn place(path: &Path, error: &ReadError) -> String {
    match error.line {
        Some(line) => format!("{}:{line}: ", path.display()),
        None => format!("{}: ", path.display()),
    }
}

fn known_formats() -> String {
    FORMATS.iter().map(|format| format.name()).collect::<Vec<_>>().join(", ")
}

/// Reads or generates the instance.
///
/// # Errors
/// See [`LoadError`].
pub fn load(source: &Source) -> Result<AnyInstance, LoadError> {
    match source {
        Source::File { path, format } => read_file(path, format.as_deref()),
        Source::Generated { generator, parameters, seed } => {
            Ok(generate::generate(generator, parameters, *seed)?.instance)
        }
    }
}

/// Reads an instance from a file, in the named format or the one recognised from the content.
///
/// The layout of the first lines tells the formats apart without ambiguity. A file whose line breaks
/// are unusual is taken for what its extension says, if only one format uses that extension; any other
/// must be named. An instance without a name of its own is called after the file.
///
/// # Errors
/// See [`LoadError`].
pub fn read_file(path: &Path, format: Option<&str>) -> Result<AnyInstance, LoadError> {
    let named = format
        .map(|name| {
            format::format(name).ok_or_else(|| LoadError::UnknownFormat { name: name.to_owned() })
        })
        .transpose()?;
    let content = read_bytes(path)?;
    let format = match named {
        Some(format) => format,
        None => recognise(path, &content)?,
    };
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    format.read(&content, &name).map_err(|error| LoadError::Content {
        path: path.to_owned(),
        format: format.name(),
        error: Box::new(error),
    })
}

/// The bytes of a file.
pub(crate) fn read_bytes(path: &Path) -> Result<Vec<u8>, LoadError> {
    if path.is_dir() {
        return Err(LoadError::Directory { path: path.to_owned() });
    }
    std::fs::read(path).map_err(|source| LoadError::Open { path: path.to_owned(), source })
}

fn recognise(path: &Path, content: &[u8]) -> Result<&'static dyn Format, LoadError> {
    if let Some(format) = FORMATS.iter().find(|format| format.recognises(content)) {
        return Ok(*format);
    }
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let mut by_extension =
        FORMATS.iter().filter(|format| format.extensions().contains(&extension.as_str()));
    if let (Some(format), None) = (by_extension.next(), by_extension.next()) {
        return Ok(*format);
    }
    let (line, found) = format::first_oddity(content);
    Err(LoadError::Unrecognised { path: path.to_owned(), line, found })
}

/// The directory that the file patterns of suites are relative to: the value of the environment
/// variable `VMPACK_DATA`, else `datasets/cache`.
pub fn data_directory() -> PathBuf {
    std::env::var_os("VMPACK_DATA")
        .filter(|value| !value.is_empty())
        .map_or_else(|| PathBuf::from("datasets/cache"), PathBuf::from)
}
