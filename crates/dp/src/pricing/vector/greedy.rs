//! Patterns around a seed by greedy choice and exchange.

use super::found::Found;
use super::items::Items;
use super::search::Space;

/// Buffers of the heuristic.
#[derive(Debug, Default)]
pub(super) struct Greedy {
    /// Items of the pattern, one entry per copy; the seed first.
    taken: Vec<(u32, u32)>,
    copies: Vec<u32>,
    room: Vec<u64>,
    /// How many items of each cut the pattern holds.
    held: Vec<u8>,
    value: i64,
    list: Vec<u32>,
    prices: Vec<f64>,
    best: Vec<(u32, u32)>,
    steps: u64,
}

impl Greedy {
    /// Fills a host around the seed: always with the item of the greatest profit per size, where sizes
    /// are weighed by the multipliers and by how little room is left. Then exchanges items one by one
    /// for what fits instead, as long as that pays. Items that are `closed` are left out. Puts the
    /// pattern into `found` if it is worth more than the threshold. Returns the steps taken.
    pub(super) fn run(
        &mut self,
        space: &Space<'_>,
        seed: usize,
        closed: &[bool],
        found: &mut Found,
    ) -> u64 {
        let items = space.items;
        self.steps = 0;
        self.taken.clear();
        self.copies.clear();
        self.copies.resize(items.len(), 0);
        self.room.clone_from(&items.capacity);
        self.held.clear();
        self.held.resize(space.problem.penalties.len(), 0);
        self.value = items.base;
        self.add(space, seed);
        self.fill(space, closed, None);
        self.best.clone_from(&self.taken);
        let mut best = self.value;
        let mut at = 1;
        let mut tried = 0;
        while tried + 1 < self.taken.len() {
            at = if at < self.taken.len() { at } else { 1 };
            let removed = self.taken[at].0 as usize;
            self.remove(space, at);
            self.fill(space, closed, Some(removed));
            if self.value > best {
                best = self.value;
                self.best.clone_from(&self.taken);
                tried = 0;
            } else {
                self.restore(space);
                tried += 1;
                at += 1;
            }
        }
        let mut limits = self.room.iter().zip(&items.capacity).zip(&items.least_load);
        let loaded = limits.all(|((room, capacity), least)| capacity - room >= *least);
        if best > space.problem.threshold && loaded {
            found.push(items, &self.best, best);
        }
        self.steps
    }

    /// Adds items until nothing fits or pays.
    fn fill(&mut self, space: &Space<'_>, closed: &[bool], without: Option<usize>) {
        let Space { items, multipliers, .. } = *space;
        let d = items.dimensions;
        self.list.clear();
        for (at, &shut) in closed.iter().enumerate() {
            if !shut && without != Some(at) && self.fits(items, at) {
                let mut taken = self.taken.iter();
                if !items.touched[at] || taken.all(|&(other, _)| peaceful(space, other, at)) {
                    self.list.push(at as u32);
                }
            }
        }
        self.steps += items.len() as u64;
        while !self.list.is_empty() {
            self.prices.clear();
            let parts = self.room.iter().zip(&items.capacity).zip(multipliers);
            let mean = multipliers.iter().sum::<f64>() / d as f64 * 1e-2;
            self.prices.extend(parts.map(|((&room, &whole), u)| {
                (u + mean) * whole.max(1) as f64 / (room as f64 + 1e-3 * whole as f64 + 1e-9)
            }));
            let mut choice = None;
            let mut best = 0.0;
            for &at in &self.list {
                let gain = self.gain(space, at as usize);
                let shares = &items.share[at as usize * d..(at as usize + 1) * d];
                let cost: f64 = shares.iter().zip(&self.prices).map(|(a, u)| a * u).sum();
                let score = (gain as f64 + 1.0) / cost.max(1e-12);
                if gain >= 0 && score > best {
                    best = score;
                    choice = Some(at as usize);
                }
            }
            self.steps += self.list.len() as u64;
            let Some(choice) = choice else { return };
            self.add(space, choice);
            let mut list = std::mem::take(&mut self.list);
            list.retain(|&at| {
                self.fits(items, at as usize) && peaceful(space, choice as u32, at as usize)
            });
            self.list = list;
        }
    }

    /// What one more of an item is worth, less the cuts that it makes the pattern pay.
    fn gain(&self, space: &Space<'_>, at: usize) -> i64 {
        let profit = space.items.profit[at];
        if self.copies[at] > 0 {
            return profit;
        }
        let cuts = space.items.cuts(at).iter().filter(|&&cut| self.held[cut as usize] == 1);
        profit - cuts.map(|&cut| space.problem.penalties[cut as usize].amount).sum::<i64>()
    }

    fn fits(&self, items: &Items, at: usize) -> bool {
        self.copies[at] < items.most[at]
            && items.size(at).iter().zip(&self.room).all(|(size, room)| size <= room)
    }

    fn add(&mut self, space: &Space<'_>, at: usize) {
        self.value += self.gain(space, at);
        for (room, size) in self.room.iter_mut().zip(space.items.size(at)) {
            *room -= size;
        }
        if self.copies[at] == 0 {
            for &cut in space.items.cuts(at) {
                self.held[cut as usize] += 1;
            }
        }
        self.copies[at] += 1;
        self.taken.push((at as u32, 1));
    }

    fn remove(&mut self, space: &Space<'_>, entry: usize) {
        let at = self.taken.remove(entry).0 as usize;
        self.copies[at] -= 1;
        if self.copies[at] == 0 {
            for &cut in space.items.cuts(at) {
                self.held[cut as usize] -= 1;
            }
        }
        for (room, size) in self.room.iter_mut().zip(space.items.size(at)) {
            *room += size;
        }
        self.value -= self.gain(space, at);
    }

    /// Goes back to the best pattern.
    fn restore(&mut self, space: &Space<'_>) {
        while !self.taken.is_empty() {
            self.remove(space, self.taken.len() - 1);
        }
        for index in 0..self.best.len() {
            self.add(space, self.best[index].0 as usize);
        }
    }
}

/// Whether two items may share a host.
fn peaceful(space: &Space<'_>, one: u32, other: usize) -> bool {
    let number = |at: usize| space.items.number[at] as usize;
    one as usize == other || !space.problem.conflicts.contains(number(one as usize), number(other))
}
