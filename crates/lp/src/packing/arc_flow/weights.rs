//! Certified bounds from the dual values of the demand rows.

use vmpack_model::packing::{Certificate, Instance};
use vmpack_model::{Bound, Value};

use super::graph::Graph;
use crate::fractions;
use crate::packing::claim::{is_free, lift};

/// The strongest bound that integer weights near the dual values prove: the fractions that they probably
/// are, and fixed-point numbers. Whatever the weights, the heaviest path of every graph makes the bound
/// true (Farley 1990).
pub(super) fn certified_bound(
    instance: &Instance,
    graphs: &[Option<Graph>],
    duals: &[f64],
) -> Option<Bound<Certificate>> {
    let prices: Vec<f64> = duals.iter().map(|&price| price.max(0.0)).collect();
    let exact = fractions::common(&prices).map(|(weights, _)| weights);
    let greatest = prices.iter().copied().fold(1.0, f64::max);
    let fixed = [24, 40]
        .into_iter()
        .filter(|&bits| greatest * 2_f64.powi(bits) < 2_f64.powi(60))
        .map(|bits| prices.iter().map(|price| (price * 2_f64.powi(bits)).floor() as i64).collect());
    exact
        .into_iter()
        .chain(fixed)
        .filter_map(|weights: Vec<i64>| {
            let weights = weights.into_iter().map(u64::try_from).collect::<Result<_, _>>().ok()?;
            prove(instance, graphs, weights)
        })
        .max_by_key(|bound| bound.value)
}

/// The bound of weights per VM type.
///
/// The scale is the least at which no host of unlimited stock holds more than its cost; hosts of limited
/// stock that hold more get a price, or the scale of all is raised instead, whichever is stronger.
fn prove(
    instance: &Instance,
    graphs: &[Option<Graph>],
    mut weights: Vec<u64>,
) -> Option<Bound<Certificate>> {
    let hosts = instance.hosts();
    for (vm, weight) in weights.iter_mut().enumerate() {
        // What a host gives away for nothing and without end has no weight; nor has a free VM.
        let given_away = (0..hosts.len()).any(|t| {
            let fits = || instance.vms()[vm].rows.clone().any(|row| instance.fits(row, t));
            hosts[t].cost == 0 && hosts[t].stock.is_none() && fits()
        });
        if given_away || is_free(instance, vm) {
            *weight = 0;
        }
    }
    let heaviest: Vec<u128> = graphs
        .iter()
        .map(|graph| {
            let graph = graph.as_ref();
            graph.map_or(0, |graph| graph.heaviest(|row| weights[instance.type_of_row(row)]))
        })
        .collect();
    let scale = |all: bool| {
        let priced = hosts.iter().zip(&heaviest).filter(|(host, _)| {
            host.cost > 0 && host.stock != Some(0) && (all || host.stock.is_none())
        });
        priced.map(|(host, heaviest)| heaviest.div_ceil(host.cost.into())).max().unwrap_or(1).max(1)
    };
    let total: u128 = instance
        .vms()
        .iter()
        .zip(&weights)
        .map(|(vm, &weight)| u128::from(vm.count) * u128::from(weight))
        .sum();
    [scale(false), scale(true)]
        .into_iter()
        .filter_map(|scale| {
            let mut worth = i128::try_from(total).ok()?;
            let mut prices = vec![0_u64; hosts.len()];
            for (t, host) in hosts.iter().enumerate().filter(|(_, host)| host.stock != Some(0)) {
                let over = heaviest[t].saturating_sub(scale * u128::from(host.cost));
                prices[t] = u64::try_from(over).ok()?;
                worth = worth.checked_sub(
                    i128::try_from(over).ok()?.checked_mul(i128::from(host.stock.unwrap_or(0)))?,
                )?;
            }
            let value = lift(instance, Value::new(worth.max(0), i128::try_from(scale).ok()?)?);
            let weights: Vec<u64> =
                (0..instance.rows()).map(|row| weights[instance.type_of_row(row)]).collect();
            let scale = u64::try_from(scale).ok()?;
            Some(Bound::certified(value, Certificate::DualWeights { weights, scale, prices }))
        })
        .max_by_key(|bound| bound.value)
}
