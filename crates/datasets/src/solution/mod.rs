//! Solution files: a versioned JSON form of an outcome, with names instead of indices.
//!
//! A file says which instance it answers, by name and content hash, and then everything that the
//! outcome claims. It is converted to and from [`Outcome`] in the presence of the instance, because VM
//! types and hosts go by their names; certificates go by index, as they are made for the checker.

mod allocation;
mod packing;
mod schema;

use std::path::Path;

use serde::{Deserialize, Serialize};
use vmpack_model::{Family, Outcome, Problem};

use crate::format::{FamilyName, ReadError, parse, read_header, to_text, utf8};
use crate::source::{LoadError, read_bytes};

pub use allocation::AllocationSolution;
pub use packing::PackingSolution;
pub use schema::solution_schema;

/// The version that is written, and the newest that is read.
const VERSION: u64 = 1;

/// A solution file of either family.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum SolutionFile {
    /// A placement.
    Packing(PackingSolution),
    /// An allocation.
    Allocation(AllocationSolution),
}

impl SolutionFile {
    /// The family of the instance that is answered.
    pub fn family(&self) -> Family {
        match self {
            Self::Packing(_) => Family::Packing,
            Self::Allocation(_) => Family::Allocation,
        }
    }

    /// The name of the instance that is answered.
    pub fn instance(&self) -> &str {
        match self {
            Self::Packing(file) => &file.instance,
            Self::Allocation(file) => &file.instance,
        }
    }

    /// The content hash of the instance that is answered, if the file states it.
    pub fn instance_hash(&self) -> Option<&str> {
        match self {
            Self::Packing(file) => file.instance_hash.as_deref(),
            Self::Allocation(file) => file.instance_hash.as_deref(),
        }
    }

    /// The method that is said to have found it.
    pub fn method(&self) -> Option<&str> {
        match self {
            Self::Packing(file) => file.method.as_deref(),
            Self::Allocation(file) => file.method.as_deref(),
        }
    }
}

/// Why a solution file does not answer an instance.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SolutionError {
    /// The solution is of another family than the instance.
    #[error("expected a solution of the {expected} family, found one of the {found} family")]
    Family {
        /// The family of the instance.
        expected: Family,
        /// The family of the solution.
        found: Family,
    },
    /// The solution states the content hash of another instance.
    #[error(
        "the solution is for instance {name:?} with content hash {found}; the given instance has \
         the hash {expected}"
    )]
    Instance {
        /// What the solution calls its instance.
        name: String,
        /// The hash of the given instance.
        expected: String,
        /// The hash in the solution.
        found: String,
    },
    /// The solution names what the instance does not have, or says too little or too much of it.
    #[error(transparent)]
    Content(#[from] ReadError),
}

/// A family whose outcomes have a file form.
pub trait SolutionForm: Problem {
    /// The file form of what `method` claims about the instance.
    ///
    /// # Panics
    /// If the outcome refers to VMs, hosts or resources that the instance does not have.
    fn to_file(
        instance: &Self::Instance,
        outcome: &Outcome<Self>,
        method: Option<&str>,
    ) -> SolutionFile;

    /// The outcome in the file, for the instance that it answers. Whether it is right is for the checker.
    ///
    /// # Errors
    /// See [`SolutionError`].
    fn from_file(
        instance: &Self::Instance,
        file: SolutionFile,
    ) -> Result<Outcome<Self>, SolutionError>;
}

/// The name of the format.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
enum SolutionTag {
    #[default]
    #[serde(rename = "vmpack-solution")]
    Solution,
}

/// The version of the format: 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
struct Version(#[schemars(range(min = 1, max = 1))] u64);

impl Default for Version {
    fn default() -> Self {
        Self(VERSION)
    }
}

/// Refuses a hash that is not the one expected; a file without a hash answers any instance.
fn check_hash(
    name: &str,
    found: Option<String>,
    expected: impl FnOnce() -> String,
) -> Result<(), SolutionError> {
    let Some(found) = found else { return Ok(()) };
    let expected = expected();
    if found == expected {
        return Ok(());
    }
    Err(SolutionError::Instance { name: name.to_owned(), expected, found })
}

/// Reads a solution file.
///
/// # Errors
/// See [`LoadError`].
pub fn read_solution(path: &Path) -> Result<SolutionFile, LoadError> {
    let content = read_bytes(path)?;
    parse_solution(&content).map_err(|error| LoadError::Content {
        path: path.to_owned(),
        format: "vmpack-solution",
        error: Box::new(error),
    })
}

fn parse_solution(content: &[u8]) -> Result<SolutionFile, ReadError> {
    let text = utf8(content)?;
    Ok(match read_header(text, "vmpack-solution", VERSION)? {
        FamilyName::Packing => SolutionFile::Packing(parse(text)?),
        FamilyName::Allocation => SolutionFile::Allocation(parse(text)?),
    })
}

/// The text of a solution file.
pub fn write_solution(file: &SolutionFile) -> String {
    to_text(file)
}
