//! Falkenauer's uniform bin packing class.

use vmpack_model::AnyInstance;

use crate::items::Items;

use super::draw::Draw;
use super::parameters::integer;
use super::{GenerateError, Generated, Generator, ParameterSpec, Parameters};

/// Sizes uniform on 20..=100, capacity 150.
#[derive(Clone, Copy, Debug)]
pub(super) struct FalkenauerUniform;

impl Generator for FalkenauerUniform {
    fn name(&self) -> &'static str {
        "falkenauer-uniform"
    }

    fn summary(&self) -> &'static str {
        "bin packing: sizes uniform on 20..100, capacity 150"
    }

    fn reference(&self) -> &'static str {
        "E. Falkenauer: A hybrid grouping genetic algorithm for bin packing. Journal of Heuristics \
         2(1), 1996, section 4.1"
    }

    fn parameters(&self) -> &'static [ParameterSpec] {
        const PARAMETERS: &[ParameterSpec] =
            &[integer("n", "items; 120, 250, 500 and 1000 in the paper", 120, (1, 1_000_000))];
        PARAMETERS
    }

    fn generate(&self, parameters: &Parameters, seed: u64) -> Result<Generated, GenerateError> {
        let mut draw = Draw::new(self.name(), seed);
        let mut items = Items::new(1);
        for _ in 0..parameters.integer("n") {
            let size = draw.uniform(20, 100);
            items.add(vec![size], 1).expect("a million items of at most 100 fit 64 bits");
        }
        let instance = items.on_identical_hosts(self.name(), vec![150]);
        let instance = AnyInstance::Packing(instance.expect("the recipe makes valid instances"));
        Ok(Generated { instance, reference: None })
    }
}
