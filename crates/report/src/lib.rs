//! Figures, tables and one HTML file from a store of records.
//!
//! [`write()`] reads a run directory, finished or not, and leaves beside it
//!
//! - `report.html`, one file that opens offline and holds every figure and table,
//! - `figures/NAME-FAMILY.svg`, `.png` and `.pdf` for every [`Figure`] in [`FIGURES`] that has something to show,
//! - `tables/NAME.csv` with the numbers, unrounded, `NAME.tex` of those that fit into a paper, and `datapackage.json`,
//!   which says what they are.
//!
//! Every file but CSV says by which commands it was made; `datapackage.json` says it of those.
//!
//! [`gather_optima`] collects the solution files of instances that were open before.
//!
//! The same records give the same bytes, in whatever order the runs finished. Statistics are those of
//! [`vmpack_results::stats`]; this crate arranges and draws them. Wrong answers come first.

mod classes;
mod commands;
mod data;
mod draw;
mod figures;
mod files;
mod fill;
mod format;
mod growth;
mod limits;
mod optima;
mod page;
mod published;
mod replays;
mod rule_prices;
mod series;
mod statistics;
mod table;
mod tables;

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use vmpack_datasets::{LoadError, SolutionError};
use vmpack_model::Family;
use vmpack_results::stats::Clock;
use vmpack_results::{Record, StoreError, read, read_manifest, revise};

use classes::Class;
use commands::Commands;
use table::{Table, data_package};

pub use data::Data;
pub use draw::{DrawError, Svg};
pub use figures::{FIGURES, Figure, NoFigure};
pub use fill::{Fill, fill};
pub use optima::{Gathered, gather_optima};

/// A report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The store or the manifest cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A figure could not be drawn.
    #[error("figure {figure} of the {family} family: {source}")]
    Figure {
        /// The name of the figure.
        figure: &'static str,
        /// The family it was drawn for.
        family: Family,
        /// What went wrong.
        source: DrawError,
    },
    /// A table could not be put into its form.
    #[error("table {table}: {source}")]
    Table {
        /// The name of the table.
        table: &'static str,
        /// What went wrong.
        source: csv::Error,
    },
    /// The method that others are to be told against is not in the store.
    #[error("baseline {name:?}: there is no such method; there are {}", methods.join(", "))]
    Baseline {
        /// What was asked for.
        name: String,
        /// What there is: methods, and policies of replays.
        methods: Vec<String>,
    },
    /// The page could not be filled in.
    #[error("report.html: {0}")]
    Page(#[from] minijinja::Error),
    /// A solution file could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A kept solution or instance is none.
    #[error("{0}")]
    Load(Box<LoadError>),
    /// A kept solution does not answer the instance that is kept with it.
    #[error("{}: {source}", path.display())]
    Solution {
        /// The solution.
        path: PathBuf,
        /// In what it does not.
        source: SolutionError,
    },
    /// A file or directory could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// Which one.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

impl From<LoadError> for ReportError {
    fn from(error: LoadError) -> Self {
        Self::Load(Box::new(error))
    }
}

/// What [`write()`] has written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The page.
    pub html: PathBuf,
    /// Every file, the page last.
    pub files: Vec<PathBuf>,
    /// How many runs the report shows.
    pub runs: u64,
    /// How many runs are planned.
    pub planned: u64,
    /// How many answers are wrong: found so by the judge, or disproved by other answers.
    pub wrong: u64,
    /// Where others are told against something else than the baseline that was asked for, as it was not run there: families,
    /// and replays by their kind and settings or their scenario.
    pub without_baseline: Vec<String>,
}

/// Where what runs left beside their records is found.
#[derive(Clone, Copy)]
struct Source<'a> {
    run_dir: &'a Path,
    series: &'a series::Series,
}

/// A figure as the page shows it, or why there is none.
struct Drawn {
    figure: &'static dyn Figure,
    /// How to read it, with what must be said of these records.
    caption: String,
    picture: Result<Svg, &'static str>,
}

/// Pixels of a PNG per pixel of the figure: sharp on dense screens and in print.
const PNG_SCALE: f32 = 2.0;

/// Writes the report of the run directory `run_dir` into `out_dir`, which may be the same.
///
/// An experiment that is not finished gets a report of the runs that are. Every file appears under its
/// name when it is complete; figures of an earlier report that have nothing to show any more are removed.
///
/// # Errors
/// If the store or the manifest is missing or malformed, or a file cannot be written.
pub fn write(run_dir: &Path, out_dir: &Path) -> Result<Written, ReportError> {
    write_against(run_dir, out_dir, None)
}

