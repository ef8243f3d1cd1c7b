//! The files of a report.

use std::fs;
use std::path::Path;

use vmpack_files::Durability;

use crate::ReportError;

/// Writes a file, making its directory if need be. Reports are made again from their records in a moment.
pub(crate) fn publish(path: &Path, content: &[u8]) -> Result<(), ReportError> {
    let write = || {
        fs::create_dir_all(vmpack_files::folder_of(path))?;
        vmpack_files::write(path, content, Durability::Unflushed)
    };
    write().map_err(|source| ReportError::Write { path: path.to_owned(), source })
}

/// Removes a file of an earlier report, if there is one.
pub(crate) fn withdraw(path: &Path) -> Result<(), ReportError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(ReportError::Write { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}
