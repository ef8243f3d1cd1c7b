//! Branch and bound with Lagrangian multipliers, for several resources, exclusions and penalties.
//!
//! A node is a partial pattern and the candidates that may still join it. Prices on the resources give
//! an upper bound on every completion: the room left at its price (where a resource must still be used,
//! the use missing at a negative price), plus what candidates weigh beyond the price of their demands.
//! At the best prices this is the bound of linear programming (Geoffrion 1974). A few subgradient steps
//! towards the limit (Polyak 1969) improve the prices of the parent; candidates that even in the bound
//! cannot be part of a heavier pattern leave the node for good. Then the candidate that outweighs its
//! price most is taken, and afterwards excluded.
//!
//! All numbers are integers; the prices need not be good for the bounds to be true.

mod prices;

use self::prices::{MOST_COUNTED, insert};
use super::{Answer, Knapsack};

/// Weights are scaled by a power of two such that all together stay below `2^MOST_BITS`: prices are
/// integers, and small weights would leave them no choice.
const MOST_BITS: u32 = 54;
/// Prices are such that no demand costs more than `2^PRICE_BITS` over all resources.
const PRICE_BITS: u32 = 60;
/// Capacities and numbers of items beyond these could overflow sums of 64 bits.
const MOST_CAPACITY: u64 = 1 << 40;
const MOST_ITEMS: usize = 1 << 20;
/// What penalties can make of a weight at most; below it, nothing is heavier than a limit.
const LIGHTEST: i64 = -(1 << PRICE_BITS);
/// Subgradient steps at the root, and at every other node.
const ROOT_ROUNDS: u32 = 300;
const NODE_ROUNDS: u32 = 6;

/// A row that may still join the pattern of a node.
#[derive(Clone, Copy)]
struct Candidate {
    item: u32,
    /// How many at most.
    copies: u32,
    /// Its weight, less a share of the penalties that it would cause.
    weight: i64,
}

/// A node on the path from the root. Room, need and prices lie in arrays of the search, by level.
struct Level {
    /// Where its candidates begin; they end where those of the next level begin.
    start: usize,
    weight: i64,
    /// The item taken to get here.
    taken: usize,
}

/// What is known of a node.
enum Finding {
    /// No completion is heavier than the limit.
    Closed,
    /// The candidate at this place should be decided.
    Open(usize),
}

struct Search<'a> {
    knapsack: &'a Knapsack,
    d: usize,
    /// The demands of all items, row by row.
    demands: Vec<i64>,
    weights: Vec<i64>,
    penalties: Vec<i64>,
    /// The penalties that an item is part of.
    part_of: Vec<Vec<usize>>,
    limit: i64,
    /// The greatest absolute price of each resource.
    dearest: Vec<i64>,
    levels: Vec<Level>,
    candidates: Vec<Candidate>,
    room: Vec<i64>,
    need: Vec<i64>,
    prices: Vec<i64>,
    taken: Vec<u64>,
    /// VMs left in each group.
    left: Vec<u64>,
    /// How many items of a penalty are taken.
    held: Vec<u32>,
    /// The last use of an item's mark, for exclusions and for presence among the candidates.
    excluded: Vec<u64>,
    present: Vec<u64>,
    stamp: u64,
    /// The use of each resource by the relaxed solution.
    usage: Vec<i64>,
    trial: Vec<i64>,
    rounds: u32,
}

impl Knapsack {
    /// Looks for a pattern heavier than the limit. A step is a candidate looked at in one resource.
    pub(super) fn branch(&self, limit: u128, steps: &mut u64) -> Answer {
        let total = self.total_weight();
        if limit >= total {
            return Answer::Within;
        }
        let sizes = self.capacity.iter().all(|&capacity| capacity < MOST_CAPACITY);
        let counts = self.items.iter().all(|item| u32::try_from(item.most).is_ok());
        if total >> MOST_BITS > 0 || !sizes || !counts || self.items.len() > MOST_ITEMS {
            return Answer::Undecided;
        }
        let shift = MOST_BITS - (u128::BITS - total.leading_zeros());
        let mut search = Search::new(self, shift, limit as i64, total as i64);
        search.open_root();
        loop {
            let level = search.levels.len() - 1;
            if search.levels[level].weight > search.limit && search.is_filled(level) {
                let weight = (search.levels[level].weight >> shift) as u128;
                return Answer::Heavier { pattern: Some(search.pattern()), weight };
            }
            loop {
                let level = search.levels.len() - 1;
                match search.examine(level, steps) {
                    Finding::Open(place) => {
                        if *steps == 0 {
                            return Answer::Undecided;
                        }
                        search.descend(level, place, steps);
                        break;
                    }
                    Finding::Closed if level == 0 => return Answer::Within,
                    Finding::Closed => search.ascend(),
                }
            }
        }
    }
}

