//! The manifest of an experiment: one JSON file beside the store.

mod differences;

use std::fs;
use std::path::Path;

use vmpack_files::Durability;

use crate::reader::Versioned;
use crate::store::StoreError;
use crate::{Manifest, SCHEMA};

pub use differences::{Difference, UNLIKE};

/// The name of the manifest inside the directory of its store.
pub const MANIFEST: &str = "manifest.json";

/// Writes the manifest under its name once it is whole, replacing an earlier one.
///
/// # Errors
/// If the directory cannot be written to.
pub fn write_manifest(directory: &Path, manifest: &Manifest) -> Result<(), StoreError> {
    let path = directory.join(MANIFEST);
    let write = || {
        let mut text = serde_json::to_vec_pretty(manifest)?;
        text.push(b'\n');
        vmpack_files::write(&path, &text, Durability::Flushed)
    };
    write().map_err(StoreError::io("write", &path))
}

/// Reads the manifest of a directory.
///
/// # Errors
/// If there is none, if it is malformed, or if a later version of vmpack wrote it.
pub fn read_manifest(directory: &Path) -> Result<Manifest, StoreError> {
    let path = directory.join(MANIFEST);
    let text = fs::read(&path).map_err(StoreError::io("read", &path))?;
    let malformed = |error: serde_json::Error| StoreError::MalformedManifest {
        path: path.clone(),
        reason: error.to_string(),
    };
    let version: Versioned = serde_json::from_slice(&text).map_err(malformed)?;
    if version.schema > SCHEMA {
        return Err(StoreError::Newer { path, line: 1, found: version.schema });
    }
    serde_json::from_slice(&text).map_err(malformed)
}
