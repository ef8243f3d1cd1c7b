//! Dual weights: no host holds more weight than it costs, so the hosts cost at least the weight of all
//! VMs. The premise is proved again by an exact knapsack per host type.

use num_bigint::BigInt;
use num_rational::BigRational;
use vmpack_model::packing::Instance;

use super::knapsack::{self, Answer};
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
    for (t, host) in instance.hosts().iter().enumerate().filter(|(_, host)| host.stock != Some(0)) {
        let limit = u128::from(scale) * u128::from(host.cost) + u128::from(prices[t]);
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
