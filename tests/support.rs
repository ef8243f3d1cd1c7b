//! What the end-to-end tests share.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use vmpack_datasets::{data_directory, load, suite};
use vmpack_model::allocation::Allocation;
use vmpack_model::packing::Packing;
use vmpack_model::{AnyInstance, Method, Reference};

/// The command under test, in the root of the workspace.
pub(crate) fn vmpack() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vmpack"));
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

/// The Python with the packages that `cargo xtask aids` brings, which need not be there.
pub(crate) fn native_python() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(".native/python/bin/python3")
}

/// The packing methods of this build.
pub(crate) fn packing_methods() -> Vec<&'static dyn Method<Packing>> {
    #[cfg(feature = "highs")]
    let column_generation = vmpack_branch_price::PACKING;
    #[cfg(not(feature = "highs"))]
    let column_generation = &[];
    [vmpack_greedy::PACKING, vmpack_dp::PACKING, vmpack_lp::PACKING, column_generation].concat()
}

/// The allocation methods of this build.
pub(crate) fn allocation_methods() -> Vec<&'static dyn Method<Allocation>> {
    [vmpack_greedy::ALLOCATION, vmpack_dp::ALLOCATION, vmpack_lp::ALLOCATION].concat()
}

/// The instances of the suite `tiny`, with what is known of them.
pub(crate) fn tiny() -> Vec<(String, AnyInstance, Option<Reference>)> {
    let suite = suite("tiny", &data_directory()).unwrap();
    assert!(suite.missing.is_empty(), "{:?}", suite.missing);
    suite
        .entries
        .into_iter()
        .map(|entry| (entry.name, load(&entry.source).unwrap(), entry.reference))
        .collect()
}

/// The records of a run directory, as any reader of JSON lines sees them.
pub(crate) fn records(directory: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(directory.join("records.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
