//! One manifest of several.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::MergeError;
use crate::{Manifest, Shards, UNLIKE};

/// How the sentence begins that names what is not there yet.
const ABSENT: &str = "Shards that are not among the merged: ";

/// The manifest of what was merged. All must be of one experiment by name; what else differs is said in `missing`, as are
/// shards that are not there.
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
                "{UNLIKE}some were made with the experiment file {}, others with {}.",
                first.experiment_hash, other.experiment_hash
            ));
        }
    }
    merged.missing.extend(sentences);
    // What earlier merges lacked may be here now.
    merged.missing.retain(|sentence| !sentence.starts_with(ABSENT));
    let all: Vec<&Manifest> = manifests.iter().map(|(_, manifest)| manifest).collect();
    merged.planned = all.iter().map(|manifest| manifest.planned).max().unwrap_or(0);
    merged.shards = united(&all);
    if let Some(shards) = &merged.shards {
        merged.planned = shards.planned.values().sum();
        let absent: Vec<u64> =
            (1..=shards.of).filter(|part| !shards.planned.contains_key(part)).collect();
        if absent.is_empty() {
            merged.shards = None;
        } else {
            merged.missing.push(format!("{ABSENT}{} of {}.", ranges(&absent), shards.of));
        }
    }
    if all.iter().any(|manifest| manifest.experiment_hash != first.experiment_hash) {
        merged.planned = merged.planned.max(records);
    }
    merged.missing = distinct(merged.missing);
    merged.skipped = distinct(merged.skipped);
    Ok(merged)
}

/// The shards of one division, of several the one with most runs; none where a whole experiment is among them.
fn united(manifests: &[&Manifest]) -> Option<Shards> {
    let mut divisions: BTreeMap<u64, BTreeMap<u64, u64>> = BTreeMap::new();
    for manifest in manifests {
        let shards = manifest.shards.as_ref()?;
        divisions.entry(shards.of).or_default().extend(&shards.planned);
    }
    let most = divisions.into_iter().max_by_key(|(_, planned)| planned.values().sum::<u64>());
    most.map(|(of, planned)| Shards { of, planned })
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
