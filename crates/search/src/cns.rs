//! Consistent neighbourhood search.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use vmpack_model::packing::{Instance, Packing, Placement};
use vmpack_model::{Budget, Kind, Method, Observer, Outcome, Unsupported, Value};

use crate::lanes::Lanes;
use crate::partial::Partial;
use crate::repair::Repair;

/// Consistent neighbourhood search.
#[derive(Clone, Copy, Debug)]
pub struct ConsistentNeighbourhood;

impl Method<Packing> for ConsistentNeighbourhood {
    fn name(&self) -> &'static str {
        "cns"
    }

    fn kind(&self) -> Kind {
        Kind::Greedy
    }

    fn summary(&self) -> &'static str {
        "closes hosts one by one and finds places for their VMs by ejections"
    }

    fn reference(&self) -> &'static str {
        "Buljubasic, Vasquez (2016)"
    }

    fn supports(&self, _instance: &Instance) -> Result<(), Unsupported> {
        Ok(())
    }

    fn randomised(&self) -> bool {
        true
    }

    fn solve(
        &self,
        instance: &Instance,
        budget: &Budget,
        observer: &mut dyn Observer,
    ) -> Outcome<Packing> {
        let Some(start) = vmpack_greedy::start(instance, budget) else {
            return vmpack_bounds::give_up(instance, observer);
        };
        observer.incumbent(Value::from(start.cost(instance)));
        let lanes = Lanes::new(instance).expect("supp");
        let lower = vmpack_bounds::best(instance).map_or(0, |b| b.value.ceil() as u64);
        let mut rng = ChaCha8Rng::seed_from_u64(budget.seed());
        let best = descend(instance, &lanes, start, lower, u64::MAX, budget, &mut rng, observer);
        vmpack_bounds::finish(instance, best.0, observer).with_counter("steps", best.1)
    }
}

/// Closes hosts until the cost is no more than `lower`, a host that was closed takes more than `patience` steps,
/// or the budget is spent. Tells `found` of every better placement. Returns the best one and the steps taken.
pub(crate) fn descend(
    instance: &Instance,
    lanes: &Lanes,
    start: Placement,
    lower: u64,
    patience: u64,
    budget: &Budget,
    rng: &mut ChaCha8Rng,
    observer: &mut dyn Observer,
) -> (Placement, u64) {
    match lanes.words() {
        1 => descend_in::<1>(instance, lanes, start, lower, patience, budget, rng, observer),
        2 => descend_in::<2>(instance, lanes, start, lower, patience, budget, rng, observer),
        _ => descend_in::<4>(instance, lanes, start, lower, patience, budget, rng, observer),
    }
}
fn descend_in<const W: usize>(
    instance: &Instance,
    lanes: &Lanes,
    start: Placement,
    lower: u64,
    patience: u64,
    budget: &Budget,
    rng: &mut ChaCha8Rng,
    observer: &mut dyn Observer,
) -> (Placement, u64) {
    let mut best = start;
    let mut repair = Repair::<W>::new(instance, Partial::new(instance, lanes, &best));
    while best.cost(instance) > lower {
        let hosts = repair.partial.hosts().iter();
        let load = |vms: &[u32]| vms.iter().map(|&vm| repair.size(vm)).sum::<u64>();
        let emptiest = hosts.enumerate().min_by_key(|(_, host)| load(&host.vms)).map(|(i, _)| i);
        let Some(host) = emptiest else { break };
        repair.partial.close(host as u32);
        repair.forget();
        let end = repair.steps.saturating_add(patience);
        if !repair.run(rng, |steps| steps < end && !budget.exhausted()) {
            break;
        }
        best = repair.partial.placement();
        observer.incumbent(Value::from(best.cost(instance)));
    }
    (best, repair.steps)
}
