//! Allocation at least cost with reservations, limits, hosts and services.

use ndarray::Array2;
use vmpack_model::allocation::{Data, Instance, Objective, Service, Term, Vm};
use vmpack_model::{AnyInstance, Resource};

use super::draw::Draw;
use super::parameters::integer;
use super::{GenerateError, Generated, Generator, ParameterSpec, Parameters};

/// CPU and memory in steps of these many millicores and MiB, so that amounts can be counted in quanta.
const QUANTA: [u64; 2] = [250, 256];

/// A hidden allocation is drawn first; reservations, limits, capacities and service demands are placed
/// around it so that it is feasible.
#[derive(Clone, Copy, Debug)]
pub(super) struct AllocationCost;

impl Generator for AllocationCost {
    fn name(&self) -> &'static str {
        "allocation-cost"
    }

    fn summary(&self) -> &'static str {
        "allocation: CPU and memory at least cost, with reservations, limits, hosts and services; \
         feasible by construction"
    }

    fn reference(&self) -> &'static str {
        "reservations and limits as in A. Gulati et al.: VMware distributed resource management, VMware \
         Technical Journal 1(1), 2012"
    }

    fn parameters(&self) -> &'static [ParameterSpec] {
        const PARAMETERS: &[ParameterSpec] = &[
            integer("n", "VMs", 20, (1, 100_000)),
            integer("services", "service demands", 6, (0, 10_000)),
            integer("hosts", "hosts; 0 for no capacities", 3, (0, 10_000)),
        ];
        PARAMETERS
    }

    fn generate(&self, parameters: &Parameters, seed: u64) -> Result<Generated, GenerateError> {
        let n = parameters.integer("n") as usize;
        let hosts = parameters.integer("hosts") as usize;
        let mut draw = Draw::new(self.name(), seed);
        let mut hidden = Array2::zeros((n, 2));
        let mut reservations = Array2::zeros((n, 2));
        let mut limits = Array2::from_elem((n, 2), None);
        let mut costs = Array2::zeros((n, 2));
        let mut vms = Vec::with_capacity(n);
        for i in 0..n {
            let quanta = [draw.uniform(1, 32), draw.uniform(2, 128)];
            for r in 0..2 {
                hidden[[i, r]] = quanta[r] * QUANTA[r];
                reservations[[i, r]] = draw.uniform(0, quanta[r] / 2) * QUANTA[r];
                let headroom = draw.uniform(0, quanta[r]);
                limits[[i, r]] = draw.percent(70).then(|| (quanta[r] + headroom) * QUANTA[r]);
            }
            costs[[i, 0]] = draw.uniform(5, 50) as i64;
            costs[[i, 1]] = draw.uniform(1, 10) as i64;
            let host = (hosts > 0).then(|| draw.index(hosts));
            vms.push(Vm { name: format!("vm{}", i + 1), host });
        }
        let mut capacities = Array2::zeros((hosts, 2));
        for (vm, hidden) in vms.iter().zip(hidden.rows()) {
            if let Some(host) = vm.host {
                (0..2).for_each(|r| capacities[[host, r]] += hidden[r]);
            }
        }
        for ((_, r), capacity) in capacities.indexed_iter_mut() {
            // An empty host offers something, too.
            let filled = u64::max(*capacity, 16 * QUANTA[r]);
            *capacity = (filled * draw.uniform(105, 130) / 100).next_multiple_of(QUANTA[r]);
        }
        let services =
            (1..=parameters.integer("services")).map(|j| service(&mut draw, j, &hidden)).collect();
        let data = Data {
            name: self.name().to_owned(),
            resources: vec![Resource::new("cpu", "millicore"), Resource::new("memory", "MiB")],
            vms,
            reservations,
            limits,
            hosts: (1..=hosts).map(|h| format!("host{h}")).collect(),
            capacities,
            services,
            objective: Objective::Cost(costs),
        };
        let instance = Instance::new(data).expect("the recipe makes valid instances");
        Ok(Generated { instance: AnyInstance::Allocation(instance), reference: None })
    }
}

/// A service of 1 to 8 VMs that asks for 70 to 100 per cent of what the hidden amounts yield; CPU always
/// counts, memory for every other VM.
fn service(draw: &mut Draw, j: u64, hidden: &Array2<u64>) -> Service {
    let mut members: Vec<usize> =
        (0..draw.uniform(1, 8)).map(|_| draw.index(hidden.nrows())).collect();
    members.sort_unstable();
    members.dedup();
    let mut terms = Vec::new();
    for vm in members {
        terms.push(Term { vm, resource: 0, coefficient: draw.uniform(1, 9) as i64 });
        if draw.percent(50) {
            terms.push(Term { vm, resource: 1, coefficient: draw.uniform(1, 4) as i64 });
        }
    }
    let term = |term: &Term| term.coefficient * hidden[[term.vm, term.resource]] as i64;
    let yielded: i64 = terms.iter().map(term).sum();
    let required = yielded * draw.uniform(70, 100) as i64 / 100;
    Service { name: format!("service{j}"), terms, required }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::generate;

    #[test]
    fn reservations_fit_their_hosts_and_services_can_be_met() {
        // Implied by the hidden allocation, and visible without it: the limits, cut down to what the hosts
        // can give at most, still meet every service.
        let given = [("n", 50), ("services", 20), ("hosts", 4)];
        let given = given.map(|(name, value)| (name.to_owned(), value.into())).into();
        let generated = generate("allocation-cost", &given, 3).expect("valid parameters");
        let AnyInstance::Allocation(instance) = generated.instance else {
            panic!("an allocation instance")
        };
        for (host, r) in (0..4).flat_map(|host| [(host, 0), (host, 1)]) {
            let on_host = |&i: &usize| instance.vms()[i].host == Some(host);
            let reserved: u64 = (0..50).filter(on_host).map(|i| instance.reservation(i, r)).sum();
            assert!(reserved <= instance.capacity(host, r));
        }
        for service in instance.services() {
            let greatest = |term: &Term| {
                let host = instance.vms()[term.vm].host.expect("all are on hosts");
                let room = instance.capacity(host, term.resource);
                let amount = instance.limit(term.vm, term.resource).unwrap_or(room).min(room);
                term.coefficient * amount as i64
            };
            assert!(service.terms.iter().map(greatest).sum::<i64>() >= service.required);
        }
    }
}
