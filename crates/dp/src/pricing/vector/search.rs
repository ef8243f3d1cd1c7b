//! Depth-first search over patterns, pruned by surrogate tables.

use super::found::Found;
use super::goal::{End, Goal, Limits};
use super::items::Items;
use super::lagrange::{self, Lagrange};
use super::table::Table;
use crate::pricing::Problem;

/// How many steps pass between two questions whether to stop.
const POLL: u64 = 4096;

/// Stands for a bound that was not computed; profits may be added to it.
pub(super) const NO_BOUND: i64 = i64::MAX / 2;
/// One pattern on the way: which items may still be added, and how far this has been tried.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) value: i64,
    /// The item taken last and its number; `u32::MAX` at the root.
    item: u32,
    copies: u32,
    /// Whether the pattern held the item before: then it pays no cut again.
    again: bool,
    /// The candidates that may be added, as a range of the stack, and the next one.
    start: u32,
    next: u32,
    end: u32,
    /// How many copies of the next candidate are to be tried next; zero if it is new.
    more: u32,
    /// No selection of the candidates from the next one on is worth more.
    hope: i64,
}

/// What is searched.
#[derive(Clone, Copy)]
pub(super) struct Space<'a> {
    pub(super) problem: &'a Problem<'a>,
    pub(super) items: &'a Items,
    pub(super) tables: &'a [Table],
    /// What the whole capacity of each resource is worth in the continuous relaxation.
    pub(super) multipliers: &'a [f64],
}

/// Buffers of the search, used again from call to call.
#[derive(Debug, Default)]
pub(super) struct Search {
    nodes: Vec<Node>,
    candidates: Vec<u32>,
    /// What is free of each resource, per depth.
    room: Vec<u64>,
    /// What is free of each surrogate, per depth.
    rooms: Vec<u64>,
    /// How many items of each cut are taken.
    held: Vec<u8>,
    taken: Vec<(u32, u32)>,
    /// What the whole capacity of each resource is worth, per depth.
    prices: Vec<f64>,
    /// Profits of the candidates less what they take, at these prices.
    gains: Vec<i64>,
    lagrange: Lagrange,
    /// Steps of all searches.
    pub(super) steps: u64,
    /// Items that may not be added.
    pub(super) closed: Vec<bool>,
}

impl Search {
    /// Prepares for a set of items; forgets the steps taken.
    pub(super) fn reset(&mut self, items: &Items, problem: &Problem<'_>) {
        self.held.clear();
        self.held.resize(problem.penalties.len(), 0);
        self.closed.clear();
        self.closed.resize(items.len(), false);
    }

    /// Looks for the most valuable pattern above the cutoff, among those that hold `seed` if one is
    /// given. Every pattern on the way that is better than the best before goes into `found`.
    pub(super) fn run(
        &mut self,
        space: &Space<'_>,
        seed: Option<usize>,
        limits: Limits<'_>,
        found: &mut Found,
    ) -> (End, i64) {
        let Space { items, tables, multipliers, .. } = *space;
        let d = items.dimensions;
        let most_steps = self.steps.saturating_add(limits.steps);
        let mut poll = self.steps + POLL;
        let mut goal = Goal {
            floor: limits.cutoff,
            best: limits.cutoff,
            cutoff: limits.cutoff,
            slack: limits.slack,
        };
        let mut most_steps = most_steps;
        let mut first = true;
        self.nodes.clear();
        self.taken.clear();
        self.candidates.clear();
        self.gains.clear();
        self.prices.clear();
        self.prices.extend_from_slice(multipliers);
        self.room.clear();
        self.room.extend_from_slice(&items.capacity);
        self.rooms.clear();
        self.rooms.extend(tables.iter().map(|table| table.capacity));
        let end = items.len() as u32;
        self.candidates.extend(0..end);
        self.gains.resize(end as usize, 0);
        self.nodes.push(Node {
            value: items.base,
            item: u32::MAX,
            copies: 0,
            again: false,
            start: 0,
            next: 0,
            end,
            more: 0,
            hope: NO_BOUND,
        });
        if let Some(seed) = seed {
            self.take(space, seed, 1);
            self.enter(space, 0, items.len(), &mut goal, found);
        } else {
            self.note(items, &mut goal, found);
        }
        let floor = self.nodes.len();
        loop {
            let depth = self.nodes.len();
            let node = self.nodes[depth - 1];
            let rooms = &self.rooms[(depth - 1) * tables.len()..depth * tables.len()];
            if node.next == node.end
                || node.value + node.hope <= goal.cutoff
                || node.more == 0 && {
                    let at = self.candidates[node.next as usize] as usize;
                    let mut pairs = tables.iter().zip(rooms);
                    pairs.any(|(table, &room)| node.value + table.worth(room, at) <= goal.cutoff)
                }
            {
                if depth == floor {
                    for _ in 0..depth {
                        self.leave(items, tables.len());
                    }
                    return (End::Exhausted, goal.best);
                }
                self.leave(items, tables.len());
                continue;
            }
            let at = self.candidates[node.next as usize] as usize;
            let copies = if node.more > 0 {
                node.more
            } else {
                let most = items.most[at] - u32::from(seed == Some(at));
                if most > 1 { self.fitting(items, at, most) } else { 1 }
            };
            let top = &mut self.nodes[depth - 1];
            top.more = copies - 1;
            if copies == 1 {
                if node.hope < NO_BOUND {
                    let gain = self.gains[node.next as usize].max(0);
                    top.hope -= gain * i64::from(items.most[at]);
                }
                top.next += 1;
            }
            self.steps += 1;
            let value = node.value + items.profit[at] * i64::from(copies);
            let (from, to) = (node.next as usize + 1, node.end as usize);
            // What may follow begins with the next candidate.
            let after = if from < to { self.candidates[from] as usize } else { items.len() };
            let mut pairs = tables.iter().zip(rooms);
            let hopeless = pairs.any(|(table, &room)| {
                let left = room - table.weight[at] * u64::from(copies);
                value + table.worth(left, after) <= goal.cutoff
            });
            if hopeless {
                continue;
            }
            self.take(space, at, copies);
            self.enter(space, from, to, &mut goal, found);
            if first && goal.best > goal.floor {
                first = false;
                most_steps = most_steps.min(limits.patience.max(2 * self.steps));
            }
            if self.steps >= poll || self.steps >= most_steps {
                poll = self.steps + POLL;
                if self.steps >= most_steps || (limits.stop)() {
                    let open = self.open(tables, d).max(goal.best);
                    while !self.nodes.is_empty() {
                        self.leave(items, tables.len());
                    }
                    return (End::Cut(open), goal.best);
                }
            }
        }
    }

