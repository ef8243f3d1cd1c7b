//! The tables of policies: medians of what replays measured.

use serde::Serialize;

use crate::format;
use crate::replays::Group;

/// Policies that compare, under the settings of the title: a row for each, or a column where that is the narrower table.
#[derive(Serialize)]
pub(super) struct PolicyTable<'a> {
    title: &'a str,
    /// How many traces or seeds, in words.
    cases: String,
    /// What is bold, in words.
    bold: &'static str,
    /// What rows are.
    head: &'static str,
    columns: Vec<String>,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: String,
    cells: Vec<Cell>,
}

/// A table of more metrics is wider than a screen, and of more policies than these no narrower the other way round.
const MOST_METRICS: usize = 10;
const MOST_POLICIES: usize = 6;

#[derive(Clone, Serialize)]
struct Cell {
    text: String,
    /// Whether no policy has less, of a metric of which less is better.
    best: bool,
}

/// The table of a group: policies by the metric that they are compared by, the least median first.
pub(super) fn policy_table<'a>(group: &'a Group<'_>) -> PolicyTable<'a> {
    let order = group.compare(group.shown.headline);
    let traces = order.first().map_or(0, |row| row.cases);
    let medians = |metric: &str| -> Vec<Option<f64>> {
        order.iter().map(|row| group.policies[row.policy].median(metric)).collect()
    };
    // A metric that no policy has tells nothing.
    let columns: Vec<(&str, Vec<Option<f64>>)> = group
        .columns()
        .into_iter()
        .map(|metric| (metric, medians(metric)))
        .filter(|(_, medians)| medians.iter().any(Option::is_some))
        .collect();
    // Of what is not named, nobody knows whether less is better.
    let named = !group.shown.columns().is_empty();
    let is_fact = |metric: &str| {
        metric.contains("lower_bound")
            || metric == "utilisation"
            || metric == "jain"
            || !(named || metric == group.headline())
    };
    let rows = order.iter().enumerate().map(|(place, row)| Row {
        name: group.policies[row.policy].label.clone(),
        cells: columns
            .iter()
            .map(|(metric, medians)| {
                let least = medians.iter().flatten().copied().fold(f64::INFINITY, f64::min);
                let value = medians[place];
                let text = value.map_or_else(|| "\u{2013}".to_owned(), format::number);
                Cell { text, best: value == Some(least) && !is_fact(metric) }
            })
            .collect(),
    });
    let mut table = PolicyTable {
        title: &group.title,
        cases: if group.is_scenario() {
            group.cases(traces)
        } else {
            format!("{}, the mean over seeds of each", group.cases(traces))
        },
        bold: if named { "the least" } else { "the least of what policies are compared by" },
        head: "policy",
        rows: rows.collect(),
        columns: columns.iter().map(|(metric, _)| group.heading(metric)).collect(),
    };
    if table.columns.len() > MOST_METRICS && table.rows.len() <= MOST_POLICIES {
        table.turn();
    }
    table
}

impl PolicyTable<'_> {
    /// Makes rows of columns.
    fn turn(&mut self) {
        let names = self.rows.iter().map(|row| row.name.clone()).collect();
        let metrics = std::mem::replace(&mut self.columns, names);
        let row = |(k, name): (usize, String)| Row {
            name,
            cells: self.rows.iter().map(|row| row.cells[k].clone()).collect(),
        };
        self.rows = metrics.into_iter().enumerate().map(row).collect();
        self.head = "metric";
    }
}
