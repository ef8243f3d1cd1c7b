//! Time series that replays left beside their records.

use std::collections::BTreeMap;
use std::path::Path;

use vmpack_results::Record;

use crate::ReportError;

/// Columns of a CSV file, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Columns(BTreeMap<String, Vec<f64>>);

impl Columns {
    /// A column; none if the series has no such measure.
    pub(crate) fn get(&self, name: &str) -> Option<&[f64]> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// All columns, in the order of their names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &[f64])> {
        self.0.iter().map(|(name, values)| (name.as_str(), values.as_slice()))
    }

    /// Columns from the text of a file; a line that is not of numbers ends it.
    fn parse(text: &str) -> Self {
        let mut lines = text.lines();
        let names: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
        let mut columns = vec![Vec::new(); names.len()];
        for line in lines {
            let numbers: Result<Vec<f64>, _> = line.split(',').map(str::parse).collect();
            match numbers {
                Ok(numbers) if numbers.len() == names.len() => {
                    columns
                        .iter_mut()
                        .zip(numbers)
                        .for_each(|(column, number)| column.push(number));
                }
                _ => break,
            }
        }
        Self(names.into_iter().map(str::to_owned).zip(columns).collect())
    }
}

/// The series of runs, by run and name.
pub(crate) type Series = BTreeMap<(String, &'static str), Columns>;

/// The names of series that figures are drawn from.
const NAMES: [&str; 2] = ["periods", "hosts"];

/// Reads what series the records' runs left.
pub(crate) fn read(run_dir: &Path, records: &[Record]) -> Result<Series, ReportError> {
    let mut series = Series::new();
    for record in records.iter().filter(|record| record.replay.is_some() && record.is_correct()) {
        for name in NAMES {
            let path = run_dir.join(record.series_file(name));
            match std::fs::read_to_string(&path) {
                Ok(text) => {
                    series.insert((record.run.clone(), name), Columns::parse(&text));
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(source) => return Err(ReportError::Read { path, source }),
            }
        }
    }
    Ok(series)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_names() {
        let columns = Columns::parse("time_s,power_w\n0,7.5\n300,8\nx,9\n600,1\n");
        assert_eq!(columns.get("time_s"), Some(&[0.0, 300.0][..]));
        assert_eq!(columns.get("power_w"), Some(&[7.5, 8.0][..]));
        assert_eq!(columns.get("hosts_on"), None);
    }
}
