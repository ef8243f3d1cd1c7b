//! The table as comma-separated values.

use std::io::{self, BufWriter, Write};

use super::Column;
use super::columns::Cell;
use crate::Record;

/// Writes a header and the records; what is absent is an empty field.
pub(super) fn write(
    out: impl Write,
    columns: &[Column],
    records: impl Iterator<Item = Record>,
) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(BufWriter::new(out));
    table.write_record(columns.iter().map(|column| &column.name))?;
    for record in records {
        table.write_record(columns.iter().map(|column| field(column, &record)))?;
    }
    table.flush()
}

fn field(column: &Column, record: &Record) -> String {
    let text = match column.cell {
        Cell::Name(of) => Some(of(record).to_owned()),
        Cell::Text(of) => of(record),
        Cell::Count(of) => of(record).map(|count| count.to_string()),
        Cell::Real(of) => of(record).map(|real| real.to_string()),
        Cell::Flag(of) => of(record).map(|flag| flag.to_string()),
        Cell::Counter => column.counter(record).map(|count| count.to_string()),
        Cell::Metric => column.metric(record).map(|real| real.to_string()),
    };
    text.unwrap_or_default()
}
