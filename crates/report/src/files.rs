//! Files that appear under their name when they are complete.

use std::fs;
use std::path::Path;

use crate::ReportError;

/// Writes a file under another name and renames it, making its directory if need be.
pub(crate) fn publish(path: &Path, content: &[u8]) -> Result<(), ReportError> {
    let write = || {
        let directory = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(directory)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let draft = directory.join(format!(".{name}.{}.part", std::process::id()));
        fs::write(&draft, content)?;
        fs::rename(&draft, path).inspect_err(|_| {
            // The error that matters is the one of the renaming.
            let _ = fs::remove_file(&draft);
        })
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
