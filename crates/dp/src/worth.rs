//! What a load on a host is worth.

use vmpack_model::packing::Instance;

/// What a load is worth: the sum over resources of its share of the greatest capacity, weighted by
/// how scarce the resource is, in integers.
///
/// The weight of a resource is its total demand in greatest capacities, so that the resource of
/// which hosts run out first counts most: the weights of Panigrahy, Talwar, Uyeda and Wieder,
/// *Heuristics for vector bin packing* (2011).
pub(crate) struct Worth {
    /// The worth of one unit, per resource.
    pub(crate) per_unit: Vec<u64>,
}

/// The worth of a full host in the scarcest resource.
const FULL: u128 = 1 << 52;

impl Worth {
    /// The weights for an instance.
    pub(crate) fn new(instance: &Instance) -> Self {
        let capacities = instance.capacities();
        let greatest: Vec<u128> = capacities
            .columns()
            .into_iter()
            .map(|column| u128::from(column.iter().copied().max().unwrap_or(0)).max(1))
            .collect();
        // Total demand in units of 1/1024 of the greatest capacity; it and twenty bits more fit.
        let scarcity: Vec<u128> = greatest
            .iter()
            .enumerate()
            .map(|(k, capacity)| {
                let least = |rows: std::ops::Range<usize>| {
                    rows.map(|row| instance.demand(row)[k]).min().unwrap_or(0)
                };
                let vms = instance.vms().iter();
                let total: u128 =
                    vms.map(|vm| u128::from(vm.count) * u128::from(least(vm.rows.clone()))).sum();
                (total * 1024 / capacity).max(1)
            })
            .collect();
        let scarcest = scarcity.iter().copied().max().unwrap_or(1);
        // A share of a scarcity below 2^20 keeps the products within 128 bits.
        let share = |scarcity: u128| (scarcity * (1 << 20) / scarcest).max(1);
        let per_unit = greatest
            .iter()
            .zip(&scarcity)
            .map(|(capacity, &scarcity)| {
                (((FULL * share(scarcity)) >> 20) / capacity).max(1) as u64
            })
            .collect();
        Self { per_unit }
    }

    /// The worth of a load.
    pub(crate) fn of(&self, load: &[u64]) -> u128 {
        let per_unit = self.per_unit.iter();
        load.iter().zip(per_unit).map(|(&x, &worth)| u128::from(x) * u128::from(worth)).sum()
    }
}
