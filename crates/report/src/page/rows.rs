//! The rows of the page's tables.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use vmpack_model::{Kind, Value};
use vmpack_results::stats::{ClassFigures, Clock, Spread};
use vmpack_results::{Proof, Record, Skipped, Termination};

use crate::classes::Class;
use crate::data::{Data, MethodData, Summary};
use crate::draw::kind_title;
use crate::optima::published_bounds;
use crate::published::PublishedFigures;
use crate::{format, tables};

const DASH: &str = "\u{2013}";

/// A column heading.
#[derive(Serialize)]
pub(super) struct Column {
    text: &'static str,
    /// What it means, shown when the pointer rests on it and listed below the table.
    help: &'static str,
    /// Whether it is left out of a table in which it holds nothing but zeros and dashes.
    rare: bool,
}

/// A method in the table of methods.
#[derive(Serialize)]
pub(super) struct MethodRow<'a> {
    name: &'a str,
    kind: &'static str,
    short_kind: &'static str,
    pub(super) cells: Vec<String>,
    wrong: u64,
}

/// A method on a dataset.
#[derive(Serialize)]
pub(super) struct DatasetCell {
    gap: String,
    time: String,
    /// `a of b` where not all were answered.
    answered: String,
    /// Whether no method has a smaller mean gap among those that answered everything.
    best: bool,
}

/// A method in the table of datasets.
#[derive(Serialize)]
pub(super) struct DatasetRow<'a> {
    method: &'a str,
    cells: Vec<DatasetCell>,
}

/// A class in the table of classes: methods, then publications.
#[derive(Serialize)]
pub(super) struct ClassGroup<'a> {
    title: String,
    pub(super) rows: Vec<ClassRow<'a>>,
}

/// What a method did on a class, or what is published about it.
#[derive(Serialize)]
pub(super) struct ClassRow<'a> {
    name: &'a str,
    published: bool,
    wrong: bool,
    pub(super) cells: Vec<String>,
}

/// An instance that was open before.
#[derive(Serialize)]
pub(super) struct OptimumRow<'a> {
    instance: &'a str,
    class: &'a str,
    dataset: &'a str,
    published: String,
    optimum: String,
    method: &'a str,
    certificate: &'a str,
    cpu: String,
    solution: String,
}

/// Pairs skipped by one method for one reason.
#[derive(Serialize)]
pub(super) struct SkippedGroup<'a> {
    method: &'a str,
    reason: &'a str,
    count: String,
    example: &'a str,
}

/// Runs that ended alike.
#[derive(Serialize)]
pub(super) struct RunEnds<'a> {
    end: String,
    count: String,
    /// The first of them.
    method: &'a str,
    instance: &'a str,
}

/// A run in the table of runs.
#[derive(Serialize)]
pub(super) struct RunRow<'a> {
    dataset: &'a str,
    instance: &'a str,
    method: &'a str,
    seed: u64,
    end: String,
    status: String,
    cost: String,
    bound: String,
    certified: bool,
    verdict: &'static str,
    wrong: bool,
    wall: String,
    cpu: String,
    memory: String,
}

/// A run as the table shows it.
pub(super) fn run_row(r: &Record) -> RunRow<'_> {
    let answer = r.answer.as_ref();
    let text = |value: Option<Value>| value.map_or_else(|| DASH.to_owned(), format::value);
    RunRow {
        dataset: &r.dataset,
        instance: &r.instance,
        method: &r.method,
        seed: r.seed,
        // The whole message is in the table of runs on file.
        end: end(&r.termination, 80),
        status: answer.map_or_else(|| DASH.to_owned(), |a| a.status.to_string()),
        cost: text(answer.and_then(|a| a.judgement.cost.or(a.claimed_cost))),
        bound: text(answer.and_then(|a| a.lower_bound)),
        certified: answer.is_some_and(|a| a.judgement.certified),
        verdict: answer.map_or(DASH, |a| a.judgement.verdict.name()),
        wrong: r.is_wrong(),
        wall: format::seconds(r.measurement.wall_s),
        cpu: format::seconds(r.measurement.cpu_s),
        memory: format::bytes(r.measurement.peak_rss_bytes),
    }
}

