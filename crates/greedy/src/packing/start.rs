//! The best of several rules: where exact methods begin.

use vmpack_model::packing::{Instance, Packing, Placement};
use vmpack_model::{Budget, Method, NullObserver, Value};

use super::best_fit::BestFitRule;
use super::dot_product::DotProduct;
use super::first_fit::FirstFitRule;
use super::indexed::{self, Choice};
use super::l2_norm::L2NormGreedy;
use super::next_fit::NextFitRule;
use super::portfolio::Portfolio;
use super::right_size::right_size;
use super::sequence::{Order, Sequence};
use super::stock::Stock;
use super::weights::Bias;
use super::{bin_centric, item_centric};
use vmpack_cluster::Measure::{self, AverageSum, L1, L2, Linf};
use vmpack_cluster::Scale;

/// A rule of the portfolio.
#[derive(Clone, Copy, Debug)]
enum Member {
    FirstFit(Measure),
    BestFit(Measure),
    NextFit(Measure),
    DotProduct,
    L2Norm,
    /// By decreasing size, on single hosts that an index finds.
    Indexed(Measure, Choice),
}

/// With more VM types than this an index of single hosts is worth building,
const MOST_COUNTED: usize = 3000;

/// and takes so many steps for a VM, where rules on counts look at every group of hosts for a VM type.
const INDEX_STEPS: u64 = 1000;

/// With rules: the methods that keep them, strong ones first,
const INDEXED: [&dyn Method<Packing>; 6] =
    [&indexed::BFD, &indexed::FFD, &indexed::DOT, &indexed::FF, &indexed::BF, &indexed::WF];
/// one over the share of the time that they may take once there is a placement,
const SHARE: u32 = 5;
/// and up to so many VMs so many variants of them.
const MOST_VARIED: u64 = 5000;
const VARIANTS: u64 = 80;

/// The measures that differ in one resource, and in several.
const ONE: &[Measure] = &[L1];
const SEVERAL: &[Measure] = &[L2, L1, Linf, AverageSum];

/// The cheapest placement of a portfolio of rules: best and first fit by decreasing size in several
/// measures and both bin-centric rules, on all host types together; and best fit on each host type alone.
/// The members are the strongest of the comparison of Mommessin, Erlebach and Shakhlevich (Classification
/// and evaluation of the algorithms for vector bin packing, 2025).
///
/// Stops with the best so far when the budget is exhausted, and early when a volume bound shows that
/// nothing is cheaper. Where time ends the first rule, next fit by decreasing size still gives a placement:
/// all of it takes about as long as reading the instance. `None` if no member finds a placement: there is
/// none, or the stock is too scarce for constructive rules. The same instance gives the same placement
/// unless time ends it. Effort depends on VM types and distinct host contents, not on counts: as the sum of the rules,
/// `O(n g)` for `n` types and `g` groups of hosts. With thousands of types of few VMs each, first and best fit and dot
/// product place single VMs on hosts that an index finds, about `O(v log h)` for `v` VMs on `h` hosts.
///
/// On instances with placement rules it is the best of the methods that keep them, and of variants of these where VMs
/// are few. Once there is a placement, better ones are looked for in a fifth of the time that is left.
///
/// # Examples
/// ```
/// use vmpack_model::Budget;
/// use vmpack_model::packing::Instance;
///
/// let instance = Instance::identical_hosts("thirds", &[9], &[(vec![3], 3_000_000)])?;
/// let placement = vmpack_greedy::start(&instance, &Budget::default()).expect("no stock limit");
/// assert_eq!(placement.cost(&instance), 1_000_000);
/// # Ok::<(), vmpack_model::packing::InstanceError>(())
/// ```
pub fn start(instance: &Instance, budget: &Budget) -> Option<Placement> {
    if !instance.rules().only_capacity() {
        return within_rules(instance, budget);
    }
    let scale = Scale::new(instance);
    let volumes = (0..instance.dimensions()).filter_map(|k| vmpack_bounds::volume(instance, k));
    let lower = volumes.map(|bound| bound.value).max().unwrap_or(Value::ZERO);
    let mut best: Option<(u64, Placement)> = None;
    for (member, host) in members(instance) {
        if best.as_ref().is_some_and(|&(cost, _)| Value::from(cost) <= lower) || budget.exhausted()
        {
            break;
        }
        if let Some(placement) = construct(instance, &scale, member, host, budget) {
            let cost = placement.cost(instance);
            if best.as_ref().is_none_or(|&(least, _)| cost < least) {
                best = Some((cost, placement));
            }
        }
    }
    if best.is_none() && budget.exhausted() {
        return construct(instance, &scale, Member::NextFit(Linf), None, &Budget::default());
    }
    best.map(|(_, placement)| placement)
}

