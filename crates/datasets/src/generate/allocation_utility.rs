//! Allocation by utility: scarce hosts, and VMs that make different use of what they get.

use ndarray::Array2;
use vmpack_model::allocation::{Data, Instance, Objective, Utility, Vm};
use vmpack_model::{AnyInstance, Resource};

use super::draw::Draw;
use super::parameters::{integer, word};
use super::{GenerateError, Generated, Generator, ParameterSpec, Parameters};

/// CPU and memory in steps of these many millicores and MiB, so that amounts can be counted in quanta.
const QUANTA: [u64; 2] = [250, 256];

/// Every VM wants an amount and gains utility up to it in four quarters; hosts offer less than is wanted,
/// and never less than is reserved.
#[derive(Clone, Copy, Debug)]
pub(super) struct AllocationUtility;

impl Generator for AllocationUtility {
    fn name(&self) -> &'static str {
        "allocation-utility"
    }

    fn summary(&self) -> &'static str {
        "allocation: CPU and memory of scarce hosts by concave or stepped utility; feasible by \
         construction"
    }

    fn reference(&self) -> &'static str {
        "utilities as in W. Walsh, G. Tesauro, J. Kephart, R. Das: Utility functions in autonomic \
         systems, ICAC 2004"
    }

    fn parameters(&self) -> &'static [ParameterSpec] {
        const PARAMETERS: &[ParameterSpec] = &[
            integer("n", "VMs", 20, (1, 100_000)),
            integer("hosts", "hosts", 3, (1, 10_000)),
            integer("supply", "capacity in per cent of what is wanted", 60, (1, 200)),
            word("shape", "of the utilities", &["concave", "steps", "mixed"]),
        ];
        PARAMETERS
    }

    fn generate(&self, parameters: &Parameters, seed: u64) -> Result<Generated, GenerateError> {
        let n = parameters.integer("n") as usize;
        let hosts = parameters.integer("hosts") as usize;
        let (supply, shape) = (parameters.integer("supply"), parameters.word("shape"));
        let mut draw = Draw::new(self.name(), seed);
        let mut reservations = Array2::zeros((n, 2));
        let mut limits = Array2::from_elem((n, 2), None);
        let mut wanted = Array2::<u64>::zeros((hosts, 2));
        let mut reserved = Array2::<u64>::zeros((hosts, 2));
        let mut utilities = Vec::with_capacity(2 * n);
        let mut vms = Vec::with_capacity(n);
        for i in 0..n {
            let host = draw.index(hosts);
            let quarters = [draw.uniform(1, 8) * QUANTA[0], draw.uniform(2, 32) * QUANTA[1]];
            for (r, quarter) in quarters.into_iter().enumerate() {
                let reservation = if draw.percent(40) { quarter } else { 0 };
                reservations[[i, r]] = reservation;
                limits[[i, r]] = Some(4 * quarter);
                reserved[[host, r]] += reservation;
                wanted[[host, r]] += 4 * quarter;
                let stepped = match shape {
                    "concave" => false,
                    "steps" => true,
                    _ => draw.percent(50),
                };
                utilities.push(utility(&mut draw, quarter, stepped));
            }
            vms.push(Vm { name: format!("vm{}", i + 1), host: Some(host) });
        }
        let capacities = Array2::from_shape_fn((hosts, 2), |(host, r)| {
            let offered = wanted[[host, r]] * supply / 100 / QUANTA[r] * QUANTA[r];
            // An empty host offers something, too.
            offered.max(reserved[[host, r]]).max(QUANTA[r])
        });
        let data = Data {
            name: self.name().to_owned(),
            resources: vec![Resource::new("cpu", "millicore"), Resource::new("memory", "MiB")],
            vms,
            reservations,
            limits,
            hosts: (1..=hosts).map(|h| format!("host{h}")).collect(),
            capacities,
            services: Vec::new(),
            objective: Objective::Utility(utilities),
        };
        let instance = Instance::new(data).expect("the recipe makes valid instances");
        Ok(Generated { instance: AnyInstance::Allocation(instance), reference: None })
    }
}

/// Four gains at the ends of four quarters: falling for a concave utility, in any order for steps.
fn utility(draw: &mut Draw, quarter: u64, stepped: bool) -> Utility {
    let weight = draw.uniform(1, 5);
    let mut gains = [0; 4].map(|_: u64| weight * draw.uniform(5, 100));
    let mut points = Vec::with_capacity(5);
    if !stepped {
        gains.sort_unstable_by_key(|&gain| std::cmp::Reverse(gain));
        points.push((0, 0));
    }
    let mut total = 0;
    for (end, gain) in (1..).map(|k| k * quarter).zip(gains) {
        total += gain;
        points.push((end, total));
    }
    if stepped { Utility::Steps(points) } else { Utility::Concave(points) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{Parameter, generate};

    #[test]
    fn reservations_fit_and_wishes_do_not() {
        for (shape, supply) in [("concave", 1), ("steps", 60), ("mixed", 60)] {
            let given: [(&str, Parameter); 3] =
                [("n", 40.into()), ("supply", supply.into()), ("shape", shape.into())];
            let given = given.map(|(name, value)| (name.to_owned(), value)).into();
            let generated = generate("allocation-utility", &given, 3).expect("valid parameters");
            let AnyInstance::Allocation(instance) = generated.instance else {
                panic!("an allocation instance")
            };
            for (host, r) in (0..3).flat_map(|host| [(host, 0), (host, 1)]) {
                let sum = |amount: &dyn Fn(usize) -> u64| -> u64 {
                    (0..40).filter(|&i| instance.vms()[i].host == Some(host)).map(amount).sum()
                };
                let capacity = instance.capacity(host, r);
                assert!(sum(&|i| instance.reservation(i, r)) <= capacity, "{shape}");
                assert!(sum(&|i| instance.limit(i, r).expect("limited")) > capacity, "{shape}");
            }
        }
    }
}
