//! The page: what the template shows, in the words that people read.

mod assets;
mod data;
mod policies;
mod rows;
mod statistics;

use std::collections::BTreeSet;
use std::path::PathBuf;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment};
use serde::Serialize;
use vmpack_model::{Family, Value};
use vmpack_results::stats::{self, Clock};
use vmpack_results::{
    Calibration, Contradiction, Enforcement, Limits, Manifest, Record, TornLine, disturbed_runs,
};

use crate::classes::{Class, cited};
use crate::commands::{Commands, shell};
use crate::data::{Data, clock_name};
use crate::published::Publication;
use crate::table::Table;
use crate::{Drawn, ReportError, Source, format};
use data::Embedded;
use policies::PolicyTable;
use rows::{
    CLASS_COLUMNS, ClassGroup, Column, DatasetRow, METHOD_COLUMNS, MethodRow, OptimumRow, RunEnds,
    RunRow, SkippedGroup,
};
use statistics::TableView;

/// Rows of the table of wrong answers, and of the table of runs that is shown where no script runs.
const MOST_WRONG: usize = 200;
const MOST_RUNS: usize = 500;
const MOST_OPTIMA: usize = 1000;

/// Everything that the page is made from.
pub(crate) struct Page<'a> {
    pub(crate) records: &'a [Record],
    pub(crate) families: &'a [Data<'a>],
    pub(crate) drawn: &'a [Vec<Drawn>],
    /// The classes of each family.
    pub(crate) classes: &'a [Vec<Class<'a>>],
    /// The tables of statistics of each family.
    pub(crate) statistics: &'a [Vec<Table>],
    pub(crate) commands: &'a Commands,
    /// Runs that closed an open instance, with the file of solution and certificate if it is kept.
    pub(crate) optima: Vec<(&'a Record, Option<PathBuf>)>,
    pub(crate) manifest: &'a Manifest,
    pub(crate) contradictions: &'a [Contradiction],
    pub(crate) torn: Option<TornLine>,
    pub(crate) clock: Clock,
    pub(crate) source: Source<'a>,
}

/// What the template reads, by the names that it uses.
#[derive(Serialize)]
struct View<'a> {
    experiment: &'a str,
    finished: String,
    planned: String,
    unfinished: bool,
    /// The number of a torn line.
    torn: Option<u64>,
    missing: &'a [String],
    /// Why times are not what they would be on a quiet machine.
    noise: Vec<String>,
    facts: Vec<Fact>,
    outcome: Verdicts,
    answers: String,
    correct: String,
    wrong: usize,
    findings: Vec<Finding<'a>>,
    silent: Option<String>,
    tolerance: Option<String>,
    contradictions: Vec<String>,
    /// Where nothing was answered, how most runs ended.
    failures: Vec<RunEnds<'a>>,
    families: Vec<FamilyView<'a>>,
    optima: Vec<OptimumRow<'a>>,
    optima_total: String,
    clock: &'static str,
    skipped: Vec<SkippedGroup<'a>>,
    skipped_total: String,
    runs: Vec<RunRow<'a>>,
    more_runs: bool,
    shown_runs: String,
    command: &'a str,
    report_command: &'a str,
    commit: &'a str,
    dirty: bool,
    /// How long it all took, how many methods and instances there are: what the top of the page says first.
    tiles: Vec<Tile>,
    data: Embedded,
    style: &'a str,
    script: &'a str,
    policy: String,
}

/// A number at the top of the page.
#[derive(Serialize)]
struct Tile {
    number: String,
    text: &'static str,
}

/// What the verdicts say together.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
enum Verdicts {
    /// Nothing was answered.
    None,
    AllCorrect,
    Mixed,
}

/// A line of the list of what ran.
#[derive(Serialize)]
struct Fact {
    name: &'static str,
    text: String,
}

#[derive(Serialize)]
struct Finding<'a> {
    dataset: &'a str,
    instance: &'a str,
    method: &'a str,
    seed: u64,
    sentence: String,
}

/// Where published figures are from.
#[derive(Serialize)]
struct Cited {
    name: &'static str,
    text: String,
}

impl Cited {
    fn new(publication: &'static Publication) -> Self {
        let Publication { name, citation, solver, machine, origin, .. } = publication;
        Self { name, text: format!("{citation}. {solver}; {machine}; {origin}.") }
    }
}

