//! Weights of VM types from dual values, the bound that they prove, and what they rule out: in integers.

use vmpack_model::packing::{Certificate, Instance};
use vmpack_model::{Bound, Value};

use super::claim::{is_free, lift};
use crate::fractions;

/// Weights of which no host holds more than it may (Farley 1990), whatever the dual values that they come
/// from.
#[derive(Clone, Debug)]
pub(super) struct Weights {
    /// One weight per VM type.
    of_vm: Vec<u64>,
    /// What a unit of cost may weigh.
    scale: u64,
    /// What a host of each type may weigh beyond its cost.
    prices: Vec<u64>,
    /// `scale` times the bound, before it is rounded up; may be negative.
    worth: i128,
}

impl Weights {
    /// The strongest of several integer weights near the dual values per VM type: the fractions that these
    /// probably are, and fixed-point numbers. `heaviest` says how much a host of each type holds at most.
    pub(super) fn near(
        instance: &Instance,
        duals: &[f64],
        heaviest: impl Fn(&[u64]) -> Vec<u128>,
    ) -> Option<Self> {
        let prices: Vec<f64> = duals.iter().map(|&price| price.max(0.0)).collect();
        let exact = fractions::common(&prices).map(|(weights, _)| weights);
        let greatest = prices.iter().copied().fold(1.0, f64::max);
        let fixed = [24, 40]
            .into_iter()
            .filter(|&bits| greatest * 2_f64.powi(bits) < 2_f64.powi(60))
            .map(|bits| {
                prices.iter().map(|price| (price * 2_f64.powi(bits)).floor() as i64).collect()
            });
        exact
            .into_iter()
            .chain(fixed)
            .filter_map(|weights: Vec<i64>| {
                let of_vm =
                    weights.into_iter().map(u64::try_from).collect::<Result<_, _>>().ok()?;
                Self::prove(instance, of_vm, &heaviest)
            })
            .reduce(|best, other| if best.value() < other.value() { other } else { best })
    }

    /// The scale is the least at which no host of unlimited stock holds more than its cost; hosts of
    /// limited stock that hold more get a price, or the scale of all is raised instead, whichever proves
    /// more.
    fn prove(
        instance: &Instance,
        mut of_vm: Vec<u64>,
        heaviest: impl Fn(&[u64]) -> Vec<u128>,
    ) -> Option<Self> {
        let hosts = instance.hosts();
        for (vm, weight) in of_vm.iter_mut().enumerate() {
            // What a host gives away for nothing and without end has no weight; nor has a free VM.
            let given_away = (0..hosts.len()).any(|t| {
                let fits = || instance.vms()[vm].rows.clone().any(|row| instance.fits(row, t));
                hosts[t].cost == 0 && hosts[t].stock.is_none() && fits()
            });
            if given_away || is_free(instance, vm) {
                *weight = 0;
            }
        }
        let heaviest = heaviest(&of_vm);
        let scale = |all: bool| {
            let priced = hosts.iter().zip(&heaviest).filter(|(host, _)| {
                host.cost > 0 && host.stock != Some(0) && (all || host.stock.is_none())
            });
            let least = priced.map(|(host, heaviest)| heaviest.div_ceil(host.cost.into())).max();
            least.unwrap_or(1).max(1)
        };
        let vms = instance.vms().iter().zip(&of_vm);
        let total: u128 = vms.map(|(vm, &weight)| u128::from(vm.count) * u128::from(weight)).sum();
        [scale(false), scale(true)]
            .into_iter()
            .filter_map(|scale| {
                let mut worth = i128::try_from(total).ok()?;
                let mut prices = vec![0_u64; hosts.len()];
                for (t, host) in hosts.iter().enumerate().filter(|(_, host)| host.stock != Some(0))
                {
                    let over = heaviest[t].saturating_sub(scale * u128::from(host.cost));
                    prices[t] = u64::try_from(over).ok()?;
                    let paid = i128::try_from(over).ok()?;
                    let paid = paid.checked_mul(i128::from(host.stock.unwrap_or(0)))?;
                    worth = worth.checked_sub(paid)?;
                }
                let scale = u64::try_from(scale).ok()?;
                Some(Self { of_vm: of_vm.clone(), scale, prices, worth })
            })
            .reduce(|best, other| if best.value() < other.value() { other } else { best })
    }

    /// The bound as a fraction.
    fn value(&self) -> Option<Value> {
        Value::new(self.worth.max(0), i128::from(self.scale))
    }

    /// The bound with its certificate.
    pub(super) fn bound(&self, instance: &Instance) -> Option<Bound<Certificate>> {
        let of_row = |row| self.of_vm[instance.type_of_row(row)];
        let certificate = Certificate::DualWeights {
            weights: (0..instance.rows()).map(of_row).collect(),
            scale: self.scale,
            prices: self.prices.clone(),
        };
        Some(Bound::certified(lift(instance, self.value()?), certificate))
    }

    /// The weight of a VM type.
    pub(super) fn of(&self, vm: usize) -> i128 {
        self.of_vm[vm].into()
    }

    /// What a host of type `t` may weigh.
    pub(super) fn most(&self, instance: &Instance, t: usize) -> i128 {
        i128::from(self.scale) * i128::from(instance.hosts()[t].cost) + i128::from(self.prices[t])
    }

    /// Whether no placement of at most the given cost has a host that weighs less than it may by
    /// `slack`.
    ///
    /// All VMs together weigh what the hosts of a placement may weigh less their slacks, and stock costs
    /// its price at most: `scale * cost >= worth + slack`.
    pub(super) fn rules_out(&self, slack: i128, cost: u64) -> bool {
        slack > i128::from(self.scale) * i128::from(cost) - self.worth
    }
}
