//! Falkenauer's triplets: every bin of an optimum holds three items that fill it exactly.

use vmpack_model::AnyInstance;

use crate::items::Items;

use super::draw::Draw;
use super::parameters::integer;
use super::{GenerateError, Generated, Generator, ParameterSpec, Parameters, by_construction};

/// The capacity; the paper writes sizes with one decimal and a capacity of 100.
const CAPACITY: u64 = 1000;

/// Each bin gets one item of 380..=490, a second of at least 250 and at most half of what is left, and
/// a third that fills it. The volume is that of `n / 3` full bins, which is therefore optimal.
#[derive(Clone, Copy, Debug)]
pub(super) struct FalkenauerTriplets;

impl Generator for FalkenauerTriplets {
    fn name(&self) -> &'static str {
        "falkenauer-triplets"
    }

    fn summary(&self) -> &'static str {
        "bin packing: triplets that fill bins of capacity 1000 exactly; the optimum is n/3"
    }

    fn reference(&self) -> &'static str {
        "E. Falkenauer: A hybrid grouping genetic algorithm for bin packing. Journal of Heuristics \
         2(1), 1996, section 4.2"
    }

    fn parameters(&self) -> &'static [ParameterSpec] {
        const PARAMETERS: &[ParameterSpec] = &[integer(
            "n",
            "items, a multiple of 3; 60, 120, 249 and 501 in the paper",
            120,
            (3, 999_999),
        )];
        PARAMETERS
    }

    fn generate(&self, parameters: &Parameters, seed: u64) -> Result<Generated, GenerateError> {
        let n = parameters.integer("n");
        if !n.is_multiple_of(3) {
            let reason = format!("n must be a multiple of 3, found {n}");
            return Err(GenerateError::Combination { generator: self.name(), reason });
        }
        let mut draw = Draw::new(self.name(), seed);
        let mut sizes = Vec::new();
        for _ in 0..n / 3 {
            let first = draw.uniform(380, 490);
            let left = CAPACITY - first;
            let second = draw.uniform(250, left / 2);
            sizes.extend([first, second, left - second]);
        }
        draw.shuffle(&mut sizes);
        let mut items = Items::new(1);
        for size in sizes {
            items.add(vec![size], 1).expect("a million items of at most 1000 fit 64 bits");
        }
        let instance = items.on_identical_hosts(self.name(), vec![CAPACITY]);
        let instance = AnyInstance::Packing(instance.expect("the recipe makes valid instances"));
        Ok(Generated { instance, reference: Some(by_construction(n / 3)) })
    }
}
