//! Meeting the service demands.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use vmpack_model::Budget;

use super::state::{State, UNLIMITED};

/// What a unit is charged with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Price {
    /// Its cost.
    Cost,
    /// Its share of the host capacity that is left.
    Scarcity,
}

/// A variable with its effect per price when it was last looked at.
///
/// Only the order of steps rests on these floating-point numbers; amounts are integers.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    ratio: f64,
    effect: f64,
    v: usize,
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_ratio = self.ratio.total_cmp(&other.ratio);
        by_ratio.then(self.effect.total_cmp(&other.effect)).then(other.v.cmp(&self.v))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Candidate {}

/// Raises amounts until all services are met; returns whether they are.
///
/// The *effect* of a unit is the sum of its coefficients over the services still unmet, each as a share
/// of what was unmet at the start. The variable with the greatest effect per price rises until the first
/// service is met (the last unit may overshoot), or it reaches its limit, or it would spoil a service
/// that is met. Effects fall as services are met, so a heap with outdated entries serves; where
/// coefficients are negative they may also rise, and candidates are put back.
pub(super) fn cover(state: &mut State, price: Price, budget: &Budget) -> bool {
    let unmet: Vec<f64> =
        (0..state.instance().services().len()).map(|j| -state.surplus(j) as f64).collect();
    let mut heap: BinaryHeap<Candidate> =
        (0..state.amounts().len()).filter_map(|v| candidate(state, &unmet, price, v)).collect();
    let mut spoiling: Vec<usize> = Vec::new();
    // Far more steps than a sane instance takes: each meets a service or exhausts a variable, unless
    // variables with coefficients of both signs take turns.
    let mut steps = 64 * (unmet.len() + heap.len());
    while let Some(top) = heap.pop() {
        if steps == 0 || budget.exhausted() {
            break;
        }
        let Some(now) = candidate(state, &unmet, price, top.v) else { continue };
        if now < top {
            heap.push(now);
            continue;
        }
        let v = top.v;
        let to_next = state.column(v).iter().filter(|&&(j, a)| a > 0 && state.surplus(j) < 0);
        let to_next =
            to_next.map(|&(j, a)| (-state.surplus(j) + i128::from(a) - 1) / i128::from(a));
        let to_next = to_next.min().map_or(0, |units| i64::try_from(units).unwrap_or(UNLIMITED));
        let rise = to_next.min(state.room(v)).min(state.rise_within_surplus(v));
        if rise == 0 {
            if state.room(v) > 0 {
                spoiling.push(v);
            }
            continue;
        }
        steps -= 1;
        let met = |state: &State, j: usize| state.surplus(j) >= 0;
        let before: Vec<bool> = state.column(v).iter().map(|&(j, _)| met(state, j)).collect();
        state.change(v, rise);
        let newly =
            state.column(v).iter().zip(before).filter(|&(&(j, _), was)| met(state, j) && !was);
        // Variables that a newly met service spoke against may have gained.
        let mut again: Vec<usize> = vec![v];
        for (&(j, _), _) in newly {
            let terms = state.instance().services()[j].terms.iter();
            let against = terms.filter(|term| term.coefficient < 0);
            again.extend(against.map(|term| term.vm * state.resources() + term.resource));
        }
        again.append(&mut spoiling);
        heap.extend(again.into_iter().filter_map(|v| candidate(state, &unmet, price, v)));
    }
    state.is_feasible()
}

/// The variable as a candidate, if raising it helps.
fn candidate(state: &State, unmet: &[f64], price: Price, v: usize) -> Option<Candidate> {
    let helped = state.column(v).iter().filter(|&&(j, _)| state.surplus(j) < 0);
    let effect: f64 = helped.map(|&(j, a)| a as f64 / unmet[j]).sum();
    if effect <= 0.0 || state.room(v) == 0 {
        return None;
    }
    let price = match price {
        Price::Cost => state.unit_cost(v).max(0) as f64,
        Price::Scarcity => state.free(v).map_or(0.0, |free| 1.0 / free as f64),
    };
    Some(Candidate { ratio: effect / price, effect, v })
}

/// Lowers amounts that cost something as far as reservations and services allow, the dearest first.
pub(super) fn trim(state: &mut State) {
    let mut costly: Vec<usize> =
        (0..state.amounts().len()).filter(|&v| state.unit_cost(v) > 0).collect();
    costly.sort_by_key(|&v| std::cmp::Reverse(state.unit_cost(v)));
    for v in costly {
        let above = state.amounts()[v] - state.reservation(v);
        let fall = above.min(state.fall_within_surplus(v));
        state.change(v, -fall);
    }
}
