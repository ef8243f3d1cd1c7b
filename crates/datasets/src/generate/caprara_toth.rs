//! The ten classes of two-dimensional vector packing of Caprara and Toth.

use vmpack_model::AnyInstance;

use crate::items::Items;

use super::draw::Draw;
use super::parameters::integer;
use super::{GenerateError, Generated, Generator, ParameterSpec, Parameters, by_construction};

/// Classes 1 to 6 draw both sizes alike, 7 correlates and 8 anti-correlates them, 9 shrinks the capacities
/// of class 1 until the volume just fills the hosts, 10 cuts full hosts into triplets.
#[derive(Clone, Copy, Debug)]
pub(super) struct CapraraToth;

/// Sizes of the classes 1 to 6: least, greatest, capacity.
pub(super) const UNIFORM_CLASSES: [(u64, u64, u64); 6] = [
    (100, 400, 1000),
    (1, 1000, 1000),
    (200, 800, 1000),
    (50, 200, 1000),
    (25, 100, 1000),
    (20, 100, 150),
];

/// The capacity of the classes 7 and 8.
pub(super) const CORRELATED_CAPACITY: u64 = 150;

/// A pair of sizes of class 7, where the second follows the first.
pub(super) fn correlated(draw: &mut Draw) -> [u64; 2] {
    let first = draw.uniform(20, 100);
    [first, draw.uniform(first - 10, first + 10)]
}

/// A pair of sizes of class 8, where the second complements the first.
pub(super) fn anti_correlated(draw: &mut Draw) -> [u64; 2] {
    let first = draw.uniform(20, 100);
    [first, draw.uniform(110 - first, 130 - first)]
}

impl Generator for CapraraToth {
    fn name(&self) -> &'static str {
        "caprara-toth-2d"
    }

    fn summary(&self) -> &'static str {
        "two-dimensional vector packing: uniform, correlated, anti-correlated and triplet classes"
    }

    fn reference(&self) -> &'static str {
        "A. Caprara, P. Toth: Lower bounds and algorithms for the 2-dimensional vector packing \
         problem. Discrete Applied Mathematics 111(3), 2001, section 6"
    }

    fn parameters(&self) -> &'static [ParameterSpec] {
        const PARAMETERS: &[ParameterSpec] = &[
            integer("class", "class of the paper", 1, (1, 10)),
            integer("n", "items; a multiple of 3 in class 10", 24, (1, 1_000_000)),
        ];
        PARAMETERS
    }

    fn generate(&self, parameters: &Parameters, seed: u64) -> Result<Generated, GenerateError> {
        let (class, n) = (parameters.integer("class"), parameters.integer("n"));
        let mut draw = Draw::new(self.name(), seed);
        let mut sizes: Vec<[u64; 2]> = Vec::new();
        let mut capacity = [CORRELATED_CAPACITY; 2];
        let mut reference = None;
        match class {
            7 => sizes.extend((0..n).map(|_| correlated(&mut draw))),
            8 => sizes.extend((0..n).map(|_| anti_correlated(&mut draw))),
            10 => {
                if !n.is_multiple_of(3) {
                    let reason = format!("class 10 needs n to be a multiple of 3, found {n}");
                    return Err(GenerateError::Combination { generator: self.name(), reason });
                }
                capacity = [100; 2];
                for _ in 0..n / 3 {
                    let first = [draw.uniform(25, 50), draw.uniform(25, 50)];
                    let second = [draw.uniform(25, 50), draw.uniform(25, 50)];
                    let third = [0, 1].map(|k| capacity[k] - first[k] - second[k]);
                    sizes.extend([first, second, third]);
                }
                draw.shuffle(&mut sizes);
                reference = Some(by_construction(n / 3));
            }
            _ => {
                // Class 9 has the sizes of class 1.
                let uniform = if class == 9 { 0 } else { class as usize - 1 };
                let (least, greatest, size) = UNIFORM_CLASSES[uniform];
                capacity = [size; 2];
                for _ in 0..n {
                    sizes.push([draw.uniform(least, greatest), draw.uniform(least, greatest)]);
                }
            }
        }
        if class == 9 {
            capacity = tight_capacity(&sizes, capacity[0]);
        }
        let mut items = Items::new(2);
        for size in sizes {
            items.add(size.to_vec(), 1).expect("a million items of at most 1000 fit 64 bits");
        }
        let instance = items.on_identical_hosts(self.name(), capacity.to_vec());
        let instance = AnyInstance::Packing(instance.expect("the recipe makes valid instances"));
        Ok(Generated { instance, reference })
    }
}

/// Capacities at which the volume of each resource just fills as many hosts as the fuller resource needs
/// at the given capacity; never below an item.
fn tight_capacity(sizes: &[[u64; 2]], capacity: u64) -> [u64; 2] {
    let total = [0, 1].map(|k| sizes.iter().map(|size| size[k]).sum::<u64>());
    let largest = [0, 1].map(|k| sizes.iter().map(|size| size[k]).max().unwrap_or(1));
    let hosts = total[0].max(total[1]).div_ceil(capacity);
    [0, 1].map(|k| total[k].div_ceil(hosts).max(largest[k]))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::generate::generate;

    fn class(class: i64, n: i64) -> (vmpack_model::packing::Instance, Generated) {
        let given = BTreeMap::from([("class".into(), class.into()), ("n".into(), n.into())]);
        let generated = generate("caprara-toth-2d", &given, 5).expect("valid parameters");
        let AnyInstance::Packing(instance) = generated.instance.clone() else {
            panic!("a packing instance")
        };
        (instance, generated)
    }

    #[test]
    fn sizes_follow_their_class() {
        for (index, (least, greatest, capacity)) in UNIFORM_CLASSES.into_iter().enumerate() {
            let (instance, _) = class(index as i64 + 1, 500);
            assert_eq!(instance.capacity(0), [capacity; 2]);
            assert_eq!(instance.total_vms(), 500);
            assert!(instance.demands().iter().all(|&size| (least..=greatest).contains(&size)));
        }
        for row in class(7, 500).0.demands().rows() {
            assert!(row[0].abs_diff(row[1]) <= 10);
        }
        for row in class(8, 500).0.demands().rows() {
            assert!((110..=130).contains(&(row[0] + row[1])));
        }
    }

    #[test]
    fn class_9_fills_its_hosts_and_class_10_perfectly() {
        let (instance, _) = class(9, 100);
        let total = |k: usize| -> u64 {
            instance
                .vms()
                .iter()
                .zip(instance.demands().column(k))
                .map(|(vm, s)| vm.count * s)
                .sum()
        };
        let hosts = total(0).max(total(1)).div_ceil(1000);
        assert!((0..2).all(|k| total(k).div_ceil(instance.capacity(0)[k]) == hosts));
        let (instance, generated) = class(10, 99);
        let total: u64 = instance
            .vms()
            .iter()
            .zip(instance.demands().column(0))
            .map(|(vm, s)| vm.count * s)
            .sum();
        assert_eq!(total, 33 * 100);
        assert_eq!(generated.reference.expect("planted").cost, 33_u64.into());
    }
}
