//! The states of a host type as it is filled: amounts of the capacity in use before each copy of each
//! item, lifted so that equally useful states coincide.

use std::collections::HashMap;

use vmpack_model::Budget;

use super::graph::Item;
use crate::packing::search::Refused;

/// A use of the capacity, packed into one integer in mixed radix. If one use is at most another in every
/// resource, so are the integers.
pub(super) type Code = u128;

/// No state.
pub(super) const NONE: usize = usize::MAX;

/// A state: a use of the capacity before deciding on one more copy of the item of its level.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    code: Code,
    copies: u64,
    /// The state of the same level after one more copy.
    pub(super) taken: usize,
    /// The state of the next level; `NONE` is the sink.
    pub(super) skipped: usize,
}

/// The space of capacity uses, with what the rows still to come can fill.
pub(super) struct Space<'a> {
    items: &'a [Item],
    capacity: Vec<u64>,
    /// Sizes in reduced units, items x resources.
    sizes: Vec<Vec<u64>>,
    /// Place values of the mixed radix.
    places: Vec<Code>,
    /// Sizes as codes.
    steps: Vec<Code>,
    /// `fill[i][k][c]`: the greatest use of resource `k` within `c` by the items from `i` on; empty where
    /// the table would be too large, which only costs compression.
    fill: Vec<Vec<Vec<u32>>>,
}

/// The greatest number of entries of the tables of fills.
const FILL_ENTRIES: u128 = 40_000_000;

impl<'a> Space<'a> {
    /// `None` if a use does not fit a code. Cheap.
    pub(super) fn new(capacity: &[u64], items: &'a [Item]) -> Option<Self> {
        // Units in which all sizes are whole; capacity beyond the last whole unit is of no use.
        let units: Vec<u64> = (0..capacity.len())
            .map(|k| items.iter().fold(0, |unit, item| gcd(unit, item.size[k])).max(1))
            .collect();
        let reduced = |amounts: &[u64]| -> Vec<u64> {
            amounts.iter().zip(&units).map(|(amount, unit)| amount / unit).collect()
        };
        let capacity = reduced(capacity);
        let sizes: Vec<Vec<u64>> = items.iter().map(|item| reduced(&item.size)).collect();
        let mut places = vec![1; capacity.len()];
        let mut place: Code = 1;
        for (k, &c) in capacity.iter().enumerate().rev() {
            places[k] = place;
            place = place.checked_mul(u128::from(c) + 1).filter(|&place| place < 1 << 127)?;
        }
        let code = |amounts: &[u64]| -> Code {
            amounts.iter().zip(&places).map(|(&amount, place)| Code::from(amount) * place).sum()
        };
        let steps = sizes.iter().map(|size| code(size)).collect();
        Some(Self { items, capacity, sizes, places, steps, fill: Vec::new() })
    }

    fn fills(&self) -> Vec<Vec<Vec<u32>>> {
        let levels = self.items.len() as u128 + 1;
        let tables = self.capacity.iter().enumerate().map(|(k, &capacity)| {
            let entries = (u128::from(capacity) + 1) * levels;
            if entries > FILL_ENTRIES / self.capacity.len() as u128 {
                return vec![Vec::new(); self.items.len() + 1];
            }
            let mut reachable = vec![false; capacity as usize + 1];
            reachable[0] = true;
            let mut tables = vec![below(&reachable)];
            for (item, size) in self.items.iter().zip(&self.sizes).rev() {
                add_copies(&mut reachable, size[k] as usize, item.copies);
                tables.push(below(&reachable));
            }
            tables.reverse();
            tables
        });
        let by_resource: Vec<Vec<Vec<u32>>> = tables.collect();
        (0..=self.items.len())
            .map(|i| by_resource.iter().map(|tables| tables[i].clone()).collect())
            .collect()
    }

    /// The full host.
    pub(super) fn full(&self) -> Code {
        self.encode(&self.capacity)
    }

    fn encode(&self, amounts: &[u64]) -> Code {
        amounts.iter().zip(&self.places).map(|(&amount, place)| Code::from(amount) * place).sum()
    }

    fn decode(&self, mut code: Code, amounts: &mut [u64]) {
        for (amount, place) in amounts.iter_mut().zip(&self.places) {
            *amount = (code / place) as u64;
            code %= place;
        }
    }