/// The best placement of the methods that keep rules; `None` if none has found one within the budget.
fn within_rules(instance: &Instance, budget: &Budget) -> Option<Placement> {
    let mut best: Option<(u64, Placement)> = None;
    // Rules ask for time; those who begin here have better use for most of it.
    let short = |budget: &Budget| match budget.remaining() {
        Some(left) => budget.clone().with_time(left / SHARE),
        None => budget.clone(),
    };
    let mut rest = short(budget);
    for method in INDEXED {
        let budget = if best.is_some() { &rest } else { budget };
        if budget.exhausted() || method.accepts(instance).is_err() {
            continue;
        }
        let Some(solved) = method.solve(instance, budget, &mut NullObserver).solved else {
            continue;
        };
        let cost = solved.solution.cost(instance);
        if best.is_none() {
            rest = short(budget);
        }
        if best.as_ref().is_none_or(|&(least, _)| cost < least) {
            best = Some((cost, solved.solution));
        }
    }
    if instance.total_vms() <= MOST_VARIED && !rest.exhausted() {
        let varied = Portfolio.solve(instance, &rest.with_work(VARIANTS), &mut NullObserver).solved;
        let varied = varied.map(|solved| (solved.solution.cost(instance), solved.solution));
        best = best.into_iter().chain(varied).min_by_key(|&(cost, _)| cost);
    }
    best.map(|(_, placement)| placement)
}

/// Every rule that may differ from the others on the instance, with the host type that it is confined
/// to; cheap and strong ones first.
fn members(instance: &Instance) -> Vec<(Member, Option<usize>)> {
    let measures = if instance.dimensions() == 1 { ONE } else { SEVERAL };
    if is_many(instance) {
        let fits = |&measure: &Measure| {
            [Choice::Fullest(measure), Choice::First]
                .map(|choice| (Member::Indexed(measure, choice), None))
        };
        let mut members: Vec<_> = measures.iter().flat_map(fits).collect();
        if instance.dimensions() > 1 {
            members.push((Member::Indexed(measures[0], Choice::Aligned), None));
        }
        return members;
    }
    let in_stock: Vec<usize> =
        (0..instance.hosts().len()).filter(|&t| instance.hosts()[t].stock != Some(0)).collect();
    let mut members: Vec<(Member, Option<usize>)> = measures
        .iter()
        .flat_map(|&measure| [Member::BestFit(measure), Member::FirstFit(measure)])
        .map(|member| (member, None))
        .collect();
    // On hosts of one size, taking the largest VM that fits is first fit decreasing.
    if instance.dimensions() > 1 || in_stock.len() > 1 {
        members.extend([(Member::DotProduct, None), (Member::L2Norm, None)]);
    }
    if in_stock.len() > 1 {
        members.extend(in_stock.iter().map(|&t| (Member::BestFit(measures[0]), Some(t))));
    }
    members
}

/// Whether rules on counts take longer than an index of single hosts.
fn is_many(instance: &Instance) -> bool {
    let (types, vms) = (instance.rows() as u64, instance.total_vms());
    instance.rows() > MOST_COUNTED
        && vms <= indexed::MOST_VMS
        && vms * INDEX_STEPS <= types.saturating_mul(types)
}

fn construct(
    instance: &Instance,
    scale: &Scale,
    member: Member,
    host: Option<usize>,
    budget: &Budget,
) -> Option<Placement> {
    let mut stock = match host {
        Some(host) => Stock::only(instance, |t| t == host),
        None => Stock::new(instance),
    };
    let sequence = |measure| Sequence::new(instance, scale, Order::Decreasing(measure));
    let placement = match member {
        Member::Indexed(measure, choice) => {
            let sequence = sequence(measure);
            return indexed::construct(instance, scale, &sequence, choice, false, budget);
        }
        Member::FirstFit(measure) => {
            let sequence = sequence(measure);
            item_centric::construct(instance, &sequence, &mut stock, &mut FirstFitRule, budget)
        }
        Member::BestFit(measure) => {
            let mut rule = BestFitRule { measure, scale };
            item_centric::construct(instance, &sequence(measure), &mut stock, &mut rule, budget)
        }
        Member::NextFit(measure) => {
            let sequence = sequence(measure);
            item_centric::construct(instance, &sequence, &mut stock, &mut NextFitRule, budget)
        }
        Member::DotProduct => {
            bin_centric::construct::<DotProduct>(instance, &mut stock, &Bias::default(), budget)
        }
        Member::L2Norm => {
            bin_centric::construct::<L2NormGreedy>(instance, &mut stock, &Bias::default(), budget)
        }
    }?;
    let mut left = Stock::after(instance, &placement);
    Some(right_size(instance, placement, &mut left))
}