/// How a run ended, with so many characters of what it said.
fn end(termination: &Termination, most: usize) -> String {
    match termination {
        Termination::Crashed { signal } => format!("crashed (signal {signal})"),
        Termination::Failed { message } => {
            let start: String = message.chars().take(most).collect();
            format!("failed: {start}")
        }
        other => other.name().to_owned(),
    }
}

/// How most runs ended; ends that differ in numbers alone are one, with those of the first.
pub(super) fn run_ends(records: &[Record]) -> Vec<RunEnds<'_>> {
    /// As many as tell what is wrong, and as much of what each said.
    const MOST: usize = 5;
    const LONGEST: usize = 300;
    let mut ends: BTreeMap<String, (u64, &Record)> = BTreeMap::new();
    for record in records {
        let kind = end(&record.termination, LONGEST).replace(|c: char| c.is_ascii_digit(), "");
        ends.entry(kind).or_insert((0, record)).0 += 1;
    }
    let mut ends: Vec<(u64, &Record)> = ends.into_values().collect();
    ends.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    let commonest = ends.into_iter().take(MOST);
    commonest
        .map(|(count, record)| RunEnds {
            end: end(&record.termination, LONGEST),
            count: format::count(count),
            method: &record.method,
            instance: &record.instance,
        })
        .collect()
}

/// The columns of the table of methods, after name and kind.
pub(super) const METHOD_COLUMNS: [Column; 17] = [
    column("runs", "finished runs, each seed and each repetition as one"),
    column("instances", "instances that it was run on"),
    column(
        "answered",
        "instances on which all its runs answered correctly: a solution, or a finding that there is none",
    ),
    column(
        "proved",
        "instances on which all its runs answered correctly and claim a proof: optimal, infeasible or unbounded",
    ),
    column(
        "certified",
        "instances on which of all its runs the judge proved the lower bound or the refutation again",
    ),
    column(
        "mean gap",
        "mean relative gap to the best known cost of each instance, over instances that it answered",
    ),
    column(
        "best cost",
        "instances on which it reached the best known cost, of those it was run on",
    ),
    column(
        "time, 10\u{a0}ms",
        "shifted geometric mean of the time, shift 10 ms; unanswered instances count as the limit",
    ),
    column(
        "time, 1\u{a0}s",
        "shifted geometric mean of the time, shift 1 s; unanswered instances count as the limit",
    ),
    column("PAR-2", "mean time; unanswered instances count as twice the limit"),
    rare(
        "spread",
        "quartile coefficient of the times of repeated runs, (q3 - q1) / (q3 + q1), the median over instances",
    ),
    column(
        "memory",
        "the greatest peak memory of any run: resident, or what its cgroup held where that is not known",
    ),
    rare("time out", "runs stopped at the time limit"),
    rare("memory out", "runs stopped at the memory limit"),
    rare("crashed", "runs ended by a signal"),
    rare("failed", "runs that ended with an error, or without an answer that can be read"),
    column(
        "wrong",
        "runs with an answer in which the judge found something false, or that other answers disprove",
    ),
];

const fn column(text: &'static str, help: &'static str) -> Column {
    Column { text, help, rare: false }
}

const fn rare(text: &'static str, help: &'static str) -> Column {
    Column { text, help, rare: true }
}

/// The columns that tell something in some row; cells of the others are taken out of the rows.
pub(super) fn told<'c>(columns: &'c [Column], rows: &mut [&mut Vec<String>]) -> Vec<&'c Column> {
    let silent = |cell: &String| cell == "0" || cell == DASH;
    let tells: Vec<bool> = (0..columns.len())
        .map(|k| !columns[k].rare || !rows.iter().all(|cells| silent(&cells[k])))
        .collect();
    for cells in rows {
        let mut tells = tells.iter();
        cells.retain(|_| *tells.next().expect("a cell per column"));
    }
    columns.iter().zip(&tells).filter(|(_, tells)| **tells).map(|(column, _)| column).collect()
}

