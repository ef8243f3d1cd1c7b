//! Vector packing in any number of dimensions, after Panigrahy, Talwar, Uyeda and Wieder.

use vmpack_model::AnyInstance;

use crate::items::Items;

use super::caprara_toth::{CORRELATED_CAPACITY, UNIFORM_CLASSES, anti_correlated, correlated};
use super::draw::Draw;
use super::parameters::integer;
use super::{GenerateError, Generated, Generator, ParameterSpec, Parameters};

/// Classes 1 to 8 carry those of Caprara and Toth over to `d` dimensions (7 and 8 pair up the dimensions;
/// an odd last one is drawn alone), class 9 has items of very different shape.
#[derive(Clone, Copy, Debug)]
pub(super) struct Panigrahy;

impl Generator for Panigrahy {
    fn name(&self) -> &'static str {
        "panigrahy"
    }

    fn summary(&self) -> &'static str {
        "vector packing in d dimensions: uniform, pairwise correlated and skewed classes"
    }

    fn reference(&self) -> &'static str {
        "R. Panigrahy, K. Talwar, L. Uyeda, U. Wieder: Heuristics for vector bin packing. Microsoft \
         Research, 2011, section 5; as C. Mommessin, T. Erlebach, N. Shakhlevich (Computers & \
         Operations Research, 2025) generate them"
    }

    fn parameters(&self) -> &'static [ParameterSpec] {
        const PARAMETERS: &[ParameterSpec] = &[
            integer("class", "class", 1, (1, 9)),
            integer("d", "dimensions", 3, (1, 100)),
            integer("n", "items", 40, (1, 100_000)),
        ];
        PARAMETERS
    }

    fn generate(&self, parameters: &Parameters, seed: u64) -> Result<Generated, GenerateError> {
        let class = parameters.integer("class");
        let d = parameters.integer("d") as usize;
        let mut draw = Draw::new(self.name(), seed);
        let mut items = Items::new(d);
        let mut capacity = CORRELATED_CAPACITY;
        for _ in 0..parameters.integer("n") {
            let size = match class {
                7 => paired(&mut draw, d, correlated),
                8 => paired(&mut draw, d, anti_correlated),
                9 => {
                    capacity = SKEWED_CAPACITY;
                    skewed(&mut draw, d)
                }
                class => {
                    let (least, greatest, size) = UNIFORM_CLASSES[class as usize - 1];
                    capacity = size;
                    (0..d).map(|_| draw.uniform(least, greatest)).collect()
                }
            };
            items.add(size, 1).expect("10^5 items of at most 1000 fit 64 bits");
        }
        let instance = items.on_identical_hosts(self.name(), vec![capacity; d]);
        let instance = AnyInstance::Packing(instance.expect("the recipe makes valid instances"));
        Ok(Generated { instance, reference: None })
    }
}

fn paired(draw: &mut Draw, d: usize, pair: fn(&mut Draw) -> [u64; 2]) -> Vec<u64> {
    let mut size: Vec<u64> = (0..d / 2).flat_map(|_| pair(draw)).collect();
    if !d.is_multiple_of(2) {
        size.push(draw.uniform(20, 100));
    }
    size
}

/// The capacity of class 9.
const SKEWED_CAPACITY: u64 = 100;

/// Class 9: `2 d` balls are thrown into the `d` dimensions; a size is a common factor of 10..=40 times the
/// balls, plus 0 or 1. Items beyond the capacity are drawn again.
fn skewed(draw: &mut Draw, d: usize) -> Vec<u64> {
    loop {
        let mut balls = vec![0; d];
        for _ in 0..2 * d {
            balls[draw.index(d)] += 1;
        }
        let factor = draw.uniform(10, 40);
        let size: Vec<u64> =
            balls.iter().map(|count| factor * count + draw.uniform(0, 1)).collect();
        if size.iter().all(|&size| size <= SKEWED_CAPACITY) {
            return size;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::generate;

    #[test]
    fn every_class_fits_its_hosts_in_every_dimension() {
        for class in 1..=9 {
            for d in [1, 2, 5, 10] {
                let given = [("class", class), ("d", d), ("n", 50)];
                let given = given.map(|(name, value)| (name.to_owned(), value.into())).into();
                let generated = generate("panigrahy", &given, 1).expect("valid parameters");
                let AnyInstance::Packing(instance) = generated.instance else {
                    panic!("a packing instance")
                };
                assert_eq!(instance.dimensions(), d as usize);
                assert_eq!(instance.total_vms(), 50);
                assert!((0..instance.rows()).all(|row| instance.fits(row, 0)), "class {class}");
            }
        }
    }
}
