//! Dual weights: no host holds more weight than it costs, so the hosts cost at least the weight of all
//! VMs. The premise is proved again by an exact knapsack per host type.

use std::borrow::Cow;
use std::cmp::Reverse;

use num_bigint::BigInt;
use num_rational::BigRational;
use vmpack_model::packing::Instance;

use super::knapsack::{self, Answer};
use super::rules::usable;
use crate::Effort;
use crate::claim::{Lower, Unproved};

/// The bound of [`vmpack_model::packing::Certificate::DualWeights`].
///
/// A host of type `t` holds at most `scale * cost[t] + prices[t]`, so all VMs together, each by a row
/// that weighs at least the least of its type, weigh at most `scale * cost` plus the prices of the hosts
/// opened, of which there are no more than in stock.
pub(super) fn bound(
    instance: &Instance,
    weights: &[u64],
    scale: u64,
    prices: &[u64],
    effort: Effort,
) -> Result<Lower, Unproved> {
    if scale == 0 {
        return Unproved::wrong("the scale must be positive");
    }
    prove_premise(instance, weights, scale, prices, effort)?;
    let surplus = total_weight(instance, weights) - stock_value(instance, prices);
    Ok(Lower::AtLeast(BigRational::new(surplus, BigInt::from(scale))))
}

/// Whether all hosts in stock together cannot hold the weight of all VMs.
pub(super) fn refutation(
    instance: &Instance,
    weights: &[u64],
    prices: &[u64],
    effort: Effort,
) -> Result<(), Unproved> {
    prove_premise(instance, weights, 0, prices, effort)?;
    let (demanded, offered) = (total_weight(instance, weights), stock_value(instance, prices));
    if demanded > offered {
        return Ok(());
    }
    Unproved::wrong(format!("the VMs weigh {demanded}, and the hosts in stock may hold {offered}"))
}

/// The weight of all VMs, each by the lightest row of its type.
fn total_weight(instance: &Instance, weights: &[u64]) -> BigInt {
    let lightest = |rows: std::ops::Range<usize>| weights[rows].iter().min().copied().unwrap_or(0);
    instance.vms().iter().map(|vm| BigInt::from(vm.count) * lightest(vm.rows.clone())).sum()
}

/// The prices of all hosts of limited stock.
fn stock_value(instance: &Instance, prices: &[u64]) -> BigInt {
    let stocks = instance.hosts().iter().zip(prices);
    stocks.filter_map(|(host, &price)| Some(BigInt::from(host.stock?) * price)).sum()
}

/// Proves that no host of type `t` in stock holds more weight than `scale * cost[t] + prices[t]`.
fn prove_premise(
    instance: &Instance,
    weights: &[u64],
    scale: u64,
    prices: &[u64],
    effort: Effort,
) -> Result<(), Unproved> {
    let (rows, hosts) = (instance.rows(), instance.hosts().len());
    if weights.len() != rows {
        let given = weights.len();
        return Unproved::wrong(format!("{given} weights for {rows} demand rows"));
    }
    if prices.len() != hosts {
        return Unproved::wrong(format!("{} prices for {hosts} host types", prices.len()));
    }
    for (host, &price) in instance.hosts().iter().zip(prices) {
        if host.stock.is_none() && price > 0 {
            let name = &host.name;
            return Unproved::wrong(format!("a price for host type {name:?} of unlimited stock"));
        }
    }
    let mut undecided = None;
    for (t, limit) in deciding(instance, scale, prices) {
        let host = &instance.hosts()[t];
        // After one host type was too hard, the others can only show that the weights are wrong.
        let mut steps = effort.knapsack_steps / if undecided.is_some() { 8 } else { 1 };
        match knapsack::decide(instance, t, weights, limit, &mut steps) {
            Answer::Within => {}
            Answer::Heavier { pattern, weight } => {
                let content = pattern.map_or_else(
                    || "some pattern".to_owned(),
                    |pattern| describe(instance, &pattern),
                );
                return Unproved::wrong(format!(
                    "host type {:?} can hold {content} of weight {weight}, more than {limit}",
                    host.name
                ));
            }
            Answer::Undecided => {
                undecided.get_or_insert_with(|| {
                    format!(
                        "not certified: the exact knapsack of host type {:?} takes more than {} steps",
                        host.name, effort.knapsack_steps
                    )
                });
            }
        }
    }
    undecided.map_or(Ok(()), |note| Err(Unproved::Undecided(note)))
}

