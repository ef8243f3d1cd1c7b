//! Tables beside the files: which files there are, and what is known of them.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use vmpack_model::{Reference, Value};

use super::SuiteError;

/// A table with a header: comma-separated, or tab-separated if its extension is `tsv`.
pub(super) struct Table {
    path: PathBuf,
    /// The directory of the table, relative to the data directory.
    pub(super) directory: PathBuf,
    header: csv::StringRecord,
    pub(super) rows: Vec<Row>,
}

pub(super) struct Row {
    line: u64,
    cells: csv::StringRecord,
}

impl Row {
    pub(super) fn cell(&self, column: usize) -> &str {
        self.cells.get(column).unwrap_or_default()
    }
}

impl Table {
    /// The table, or nothing if there is no such file.
    pub(super) fn read(data_dir: &Path, relative: &Path) -> Result<Option<Self>, SuiteError> {
        let path = data_dir.join(relative);
        if !path.is_file() {
            return Ok(None);
        }
        let content = std::fs::read(&path)
            .map_err(|source| SuiteError::Open { path: path.clone(), source })?;
        let tabs = relative.extension().is_some_and(|extension| extension == "tsv");
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(if tabs { b'\t' } else { b',' })
            .quoting(!tabs)
            .from_reader(content.as_slice());
        let malformed = |error: &csv::Error| SuiteError::Table {
            table: path.clone(),
            line: error.position().map_or(1, csv::Position::line),
            expected: "a table in UTF-8 with as many cells in every row as in the header"
                .to_owned(),
            found: error.to_string(),
        };
        let header = reader.headers().map_err(|error| malformed(&error))?.clone();
        let mut rows = Vec::new();
        for cells in reader.records() {
            let cells = cells.map_err(|error| malformed(&error))?;
            let line = cells.position().map_or(0, csv::Position::line);
            rows.push(Row { line, cells });
        }
        let directory = relative.parent().unwrap_or(Path::new("")).to_owned();
        Ok(Some(Self { path, directory, header, rows }))
    }

    /// The index of the named column.
    pub(super) fn column(&self, name: &str) -> Result<usize, SuiteError> {
        self.header.iter().position(|column| column == name).ok_or_else(|| SuiteError::Table {
            table: self.path.clone(),
            line: 1,
            expected: format!("a column {name:?}"),
            found: self.header.iter().collect::<Vec<_>>().join(", "),
        })
    }
}

/// What is known of optima, and where.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct References {
    /// The table, relative to the data directory.
    pub(super) table: PathBuf,
    /// The column that says which file a row is about: its path relative to the table's directory, or
    /// its name with or without extension.
    key: String,
    /// The column with the best known cost; rows in which it is empty say nothing.
    cost: String,
    /// The column that says `yes` or `no` (or `true` or `false`), or the answer for all rows.
    proved: Proved,
    /// The column with the best known lower bound, for rows that are not proved.
    bound: Option<String>,
    /// The column with the source; the path of the table if absent.
    source: Option<String>,
    /// Only files whose row has these values in these columns.
    #[serde(default)]
    only: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "true, false, or the name of a column")]
enum Proved {
    All(bool),
    Column(String),
}

impl References {
    /// The rows by key, or nothing if there is no such table.
    pub(super) fn read(&self, data_dir: &Path) -> Result<Option<ReferenceTable>, SuiteError> {
        let Some(table) = Table::read(data_dir, &self.table)? else { return Ok(None) };
        let key = table.column(&self.key)?;
        let cost = table.column(&self.cost)?;
        let (all_proved, proved) = match &self.proved {
            Proved::All(proved) => (*proved, None),
            Proved::Column(name) => (false, Some(table.column(name)?)),
        };
        let optional =
            |name: &Option<String>| name.as_ref().map(|name| table.column(name)).transpose();
        let (bound, source) = (optional(&self.bound)?, optional(&self.source)?);
        let mut only = Vec::new();
        for (name, value) in &self.only {
            only.push((table.column(name)?, value.clone()));
        }
        let mut by_key: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, row) in table.rows.iter().enumerate() {
            by_key.entry(row.cell(key).to_owned()).or_default().push(index);
        }
        let name = self.table.display().to_string();
        Ok(Some(ReferenceTable {
            table,
            name,
            by_key,
            cost,
            all_proved,
            proved,
            bound,
            source,
            only,
        }))
    }
}

/// References by key.
pub(super) struct ReferenceTable {
    table: Table,
    name: String,
    by_key: HashMap<String, Vec<usize>>,
    cost: usize,
    all_proved: bool,
    proved: Option<usize>,
    bound: Option<usize>,
    source: Option<usize>,
    only: Vec<(usize, String)>,
}

impl ReferenceTable {
    /// Whether the file at a path relative to the data directory is one of those that are wanted.
    pub(super) fn wants(&self, relative: &Path) -> Result<bool, SuiteError> {
        let row = if self.only.is_empty() { None } else { self.row(relative)? };
        let fits = |row: &Row| self.only.iter().all(|(column, value)| row.cell(*column) == value);
        Ok(self.only.is_empty() || row.is_some_and(fits))
    }

    /// What is known of the file at a path relative to the data directory.
    pub(super) fn get(&self, relative: &Path) -> Result<Option<Reference>, SuiteError> {
        let Some(row) = self.row(relative)? else { return Ok(None) };
        let value = |column: usize| -> Result<Option<Value>, SuiteError> {
            let cell = row.cell(column);
            if cell.is_empty() {
                return Ok(None);
            }
            let wrong = |_| self.wrong(row.line, "a cost or nothing", format!("{cell:?}"));
            cell.parse().map(Some).map_err(wrong)
        };
        let Some(cost) = value(self.cost)? else { return Ok(None) };
        let proved = match self.proved.map(|column| row.cell(column).to_lowercase()).as_deref() {
            None => self.all_proved,
            Some("yes" | "true") => true,
            Some("no" | "false") => false,
            Some(other) => return Err(self.wrong(row.line, "yes or no", format!("{other:?}"))),
        };
        let lower_bound = match self.bound.filter(|_| !proved) {
            Some(column) => value(column)?,
            None => None,
        };
        let source = self.source.map_or(self.name.as_str(), |column| row.cell(column)).to_owned();
        Ok(Some(Reference { cost, proved, lower_bound, source }))
    }

    fn wrong(&self, line: u64, expected: &str, found: String) -> SuiteError {
        SuiteError::Table {
            table: self.table.path.clone(),
            line,
            expected: expected.to_owned(),
            found,
        }
    }

    /// The row about the file at a path relative to the data directory.
    fn row(&self, relative: &Path) -> Result<Option<&Row>, SuiteError> {
        let text =
            |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned());
        let below = relative.strip_prefix(&self.table.directory).ok();
        let keys = [
            text(below.map(Path::as_os_str)),
            text(relative.file_name()),
            text(relative.file_stem()),
        ];
        let Some(rows) = keys.iter().flatten().find_map(|key| self.by_key.get(key)) else {
            return Ok(None);
        };
        let row = &self.table.rows[rows[0]];
        if let Some(&again) = rows.get(1) {
            let found = format!("{} in line {} already", relative.display(), row.line);
            return Err(self.wrong(self.table.rows[again].line, "every file once", found));
        }
        Ok(Some(row))
    }
}
