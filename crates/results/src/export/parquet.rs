//! The table as Parquet, which keeps the types of columns and lets readers take some of them.

use std::fs::File;
use std::io;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{Type, TypePtr};

use super::Column;
use super::columns::Cell;
use crate::Record;

/// Rows that are held in memory and written together.
const GROUP: usize = 1 << 16;

/// Writes the records in groups of rows.
pub(super) fn write(
    out: &File,
    columns: &[Column],
    records: impl Iterator<Item = Record>,
) -> io::Result<()> {
    write_groups(out, columns, records).map_err(|error| match error {
        ParquetError::External(source) => io::Error::other(source),
        other => io::Error::other(other),
    })
}

fn write_groups(
    out: &File,
    columns: &[Column],
    mut records: impl Iterator<Item = Record>,
) -> Result<()> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(concat!("vmpack ", env!("CARGO_PKG_VERSION")).to_owned())
        .build();
    let mut file = SerializedFileWriter::new(out, schema(columns)?, Arc::new(properties))?;
    loop {
        let rows: Vec<Record> = records.by_ref().take(GROUP).collect();
        if rows.is_empty() {
            break;
        }
        let mut group = file.next_row_group()?;
        for column in columns {
            let writer = group.next_column()?.expect("the schema has this column");
            write_column(writer, column, &rows)?;
        }
        group.close()?;
    }
    file.close().map(drop)
}

fn schema(columns: &[Column]) -> Result<TypePtr> {
    let field = |column: &Column| {
        let unsigned = Some(LogicalType::integer(64, false));
        let (physical, logical) = match column.cell {
            Cell::Name(_) | Cell::Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Cell::Count(_) | Cell::Counter => (Physical::INT64, unsigned),
            Cell::Real(_) | Cell::Metric => (Physical::DOUBLE, None),
            Cell::Flag(_) => (Physical::BOOLEAN, None),
        };
        Type::primitive_type_builder(&column.name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical)
            .build()
            .map(Arc::new)
    };
    let fields = columns.iter().map(field).collect::<Result<Vec<_>>>()?;
    Type::group_type_builder("run").with_fields(fields).build().map(Arc::new)
}

fn write_column(
    writer: SerializedColumnWriter<'_>,
    column: &Column,
    rows: &[Record],
) -> Result<()> {
    let texts = |of: &dyn Fn(&Record) -> Option<ByteArray>| cells(rows, of);
    match column.cell {
        Cell::Name(of) => finish::<ByteArrayType>(writer, texts(&|r| Some(of(r).into()))),
        Cell::Text(of) => {
            finish::<ByteArrayType>(writer, texts(&|r| of(r).map(|text| text.as_str().into())))
        }
        // The bits of an unsigned integer, as the logical type says.
        Cell::Count(of) => finish::<Int64Type>(writer, cells(rows, |r| Some(of(r)? as i64))),
        Cell::Counter => {
            finish::<Int64Type>(writer, cells(rows, |r| Some(column.counter(r)? as i64)))
        }
        Cell::Real(of) => finish::<DoubleType>(writer, cells(rows, of)),
        Cell::Metric => finish::<DoubleType>(writer, cells(rows, |r| column.metric(r))),
        Cell::Flag(of) => finish::<BoolType>(writer, cells(rows, of)),
    }
}

/// The values that are there, and of every row whether it has one.
fn cells<T>(rows: &[Record], of: impl Fn(&Record) -> Option<T>) -> (Vec<T>, Vec<i16>) {
    let mut values = Vec::new();
    let present = rows.iter().map(|row| {
        let value = of(row);
        let level = i16::from(value.is_some());
        values.extend(value);
        level
    });
    let levels = present.collect();
    (values, levels)
}

fn finish<T: DataType>(
    mut writer: SerializedColumnWriter<'_>,
    (values, levels): (Vec<T::T>, Vec<i16>),
) -> Result<()> {
    writer.typed::<T>().write_batch(&values, Some(&levels), None)?;
    writer.close()
}
