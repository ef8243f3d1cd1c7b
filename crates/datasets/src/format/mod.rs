//! File formats: one unit struct per format, one line in [`FORMATS`].
//!
//! A format is recognised by how its first four lines that are not blank are laid out. In tokens per
//! line, with `d` the number that stands first in the file:
//!
//! | format | line 1 | line 2 | line 3 | line 4 |
//! |---|---|---|---|---|
//! | `bpp` | 1 | 1 | 1 | 1, or end |
//! | `csp` | 1 | 1 | 2 | 2, or end |
//! | `vscsp`, one bin type | 1 | 3 | 1 | 2 |
//! | `vscsp`, several | 1 | 3 | 3 | any |
//! | `vbp` | 1 | `d` | 1 | `d + 1` |
//! | `mvp` | 1 | 1 | `d + 2` | any |
//!
//! No two of these agree, so no file is recognised as two formats, and damage further down does not keep
//! a file from being recognised, and its fault from being named.

mod bpp;
mod csp;
mod json;
mod mvp;
mod text;
mod vbp;
mod vscsp;

use std::fmt;

use vmpack_model::AnyInstance;
use vmpack_model::packing::InstanceError;

pub use json::instance_schema;

pub(crate) use json::{FamilyName, Named, list, parse, read_header, to_text, unknown};
pub(crate) use text::{first_oddity, utf8};

/// A file format of instances.
pub trait Format: Sync {
    /// The name by which files are said to be in this format.
    fn name(&self) -> &'static str;

    /// What it holds and who uses it, in one sentence.
    fn description(&self) -> &'static str;

    /// File name extensions in use, in lower case without the dot.
    fn extensions(&self) -> &'static [&'static str];

    /// Whether the content begins as files of this format do. At most one format says yes.
    fn recognises(&self, content: &[u8]) -> bool;

    /// Reads an instance; `name` is what it is called if the file does not say.
    ///
    /// # Errors
    /// The first place where the content breaks the rules of the format.
    fn read(&self, content: &[u8], name: &str) -> Result<AnyInstance, ReadError>;

    /// Whether vmpack writes this format.
    fn writes(&self) -> bool {
        false
    }

    /// Writes an instance.
    ///
    /// # Errors
    /// If the format is only read, or cannot carry this instance.
    fn write(&self, instance: &AnyInstance) -> Result<String, WriteError> {
        let _ = instance;
        Err(WriteError::ReadOnly { format: self.name() })
    }
}

impl fmt::Debug for dyn Format + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The formats that vmpack knows.
pub const FORMATS: &[&dyn Format] =
    &[&json::Json, &bpp::Bpp, &csp::Csp, &vscsp::Vscsp, &vbp::Vbp, &mvp::Mvp];

/// The format of that name.
pub fn format(name: &str) -> Option<&'static dyn Format> {
    FORMATS.iter().copied().find(|format| format.name() == name)
}

/// Writes an instance in the named format.
///
/// # Errors
/// See [`WriteError`].
pub fn write_instance(instance: &AnyInstance, format: &str) -> Result<String, WriteError> {
    self::format(format)
        .ok_or_else(|| WriteError::UnknownFormat { name: format.to_owned() })?
        .write(instance)
}

/// Where and how content breaks the rules of its format. The line is not part of the message: whoever
/// knows the file prints `file:line:` before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: expected {expected}, found {found}")]
pub struct ReadError {
    /// The line, from 1; `None` if the fault lies in no single line.
    pub line: Option<usize>,
    /// What was being read.
    pub field: String,
    /// What should have been there.
    pub expected: String,
    /// What was there.
    pub found: String,
}

impl ReadError {
    /// The parts are each well-formed, but make no instance together.
    pub(crate) fn instance(error: &InstanceError) -> Self {
        Self {
            line: None,
            field: "the instance as a whole".to_owned(),
            expected: "parts that belong together".to_owned(),
            found: error.to_string(),
        }
    }
}

/// Why an instance cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// There is no such format.
    #[error("there is no format {name:?}; instances are written as {}", written_formats())]
    UnknownFormat {
        /// The name given.
        name: String,
    },
    /// The format is only read.
    #[error("the format {format} is only read; instances are written as {}", written_formats())]
    ReadOnly {
        /// The format.
        format: &'static str,
    },
    /// The format has no place for something that the instance has.
    #[error("the format {format} cannot carry this instance: {reason}")]
    Unsupported {
        /// The format.
        format: &'static str,
        /// What it has no place for.
        reason: String,
    },
}

fn written_formats() -> String {
    let written = FORMATS.iter().filter(|format| format.writes());
    written.map(|format| format.name()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_known() {
        for format in FORMATS {
            let found = self::format(format.name()).expect("known by its name");
            assert_eq!(found.name(), format.name());
            assert_eq!(FORMATS.iter().filter(|other| other.name() == format.name()).count(), 1);
            assert!(!format.extensions().is_empty());
        }
    }

    #[test]
    fn writers_that_do_not_exist_are_refused_with_the_list() {
        let items = [(vec![1], 1)];
        let instance = vmpack_model::packing::Instance::identical_hosts("one", &[2], &items);
        let instance = AnyInstance::Packing(instance.expect("valid"));
        for name in ["bpp", "no-such-format"] {
            let error = write_instance(&instance, name).expect_err("refused").to_string();
            assert!(error.contains("json, vbp, mvp"), "{error}");
        }
    }
}
