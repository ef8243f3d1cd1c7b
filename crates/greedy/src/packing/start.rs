//! The best of several rules: where exact methods begin.

use vmpack_model::packing::{Instance, Placement};
use vmpack_model::{Budget, Value};

use super::best_fit::BestFitRule;
use super::dot_product::DotProduct;
use super::first_fit::FirstFitRule;
use super::l2_norm::L2NormGreedy;
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
    DotProduct,
    L2Norm,
}

/// The measures that differ in one resource, and in several.
const ONE: &[Measure] = &[L1];
const SEVERAL: &[Measure] = &[L2, L1, Linf, AverageSum];

/// The cheapest placement of a portfolio of rules: best and first fit by decreasing size in several
/// measures and both bin-centric rules, on all host types together; and best fit on each host type alone.
/// The members are the strongest of the comparison of Mommessin, Erlebach and Shakhlevich (Classification
/// and evaluation of the algorithms for vector bin packing, 2025).
///
/// Stops with the best so far when the budget is exhausted, and early when a volume bound shows that
/// nothing is cheaper. `None` if no member finds a placement: there is none, the stock is too scarce for
/// constructive rules, or no time was left. The same instance gives the same placement unless time ends
/// it. Effort depends on VM types and distinct host contents, not on counts: as the sum of the rules,
/// `O(n g)` for `n` types and `g` groups of hosts.
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
    let scale = Scale::new(instance);
    let volumes = (0..instance.dimensions()).filter_map(|k| vmpack_bounds::volume(instance, k));
    let lower = volumes.map(|bound| bound.value).max().unwrap_or(Value::ZERO);
    let mut best: Option<(u64, Placement)> = None;
    for (member, host) in members(instance) {
        if best.as_ref().is_some_and(|&(cost, _)| Value::from(cost) <= lower) {
            break;
        }
        if let Some(placement) = construct(instance, &scale, member, host, budget) {
            let cost = placement.cost(instance);
            if best.as_ref().is_none_or(|&(least, _)| cost < least) {
                best = Some((cost, placement));
            }
        }
    }
    best.map(|(_, placement)| placement)
}

/// Every rule that may differ from the others on the instance, with the host type that it is confined
/// to; cheap and strong ones first.
fn members(instance: &Instance) -> Vec<(Member, Option<usize>)> {
    let measures = if instance.dimensions() == 1 { ONE } else { SEVERAL };
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
        Member::FirstFit(measure) => {
            let sequence = sequence(measure);
            item_centric::construct(instance, &sequence, &mut stock, &mut FirstFitRule, budget)
        }
        Member::BestFit(measure) => {
            let mut rule = BestFitRule { measure, scale };
            item_centric::construct(instance, &sequence(measure), &mut stock, &mut rule, budget)
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
