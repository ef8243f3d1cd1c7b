//! What the CSV files are, for programs that read them: `datapackage.json`.

use serde_json::{Value, json};

use super::{Table, Unit};
use crate::commands::Commands;

/// A description of all tables in the form of a Frictionless data package: title, caption, the meaning and unit of every
/// column, and the commands that made them, which CSV has no room for.
pub(crate) fn data_package(tables: &[Table], commands: &Commands) -> Value {
    let resources: Vec<Value> = tables.iter().map(resource).collect();
    json!({
        "profile": "tabular-data-package",
        "name": "vmpack-report",
        "run": commands.run,
        "report": commands.report,
        "resources": resources,
    })
}

fn resource(table: &Table) -> Value {
    let fields: Vec<Value> = table
        .columns
        .iter()
        .map(|column| {
            let mut field = json!({ "name": column.name, "type": kind(column.unit) });
            if !column.help.is_empty() {
                field["description"] = column.help.into();
            }
            field
        })
        .collect();
    json!({
        "name": table.file_name(),
        "path": format!("{}.csv", table.file_name()),
        "title": table.title,
        "description": table.caption,
        "schema": { "fields": fields },
    })
}

/// The type of a column. Exact values may be fractions such as `7/2`.
fn kind(unit: Unit) -> &'static str {
    match unit {
        Unit::Text => "string",
        Unit::Count | Unit::Bytes => "integer",
        Unit::Number => "any",
        Unit::Seconds | Unit::Share | Unit::Ratio | Unit::Probability => "number",
    }
}