#[derive(Serialize)]
struct FigureView<'a> {
    id: String,
    title: &'a str,
    caption: &'a str,
    svg: Option<&'a str>,
    reason: &'a str,
}

#[derive(Serialize)]
struct FamilyView<'a> {
    name: String,
    instances: String,
    methods: Vec<MethodRow<'a>>,
    columns: Vec<&'static Column>,
    datasets: Vec<&'a str>,
    dataset_rows: Vec<DatasetRow<'a>>,
    classes: Vec<ClassGroup<'a>>,
    class_columns: Vec<&'static Column>,
    publications: Vec<Cited>,
    statistics: Vec<TableView<'a>>,
    figures: Vec<FigureView<'a>>,
    /// Tables of policies; none in families of problems.
    policies: Vec<PolicyTable<'a>>,
    is_replay: bool,
}

impl Page<'_> {
    /// The whole page.
    pub(crate) fn render(&self) -> Result<String, ReportError> {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        environment
            .set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
        // The ending of a noun after its number.
        environment.add_filter("s", |count: String| if count == "1" { "" } else { "s" });
        environment.add_template("report.html", include_str!("report.html"))?;
        let (style, script) = (assets::style(), assets::script());
        let view = Serde(self.view(&style, &script)?);
        Ok(environment.get_template("report.html")?.render(view)?)
    }

    fn view<'v>(&'v self, style: &'v str, script: &'v str) -> Result<View<'v>, ReportError> {
        let manifest = self.manifest;
        let answers = self.records.iter().filter(|r| r.answer.is_some()).count() as u64;
        let correct = self.records.iter().filter(|r| r.is_correct()).count() as u64;
        let mut findings = self.findings();
        let wrong = findings.len();
        findings.truncate(MOST_WRONG);
        let finished = self.records.len() as u64;
        Ok(View {
            experiment: &manifest.experiment,
            finished: format::count(finished),
            planned: format::count(manifest.planned),
            unfinished: finished < manifest.planned,
            torn: self.torn.map(|torn| torn.line),
            missing: &manifest.missing,
            noise: self.noise(),
            facts: self.facts(),
            outcome: match answers {
                0 => Verdicts::None,
                _ if correct == answers => Verdicts::AllCorrect,
                _ => Verdicts::Mixed,
            },
            answers: format::count(answers),
            correct: format::count(correct),
            wrong,
            findings,
            silent: self.silent(),
            tolerance: self.tolerance(),
            contradictions: self.contradictions.iter().map(ToString::to_string).collect(),
            failures: if answers == 0 { rows::run_ends(self.records) } else { Vec::new() },
            families: self.family_views(),
            optima: self.optima.iter().take(MOST_OPTIMA).map(rows::optimum_row).collect(),
            optima_total: format::count(self.optima.len() as u64),
            clock: clock_name(self.clock),
            skipped: rows::skipped(&manifest.skipped),
            skipped_total: format::count(manifest.skipped.len() as u64),
            runs: self.records.iter().take(MOST_RUNS).map(rows::run_row).collect(),
            more_runs: self.records.len() > MOST_RUNS,
            shown_runs: format::count(MOST_RUNS as u64),
            command: &self.commands.run,
            report_command: &self.commands.report,
            commit: manifest.commit.trim_end_matches("-dirty"),
            dirty: manifest.commit.ends_with("-dirty"),
            tiles: self.tiles(),
            data: Embedded::new(self.records, self.families, self.clock, self.source)?,
            style,
            script,
            policy: assets::policy(style, script),
        })
    }

    fn tiles(&self) -> Vec<Tile> {
        let count =
            |numbers: &mut dyn Iterator<Item = usize>| format::count(numbers.sum::<usize>() as u64);
        let spent: f64 = self.records.iter().map(|r| r.measurement.process_cpu_s).sum();
        let certified = |r: &&Record| r.is_proved() && r.is_certified();
        let tile = |number: String, one, many| {
            let text = if number == "1" { one } else { many };
            Tile { number, text }
        };
        vec![
            tile(format::count(self.records.len() as u64), "run", "runs"),
            tile(
                count(&mut self.families.iter().map(|data| data.instances.len())),
                "instance",
                "instances",
            ),
            tile(
                count(&mut self.families.iter().map(|data| data.methods.len())),
                "method or policy",
                "methods and policies",
            ),
            tile(
                format::count(self.records.iter().filter(certified).count() as u64),
                "proof derived again by the judge",
                "proofs derived again by the judge",
            ),
            tile(format::seconds(spent), "of CPU time", "of CPU time"),
        ]
    }

    fn facts(&self) -> Vec<Fact> {
        let m = self.manifest;
        let mut facts = Vec::new();
        let mut add = |name, text: String| {
            if !text.is_empty() {
                facts.push(Fact { name, text });
            }
        };
        add("Experiment", format!("{} (hash {})", m.experiment, m.experiment_hash));
        add("Started", m.started.clone());
        add("Command", shell(&m.command));
        let machine = &m.machine;
        add(
            "Machine",
            format!(
                "{}, {}, {} of memory, {}",
                machine.cpu,
                format::counted(machine.cores, "logical processor"),
                format::bytes(machine.memory_bytes),
                machine.system
            ),
        );
        add("Commit", if m.commit.is_empty() { "unknown".to_owned() } else { m.commit.clone() });
        let versions = m.versions.iter().map(|(name, version)| {
            // `rustc --version` names itself.
            if version.starts_with(name) { version.clone() } else { format!("{name} {version}") }
        });
        let versions: Vec<String> = versions.collect();
        add("Versions", versions.join(", "));
        let limits: BTreeSet<String> = self.records.iter().map(|r| limits(&r.limits)).collect();
        add("Limits of a run", limits.into_iter().collect::<Vec<_>>().join("; or "));
        let seeds: BTreeSet<u64> = self.records.iter().map(|r| r.seed).collect();
        let seeds = seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        add("Seeds", seeds);
        add("Runs at a time", format!("{}, in an order shuffled by seed {}", m.jobs, m.order_seed));
        let loads: Vec<f64> = self.records.iter().map(|r| r.measurement.load).collect();
        if let (Some(median), Some(most)) =
            (stats::quantile(&loads, 0.5), stats::quantile(&loads, 1.0))
        {
            add("Load at the start of runs", format!("median {median:.2}, at most {most:.2}"));
        }
        add("Speed of the machine", m.calibration.as_ref().map_or_else(String::new, speed));
        add("Limits enforced by", m.enforcement.as_ref().map_or_else(String::new, means));
        let pinned = m
            .pinned
            .iter()
            .map(|cores| cores.iter().map(usize::to_string).collect::<Vec<_>>().join("+"));
        add("Cores of each worker", pinned.collect::<Vec<_>>().join(", "));
        add("Time in figures and tables", format!("{} of solving alone", clock_name(self.clock)));
        facts
    }

    /// A warning, if the machine was so busy that times are inflated.
    fn busy(&self) -> Option<String> {
        let loads: Vec<f64> = self.records.iter().map(|r| r.measurement.load).collect();
        let (median, cores) = (stats::quantile(&loads, 0.5)?, self.manifest.machine.cores);
        // The run itself is part of the load only once it has started.
        (cores > 0 && median > cores as f64 + 0.5).then(|| {
            format!("The machine was busy: the median load when a run started was {median:.1} on {cores} logical processors, so times are inflated.")
        })
    }

    /// What is known of disturbances, one sentence each.
    fn noise(&self) -> Vec<String> {
        let calibration = self.manifest.calibration.as_ref();
        let unsteady = calibration.and_then(vmpack_results::Calibration::unsteady);
        self.busy().into_iter().chain(disturbed_runs(self.records)).chain(unsteady).collect()
    }

    fn findings(&self) -> Vec<Finding<'_>> {
        let wrong = self.records.iter().filter(|r| r.is_wrong());
        wrong
            .map(|r| Finding {
                dataset: &r.dataset,
                instance: &r.instance,
                method: &r.method,
                seed: r.seed,
                sentence: r
                    .answer
                    .as_ref()
                    .map(|a| a.judgement.verdict.to_string())
                    .unwrap_or_default(),
            })
            .collect()
    }

    /// Answers that claim nothing, or came after the limit: neither correct nor wrong.
    fn silent(&self) -> Option<String> {
        let late_or_empty = |r: &&Record| r.answer.is_some() && !r.is_correct() && !r.is_wrong();
        let count = self.records.iter().filter(late_or_empty).count() as u64;
        (count > 0).then(|| format::count(count))
    }

    /// The greatest violation within a stated tolerance, if there is any.
    fn tolerance(&self) -> Option<String> {
        let violations =
            self.records.iter().filter_map(|r| Some((r, r.answer.as_ref()?.judgement.violation)));
        let missed: Vec<(&Record, Value)> =
            violations.filter(|(r, v)| r.is_correct() && !v.is_zero()).collect();
        let (worst, violation) = missed.iter().max_by_key(|(_, violation)| *violation)?;
        Some(format!(
            "{} a constraint within the stated tolerance, by {:.2e} at most ({} on {}).",
            match missed.len() {
                1 => "1 answer misses".to_owned(),
                several => format!("{} answers miss", format::count(several as u64)),
            },
            violation.to_f64(),
            worst.method,
            worst.instance
        ))
    }

    fn family_views(&self) -> Vec<FamilyView<'_>> {
        self.families
            .iter()
            .zip(self.drawn)
            .zip(self.classes)
            .zip(self.statistics)
            .map(|(((data, drawn), classes), statistics)| {
                family_view(data, drawn, classes, statistics)
            })
            .collect()
    }
}

