//! What replays measured, and how their policies compare.

use vmpack_results::{Amount, Record};

use crate::data::Data;
use crate::table::Unit::{Count, Number, Probability, Text};
use crate::table::{Table, column, data_column, row};

/// The metrics of every replay; empty if there are none.
pub(super) fn replays(records: &[Record]) -> Table {
    let columns = vec![
        data_column("run", Text, "id of the run"),
        data_column("kind", Text, "kind of replay"),
        data_column("dataset", Text, "trace, as the experiment names it"),
        data_column("trace", Text, "name of the trace"),
        data_column("policy", Text, "policy"),
        data_column("settings", Text, "everything else that determines the result, as JSON"),
        data_column("seed", Count, "seed"),
        data_column("verdict", Text, "what the judge found"),
        data_column("metric", Text, "name of the metric"),
        data_column("value", Number, "its value"),
        data_column("unit", Text, "its unit"),
        data_column("derived_again", Text, "whether the judge derived it from the log"),
    ];
    let rows = records.iter().flat_map(|record| {
        let of = record.replay.as_ref().zip(record.answer.as_ref());
        of.into_iter().flat_map(move |(replay, answer)| {
            answer.metrics.iter().map(move |(name, metric)| {
                let value = match metric.value {
                    Amount::Count(count) => count.to_string(),
                    Amount::Real(real) => real.to_string(),
                };
                row![
                    &record.run,
                    &replay.kind,
                    &record.dataset,
                    &record.instance,
                    &record.method,
                    serde_json::Value::from_iter(replay.settings.clone()).to_string(),
                    record.seed,
                    answer.judgement.verdict.name(),
                    name,
                    value,
                    &metric.unit,
                    answer.derived.contains(name),
                ]
            })
        })
    });
    Table {
        name: "replays",
        family: None,
        title: "Metrics of replays",
        caption: "Every metric of every replay.".to_owned(),
        columns,
        rows: rows.collect(),
    }
}

/// Policies by every metric that they are compared by; empty if there are no replays.
pub(super) fn policies(families: &[Data<'_>]) -> Table {
    let columns = vec![
        column("group", "setting", Text, "what the policies have in common"),
        data_column("policy", Text, "policy, by the name that runs and methods have"),
        column("label", "policy", Text, "policy, by what tells it apart in its group"),
        column("metric", "metric", Text, "name of the metric"),
        column("traces", "traces", Count, "traces that all policies were replayed on"),
        column(
            "seeds",
            "seeds",
            Count,
            "seeds that the policy was replayed with there: of a scenario each is a case, of traces their mean is taken",
        ),
        column("median", "median", Number, "median over traces, or over seeds of a scenario"),
        column("least", "least", Number, "least of these"),
        column("greatest", "greatest", Number, "greatest of these"),
        column(
            "p_holm",
            "p (Holm)",
            Probability,
            "signed-rank test against another policy, corrected by Holm",
        ),
        data_column("against", Text, "label of that policy; empty in its own row"),
    ];
    let groups = families.iter().flat_map(|data| &data.replays);
    let rows = groups.flat_map(|group| {
        group.columns().into_iter().flat_map(move |metric| {
            group.compare(metric).into_iter().map(move |compared| {
                let policy = &group.policies[compared.policy];
                row![
                    &group.title,
                    policy.name,
                    &policy.label,
                    metric,
                    compared.traces,
                    compared.seeds,
                    compared.median,
                    compared.least,
                    compared.greatest,
                    compared.p,
                    compared.against.map(|policy| group.policies[policy].label.as_str()),
                ]
            })
        })
    });
    Table {
        name: "policies",
        family: None,
        title: "Policies",
        caption: "How policies compare over the traces, or the seeds of a scenario, that all of them were replayed on. \
                  They are tested against the baseline that the report was asked for, where there is none against the \
                  policy of best median (the least, but of availability and the like the greatest): the row without a \
                  p-value."
            .to_owned(),
        columns,
        rows: rows.collect(),
    }
}
