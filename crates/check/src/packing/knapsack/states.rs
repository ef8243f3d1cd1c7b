//! The dynamic program over the loads that occur, for one resource of whatever capacity.
//!
//! A state is a load and the greatest weight that some pattern reaches with it. States that weigh no
//! more than one of smaller load are dropped, and so are those whose completion cannot exceed the limit
//! even if items could be divided (Martello and Toth 1990, section 2.6): items come in falling order of
//! weight per demand, so what may complete a state is a run of what comes next.

use std::mem;

use super::{Answer, Knapsack};

/// The greatest number of states: two lists of them take 256 MiB then.
const MOST_STATES: usize = 1 << 23;

/// A load and the greatest weight with it. States of a list rise in both.
#[derive(Clone, Copy)]
struct State {
    load: u64,
    weight: u64,
}

/// Some copies of one item.
#[derive(Clone, Copy)]
struct Bundle {
    demand: u64,
    weight: u64,
}

impl Knapsack {
    /// Extends the list of states, bundle by bundle. A step is a state looked at.
    pub(super) fn states(&self, limit: u128, steps: &mut u64) -> Answer {
        let ([capacity], Ok(limit)) = (&self.capacity[..], u64::try_from(limit)) else {
            return Answer::Undecided;
        };
        // Sums of weights and demands fit 64 bits then; types of several rows are left to others.
        let total = u64::try_from(self.total_weight());
        let demand: u128 =
            self.items.iter().map(|i| u128::from(i.demand[0]) * u128::from(i.most)).sum();
        let simple = self.groups.iter().all(|group| group.items.len() == 1);
        if total.is_err() || demand > u128::from(u64::MAX / 2) || !simple {
            return Answer::Undecided;
        }
        let bundles = self.bundles();
        let completion = Completion::new(&bundles);
        let mut states = vec![State { load: 0, weight: 0 }];
        let mut before = Vec::new();
        for (index, bundle) in bundles.iter().enumerate() {
            if *steps == 0 || states.len() > MOST_STATES {
                return Answer::Undecided;
            }
            *steps = steps.saturating_sub(2 * states.len() as u64);
            mem::swap(&mut states, &mut before);
            merge(&before, bundle, *capacity, &mut states);
            if let Some(&State { weight, .. }) = states.last()
                && weight > limit
            {
                return Answer::Heavier { pattern: None, weight: weight.into() };
            }
            completion.prune(&mut states, index + 1, *capacity, limit);
        }
        Answer::Within
    }

    /// Copies of all items in bundles of 1, 2, 4, ... and the rest, in falling order of weight per
    /// demand.
    fn bundles(&self) -> Vec<Bundle> {
        let mut bundles = Vec::new();
        for item in &self.items {
            let (mut left, mut copies) = (item.most, 1);
            while left > 0 {
                copies = copies.min(left);
                bundles
                    .push(Bundle { demand: item.demand[0] * copies, weight: item.weight * copies });
                left -= copies;
                copies *= 2;
            }
        }
        let product = |weight: u64, demand: u64| u128::from(weight) * u128::from(demand);
        bundles.sort_by(|a, b| product(b.weight, a.demand).cmp(&product(a.weight, b.demand)));
        bundles
    }
}

/// The states without the bundle and those with it that fit, less the dominated ones.
fn merge(before: &[State], bundle: &Bundle, capacity: u64, states: &mut Vec<State>) {
    states.clear();
    let mut push = |state: State| match states.last_mut() {
        Some(last) if state.weight <= last.weight => {}
        Some(last) if state.load == last.load => *last = state,
        _ => states.push(state),
    };
    let mut without = before.iter().peekable();
    for state in before {
        let (load, weight) = (state.load + bundle.demand, state.weight + bundle.weight);
        if load > capacity {
            break;
        }
        while let Some(&state) = without.next_if(|state| state.load <= load) {
            push(state);
        }
        push(State { load, weight });
    }
    without.for_each(|&state| push(state));
}

/// Fractional completion: sums of demands and weights over the first bundles.
struct Completion<'a> {
    bundles: &'a [Bundle],
    demands: Vec<u64>,
    weights: Vec<u64>,
}

impl<'a> Completion<'a> {
    fn new(bundles: &'a [Bundle]) -> Self {
        let sums = |part: fn(&Bundle) -> u64| {
            let mut sums = vec![0];
            sums.extend(bundles.iter().scan(0, |sum, bundle| {
                *sum += part(bundle);
                Some(*sum)
            }));
            sums
        };
        Self { bundles, demands: sums(|b| b.demand), weights: sums(|b| b.weight) }
    }

    /// Drops the states that the bundles from `next` on cannot make heavier than the limit.
    fn prune(&self, states: &mut Vec<State>, next: usize, capacity: u64, limit: u64) {
        // Loads rise, so the run of bundles that fits shortens.
        let mut end = self.bundles.len();
        states.retain(|state| {
            let room = capacity - state.load;
            while self.demands[end] - self.demands[next] > room && end > next {
                end -= 1;
            }
            let whole = state.weight + (self.weights[end] - self.weights[next]);
            let rest = room - (self.demands[end] - self.demands[next]);
            let part = self.bundles.get(end).map_or(0, |bundle| {
                // The bundle does not fit, so it demands something.
                u128::from(rest) * u128::from(bundle.weight) / u128::from(bundle.demand.max(1))
            });
            u128::from(whole) + part > u128::from(limit)
        });
    }
}
