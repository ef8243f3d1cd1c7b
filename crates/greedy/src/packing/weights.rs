//! Weights of resources: how much a full processor counts against full memory.

use vmpack_cluster::Scale;
use vmpack_model::packing::Instance;

/// How the weights of resources follow from the VMs. All of them are relative to the largest host: demands are
/// fractions of its capacity, which is the weighting by the reciprocal of capacities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weights {
    /// All alike.
    Unit,
    /// By the average demand.
    Average,
    /// By `exp(0.01 a)` for an average demand of `a` thousandths.
    Exponential,
    /// By the reciprocal of the average demand.
    Reciprocal,
}

/// Weights, and whether they follow the VMs that remain while others are placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Weighing {
    pub(crate) weights: Weights,
    pub(crate) dynamic: bool,
}

/// Bits of a weight.
const BITS: u32 = 16;

/// `exp(0.01)` in units of `2^-32`.
const GROWTH: u128 = 4_338_132_515;

impl Weights {
    /// The weights for VMs that demand `totals`, fractions of the largest host in units of `2^-40`; they add up to
    /// about `2^16`.
    pub(crate) fn of(self, totals: &[u128], vms: u64) -> Vec<u64> {
        // At most 104 bits each, so that shifts and sums stay within 128.
        let raw = |&total: &u128| match self {
            Self::Unit => 1,
            Self::Average => total,
            Self::Exponential => {
                let thousandths = ((1000 * (total / u128::from(vms.max(1)))) >> 40).min(1000);
                (0..thousandths).fold(1 << 32, |power, _| (power * GROWTH) >> 32)
            }
            Self::Reciprocal => (1 << 104) / total.max(1),
        };
        let raw: Vec<u128> = totals.iter().map(raw).collect();
        let sum = raw.iter().sum::<u128>().max(1);
        // A resource that hardly counts still breaks ties.
        raw.iter().map(|x| ((x << BITS) / sum).max(1) as u64).collect()
    }
}

/// What sways a rule: the weights of resources, and chance.
#[derive(Clone, Debug)]
pub(crate) struct Bias {
    pub(crate) weighing: Weighing,
    /// Per resource, a factor of its weight; none if empty.
    pub(crate) resources: Vec<u64>,
    /// Per demand row, a factor of its size or preference; none if empty.
    pub(crate) rows: Vec<u64>,
    /// How many fills of a host are compared by rules that take one host after the other, and the seed of what differs.
    pub(crate) fills: u32,
    pub(crate) seed: u64,
}

/// The factor that changes nothing.
pub(crate) const FACTOR_ONE: u64 = 1 << 8;

impl Default for Bias {
    /// By the average demand of all VMs, nothing by chance.
    fn default() -> Self {
        Self::new(Weighing { weights: Weights::Average, dynamic: false })
    }
}

impl Bias {
    /// Nothing by chance.
    pub(crate) fn new(weighing: Weighing) -> Self {
        Self { weighing, resources: Vec::new(), rows: Vec::new(), fills: 1, seed: 0 }
    }

    /// The scale of an instance with the weights for so many VMs of each type.
    pub(crate) fn scale(&self, instance: &Instance, scale: &Scale, counts: &[u64]) -> Scale {
        let mut totals = vec![0; instance.dimensions()];
        for (vm, &count) in instance.vms().iter().zip(counts) {
            scale.add(&mut totals, instance.demand(vm.rows.start), count);
        }
        let mut weights = self.weighing.weights.of(&totals, counts.iter().sum());
        for (weight, factor) in weights.iter_mut().zip(&self.resources) {
            *weight = (*weight * factor / FACTOR_ONE).clamp(1, 1 << BITS);
        }
        scale.clone().with_weights(weights)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_by_hand() {
        // One VM demands half of the first resource and an eighth of the second.
        let totals = [1 << 39, 1 << 37];
        assert_eq!(Weights::Unit.of(&totals, 1), [1 << 15, 1 << 15]);
        assert_eq!(Weights::Average.of(&totals, 1), [52_428, 13_107], "4 to 1");
        assert_eq!(Weights::Reciprocal.of(&totals, 1), [13_107, 52_428], "1 to 4");
        let ratio = |weights: Vec<u64>| weights[0] as f64 / weights[1] as f64;
        let exponential = ratio(Weights::Exponential.of(&totals, 1));
        assert!((exponential / 3.75_f64.exp() - 1.0).abs() < 1e-3, "{exponential}");
        let exponential = ratio(Weights::Exponential.of(&totals, 2));
        assert!((exponential / 1.88_f64.exp() - 1.0).abs() < 1e-2, "{exponential}");
        assert_eq!(Weights::Average.of(&[0, 0], 0), [1, 1]);
        assert_eq!(Weights::Reciprocal.of(&[0, 1 << 40], 1), [(1 << 16) - 1, 1]);
    }
}