/// A limit, what a host offers, and the number of its type.
type Candidate<'a> = (u128, Reverse<Cow<'a, [u64]>>, usize);

/// The host types in stock, in their order, on which the premise depends, each with its limit: a host that
/// offers no more than another holds nothing that the other could not hold, and where its limit is no lower
/// it holds too much only if the other does. Of equal hosts the one of the lowest limit decides. Takes
/// `O(h g d)` for `h` host types, `g` of them deciding, and `d` resources.
fn deciding(instance: &Instance, scale: u64, prices: &[u64]) -> Vec<(usize, u128)> {
    let limit =
        |t: usize| u128::from(scale) * u128::from(instance.hosts()[t].cost) + u128::from(prices[t]);
    let in_stock = |&t: &usize| instance.hosts()[t].stock != Some(0);
    let mut types: Vec<_> = (0..instance.hosts().len())
        .filter(in_stock)
        .map(|t| (limit(t), Reverse(usable(instance, t)), t))
        .collect();
    types.sort_unstable();
    let mut kept: Vec<Candidate<'_>> = Vec::new();
    for candidate in types {
        // Limits of those kept are no higher.
        let (_, Reverse(offered), _) = &candidate;
        let covers = |more: &[u64]| offered.iter().zip(more).all(|(less, more)| less <= more);
        if !kept.iter().any(|(_, Reverse(more), _)| covers(more)) {
            kept.push(candidate);
        }
    }
    let mut deciding: Vec<_> = kept.into_iter().map(|(limit, _, t)| (t, limit)).collect();
    deciding.sort_unstable();
    deciding
}

/// The content of a host for people: `2 x "small" + 1 x "large"`.
fn describe(instance: &Instance, pattern: &[(usize, u64)]) -> String {
    let part = |&(row, count): &(usize, u64)| {
        let vm = &instance.vms()[instance.type_of_row(row)];
        if vm.rows.len() == 1 {
            format!("{count} x {:?}", vm.name)
        } else {
            format!("{count} x {:?} by row {row}", vm.name)
        }
    };
    pattern.iter().map(part).collect::<Vec<_>>().join(" + ")
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};
    use vmpack_model::Resource;
    use vmpack_model::packing::HostType;

    use super::*;

    #[test]
    fn of_hosts_that_offer_no_more_the_lowest_limit_decides() {
        let kind = |name: &str, cost, stock| HostType { name: name.into(), cost, stock };
        let hosts = vec![
            kind("dear", 9, Some(1)),
            kind("cheap", 5, Some(3)),
            kind("same", 5, Some(2)),
            kind("smaller", 5, None),
            kind("smaller and cheaper", 4, None),
            kind("larger", 10, None),
            kind("gone", 0, Some(0)),
        ];
        let capacities = array![[4, 4], [4, 4], [4, 4], [4, 3], [3, 4], [5, 4], [9, 9]];
        let (resources, vms) = (Resource::anonymous(2), vec![("vm".to_owned(), 1)]);
        let demands = Array2::from_elem((1, 2), 1);
        let instance = Instance::simple("hosts", resources, vms, demands, hosts, capacities)
            .expect("a valid instance");
        let names = |prices: &[u64]| -> Vec<String> {
            let named = |(t, limit): (usize, u128)| format!("{} {limit}", instance.hosts()[t].name);
            deciding(&instance, 2, prices).into_iter().map(named).collect()
        };
        assert_eq!(names(&[0; 7]), ["cheap 10", "smaller and cheaper 8", "larger 20"]);
        // A price raises the limit: of equal hosts another decides.
        assert_eq!(
            names(&[0, 1, 0, 0, 0, 0, 0]),
            ["same 10", "smaller and cheaper 8", "larger 20"]
        );
        assert_eq!(
            names(&[0, 9, 12, 0, 0, 0, 0]),
            ["dear 18", "smaller 10", "smaller and cheaper 8", "larger 20"]
        );
    }
}
