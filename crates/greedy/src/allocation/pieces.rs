//! Costs as functions of one amount, in pieces of falling steepness.

use std::cmp::Ordering;

use vmpack_model::Value;
use vmpack_model::allocation::{Instance, Objective, Utility};

use super::state::UNLIMITED;

/// A stretch of an amount along which the cost changes at a constant rate of `rise / run` per unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Units; may be [`UNLIMITED`].
    pub(super) length: i64,
    /// Change of cost over `run` units; negative if more is better.
    pub(super) rise: i64,
    /// Positive.
    pub(super) run: i64,
}

impl Piece {
    /// Compares the rates exactly.
    pub(super) fn by_rate(&self, other: &Self) -> Ordering {
        let left = i128::from(self.rise) * i128::from(other.run);
        left.cmp(&(i128::from(other.rise) * i128::from(self.run)))
    }
}

/// The cost of the amount of resource `r` of VM `i`, from amount `from` to amount `to` (at most
/// [`UNLIMITED`]): the greatest convex function that is nowhere above it, in pieces of rising rate.
///
/// It is the cost itself, but for stepped utilities between their steps. Costs of the utility form are
/// utilities forgone.
pub(super) fn pieces(instance: &Instance, i: usize, r: usize, from: i64, to: i64) -> Vec<Piece> {
    let costs = match instance.objective() {
        Objective::Cost(costs) => costs,
        Objective::Utility(_) => {
            let utility = instance.utility(i, r).expect("the objective is utility");
            return utility_pieces(utility, from, to);
        }
    };
    if from == to {
        return Vec::new();
    }
    let length = if to == UNLIMITED { UNLIMITED } else { to - from };
    vec![Piece { length, rise: costs[[i, r]], run: 1 }]
}

/// The upper hull of a utility, as costs; flat after its last point.
fn utility_pieces(utility: &Utility, from: i64, to: i64) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = match utility {
        // A piece cut by the range keeps its rate.
        Utility::Concave(points) => points
            .windows(2)
            .map(|pair| {
                let (start, end) = (pair[0].0 as i64, pair[1].0 as i64);
                let length = end.min(to) - start.max(from);
                Piece { length, rise: pair[0].1 as i64 - pair[1].1 as i64, run: end - start }
            })
            .filter(|piece| piece.length > 0)
            .collect(),
        Utility::Steps(points) => {
            let base = utility.at(Value::from(i128::from(from)));
            let base = base.as_integer().expect("steps have whole heights") as i64;
            let mut hull: Vec<(i64, i64)> = vec![(from, base)];
            let points = points.iter().map(|&(amount, worth)| (amount as i64, worth as i64));
            for point in points.filter(|&(amount, _)| from < amount && amount <= to) {
                while let [.., before, last] = hull[..]
                    && cross(before, last, point) >= 0
                {
                    hull.pop();
                }
                hull.push(point);
            }
            hull.windows(2)
                .map(|pair| {
                    let run = pair[1].0 - pair[0].0;
                    Piece { length: run, rise: pair[0].1 - pair[1].1, run }
                })
                .collect()
        }
    };
    let end = from + pieces.iter().map(|piece| piece.length).sum::<i64>();
    if end < to {
        let length = if to == UNLIMITED { UNLIMITED } else { to - end };
        pieces.push(Piece { length, rise: 0, run: 1 });
    }
    pieces
}

/// Positive if `c` is to the left of the line from `a` to `b`: then `b` is under the hull.
fn cross(a: (i64, i64), b: (i64, i64), c: (i64, i64)) -> i128 {
    let (bx, by) = (i128::from(b.0 - a.0), i128::from(b.1 - a.1));
    let (cx, cy) = (i128::from(c.0 - a.0), i128::from(c.1 - a.1));
    bx * cy - by * cx
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hull_of_steps_skips_the_step_below_it() {
        let utility = Utility::Steps(vec![(2, 2), (4, 10), (8, 11)]);
        let all = utility_pieces(&utility, 0, UNLIMITED);
        let piece = |run, rise| Piece { length: run, rise, run };
        let flat = |length| Piece { length, rise: 0, run: 1 };
        assert_eq!(all, [piece(4, -10), piece(4, -1), flat(UNLIMITED)]);
        assert_eq!(utility_pieces(&utility, 3, 9), [piece(1, -8), piece(4, -1), flat(1)]);
        assert_eq!(utility_pieces(&utility, 3, 3), []);
    }

    #[test]
    fn concave_pieces_are_cut_but_keep_their_rate() {
        let utility = Utility::Concave(vec![(0, 0), (4, 8), (8, 10), (9, 10)]);
        let piece = |length, rise| Piece { length, rise, run: 4 };
        assert_eq!(utility_pieces(&utility, 1, 6), [piece(3, -8), piece(2, -2)]);
    }
}
