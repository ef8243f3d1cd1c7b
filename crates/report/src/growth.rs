//! Time and memory against the number of VMs, dataset by dataset.

use std::collections::BTreeMap;

use vmpack_results::stats::{self, PowerLaw};
use vmpack_results::{Measurement, Record};

use crate::data::Data;

/// What one method took on instances of one dataset.
pub(crate) struct Growth<'a> {
    pub(crate) dataset: &'a str,
    /// An index into the methods of the data.
    pub(crate) method: usize,
    /// In the order of size; at least [`LEAST_SIZES`].
    pub(crate) sizes: Vec<Size>,
    /// The power laws of CPU time, wall time and memory over the largest sizes; of memory beyond what the smallest
    /// takes, where it grows.
    pub(crate) laws: Taken<Option<PowerLaw>>,
    /// The sizes that they are of: from the first to the last.
    pub(crate) fitted: (f64, f64),
}

/// What instances of one size took, in the geometric mean.
pub(crate) struct Size {
    pub(crate) vms: f64,
    pub(crate) taken: Taken<f64>,
}

/// Seconds of solving alone, and peak resident memory of the process in bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Taken<T> {
    pub(crate) cpu: T,
    pub(crate) wall: T,
    pub(crate) memory: T,
}

/// Fewer sizes than this, or sizes that span less than [`LEAST_SPAN`], show no growth.
const LEAST_SIZES: usize = 3;
const LEAST_SPAN: f64 = 10.0;
/// Datasets whose instances span less were not made to show growth: what differs there is mostly the kind of instance.
const LEAST_DATASET_SPAN: f64 = 1000.0;
/// The exponent is of the sizes from the greatest down to one of so many parts of it: small ones show what the
/// start of a program takes.
const FITTED_SPAN: f64 = 100.0;
/// Memory that grows less than so many times is that of the program, which is not taken off then.
const MEMORY_GROWN: f64 = 2.0;
/// The shortest time that is more than noise.
const LEAST_SECONDS: f64 = 1e-6;

/// The growth of every method on every dataset that shows one.
pub(crate) fn growths<'a>(data: &Data<'a>) -> Vec<Growth<'a>> {
    let mut found = Vec::new();
    for dataset in data.datasets() {
        let runs = data.methods.iter().flat_map(|m| &m.runs);
        let all = sizes(runs.copied().filter(|run| run.dataset == dataset));
        if span(&all) < LEAST_DATASET_SPAN {
            continue;
        }
        for (method, m) in data.methods.iter().enumerate() {
            let answered = m.runs.iter().filter(|r| r.dataset == dataset && r.is_answered());
            let sizes = sizes(answered.copied());
            if sizes.len() >= LEAST_SIZES && span(&sizes) >= LEAST_SPAN {
                let (laws, fitted) = laws(&sizes);
                found.push(Growth { dataset, method, sizes, laws, fitted });
            }
        }
    }
    found
}

/// The greatest size over the smallest.
fn span(sizes: &[Size]) -> f64 {
    sizes.first().zip(sizes.last()).map_or(1.0, |(least, most)| most.vms / least.vms)
}

fn sizes<'a>(records: impl Iterator<Item = &'a Record>) -> Vec<Size> {
    let mut by_size: BTreeMap<u64, Vec<&Measurement>> = BTreeMap::new();
    for record in records {
        by_size.entry(record.features.vms.max(1)).or_default().push(&record.measurement);
    }
    let size = |(vms, runs): (u64, Vec<&Measurement>)| {
        let of = |value: &dyn Fn(&Measurement) -> f64| {
            let values: Vec<f64> = runs.iter().map(|run| value(run)).collect();
            stats::geometric_mean(&values).unwrap_or(0.0)
        };
        Size {
            vms: vms as f64,
            taken: Taken {
                cpu: of(&|run| run.cpu_s.max(LEAST_SECONDS)),
                wall: of(&|run| run.wall_s.max(LEAST_SECONDS)),
                memory: of(&|run| run.peak_rss_bytes.max(1) as f64),
            },
        }
    };
    by_size.into_iter().map(size).collect()
}

/// The laws, and the range of sizes that they are of.
fn laws(sizes: &[Size]) -> (Taken<Option<PowerLaw>>, (f64, f64)) {
    let greatest = sizes.last().map_or(0.0, |size| size.vms);
    let large: Vec<&Size> =
        sizes.iter().filter(|size| size.vms * FITTED_SPAN >= greatest * (1.0 - 1e-9)).collect();
    let of = |value: &dyn Fn(&Taken<f64>) -> f64| {
        let points: Vec<(f64, f64)> = large.iter().map(|s| (s.vms, value(&s.taken))).collect();
        (points.len() >= LEAST_SIZES).then(|| stats::power_law(&points)).flatten()
    };
    let memory = |size: Option<&Size>| size.map_or(0.0, |size| size.taken.memory);
    let (least, most) = (memory(sizes.first()), memory(sizes.last()));
    let program = if most >= MEMORY_GROWN * least { least } else { 0.0 };
    let laws =
        Taken { cpu: of(&|t| t.cpu), wall: of(&|t| t.wall), memory: of(&|t| t.memory - program) };
    (laws, (large.first().map_or(greatest, |size| size.vms), greatest))
}
