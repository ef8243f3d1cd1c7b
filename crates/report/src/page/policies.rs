//! The tables of policies: medians of what replays measured.

use serde::Serialize;

use crate::format;
use crate::replays::Group;

/// Policies that compare, under the settings of the title.
#[derive(Serialize)]
pub(super) struct PolicyTable<'a> {
    title: &'a str,
    /// How many traces or seeds, in words.
    cases: String,
    columns: Vec<String>,
    rows: Vec<PolicyRow<'a>>,
}

#[derive(Serialize)]
struct PolicyRow<'a> {
    policy: &'a str,
    cells: Vec<Cell>,
}

#[derive(Clone, Serialize)]
struct Cell {
    text: String,
    /// Whether no policy has less, of a metric of which less is better.
    best: bool,
}

/// The table of a group: policies by the metric that they are compared by, the least median first.
pub(super) fn policy_table<'a>(group: &'a Group<'_>) -> PolicyTable<'a> {
    let order = group.compare(group.shown.headline);
    let traces = order.first().map_or(0, |row| row.traces);
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
    let is_fact = |metric: &str| {
        metric.contains("lower_bound") || metric == "utilisation" || metric == "jain"
    };
    let rows = order.iter().enumerate().map(|(place, row)| PolicyRow {
        policy: &group.policies[row.policy].label,
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
    PolicyTable {
        title: &group.title,
        cases: if group.is_scenario() {
            group.cases(traces)
        } else {
            format!("{}, the mean over seeds of each", group.cases(traces))
        },
        rows: rows.collect(),
        columns: columns.iter().map(|(metric, _)| group.heading(metric)).collect(),
    }
}