    /// Lifts a use before the items from `level` on.
    fn lift(&self, level: usize, used: &mut [u64]) {
        for (k, used) in used.iter_mut().enumerate() {
            let left = self.capacity[k] - *used;
            if let Some(&fill) = self.fill[level][k].get(left as usize) {
                *used = self.capacity[k] - u64::from(fill);
            }
        }
    }

    /// All states by level, the first one the empty host.
    ///
    /// # Errors
    /// When there are more than `most`, or the budget ends.
    pub(super) fn states(
        &mut self,
        most: usize,
        budget: &Budget,
    ) -> Result<Vec<Vec<State>>, Refused> {
        self.fill = self.fills();
        let d = self.capacity.len();
        let mut used = vec![0; d];
        let mut levels = Vec::with_capacity(self.items.len());
        self.lift(0, &mut used);
        let mut entering = vec![self.encode(&used)];
        let mut total = 0;
        for (i, (item, size)) in self.items.iter().zip(&self.sizes).enumerate() {
            if budget.exhausted() {
                return Err(Refused::Budget);
            }
            let start =
                |&code: &Code| State { code, copies: item.copies, taken: NONE, skipped: NONE };
            let mut states: Vec<State> = entering.iter().map(start).collect();
            let mut known: HashMap<(u64, Code), usize> = HashMap::new();
            let mut next: Vec<Code> = Vec::new();
            let mut next_index: HashMap<Code, usize> = HashMap::new();
            let mut at = 0;
            // States with more copies left come before those with fewer.
            while at < states.len() {
                let state = states[at];
                self.decode(state.code, &mut used);
                let fits = used.iter().zip(size).zip(&self.capacity).all(|((u, w), c)| u + w <= *c);
                if state.copies > 0 && fits {
                    let (code, copies) = (state.code + self.steps[i], state.copies - 1);
                    states[at].taken = *known.entry((copies, code)).or_insert_with(|| {
                        states.push(State { code, copies, taken: NONE, skipped: NONE });
                        states.len() - 1
                    });
                }
                if i + 1 < self.items.len() {
                    self.lift(i + 1, &mut used);
                    let code = self.encode(&used);
                    states[at].skipped = *next_index.entry(code).or_insert_with(|| {
                        next.push(code);
                        next.len() - 1
                    });
                }
                at += 1;
                if at.is_multiple_of(4096) && budget.exhausted() {
                    return Err(Refused::Budget);
                }
                if total + states.len() > most {
                    return Err(Refused::TooLarge);
                }
            }
            total += states.len();
            levels.push(states);
            entering = next;
        }
        Ok(levels)
    }

    /// For every state the greatest use from which all its continuations fit.
    pub(super) fn labels(&self, levels: &[Vec<State>]) -> Vec<Vec<Code>> {
        let d = self.capacity.len();
        let (mut label, mut other) = (vec![0; d], vec![0; d]);
        let mut labels: Vec<Vec<Code>> = vec![Vec::new(); levels.len()];
        for (i, level) in levels.iter().enumerate().rev() {
            let mut of_level = vec![0; level.len()];
            for (at, state) in level.iter().enumerate().rev() {
                let skipped = labels.get(i + 1).map_or(self.full(), |next| next[state.skipped]);
                self.decode(skipped, &mut label);
                if state.taken != NONE {
                    self.decode(of_level[state.taken], &mut other);
                    for (k, label) in label.iter_mut().enumerate() {
                        *label = (*label).min(other[k] - self.sizes[i][k]);
                    }
                }
                of_level[at] = self.encode(&label);
            }
            labels[i] = of_level;
        }
        labels
    }
}

/// The greatest reachable amount at or below every amount.
fn below(reachable: &[bool]) -> Vec<u32> {
    let mut last = 0;
    let table = reachable.iter().enumerate().map(|(amount, &reached)| {
        if reached {
            last = amount as u32;
        }
        last
    });
    table.collect()
}

/// Adds up to `copies` steps to a set of reachable amounts.
fn add_copies(reachable: &mut [bool], step: usize, copies: u64) {
    if step == 0 {
        return;
    }
    // How many copies the amount needs beyond those reached before.
    let mut needed: Vec<u64> = vec![0; reachable.len()];
    for amount in step..reachable.len() {
        if !reachable[amount] && reachable[amount - step] && needed[amount - step] < copies {
            reachable[amount] = true;
            needed[amount] = needed[amount - step] + 1;
        }
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
