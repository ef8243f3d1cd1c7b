//! A conflict of the least number of parts, by minimum hitting sets.

use super::oracle::{Answer, Oracle};
use super::{Asked, Part};
use crate::backend::{Backend as _, Limits, Microlp, Status};
use crate::model::{Column, Model, Sense};

/// The greatest number of parts for which it is tried.
const PARTS: usize = 24;

/// How many sets of parts are tried.
const TRIED: usize = 200;

/// A conflict of the least number of parts, no greater than the one known; `None` if that is not found out.
///
/// Every conflict has a part outside of every feasible set. A smallest set of parts with one outside of each
/// feasible set seen so far is therefore no larger than a smallest conflict, and is one if it is infeasible; else
/// it, and what can be added to it, is one more feasible set.
pub(super) fn smallest(oracle: &Oracle, all: &Asked, known: &Asked) -> Option<Asked> {
    let parts = all.parts();
    let size = known.parts().len();
    // Nothing is smaller than a single part: an instance that asks for nothing has a placement.
    if size <= 1 {
        return Some(known.clone());
    }
    if parts.len() > PARTS {
        return None;
    }
    let mut outside: Vec<Vec<usize>> = Vec::new();
    let mut tried = 0;
    while tried < TRIED {
        let hitting = hitting_set(parts.len(), &outside)?;
        if hitting.len() >= size {
            return Some(known.clone());
        }
        let mut held: Vec<Part> = hitting.iter().map(|&part| parts[part]).collect();
        tried += 1;
        match oracle.ask(&all.only(&held)) {
            Answer::Impossible => return Some(all.only(&held)),
            Answer::Unknown => return None,
            Answer::Possible => {}
        }
        let mut missing = Vec::new();
        for (index, &part) in parts.iter().enumerate() {
            if hitting.contains(&index) {
                continue;
            }
            held.push(part);
            tried += 1;
            if oracle.ask(&all.only(&held)) != Answer::Possible {
                held.pop();
                missing.push(index);
            }
        }
        outside.push(missing);
    }
    None
}

/// A smallest set with an element of each of the given sets.
fn hitting_set(elements: usize, sets: &[Vec<usize>]) -> Option<Vec<usize>> {
    if sets.is_empty() {
        return Some(Vec::new());
    }
    let mut model = Model::default();
    for _ in sets {
        model.add_row(Sense::Ge, 1.0);
    }
    for element in 0..elements {
        let hit = (0..sets.len()).filter(|&set| sets[set].contains(&element));
        model.add_column(Column::integer(1.0, 0.0, 1.0), hit.map(|set| (set, 1.0)));
    }
    let solution = Microlp.solve(&model, &Limits::default()).ok()?;
    let chosen = || (0..elements).filter(|&element| solution.values[element] > 0.5).collect();
    (solution.status == Status::Optimal).then(chosen)
}
