//! The record of a run, the store of records, and every statistic as a pure function.
//!
//! A [`Record`] is one run; a [`Store`] is the file that records are appended to while an experiment
//! runs, read again by [`read`]; a [`Manifest`] beside it says what the experiment was and where it ran.
//! [`merge`] joins the stores of several machines or sessions into one, [`compare`]
//! tells whether the runs of one are worse than those of another, [`export`] makes a table of them.
//! [`stats`] turns records into the figures of a report, and [`revise`] finds the claims that other
//! methods' answers disprove.

mod calibration;
mod compare;
mod contradict;
mod export;
mod json;
mod manifest;
mod merge;
mod noise;
mod reader;
mod record;
mod replay;
pub mod stats;
mod store;

pub use calibration::Calibration;
pub use compare::{
    Answers, Change, CompareOptions, Compared, Comparison, FEWEST, Failure, Gate, Measure,
    ParseGateError, Ratio, RunName, Side, compare,
};
pub use contradict::{Contradiction, Disproved, contradictions, revise};
pub use export::{ExportError, Exported, TableFormat, export};
pub use manifest::{Difference, MANIFEST, UNLIKE, read_manifest, write_manifest};
pub use merge::{Clash, Keep, MergeError, Merged, merge, merge_within};
pub use noise::{Disturbance, Noise, disturbed_runs};
pub use reader::{Reader, TornLine, read};
pub use record::{
    Answer, Asked, Cause, Enforcement, Features, Limits, Machine, Manifest, Means, Measurement,
    Proof, Record, SCHEMA, SOLVING_SCHEMA, Shards, Skipped, Termination,
};
pub use replay::{Amount, Metric, Replay};
pub use store::{RECORDS, Recovered, Store, StoreError};
