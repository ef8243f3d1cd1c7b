//! Joining the stores of several machines, sessions or shards into one.
//!
//! Every source is read once to find where each run is recorded, which is all that is kept in memory; then the texts are
//! copied, byte for byte, in the order of sources and lines. The result is built beside its place and moved there when it
//! is whole.

mod clash;
mod kept;
mod manifests;
mod place;
mod texts;

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use vmpack_files::FolderDraft;

use crate::reader::{Place, read};
use crate::store::{RECORDS, StoreError};
use crate::{Manifest, Record, Termination, TornLine, read_manifest, write_manifest};

pub use clash::Clash;
use texts::Texts;

/// Which record of a run is kept that was measured more than once, where nothing in them contradicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// None: whoever merges must choose.
    Refuse,
    /// The first, in the order of sources and lines.
    First,
    /// The last.
    Last,
    /// The first that answered within its limits, else the first: for runs that a failing machine cut short.
    Complete,
}

/// What was merged.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// Records in the result, one per run.
    pub records: u64,
    /// Records that were equal to one before.
    pub equal: u64,
    /// Records that were left out because another of the same run was kept.
    pub dropped: u64,
    /// Solutions and time series that came along.
    pub files: u64,
    /// Sources whose last line was cut short, which is left out.
    pub torn: Vec<(PathBuf, TornLine)>,
    /// The manifest of the result.
    pub manifest: Manifest,
}

/// Why stores cannot be merged. Nothing is left behind then.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// A source cannot be read, or its lines are no records.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nothing to merge.
    #[error("expected the directories of at least one store")]
    NoSources,
    /// The place of the result is taken.
    #[error("{} exists already: choose another directory", path.display())]
    Exists {
        /// What is there.
        path: PathBuf,
    },
    /// The place of the result is inside a source.
    #[error(
        "{} is inside {}, which is to be merged: choose a directory outside of it",
        path.display(), source_directory.display()
    )]
    Inside {
        /// The place of the result.
        path: PathBuf,
        /// The source.
        source_directory: PathBuf,
    },
    /// Two sources belong to experiments of different names.
    #[error(
        "{} holds the experiment {:?}, {} the experiment {:?}: these are not merged",
        first.0.display(), first.1, second.0.display(), second.1
    )]
    OtherExperiment {
        /// The first source and its experiment.
        first: (PathBuf, String),
        /// The other.
        second: (PathBuf, String),
    },
    /// Records of the same run contradict each other.
    #[error("records contradict each other:{}", listed(.0))]
    Contradicting(Vec<Clash>),
    /// Runs were measured more than once, and nobody chose.
    #[error("runs were measured more than once; choose which to keep (`--keep` first, last or complete):{}", listed(.0))]
    Ambiguous(Vec<Clash>),
    /// The result cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// What.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl MergeError {
    fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Write { path: path.to_owned(), source }
    }
}

/// Clashes as an error message lists them: the first few.
fn listed(clashes: &[Clash]) -> String {
    const SHOWN: usize = 10;
    let mut lines = vec![String::new()];
    lines.extend(clashes.iter().take(SHOWN).map(ToString::to_string));
    if clashes.len() > SHOWN {
        lines.push(format!("and {} more", clashes.len() - SHOWN));
    }
    lines.join("\n  ")
}

/// Where a record is that the result holds.
#[derive(Clone, Copy)]
struct Kept {
    source: usize,
    place: Place,
}

/// Merges the stores in the directories `sources`, with manifests, kept solutions, their instances, and time series, into
/// the new directory `into`, which may exist if it is empty, and must not be inside a source: whoever moves, removes or
/// merges that one again would take the result along.
///
/// Equal records are taken once. Records of one run that contradict each other are refused: what the run was asked
/// differs, or its answers cannot both be true. If they are two honest measurements, `keep` says which is taken. A torn
/// last line of a source is left out. Sources may be written to meanwhile; what is added after they were read is not in
/// the result. Records and manifest are on the disk in the end; copies of solutions and series get there when the system
/// writes them, and are in the sources as well.
///
/// `O(n)` time for `n` records in all, and some hundred bytes of memory per run.
///
/// # Errors
/// See [`MergeError`]; the result is either whole or not there.
pub fn merge(sources: &[PathBuf], into: &Path, keep: Keep) -> Result<Merged, MergeError> {
    place::refuse_inside(sources, into)?;
    merge_within(sources, into, keep)
}

