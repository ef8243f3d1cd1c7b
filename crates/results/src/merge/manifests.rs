//! One manifest of several.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::MergeError;
use crate::{Manifest, Shards, UNLIKE};

/// What the sentence says, after [`UNLIKE`], that names several experiment files.
const OF_FILES: &str = "some were made with the experiment file ";
/// How the sentence begins that names what is not there yet.
const ABSENT: &str = "Shards that are not among the merged: ";

/// The manifest of what was merged. All must be of one experiment by name; what else differs is said in `missing`, as are
/// shards that are not there. The result is a part while what completes one of the same experiment file is not among them.
///
/// Planned are the runs of all shards, each counted once. Where whole experiments are merged, it is the greatest plan of
/// any, and at least `records` if their files differ.
pub(super) fn merged(
    manifests: &[(PathBuf, Manifest)],
    records: u64,
) -> Result<Manifest, MergeError> {
    let Some(((first_path, first), others)) = manifests.split_first() else {
        return Err(MergeError::NoSources);
    };
    let mut merged = first.clone();
    let mut sentences: Vec<String> = Vec::new();
    for (path, other) in others {
        if other.experiment != first.experiment {
            return Err(MergeError::OtherExperiment {
                first: (first_path.clone(), first.experiment.clone()),
                second: (path.clone(), other.experiment.clone()),
            });
        }
        merged.schema = merged.schema.max(other.schema);
        merged.started = merged.started.min(other.started.clone());
        merged.skipped.extend(other.skipped.iter().cloned());
        for (name, version) in &other.versions {
            merged.versions.entry(name.clone()).or_insert_with(|| version.clone());
        }
        // Of several machines no one speed is true, nor one way of confining runs.
        merged.calibration = match (merged.calibration, &other.calibration) {
            (Some(found), Some(more)) if first.machine == other.machine => Some(found.joined(more)),
            _ => None,
        };
        merged.enforcement = merged.enforcement.filter(|of| other.enforcement.as_ref() == Some(of));
        if merged.pinned != other.pinned {
            merged.pinned.clear();
        }
        merged.warm_up = merged.warm_up.min(other.warm_up);
        sentences.extend(other.missing.iter().cloned());
        // Shards know the methods that run in them, not all: a version that one lacks is no difference.
        let differences = first.differences(other);
        let between = differences.iter().filter(|d| d.first != "none" && d.second != "none");
        sentences.extend(between.map(ToString::to_string));
        if other.experiment_hash != first.experiment_hash {
            sentences.push(format!(
                "{UNLIKE}{OF_FILES}{}, others with {}.",
                first.experiment_hash, other.experiment_hash
            ));
        }
    }
    merged.missing.extend(sentences);
    // What earlier merges lacked may be here now.
    merged.missing.retain(|sentence| !sentence.starts_with(ABSENT));
    let all: Vec<&Manifest> = manifests.iter().map(|(_, manifest)| manifest).collect();
    merged.planned = all.iter().map(|manifest| manifest.planned).max().unwrap_or(0);
    merged.shards = None;
    let (mut whole, mut parts): (Vec<_>, Vec<_>) =
        divisions(&all).into_iter().partition(|division| division.is_whole(&all));
    whole.sort_by_key(Division::runs);
    parts.sort_by_key(Division::runs);
    if let Some(part) = parts.pop() {
        merged.planned = part.runs();
        // Shards that come later are of this file.
        part.hash.clone_into(&mut merged.experiment_hash);
        let of = part.shards.of;
        let absent: Vec<u64> =
            (1..=of).filter(|index| !part.shards.planned.contains_key(index)).collect();
        merged.missing.push(format!("{ABSENT}{} of {of}.", ranges(&absent)));
        merged.shards = Some(part.shards);
    } else if let Some(division) = whole.pop() {
        merged.planned = merged.planned.max(division.runs());
    }
    // By this merge, or by one before.
    if merged.missing.iter().any(|sentence| sentence.contains(OF_FILES)) {
        merged.planned = merged.planned.max(records);
    }
    merged.missing = distinct(merged.missing);
    merged.skipped = distinct(merged.skipped);
    Ok(merged)
}

/// The shards of one experiment file that are there.
struct Division<'a> {
    /// The hash of the file.
    hash: &'a str,
    shards: Shards,
}

impl Division<'_> {
    fn runs(&self) -> u64 {
        self.shards.planned.values().sum()
    }

    /// Whether nothing is missing: all shards are there, or a whole store of the same file that plans no less.
    fn is_whole(&self, manifests: &[&Manifest]) -> bool {
        let is_the_whole = |of: &&Manifest| {
            of.shards.is_none() && of.experiment_hash == self.hash && of.planned >= self.runs()
        };
        self.shards.planned.len() as u64 == self.shards.of || manifests.iter().any(is_the_whole)
    }
}

/// The shards of each experiment file: of several divisions of one file the one that is complete, else the one with most
/// runs.
fn divisions<'a>(manifests: &[&'a Manifest]) -> Vec<Division<'a>> {
    let mut divisions: BTreeMap<(&str, u64), BTreeMap<u64, u64>> = BTreeMap::new();
    for manifest in manifests {
        if let Some(shards) = &manifest.shards {
            let division = divisions.entry((&manifest.experiment_hash, shards.of)).or_default();
            division.extend(&shards.planned);
        }
    }
    let mut of_files: BTreeMap<&str, Division<'_>> = BTreeMap::new();
    for ((hash, of), planned) in divisions {
        let division = Division { hash, shards: Shards { of, planned } };
        let rank = |one: &Division<'_>| (one.is_whole(&[]), one.runs());
        if of_files.get(hash).is_none_or(|known| rank(known) <= rank(&division)) {
            of_files.insert(hash, division);
        }
    }
    of_files.into_values().collect()
}

/// Numbers that rise, those in a row as `3-7`.
fn ranges(numbers: &[u64]) -> String {
    let rows = numbers.chunk_by(|a, b| a + 1 == *b);
    let names = rows.map(|row| match row {
        [one] => one.to_string(),
        _ => format!("{}-{}", row[0], row[row.len() - 1]),
    });
    names.collect::<Vec<_>>().join(", ")
}

/// Each once, in the order of their first mention.
fn distinct<T: Clone + Ord>(items: Vec<T>) -> Vec<T> {
    let mut seen = BTreeSet::new();
    items.into_iter().filter(|item| seen.insert(item.clone())).collect()
}
