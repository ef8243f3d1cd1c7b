//! Depth-first search with linear-programming bounds.
//!
//! Items are decided one after the other, in order of weight per demand. After each decision the
//! remaining items are bounded by the fractional knapsack of one resource at a time, and of a weighted
//! sum of all; the least of these bounds counts. VM types with several rows enter the fractional
//! knapsacks by the upper hull of their rows (the relaxation of the multiple-choice knapsack, Sinha and
//! Zoltners 1979). All bounds are integers, rounded down from exact fractions.

use std::cmp::Ordering;

use super::{Answer, Knapsack, copies};

/// A fractional knapsack over one resource or a weighted sum of them.
struct Relaxation {
    /// The non-negative factor of each resource.
    factors: Vec<u64>,
    /// Pieces in falling order of weight per demand.
    pieces: Vec<Piece>,
}

/// Part of the hull of a group that is undecided, or one item of the group that is being decided.
struct Piece {
    demand: u64,
    weight: u64,
    most: u64,
    group: usize,
    /// The piece counts while the first undecided item is in this range (inclusive).
    from: usize,
    to: usize,
}

/// The state of the search: what was taken of the items decided so far.
struct State<'a> {
    knapsack: &'a Knapsack,
    taken: Vec<u64>,
    room: Vec<u64>,
    /// VMs left in each group.
    left: Vec<u64>,
    weight: u128,
}

/// By what a node was cut off.
enum Cut {
    /// Not at all.
    None,
    /// By the relaxation that the items are ordered by.
    Leading,
    /// By another one.
    Other,
}

impl Knapsack {
    /// Looks for a pattern heavier than the limit. A step is a piece or an item looked at.
    /// For plain knapsacks.
    pub(super) fn search(&self, limit: u128, steps: &mut u64) -> Answer {
        let ordered = self.by_efficiency();
        let relaxations = ordered.relaxations();
        let mut state = State::new(&ordered);
        if !matches!(state.cut(&relaxations, 0, limit, steps), Cut::None) {
            return Answer::Within;
        }
        let n = ordered.items.len();
        let mut next = 0;
        loop {
            for index in next..n {
                state.fill(index);
            }
            *steps = steps.saturating_sub((n - next) as u64);
            if state.weight > limit {
                return Answer::Heavier { pattern: Some(state.pattern()), weight: state.weight };
            }
            next = n;
            loop {
                while next > 0 && state.taken[next - 1] == 0 {
                    next -= 1;
                }
                if next == 0 {
                    return Answer::Within;
                }
                if *steps == 0 {
                    return Answer::Undecided;
                }
                let last = next - 1;
                state.release(last, 1);
                match state.cut(&relaxations, next, limit, steps) {
                    Cut::None => break,
                    // Nothing undecided is worth more per demand, so taking fewer only lowers this
                    // bound; unless that frees VMs for another row of the type.
                    Cut::Leading if ordered.is_alone(last) => {
                        state.release(last, state.taken[last]);
                    }
                    Cut::Leading | Cut::Other => {}
                }
            }
        }
    }

    /// The same knapsack with groups in falling order of their best weight per demand, measured by the
    /// leading relaxation.
    fn by_efficiency(&self) -> Self {
        let factors = self.balanced();
        let measure = |index: usize| {
            let item = &self.items[index];
            (item.weight, combine(&factors, &item.demand))
        };
        let best = |group: usize| {
            let indices = self.groups[group].items.clone();
            indices.map(measure).min_by(|&a, &b| efficiency(a, b))
        };
        let mut order: Vec<usize> = (0..self.groups.len()).collect();
        order.sort_by(|&a, &b| match (best(a), best(b)) {
            (Some(a), Some(b)) => efficiency(a, b),
            _ => Ordering::Equal,
        });
        let mut items = Vec::with_capacity(self.items.len());
        let mut groups = Vec::with_capacity(self.groups.len());
        for old in order {
            let mut indices: Vec<usize> = self.groups[old].items.clone().collect();
            indices.sort_by(|&a, &b| efficiency(measure(a), measure(b)));
            let start = items.len();
            items.extend(indices.into_iter().map(|index| {
                let item = &self.items[index];
                super::Item { demand: item.demand.clone(), group: groups.len(), ..*item }
            }));
            groups.push(super::Group { items: start..items.len(), most: self.groups[old].most });
        }
        Self { items, groups, ..self.clone() }
    }

    /// Factors that give every resource about the same total, small enough for 64-bit sums.
    fn balanced(&self) -> Vec<u64> {
        if let [_] = self.capacity[..] {
            return vec![1];
        }
        let share = (1_u64 << 62) / self.capacity.len() as u64;
        self.capacity.iter().map(|&capacity| share / capacity.max(1)).collect()
    }

    /// The leading relaxation, and one per resource if there are several.
    fn relaxations(&self) -> Vec<Relaxation> {
        let d = self.capacity.len();
        let single = |k: usize| (0..d).map(|l| u64::from(l == k)).collect();
        let singles = if d > 1 { 0..d } else { 0..0 };
        let all = std::iter::once(self.balanced()).chain(singles.map(single));
        all.map(|factors| self.relaxation(factors)).collect()
    }

