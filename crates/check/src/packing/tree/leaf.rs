//! A leaf: the residual problem has no placement that costs less than the bound.

use num_bigint::BigInt;
use vmpack_model::packing::{Instance, WeightedCut};

use super::super::knapsack::{Answer, Knapsack};
use super::super::{cost_step, total_demand};
use super::residual::Residual;
use crate::claim::Unproved;

/// What holds for all placements that cost less than the bound.
pub(super) struct Ceiling {
    /// What they cost at most: the greatest multiple of the common divisor of all costs below the bound.
    cost: u64,
    /// How many hosts of each type they open at most: no more than in stock, than the cost allows, and
    /// than there are VMs, since hosts that hold nothing may be closed.
    open: Vec<u64>,
    /// What every host of theirs is loaded with at least, in every resource. Not zero only if all hosts
    /// are alike: `n` hosts, of which there are no more than `open`, waste `n * capacity - demand`
    /// together, and a single one cannot waste more than all, since none wastes less than nothing.
    /// Gluing moves no demand from host to host, so this holds in the whole tree.
    least: Vec<u64>,
    /// Whether not even all hosts offer what is demanded: then no pattern wastes
    /// little enough.
    too_few: bool,
}

/// What a leaf consists of.
pub(super) struct Claim<'a> {
    pub(super) weights: &'a [u64],
    pub(super) scale: u64,
    pub(super) prices: &'a [u64],
    pub(super) cuts: &'a [WeightedCut],
}

impl Ceiling {
    /// `None` if nothing costs less.
    pub(super) fn new(instance: &Instance, below: u64) -> Option<Self> {
        let most = below.checked_sub(1)?;
        let cost = most - most.checked_rem(cost_step(instance)).unwrap_or(most);
        let vms = instance.vms().iter().map(|vm| vm.count).sum();
        let open: Vec<u64> = instance
            .hosts()
            .iter()
            .map(|host| {
                let paid = cost.checked_div(host.cost).unwrap_or(vms);
                vms.min(paid).min(host.stock.unwrap_or(vms))
            })
            .collect();
        let mut least = vec![0; instance.dimensions()];
        let mut too_few = false;
        if let [open] = open[..] {
            for (k, least) in least.iter_mut().enumerate() {
                let capacity = instance.capacity(0)[k];
                let waste = BigInt::from(open) * capacity - total_demand(instance, k);
                too_few |= waste < BigInt::ZERO;
                *least = u64::try_from(waste).map_or(0, |waste| capacity.saturating_sub(waste));
            }
        }
        Some(Self { cost, open, least, too_few })
    }
}

/// Proves the claim about the residual problem: its items weigh more than hosts for the greatest cost
/// that is looked at can hold.
///
/// Why the cuts may be subtracted: of three units, at most one host holds two or more. So over all hosts
/// of a placement the patterns lose the weight of a cut at most once, and still weigh what the items
/// weigh less all cuts. The items of a cut must be demanded once each for that.
pub(super) fn prove(
    instance: &Instance,
    ceiling: &Ceiling,
    residual: &Residual,
    claim: &Claim,
    steps: &mut u64,
) -> Result<(), Unproved> {
    check_shape(instance, residual, claim)?;
    let items = residual.items.iter().zip(claim.weights);
    let all: BigInt = items.map(|(item, &weight)| BigInt::from(item.demand) * weight).sum();
    let lost: BigInt = claim.cuts.iter().map(|cut| BigInt::from(cut.weight)).sum();
    let weight = all - lost;
    let mut offered = BigInt::from(claim.scale) * ceiling.cost;
    for (&open, &price) in ceiling.open.iter().zip(claim.prices) {
        offered += BigInt::from(open) * price;
    }
    if weight <= offered {
        return Unproved::wrong(format!(
            "the items weigh {weight} less cuts, and hosts may hold {offered}"
        ));
    }
    if ceiling.too_few {
        return Ok(());
    }
    // Hosts of which none is opened need no proof.
    for (t, host) in instance.hosts().iter().enumerate().filter(|&(t, _)| ceiling.open[t] > 0) {
        let limit = u128::from(claim.scale) * u128::from(host.cost) + u128::from(claim.prices[t]);
        let knapsack = knapsack(instance.capacity(t), &ceiling.least, residual, claim);
        match knapsack.decide(limit, steps) {
            Answer::Within => {}
            Answer::Heavier { pattern, weight } => {
                let content = pattern.map_or_else(|| "some pattern".to_owned(), |p| describe(&p));
                return Unproved::wrong(format!(
                    "host type {:?} can hold {content} of weight {weight}, more than {limit}",
                    host.name
                ));
            }
            Answer::Undecided => {
                return Err(Unproved::Undecided(format!(
                    "the exact knapsack of host type {:?} takes more steps than are left",
                    host.name
                )));
            }
        }
    }
    Ok(())
}

fn check_shape(instance: &Instance, residual: &Residual, claim: &Claim) -> Result<(), Unproved> {
    let (items, hosts) = (residual.items.len(), instance.hosts().len());
    if claim.weights.len() != items {
        return Unproved::wrong(format!("{} weights for {items} items", claim.weights.len()));
    }
    if claim.prices.len() != hosts {
        return Unproved::wrong(format!("{} prices for {hosts} host types", claim.prices.len()));
    }
    for (number, cut) in claim.cuts.iter().enumerate() {
        let [a, b, c] = cut.items;
        if a == b || b == c || a == c {
            return Unproved::wrong(format!("cut {number} names an item twice"));
        }
        for index in cut.items {
            match residual.items.get(index).map(|item| item.demand) {
                None => {
                    return Unproved::wrong(format!("cut {number}: there is no item {index}"));
                }
                Some(1) => {}
                Some(demand) => {
                    return Unproved::wrong(format!(
                        "cut {number}: item {index} has a demand of {demand} instead of 1"
                    ));
                }
            }
        }
    }
    Ok(())
}

/// One host, and the items that may fill it.
fn knapsack(capacity: &[u64], least: &[u64], residual: &Residual, claim: &Claim) -> Knapsack {
    let items = || residual.items.iter().enumerate();
    let types = items().zip(claim.weights).map(|((index, item), &weight)| {
        let alone = item.conflicts.binary_search(&index).is_ok();
        let count = if alone { item.demand.min(1) } else { item.demand };
        (count, std::iter::once((index, &item.size[..], weight)))
    });
    let pairs = items().flat_map(|(a, item)| item.conflicts.iter().map(move |&b| (a, b)));
    Knapsack::new(capacity, least, types)
        .exclude(pairs.filter(|(a, b)| a < b))
        .penalize(claim.cuts.iter().map(|cut| (cut.items, cut.weight)))
}

/// The content of a host for people: `2 x item 3 + 1 x item 7`.
fn describe(pattern: &[(usize, u64)]) -> String {
    let part = |&(item, count): &(usize, u64)| format!("{count} x item {item}");
    pattern.iter().map(part).collect::<Vec<_>>().join(" + ")
}
