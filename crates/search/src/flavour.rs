//! Fleets of few VM types: the configuration program rounded down, and the rest packed exactly.

use ndarray::Array2;
use vmpack_branch_price::{BranchPrice, improve, relax};
use vmpack_model::packing::{HostType, Instance, Packing, Pattern, Placement};
use vmpack_model::{Budget, Kind, Method, NullObserver, Observer, Outcome, Unsupported, Value};

/// More VM types than this are none of a fleet of flavours.
const MOST_TYPES: usize = 500;
/// Work of the tree that packs a rest.
const REST_WORK: u64 = 200_000;
/// How many hosts of each pattern a rest gets back, one attempt after the other.
const BACK: [u64; 6] = [0, 1, 2, 4, 8, 16];

/// The configuration linear program of few VM types, rounded down, with the rest packed exactly.
///
/// The program of Gilmore and Gomory has one row per VM type and a basis of as many patterns, whatever the counts.
/// Rounded down they place all VMs but those of at most one host per type, and these are a small instance for
/// branch-and-price. If that ends above the bound, column generation works on the whole from there, and then the rest
/// gets back one host of every pattern, two, four and so on. The bound is that of the relaxation, with its
/// certificate.
///
/// # Complexity
/// Depends on VM types, host types and the logarithm of the counts. The cost exceeds the bound by at most one host
/// of the dearest type per VM type, usually by none. The work that the budget limits is that of column generation.
///
/// # References
/// Gilmore, Gomory, *A linear programming approach to the cutting-stock problem*, Operations Research 9 (1961);
/// Wascher, Gau, *Heuristics for the integer one-dimensional cutting stock problem: a computational study*, OR
/// Spektrum 18 (1996), for rounding down and solving the residual problem.
#[derive(Clone, Copy, Debug)]
pub struct FlavourProgram;

impl Method<Packing> for FlavourProgram {
    fn name(&self) -> &'static str {
        "flavour-lp"
    }

    fn kind(&self) -> Kind {
        Kind::ColumnGeneration
    }

    fn summary(&self) -> &'static str {
        "for few VM types: the linear program over host patterns rounded down, the rest packed exactly"
    }

    fn reference(&self) -> &'static str {
        "Gilmore, Gomory (1961); Wascher, Gau (1996), Heuristics for the integer one-dimensional cutting stock problem"
    }

    fn supports(&self, instance: &Instance) -> Result<(), Unsupported> {
        let types = instance.vms().iter().filter(|vm| vm.count > 0).count();
        if types > MOST_TYPES {
            return Err(Unsupported(format!(
                "needs few VM types, at most {MOST_TYPES}; the instance has {types}"
            )));
        }
        BranchPrice.supports(instance)
    }

    fn solve(
        &self,
        instance: &Instance,
        budget: &Budget,
        observer: &mut dyn Observer,
    ) -> Outcome<Packing> {
        let Ok((mut best, whole)) = relax(instance, budget, observer) else {
            return vmpack_bounds::give_up(instance, observer);
        };
        let mut work = work_of(&best);
        for back in BACK {
            if !is_open(&best) || budget.exhausted_after(work) {
                break;
            }
            work += repack(instance, &whole, back, &left(budget, work), &mut best, observer);
            if back == 0 && is_open(&best) && !budget.exhausted_after(work) {
                work += refine(instance, &left(budget, work), &mut best, observer);
            }
        }
        best.with_counter("work", work)
    }
}

/// What a budget has left after some work.
fn left(budget: &Budget, work: u64) -> Budget {
    match budget.work_limit() {
        Some(limit) => budget.clone().with_work(limit.saturating_sub(work)),
        None => budget.clone(),
    }
}

/// Packs by branch-and-price what the whole patterns, less `back` hosts of each, do not hold. The work done.
fn repack(
    instance: &Instance,
    whole: &Placement,
    back: u64,
    budget: &Budget,
    best: &mut Outcome<Packing>,
    observer: &mut dyn Observer,
) -> u64 {
    let kept =
        whole.patterns.iter().map(|(pattern, hosts)| (pattern.clone(), hosts.saturating_sub(back)));
    let kept = Placement::from_patterns(kept);
    if kept.patterns.is_empty() {
        return 0;
    }
    let limit = budget.work_limit().map_or(REST_WORK, |limit| limit.min(REST_WORK));
    let budget = budget.clone().with_work(limit);
    let rest = BranchPrice.solve(&rest_of(instance, &kept), &budget, &mut NullObserver);
    let work = work_of(&rest);
    if let Some(rest) = rest.solved {
        let patterns = kept.patterns.into_iter().chain(rest.solution.patterns);
        offer(instance, best, Placement::from_patterns(patterns), observer);
    }
    work
}

/// Lets column generation start from the best placement. The work done.
fn refine(
    instance: &Instance,
    budget: &Budget,
    best: &mut Outcome<Packing>,
    observer: &mut dyn Observer,
) -> u64 {
    let Some(solved) = &best.solved else { return 0 };
    let Ok(after) = improve(instance, &solved.solution, budget, true, observer) else { return 0 };
    let work = work_of(&after);
    let before = std::mem::replace(best, after);
    if let Some(known) = before.bound
        && best.bound.as_ref().is_none_or(|bound| bound.value < known.value)
    {
        *best = best.clone().with_bound(known);
    }
    work
}

/// Whether a placement is not known to be optimal. Without one, or with a refutation, nothing is.
fn is_open(outcome: &Outcome<Packing>) -> bool {
    outcome.refutation.is_none() && outcome.status != vmpack_model::Status::Optimal
}

/// The work that column generation took, at least one unit.
fn work_of(outcome: &Outcome<Packing>) -> u64 {
    outcome.counters.get("work").copied().unwrap_or(0).max(1)
}

/// Keeps a placement if it is cheaper.
fn offer(
    instance: &Instance,
    best: &mut Outcome<Packing>,
    placement: Placement,
    observer: &mut dyn Observer,
) {
    let cost = Value::from(placement.cost(instance));
    if best.solved.as_ref().is_none_or(|solved| cost < solved.cost) {
        observer.incumbent(cost);
        let better = Outcome::feasible(placement, cost);
        let bound = best.bound.take();
        let counters = std::mem::take(&mut best.counters);
        *best = bound.into_iter().fold(better, Outcome::with_bound);
        best.counters = counters;
    }
}

/// The VMs that some hosts do not hold, and the hosts that these leave in stock.
fn rest_of(instance: &Instance, kept: &Placement) -> Instance {
    let mut counts: Vec<u64> = instance.vms().iter().map(|vm| vm.count).collect();
    let mut stock: Vec<Option<u64>> = instance.hosts().iter().map(|host| host.stock).collect();
    for (Pattern { host, vms }, hosts) in &kept.patterns {
        for &(row, count) in vms {
            counts[row] -= count * hosts;
        }
        stock[*host] = stock[*host].map(|stock| stock - hosts);
    }
    let vms = instance.vms().iter().zip(counts).map(|(vm, count)| (vm.name.clone(), count));
    let hosts = instance.hosts().iter().zip(stock);
    Instance::simple(
        instance.name(),
        instance.resources().to_vec(),
        vms.collect(),
        Array2::from_shape_fn(instance.demands().dim(), |at| instance.demands()[at]),
        hosts.map(|(host, stock)| HostType { stock, ..host.clone() }).collect(),
        instance.capacities().to_owned(),
    )
    .expect("a part of a valid instance")
}
