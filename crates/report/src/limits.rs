//! Methods under several limits.

use std::collections::{BTreeMap, BTreeSet};

use vmpack_results::Record;

use crate::format;

/// Makes one method for each limit of wall time out of a method that ran under several on one instance, where it
/// would otherwise be averaged over them as over seeds: `cns` becomes `cns 1 s` and `cns 10 s`.
pub(crate) fn tell_apart(records: &mut [Record]) {
    let mut limits: BTreeMap<(&str, &str), BTreeSet<u64>> = BTreeMap::new();
    for r in records.iter() {
        limits.entry((&r.method, &r.instance_hash)).or_default().insert(r.limits.wall_s.to_bits());
    }
    let several: BTreeSet<String> = limits
        .into_iter()
        .filter(|(_, limits)| limits.len() > 1)
        .map(|((method, _), _)| method.to_owned())
        .collect();
    for record in records.iter_mut().filter(|record| several.contains(&record.method)) {
        record.method = format!("{} {}", record.method, format::seconds(record.limits.wall_s));
    }
}