fn family_view<'a>(
    data: &'a Data<'_>,
    drawn: &'a [Drawn],
    classes: &'a [Class<'_>],
    statistics: &'a [Table],
) -> FamilyView<'a> {
    let mut methods: Vec<MethodRow<'_>> =
        data.methods.iter().map(|m| rows::method_row(data, m)).collect();
    let mut groups: Vec<ClassGroup<'_>> =
        classes.iter().map(|class| rows::class_group(class, data.clock)).collect();
    let mut of_methods: Vec<_> = methods.iter_mut().map(|row| &mut row.cells).collect();
    let mut of_classes: Vec<_> =
        groups.iter_mut().flat_map(|group| &mut group.rows).map(|row| &mut row.cells).collect();
    FamilyView {
        name: family_title(data.family).to_owned(),
        instances: format::count(data.instances.len() as u64),
        columns: rows::told(&METHOD_COLUMNS, &mut of_methods),
        class_columns: rows::told(&CLASS_COLUMNS, &mut of_classes),
        methods,
        datasets: data.datasets(),
        dataset_rows: rows::dataset_rows(data),
        classes: groups,
        publications: cited(classes).into_iter().map(Cited::new).collect(),
        policies: data.replays.iter().map(policies::policy_table).collect(),
        statistics: statistics.iter().map(statistics::table_view).collect(),
        is_replay: data.family == Family::Replay,
        figures: drawn
            .iter()
            .map(|d| FigureView {
                id: format!("{}-{}", d.figure.name(), data.family),
                title: d.figure.title(),
                caption: &d.caption,
                svg: d.picture.as_ref().ok().map(crate::Svg::text),
                reason: d.picture.as_ref().err().copied().unwrap_or_default(),
            })
            .collect(),
    }
}

