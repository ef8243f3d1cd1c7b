//! What runs left beside their records.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Kept, MergeError};
use crate::record::{INSTANCES, SERIES, SOLUTIONS};
use crate::store::StoreError;

/// Copies the solutions and time series of the records that are kept, each from the source of its record, and counts
/// them. Files of runs without a record stay where they are. Instances of solutions come from all sources.
pub(super) fn copy(
    sources: &[PathBuf],
    runs: &HashMap<Box<str>, usize>,
    kept: &[Kept],
    into: &Path,
) -> Result<u64, MergeError> {
    let mut files = 0;
    for (source, directory) in sources.iter().enumerate() {
        copy_instances(&directory.join(INSTANCES), &into.join(INSTANCES))?;
        for folder in [SOLUTIONS, SERIES] {
            let path = directory.join(folder);
            let Some(entries) = entries(&path)? else { continue };
            let target = into.join(folder);
            fs::create_dir_all(&target).map_err(MergeError::write(&target))?;
            for entry in entries {
                let name = entry.map_err(StoreError::io("read", &path))?.file_name();
                // `RUN.json`, `RUN.NAME.csv`; a draft that a killed session left is neither.
                let text = name.to_string_lossy();
                let run = text.split_once('.').filter(|_| !text.ends_with(".draft"));
                let place = run.and_then(|(run, _)| runs.get(run));
                if place.is_some_and(|&place| kept[place].source == source) {
                    let file = target.join(&name);
                    fs::copy(path.join(&name), &file).map_err(MergeError::write(&file))?;
                    files += 1;
                }
            }
        }
    }
    Ok(files)
}

/// Copies the instances of a source that are not there yet: they are called after their content.
fn copy_instances(from: &Path, into: &Path) -> Result<(), MergeError> {
    let Some(entries) = entries(from)? else { return Ok(()) };
    fs::create_dir_all(into).map_err(MergeError::write(into))?;
    for entry in entries {
        let name = entry.map_err(StoreError::io("read", from))?.file_name();
        let file = into.join(&name);
        if file.extension().is_some_and(|extension| extension == "json") && !file.exists() {
            fs::copy(from.join(&name), &file).map_err(MergeError::write(&file))?;
        }
    }
    Ok(())
}

/// The entries of a folder, if there is one.
fn entries(folder: &Path) -> Result<Option<fs::ReadDir>, MergeError> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        entries => Ok(Some(entries.map_err(StoreError::io("read", folder))?)),
    }
}
