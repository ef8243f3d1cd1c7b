//! Sizes of demand and capacity vectors as single integers, comparable on every machine.

use vmpack_model::packing::Instance;

/// How a vector of demands or free capacities becomes one number. Every entry is first divided by the
/// largest capacity that a host type has of the resource, so that all entries are in 0..=1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// The sum of the entries.
    L1,
    /// The sum of the squared entries; orders as the Euclidean norm does.
    L2,
    /// The greatest entry.
    Linf,
    /// The product of the entries.
    Product,
    /// The sum of the entries, each times the share of its resource in the total demand: the *average
    /// sum* of Panigrahy et al. (2011).
    AverageSum,
    /// The sum of the squared entries, each times the weight of its resource.
    WeightedL2,
    /// The greatest entry, each times the weight of its resource.
    WeightedLinf,
}

/// A fraction of capacity in fixed point: this integer stands for 1.
const ONE_BITS: u32 = 60;

/// The weights of all resources add up to about this.
const WEIGHT_BITS: u32 = 16;

/// Turns amounts of resources into shares of the largest host.
#[derive(Clone, Debug)]
pub(crate) struct Shares {
    /// Per resource: largest capacity, and a multiplier and shift that divide by it.
    units: Vec<(u64, u64, u32)>,
}

impl Shares {
    /// A share of one is `2^BITS`.
    pub(crate) const BITS: u32 = ONE_BITS;

    /// For hosts with up to `largest` of each resource.
    pub(crate) fn new(largest: &[u64]) -> Self {
        Self { units: largest.iter().map(|&most| reciprocal(most)).collect() }
    }

    /// The share of an amount of resource `k`; monotone, and one for amounts beyond the largest.
    pub(crate) fn of(&self, k: usize, amount: u64) -> u64 {
        let (largest, multiplier, shift) = self.units[k];
        ((u128::from(amount.min(largest)) * u128::from(multiplier)) >> shift) as u64
    }
}

/// Turns vectors of an instance into integers.
#[derive(Clone, Debug)]
pub struct Scale {
    shares: Shares,
    /// Per resource: its share in the total demand, in units of `2^-WEIGHT_BITS`.
    weights: Vec<u64>,
}

impl Scale {
    /// The scale of an instance.
    pub fn new(instance: &Instance) -> Self {
        let largest = |k: usize| instance.capacities().column(k).iter().copied().max().unwrap_or(0);
        let shares = Shares::new(&(0..instance.dimensions()).map(largest).collect::<Vec<_>>());
        let scale = Self { shares, weights: Vec::new() };
        let mut demands = vec![0_u128; instance.dimensions()];
        for vm in instance.vms() {
            scale.add(&mut demands, instance.demand(vm.rows.start), vm.count);
        }
        let sum = demands.iter().sum::<u128>().max(1);
        // A resource that hardly anybody demands still breaks ties.
        let weights = demands.iter().map(|share| ((share << WEIGHT_BITS) / sum).max(1) as u64);
        scale.with_weights(weights.collect())
    }

    /// The same with other weights of the resources, at most `2^16` each.
    ///
    /// # Panics
    /// If a weight is greater.
    #[must_use]
    pub fn with_weights(mut self, weights: Vec<u64>) -> Self {
        assert!(weights.iter().all(|&weight| weight <= 1 << WEIGHT_BITS), "weights of 16 bits");
        self.weights = weights;
        self
    }

    /// Adds the demands of `count` VMs to sums per resource, as fractions of the largest capacity in units of
    /// `2^-40`.
    pub fn add(&self, sums: &mut [u128], demand: &[u64], count: u64) {
        let units = self.shares.units.iter();
        for ((sum, &demand), &(largest, ..)) in sums.iter_mut().zip(demand).zip(units) {
            let total = u128::from(demand) * u128::from(count);
            *sum += (total << 40) / u128::from(largest.max(1));
        }
    }

    /// The weights of the resources: the share of each in the total demand, unless others were given. In fixed
    /// point, at most `2^16`.
    pub fn weights(&self) -> &[u64] {
        &self.weights
    }

