//! Tables as operators keep them: CSV with a header, or JSON records.

use serde_json::value::RawValue;

use super::quantity::{Kind, Unit};
use crate::format::{Named, ReadError, parse, utf8};

/// A table of texts.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Row>,
    /// What separates cells; a comma in JSON.
    pub(super) separator: char,
}

/// A column by its header.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// As the file has it.
    pub(super) title: String,
    /// In lower case, without a unit in brackets.
    pub(super) name: String,
    /// What stands in brackets: `GiB` of `memory (GiB)`.
    pub(super) unit: Option<String>,
}

/// A row: one cell per column, empty where there is nothing.
#[derive(Debug)]
pub(super) struct Row {
    /// The line where it begins, from 1.
    pub(super) line: usize,
    pub(super) cells: Vec<String>,
}

impl Column {
    fn new(title: &str) -> Self {
        let title = title.trim();
        let (name, unit) = match title.strip_suffix([')', ']']) {
            Some(inner) => match inner.rsplit_once(['(', '[']) {
                Some((name, unit)) => (name.trim(), Some(unit.trim().to_owned())),
                None => (title, None),
            },
            None => (title, None),
        };
        Self { title: title.to_owned(), name: name.to_lowercase(), unit }
    }

    /// The unit of bare numbers in this column, as one of a kind.
    pub(super) fn unit(&self, kind: Kind) -> Result<Option<Unit>, ReadError> {
        let Some(name) = &self.unit else { return Ok(None) };
        match Unit::named(name, kind) {
            Some(unit) => Ok(Some(unit)),
            // Gbit/s, addresses, sockets: thousandths count any of them.
            None if kind == Kind::Count => Ok(None),
            None => Err(ReadError {
                line: Some(1),
                field: format!("column {:?}", self.title),
                expected: "a unit such as GiB, MB, vCPU".to_owned(),
                found: format!("{name:?}"),
            }),
        }
    }
}

impl Table {
    /// Reads a table. JSON is an array of objects, or an object with such an array as the member `member`.
    ///
    /// # Errors
    /// Where it is neither, or two columns bear one name.
    pub(super) fn read(content: &[u8], member: &str) -> Result<Self, ReadError> {
        let text = utf8(content)?;
        let table = match text.trim_start().chars().next() {
            Some('{' | '[') => Self::json(text, member)?,
            _ => Self::csv(text)?,
        };
        for (index, column) in table.columns.iter().enumerate() {
            if table.columns[..index].iter().any(|other| other.name == column.name) {
                return Err(ReadError {
                    line: Some(1),
                    field: format!("column {:?}", column.title),
                    expected: "every column once".to_owned(),
                    found: "it twice".to_owned(),
                });
            }
        }
        Ok(table)
    }

    /// Reads a table with a header, whose cells are separated by whichever of comma, semicolon and tab the header has
    /// most of.
    pub(super) fn csv(text: &str) -> Result<Self, ReadError> {
        let header = text.lines().next().unwrap_or_default();
        let often = |separator: &&u8| header.bytes().filter(|byte| byte == *separator).count();
        // The last of equals wins, and a table of one column has no separator.
        let delimiter = *b"\t;,".iter().max_by_key(often).expect("three of them");
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        // A position is where the row before it ends: blank lines may follow.
        let line = |position: Option<&csv::Position>| {
            let Some(position) = position else { return 1 };
            let rest = &text.as_bytes()[(position.byte() as usize).min(text.len())..];
            let blank = rest.iter().take_while(|byte| b"\r\n".contains(byte));
            position.line() as usize + blank.filter(|&&byte| byte == b'\n').count()
        };
        let malformed = |error: &csv::Error| {
            let found = match error.kind() {
                csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                    format!("{len} cells under {expected_len} columns")
                }
                _ => error.to_string(),
            };
            ReadError {
                line: Some(line(error.position())),
                field: "row".to_owned(),
                expected: "as many cells in every row as in the header".to_owned(),
                found,
            }
        };
        let header = reader.headers().map_err(|error| malformed(&error))?;
        let columns: Vec<Column> = header.iter().map(Column::new).collect();
        if columns.iter().all(|column| column.title.is_empty()) {
            return Err(ReadError {
                line: Some(1),
                field: "header".to_owned(),
                expected: "a line with the names of the columns".to_owned(),
                found: "nothing".to_owned(),
            });
        }
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| malformed(&error))?;
            let line = line(record.position());
            rows.push(Row { line, cells: record.iter().map(str::to_owned).collect() });
        }
        Ok(Self { columns, rows, separator: delimiter.into() })
    }

    fn json(text: &str, member: &str) -> Result<Self, ReadError> {
        let whole: &RawValue = parse(text)?;
        let records: &RawValue = if whole.get().starts_with('{') {
            let members: Named<&RawValue> = parse(text)?;
            let mut named = members.into_pairs().filter(|(name, _)| name == member);
            let (_, records) = named.next().ok_or_else(|| ReadError {
                line: Some(1),
                field: "the document".to_owned(),
                expected: format!("an array of objects, or an object with one as {member:?}"),
                found: "an object without it".to_owned(),
            })?;
            records
        } else {
            whole
        };
        let mut lines = Lines::new(text);
        let above = lines.of(records);
        let records: Vec<Named<&RawValue>> =
            parse(records.get()).map_err(|error| within(above, error))?;
        let mut columns: Vec<Column> = Vec::new();
        let mut rows = Vec::with_capacity(records.len());
        for record in records {
            let mut row = Row { line: 0, cells: vec![String::new(); columns.len()] };
            for (title, value) in record.into_pairs() {
                let line = lines.of(value);
                if row.line == 0 {
                    row.line = line;
                }
                let cell = cell(value.get()).map_err(|found| ReadError {
                    line: Some(line),
                    field: format!("member {title:?}"),
                    expected: "a text, a number, or a list of texts".to_owned(),
                    found,
                })?;
                let place = columns.iter().position(|column| column.title == title);
                let place = place.unwrap_or_else(|| {
                    columns.push(Column::new(&title));
                    row.cells.push(String::new());
                    columns.len() - 1
                });
                row.cells[place] = cell;
            }
            rows.push(row);
        }
        for row in &mut rows {
            row.cells.resize(columns.len(), String::new());
        }
        Ok(Self { columns, rows, separator: ',' })
    }

    /// The cell of a row in a column, if the table has the column.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