/// As [`merge`], also where `into` is inside a source: for a result that is moved out of there at once.
///
/// # Errors
/// See [`merge`].
pub fn merge_within(sources: &[PathBuf], into: &Path, keep: Keep) -> Result<Merged, MergeError> {
    // Where it goes, and whether the sources belong together, is known before a record is read.
    let into = &place::free(into)?;
    let manifests = sources.iter().map(|source| Ok((source.clone(), read_manifest(source)?)));
    let manifests = manifests.collect::<Result<Vec<_>, StoreError>>()?;
    manifests::merged(&manifests, 0)?;

    let found = index(sources, keep)?;
    let manifest = manifests::merged(&manifests, found.kept.len() as u64)?;

    let draft = FolderDraft::of(into).map_err(MergeError::write(into))?;
    copy_records(sources, &found.kept, draft.path())?;
    let files = kept::copy(sources, &found.runs, &found.kept, draft.path())?;
    write_manifest(draft.path(), &manifest)?;
    draft.publish().map_err(MergeError::write(into))?;
    Ok(Merged {
        records: found.kept.len() as u64,
        equal: found.equal,
        dropped: found.dropped,
        files,
        torn: found.torn,
        manifest,
    })
}

/// What the sources hold.
struct Index {
    /// The record of each run, in the order of their first records.
    kept: Vec<Kept>,
    /// The place of each run in `kept`.
    runs: HashMap<Box<str>, usize>,
    equal: u64,
    dropped: u64,
    torn: Vec<(PathBuf, TornLine)>,
}

fn index(sources: &[PathBuf], keep: Keep) -> Result<Index, MergeError> {
    let mut index =
        Index { kept: Vec::new(), runs: HashMap::new(), equal: 0, dropped: 0, torn: Vec::new() };
    let (mut contradicting, mut ambiguous) = (Vec::new(), Vec::new());
    let mut texts = Texts::new(sources);
    for (source, directory) in sources.iter().enumerate() {
        let mut reader = read(directory)?;
        while let Some(next) = reader.next_placed() {
            let (place, record) = next?;
            let new = Kept { source, place };
            let Some(&known) = index.runs.get(record.run.as_str()) else {
                index.runs.insert(record.run.into(), index.kept.len());
                index.kept.push(new);
                continue;
            };
            let earlier = index.kept[known];
            let before = texts.record(earlier)?;
            if before == record {
                index.equal += 1;
                continue;
            }
            let clash = |what| Clash {
                run: record.run.clone(),
                first: (sources[earlier.source].join(RECORDS), earlier.place.line),
                second: (directory.join(RECORDS), place.line),
                what,
            };
            if let Some(what) = clash::contradiction(&before, &record) {
                contradicting.push(clash(what));
                continue;
            }
            let take_new = match keep {
                Keep::Refuse => {
                    ambiguous.push(clash("measured twice".to_owned()));
                    continue;
                }
                Keep::First => false,
                Keep::Last => true,
                Keep::Complete => !is_complete(&before) && is_complete(&record),
            };
            index.dropped += 1;
            if take_new {
                index.kept[known] = new;
            }
        }
        if let Some(torn) = reader.torn() {
            index.torn.push((directory.join(RECORDS), torn));
        }
    }
    if !contradicting.is_empty() {
        return Err(MergeError::Contradicting(contradicting));
    }
    if !ambiguous.is_empty() {
        return Err(MergeError::Ambiguous(ambiguous));
    }
    Ok(index)
}

fn is_complete(record: &Record) -> bool {
    record.termination == Termination::Completed
}

/// Copies the lines of the records that are kept, as they stand.
fn copy_records(sources: &[PathBuf], kept: &[Kept], into: &Path) -> Result<(), MergeError> {
    let path = into.join(RECORDS);
    let file = File::create_new(&path).map_err(MergeError::write(&path))?;
    let mut out = BufWriter::with_capacity(1 << 20, file);
    let mut texts = Texts::new(sources);
    for &one in kept {
        out.write_all(texts.line(one)?).map_err(MergeError::write(&path))?;
    }
    let file = out.into_inner().map_err(|error| MergeError::write(&path)(error.into_error()))?;
    file.sync_all().map_err(MergeError::write(&path))
}
