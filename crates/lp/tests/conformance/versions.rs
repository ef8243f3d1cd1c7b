//! The releases of the backends.

use vmpack_lp::backend::BACKENDS;
#[cfg(feature = "highs")]
use vmpack_lp::backend::{Backend as _, Highs};

#[test]
fn versions_are_those_of_the_lock_file() {
    let lock = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.lock"))
        .expect("the workspace has a lock file");
    for backend in BACKENDS.iter().filter(|backend| backend.name() != "highs") {
        let entry = format!("name = \"{}\"\nversion = \"{}\"", backend.name(), backend.version());
        let listed = lock.matches(&format!("name = \"{}\"\n", backend.name())).count();
        assert!(lock.contains(&entry) && listed == 1, "{entry}");
    }
}

#[cfg(feature = "highs")]
#[test]
fn the_linked_highs_is_not_one_that_returns_wrong_optima() {
    // Releases up to 1.14 call some points of tiny integer programs optimal that are not.
    let version = Highs.version();
    let parts: Vec<u32> = version.split('.').map(|part| part.parse().expect("a number")).collect();
    assert!(parts[..2] >= [1, 15][..], "HiGHS {version}");
}
