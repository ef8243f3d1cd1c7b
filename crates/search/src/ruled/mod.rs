//! Ruin and recreate: placements that keep rules, improved by taking some VMs off and placing them again.
//!
//! Which hosts are alike no longer shows in their contents alone where racks, tenants and prices matter, so that VMs
//! and hosts are looked at one by one. What VMs share decides which of them are taken off together: hosts, racks,
//! sites, rules. A step is kept by late acceptance (Burke and Bykov, *The late acceptance hill-climbing heuristic*,
//! European Journal of Operational Research 258, 2017): if it is no worse than the step so many before it.
//!
//! Schrimpf, Schneider, Stamm-Wilbrandt, Dueck, *Record breaking optimization results using the ruin and recreate
//! principle*, Journal of Computational Physics 159 (2000); Christiaens, Vanden Berghe, *Slack induction by string
//! removals for vehicle routing problems*, Transportation Science 54 (2020).

mod fleet;
mod recreate;
mod ruin;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use vmpack_greedy::start;
use vmpack_model::packing::{Instance, Packing, Placement};
use vmpack_model::{Budget, Observer, Outcome, Unsupported};

use crate::run::Run;
use fleet::Fleet;
use recreate::Recreate;

/// A step is compared with the one so many before.
const MEMORY: usize = 500;
/// After so many steps without a new best placement the search returns to the best one.
const PATIENCE: u64 = 50_000;

/// So often a placement is looked for in a random order, of so many VMs at most.
const ATTEMPTS: u64 = 300;
const MOST_ANEW: u64 = 1000;
/// The most VMs that are looked at one by one.
const MOST_VMS: u64 = 1 << 24;
/// The forms of rules, and prices: all of them.
pub(crate) const FORMS: &[&str] =
    &["restrict", "at-most", "together", "spread", "separate", "survive", "prices"];

/// Says why an instance with rules is not taken, if so.
pub(crate) fn supports(instance: &Instance) -> Result<(), Unsupported> {
    let vms = instance.total_vms();
    (vms <= MOST_VMS).then_some(()).ok_or_else(|| {
        Unsupported(format!("with rules at most {MOST_VMS} VMs, the instance has {vms}"))
    })
}

/// Improves the best placement of the greedy rules that keep all rules, as long as the budget lasts.
pub(crate) fn solve(
    instance: &Instance,
    budget: &Budget,
    observer: &mut dyn Observer,
) -> Outcome<Packing> {
    let Some(start) = start(instance, budget).or_else(|| anew(instance, budget)) else {
        return vmpack_bounds::give_up(instance, observer);
    };
    let mut fleet = Fleet::new(instance, &start);
    let mut run = Run::begin(instance, budget, observer, start);
    let mut recreate = Recreate::new(instance);
    let mut best = fleet.snapshot();
    // What the best placement costs without hosts that stand by, which take far longer to find than a step.
    let mut least = fleet.cost();
    let mut known = vec![fleet.objective(); MEMORY];
    let (mut step, mut last) = (0_u64, 0_u64);
    while !run.is_over() && fleet.vms() > 0 {
        step += 1;
        let before = fleet.objective();
        let mut out = ruin::ruin(&fleet, &mut run.rng);
        let places: Vec<_> = out.iter().map(|&vm| (vm, fleet.place_of(vm))).collect();
        for &vm in &out {
            fleet.take_off(vm);
        }
        run.work += out.len() as u64 + 1;
        let placed = recreate.recreate(&mut fleet, &mut out, &mut run.rng);
        let at = (step % MEMORY as u64) as usize;
        let mut is_kept = placed && fleet.state.broken() == 0 && {
            let after = fleet.objective();
            after <= before || after <= known[at]
        };
        if is_kept && fleet.cost() < least {
            // Where failures make it dearer, or nothing survives them, the step is of no use.
            let placement = vmpack_greedy::survive(instance, fleet.placement(), budget);
            is_kept = placement.is_some_and(|placement| run.offer(placement));
            if is_kept {
                (best, least, last) = (fleet.snapshot(), fleet.cost(), step);
            }
        }
        if !is_kept {
            fleet.put_back(&places);
        }
        known[at] = fleet.objective();
        if step - last >= PATIENCE {
            let places: Vec<_> = (0..).zip(best.iter().copied()).collect();
            fleet.put_back(&places);
            known.fill(fleet.objective());
            last = step;
        }
    }
    run.count("steps", step);
    run.finish()
}

/// A placement of all VMs in random orders, where greedy rules have found none; of few VMs, and in so many attempts.
fn anew(instance: &Instance, budget: &Budget) -> Option<Placement> {
    if instance.total_vms() > MOST_ANEW {
        return None;
    }
    let mut rng = ChaCha8Rng::seed_from_u64(budget.seed());
    let mut fleet = Fleet::new(instance, &Placement::default());
    let mut recreate = Recreate::new(instance);
    let mut vms: Vec<u32> = (0..fleet.vms() as u32).collect();
    for attempt in 0..ATTEMPTS {
        if budget.exhausted_after(attempt * vms.len() as u64) {
            return None;
        }
        if recreate.recreate(&mut fleet, &mut vms, &mut rng) && fleet.state.broken() == 0 {
            let placement = vmpack_greedy::survive(instance, fleet.placement(), budget);
            if placement.is_some() {
                return placement;
            }
        }
        for &vm in &vms {
            if fleet.host_of(vm).is_some() {
                fleet.take_off(vm);
            }
        }
    }
    None
}
