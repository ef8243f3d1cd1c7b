//! What a test says that cannot run here. Tests of other crates include this file.

#![allow(dead_code, reason = "whoever includes this file uses what it needs of it")]

use std::fmt::Display;
use std::path::{Path, PathBuf};

/// Says on standard error why the test that calls this, or a part of it, is skipped: `skipped: TEST: REASON`.
pub(crate) fn skipped(reason: impl Display) {
    // Tests run on threads that bear their names.
    let thread = std::thread::current();
    let test = thread.name().and_then(|name| name.rsplit("::").next()).unwrap_or("a test");
    eprintln!("skipped: {test}: {reason}");
}

/// The data directory (`VMPACK_DATA`, else `datasets/cache`; both seen from the root of the project), where it holds this file
/// or folder; otherwise says that the test is skipped.
pub(crate) fn data_with(part: &str) -> Option<PathBuf> {
    let crate_root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_root = |folder: &&Path| folder.join("datasets/catalog.toml").is_file();
    let root = crate_root.ancestors().find(is_root).expect("tests run in the project");
    let named = std::env::var_os("VMPACK_DATA").filter(|value| !value.is_empty());
    let directory = root.join(named.map_or("datasets/cache".into(), PathBuf::from));
    if directory.join(part).exists() {
        return Some(directory);
    }
    skipped(format_args!("there is no {part} in {} (VMPACK_DATA)", directory.display()));
    None
}

/// A file or folder of the data directory, where it is there; otherwise says that the test is skipped.
pub(crate) fn data(part: &str) -> Option<PathBuf> {
    Some(data_with(part)?.join(part))
}
