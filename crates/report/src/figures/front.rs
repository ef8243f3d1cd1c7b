//! Pareto fronts: what nothing beats in two things at once.

/// The points that no other is as good as in both and better in one, from the least of the first on; less is better.
pub(super) fn front(points: impl IntoIterator<Item = (f64, f64)>) -> Vec<(f64, f64)> {
    let mut candidates: Vec<(f64, f64)> = points.into_iter().collect();
    candidates.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let mut front: Vec<(f64, f64)> = Vec::new();
    for point in candidates {
        if front.last().is_none_or(|last| point.1 < last.1) {
            front.push(point);
        }
    }
    front
}

/// The border of what the front dominates: across at the height of a point until the next one.
pub(super) fn steps(front: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut path = Vec::new();
    for (place, &(x, y)) in front.iter().enumerate() {
        if place > 0 {
            path.push((x, front[place - 1].1));
        }
        path.push((x, y));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_holds_what_nothing_beats() {
        let points = [(1.0, 0.5), (2.0, 0.5), (3.0, 0.1), (4.0, 0.2), (9.0, 0.0)];
        let found = front(points);
        assert_eq!(found, [(1.0, 0.5), (3.0, 0.1), (9.0, 0.0)]);
        assert_eq!(steps(&found), [(1.0, 0.5), (3.0, 0.5), (3.0, 0.1), (9.0, 0.1), (9.0, 0.0)]);
    }
}
