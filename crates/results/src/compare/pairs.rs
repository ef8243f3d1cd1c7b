//! Runs of the same in two stores.

use std::collections::BTreeMap;

use crate::Record;

/// What a run was asked: runs of two stores that share it are compared, whatever their ids.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Asked<'a> {
    pub(super) method: &'a str,
    /// The hash of the instance's content.
    pub(super) instance: &'a str,
    seed: u64,
    /// Limits, and the settings of a replay, as records have them.
    rest: String,
}

impl<'a> Asked<'a> {
    fn of(record: &'a Record) -> Self {
        let rest = serde_json::to_string(&(&record.limits, &record.replay));
        Self {
            method: &record.method,
            instance: &record.instance_hash,
            seed: record.seed,
            rest: rest.expect("plain data with string keys"),
        }
    }
}

/// Runs of the same, repetitions of it each.
pub(super) struct Pair<'a> {
    pub(super) asked: Asked<'a>,
    pub(super) old: Vec<&'a Record>,
    pub(super) new: Vec<&'a Record>,
}

/// The pairs in order of method, instance and seed, and the runs without a partner in the old and the new store.
pub(super) fn pairs<'a>(
    old: &'a [Record],
    new: &'a [Record],
) -> (Vec<Pair<'a>>, [Vec<&'a Record>; 2]) {
    let mut groups: BTreeMap<Asked<'a>, [Vec<&'a Record>; 2]> = BTreeMap::new();
    for (side, records) in [old, new].into_iter().enumerate() {
        for record in records {
            groups.entry(Asked::of(record)).or_default()[side].push(record);
        }
    }
    let (mut pairs, mut alone) = (Vec::new(), [Vec::new(), Vec::new()]);
    for (asked, [old, new]) in groups {
        if new.is_empty() {
            alone[0].extend(old);
        } else if old.is_empty() {
            alone[1].extend(new);
        } else {
            pairs.push(Pair { asked, old, new });
        }
    }
    (pairs, alone)
}
