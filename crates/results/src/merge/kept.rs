//! What runs left beside their records.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Kept, MergeError};
use crate::record::{INSTANCES, SERIES, SOLUTIONS};
use crate::store::StoreError;

/// Copies the solutions and time series of the records that are kept, each from the source of its record, and counts
/// them. Files of runs without a record stay where they are. The instances of solutions come along, once each: their names
/// are hashes of what is in them.
pub(super) fn copy(
    sources: &[PathBuf],
    runs: &HashMap<Box<str>, usize>,
    kept: &[Kept],
    into: &Path,
) -> Result<u64, MergeError> {
    let mut files = 0;
    for (source, directory) in sources.iter().enumerate() {
        for folder in [SOLUTIONS, SERIES] {
            let path = directory.join(folder);
            let entries = match fs::read_dir(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                entries => entries.map_err(StoreError::io("read", &path))?,
            };
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
    for directory in sources {
        copy_instances(&directory.join(INSTANCES), &into.join(INSTANCES))?;
    }
    Ok(files)
}

fn copy_instances(from: &Path, into: &Path) -> Result<(), MergeError> {
    let entries = match fs::read_dir(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(StoreError::io("read", from))?,
    };
    fs::create_dir_all(into).map_err(MergeError::write(into))?;
    for entry in entries {
        let path = entry.map_err(StoreError::io("read", from))?.path();
        let Some(name) = path.file_name() else { continue };
        let file = into.join(name);
        if path.extension().is_some_and(|extension| extension == "json") && !file.exists() {
            fs::copy(&path, &file).map_err(MergeError::write(&file))?;
        }
    }
    Ok(())
}