    /// Adds copies of an item to the pattern of the top node, as a new node without candidates.
    fn take(&mut self, space: &Space<'_>, at: usize, copies: u32) {
        let Space { problem, items, tables, .. } = *space;
        let depth = self.nodes.len();
        let d = items.dimensions;
        let many = u64::from(copies);
        let mut value = self.nodes[depth - 1].value + items.profit[at] * i64::from(copies);
        let again = self.taken.first().is_some_and(|&(first, _)| first as usize == at);
        if !again {
            for &cut in items.cuts(at) {
                self.held[cut as usize] += 1;
                if self.held[cut as usize] == 2 {
                    value -= problem.penalties[cut as usize].amount;
                }
            }
        }
        self.room.truncate(depth * d);
        for k in 0..d {
            self.room.push(self.room[(depth - 1) * d + k] - items.size[at * d + k] * many);
        }
        self.rooms.truncate(depth * tables.len());
        for (t, table) in tables.iter().enumerate() {
            self.rooms.push(self.rooms[(depth - 1) * tables.len() + t] - table.weight[at] * many);
        }
        self.taken.push((at as u32, copies));
        let start = self.candidates.len() as u32;
        self.nodes.push(Node {
            value,
            item: at as u32,
            copies,
            again,
            start,
            next: start,
            end: start,
            more: 0,
            hope: NO_BOUND,
        });
    }

    /// Notes the pattern of the top node and gathers its candidates from a range of the stack.
    fn enter(
        &mut self,
        space: &Space<'_>,
        from: usize,
        to: usize,
        goal: &mut Goal,
        found: &mut Found,
    ) {
        let Space { problem, items, tables, .. } = *space;
        self.note(items, goal, found);
        let depth = self.nodes.len();
        let d = items.dimensions;
        let node = self.nodes[depth - 1];
        let last = node.item as usize;
        let rooms = &self.rooms[(depth - 1) * tables.len()..];
        let room = &self.room[(depth - 1) * d..];
        let touched = items.touched[last];
        let seeded = depth == 2 && from == 0;
        let main = &tables[0];
        // The first candidate that fits; later ones are dropped if no pattern can hold them together
        // with any from this one on.
        let mut first = None;
        let mut total = 0_i64;
        for index in from..to {
            let at = self.candidates[index] as usize;
            self.steps += 1;
            if self.closed[at] || seeded && at == last && items.most[at] <= node.copies {
                continue;
            }
            let size = &items.size[at * d..(at + 1) * d];
            if size.iter().zip(room).any(|(size, room)| size > room) {
                continue;
            }
            let first = *first.get_or_insert(at);
            let value = node.value + items.profit[at];
            if value + main.worth(rooms[0] - main.weight[at], first) <= goal.cutoff {
                continue;
            }
            if touched
                && at != last
                && problem
                    .conflicts
                    .contains(items.number[last] as usize, items.number[at] as usize)
            {
                continue;
            }
            total = total.saturating_add(items.profit[at] * i64::from(items.most[at]));
            self.candidates.push(at as u32);
        }
        let end = self.candidates.len();
        self.nodes[depth - 1].end = end as u32;
        self.gains.resize(end, 0);
        let (before, start) = ((depth - 2) * d, node.start as usize);
        self.prices.truncate((depth - 1) * d);
        self.prices.extend_from_within(before..before + d);
        if end - start >= lagrange::FEW {
            self.tighten(items, goal.cutoff);
        } else if node.value.saturating_add(total) <= goal.cutoff {
            self.nodes[depth - 1].end = node.start;
            self.candidates.truncate(start);
            self.gains.truncate(start);
        }
    }