/// The lines in which parts of a text begin, asked for in the order of the text.
pub(super) struct Lines<'a> {
    text: &'a str,
    offset: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, offset: 0, line: 1 }
    }

    /// The line in which a part of the text begins; parts before the last one asked for are in its line.
    pub(super) fn of(&mut self, part: &RawValue) -> usize {
        let start = (part.get().as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        if let Some(between) = self.text.as_bytes().get(self.offset..start) {
            self.line += between.split(|&byte| byte == b'\n').count() - 1;
            self.offset = start;
        }
        self.line
    }
}

/// An error in a part of a text that begins in that line, as one of the whole text.
pub(super) fn within(line: usize, mut error: ReadError) -> ReadError {
    error.line = error.line.map(|inner| inner + line - 1);
    error
}

/// A JSON value as the text of a cell.
fn cell(value: &str) -> Result<String, String> {
    match value.as_bytes().first() {
        Some(b'"') => serde_json::from_str(value).map_err(|error| error.to_string()),
        Some(b'[') => serde_json::from_str::<Vec<String>>(value)
            .map(|words| words.join(" "))
            .map_err(|_| "a list of other things".to_owned()),
        Some(b'{') => Err("an object".to_owned()),
        Some(b'n') => Ok(String::new()),
        _ => Ok(value.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_and_json_are_the_same_table() {
        let csv = "name;memory (GiB);labels\nweb;4;ssd fast\n\ndb;1.50;\n";
        let json = "{\"hosts\": [],\n\"vms\": [\n {\"name\": \"web\", \"memory (GiB)\": 4, \"labels\": [\"ssd\", \"fast\"]},\n\n \
                    {\"name\": \"db\", \"memory (GiB)\": 1.50}]}";
        for text in [csv, json] {
            let table = Table::read(text.as_bytes(), "vms").expect("a table");
            let names: Vec<_> =
                table.columns.iter().map(|c| (&*c.name, c.unit.as_deref())).collect();
            assert_eq!(names, [("name", None), ("memory", Some("GiB")), ("labels", None)]);
            let rows: Vec<_> = table.rows.iter().map(|row| row.cells.join("|")).collect();
            assert_eq!(rows, ["web|4|ssd fast", "db|1.50|"]);
        }
        let lines = |text: &str| -> Vec<usize> {
            Table::read(text.as_bytes(), "vms")
                .expect("a table")
                .rows
                .iter()
                .map(|r| r.line)
                .collect()
        };
        assert_eq!(lines(csv), [2, 4]);
        assert_eq!(lines(json), [3, 5]);
    }

    #[test]
    fn faults_name_their_line() {
        for (text, line, why) in [
            ("name,cpu\nweb,1,2\n", 2, "3 cells under 2 columns"),
            ("name,cpu,CPU (m)\n", 1, "every column once"),
            ("", 1, "the names of the columns"),
            ("{\"rows\": []}", 1, "an object with one as \"vms\""),
            ("[\n{\"name\": \"a\"},\n{\"name\": {}}]", 3, "an object"),
            ("[\n{\"name\": \"a\",\n\"name\": \"b\"}]", 3, "twice"),
            ("{\n\"vms\": [\n7]}", 3, "invalid type"),
        ] {
            let error = Table::read(text.as_bytes(), "vms").expect_err(text);
            assert_eq!(error.line, Some(line), "{text}: {error}");
            assert!(error.to_string().contains(why), "{text}: {error}");
        }
    }
}
