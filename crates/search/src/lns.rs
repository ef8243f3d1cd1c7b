//! Large-neighbourhood search.

use vmpack_model::packing::{Instance, Packing, Placement};
use vmpack_model::{Budget, Kind, Method, NullObserver, Observer, Outcome, Unsupported};

use crate::descent::{Descent, check_lanes};
use crate::run::Run;

/// VMs on the hosts that are freed first.
const FIRST_VMS: u64 = 125;
/// Steps of consistent neighbourhood search per VM before hosts are freed.
const PATIENCE: u64 = 40;
/// Steps of that search at most.
const MOST_PATIENCE: u64 = 100_000;

/// Large-neighbourhood search: frees some hosts and packs their VMs again by column generation.
///
/// Starts from consistent neighbourhood search ([`ConsistentNeighbourhood`](crate::ConsistentNeighbourhood)),
/// which is fast but sees two or three VMs at a time. Then random hosts are freed, and column generation with
/// dives looks for something cheaper for their VMs; an answer of equal cost is taken too. A neighbourhood without
/// gain is followed by one twice as large, up to the whole instance; after a gain the single moves have
/// their turn again. What column generation proves of the whole instance is claimed, with its certificate.
///
/// # Complexity
/// A neighbourhood of `n` VMs takes at most `4 n^2` units of work, which are those of column generation (simplex
/// steps and thousands of pricing steps); single moves count a unit each. The budget limits their sum.
///
/// # References
/// Shaw, *Using constraint programming and local search methods to solve vehicle routing problems*, Principles
/// and Practice of Constraint Programming, 1998; for the neighbourhood see the crate `vmpack-branch-price`.
#[derive(Clone, Copy, Debug)]
pub struct LargeNeighbourhood;

impl Method<Packing> for LargeNeighbourhood {
    fn name(&self) -> &'static str {
        "lns"
    }

    fn kind(&self) -> Kind {
        Kind::LocalSearch
    }

    fn summary(&self) -> &'static str {
        "frees hosts, more and more of them, and packs their VMs again by column generation"
    }

    fn reference(&self) -> &'static str {
        "Shaw (1998), Using constraint programming and local search methods to solve vehicle routing problems"
    }

    fn supports(&self, instance: &Instance) -> Result<(), Unsupported> {
        check_lanes(instance)?;
        vmpack_branch_price::PACKING[0].supports(instance)
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
        let mut run = match Run::start(instance, budget, observer) {
            Ok(run) => run,
            Err(outcome) => return *outcome,
        };
        let mut descent = Descent::new(instance);
        let mut patience = instance.total_vms().saturating_mul(PATIENCE).min(MOST_PATIENCE);
        let mut vms = FIRST_VMS;
        while !run.is_over() {
            descent.improve(&mut run, patience);
            while !run.is_over() {
                if repack(&mut run, vms) {
                    break;
                }
                if vms >= instance.total_vms() {
                    vms = FIRST_VMS;
                    patience = patience.saturating_mul(2);
                    break;
                }
                vms = vms.saturating_mul(2);
            }
        }
        run.finish()
    }
}

/// Frees hosts of so many VMs and packs these again; whether the cost fell.
fn repack(run: &mut Run<'_>, vms: u64) -> bool {
    run.count("neighbourhoods", 1);
    let mut units = vms.saturating_mul(vms).saturating_mul(4);
    if let Some(limit) = run.budget.work_limit() {
        units = units.min(limit.saturating_sub(run.work));
    }
    let budget = run.budget.clone().with_work(units);
    if vms >= run.instance.total_vms() {
        let Some(outcome) = improve(run.instance, run.best(), &budget, true) else { return false };
        run.work += work(&outcome);
        if let Some(bound) = outcome.bound {
            run.prove(bound);
        }
        return outcome.solved.is_some_and(|solved| run.offer(solved.solution));
    }
    let part = run.part(vms);
    let Some(outcome) = improve(&part.instance, &part.placement, &budget, false) else {
        return false;
    };
    run.work += work(&outcome);
    outcome.solved.is_some_and(|solved| run.offer(part.replace(&solved.solution)))
}

/// What column generation makes of a placement; `None` if it does not take the instance.
fn improve(
    instance: &Instance,
    placement: &Placement,
    budget: &Budget,
    prove: bool,
) -> Option<Outcome<Packing>> {
    vmpack_branch_price::improve(instance, placement, budget, prove, &mut NullObserver).ok()
}

/// The work that an outcome took, at least one unit.
fn work(outcome: &Outcome<Packing>) -> u64 {
    outcome.counters.get("work").copied().unwrap_or(0).max(1)
}