    fn relaxation(&self, factors: Vec<u64>) -> Relaxation {
        let mut pieces = Vec::new();
        for (index, group) in self.groups.iter().enumerate() {
            let start = group.items.start;
            let measure = |item: usize| {
                (combine(&factors, &self.items[item].demand), self.items[item].weight)
            };
            for (demand, weight) in hull(group.items.clone().map(measure)) {
                let most = group.most;
                pieces.push(Piece { demand, weight, most, group: index, from: 0, to: start });
            }
            // The first item is undecided only while the whole group is.
            for item in group.items.clone().skip(1) {
                let (demand, weight) = measure(item);
                let most = self.items[item].most;
                pieces.push(Piece {
                    demand,
                    weight,
                    most,
                    group: index,
                    from: start + 1,
                    to: item,
                });
            }
        }
        pieces.sort_by(|a, b| efficiency((a.weight, a.demand), (b.weight, b.demand)));
        Relaxation { factors, pieces }
    }

    /// Whether the item is the only one of its group.
    fn is_alone(&self, index: usize) -> bool {
        self.groups[self.items[index].group].items.len() == 1
    }
}

impl<'a> State<'a> {
    fn new(knapsack: &'a Knapsack) -> Self {
        Self {
            knapsack,
            taken: vec![0; knapsack.items.len()],
            room: knapsack.capacity.clone(),
            left: knapsack.groups.iter().map(|group| group.most).collect(),
            weight: 0,
        }
    }

    /// Takes as many of an item as possible.
    fn fill(&mut self, index: usize) {
        let item = &self.knapsack.items[index];
        let left = &mut self.left[item.group];
        let count = copies(&item.demand, &self.room).min(item.most).min(*left);
        *left -= count;
        for (room, &demand) in self.room.iter_mut().zip(&item.demand) {
            *room -= count * demand;
        }
        self.weight += u128::from(item.weight) * u128::from(count);
        self.taken[index] = count;
    }

    /// Puts some back.
    fn release(&mut self, index: usize, count: u64) {
        let item = &self.knapsack.items[index];
        self.left[item.group] += count;
        for (room, &demand) in self.room.iter_mut().zip(&item.demand) {
            *room += count * demand;
        }
        self.weight -= u128::from(item.weight) * u128::from(count);
        self.taken[index] -= count;
    }

    /// Whether some relaxation shows that deciding the items from `next` on stays within the limit.
    fn cut(&self, relaxations: &[Relaxation], next: usize, limit: u128, steps: &mut u64) -> Cut {
        for (index, relaxation) in relaxations.iter().enumerate() {
            if !self.exceeds(relaxation, next, limit, steps) {
                return if index == 0 { Cut::Leading } else { Cut::Other };
            }
        }
        Cut::None
    }

    /// Whether the relaxation of the items from `next` on, rounded down, exceeds the limit.
    fn exceeds(&self, relaxation: &Relaxation, next: usize, limit: u128, steps: &mut u64) -> bool {
        let mut room = combine(&relaxation.factors, &self.room);
        let mut total = self.weight;
        for piece in &relaxation.pieces {
            if total > limit {
                return true;
            }
            *steps = steps.saturating_sub(1);
            if next < piece.from || next > piece.to {
                continue;
            }
            let most = piece.most.min(self.left[piece.group]);
            let fitting = room.checked_div(piece.demand).unwrap_or(u64::MAX);
            if fitting < most {
                let part = u128::from(room) * u128::from(piece.weight) / u128::from(piece.demand);
                return total.saturating_add(part) > limit;
            }
            room -= most * piece.demand;
            total = total.saturating_add(u128::from(most) * u128::from(piece.weight));
        }
        total > limit
    }

    /// What was taken, by row.
    fn pattern(&self) -> Vec<(usize, u64)> {
        let taken = self.knapsack.items.iter().map(|item| item.row).zip(self.taken.iter().copied());
        let mut pattern: Vec<(usize, u64)> = taken.filter(|&(_, count)| count > 0).collect();
        pattern.sort_unstable();
        pattern
    }
}

/// The weighted sum of amounts; the factors are such that it fits.
fn combine(factors: &[u64], amounts: &[u64]) -> u64 {
    factors.iter().zip(amounts).map(|(factor, amount)| factor * amount).sum()
}

/// Orders `(weight, demand)` by falling weight per demand. Weights are positive, so a demand of zero
/// comes first.
fn efficiency(a: (u64, u64), b: (u64, u64)) -> Ordering {
    (u128::from(b.0) * u128::from(a.1)).cmp(&(u128::from(a.0) * u128::from(b.1)))
}

/// The steps `(demand, weight)` of the upper concave hull of the points and the origin, in falling order
/// of weight per demand.
fn hull(points: impl Iterator<Item = (u64, u64)>) -> Vec<(u64, u64)> {
    let mut points: Vec<(u64, u64)> = points.collect();
    // Of equal demands the heaviest comes first, so that the others add nothing.
    points.sort_by_key(|&(demand, weight)| (demand, std::cmp::Reverse(weight)));
    let mut corners = vec![(0, 0)];
    let step = |from: (u64, u64), to: (u64, u64)| (to.1 - from.1, to.0 - from.0);
    for point in points {
        if corners.last().is_some_and(|corner| point.1 <= corner.1) {
            continue;
        }
        while let [.., before, corner] = corners[..]
            && efficiency(step(before, corner), step(corner, point)).is_ge()
        {
            corners.pop();
        }
        corners.push(point);
    }
    corners.windows(2).map(|pair| (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1)).collect()
}
