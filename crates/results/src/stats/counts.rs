//! How many runs ended how.

use std::collections::BTreeMap;

use vmpack_model::Status;

use crate::Record;

/// How many runs ended how, were answered how, and were judged how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All runs.
    pub runs: u64,
    /// Runs by the name of their termination.
    pub terminations: BTreeMap<&'static str, u64>,
    /// Answers by the name of their verdict; runs that did not live to answer are in none.
    pub verdicts: BTreeMap<&'static str, u64>,
    /// Correct answers by what they claim.
    pub statuses: BTreeMap<Status, u64>,
    /// Correct answers whose lower bound or refutation the judge proved again.
    pub certified: u64,
    /// Answers in which the judge found something false.
    pub wrong: u64,
}

/// Counts runs, each seed as one.
///
/// ```
/// # use vmpack_model::Status;
/// # use vmpack_results::{Record, Termination, stats};
/// # let record: Record = serde_json::from_str(include_str!("../../tests/data/record.json"))
/// #     .expect("a record");
/// let mut killed = record.clone();
/// killed.termination = Termination::Timeout;
/// killed.answer = None;
/// let counts = stats::count([&record, &killed]);
/// assert_eq!(counts.runs, 2);
/// assert_eq!(counts.terminations["timeout"], 1);
/// assert_eq!(counts.verdicts["Correct"], 1);
/// assert_eq!(counts.statuses[&Status::Feasible], 1);
/// assert_eq!((counts.certified, counts.wrong), (1, 0));
/// ```
pub fn count<'a>(records: impl IntoIterator<Item = &'a Record>) -> Counts {
    let mut counts = Counts::default();
    for record in records {
        counts.runs += 1;
        *counts.terminations.entry(record.termination.name()).or_default() += 1;
        let Some(answer) = &record.answer else { continue };
        *counts.verdicts.entry(answer.judgement.verdict.name()).or_default() += 1;
        counts.wrong += u64::from(record.is_wrong());
        if record.is_correct() {
            *counts.statuses.entry(answer.status).or_default() += 1;
            counts.certified += u64::from(answer.judgement.certified);
        }
    }
    counts
}
