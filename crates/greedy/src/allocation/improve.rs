//! Raising amounts that lower the cost by being raised.

use vmpack_model::allocation::{Instance, Objective, Utility};

use super::pieces::{Piece, pieces};
use super::state::{State, UNLIMITED};

/// Raises amounts along the steepest pieces of their costs, as far as limits, host capacities and met
/// services allow; then stepped utilities once more, each to the best single step that still fits.
///
/// A variable draws on a single capacity, so the steepest pieces first is the fractional knapsack of each
/// capacity: exact for concave utilities where no service bounds the amounts from above. For stepped
/// ones it is the greedy rule of the multiple-choice knapsack.
pub(super) fn improve(state: &mut State) {
    let d = state.resources();
    let instance = state.instance();
    let mut steps: Vec<(Piece, usize)> = Vec::new();
    for v in 0..state.amounts().len() {
        let (from, room) = (state.amounts()[v], state.room(v));
        let to = if room == UNLIMITED { UNLIMITED } else { from + room };
        let falling = pieces(instance, v / d, v % d, from, to).into_iter();
        steps.extend(falling.filter(|piece| piece.rise < 0).map(|piece| (piece, v)));
    }
    // Stable: the pieces of one variable keep their order.
    steps.sort_by(|(one, _), (other, _)| one.by_rate(other));

    let mut stopped = vec![false; state.amounts().len()];
    for (piece, v) in steps {
        if stopped[v] {
            continue;
        }
        let possible = state.room(v).min(state.rise_within_surplus(v)).min(piece.length);
        let whole = possible == piece.length;
        stopped[v] = !whole;
        // Half a step is worth nothing, half a linear piece is; without limit there is no answer to
        // rise to.
        if possible != UNLIMITED && (whole || !is_stepped(instance, v)) {
            state.change(v, possible);
        }
    }
    let mut rising = true;
    while rising {
        rising = false;
        for v in 0..stopped.len() {
            rising |= take_best_step(state, v);
        }
    }
}

fn is_stepped(instance: &Instance, v: usize) -> bool {
    let d = instance.resources().len();
    matches!(instance.utility(v / d, v % d), Some(Utility::Steps(_)))
}

/// Raises a stepped utility to the step within reach that gains most per unit; returns whether there
/// was one.
fn take_best_step(state: &mut State, v: usize) -> bool {
    let (d, from) = (state.resources(), state.amounts()[v]);
    let Some(Utility::Steps(points)) = state.instance().utility(v / d, v % d) else { return false };
    let reach = state.room(v).min(state.rise_within_surplus(v));
    let reached = points.partition_point(|&(amount, _)| amount as i64 <= from);
    let worth = reached.checked_sub(1).map_or(0, |i| points[i].1);
    let within = points[reached..].iter().take_while(|&&(amount, _)| amount as i64 - from <= reach);
    let gain = |&(amount, utility): &(u64, u64)| (amount as i64 - from, utility - worth);
    // Compares gains per unit by cross products.
    let best = within
        .map(gain)
        .filter(|&(_, gain)| gain > 0)
        .max_by(|a, b| (u128::from(a.1) * b.0 as u128).cmp(&(u128::from(b.1) * a.0 as u128)));
    if let Some((rise, _)) = best {
        state.change(v, rise);
    }
    best.is_some()
}

/// A variable that lowers the cost however far it is raised, if there is one: no limit, no host, and no
/// service against it. The feasible allocation in the state can then be improved without end.
pub(super) fn unlimited_gain(instance: &Instance, state: &State) -> Option<usize> {
    if let Objective::Utility(_) = instance.objective() {
        return None;
    }
    (0..state.amounts().len()).find(|&v| {
        state.unit_cost(v) < 0
            && state.room(v) == UNLIMITED
            && state.column(v).iter().all(|&(_, a)| a > 0)
    })
}
