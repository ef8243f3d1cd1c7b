//! Methods under several limits.

use std::collections::{BTreeMap, BTreeSet};

use vmpack_results::Record;
use vmpack_results::stats::Clock;

use crate::format;

/// Makes one method for each limit of the clock out of a method that ran under several on one instance, where it
/// would otherwise be averaged over them as over seeds: `cns` becomes `cns 1 s` and `cns 10 s`.
pub(crate) fn tell_apart(records: &mut [Record], clock: Clock) {
    let limit = |record: &Record| clock.limit(&record.limits);
    let mut limits: BTreeMap<(&str, &str), BTreeSet<u64>> = BTreeMap::new();
    for r in records.iter() {
        limits.entry((&r.method, &r.instance_hash)).or_default().insert(limit(r).to_bits());
    }
    let several: BTreeSet<String> = limits
        .into_iter()
        .filter(|(_, limits)| limits.len() > 1)
        .map(|((method, _), _)| method.to_owned())
        .collect();
    for record in records.iter_mut().filter(|record| several.contains(&record.method)) {
        record.method = format!("{} {}", record.method, format::seconds(limit(record)));
    }
}
