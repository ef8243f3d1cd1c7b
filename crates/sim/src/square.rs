//! Tables of integers between things of one kind that have names: slowdown between classes, latency between sites.

use std::path::Path;

use crate::arrivals::format::TraceError;
use crate::arrivals::format::input::Lines;

/// A square table with names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Square {
    names: Vec<String>,
    /// Rows x columns.
    values: Vec<u64>,
}

impl Square {
    /// A table of so many values, row after row.
    ///
    /// # Panics
    /// If there are no names, or not as many values as pairs of them.
    pub fn new(names: Vec<String>, values: Vec<u64>) -> Self {
        assert!(!names.is_empty() && values.len() == names.len() * names.len(), "square");
        Self { names, values }
    }

    /// Reads a CSV file: the first line names the columns after its first field, and each line after it begins with the
    /// name of its row, in the order of the columns. Values are integers from 0 to `most`; lines that begin with `#` are
    /// comments.
    ///
    /// # Errors
    /// File, line and field of what is not so.
    pub fn read(path: &Path, most: u64) -> Result<Self, TraceError> {
        let mut lines = Lines::open(path)?;
        if !advance(&mut lines)? {
            return Err(lines.whole("expected a line that names the columns"));
        }
        let names: Vec<String> =
            lines.text().split(',').skip(1).map(|name| name.trim().to_owned()).collect();
        if names.is_empty() {
            return Err(lines.fault(
                "header",
                "a field, then a name for each column",
                lines.text(),
            ));
        }
        for (at, name) in names.iter().enumerate() {
            if name.is_empty() || names[..at].contains(name) {
                return Err(lines.fault("header", "names that differ", lines.text()));
            }
        }
        let mut values = Vec::with_capacity(names.len() * names.len());
        for row in &names {
            if !advance(&mut lines)? {
                return Err(lines.whole(format!("expected a row {row:?} before the end")));
            }
            let mut fields = lines.text().split(',').map(str::trim);
            let name = fields.next().unwrap_or_default();
            if name != row {
                return Err(lines.fault("name of the row", &format!("{row:?}"), name));
            }
            let before = values.len();
            for field in fields {
                let value = field.parse().ok().filter(|&value: &u64| value <= most);
                let expected = || format!("an integer from 0 to {most}");
                values.push(value.ok_or_else(|| lines.fault("value", &expected(), field))?);
            }
            if values.len() - before != names.len() {
                let expected = format!("a name and {} values", names.len());
                return Err(lines.fault("row", &expected, lines.text()));
            }
        }
        if advance(&mut lines)? {
            return Err(lines.fault("row", "the end, as every column has its row", lines.text()));
        }
        Ok(Self { names, values })
    }

    /// The names, in the order of rows and columns.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Never: there is at least one row.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The value in a row and a column.
    pub fn at(&self, row: usize, column: usize) -> u64 {
        self.row(row)[column]
    }

    /// The values of a row.
    pub fn row(&self, row: usize) -> &[u64] {
        &self.values[row * self.len()..(row + 1) * self.len()]
    }
}

/// Goes to the next line that says something.
fn advance(lines: &mut Lines) -> Result<bool, TraceError> {
    while lines.advance_to_text()? {
        if !lines.text().starts_with('#') {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Square, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("table.csv");
        std::fs::write(&path, text).expect("written");
        Square::read(&path, 100).map_err(|error| error.to_string())
    }

    #[test]
    fn rows_and_columns_have_names() {
        let table = read("# slowdown\n,web, db\n\nweb,1,2\ndb, 3 ,4\n").expect("a table");
        assert_eq!(table, Square::new(vec!["web".into(), "db".into()], vec![1, 2, 3, 4]));
        assert_eq!((table.at(1, 0), table.row(0)), (3, &[1, 2][..]));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let refused = |text: &str, place: &str, reason: &str| {
            let error = read(text).expect_err("refused");
            assert!(error.contains(place) && error.contains(reason), "{text:?}: {error}");
        };
        refused("", "table.csv", "expected a line that names the columns");
        refused("class\n", ":1: header", "a name for each column");
        refused(",a,a\n", ":1: header", "names that differ");
        refused(",a,b\na,1,2\n", "table.csv", "expected a row \"b\"");
        refused(",a,b\nb,1,2\n", ":2: name of the row", "expected \"a\"");
        refused(",a,b\na,1\n", ":2: row", "a name and 2 values");
        refused(",a\na,101\n", ":2: value", "from 0 to 100");
        refused(",a\na,-1\n", ":2: value", "found");
        refused(",a\na,1.5\n", ":2: value", "an integer");
        refused(",a\na,1\nb,1\n", ":3: row", "the end");
    }
}
