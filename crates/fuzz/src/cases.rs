//! How an input becomes the files that a reader wants.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// What separates the files in an input that holds several.
pub(crate) const SEPARATOR: &str = "\n=====\n";

/// Text, if it is any.
pub(crate) fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// The parts of an input that holds at most so many files; those that it lacks are empty.
pub(crate) fn parts<const N: usize>(data: &[u8]) -> [&[u8]; N] {
    let mut rest = data;
    std::array::from_fn(|part| {
        let separator = SEPARATOR.as_bytes();
        let at = rest.windows(separator.len()).position(|window| window == separator);
        match at.filter(|_| part + 1 < N) {
            Some(at) => {
                let taken = &rest[..at];
                rest = &rest[at + separator.len()..];
                taken
            }
            None => std::mem::take(&mut rest),
        }
    })
}

/// Several files as one input.
pub(crate) fn joined(files: &[&str]) -> Vec<u8> {
    files.join(SEPARATOR).into_bytes()
}

/// A folder that is removed when it is dropped.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder for temporary files"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file into it.
    pub(crate) fn file(&self, name: &str, data: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, data).expect("a folder that can be written to");
        path
    }
}

/// Gives a reader of files the input as a file of that name.
pub(crate) fn as_file<T>(name: &str, data: &[u8], read: impl FnOnce(&Path) -> T) -> T {
    let folder = Folder::new();
    read(&folder.file(name, data))
}
