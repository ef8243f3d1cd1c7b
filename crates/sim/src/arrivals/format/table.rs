//! Tables with one row per line and a separator between fields.

use std::path::Path;

use super::TraceError;
use super::input::{A_NUMBER, AN_INTEGER, Lines, Rounding, decimal};

/// Rows of a table. Fields are asked for by position in `columns`.
pub(crate) struct Table {
    lines: Lines,
    separator: char,
    columns: &'static [&'static str],
    /// Where in a row each column is.
    places: Vec<usize>,
    /// Where in the line each field ends.
    ends: Vec<usize>,
}

impl Table {
    /// Opens a table whose first line names its columns, in any order; others are passed over.
    pub(crate) fn with_header(
        path: &Path,
        separator: char,
        columns: &'static [&'static str],
    ) -> Result<Self, TraceError> {
        let mut lines = Lines::open(path)?;
        lines.advance_to_text()?;
        let names: Vec<&str> = lines.text().split(separator).map(str::trim).collect();
        let place = |column: &&str| names.iter().position(|name| name == column);
        let places: Option<Vec<usize>> = columns.iter().map(place).collect();
        let places = places.ok_or_else(|| {
            lines.fault("header", &format!("columns {}", columns.join(", ")), lines.text())
        })?;
        Ok(Self { lines, separator, columns, places, ends: Vec::new() })
    }

    /// Opens a table without a header, whose columns these are.
    pub(crate) fn without_header(
        path: &Path,
        separator: char,
        columns: &'static [&'static str],
    ) -> Result<Self, TraceError> {
        let places = (0..columns.len()).collect();
        Ok(Self { lines: Lines::open(path)?, separator, columns, places, ends: Vec::new() })
    }

    /// Goes to the next row; whether there is one. Lines that begin with `#` are comments.
    pub(crate) fn advance(&mut self) -> Result<bool, TraceError> {
        loop {
            if !self.lines.advance_to_text()? {
                return Ok(false);
            }
            if !self.lines.text().starts_with('#') {
                break;
            }
        }
        let text = self.lines.text();
        self.ends.clear();
        self.ends.extend(text.match_indices(self.separator).map(|(at, _)| at));
        self.ends.push(text.len());
        let needed = self.places.iter().max().map_or(0, |last| last + 1);
        if self.ends.len() < needed {
            let expected = format!("at least {needed} fields");
            return Err(self.lines.fault("row", &expected, text));
        }
        Ok(true)
    }
}

impl Row for Table {
    fn text(&self, column: usize) -> &str {
        let place = self.places[column];
        let start = if place == 0 { 0 } else { self.ends[place - 1] + self.separator.len_utf8() };
        self.lines.text()[start..self.ends[place]].trim()
    }

    fn fault(&self, column: usize, expected: &str) -> TraceError {
        self.lines.fault(self.columns[column], expected, self.text(column))
    }
}

/// Fields of a row, of whatever kind of table. They are asked for by position in the columns that it was opened with.
pub(crate) trait Row {
    /// A field.
    fn text(&self, column: usize) -> &str;

    /// A fault in a field.
    fn fault(&self, column: usize, expected: &str) -> TraceError;

    /// Whether a field is empty or `NULL`.
    fn is_absent(&self, column: usize) -> bool {
        matches!(self.text(column), "" | "NULL" | "null" | "None")
    }

    /// An integer.
    fn integer(&self, column: usize) -> Result<u64, TraceError> {
        self.text(column).parse().map_err(|_| self.fault(column, AN_INTEGER))
    }

    /// A decimal number in units of `1/scale`, rounded up.
    fn decimal(&self, column: usize, scale: u64) -> Result<u64, TraceError> {
        let number = decimal(self.text(column), scale, Rounding::Up);
        number.ok_or_else(|| self.fault(column, A_NUMBER))
    }

    /// A share of a host, in units of `1/ONE`; 0 if absent.
    ///
    /// It is rounded down: the decimal digits of 1/96 may add up to more than a host 96 times.
    fn share(&self, column: usize) -> Result<u64, TraceError> {
        if self.is_absent(column) {
            return Ok(0);
        }
        let number = decimal(self.text(column), super::ONE, Rounding::Down);
        number.ok_or_else(|| self.fault(column, A_NUMBER))
    }
}
