//! The tables of statistics as the page shows them.

use serde::Serialize;

use crate::table::Table;

/// More rows are left to the file.
const MOST_ROWS: usize = 500;

/// A table in the words that people read: the columns that are for readers alone.
#[derive(Serialize)]
pub(super) struct TableView<'a> {
    title: &'a str,
    caption: &'a str,
    /// The name of its files, without extension.
    file: String,
    columns: Vec<ColumnView>,
    rows: Vec<Vec<String>>,
    /// Whether there are more rows than these.
    more: bool,
}

#[derive(Serialize)]
struct ColumnView {
    text: &'static str,
    help: &'static str,
    numeric: bool,
}

/// The view of a table.
pub(super) fn table_view(table: &Table) -> TableView<'_> {
    let shown = table.shown();
    let columns = shown.iter().map(|&k| &table.columns[k]);
    let view = |row: &Vec<crate::table::Cell>| -> Vec<String> {
        shown.iter().map(|&k| table.columns[k].text(&row[k])).collect()
    };
    TableView {
        title: table.title,
        caption: &table.caption,
        file: table.file_name(),
        columns: columns
            .map(|c| ColumnView { text: c.heading, help: c.help, numeric: c.is_numeric() })
            .collect(),
        rows: table.rows.iter().take(MOST_ROWS).map(view).collect(),
        more: table.rows.len() > MOST_ROWS,
    }
}
