//! Where the result of a merge may be.

use std::fs;
use std::path::{Path, PathBuf};

use super::MergeError;

/// Refuses a place inside one of the sources, by whatever path or symbolic link. A source itself is refused as taken.
pub(super) fn refuse_inside(sources: &[PathBuf], into: &Path) -> Result<(), MergeError> {
    let place = resolved(into);
    // A source that is not there is reported by whoever reads it.
    let inside = sources.iter().find(|source| {
        fs::canonicalize(source).is_ok_and(|source| place != source && place.starts_with(source))
    });
    match inside {
        Some(source) => {
            Err(MergeError::Inside { path: into.to_owned(), source_directory: source.clone() })
        }
        None => Ok(()),
    }
}

/// The place itself, links followed, if nothing is there, or an empty directory, which the result replaces.
pub(super) fn free(into: &Path) -> Result<PathBuf, MergeError> {
    let is_free = match fs::read_dir(into) {
        Ok(mut entries) => entries.next().is_none(),
        // A link to nothing is something.
        Err(_) => fs::symlink_metadata(into).is_err(),
    };
    if !is_free {
        return Err(MergeError::Exists { path: into.to_owned() });
    }
    Ok(fs::canonicalize(into).unwrap_or_else(|_| into.to_owned()))
}

/// A path without links, as far as what it names exists.
fn resolved(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let existing = path.ancestors().find_map(|ancestor| {
        let rest = path.strip_prefix(ancestor).ok()?;
        Some(fs::canonicalize(ancestor).ok()?.join(rest))
    });
    existing.unwrap_or(path)
}