impl<'a> Search<'a> {
    fn new(knapsack: &'a Knapsack, shift: u32, limit: i64, total: i64) -> Self {
        let d = knapsack.capacity.len();
        let n = knapsack.items.len();
        let mut part_of = vec![Vec::new(); n];
        for (p, penalty) in knapsack.penalties.iter().enumerate() {
            for &item in &penalty.items {
                part_of[item].push(p);
            }
        }
        // A penalty of the weight of everything settles as much as a greater one.
        let penalties = knapsack.penalties.iter().map(|p| i64::try_from(p.weight).unwrap_or(total));
        let dearest =
            knapsack.capacity.iter().map(|&c| (1 << PRICE_BITS) / (d as i64 * (c as i64).max(1)));
        Self {
            knapsack,
            d,
            demands: knapsack
                .items
                .iter()
                .flat_map(|i| i.demand.iter().map(|&a| a as i64))
                .collect(),
            weights: knapsack.items.iter().map(|item| (item.weight as i64) << shift).collect(),
            penalties: penalties.map(|weight| weight.min(total) << shift).collect(),
            part_of,
            limit: limit << shift,
            dearest: dearest.collect(),
            levels: Vec::new(),
            candidates: Vec::new(),
            room: knapsack.capacity.iter().map(|&capacity| capacity as i64).collect(),
            need: knapsack.least.iter().map(|&least| least as i64).collect(),
            prices: vec![0; d],
            taken: vec![0; n],
            left: knapsack.groups.iter().map(|group| group.most).collect(),
            held: vec![0; knapsack.penalties.len()],
            excluded: vec![0; n],
            present: vec![0; n],
            stamp: 0,
            usage: vec![0; d],
            trial: vec![0; d],
            rounds: ROOT_ROUNDS,
        }
    }

    fn open_root(&mut self) {
        for (index, item) in self.knapsack.items.iter().enumerate() {
            let weight = self.weights[index];
            let (item, copies) = (index as u32, item.most as u32);
            self.candidates.push(Candidate { item, copies, weight });
        }
        self.levels.push(Level { start: 0, weight: 0, taken: usize::MAX });
    }

    fn is_filled(&self, level: usize) -> bool {
        self.need[level * self.d..][..self.d].iter().all(|&need| need <= 0)
    }

    /// Takes the candidate, opens the node below, and excludes the candidate from this one.
    fn descend(&mut self, level: usize, place: usize, steps: &mut u64) {
        let (d, knapsack) = (self.d, self.knapsack);
        let start = self.levels[level].start;
        let end = self.candidates.len();
        let item = self.candidates[place].item as usize;
        let group = knapsack.items[item].group;
        let mut weight = self.levels[level].weight + self.weights[item];
        self.taken[item] += 1;
        self.left[group] -= 1;
        for &p in &self.part_of[item] {
            self.held[p] += 1;
            if self.held[p] == 2 {
                weight = (weight - self.penalties[p]).max(LIGHTEST);
            }
        }
        for array in [&mut self.room, &mut self.need, &mut self.prices] {
            array.truncate((level + 1) * d);
            array.extend_from_within(level * d..);
        }
        let demand = &self.demands[item * d..][..d];
        let base = (level + 1) * d;
        for (k, &amount) in demand.iter().enumerate() {
            self.room[base + k] -= amount;
            self.need[base + k] = (self.need[base + k] - amount).max(0);
        }
        self.stamp += 1;
        for &other in &knapsack.conflicts[item] {
            self.excluded[other] = self.stamp;
        }
        let room = &self.room[base..];
        for index in start..end {
            let candidate = self.candidates[index];
            let other = candidate.item as usize;
            let left = self.left[knapsack.items[other].group];
            let demand = &self.demands[other * d..][..d];
            let fits = left > 0
                && self.excluded[other] != self.stamp
                && demand.iter().zip(room).all(|(demand, room)| demand <= room);
            if fits {
                let mut copies = candidate.copies.min(u32::try_from(left).unwrap_or(u32::MAX));
                if copies > 1 {
                    let quotients = room.iter().zip(demand).filter_map(|(r, &a)| r.checked_div(a));
                    let fitting = quotients.min().unwrap_or(i64::MAX);
                    copies = copies.min(u32::try_from(fitting).unwrap_or(u32::MAX));
                }
                self.present[other] = self.stamp;
                self.candidates.push(Candidate { copies, ..candidate });
            }
        }
        *steps = steps.saturating_sub(((end - start) * d) as u64);
        self.levels.push(Level { start: end, weight, taken: item });
        if !self.penalties.is_empty() {
            self.discount(end);
        }
        if self.is_filled(level + 1) {
            // Not those that penalties make worthless: the third item of a penalty costs nothing more.
            let weights = &self.weights;
            retain_from(&mut self.candidates, end, |candidate| {
                weights[candidate.item as usize] > 0
            });
        }
        // Swapping with the last keeps the list dense, but it has to end where the next one begins: the
        // place is emptied by a candidate of no copies instead.
        self.candidates[place].copies = 0;
        self.rounds = NODE_ROUNDS;
    }

