//! The methods of all solver crates, and what this build lacks.

use std::collections::BTreeMap;

use vmpack_harness::MissingMethod;
use vmpack_model::packing::Packing;
use vmpack_model::{Family, Kind, Method, Registry};

/// The methods that generate columns.
#[cfg(feature = "highs")]
const COLUMN_GENERATION: &[&dyn Method<Packing>] = vmpack_branch_price::PACKING;
/// The methods that generate columns: none without HiGHS.
#[cfg(not(feature = "highs"))]
const COLUMN_GENERATION: &[&dyn Method<Packing>] = &[];

/// The methods that improve placements.
#[cfg(feature = "highs")]
const SEARCH: &[&dyn Method<Packing>] = vmpack_search::PACKING;
/// The methods that improve placements: none without HiGHS.
#[cfg(not(feature = "highs"))]
const SEARCH: &[&dyn Method<Packing>] = &[];

/// Every method of this build, in the order of tables: greedy, dynamic programs, linear programs, column
/// generation, local search.
pub(crate) fn registry() -> Registry {
    Registry {
        packing: [
            vmpack_greedy::PACKING,
            vmpack_dp::PACKING,
            vmpack_lp::PACKING,
            COLUMN_GENERATION,
            SEARCH,
        ]
        .concat(),
        allocation: [vmpack_greedy::ALLOCATION, vmpack_dp::ALLOCATION, vmpack_lp::ALLOCATION]
            .concat(),
    }
}

/// Methods that another build of the same version has, with the reason why this one does not.
pub(crate) fn missing_methods() -> Vec<MissingMethod> {
    if cfg!(feature = "highs") {
        return Vec::new();
    }
    let names = [
        ("assignment-highs", Family::Packing, Kind::LinearProgramming),
        ("arc-flow", Family::Packing, Kind::LinearProgramming),
        ("reflect", Family::Packing, Kind::LinearProgramming),
        ("column-generation", Family::Packing, Kind::ColumnGeneration),
        ("branch-price", Family::Packing, Kind::ColumnGeneration),
        ("cns", Family::Packing, Kind::LocalSearch),
        ("lns", Family::Packing, Kind::LocalSearch),
        ("flavour-lp", Family::Packing, Kind::ColumnGeneration),
        ("alloc-lp-highs", Family::Allocation, Kind::LinearProgramming),
    ];
    let missing = |(name, family, kind): (&str, Family, Kind)| MissingMethod {
        name: name.to_owned(),
        family,
        kind,
        reason: "this build is without HiGHS".to_owned(),
    };
    names.map(missing).into()
}

/// Versions of the program, its compiler and its solver libraries, for manifests.
pub(crate) fn versions() -> BTreeMap<String, String> {
    let mut versions = BTreeMap::from([
        ("vmpack".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ("rustc".to_owned(), env!("VMPACK_RUSTC").to_owned()),
    ]);
    let backends = vmpack_lp::backend::BACKENDS;
    versions.extend(backends.iter().map(|backend| (backend.name().to_owned(), backend.version())));
    versions
}

/// The commit this was built from, `-dirty` with uncommitted changes; empty if unknown.
pub(crate) fn commit() -> &'static str {
    env!("VMPACK_COMMIT")
}
