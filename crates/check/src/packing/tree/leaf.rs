//! A leaf: the residual problem has no placement that costs less than the bound.

use num_bigint::BigInt;
use vmpack_model::packing::{Instance, WeightedCut};

use super::super::knapsack::{Answer, Knapsack};
use super::super::rules::usable;
use super::fleet::Fleet;
use super::residual::Residual;
use crate::claim::Unproved;

/// What a leaf consists of.
pub(super) struct Claim<'a> {
    pub(super) weights: &'a [u64],
    pub(super) scale: u64,
    pub(super) prices: &'a [u64],
    pub(super) cuts: &'a [WeightedCut],
}

/// Proves the claim about the residual problem: its items weigh more than hosts for the greatest cost
/// that is looked at can hold.
///
/// Why the cuts may be subtracted: of three units, at most one host holds two or more. So over all hosts
/// of a placement the patterns lose the weight of a cut at most once, and still weigh what the items
/// weigh less all cuts. The items of a cut must be demanded once each for that.
pub(super) fn prove(
    instance: &Instance,
    fleet: &Fleet,
    residual: &Residual,
    claim: &Claim,
    steps: &mut u64,
) -> Result<(), Unproved> {
    check_shape(instance, residual, claim)?;
    let items = residual.items.iter().zip(claim.weights);
    let all: BigInt = items.map(|(item, &weight)| BigInt::from(item.demand) * weight).sum();
    let lost: BigInt = claim.cuts.iter().map(|cut| BigInt::from(cut.weight)).sum();
    let weight = all - lost;
    let Some(offered) = fleet.offer(claim.scale, claim.prices, &weight, steps)? else {
        // There are no such numbers of hosts.
        return Ok(());
    };
    if weight <= offered {
        return Unproved::wrong(format!(
            "the items weigh {weight} less cuts, and hosts may hold {offered}"
        ));
    }
    // Hosts of which none is opened need no proof.
    for (t, host) in instance.hosts().iter().enumerate().filter(|&(t, _)| fleet.opens(t)) {
        let limit = u128::from(claim.scale) * u128::from(host.cost) + u128::from(claim.prices[t]);
        let knapsack = knapsack(&usable(instance, t), fleet.least(t), residual, claim);
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