/// A method as the table shows it, over all instances of the family.
pub(super) fn method_row<'a>(data: &Data<'a>, m: &MethodData<'a>) -> MethodRow<'a> {
    let summary = data.summary(m, |_| true);
    let c = &m.counts;
    let ended = |name: &str| format::count(tables::ended(c, name));
    MethodRow {
        name: m.name,
        kind: kind_title(m.kind),
        short_kind: match m.kind {
            Kind::Greedy => "greedy",
            Kind::DynamicProgramming => "DP",
            Kind::LinearProgramming => "LP",
            Kind::ColumnGeneration => "CG",
            Kind::LocalSearch => "search",
            Kind::External => "external",
            Kind::Policy => "policy",
        },
        wrong: c.wrong,
        cells: vec![
            format::count(c.runs),
            format::count(summary.instances),
            format::count(summary.answered),
            format::count(summary.proved),
            format::count(summary.certified),
            percent(summary.gap),
            format!("{} of {}", format::count(summary.best), format::count(summary.instances)),
            seconds(summary.sgm_10ms),
            seconds(summary.sgm_1s),
            seconds(summary.par2),
            percent(summary.spread),
            format::bytes(m.peak_rss_bytes),
            ended("timeout"),
            ended("out-of-memory"),
            ended("crashed"),
            ended("failed"),
            format::count(c.wrong),
        ],
    }
}

/// What every method did on every dataset.
pub(super) fn dataset_rows<'a>(data: &Data<'a>) -> Vec<DatasetRow<'a>> {
    let datasets = data.datasets();
    let summaries: Vec<Vec<Summary>> = data
        .methods
        .iter()
        .map(|m| datasets.iter().map(|d| data.summary(m, |i| i.dataset == *d)).collect())
        .collect();
    let all_of =
        |dataset: &str| data.instances.iter().filter(|i| i.dataset == dataset).count() as u64;
    let least: Vec<Option<f64>> = (0..datasets.len())
        .map(|d| {
            let complete =
                summaries.iter().map(|row| row[d]).filter(|s| s.answered == all_of(datasets[d]));
            complete.filter_map(|s| s.gap).min_by(f64::total_cmp)
        })
        .collect();
    data.methods
        .iter()
        .zip(&summaries)
        .map(|(m, row)| DatasetRow {
            method: m.name,
            cells: row
                .iter()
                .enumerate()
                .map(|(d, s)| DatasetCell {
                    gap: s.gap.map_or_else(|| DASH.to_owned(), format::percent),
                    time: s.sgm_10ms.map(format::seconds).unwrap_or_default(),
                    answered: if s.instances == 0 {
                        "not run".to_owned()
                    } else if s.answered == all_of(datasets[d]) {
                        String::new()
                    } else {
                        format!("{} of {}", s.answered, all_of(datasets[d]))
                    },
                    best: s.gap.is_some() && s.gap == least[d] && s.answered == all_of(datasets[d]),
                })
                .collect(),
        })
        .collect()
}

/// Skipped pairs, grouped by method and reason; reasons that differ in numbers alone are one, with those of the first.
pub(super) fn skipped(skipped: &[Skipped]) -> Vec<SkippedGroup<'_>> {
    let mut groups: BTreeMap<(&str, String), (u64, &Skipped)> = BTreeMap::new();
    for pair in skipped {
        let kind = pair.reason.replace(|c: char| c.is_ascii_digit(), "");
        groups.entry((&pair.method, kind)).or_insert((0, pair)).0 += 1;
    }
    let groups = groups.into_iter();
    groups
        .map(|((method, _), (count, example))| SkippedGroup {
            method,
            reason: &example.reason,
            count: format::count(count),
            example: &example.instance,
        })
        .collect()
}

