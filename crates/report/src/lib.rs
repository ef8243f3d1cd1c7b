//! Figures, tables and one HTML file from a store of records.
//!
//! [`write()`] reads a run directory, finished or not, and leaves beside it
//!
//! - `report.html`, one file that opens offline and holds every figure and table,
//! - `figures/NAME-FAMILY.svg` and `.png` for every [`Figure`] in [`FIGURES`] that has something to show,
//! - `tables/NAME.csv` with the numbers, unrounded.
//!
//! [`gather_optima`] collects the solution files of instances that were open before.
//!
//! The same records give the same bytes, in whatever order the runs finished. Statistics are those of
//! [`vmpack_results::stats`]; this crate arranges and draws them. Wrong answers come first.

mod classes;
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
mod tables;

use std::path::{Path, PathBuf};

use vmpack_model::Family;
use vmpack_results::stats::Clock;
use vmpack_results::{Record, StoreError, read, read_manifest, revise};

use classes::Class;

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
    /// A file or directory could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// Which one.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
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
}

/// A figure as the page shows it, or why there is none.
struct Drawn {
    figure: &'static dyn Figure,
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
        .map(|family| Data::new(family, clock, &records, &series))
        .collect();

    let mut files = Vec::new();
    let mut drawn = Vec::new();
    for data in &families {
        drawn.push(draw_all(data, &out_dir.join("figures"), &mut files)?);
    }
    let classes: Vec<Vec<Class<'_>>> =
        families.iter().map(|data| classes::classes(data, &records)).collect();
    let optima = optima::new_optima(&records);
    let kept = |record: &Record| {
        let file = record.solution_file();
        run_dir.join(&file).is_file().then_some(file)
    };
    let mut all = tables::all(&records, &families, &manifest, &contradictions)?;
    all.push(tables::classes(&families, &classes)?);
    all.push(tables::new_optima(&optima, kept)?);
    all.extend(tables::replays(&records, &families)?);
    for table in all {
        let path = out_dir.join("tables").join(format!("{}.csv", table.name));
        files::publish(&path, &table.csv)?;
        files.push(path);
    }
    let html = out_dir.join("report.html");
    let page = page::Page {
        records: &records,
        families: &families,
        drawn: &drawn,
        classes: &classes,
        optima: optima.into_iter().map(|record| (record, kept(record))).collect(),
        manifest: &manifest,
        contradictions: &contradictions,
        torn,
        clock,
    };
    files::publish(&html, page.render()?.as_bytes())?;
    files.push(html.clone());
    let wrong = records.iter().filter(|r| r.is_wrong()).count() as u64;
    Ok(Written { html, files, runs: records.len() as u64, planned: manifest.planned, wrong })
}

/// What the records of a report are sorted by.
fn order(record: &Record) -> impl Ord + '_ {
    let r = record;
    (r.family, &r.dataset, r.features.vms, &r.instance, &r.method, r.seed, &r.run)
}

/// Draws every figure of a family into files.
fn draw_all(
    data: &Data<'_>,
    directory: &Path,
    files: &mut Vec<PathBuf>,
) -> Result<Vec<Drawn>, ReportError> {
    let family = data.family;
    let mut drawn = Vec::new();
    for &figure in FIGURES.iter().filter(|figure| figure.is_about(family)) {
        let failed = |source| ReportError::Figure { figure: figure.name(), family, source };
        let path =
            |extension: &str| directory.join(format!("{}-{family}.{extension}", figure.name()));
        let picture = match figure.draw(data) {
            Ok(svg) => {
                files::publish(&path("svg"), svg.text().as_bytes())?;
                files::publish(&path("png"), &svg.to_png(PNG_SCALE).map_err(failed)?)?;
                files.extend([path("svg"), path("png")]);
                Ok(svg)
            }
            Err(NoFigure::Failed(source)) => return Err(failed(source)),
            Err(NoFigure::Nothing(reason)) => {
                files::withdraw(&path("svg"))?;
                files::withdraw(&path("png"))?;
                if family == Family::Replay {
                    // Most figures of replays are about one kind of them.
                    continue;
                }
                Err(reason)
            }
        };
        drawn.push(Drawn { figure, picture });
    }
    Ok(drawn)
}