/// How fast the machine was, in words.
fn speed(calibration: &Calibration) -> String {
    let samples = format::counted(calibration.samples.len() as u64, "sample");
    let variation = calibration.variation();
    let variation = variation.map_or_else(String::new, |variation| {
        format!(", coefficient of variation {:.1} %", variation * 1e2)
    });
    format!("{:.2} rounds of the calibration per second, {samples}{variation}", calibration.score)
}

/// By what limits were enforced, in words.
fn means(enforcement: &Enforcement) -> String {
    let Enforcement { memory, processes, reason } = enforcement;
    let reason = reason.as_ref().map_or_else(String::new, |why| format!(" ({why})"));
    format!("memory: {memory}; processes: {processes}{reason}")
}

fn family_title(family: Family) -> &'static str {
    match family {
        Family::Packing => "Packing",
        Family::Allocation => "Allocation",
        Family::Replay => "Replays",
    }
}

fn limits(limits: &Limits) -> String {
    let mut parts = vec![format!("{} wall time", format::seconds(limits.wall_s))];
    parts.extend(limits.cpu_s.map(|s| format!("{} CPU time", format::seconds(s))));
    parts.extend(limits.memory_bytes.map(|b| format!("{} memory", format::bytes(b))));
    parts.extend(limits.work.map(|w| format!("{} of work", format::counted(w, "unit"))));
    parts.push(format::counted(limits.threads, "thread"));
    parts.join(", ")
}
