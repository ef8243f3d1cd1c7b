//! A table: columns with units, rows of values, and what it says. Its files and the page are all made from it.

mod latex;
mod package;

pub(crate) use package::data_package;

use vmpack_model::{Family, Value};

use crate::format;

/// What a table says, once for all its forms.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// The name of its files, lower case, words joined by `-`.
    pub(crate) name: &'static str,
    /// The family that it is about, if every family has a table of its own.
    pub(crate) family: Option<Family>,
    pub(crate) title: &'static str,
    /// How to read it, and what was assumed.
    pub(crate) caption: String,
    pub(crate) columns: Vec<Column>,
    /// As many values in each as there are columns.
    pub(crate) rows: Vec<Vec<Cell>>,
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    /// Its name in files: lower case, words joined by `_`, the unit at the end.
    pub(crate) name: &'static str,
    /// The heading for readers; empty if the column is for files of numbers alone.
    pub(crate) heading: &'static str,
    /// What it means.
    pub(crate) help: &'static str,
    pub(crate) unit: Unit,
    /// Whether its heading says something only beside the column on its left.
    pub(crate) joined: bool,
}

/// What the values of a column are, which says how they are rounded and aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Text,
    Count,
    /// An exact value or another number.
    Number,
    Seconds,
    Bytes,
    /// A share of one.
    Share,
    /// Something over something else.
    Ratio,
    /// A p-value.
    Probability,
}

/// A value of a table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    /// There is no such value.
    Nothing,
    Text(String),
    Count(u64),
    Exact(Value),
    Real(f64),
}

/// A column of everything that readers see.
pub(crate) const fn column(
    name: &'static str,
    heading: &'static str,
    unit: Unit,
    help: &'static str,
) -> Column {
    Column { name, heading, help, unit, joined: false }
}

/// A column that only files of numbers have.
pub(crate) const fn data_column(name: &'static str, unit: Unit, help: &'static str) -> Column {
    Column { name, heading: "", help, unit, joined: false }
}

impl Table {
    /// The name of its files, without extension.
    pub(crate) fn file_name(&self) -> String {
        self.family.map_or_else(|| self.name.to_owned(), |family| format!("{}-{family}", self.name))
    }

    /// The indices of the columns that readers see.
    pub(crate) fn shown(&self) -> Vec<usize> {
        (0..self.columns.len()).filter(|&k| !self.columns[k].heading.is_empty()).collect()
    }

    /// The table as a CSV file: all columns, unrounded.
    pub(crate) fn csv(&self) -> Result<Vec<u8>, csv::Error> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(self.columns.iter().map(|column| column.name))?;
        for row in &self.rows {
            writer.write_record(row.iter().map(Cell::unrounded))?;
        }
        writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
    }
}

impl Column {
    /// The column as one that is never parted from the one on its left.
    pub(crate) const fn joined(self) -> Self {
        Self { joined: true, ..self }
    }

    /// Whether the values stand in the way of numbers, at the right.
    pub(crate) fn is_numeric(&self) -> bool {
        self.unit != Unit::Text
    }

    /// A value as people read it.
    pub(crate) fn text(&self, cell: &Cell) -> String {
        match (cell, self.unit) {
            (Cell::Nothing, _) => "\u{2013}".to_owned(),
            (Cell::Text(text), _) => text.clone(),
            (Cell::Count(count), Unit::Bytes) => format::bytes(*count),
            (Cell::Count(count), _) => format::count(*count),
            (Cell::Exact(value), _) => format::value(*value),
            (Cell::Real(value), Unit::Seconds) => format::seconds(*value),
            (Cell::Real(value), Unit::Share) => format::percent(*value),
            (Cell::Real(value), Unit::Ratio) => format::ratio(*value),
            (Cell::Real(value), Unit::Probability) => format::p_value(*value),
            (Cell::Real(value), _) => format::number(*value),
        }
    }
}

impl Cell {
    /// The value as files have it: every digit, nothing where there is none.
    fn unrounded(&self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Text(text) => text.clone(),
            Self::Count(count) => count.to_string(),
            Self::Exact(value) => value.to_string(),
            Self::Real(value) => value.to_string(),
        }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Cell {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<u64> for Cell {
    fn from(count: u64) -> Self {
        Self::Count(count)
    }
}

impl From<usize> for Cell {
    fn from(count: usize) -> Self {
        Self::Count(count as u64)
    }
}

impl From<bool> for Cell {
    fn from(is: bool) -> Self {
        Self::Text(is.to_string())
    }
}

impl From<f64> for Cell {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

impl From<Value> for Cell {
    fn from(value: Value) -> Self {
        Self::Exact(value)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Nothing, Into::into)
    }
}

/// A row of values of any kind.
macro_rules! row {
    ($($value:expr),* $(,)?) => { vec![$($crate::table::Cell::from($value)),*] };
}
pub(crate) use row;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_every_digit_and_readers_have_few() {
        let table = Table {
            name: "example",
            family: Some(Family::Packing),
            title: "Example",
            caption: String::new(),
            columns: vec![
                column("method", "method", Unit::Text, ""),
                column("time_s", "time", Unit::Seconds, ""),
                data_column("raw", Unit::Number, ""),
                column("gap", "gap", Unit::Share, ""),
            ],
            rows: vec![row!["a, \"b\"", 0.123_456_789, 7_u64, None::<f64>]],
        };
        let csv = String::from_utf8(table.csv().expect("a file")).expect("text");
        assert_eq!(csv, "method,time_s,raw,gap\n\"a, \"\"b\"\"\",0.123456789,7,\n");
        let read: Vec<String> =
            table.shown().into_iter().map(|k| table.columns[k].text(&table.rows[0][k])).collect();
        assert_eq!(read, ["a, \"b\"", "123 ms", "\u{2013}"]);
        assert_eq!(table.file_name(), "example-packing");
    }
}