/// Writes the report as [`write()`] does, with intervals and tests against the `baseline`: a method, or a policy of replays,
/// by the name that tables have. Families without it have the baseline that they have without being asked.
///
/// # Errors
/// As of [`write()`], and if no method and no policy has the name.
pub fn write_against(
    run_dir: &Path,
    out_dir: &Path,
    baseline: Option<&str>,
) -> Result<Written, ReportError> {
    let manifest = read_manifest(run_dir)?;
    let mut reader = read(run_dir)?;
    let mut records = reader.by_ref().collect::<Result<Vec<Record>, _>>()?;
    let torn = reader.torn();
    // Runs finish in another order every time.
    records.sort_by(|a, b| order(a).cmp(&order(b)));
    // What others disproved is wrong as well, and enters no statistics.
    let contradictions = revise(&mut records);
    let clock = Clock::of(&records);
    limits::tell_apart(&mut records, clock);

    let series = series::read(run_dir, &records)?;
    let families: Vec<Data<'_>> = [Family::Packing, Family::Allocation, Family::Replay]
        .into_iter()
        .filter(|family| records.iter().any(|r| r.family == *family))
        .map(|family| Data::new(family, clock, &records, &series, baseline))
        .collect();
    if let Some(name) = baseline.filter(|name| !families.iter().any(|data| data.has(name))) {
        let methods = families.iter().flat_map(Data::contestants).map(str::to_owned).collect();
        return Err(ReportError::Baseline { name: name.to_owned(), methods });
    }

    vmpack_files::create_folder(out_dir)
        .map_err(|source| ReportError::Write { path: out_dir.to_owned(), source })?;
    let commands = Commands::new(&manifest, run_dir, out_dir, baseline);
    let mut files = Vec::new();
    let mut drawn = Vec::new();
    for data in &families {
        drawn.push(draw_all(data, &commands, &out_dir.join("figures"), &mut files)?);
    }
    let classes: Vec<Vec<Class<'_>>> =
        families.iter().map(|data| classes::classes(data, &records)).collect();
    let optima = optima::new_optima(&records);
    let kept = |record: &Record| {
        let file = record.solution_file();
        run_dir.join(&file).is_file().then_some(file)
    };
    let mut all = tables::all(&records, &families, &classes, &manifest, &contradictions);
    all.push(tables::new_optima(&optima, kept));
    let statistics: Vec<Vec<Table>> = families.iter().map(tables::statistics).collect();
    all.extend(statistics.iter().flatten().cloned());
    write_tables(&all, &commands, &out_dir.join("tables"), &mut files)?;
    let html = out_dir.join("report.html");
    let page = page::Page {
        records: &records,
        families: &families,
        drawn: &drawn,
        classes: &classes,
        statistics: &statistics,
        commands: &commands,
        optima: optima.into_iter().map(|record| (record, kept(record))).collect(),
        manifest: &manifest,
        contradictions: &contradictions,
        torn,
        clock,
        source: Source { run_dir, series: &series },
    };
    files::publish(&html, page.render()?.as_bytes())?;
    files.push(html.clone());
    let wrong = records.iter().filter(|r| r.is_wrong()).count() as u64;
    let without = |name| families.iter().flat_map(move |data| data.without(name));
    Ok(Written {
        html,
        files,
        runs: records.len() as u64,
        planned: manifest.planned,
        wrong,
        without_baseline: baseline.into_iter().flat_map(without).collect(),
    })
}

/// What the records of a report are sorted by.
fn order(record: &Record) -> impl Ord + '_ {
    let r = record;
    (r.family, &r.dataset, r.features.vms, &r.instance, &r.method, r.seed, &r.run)
}

/// Writes every table as CSV, those for readers as LaTeX, and what they are.
fn write_tables(
    tables: &[Table],
    commands: &Commands,
    directory: &Path,
    files: &mut Vec<PathBuf>,
) -> Result<(), ReportError> {
    let mut publish = |name: &str, content: &[u8]| {
        let path = directory.join(name);
        files::publish(&path, content)?;
        files.push(path);
        Ok(())
    };
    for table in tables {
        let name = table.file_name();
        let csv = table.csv().map_err(|source| ReportError::Table { table: table.name, source })?;
        publish(&format!("{name}.csv"), &csv)?;
        match table.latex(commands) {
            Some(text) => publish(&format!("{name}.tex"), text.as_bytes())?,
            None => files::withdraw(&directory.join(format!("{name}.tex")))?,
        }
    }
    let package = format!("{:#}\n", data_package(tables, commands));
    publish("datapackage.json", package.as_bytes())
}

/// The forms of a figure as files.
const FORMS: [&str; 3] = ["svg", "png", "pdf"];

/// A figure with its files; without them if there is nothing to draw.
type WithFiles = (Drawn, Option<[Vec<u8>; 3]>);

/// Draws every figure of a family into files.
fn draw_all(
    data: &Data<'_>,
    commands: &Commands,
    directory: &Path,
    files: &mut Vec<PathBuf>,
) -> Result<Vec<Drawn>, ReportError> {
    let family = data.family;
    let draw = |figure: &'static dyn Figure| -> Result<WithFiles, ReportError> {
        let failed = |source| ReportError::Figure { figure: figure.name(), family, source };
        let caption = match figure.note(data) {
            Some(note) => format!("{} {note}", figure.caption()),
            None => figure.caption().to_owned(),
        };
        match figure.draw(data) {
            Ok(svg) => {
                let source = commands.line();
                let parsed = svg.parsed().map_err(failed)?;
                let forms = [
                    svg.with_source(&source).into_bytes(),
                    parsed.to_png(PNG_SCALE, Some(&source)).map_err(failed)?,
                    parsed.to_pdf(figure.title(), &source),
                ];
                Ok((Drawn { figure, caption, picture: Ok(svg) }, Some(forms)))
            }
            Err(NoFigure::Failed(source)) => Err(failed(source)),
            Err(NoFigure::Nothing(reason)) => {
                Ok((Drawn { figure, caption, picture: Err(reason) }, None))
            }
        }
    };
    let about: Vec<&'static dyn Figure> =
        FIGURES.iter().copied().filter(|figure| figure.is_about(family)).collect();
    let all: Vec<WithFiles> =
        about.into_par_iter().map(draw).collect::<Result<_, ReportError>>()?;
    let mut drawn = Vec::new();
    for (figure, forms) in all {
        let path = |extension: &str| {
            directory.join(format!("{}-{family}.{extension}", figure.figure.name()))
        };
        for (k, extension) in FORMS.into_iter().enumerate() {
            match &forms {
                Some(forms) => {
                    files::publish(&path(extension), &forms[k])?;
                    files.push(path(extension));
                }
                None => files::withdraw(&path(extension))?,
            }
        }
        // Most figures of replays are about one kind of them.
        if forms.is_some() || family != Family::Replay {
            drawn.push(figure);
        }
    }
    Ok(drawn)
}
