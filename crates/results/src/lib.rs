//! The record of a run, the store of records, and every statistic as a pure function.

mod record;

pub use record::{
    Answer, Features, Limits, Machine, Manifest, Measurement, Record, SCHEMA, Skipped, Termination,
};