/// The columns of the table of classes, after the name.
pub(super) const CLASS_COLUMNS: [Column; 13] = [
    column("instances", "instances that it was run on"),
    column("proved", "instances with a correct answer that claims a proof"),
    column("by certificate", "of these, proved by one certificate that the judge derived again"),
    column(
        "by tree",
        "of these, proved by a search tree that the judge derived again leaf by leaf",
    ),
    column("by word", "of these, proved by the method's word alone"),
    rare(
        "open closed",
        "instances that are open in the literature, and how many of them are proved here with a \
         certificate or a tree",
    ),
    column("mean", "mean time spent, with or without an answer"),
    column("median", "median of the time spent"),
    column("max", "greatest time spent"),
    column("mean wall", "mean wall time spent"),
    column(
        "gap left",
        "mean gap between cost and lower bound of the same answer; 100 % without one of them",
    ),
    column(
        "over reference",
        "sum of costs above the sum of published optima, or lower bounds where they are open",
    ),
    column("wrong", "instances with an answer that is wrong"),
];

/// A class as the table shows it.
pub(super) fn class_group<'a>(class: &Class<'a>, clock: Clock) -> ClassGroup<'a> {
    let methods = class.methods.iter().map(|(name, figures)| ClassRow {
        name,
        published: false,
        wrong: figures.wrong > 0,
        cells: class_cells(figures, clock),
    });
    let published = class.published.iter().map(|(publication, figures)| ClassRow {
        name: &publication.name,
        published: true,
        wrong: false,
        cells: published_cells(figures),
    });
    ClassGroup {
        title: class.name.map_or_else(|| format!("{}, all classes", class.dataset), str::to_owned),
        rows: methods.chain(published).collect(),
    }
}

fn class_cells(figures: &ClassFigures, clock: Clock) -> Vec<String> {
    let proofs = |proof| format::count(figures.proofs.get(&proof).copied().unwrap_or(0));
    let closed = if figures.open == 0 {
        DASH.to_owned()
    } else {
        format!("{} of {}", format::count(figures.closed), format::count(figures.open))
    };
    let mut cells = vec![
        format::count(figures.instances),
        format::count(figures.proved),
        proofs(Proof::Root),
        proofs(Proof::Tree),
        proofs(Proof::Word),
        closed,
    ];
    let Spread { mean, median, max } = figures.time(clock);
    cells.extend([mean, median, max, figures.wall_s.mean].map(seconds));
    cells.extend([figures.gap, figures.excess].map(percent));
    cells.push(format::count(figures.wrong));
    cells
}

fn published_cells(figures: &PublishedFigures) -> Vec<String> {
    let dash = || DASH.to_owned();
    let mut cells =
        vec![format::count(figures.instances), figures.proved.map_or_else(dash, format::count)];
    cells.extend([dash(), dash(), dash(), dash()]);
    cells.extend([figures.mean_s, figures.median_s, figures.max_s].map(seconds));
    cells.extend([dash(), dash(), percent(figures.excess), dash()]);
    cells
}

/// An optimum as the table shows it, with the file of its solution if that is kept.
pub(super) fn optimum_row<'a>(found: &(&'a Record, Option<PathBuf>)) -> OptimumRow<'a> {
    let (r, solution) = found;
    let text = |value: Option<Value>| value.map_or_else(|| "?".to_owned(), format::value);
    let (bound, cost) = published_bounds(r);
    OptimumRow {
        instance: &r.instance,
        class: r.class.as_deref().unwrap_or(DASH),
        dataset: &r.dataset,
        published: format!("{} to {}", text(bound), text(cost)),
        optimum: text(r.verified_cost()),
        method: &r.method,
        certificate: r.answer.as_ref().and_then(|a| a.certificate.as_deref()).unwrap_or(DASH),
        cpu: format::seconds(r.measurement.cpu_s),
        solution: solution
            .as_ref()
            .map_or_else(|| "not kept".to_owned(), |path| path.display().to_string()),
    }
}

fn seconds(value: Option<f64>) -> String {
    value.map_or_else(|| DASH.to_owned(), format::seconds)
}

fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| DASH.to_owned(), format::percent)
}
