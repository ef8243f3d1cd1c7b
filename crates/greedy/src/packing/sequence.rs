//! The order in which VM types are placed.

use vmpack_model::packing::Instance;

use vmpack_cluster::{Measure, Scale};

/// In which order VM types are placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// As the instance lists them.
    Given,
    /// By decreasing measure of demand, ties as the instance lists them.
    Decreasing(Measure),
}

impl Order {
    /// The measure that goes with the order: the sum of fractions where none is named.
    pub(crate) fn measure(self) -> Measure {
        match self {
            Self::Given => Measure::L1,
            Self::Decreasing(measure) => measure,
        }
    }
}

/// VM types in the order of placement, each with its rows in the order of preference.
#[derive(Clone, Debug)]
pub(crate) struct Sequence {
    jobs: Vec<Job>,
    /// Rows of all jobs, job after job.
    rows: Vec<usize>,
    dimensions: usize,
    /// `jobs + 1` vectors: what the VMs from job `j` on demand in total, by their preferred rows.
    remaining: Vec<u64>,
    /// `jobs + 1` vectors: the least demand of any row from job `j` on.
    least: Vec<u64>,
}

/// All VMs of one type.
#[derive(Clone, Debug)]
struct Job {
    count: u64,
    rows: std::ops::Range<usize>,
}

impl Sequence {
    /// All VM types with VMs, in the given order. Alternatives are preferred by increasing measure, and
    /// the preferred one stands for the type.
    pub(crate) fn new(instance: &Instance, scale: &Scale, order: Order) -> Self {
        let counts: Vec<u64> = instance.vms().iter().map(|vm| vm.count).collect();
        Self::of(instance, scale, order, &counts)
    }

    /// The same for `counts` VMs of each type.
    pub(crate) fn of(instance: &Instance, scale: &Scale, order: Order, counts: &[u64]) -> Self {
        let measure = order.measure();
        let size = |&row: &usize| scale.measure(measure, instance.demand(row));
        let least = |&i: &usize| {
            let sizes = instance.vms()[i].rows.clone().map(|row| size(&row));
            std::cmp::Reverse(sizes.min())
        };
        let mut types: Vec<usize> = (0..counts.len()).filter(|&i| counts[i] > 0).collect();
        if let Order::Decreasing(_) = order {
            types.sort_by_cached_key(least);
        }
        Self::of_types(instance, types, counts, size)
    }

    /// VM types in this order, the alternatives of each preferred by increasing size.
    pub(crate) fn of_types<S: Ord>(
        instance: &Instance,
        types: impl IntoIterator<Item = usize>,
        counts: &[u64],
        size: impl Fn(&usize) -> S,
    ) -> Self {
        let (mut rows, mut jobs) = (Vec::new(), Vec::new());
        for i in types {
            let start = rows.len();
            rows.extend(instance.vms()[i].rows.clone());
            rows[start..].sort_by_key(&size);
            jobs.push(Job { count: counts[i], rows: start..rows.len() });
        }
        let d = instance.dimensions();
        let mut sequence = Self { jobs, rows, dimensions: d, remaining: vec![], least: vec![] };
        sequence.accumulate(instance);
        sequence
    }

    fn accumulate(&mut self, instance: &Instance) {
        let (n, d) = (self.jobs.len(), self.dimensions);
        self.remaining = vec![0; (n + 1) * d];
        self.least = vec![u64::MAX; (n + 1) * d];
        for j in (0..n).rev() {
            for k in 0..d {
                let demands = self.rows(j).iter().map(|&row| instance.demand(row)[k]);
                let least = demands.min().unwrap_or(u64::MAX);
                let preferred = instance.demand(self.rows(j)[0])[k];
                self.least[j * d + k] = least.min(self.least[(j + 1) * d + k]);
                self.remaining[j * d + k] =
                    self.remaining[(j + 1) * d + k] + preferred * self.jobs[j].count;
            }
        }
    }

    /// The number of VM types to place.
    pub(crate) fn len(&self) -> usize {
        self.jobs.len()
    }

    /// How many VMs the type has.
    pub(crate) fn count(&self, job: usize) -> u64 {
        self.jobs[job].count
    }

    /// The demand rows of the type in the order of preference; at least one.
    pub(crate) fn rows(&self, job: usize) -> &[usize] {
        &self.rows[self.jobs[job].rows.clone()]
    }

    /// What all VMs demand in total.
    pub(crate) fn demand(&self) -> &[u64] {
        &self.remaining[..self.dimensions]
    }

    /// The least demand per resource of any VM; the greatest integer if there is none.
    pub(crate) fn least(&self) -> &[u64] {
        &self.least[..self.dimensions]
    }

    /// What all VMs after `job` demand in total.
    pub(crate) fn demand_after(&self, job: usize) -> &[u64] {
        &self.remaining[(job + 1) * self.dimensions..(job + 2) * self.dimensions]
    }

    /// The least demand per resource of any VM after `job`; the greatest integer if there is none.
    pub(crate) fn least_after(&self, job: usize) -> &[u64] {
        &self.least[(job + 1) * self.dimensions..(job + 2) * self.dimensions]
    }
}
