//! Lagrangian bounds within the search: prices of the resources that fit a node.

use super::items::Items;
use super::search::{NO_BOUND, Search};

/// Nodes of fewer candidates are not worth prices of their own.
pub(super) const FEW: usize = 8;
/// Steps of the subgradient method at a node.
const ROUNDS: usize = 10;
/// After how many steps a node must have come nearer to being pruned, and how near: this part of the
/// first gap may be left.
const TRIAL: (usize, f64) = (4, 0.5);

/// The integer price of a unit of a resource of which the whole capacity is worth `multiplier`, small
/// enough that the worths of `dimensions` whole capacities add up.
pub(super) fn whole_price(multiplier: f64, capacity: u64, dimensions: usize) -> i64 {
    let highest = (1_i64 << 60) as f64 / dimensions as f64;
    (multiplier.clamp(0.0, highest) / capacity.max(1) as f64) as i64
}

impl Search {
    /// Moves the prices of the top node towards those of its continuous relaxation, from those of the
    /// node before, and drops candidates, or all of them, that cannot lead above the cutoff.
    pub(super) fn tighten(&mut self, items: &Items, cutoff: i64) {
        let d = items.dimensions;
        let depth = self.nodes.len();
        let node = self.nodes[depth - 1];
        let (start, end) = (node.start as usize, node.end as usize);
        let room = &self.room[(depth - 1) * d..];
        let prices = &mut self.prices[(depth - 1) * d..];
        let candidates = &self.candidates[start..end];
        let gains = &mut self.gains[start..end];
        self.slope.resize(d, 0.0);
        let mut hope = i64::MAX;
        let mut first_gap = 0.0;
        for round in 0.. {
            hope = room.iter().zip(&*prices).map(|(&room, &price)| room as i64 * price).sum();
            for (slope, &room) in self.slope.iter_mut().zip(room) {
                *slope = room as f64;
            }
            for (gain, &at) in gains.iter_mut().zip(candidates) {
                let at = at as usize;
                let size = &items.size[at * d..(at + 1) * d];
                let cost: i64 =
                    size.iter().zip(&*prices).map(|(&s, &price)| s as i64 * price).sum();
                *gain = items.profit[at] - cost;
                if *gain > 0 {
                    hope = hope.saturating_add(*gain * i64::from(items.most[at]));
                    for (slope, &size) in self.slope.iter_mut().zip(size) {
                        *slope -= size as f64 * f64::from(items.most[at]);
                    }
                }
            }
            self.steps += (end - start) as u64;
            if node.value.saturating_add(hope) <= cutoff {
                self.nodes[depth - 1].end = node.start;
                self.candidates.truncate(start);
                self.gains.truncate(start);
                return;
            }
            let gap = node.value.saturating_add(hope).saturating_sub(cutoff) as f64;
            if round == 0 {
                first_gap = gap;
            }
            if round == ROUNDS || round == TRIAL.0 && gap > TRIAL.1 * first_gap {
                break;
            }
            // Polyak's step towards the value that would prune the node.
            let length: f64 = self
                .slope
                .iter()
                .zip(&items.capacity)
                .map(|(slope, &capacity)| (slope / capacity.max(1) as f64).powi(2))
                .sum();
            if length < 1e-12 {
                break;
            }
            let step = gap / length;
            for ((price, slope), &capacity) in
                prices.iter_mut().zip(&self.slope).zip(&items.capacity)
            {
                let whole = capacity.max(1) as f64;
                let moved = *price as f64 - step * slope / (whole * whole);
                *price = whole_price(moved * whole, capacity, d);
            }
        }
        let mut kept = start;
        for index in start..end {
            let gain = self.gains[index];
            if gain >= 0 || node.value.saturating_add(hope).saturating_add(gain) > cutoff {
                self.candidates[kept] = self.candidates[index];
                self.gains[kept] = gain;
                kept += 1;
            }
        }
        self.candidates.truncate(kept);
        self.gains.truncate(kept);
        self.nodes[depth - 1].end = kept as u32;
        self.nodes[depth - 1].hope = hope.min(NO_BOUND);
    }
}
