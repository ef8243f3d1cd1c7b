//! Tests of formats, generators, suites and solution files from outside.
//!
//! Files that this crate publishes (schemas, samples) are compared with what the code makes of them; run
//! the tests with `VMPACK_BLESS=1` to write them anew. Tests on real instances need the data directory
//! and say on standard error when they are skipped.

mod documented;
mod format;
mod fuzz;
mod golden;
mod importers;
mod malformed;
mod operator;
mod published;
mod real;
mod round_trip;
#[path = "../../../../tests/skip.rs"]
mod skip;
mod solution;
mod strategy;
mod suite;

use vmpack_model::{AnyInstance, allocation, packing};

/// A packing instance, or the end of the test.
fn as_packing(instance: AnyInstance) -> packing::Instance {
    match instance {
        AnyInstance::Packing(instance) => instance,
        AnyInstance::Allocation(_) => panic!("expected a packing instance"),
    }
}

/// An allocation instance, or the end of the test.
fn as_allocation(instance: AnyInstance) -> allocation::Instance {
    match instance {
        AnyInstance::Allocation(instance) => instance,
        AnyInstance::Packing(_) => panic!("expected an allocation instance"),
    }
}

/// Reads text in the named format.
fn read(format: &str, text: &str) -> Result<AnyInstance, vmpack_datasets::ReadError> {
    vmpack_datasets::format(format).expect("a format").read(text.as_bytes(), "test")
}

/// The formats that recognise the content.
fn recognising(content: &[u8]) -> Vec<&'static str> {
    let formats = vmpack_datasets::FORMATS.iter();
    formats.filter(|format| format.recognises(content)).map(|format| format.name()).collect()
}