    /// Moves the prices of the top node, which start as those of the node before, and drops candidates,
    /// or all of them, that cannot lead above the cutoff.
    fn tighten(&mut self, items: &Items, cutoff: i64) {
        let d = items.dimensions;
        let depth = self.nodes.len();
        let node = self.nodes[depth - 1];
        let (start, end) = (node.start as usize, node.end as usize);
        let room = &self.room[(depth - 1) * d..];
        let prices = &mut self.prices[(depth - 1) * d..];
        let candidates = &self.candidates[start..end];
        let gap = cutoff.saturating_sub(node.value) as f64;
        self.steps += self.lagrange.optimise(items, candidates, room, gap, prices);
        let gains = &mut self.gains[start..end];
        let hope = self.lagrange.bound(items, candidates, room, prices, gains);
        let mut kept = start;
        if node.value + hope > cutoff {
            for index in start..end {
                let gain = self.gains[index];
                if lagrange::useful(&node, hope, gain, cutoff) {
                    self.candidates[kept] = self.candidates[index];
                    self.gains[kept] = gain;
                    kept += 1;
                }
            }
        }
        self.candidates.truncate(kept);
        self.gains.truncate(kept);
        self.nodes[depth - 1].end = kept as u32;
        self.nodes[depth - 1].hope = hope;
    }

    /// Removes the top node.
    fn leave(&mut self, items: &Items, tables: usize) {
        let Some(node) = self.nodes.pop() else { return };
        if node.item != u32::MAX {
            if !node.again {
                for &cut in items.cuts(node.item as usize) {
                    self.held[cut as usize] -= 1;
                }
            }
            self.taken.pop();
        }
        self.candidates.truncate(node.start as usize);
        self.gains.truncate(node.start as usize);
        let depth = self.nodes.len();
        self.room.truncate(depth * items.dimensions);
        self.rooms.truncate(depth * tables);
        self.prices.truncate(depth * items.dimensions);
    }

    /// Records the pattern of the top node if it is good enough.
    fn note(&mut self, items: &Items, goal: &mut Goal, found: &mut Found) {
        let depth = self.nodes.len();
        let d = items.dimensions;
        let value = self.nodes[depth - 1].value;
        if value <= goal.cutoff {
            return;
        }
        let room = &self.room[(depth - 1) * d..depth * d];
        let mut limits = room.iter().zip(&items.capacity).zip(&items.least_load);
        if limits.all(|((room, capacity), least)| capacity - room >= *least) {
            goal.reach(value);
            found.push(items, &self.taken, value);
        }
    }

    /// How many copies of an item fit the top node.
    fn fitting(&self, items: &Items, at: usize, most: u32) -> u32 {
        let d = items.dimensions;
        let room = &self.room[(self.nodes.len() - 1) * d..];
        let pairs = room.iter().zip(items.size(at));
        let fitting = pairs.filter_map(|(&room, &size)| room.checked_div(size)).min();
        fitting.map_or(most, |fitting| u64::from(most).min(fitting) as u32).max(1)
    }

    /// No pattern that the search has not seen is worth more.
    fn open(&self, tables: &[Table], d: usize) -> i64 {
        debug_assert_eq!(self.room.len(), self.nodes.len() * d);
        let mut open = i64::MIN;
        for (depth, node) in self.nodes.iter().enumerate() {
            if node.next == node.end {
                continue;
            }
            let at = self.candidates[node.next as usize] as usize;
            let rooms = &self.rooms[depth * tables.len()..(depth + 1) * tables.len()];
            let worths = tables.iter().zip(rooms).map(|(table, &room)| table.worth(room, at));
            open = open.max(node.value + worths.min().unwrap_or(0).min(node.hope));
        }
        open
    }
}
