//! The plain covering model: which CPU amounts meet all demands at least cost.

use ndarray::Array2;
use vmpack_model::allocation::{Data, Instance, Objective, Service, Term, Vm};
use vmpack_model::{AnyInstance, Resource};

use super::draw::Draw;
use super::parameters::integer;
use super::{GenerateError, Generated, Generator, ParameterSpec, Parameters};

/// `min c.x` subject to `A x >= b`, `x >= 0` with positive numbers: feasible, because amounts have no
/// limit and every demand has a VM that serves it, and bounded, because every unit costs something.
#[derive(Clone, Copy, Debug)]
pub(super) struct Covering;

impl Generator for Covering {
    fn name(&self) -> &'static str {
        "covering"
    }

    fn summary(&self) -> &'static str {
        "allocation: n VMs, m service demands for CPU, no limits and no hosts (min c.x, A x >= b)"
    }

    fn reference(&self) -> &'static str {
        "the covering linear program, for example V. Chvatal: Linear Programming, 1983, chapter 5 (the \
         diet problem)"
    }

    fn parameters(&self) -> &'static [ParameterSpec] {
        const PARAMETERS: &[ParameterSpec] = &[
            integer("n", "VMs", 8, (1, 100_000)),
            integer("m", "service demands", 5, (1, 10_000)),
            integer("density", "per cent of the VMs that serve a demand", 50, (1, 100)),
        ];
        PARAMETERS
    }

    fn generate(&self, parameters: &Parameters, seed: u64) -> Result<Generated, GenerateError> {
        let n = parameters.integer("n") as usize;
        let density = parameters.integer("density");
        let mut draw = Draw::new(self.name(), seed);
        let costs = (0..n).map(|_| draw.uniform(2, 20) as i64).collect();
        let services = (1..=parameters.integer("m"))
            .map(|j| {
                let always = draw.index(n);
                let serving = |draw: &mut Draw, vm| vm == always || draw.percent(density);
                let serving: Vec<usize> = (0..n).filter(|&vm| serving(&mut draw, vm)).collect();
                let term = |vm| {
                    let coefficient = draw.uniform(1, 9) as i64;
                    Term { vm, resource: 0, coefficient }
                };
                let terms = serving.into_iter().map(term).collect();
                Service {
                    name: format!("service{j}"),
                    terms,
                    required: draw.uniform(10, 99) as i64,
                }
            })
            .collect();
        let data = Data {
            name: self.name().to_owned(),
            resources: vec![Resource::new("cpu", "core")],
            vms: (1..=n).map(|i| Vm { name: format!("vm{i}"), host: None }).collect(),
            reservations: Array2::zeros((n, 1)),
            limits: Array2::from_elem((n, 1), None),
            hosts: Vec::new(),
            capacities: Array2::zeros((0, 1)),
            services,
            objective: Objective::Cost(Array2::from_shape_vec((n, 1), costs).expect("n costs")),
        };
        let instance = Instance::new(data).expect("the recipe makes valid instances");
        Ok(Generated { instance: AnyInstance::Allocation(instance), reference: None })
    }
}
