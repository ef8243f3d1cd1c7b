//! Ratios of new to old, as geometric means over instances.

use std::collections::{BTreeMap, BTreeSet};

use super::pairs::Pair;
use super::run::Mentioned;
use super::{CompareOptions, Compared, Measure, Ratio};
use crate::stats::{Clock, Resampling, bootstrap, holm, mean, wilcoxon};

/// The logarithm of a ratio of a method on an instance, both by numbers of texts.
struct Cell {
    method: u32,
    instance: u32,
    log: f64,
}

/// Everything that both sides of some pair have, by measure. Pairs are sorted by method and instance.
pub(super) fn measures(
    mentioned: &Mentioned,
    pairs: &[Pair<'_>],
    clock: Clock,
    options: &CompareOptions,
) -> Vec<Compared> {
    let counters = pairs.iter().flat_map(|pair| pair.old).flat_map(super::run::Run::counters);
    let counters: BTreeSet<u32> = counters.collect();
    let counters: BTreeSet<&str> =
        counters.into_iter().map(|name| mentioned.text_of(name)).collect();
    let plain = [Measure::Time, Measure::Cost, Measure::Bound, Measure::Memory];
    let counters = counters.into_iter().map(|name| Measure::Counter(name.to_owned()));
    let compared = plain.into_iter().chain(counters).map(|measure| {
        let of_cell = |a: &Pair<'_>, b: &Pair<'_>| {
            let (a, b) = (a.asked(), b.asked());
            (a.method, a.instance) == (b.method, b.instance)
        };
        // Several logarithms where there are several seeds or limits.
        let cells = pairs.chunk_by(of_cell).filter_map(|pairs| {
            let logs: Vec<f64> = pairs
                .iter()
                .filter_map(|pair| measure.log_ratio(mentioned, *pair, clock, options.shift_s))
                .collect();
            let asked = pairs[0].asked();
            Some(Cell { method: asked.method, instance: asked.instance, log: mean(&logs)? })
        });
        let cells: Vec<Cell> = cells.collect();
        Compared { measure, ratios: ratios(mentioned, &cells, options.resampling) }
    });
    compared.filter(|compared| !compared.ratios.is_empty()).collect()
}

fn ratios(mentioned: &Mentioned, cells: &[Cell], resampling: Resampling) -> Vec<Ratio> {
    let mut instances: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for cell in cells {
        instances.entry(mentioned.text_of(cell.instance)).or_default().push(cell.log);
    }
    let together: Vec<f64> = instances.values().filter_map(|logs| mean(logs)).collect();
    let mut ratios: Vec<Ratio> =
        (!together.is_empty()).then(|| ratio(None, &together, resampling)).into_iter().collect();
    let each: Vec<Ratio> = cells
        .chunk_by(|a, b| a.method == b.method)
        .map(|cells| {
            let logs: Vec<f64> = cells.iter().map(|cell| cell.log).collect();
            ratio(Some(mentioned.text_of(cells[0].method)), &logs, resampling)
        })
        .collect();
    let corrected = holm(&each.iter().map(|ratio| ratio.p).collect::<Vec<_>>());
    ratios.extend(each.into_iter().zip(corrected).map(|(ratio, p)| Ratio { p, ..ratio }));
    ratios
}

fn ratio(method: Option<&str>, logs: &[f64], resampling: Resampling) -> Ratio {
    let rows: Vec<[f64; 1]> = logs.iter().map(|&log| [log]).collect();
    let interval = bootstrap(&rows, resampling, |[log]| [log.exp()]);
    let pairs: Vec<(f64, f64)> = logs.iter().map(|&log| (log, 0.0)).collect();
    Ratio {
        method: method.map(str::to_owned),
        instances: logs.len() as u64,
        ratio: mean(logs).unwrap_or(0.0).exp(),
        interval: interval.map(|[interval]| [interval.low, interval.high]),
        p: wilcoxon(&pairs),
    }
}
