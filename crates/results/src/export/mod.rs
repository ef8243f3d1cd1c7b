//! Records as one table, a row per run, for programs that read tables: Parquet and CSV.
//!
//! The store is read twice, first for the names of counters and metrics, which become columns, then in groups of rows;
//! what is held in memory does not grow with it.

mod columns;
mod csv;
mod parquet;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use vmpack_files::{Draft, Durability};

use crate::{Record, StoreError, TornLine, read};
use columns::{COUNTER, Cell, FIXED, METRIC};

/// The form of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableFormat {
    /// Apache Parquet, compressed by Snappy.
    Parquet,
    /// Comma-separated values with a header.
    Csv,
}

/// What was exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Runs.
    pub rows: u64,
    /// Columns.
    pub columns: u64,
    /// The last line of the store, if it was cut short, which is left out.
    pub torn: Option<TornLine>,
}

/// A table could not be written. No part of it is left behind then.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The operating system refused.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// A column with its name.
struct Column {
    name: String,
    cell: Cell,
}

impl Column {
    /// The name of the counter or metric that it holds.
    fn inner_name(&self) -> &str {
        let prefix = match self.cell {
            Cell::Counter => COUNTER,
            Cell::Metric => METRIC,
            _ => "",
        };
        self.name.strip_prefix(prefix).unwrap_or(&self.name)
    }

    /// The counter of this column.
    fn counter(&self, record: &Record) -> Option<u64> {
        record.answer.as_ref()?.counters.get(self.inner_name()).copied()
    }

    /// The metric of this column, whatever the judge found.
    fn metric(&self, record: &Record) -> Option<f64> {
        Some(record.answer.as_ref()?.metrics.get(self.inner_name())?.value.to_f64())
    }
}

/// Writes the records of the store in `directory` as a table, in the order of the store, to the file `out`, which appears
/// under its name when it is complete and replaces an earlier one.
///
/// # Errors
/// See [`ExportError`].
pub fn export(directory: &Path, out: &Path, format: TableFormat) -> Result<Exported, ExportError> {
    let refused = |source| ExportError::Write { path: out.to_owned(), source };
    let draft = Draft::of(out).map_err(refused)?;
    let columns = columns(directory)?;
    let mut reader = read(directory)?;
    let mut rows = 0;
    let mut failed: Result<(), StoreError> = Ok(());
    let records = std::iter::from_fn(|| match reader.next()? {
        Ok(record) => {
            rows += 1;
            Some(record)
        }
        Err(error) => {
            failed = Err(error);
            None
        }
    });
    let file = draft.file();
    let written = match format {
        TableFormat::Parquet => parquet::write(file, &columns, records),
        TableFormat::Csv => csv::write(file, &columns, records),
    };
    failed?;
    written.and_then(|()| draft.publish(Durability::Flushed)).map_err(refused)?;
    Ok(Exported { rows, columns: columns.len() as u64, torn: reader.torn() })
}

/// The fixed columns, then one for each counter and each metric that some record has.
fn columns(directory: &Path) -> Result<Vec<Column>, StoreError> {
    let (mut counters, mut metrics) = (BTreeSet::new(), BTreeSet::new());
    for record in read(directory)? {
        let Some(answer) = record?.answer else { continue };
        for (known, names) in [
            (&mut counters, answer.counters.into_keys().collect::<Vec<_>>()),
            (&mut metrics, answer.metrics.into_keys().collect()),
        ] {
            known.extend(names);
        }
    }
    let mut columns: Vec<Column> =
        FIXED.iter().map(|&(name, cell)| Column { name: name.to_owned(), cell }).collect();
    for (prefix, cell, names) in
        [(COUNTER, Cell::Counter, counters), (METRIC, Cell::Metric, metrics)]
    {
        columns.extend(names.iter().map(|name| Column { name: format!("{prefix}{name}"), cell }));
    }
    Ok(columns)
}
