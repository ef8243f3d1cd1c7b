//! Where instances come from: formats, seeded generators, suites and the catalogue of public sources.
//!
//! A [`Source`] says where an instance comes from, in plain data that travels between processes;
//! [`load`] turns it into an instance. Every file format is one unit struct in [`FORMATS`], every
//! generator one in [`GENERATORS`], every built-in suite one line in [`SUITES`]. The formats are
//! documented for users in `FORMATS.md`.
//!
//! Whatever is wrong with a file ends in a message that names file, line, field and what was expected;
//! no reader panics, and none allocates more than the file's own size justifies.
//!
//! ```
//! use vmpack_datasets::{Source, load};
//!
//! let source = Source::Generated {
//!     generator: "falkenauer-triplets".to_owned(),
//!     parameters: [("n".to_owned(), 60.into())].into(),
//!     seed: 7,
//! };
//! let instance = load(&source)?;
//! assert_eq!(instance.name(), "falkenauer-triplets-n60-s7");
//! # Ok::<(), vmpack_datasets::LoadError>(())
//! ```

mod catalog;
mod format;
mod generate;
mod hash;
mod items;
mod names;
pub mod operator;
mod solution;
mod source;
mod suite;

pub use catalog::{Catalog, CatalogFiles, PublicSource, SampleFile, catalog};
pub use format::{FORMATS, Format, ReadError, WriteError, format, instance_schema, write_instance};
pub use generate::{
    DefaultValue, GENERATORS, GenerateError, Generated, Generator, Parameter, ParameterRange,
    ParameterSpec, Parameters, generate, generator,
};
pub use hash::content_hash;
pub use names::{nearest, suggestion};
pub use solution::{
    AllocationSolution, PackingSolution, SolutionError, SolutionFile, SolutionForm, read_solution,
    solution_schema, write_solution,
};
pub use source::{LoadError, Source, data_directory, load, read_file};
pub use suite::{Entry, SUITES, Suite, SuiteError, suite, suites};
