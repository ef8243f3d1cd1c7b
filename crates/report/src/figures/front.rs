//! The line of a Pareto front.

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
    fn steps_go_across_then_down() {
        let found = steps(&[(1.0, 0.5), (3.0, 0.1), (9.0, 0.0)]);
        assert_eq!(found, [(1.0, 0.5), (3.0, 0.5), (3.0, 0.1), (9.0, 0.1), (9.0, 0.0)]);
    }
}
