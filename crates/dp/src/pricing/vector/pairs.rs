//! Search for hosts that hold few items: by falling profit, over sets of items that fit together in pairs.
//!
//! Where a host holds three or four items, relaxed knapsacks say little, and counting says much: if at most
//! `m` more items fit, they are worth no more than the first `m` of the candidates, so that the loop over
//! candidates by falling profit ends early, and the last item is the first that fits. Sets of pairwise
//! compatible items are words of bits, as in searches for cliques (San Segundo, Rodríguez-Losada and
//! Jiménez, *An exact bit-parallel algorithm for the maximum clique problem*, Computers & Operations
//! Research 38 (2011)).

use super::found::Found;
use super::items::Items;
use super::search::Space;

/// How many steps pass between two questions whether to stop.
const POLL: u64 = 4096;

/// Buffers of the search.
#[derive(Debug, Default)]
pub(super) struct PairSearch {
    words: usize,
    /// Items x words: which pairs of items fit a host.
    compatible: Vec<u64>,
    levels: Vec<Level>,
    taken: Vec<(u32, u32)>,
    steps: u64,
    poll: u64,
    cutoff: i64,
    cut: bool,
    tops: Tops,
}

/// One depth of the search.
#[derive(Debug, Default)]
struct Level {
    /// Candidates.
    bits: Vec<u64>,
    /// Those that fit, by falling profit.
    list: Vec<u32>,
    /// What those from each position on are worth together at most.
    worths: Vec<i64>,
    room: Vec<u64>,
    /// What is left of each surrogate.
    rooms: Vec<u64>,
}

/// Bounds the worth of candidates by counting them.
#[derive(Debug, Default)]
struct Tops {
    /// The items worth most so far by falling profit, with their class.
    best: Vec<(i64, usize)>,
    /// How many candidates are large in each resource.
    large: Vec<u32>,
}

impl Tops {
    /// Bounds what `more` candidates from each position on are worth. Of the items that need more than half
    /// of what is left of a resource one fits at most: they are a class, of which the bound counts one.
    fn bound(&mut self, items: &Items, level: &mut Level, more: usize) {
        let room = &level.room;
        let is_large = |at: usize, k: usize| items.size(at)[k] > room[k] / 2;
        self.large.clear();
        self.large.resize(items.dimensions, 0);
        for &at in &level.list {
            for (k, count) in self.large.iter_mut().enumerate() {
                *count += u32::from(is_large(at as usize, k));
            }
        }
        let none = items.dimensions;
        self.best.clear();
        level.worths.clear();
        level.worths.resize(level.list.len(), 0);
        for (index, &at) in level.list.iter().enumerate().rev() {
            let at = at as usize;
            let classes = (0..none).filter(|&k| is_large(at, k));
            let class = classes.max_by_key(|&k| self.large[k]).unwrap_or(none);
            let entry = (items.profit[at], class);
            if class == none {
                let copies = more.min(items.most[at] as usize);
                self.best.splice(0..0, std::iter::repeat_n(entry, copies));
            } else {
                if let Some(known) = self.best.iter().position(|&(_, known)| known == class) {
                    self.best.remove(known);
                }
                self.best.insert(0, entry);
            }
            // Classes may come back to the front of the list, others beyond it never count again.
            if self.best.len() > more + none {
                let last = self.best.iter().rposition(|&(_, class)| class == none);
                self.best.remove(last.expect("there are more than classes"));
            }
            level.worths[index] = self.best.iter().take(more).map(|&(profit, _)| profit).sum();
        }
    }
}

/// What a search is for, and where it puts what it finds.
struct Hunt<'a> {
    space: Space<'a>,
    /// Steps once something was found, and steps in any case.
    limits: [u64; 2],
    stop: &'a dyn Fn() -> bool,
    found: &'a mut Found,
}

impl Hunt<'_> {
    /// Whether the steps are used up.
    fn is_spent(&self, steps: u64) -> bool {
        steps >= self.limits[usize::from(self.found.len() == 0)]
    }
}

/// How far a search went.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    /// No pattern above the threshold is worth more.
    pub(super) bound: i64,
    pub(super) steps: u64,
}

