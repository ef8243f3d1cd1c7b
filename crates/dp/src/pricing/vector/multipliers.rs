//! Multipliers of the resources: what a unit of each is worth in the continuous relaxation.

use super::items::Items;

/// How many steps the subgradient method takes.
const STEPS: usize = 120;

/// Multipliers that nearly minimise the Lagrangian `sum of u_k + sum over items of most * max(0, profit -
/// u * size)`, where sizes are fractions of `capacity`: a subgradient method with Polyak's steps whose
/// target follows the best value. Floating point, because any multipliers at all give a valid bound.
///
/// `O(STEPS * items * resources)`.
pub(super) fn optimise(items: &Items, capacity: &[u64], multipliers: &mut Vec<f64>) {
    let d = items.dimensions;
    let scale: Vec<f64> = capacity.iter().map(|&c| 1.0 / (c.max(1)) as f64).collect();
    let sizes: Vec<f64> =
        items.size.iter().enumerate().map(|(at, &size)| size as f64 * scale[at % d]).collect();
    let profits: Vec<f64> = items.profit.iter().map(|&profit| profit as f64).collect();
    let most: Vec<f64> = items.most.iter().map(|&most| f64::from(most)).collect();
    multipliers.clear();
    let efficiency = sizes
        .chunks_exact(d)
        .zip(&profits)
        .map(|(row, profit)| profit / row.iter().sum::<f64>().max(1e-9))
        .fold(0.0, f64::max);
    multipliers.resize(d, efficiency / 2.0);
    let mut best = f64::INFINITY;
    let mut best_at = multipliers.clone();
    let mut slope = vec![0.0; d];
    let mut reach = 0.5;
    let mut stalled = 0;
    for _ in 0..STEPS {
        slope.fill(1.0);
        let mut value: f64 = multipliers.iter().sum();
        for (at, row) in sizes.chunks_exact(d).enumerate() {
            let price: f64 = row.iter().zip(multipliers.iter()).map(|(a, u)| a * u).sum();
            let gain = profits[at] - price;
            if gain > 0.0 {
                value += gain * most[at];
                for (slope, size) in slope.iter_mut().zip(row) {
                    *slope -= size * most[at];
                }
            }
        }
        if value < best {
            if value > best * (1.0 - 1e-4) {
                stalled += 1;
            } else {
                stalled = 0;
            }
            best = value;
            best_at.clone_from(multipliers);
        } else {
            stalled += 1;
        }
        if stalled >= 4 {
            stalled = 0;
            reach *= 0.5;
            multipliers.clone_from(&best_at);
            continue;
        }
        let length: f64 = slope
            .iter()
            .zip(multipliers.iter())
            .filter(|&(&slope, &u)| u > 0.0 || slope < 0.0)
            .map(|(slope, _)| slope * slope)
            .sum();
        if length < 1e-18 {
            break;
        }
        let step = (value - best * (1.0 - 0.2 * reach)) / length;
        for (u, slope) in multipliers.iter_mut().zip(&slope) {
            *u = (*u - step * slope).max(0.0);
        }
    }
    multipliers.clone_from(&best_at);
}
