//! What every method adds to what the others can do together.

use super::virtual_best;

/// How many instances one method solves, and on how many it is the best or the only one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Contribution {
    /// Instances that it solves.
    pub solved: u64,
    /// Instances that only it solves.
    pub only: u64,
    /// Instances that it solves and on which no other has a lesser value; several methods may share one.
    pub best: u64,
    /// Instances on which every other has a greater value, or none.
    pub alone_best: u64,
}

/// What each method solves beside all others: `values[s][p]` is the value of method `s` on instance `p`, `None`
/// where it did not solve it; less is better.
///
/// ```
/// use vmpack_results::stats::{Contribution, contributions};
///
/// let [a, b] = contributions(&[
///     vec![Some(1.0), Some(3.0), None, None],
///     vec![Some(1.0), Some(4.0), Some(9.0), None],
/// ])[..] else { panic!("two methods") };
/// assert_eq!(a, Contribution { solved: 2, only: 0, best: 2, alone_best: 1 });
/// assert_eq!(b, Contribution { solved: 3, only: 1, best: 2, alone_best: 1 });
/// ```
///
/// # Panics
/// If the methods do not list the same number of instances.
pub fn contributions(values: &[Vec<Option<f64>>]) -> Vec<Contribution> {
    let best = virtual_best(values);
    let mut of_methods = vec![Contribution::default(); values.len()];
    for (p, best) in best.iter().enumerate() {
        let Some(best) = best else { continue };
        let solved: Vec<usize> = (0..values.len()).filter(|&s| values[s][p].is_some()).collect();
        let first: Vec<usize> =
            solved.iter().copied().filter(|&s| values[s][p].is_some_and(|v| v <= *best)).collect();
        for &s in &solved {
            of_methods[s].solved += 1;
            of_methods[s].only += u64::from(solved.len() == 1);
        }
        for &s in &first {
            of_methods[s].best += 1;
            of_methods[s].alone_best += u64::from(first.len() == 1);
        }
    }
    of_methods
}

/// A figure of the virtual best of all methods, and by how much it is greater without each of them: the *marginal
/// contribution* (Xu, Hutter, Hoos and Leyton-Brown 2012, "Evaluating component solver contributions to portfolio-based
/// algorithm selectors").
///
/// `figure` maps the virtual best on every instance to a number of which less is better, such as PAR-2 or a mean gap.
/// Of two methods that do the same neither adds anything: 0 does not say that a method is bad.
///
/// ```
/// use vmpack_results::stats::marginal;
///
/// let values = [vec![Some(1.0), Some(9.0)], vec![Some(2.0), Some(3.0)], vec![Some(2.0), None]];
/// let worst = |best: &[Option<f64>]| best.iter().flatten().copied().fold(0.0, f64::max);
/// // All together take 1 and 3; without the second 1 and 9.
/// assert_eq!(marginal(&values, worst), (3.0, vec![0.0, 6.0, 0.0]));
/// ```
///
/// # Panics
/// If the methods do not list the same number of instances.
pub fn marginal(
    values: &[Vec<Option<f64>>],
    figure: impl Fn(&[Option<f64>]) -> f64,
) -> (f64, Vec<f64>) {
    let all = figure(&virtual_best(values));
    let without = |s: usize| {
        let others: Vec<Vec<Option<f64>>> =
            values.iter().enumerate().filter(|(k, _)| *k != s).map(|(_, v)| v.clone()).collect();
        let none = vec![None; values[s].len()];
        figure(&if others.is_empty() { none } else { virtual_best(&others) }) - all
    };
    (all, (0..values.len()).map(without).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn contributions_are_those_of_the_definition(
            values in (1..5_usize, 1..7_usize).prop_flat_map(|(methods, instances)| {
                let value = prop::option::weighted(0.6, (1..5_u8).prop_map(f64::from));
                prop::collection::vec(prop::collection::vec(value, instances), methods)
            }),
        ) {
            let instances = values[0].len();
            let unsolved = |best: &[Option<f64>]| best.iter().filter(|v| v.is_none()).count() as f64;
            let (all, without) = marginal(&values, unsolved);
            let solved = (0..instances).filter(|&p| values.iter().any(|of| of[p].is_some())).count();
            prop_assert_eq!(all as usize, instances - solved);
            for (s, found) in contributions(&values).into_iter().enumerate() {
                let others = |p: usize| values.iter().enumerate().filter(move |(k, _)| *k != s).filter_map(move |(_, of)| of[p]);
                let own = |p: usize| values[s][p];
                let count = |is: &dyn Fn(usize, f64) -> bool| {
                    (0..instances).filter(|&p| own(p).is_some_and(|v| is(p, v))).count() as u64
                };
                prop_assert_eq!(found.solved, count(&|_, _| true));
                prop_assert_eq!(found.only, count(&|p, _| others(p).count() == 0));
                prop_assert_eq!(found.best, count(&|p, v| others(p).all(|other| other >= v)));
                prop_assert_eq!(found.alone_best, count(&|p, v| others(p).all(|other| other > v)));
                // Without it, what only it solves is not solved.
                prop_assert_eq!(without[s] as u64, found.only);
            }
        }
    }
}