impl PairSearch {
    /// Finds, for every item, the best pattern above the threshold in which no item is worth more, and ever
    /// better ones on the way. Items must be in the order of falling profit, and there are no penalties.
    ///
    /// Ends early after the first number of steps, if something was found, or after the second. Memory is
    /// `O(n^2 / 64)` words for `n` items; a step takes `O(d)` in `d` resources.
    pub(super) fn run(
        &mut self,
        space: Space<'_>,
        limits: [u64; 2],
        stop: &dyn Fn() -> bool,
        found: &mut Found,
    ) -> Extent {
        let items = space.items;
        self.steps = 0;
        if !self.link(&space, stop) {
            return Extent { bound: i64::MAX, steps: 0 };
        }
        self.poll = POLL;
        self.cut = false;
        let threshold = space.problem.threshold;
        let mut hunt = Hunt { space, limits, stop, found };
        let mut bound = threshold;
        for root in 0..items.len() {
            let tables = space.tables.iter();
            let rest = tables.map(|table| table.worth(table.capacity, root)).min().unwrap_or(0);
            // Patterns that exceed the threshold by half as much as the best are of interest, too.
            self.cutoff = bound.midpoint(threshold);
            if items.base + rest <= self.cutoff {
                break;
            }
            self.cut |= hunt.is_spent(self.steps);
            if !self.cut {
                self.root(&mut hunt, root);
                bound = bound.max(self.cutoff);
            }
            if self.cut {
                return Extent { bound: bound.max(items.base + rest), steps: self.steps };
            }
        }
        Extent { bound, steps: self.steps }
    }

    /// Computes which pairs fit; `false` if it was stopped.
    fn link(&mut self, space: &Space<'_>, stop: &dyn Fn() -> bool) -> bool {
        let (items, conflicts) = (space.items, space.problem.conflicts);
        let n = items.len();
        self.words = n.div_ceil(64);
        self.compatible.clear();
        self.compatible.resize(n * self.words, 0);
        for i in 0..n {
            if (i * n) as u64 / POLL != ((i + 1) * n) as u64 / POLL && stop() {
                return false;
            }
            for j in i..n {
                let mut sizes = items.size(i).iter().zip(items.size(j)).zip(&items.capacity);
                let fits = sizes.all(|((a, b), c)| a + b <= *c);
                let several = i != j || items.most[i] > 1;
                let number = |at: usize| items.number[at] as usize;
                if fits
                    && several
                    && !(items.touched[i] && conflicts.contains(number(i), number(j)))
                {
                    self.compatible[i * self.words + j / 64] |= 1 << (j % 64);
                    self.compatible[j * self.words + i / 64] |= 1 << (i % 64);
                }
            }
        }
        let depths = items.longest as usize + 2;
        self.levels.resize_with(depths.max(self.levels.len()), Level::default);
        true
    }

    /// All patterns whose first item is `root`.
    fn root(&mut self, hunt: &mut Hunt<'_>, root: usize) {
        let (space, items) = (hunt.space, hunt.space.items);
        self.taken.clear();
        let mut top = std::mem::take(&mut self.levels[0]);
        top.room.clone_from(&items.capacity);
        top.rooms.clear();
        top.rooms.extend(space.tables.iter().map(|table| table.capacity));
        top.bits.clear();
        top.bits.resize(self.words, u64::MAX);
        self.levels[0] = top;
        self.descend(hunt, 0, root, items.base, items.longest);
    }

    /// Adds item `at` to the pattern of a level and searches on; `more` items fit at most with it.
    fn descend(&mut self, hunt: &mut Hunt<'_>, depth: usize, at: usize, value: i64, more: u64) {
        let (space, items) = (hunt.space, hunt.space.items);
        let (above, below) = self.levels.split_at_mut(depth + 1);
        let (above, next) = (&above[depth], &mut below[0]);
        let size = items.size(at);
        next.room.clear();
        next.room.extend(above.room.iter().zip(size).map(|(room, size)| room - size));
        next.rooms.clear();
        let surrogates = above.rooms.iter().zip(space.tables);
        next.rooms.extend(surrogates.map(|(room, table)| room - table.weight[at]));
        // Candidates come after the item in order, or are the item itself.
        next.bits.clear();
        next.bits.resize(self.words, 0);
        let row = &self.compatible[at * self.words..(at + 1) * self.words];
        let words = next.bits.iter_mut().zip(&above.bits).zip(row).skip(at / 64);
        for ((next, above), row) in words {
            *next = above & row;
        }
        next.bits[at / 64] &= u64::MAX << (at % 64);
        let value = value + items.profit[at];
        match self.taken.last_mut() {
            Some((last, count)) if *last as usize == at => *count += 1,
            _ => self.taken.push((at as u32, 1)),
        }
        if self.taken.last().is_some_and(|&(_, count)| count >= items.most[at]) {
            next.bits[at / 64] &= !(1 << (at % 64));
        }
        self.note(hunt, depth + 1, value);
        if more > 1 {
            self.extend(hunt, depth + 1, value, more - 1);
        }
        match self.taken.last_mut() {
            Some((_, count)) if *count > 1 => *count -= 1,
            _ => {
                self.taken.pop();
            }
        }
    }

