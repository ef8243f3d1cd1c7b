//! Large-neighbourhood search.

use vmpack_model::packing::{Instance, Packing, Placement};
use vmpack_model::{Budget, Kind, Method, NullObserver, Observer, Outcome, Unsupported};

use crate::descent::{Descent, check_lanes};
use crate::part::Part;
use crate::ruled;
use crate::run::Run;

/// VMs on the hosts that are freed first, after the first sketch.
const FIRST_VMS: u64 = 125;
/// Steps of consistent neighbourhood search per VM before the first sketch, and before hosts are freed.
const FIRST_PATIENCE: u64 = 10;
const PATIENCE: u64 = 40;
/// Steps of that search at most.
const MOST_PATIENCE: u64 = 100_000;
/// No more VM types are given to column generation at a time: its linear programs take cubic time.
const MOST_TYPES: u64 = 1500;
/// A first sketch of `n` VMs, `k` to a host, is worth its time where that is `k^2 n^2` times so many nanoseconds.
const NANOSECONDS: u128 = 150;

/// Large-neighbourhood search: frees some hosts and packs their VMs again by column generation.
///
/// Starts from consistent neighbourhood search ([`ConsistentNeighbourhood`](crate::ConsistentNeighbourhood)),
/// which is fast but sees two or three VMs at a time. Which VMs go well together is a question about all of them, so
/// a sketch of the whole follows ([`vmpack_branch_price::sketch`]): column generation, over programs that a first-order
/// method solves roughly or the simplex method exactly, stops long before its end and dives; of large instances, or in
/// little time, a sketch of as many hosts as it gets through. Then random hosts are freed, and column generation looks
/// for something cheaper for their VMs; an answer of equal cost is taken too. A neighbourhood without gain is followed by one twice as large, up to the whole instance unless it has too
/// many VM types; after a gain the single moves have their turn again. What column generation proves of the whole
/// instance is claimed, with its certificate.
///
/// With placement rules or prices of VMs on hosts, VMs are taken off hosts of one rack, site or rule, or of dear ones,
/// and placed again one by one where that is cheapest within the hard rules; late acceptance decides what is kept.
/// Hosts stand by where some may fail ([`vmpack_greedy::survive`]).
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
        if !instance.rules().only_capacity() {
            return ruled::supports(instance);
        }
        check_lanes(instance)?;
        vmpack_branch_price::PACKING[0].supports(instance)
    }

    fn keeps(&self) -> &'static [&'static str] {
        ruled::FORMS
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
        if !instance.rules().only_capacity() {
            return ruled::solve(instance, budget, observer);
        }
        let mut run = match Run::start(instance, budget, observer) {
            Ok(run) => run,
            Err(outcome) => return *outcome,
        };
        let vms = instance.total_vms();
        let mut descent = Descent::new(instance);
        descent.improve(&mut run, vms.saturating_mul(FIRST_PATIENCE).min(MOST_PATIENCE));
        if !run.is_over() {
            let first = affordable(&run);
            sketch(&mut run, first);
        }
        let mut patience = vms.saturating_mul(PATIENCE).min(MOST_PATIENCE);
        let mut freed = FIRST_VMS;
        while !run.is_over() {
            descent.improve(&mut run, patience);
            while !run.is_over() {
                if repack(&mut run, freed) {
                    break;
                }
                if freed >= most_freed(instance) {
                    freed = FIRST_VMS;
                    patience = patience.saturating_mul(2);
                    break;
                }
                freed = freed.saturating_mul(2).min(most_freed(instance));
            }
        }
        run.finish()
    }
}

/// No more VMs are freed at a time.
fn most_freed(instance: &Instance) -> u64 {
    let few = instance.rows() as u64 <= MOST_TYPES;
    if few { instance.total_vms() } else { instance.total_vms().min(MOST_TYPES) }
}

/// So many VMs are worth a first sketch in the time that is left.
fn affordable(run: &Run<'_>) -> u64 {
    let most = most_freed(run.instance);
    let Some(left) = run.budget.remaining() else { return most };
    let hosts = run.best().hosts_opened();
    let in_time = u64::try_from((left.as_nanos() / NANOSECONDS).isqrt()).unwrap_or(u64::MAX);
    let vms = in_time.saturating_mul(hosts) / run.instance.total_vms().max(1);
    // What counts is how many are different.
    if run.instance.rows() as u64 <= vms { most } else { vms.min(most) }
}

/// Sketches the relaxation for hosts of so many VMs; whether the cost fell.
fn sketch(run: &mut Run<'_>, vms: u64) -> bool {
    run.count("sketches", 1);
    let budget = run.left();
    if vms >= run.instance.total_vms() {
        let instance = run.instance;
        let drawn = run.search_from_known(|known, observer| {
            vmpack_branch_price::sketch(instance, known, &budget, observer)
        });
        let Ok(outcome) = drawn else { return false };
        return take(run, outcome, None);
    }
    let part = run.part(vms);
    let known = [&part.placement];
    let drawn = vmpack_branch_price::sketch(&part.instance, &known, &budget, &mut NullObserver);
    let Ok(outcome) = drawn else { return false };
    take(run, outcome, Some(&part))
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
        let outcome = improve(run.instance, run.best(), &budget, true);
        return outcome.is_some_and(|outcome| take(run, outcome, None));
    }
    let part = run.part(vms);
    let outcome = improve(&part.instance, &part.placement, &budget, false);
    outcome.is_some_and(|outcome| take(run, outcome, Some(&part)))
}

/// Takes an answer of column generation for the whole, or for a part of it; whether the cost fell.
fn take(run: &mut Run<'_>, outcome: Outcome<Packing>, part: Option<&Part>) -> bool {
    run.work += work(&outcome);
    if part.is_none()
        && let Some(bound) = outcome.bound
    {
        run.prove(bound);
    }
    outcome.solved.is_some_and(|solved| {
        run.offer(match part {
            Some(part) => part.replace(&solved.solution),
            None => solved.solution,
        })
    })
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
