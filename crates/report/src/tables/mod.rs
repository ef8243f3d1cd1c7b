//! The tables of a report: the numbers of the page, and more.

mod methods;
mod replays;
mod runs;
mod statistics;

use vmpack_model::Status;
use vmpack_results::stats::Counts;
use vmpack_results::{Contradiction, Manifest, Record};

use crate::classes::Class;
use crate::data::Data;
use crate::table::Table;

pub(crate) use runs::new_optima;
pub(crate) use statistics::statistics;

/// Every table but those of [`statistics`] and of [`new_optima`].
pub(crate) fn all(
    records: &[Record],
    families: &[Data<'_>],
    classes: &[Vec<Class<'_>>],
    manifest: &Manifest,
    contradictions: &[Contradiction],
) -> Vec<Table> {
    vec![
        runs::runs(records),
        methods::methods(families),
        methods::datasets(families),
        methods::classes(families, classes),
        runs::instances(families),
        runs::skipped(manifest),
        runs::contradictions(contradictions),
        methods::growth(families),
        methods::rule_prices(families),
        replays::replays(records),
        replays::policies(families),
    ]
}

/// Runs that answered correctly: a solution, or a finding that there is none.
pub(crate) fn answered(counts: &Counts) -> u64 {
    counts.statuses.iter().filter(|(status, _)| **status != Status::Unknown).map(|(_, n)| n).sum()
}

/// Runs that answered correctly and claim a proof.
pub(crate) fn proved(counts: &Counts) -> u64 {
    let proofs = [Status::Optimal, Status::Infeasible, Status::Unbounded];
    proofs.iter().filter_map(|status| counts.statuses.get(status)).sum()
}

/// Runs that ended so.
pub(crate) fn ended(counts: &Counts, termination: &str) -> u64 {
    counts.terminations.get(termination).copied().unwrap_or(0)
}