    /// Tries all candidates of a level, of which `more` fit together at most.
    fn extend(&mut self, hunt: &mut Hunt<'_>, depth: usize, value: i64, more: u64) {
        let (space, items) = (hunt.space, hunt.space.items);
        let mut level = std::mem::take(&mut self.levels[depth]);
        if more == 1 {
            self.last(hunt, &level, value);
            self.levels[depth] = level;
            return;
        }
        level.list.clear();
        let main = &space.tables[0];
        let mut least = u64::MAX;
        for word in 0..self.words {
            let mut bits = level.bits[word];
            while bits != 0 {
                let at = word * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                self.steps += 1;
                if items.size(at).iter().zip(&level.room).all(|(size, room)| size <= room) {
                    level.list.push(at as u32);
                    least = least.min(main.weight[at]);
                } else {
                    level.bits[word] &= !(1 << (at % 64));
                }
            }
        }
        let more = level.rooms[0].checked_div(least).map_or(more, |fit| fit.min(more));
        self.tops.bound(items, &mut level, usize::try_from(more).unwrap_or(usize::MAX));
        for index in 0..level.list.len() {
            let at = level.list[index] as usize;
            if value + level.worths[index] <= self.cutoff {
                break;
            }
            let after = if items.most[at] > 1 { at } else { at + 1 };
            let mut tables = space.tables.iter().zip(&level.rooms);
            let hopeless = tables.any(|(table, &room)| {
                let rest = table.worth(room - table.weight[at], after);
                value + items.profit[at] + rest <= self.cutoff
            });
            self.steps += 1;
            if hopeless {
                continue;
            }
            if self.steps >= self.poll {
                self.poll = self.steps + POLL;
                self.cut |= hunt.is_spent(self.steps) || (hunt.stop)();
            }
            if self.cut {
                break;
            }
            self.levels[depth] = level;
            self.descend(hunt, depth, at, value, more);
            level = std::mem::take(&mut self.levels[depth]);
        }
        self.levels[depth] = level;
    }

    /// One more item fits at most: the first that does is the best.
    fn last(&mut self, hunt: &mut Hunt<'_>, level: &Level, value: i64) {
        let items = hunt.space.items;
        for word in 0..self.words {
            let mut bits = level.bits[word];
            while bits != 0 {
                let at = word * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                if value + items.profit[at] <= self.cutoff {
                    return;
                }
                self.steps += 1;
                if items.size(at).iter().zip(&level.room).all(|(size, room)| size <= room)
                    && loaded(items, &level.room, Some(at))
                {
                    self.taken.push((at as u32, 1));
                    self.cutoff = value + items.profit[at];
                    hunt.found.push(items, &self.taken, self.cutoff);
                    self.taken.pop();
                    return;
                }
            }
        }
    }

    /// Records the pattern of a level if it is the best so far.
    fn note(&mut self, hunt: &mut Hunt<'_>, depth: usize, value: i64) {
        let items = hunt.space.items;
        if value > self.cutoff && loaded(items, &self.levels[depth].room, None) {
            self.cutoff = value;
            hunt.found.push(items, &self.taken, value);
        }
    }
}

/// Whether a pattern that leaves `room`, and one more item, uses as much as it must.
fn loaded(items: &Items, room: &[u64], more: Option<usize>) -> bool {
    room.iter().enumerate().all(|(k, room)| {
        let added = more.map_or(0, |at| items.size(at)[k]);
        items.capacity[k] - room + added >= items.least_load[k]
    })
}
