//! Cutting stock with demands: few sizes, many of each.

use vmpack_model::AnyInstance;

use crate::items::Items;

use super::draw::Draw;
use super::parameters::integer;
use super::{GenerateError, Generated, Generator, ParameterSpec, Parameters};

/// Sizes uniform between two fractions of the capacity, and a total demand of `m * demand` shared out in
/// proportion to uniform draws: the generator CUTGEN1, with integer shares.
#[derive(Clone, Copy, Debug)]
pub(super) struct CuttingStock;

impl Generator for CuttingStock {
    fn name(&self) -> &'static str {
        "cutting-stock"
    }

    fn summary(&self) -> &'static str {
        "cutting stock: m sizes between two percentages of the capacity, each demanded many times"
    }

    fn reference(&self) -> &'static str {
        "T. Gau, G. Waescher: CUTGEN1: a problem generator for the standard one-dimensional cutting \
         stock problem. European Journal of Operational Research 84(3), 1995"
    }

    fn parameters(&self) -> &'static [ParameterSpec] {
        const PARAMETERS: &[ParameterSpec] = &[
            integer("m", "sizes drawn; equal ones are added up", 20, (1, 10_000)),
            integer("demand", "average demand for a size", 50, (1, 1_000_000)),
            integer("capacity", "capacity", 10_000, (1, 1_000_000)),
            integer("least", "least size, in per cent of the capacity", 1, (0, 100)),
            integer("greatest", "greatest size, in per cent of the capacity", 50, (1, 100)),
        ];
        PARAMETERS
    }

    fn generate(&self, parameters: &Parameters, seed: u64) -> Result<Generated, GenerateError> {
        let (m, demand) = (parameters.integer("m"), parameters.integer("demand"));
        let capacity = parameters.integer("capacity");
        let bound = |name: &str| (capacity * parameters.integer(name) / 100).max(1);
        let (least, greatest) = (bound("least"), bound("greatest"));
        if least > greatest {
            let reason = format!("the least size, {least}, exceeds the greatest, {greatest}");
            return Err(GenerateError::Combination { generator: self.name(), reason });
        }
        let mut draw = Draw::new(self.name(), seed);
        let sizes: Vec<u64> = (0..m).map(|_| draw.uniform(least, greatest)).collect();
        let shares: Vec<u64> = (0..m).map(|_| draw.uniform(1, 1_000_000)).collect();
        let mut items = Items::new(1);
        for (size, demand) in sizes.into_iter().zip(apportion(m * demand, &shares)) {
            items.add(vec![size], demand).expect("10^10 items of at most 10^6 fit 64 bits");
        }
        let instance = items.on_identical_hosts(self.name(), vec![capacity]);
        let instance = AnyInstance::Packing(instance.expect("the recipe makes valid instances"));
        Ok(Generated { instance, reference: None })
    }
}

/// Shares `total` out in proportion to the positive shares, at least one each; `total` is at least the
/// number of shares. What rounding leaves over goes to the first ones.
pub(super) fn apportion(total: u64, shares: &[u64]) -> Vec<u64> {
    let sum: u128 = shares.iter().map(|&share| u128::from(share)).sum();
    let free = total - shares.len() as u64;
    let part = |&share: &u64| 1 + (u128::from(free) * u128::from(share) / sum) as u64;
    let mut parts: Vec<u64> = shares.iter().map(part).collect();
    let left = total - parts.iter().sum::<u64>();
    parts.iter_mut().take(left as usize).for_each(|part| *part += 1);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apportioned_parts_add_up_and_follow_their_shares() {
        assert_eq!(apportion(3, &[1, 1000, 5]), [1, 1, 1]);
        assert_eq!(apportion(100, &[1, 1]), [50, 50]);
        let parts = apportion(1_000_003, &[1, 2, 7]);
        assert_eq!(parts.iter().sum::<u64>(), 1_000_003);
        assert!(parts[2] > 3 * parts[1] && parts[1] > parts[0]);
    }
}