    /// Sets the weights of the candidates from `start` on. If one item of a penalty is taken, the next
    /// one loses its weight, and the third one nothing more; half for each is never too much.
    fn discount(&mut self, start: usize) {
        for index in start..self.candidates.len() {
            let item = self.candidates[index].item as usize;
            let mut weight = self.weights[item];
            for &p in self.part_of[item].iter().filter(|&&p| self.held[p] == 1) {
                let others =
                    self.knapsack.penalties[p].items.iter().filter(|&&other| other != item);
                let third = others.filter(|&&other| self.present[other] == self.stamp).count();
                let share = if third > 0 { self.penalties[p] / 2 } else { self.penalties[p] };
                weight = (weight - share).max(LIGHTEST);
            }
            self.candidates[index].weight = weight;
        }
    }

    /// Leaves the last node, which is closed.
    fn ascend(&mut self) {
        let Some(Level { start, taken, .. }) = self.levels.pop() else { return };
        self.candidates.truncate(start);
        let base = self.levels.len() * self.d;
        for array in [&mut self.room, &mut self.need, &mut self.prices] {
            array.truncate(base);
        }
        self.taken[taken] -= 1;
        self.left[self.knapsack.items[taken].group] += 1;
        for &p in &self.part_of[taken] {
            self.held[p] -= 1;
        }
    }

    /// Bounds the node, drops candidates, and chooses one.
    fn examine(&mut self, level: usize, steps: &mut u64) -> Finding {
        let start = self.levels[level].start;
        retain_from(&mut self.candidates, start, |candidate| candidate.copies > 0);
        if self.candidates.len() == start {
            return Finding::Closed;
        }
        let joining = self.joining(level, steps);
        if joining == Some(1) {
            return self.last_one(level);
        }
        let Some(bound) = self.improve(level, joining, steps) else { return Finding::Closed };
        let (d, demands) = (self.d, &self.demands);
        let prices = &self.prices[level * d..][..d];
        let excess = |candidate: &Candidate| {
            let demand = &demands[candidate.item as usize * d..][..d];
            candidate.weight - demand.iter().zip(prices).map(|(a, p)| a * p).sum::<i64>()
        };
        // A candidate that counts nothing in the bound lowers it by being taken: by what it costs more
        // than it weighs, or by the excess of the one that it displaces.
        let mut greatest = [0; MOST_COUNTED];
        if let Some(joining) = joining {
            for candidate in &self.candidates[start..] {
                insert(&mut greatest[..joining], excess(candidate));
            }
        }
        let displaced = joining.map_or(0, |joining| greatest[joining - 1]);
        let slack = i128::from(self.limit) - bound + i128::from(displaced);
        retain_from(&mut self.candidates, start, |candidate| i128::from(excess(candidate)) > slack);
        let chosen = (start..self.candidates.len())
            .max_by_key(|&place| (excess(&self.candidates[place]), std::cmp::Reverse(place)));
        *steps = steps.saturating_sub((3 * d * (self.candidates.len() - start)) as u64);
        chosen.map_or(Finding::Closed, Finding::Open)
    }

    /// The candidate that alone makes the pattern too heavy, if there is one.
    fn last_one(&self, level: usize) -> Finding {
        let d = self.d;
        let needed = self.limit - self.levels[level].weight;
        let need = &self.need[level * d..][..d];
        let heavy = |place: &usize| {
            let candidate = &self.candidates[*place];
            let demand = &self.demands[candidate.item as usize * d..][..d];
            candidate.weight > needed && demand.iter().zip(need).all(|(a, need)| a >= need)
        };
        let mut places = self.levels[level].start..self.candidates.len();
        places.find(heavy).map_or(Finding::Closed, Finding::Open)
    }

    /// What was taken, by row.
    fn pattern(&self) -> Vec<(usize, u64)> {
        let rows = self.knapsack.items.iter().map(|item| item.row);
        rows.zip(self.taken.iter().copied()).filter(|&(_, count)| count > 0).collect()
    }
}

/// Drops the candidates from `start` on that are not to be kept, in order.
fn retain_from(candidates: &mut Vec<Candidate>, start: usize, keep: impl Fn(&Candidate) -> bool) {
    let mut end = start;
    for index in start..candidates.len() {
        if keep(&candidates[index]) {
            candidates[end] = candidates[index];
            end += 1;
        }
    }
    candidates.truncate(end);
}