    /// An amount of resource `k` as a fraction of the largest capacity, in units of `2^-60`. Monotone;
    /// amounts beyond the largest capacity count as 1.
    pub fn fraction(&self, k: usize, amount: u64) -> u64 {
        self.shares.of(k, amount)
    }

    /// The dot product of the fractions of two vectors, each term times the share of its resource in the total
    /// demand; monotone in every entry.
    pub fn dot(&self, demand: &[u64], free: &[u64]) -> u128 {
        let fraction = |k, amount| u128::from(self.fraction(k, amount) >> 16);
        let terms = demand.iter().zip(free).zip(&self.weights).enumerate();
        terms
            .map(|(k, ((&demand, &free), &weight))| {
                fraction(k, demand) * fraction(k, free) * u128::from(weight)
            })
            .sum()
    }

    /// The measure of a vector; monotone in every entry.
    pub fn measure(&self, measure: Measure, vector: &[u64]) -> u128 {
        let fractions =
            vector.iter().enumerate().map(|(k, &amount)| u128::from(self.fraction(k, amount)));
        match measure {
            Measure::L1 => fractions.sum(),
            Measure::L2 => fractions.fold(0, |sum, x| sum.saturating_add(x * x)),
            Measure::Linf => fractions.max().unwrap_or(0),
            Measure::Product => {
                fractions.fold(1 << ONE_BITS, |product, x| (product * x) >> ONE_BITS)
            }
            Measure::AverageSum => {
                fractions.zip(&self.weights).map(|(x, &weight)| x * u128::from(weight)).sum()
            }
            // Squares of 80 bits and weights of 16.
            Measure::WeightedL2 => {
                let fractions = fractions.map(|x| x >> 20).zip(&self.weights);
                fractions.map(|(x, &weight)| x * x * u128::from(weight)).sum()
            }
            Measure::WeightedLinf => {
                let weighted = fractions.zip(&self.weights);
                weighted.map(|(x, &weight)| x * u128::from(weight)).max().unwrap_or(0)
            }
        }
    }
}

/// `(c, multiplier, shift)` so that `x * multiplier >> shift` is `x / c` in units of `2^-60`.
fn reciprocal(c: u64) -> (u64, u64, u32) {
    if c == 0 {
        return (0, 0, 0);
    }
    // As many bits of precision as 64 allow: the multiplier is between 2^62 and 2^63.
    let shift = u64::BITS - c.leading_zeros() + 2;
    let multiplier = (1_u128 << (ONE_BITS + shift)) / u128::from(c);
    (c, multiplier as u64, shift)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn fractions_are_monotone_and_accurate(c in 1_u64.., a: u64, b: u64) {
            let instance = Instance::identical_hosts("", &[c], &[]).expect("valid");
            let scale = Scale::new(&instance);
            let (a, b) = (a % (c / 2 + 1), b % (c / 2 + 1));
            let (small, large) = (a.min(b), a.max(b));
            prop_assert!(scale.fraction(0, small) <= scale.fraction(0, large));
            prop_assert!(c > 1 << 59 || small == large
                || scale.fraction(0, small) < scale.fraction(0, large));
            let exact = (u128::from(a) << 60) / u128::from(c);
            prop_assert!(exact.abs_diff(u128::from(scale.fraction(0, a))) <= 1);
            // Fractions of parts never add up to more than the fraction of the whole, up to rounding.
            prop_assert!(scale.fraction(0, a) + scale.fraction(0, b) <= scale.fraction(0, a + b) + 1);
        }
    }

    #[test]
    fn measures_order_as_their_norms() {
        let instance = Instance::identical_hosts("", &[10, 100], &[]).expect("valid");
        let scale = Scale::new(&instance);
        let (flat, tall) = ([5, 50], [1, 80]);
        let less = |measure| scale.measure(measure, &flat) < scale.measure(measure, &tall);
        assert!(!less(Measure::L1), "1.0 against 0.9");
        assert!(less(Measure::L2), "0.50 against 0.65");
        assert!(less(Measure::Linf), "0.5 against 0.8");
        assert!(!less(Measure::Product), "0.25 against 0.08");
    }
}
