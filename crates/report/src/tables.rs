//! The tables as CSV files: the numbers of the page, unrounded.

use std::path::PathBuf;

use vmpack_check::Judgement;
use vmpack_model::{Status, Value};
use vmpack_results::stats::Counts;
use vmpack_results::{Amount, Contradiction, Disproved, Manifest, Proof, Record, Termination};

use crate::ReportError;
use crate::classes::Class;
use crate::data::{Data, Summary};
use crate::growth::{Size, growths};
use crate::optima::published_bounds;

/// A table as a file.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) csv: Vec<u8>,
}

/// Every table.
pub(crate) fn all(
    records: &[Record],
    families: &[Data<'_>],
    manifest: &Manifest,
    contradictions: &[Contradiction],
) -> Result<Vec<Table>, ReportError> {
    Ok(vec![
        runs(records)?,
        methods(families)?,
        datasets(families)?,
        instances(families)?,
        skipped(manifest)?,
        self::contradictions(contradictions)?,
        growth(families)?,
        rule_prices(families)?,
    ])
}

fn table<Row: IntoIterator<Item = String>>(
    name: &'static str,
    header: &[&str],
    rows: impl IntoIterator<Item = Row>,
) -> Result<Table, ReportError> {
    let write = || {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(header)?;
        for row in rows {
            writer.write_record(row)?;
        }
        writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
    };
    let csv = write().map_err(|source| ReportError::Table { table: name, source })?;
    Ok(Table { name, csv })
}

fn number(value: Option<f64>) -> String {
    value.map(|v| v.to_string()).unwrap_or_default()
}

fn exact(value: Option<Value>) -> String {
    value.map(|v| v.to_string()).unwrap_or_default()
}

/// The metrics of every replay, and how policies compare; empty files if there are no replays.
pub(crate) fn replays(
    records: &[Record],
    families: &[Data<'_>],
) -> Result<Vec<Table>, ReportError> {
    let header = [
        "run",
        "kind",
        "dataset",
        "trace",
        "policy",
        "settings",
        "seed",
        "verdict",
        "metric",
        "value",
        "unit",
        "derived_again",
    ];
    let rows = records.iter().flat_map(|record| {
        let of = record.replay.as_ref().zip(record.answer.as_ref());
        of.into_iter().flat_map(move |(replay, answer)| {
            answer.metrics.iter().map(move |(name, metric)| {
                let value = match metric.value {
                    Amount::Count(count) => count.to_string(),
                    Amount::Real(real) => real.to_string(),
                };
                vec![
                    record.run.clone(),
                    replay.kind.clone(),
                    record.dataset.clone(),
                    record.instance.clone(),
                    record.method.clone(),
                    serde_json::Value::from_iter(replay.settings.clone()).to_string(),
                    record.seed.to_string(),
                    answer.judgement.verdict.name().to_owned(),
                    name.clone(),
                    value,
                    metric.unit.clone(),
                    answer.derived.contains(name).to_string(),
                ]
            })
        })
    });
    let metrics = table("replays", &header, rows)?;
    let header = [
        "group",
        "policy",
        "metric",
        "traces",
        "median",
        "least",
        "greatest",
        "p_holm_against_first",
    ];
    let groups = families.iter().flat_map(|data| &data.replays);
    let rows = groups.flat_map(|group| {
        group.columns().into_iter().flat_map(move |metric| {
            group.compare(metric).into_iter().map(move |row| {
                vec![
                    group.title.clone(),
                    group.policies[row.policy].label.clone(),
                    metric.to_owned(),
                    row.traces.to_string(),
                    row.median.to_string(),
                    row.least.to_string(),
                    row.greatest.to_string(),
                    number(row.p),
                ]
            })
        })
    });
    Ok(vec![metrics, table("policies", &header, rows)?])
}

fn runs(records: &[Record]) -> Result<Table, ReportError> {
    let header = [
        "run",
        "family",
        "dataset",
        "instance",
        "instance_hash",
        "class",
        "vm_types",
        "vms",
        "hosts",
        "resources",
        "services",
        "method",
        "kind",
        "seed",
        "repetition",
        "termination",
        "cause",
        "ending",
        "status",
        "claimed_cost",
        "verified_cost",
        "lower_bound",
        "certified",
        "certificate",
        "verdict",
        "finding",
        "notes",
        "violation",
        "wall_s",
        "cpu_s",
        "process_wall_s",
        "process_cpu_s",
        "peak_rss_bytes",
        "involuntary_switches",
        "load",
        "steal_s",
        "others_s",
        "waited_s",
        "disturbed",
    ];
    let rows = records.iter().map(|r| {
        let answer = r.answer.as_ref();
        let judged = |text: &dyn Fn(&Judgement) -> String| {
            answer.map(|a| text(&a.judgement)).unwrap_or_default()
        };
        let m = &r.measurement;
        let f = &r.features;
        vec![
            r.run.clone(),
            r.family.to_string(),
            r.dataset.clone(),
            r.instance.clone(),
            r.instance_hash.clone(),
            r.class.clone().unwrap_or_default(),
            f.vm_types.to_string(),
            f.vms.to_string(),
            f.hosts.to_string(),
            f.resources.to_string(),
            f.services.to_string(),
            r.method.clone(),
            r.kind.to_string(),
            r.seed.to_string(),
            r.repetition.to_string(),
            r.termination.name().to_owned(),
            r.cause.map(|cause| cause.to_string()).unwrap_or_default(),
            ending(&r.termination),
            answer.map(|a| a.status.to_string()).unwrap_or_default(),
            exact(answer.and_then(|a| a.claimed_cost)),
            exact(r.verified_cost()),
            exact(answer.and_then(|a| a.lower_bound)),
            judged(&|j| j.certified.to_string()),
            answer.and_then(|a| a.certificate.clone()).unwrap_or_default(),
            judged(&|j| j.verdict.name().to_owned()),
            judged(&|j| j.verdict.to_string()),
            judged(&|j| j.notes.join("; ")),
            judged(&|j| j.violation.to_string()),
            m.wall_s.to_string(),
            m.cpu_s.to_string(),
            m.process_wall_s.to_string(),
            m.process_cpu_s.to_string(),
            m.peak_rss_bytes.to_string(),
            m.involuntary_switches.to_string(),
            m.load.to_string(),
            number(m.noise.map(|noise| noise.steal_s)),
            number(m.noise.map(|noise| noise.others_s)),
            number(m.noise.and_then(|noise| noise.waited_s)),
            m.noise.map(|noise| noise.disturbed.to_string()).unwrap_or_default(),
        ]
    });
    table("runs", &header, rows)
}

/// What a process left behind when it did not end well: its signal, or what it said.
fn ending(termination: &Termination) -> String {
    match termination {
        Termination::Crashed { signal } => format!("signal {signal}"),
        Termination::Failed { message } => message.clone(),
        _ => String::new(),
    }
}

/// Runs that answered correctly: a solution, or a finding that there is none.
pub(crate) fn answered(counts: &Counts) -> u64 {
    counts.statuses.iter().filter(|(status, _)| **status != Status::Unknown).map(|(_, n)| n).sum()
}

/// Runs that answered correctly and claim a proof.
pub(crate) fn proved(counts: &Counts) -> u64 {
    let proofs = [Status::Optimal, Status::Infeasible, Status::Unbounded];
    proofs.iter().filter_map(|status| counts.statuses.get(status)).sum()
}

/// Runs that ended so.
pub(crate) fn ended(counts: &Counts, termination: &str) -> u64 {
    counts.terminations.get(termination).copied().unwrap_or(0)
}

fn summary_columns(summary: &Summary) -> [String; 8] {
    [
        summary.instances.to_string(),
        summary.answered.to_string(),
        summary.best.to_string(),
        number(summary.gap),
        number(summary.sgm_10ms),
        number(summary.sgm_1s),
        number(summary.par2),
        number(summary.spread),
    ]
}

const SUMMARY: [&str; 8] = [
    "instances",
    "instances_answered",
    "best_cost_on",
    "mean_gap",
    "sgm_10ms_s",
    "sgm_1s_s",
    "par2_s",
    "time_spread",
];

fn methods(families: &[Data<'_>]) -> Result<Table, ReportError> {
    let mut header = vec![
        "family",
        "method",
        "kind",
        "runs",
        "answered",
        "proved",
        "certified",
        "timeout",
        "out_of_memory",
        "crashed",
        "failed",
        "wrong",
    ];
    header.extend(SUMMARY);
    header.push("peak_rss_bytes");
    let rows = families.iter().flat_map(|data| data.methods.iter().map(move |m| (data, m))).map(
        |(data, m)| {
            let c = &m.counts;
            let mut row = vec![
                data.family.to_string(),
                m.name.to_owned(),
                m.kind.to_string(),
                c.runs.to_string(),
                answered(c).to_string(),
                proved(c).to_string(),
                c.certified.to_string(),
            ];
            row.extend(
                ["timeout", "out-of-memory", "crashed", "failed"]
                    .map(|end| ended(c, end).to_string()),
            );
            row.push(c.wrong.to_string());
            row.extend(summary_columns(&data.summary(m, |_| true)));
            row.push(m.peak_rss_bytes.to_string());
            row
        },
    );
    table("methods", &header, rows)
}

fn datasets(families: &[Data<'_>]) -> Result<Table, ReportError> {
    let mut header = vec!["family", "dataset", "method"];
    header.extend(SUMMARY);
    let mut rows = Vec::new();
    for data in families {
        for dataset in data.datasets() {
            for m in &data.methods {
                let mut row = vec![data.family.to_string(), dataset.to_owned(), m.name.to_owned()];
                row.extend(summary_columns(&data.summary(m, |i| i.dataset == dataset)));
                rows.push(row);
            }
        }
    }
    table("datasets", &header, rows)
}

fn instances(families: &[Data<'_>]) -> Result<Table, ReportError> {
    let header = [
        "family",
        "dataset",
        "instance",
        "instance_hash",
        "vms",
        "best_cost",
        "best_bound",
        "certified_bound",
    ];
    let rows = families.iter().flat_map(|data| data.instances.iter().map(move |i| (data, i))).map(
        |(data, i)| {
            let known = data.known.get(i.hash).copied().unwrap_or_default();
            vec![
                data.family.to_string(),
                i.dataset.to_owned(),
                i.name.to_owned(),
                i.hash.to_owned(),
                i.vms.to_string(),
                exact(known.cost),
                exact(known.bound),
                exact(known.certified_bound),
            ]
        },
    );
    table("instances", &header, rows)
}

fn growth(families: &[Data<'_>]) -> Result<Table, ReportError> {
    let header = [
        "family",
        "dataset",
        "method",
        "sizes",
        "least_vms",
        "greatest_vms",
        "cpu_exponent",
        "wall_exponent",
        "memory_exponent",
    ];
    let mut rows = Vec::new();
    for data in families {
        for growth in growths(data) {
            let vms = |size: Option<&Size>| size.map(|size| size.vms.to_string());
            let exponents = growth.exponents;
            rows.push([
                data.family.to_string(),
                growth.dataset.to_owned(),
                data.methods[growth.method].name.to_owned(),
                growth.sizes.len().to_string(),
                vms(growth.sizes.first()).unwrap_or_default(),
                vms(growth.sizes.last()).unwrap_or_default(),
                number(exponents.cpu),
                number(exponents.wall),
                number(exponents.memory),
            ]);
        }
    }
    table("growth", &header, rows)
}

fn rule_prices(families: &[Data<'_>]) -> Result<Table, ReportError> {
    let header = [
        "family",
        "dataset",
        "forms",
        "method",
        "instances",
        "pairs",
        "mean_ratio",
        "least_ratio",
        "greatest_ratio",
        "range_least",
        "range_most",
    ];
    let mut rows = Vec::new();
    for data in families {
        for price in crate::rule_prices::rule_prices(data) {
            let (least, most) = price.range.unzip();
            for (method, ratios) in &price.methods {
                rows.push([
                    data.family.to_string(),
                    price.dataset.to_owned(),
                    price.forms.join(" + "),
                    data.methods[*method].name.to_owned(),
                    price.instances.to_string(),
                    ratios.pairs.to_string(),
                    ratios.mean.to_string(),
                    ratios.least.to_string(),
                    ratios.greatest.to_string(),
                    number(least),
                    number(most),
                ]);
            }
        }
    }
    table("rule-prices", &header, rows)
}

fn skipped(manifest: &Manifest) -> Result<Table, ReportError> {
    let rows =
        manifest.skipped.iter().map(|s| [s.instance.clone(), s.method.clone(), s.reason.clone()]);
    table("skipped", &["instance", "method", "reason"], rows)
}

fn contradictions(found: &[Contradiction]) -> Result<Table, ReportError> {
    let rows = found.iter().map(|c| {
        let run = match &c.disproved {
            Disproved::Answer { run, .. } => run.clone(),
            Disproved::Reference { .. } => String::new(),
        };
        [c.dataset.clone(), c.instance.clone(), c.instance_hash.clone(), run, c.to_string()]
    });
    table("contradictions", &["dataset", "instance", "instance_hash", "run", "finding"], rows)
}

/// What every method did on every class, and what was published about it.
pub(crate) fn classes(
    families: &[Data<'_>],
    classes: &[Vec<Class<'_>>],
) -> Result<Table, ReportError> {
    let header = [
        "family",
        "dataset",
        "class",
        "method",
        "published_by",
        "instances",
        "answered",
        "proved",
        "proved_root",
        "proved_tree",
        "proved_word",
        "open",
        "open_closed",
        "wrong",
        "mean_s",
        "median_s",
        "max_s",
        "clock",
        "wall_mean_s",
        "wall_median_s",
        "wall_max_s",
        "mean_gap_left",
        "excess",
    ];
    let mut rows = Vec::new();
    for (data, class) in
        families.iter().zip(classes).flat_map(|(data, all)| all.iter().map(move |c| (data, c)))
    {
        let start = || {
            let class_name = class.name.unwrap_or_default().to_owned();
            vec![data.family.to_string(), class.dataset.to_owned(), class_name]
        };
        for (method, f) in &class.methods {
            let proofs = |proof| f.proofs.get(&proof).copied().unwrap_or(0);
            let counts = [
                f.instances,
                f.answered,
                f.proved,
                proofs(Proof::Root),
                proofs(Proof::Tree),
                proofs(Proof::Word),
                f.open,
                f.closed,
                f.wrong,
            ];
            let time = f.time(data.clock);
            let mut row = start();
            row.extend([(*method).to_owned(), String::new()]);
            row.extend(counts.map(|count| count.to_string()));
            row.extend([time.mean, time.median, time.max].map(number));
            row.push(data.clock_name().to_owned());
            row.extend([f.wall_s.mean, f.wall_s.median, f.wall_s.max].map(number));
            row.extend([f.gap, f.excess].map(number));
            rows.push(row);
        }
        for (publication, f) in &class.published {
            let mut row = start();
            row.extend([String::new(), publication.name.clone(), f.instances.to_string()]);
            row.extend([
                String::new(),
                f.proved.map(|proved| proved.to_string()).unwrap_or_default(),
            ]);
            row.resize(14, String::new());
            row.extend([f.mean_s, f.median_s, f.max_s].map(number));
            row.resize(header.len() - 1, String::new());
            row.push(number(f.excess));
            rows.push(row);
        }
    }
    table("classes", &header, rows)
}

/// The optima that were open before; `solution` is where solution and certificate are.
pub(crate) fn new_optima(
    optima: &[&Record],
    solution: impl Fn(&Record) -> Option<PathBuf>,
) -> Result<Table, ReportError> {
    let header = [
        "instance",
        "class",
        "dataset",
        "instance_hash",
        "published_bound",
        "published_cost",
        "optimum",
        "method",
        "certificate",
        "cpu_s",
        "wall_s",
        "run",
        "solution",
        "source",
    ];
    let rows = optima.iter().map(|r| {
        let (bound, cost) = published_bounds(r);
        vec![
            r.instance.clone(),
            r.class.clone().unwrap_or_default(),
            r.dataset.clone(),
            r.instance_hash.clone(),
            exact(bound),
            exact(cost),
            exact(r.verified_cost()),
            r.method.clone(),
            r.answer.as_ref().and_then(|a| a.certificate.clone()).unwrap_or_default(),
            r.measurement.cpu_s.to_string(),
            r.measurement.wall_s.to_string(),
            r.run.clone(),
            solution(r).map(|path| path.display().to_string()).unwrap_or_default(),
            r.reference.as_ref().map(|r| r.source.clone()).unwrap_or_default(),
        ]
    });
    table("new-optima", &header, rows)
}
