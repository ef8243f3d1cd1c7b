//! Blocks of replays: from the experiment file to runs.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use vmpack_results::{Limits, SCHEMA};

use crate::plan::{again, digest};
use crate::{Accepted, Named, PlanError, Refusal, ReplayBlock, Scenario, Simulator};

/// A replay that is planned.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplayRun {
    /// The trace as the experiment names it.
    pub dataset: String,
    /// Its name.
    pub instance: String,
    /// The hash of its content.
    pub hash: String,
    /// The hash of all content that determines the result: of the trace, and of files beside it.
    pub content: String,
    /// What is replayed.
    pub scenario: Scenario,
    /// What that means.
    pub accepted: Accepted,
    /// Whether measures over time are kept.
    pub series: bool,
}

/// A trace that was found.
#[derive(Clone, Debug)]
pub(crate) struct FoundTrace {
    pub(crate) text: String,
    pub(crate) name: String,
    pub(crate) hash: String,
}

/// The traces that an entry of an experiment means: a description, a path, or a pattern of paths, from the folder of the
/// experiment file or else from the data directory. None if there is no such file.
pub(crate) fn find(
    entry: &Named,
    simulator: &dyn Simulator,
    data_directory: &Path,
) -> Result<Vec<FoundTrace>, PlanError> {
    let wrong = |message: String| PlanError::Replay { place: entry.place.clone(), message };
    let text = &entry.text;
    if let Some(drawn) = simulator.drawn(text) {
        let hash = blake3::hash(drawn.as_bytes()).to_hex().to_string();
        return Ok(vec![FoundTrace { text: text.clone(), name: text.clone(), hash }]);
    }
    let own = entry.place.path.parent().unwrap_or(Path::new(""));
    for folder in [own, data_directory] {
        let pattern = folder.join(text);
        let paths: Result<Vec<PathBuf>, _> = glob::glob(&pattern.to_string_lossy())
            .map_err(|error| wrong(format!("traces: {text:?} is no pattern of files: {error}")))?
            .collect();
        let paths = paths.map_err(|error| wrong(format!("traces: {error}")))?;
        if !paths.is_empty() {
            return paths.iter().map(|path| found(path).map_err(wrong)).collect();
        }
    }
    Ok(Vec::new())
}

fn found(path: &Path) -> Result<FoundTrace, String> {
    let cannot = |error: io::Error| format!("traces: {}: {error}", path.display());
    let mut hasher = blake3::Hasher::new();
    content(path, &mut hasher).map_err(cannot)?;
    // A folder may have a dot in its name, a file has an extension.
    let name = if path.is_dir() { path.file_name() } else { path.file_stem() };
    Ok(FoundTrace {
        text: path.to_string_lossy().into_owned(),
        name: name.unwrap_or_default().to_string_lossy().into_owned(),
        hash: hasher.finalize().to_hex().to_string(),
    })
}

/// The hash of a trace with that of files which a scenario refers to beside it; that of the trace if it refers to none.
/// `known` keeps what was read.
pub(crate) fn with_files(
    trace_hash: &str,
    files: &[PathBuf],
    known: &mut BTreeMap<PathBuf, blake3::Hash>,
) -> Result<String, String> {
    if files.is_empty() {
        return Ok(trace_hash.to_owned());
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update(trace_hash.as_bytes());
    for path in files {
        let hash = if let Some(hash) = known.get(path) {
            *hash
        } else {
            let mut hasher = blake3::Hasher::new();
            content(path, &mut hasher).map_err(|error| format!("{}: {error}", path.display()))?;
            *known.entry(path.clone()).or_insert(hasher.finalize())
        };
        hasher.update(hash.as_bytes());
    }
    Ok(hasher.finalize().to_hex().to_string())
}

/// Hashes the content of a file, or of all files of a folder with their names; hidden ones are left out.
fn content(path: &Path, hasher: &mut blake3::Hasher) -> io::Result<()> {
    if !path.is_dir() {
        let mut file = fs::File::open(path)?;
        hasher.update(&file.metadata()?.len().to_le_bytes());
        io::copy(&mut file, hasher)?;
        return Ok(());
    }
    let mut entries = fs::read_dir(path)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        let name = name.as_encoded_bytes();
        if !name.starts_with(b".") {
            hasher.update(&(name.len() as u64).to_le_bytes()).update(name);
            content(&entry.path(), hasher)?;
        }
    }
    Ok(())
}

/// Every scenario of a block on a trace: policies x choices of options; all with the first seed.
pub(crate) fn scenarios(block: &ReplayBlock, trace: &FoundTrace) -> Vec<Scenario> {
    let mut scenarios: Vec<Scenario> = Vec::new();
    let policies = block.policies.iter().map(|policy| Some(policy.text.clone()));
    let policies: Vec<_> = if block.policies.is_empty() { vec![None] } else { policies.collect() };
    for policy in policies {
        scenarios.push(Scenario {
            trace: trace.text.clone(),
            policy,
            options: Vec::new(),
            seed: block.seeds[0],
        });
    }
    for option in &block.options {
        let choices = std::mem::take(&mut scenarios);
        for scenario in choices {
            for value in &option.values {
                let mut chosen = scenario.clone();
                chosen.options.push((option.name.text.clone(), value.clone()));
                scenarios.push(chosen);
            }
        }
    }
    scenarios
}

/// A refusal with its place in the file.
pub(crate) fn refused(
    block: &ReplayBlock,
    entry: &Named,
    scenario: &Scenario,
    refusal: &Refusal,
) -> PlanError {
    let Refusal { field, message } = refusal;
    let of_policy =
        block.policies.iter().find(|named| Some(&named.text) == scenario.policy.as_ref());
    let of_option =
        block.options.iter().map(|option| &option.name).find(|name| name.text == *field);
    let (field, named) = match field.as_str() {
        "trace" => ("traces".to_owned(), Some(entry)),
        "policy" => ("policies".to_owned(), of_policy),
        "" => (String::new(), None),
        option => (format!("options.{option}"), of_option),
    };
    let place = named.map_or(&block.place, |named| &named.place).clone();
    let message = if field.is_empty() { message.clone() } else { format!("{field}: {message}") };
    PlanError::Replay { place, message }
}

/// The id of a replay: a hash of all that determines it. 32 hexadecimal digits.
pub(crate) fn replay_id(
    content: &str,
    accepted: &Accepted,
    seed: u64,
    limits: &Limits,
    repetition: u64,
) -> String {
    #[derive(Serialize)]
    struct Determined<'a> {
        schema: u32,
        trace: &'a str,
        policy: &'a str,
        replay: &'a vmpack_results::Replay,
        seed: u64,
        limits: &'a Limits,
        #[serde(skip_serializing_if = "Option::is_none")]
        repetition: Option<u64>,
    }
    let Accepted { policy, replay, .. } = accepted;
    let determined = Determined {
        schema: SCHEMA,
        trace: content,
        policy,
        replay,
        seed,
        limits,
        repetition: again(repetition),
    };
    digest(&determined)
}
