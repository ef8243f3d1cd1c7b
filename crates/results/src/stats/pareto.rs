//! Pareto fronts: what nothing beats in two things at once.

/// The points that no other is as good as in both and better in one, from the least of the first on; less is better, and
/// equal points are one. `O(n log n)`.
///
/// ```
/// use vmpack_results::stats::pareto_front;
///
/// let points = [(1.0, 0.5), (2.0, 0.5), (3.0, 0.1), (4.0, 0.2), (9.0, 0.0)];
/// assert_eq!(pareto_front(points), [(1.0, 0.5), (3.0, 0.1), (9.0, 0.0)]);
/// ```
pub fn pareto_front(points: impl IntoIterator<Item = (f64, f64)>) -> Vec<(f64, f64)> {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_front_is_what_no_point_beats(
            points in prop::collection::vec((0..6_u8, 0..6_u8), 0..12),
        ) {
            let points: Vec<(f64, f64)> = points.into_iter().map(|(x, y)| (x.into(), y.into())).collect();
            let front = pareto_front(points.iter().copied());
            for p in &points {
                let beaten = points.iter().any(|q| q.0 <= p.0 && q.1 <= p.1 && q != p);
                prop_assert_eq!(front.contains(p), !beaten, "{:?}", p);
            }
        }
    }
}
