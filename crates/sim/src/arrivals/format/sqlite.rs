//! Tables of SQLite files.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use super::table::Row;
use super::{TraceError, quoted};

/// The fewest bytes that a row takes: its place in the list of its page, and what it points at.
const SMALLEST_ROW: u64 = 4;

/// A row, as text: SQLite writes numbers as its command does when it exports them.
struct Record {
    /// The file and the table, for messages.
    path: PathBuf,
    columns: &'static [&'static str],
    number: u64,
    fields: Vec<String>,
}

impl Row for Record {
    fn text(&self, column: usize) -> &str {
        &self.fields[column]
    }

    fn fault(&self, column: usize, expected: &str) -> TraceError {
        TraceError::Field {
            path: self.path.clone(),
            line: self.number,
            field: self.columns[column],
            expected: expected.into(),
            found: quoted(&self.fields[column]),
        }
    }
}

/// Does something with each row of a table, in the order in which the file keeps them. Messages have the number of the
/// row, from 1, where those of text files have the line.
///
/// # Errors
/// If the file is no database, is damaged, or lacks the table or one of the columns; or the first error of what is done.
pub(super) fn each_row(
    path: &Path,
    table: &str,
    columns: &'static [&'static str],
    mut with: impl FnMut(&dyn Row) -> Result<(), TraceError>,
) -> Result<(), TraceError> {
    let io = |error: rusqlite::Error| TraceError::Io {
        path: path.into(),
        source: io::Error::other(error),
    };
    let mut magic = Vec::new();
    let file = File::open(path);
    let read = file.and_then(|file| file.take(16).read_to_end(&mut magic));
    read.map_err(|source| TraceError::Io { path: path.into(), source })?;
    if magic != b"SQLite format 3\0" {
        let reason = "expected an SQLite file that is not compressed".to_owned();
        return Err(TraceError::Whole { path: path.into(), reason });
    }
    let database =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(io)?;
    let listed = |query: &str, name: &[&str]| {
        let mut statement = database.prepare(query)?;
        let names = statement.query_map(rusqlite::params_from_iter(name), |row| row.get(0))?;
        names.collect::<Result<Vec<String>, _>>()
    };
    // What is computed while it is read may take for ever: no views, virtual tables or generated columns.
    let kept = "SELECT c.name FROM sqlite_schema AS t, pragma_table_info(t.name) AS c
        WHERE t.type = 'table' AND t.rootpage > 0 AND t.name = ?1 COLLATE NOCASE";
    let there = listed(kept, &[table]).map_err(io)?;
    let has = |column: &&str| there.iter().any(|name| name.eq_ignore_ascii_case(column));
    if !columns.iter().all(has) {
        let found = if there.is_empty() {
            let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
            format!("the tables {}", listed(tables, &[]).map_err(io)?.join(", "))
        } else {
            format!("in it {}", there.join(", "))
        };
        let reason = format!(
            "expected a table {table} with the columns {}, found {found}",
            columns.join(", ")
        );
        return Err(TraceError::Whole { path: path.into(), reason });
    }
    let as_text: Vec<String> =
        columns.iter().map(|column| format!("CAST(\"{column}\" AS TEXT)")).collect();
    // An index would be read in its own order.
    let query = format!("SELECT {} FROM \"{table}\" NOT INDEXED", as_text.join(", "));
    let size = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
    let bytes: i64 = database.query_row(size, [], |row| row.get(0)).map_err(io)?;
    let mut statement = database.prepare(&query).map_err(io)?;
    let mut rows = statement.query([]).map_err(io)?;
    let mut record = Record {
        path: path.join(table),
        columns,
        number: 0,
        fields: vec![String::new(); columns.len()],
    };
    while let Some(row) = rows.next().map_err(io)? {
        record.number += 1;
        // Pages that share pages below them have rows without end.
        if record.number > bytes.unsigned_abs() / SMALLEST_ROW {
            let reason = format!("its table {table} has more rows than its bytes can hold");
            return Err(TraceError::Whole { path: path.into(), reason });
        }
        for column in 0..columns.len() {
            record.fields[column].clear();
            let value = row.get_ref(column).map_err(io)?;
            if let ValueRef::Text(bytes) = value {
                match std::str::from_utf8(bytes) {
                    Ok(text) => record.fields[column].push_str(text),
                    Err(_) => return Err(record.fault(column, "UTF-8")),
                }
            }
        }
        with(&record)?;
    }
    Ok(())
}
