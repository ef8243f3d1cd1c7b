//! Lagrangian bounds within the search: prices of the resources that fit a node.
//!
//! Prices are found in floating point, because any prices give a bound; the bound itself is an integer
//! sum over integer prices.

use super::items::Items;
use super::search::{NO_BOUND, Node};

/// Nodes of fewer candidates are not worth prices of their own.
pub(super) const FEW: usize = 8;
/// Steps of the subgradient method at a node.
const ROUNDS: usize = 10;
/// After how many steps a node must have come nearer to being pruned, and how near: this part of the
/// first gap may be left.
const TRIAL: (usize, f64) = (4, 0.5);
/// Numbers that one instruction may handle together.
const LANES: usize = 4;

/// Buffers for one node: candidates column by column, one column per resource.
#[derive(Debug, Default)]
pub(super) struct Lagrange {
    shares: Vec<f64>,
    profits: Vec<f64>,
    most: Vec<f64>,
    chosen: Vec<f64>,
    room: Vec<f64>,
    slope: Vec<f64>,
    prices: Vec<i64>,
}

impl Lagrange {
    /// Moves the `multipliers`, what the whole capacity of each resource is worth, towards those of the
    /// continuous relaxation of a node that has `room` left. Polyak's steps lead to the value that would
    /// prune the node.
    pub(super) fn optimise(
        &mut self,
        items: &Items,
        candidates: &[u32],
        room: &[u64],
        gap: f64,
        multipliers: &mut [f64],
    ) -> u64 {
        let d = items.dimensions;
        let width = candidates.len().next_multiple_of(LANES);
        self.gather(items, candidates, room, width);
        let mut first_gap = f64::INFINITY;
        for round in 0..=ROUNDS {
            self.chosen.copy_from_slice(&self.profits);
            for (column, &u) in self.shares.chunks_exact(width).zip(&*multipliers) {
                for (gain, share) in self.chosen.iter_mut().zip(column) {
                    *gain -= u * share;
                }
            }
            let mut hope = [0.0; LANES];
            let blocks = self.chosen.chunks_exact_mut(LANES).zip(self.most.chunks_exact(LANES));
            for (gains, most) in blocks {
                for lane in 0..LANES {
                    let taken = if gains[lane] > 0.0 { most[lane] } else { 0.0 };
                    hope[lane] += gains[lane] * taken;
                    gains[lane] = taken;
                }
            }
            let spare: f64 = self.room.iter().zip(&*multipliers).map(|(room, u)| room * u).sum();
            let left = spare + hope.iter().sum::<f64>() - gap;
            first_gap = if round == 0 { left } else { first_gap };
            let done = left <= 0.0 || round == ROUNDS;
            if done || round == TRIAL.0 && left > TRIAL.1 * first_gap {
                return ((round + 1) * candidates.len()) as u64;
            }
            let mut length = 0.0;
            for k in 0..d {
                let column = &self.shares[k * width..(k + 1) * width];
                self.slope[k] = self.room[k] - dot(column, &self.chosen);
                length += self.slope[k] * self.slope[k];
            }
            let step = if length > 1e-12 { left / length } else { 0.0 };
            for (u, slope) in multipliers.iter_mut().zip(&self.slope) {
                *u = (*u - step * slope).max(0.0);
            }
        }
        0
    }

    /// The bound at given multipliers: no selection of the candidates is worth more. Fills their gains:
    /// profits less what they take at integer prices.
    pub(super) fn bound(
        &mut self,
        items: &Items,
        candidates: &[u32],
        room: &[u64],
        multipliers: &[f64],
        gains: &mut [i64],
    ) -> i64 {
        let d = items.dimensions;
        // The worths of all whole capacities must add up.
        let highest = (1_i64 << 60) as f64 / d as f64;
        self.prices.clear();
        self.prices.extend(items.capacity.iter().zip(multipliers).map(|(&capacity, &u)| {
            let price = u.clamp(0.0, highest) / capacity.max(1) as f64;
            price as i64
        }));
        let spare = room.iter().zip(&self.prices).map(|(&room, &price)| room as i64 * price);
        let mut hope: i64 = spare.sum();
        for (gain, &at) in gains.iter_mut().zip(candidates) {
            let size = items.size(at as usize).iter().zip(&self.prices);
            let cost: i64 = size.map(|(&size, &price)| size as i64 * price).sum();
            *gain = items.profit[at as usize] - cost;
            let most = i64::from(items.most[at as usize]);
            hope = hope.saturating_add((*gain).max(0).saturating_mul(most));
        }
        hope.min(NO_BOUND)
    }

    /// Copies what the candidates take, padded with items that are worth nothing.
    fn gather(&mut self, items: &Items, candidates: &[u32], room: &[u64], width: usize) {
        let d = items.dimensions;
        self.shares.clear();
        self.shares.resize(d * width, 0.0);
        self.profits.clear();
        self.most.clear();
        for (index, &at) in candidates.iter().enumerate() {
            let at = at as usize;
            self.profits.push(items.profit[at] as f64);
            self.most.push(f64::from(items.most[at]));
            for (k, &share) in items.share[at * d..(at + 1) * d].iter().enumerate() {
                self.shares[k * width + index] = share;
            }
        }
        self.profits.resize(width, 0.0);
        self.most.resize(width, 0.0);
        self.chosen.resize(width, 0.0);
        self.slope.resize(d, 0.0);
        self.room.clear();
        let parts = room.iter().zip(&items.capacity);
        self.room.extend(parts.map(|(&room, &whole)| room as f64 / whole.max(1) as f64));
    }
}

/// Whether a candidate of negative gain can be part of a pattern above the cutoff.
pub(super) fn useful(node: &Node, hope: i64, gain: i64, cutoff: i64) -> bool {
    gain >= 0 || node.value.saturating_add(hope).saturating_add(gain) > cutoff
}

/// The scalar product of columns of a multiple of [`LANES`] numbers.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum()
}
