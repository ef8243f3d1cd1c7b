//! The data of cactus plots and performance profiles.

/// The cactus (survival) plot of one method: point `k` is the time within which it solves its `k`
/// easiest instances, so the curve is `(k, t_k)` with `k` from 1. Unsolved instances are not in it: the
/// curve ends at the number solved.
///
/// ```
/// use vmpack_results::stats::cactus;
///
/// assert_eq!(cactus(&[Some(3.0), None, Some(0.5)]), [(1, 0.5), (2, 3.0)]);
/// ```
pub fn cactus(times: &[Option<f64>]) -> Vec<(u64, f64)> {
    let mut solved: Vec<f64> = times.iter().flatten().copied().collect();
    solved.sort_by(f64::total_cmp);
    (1..).zip(solved).collect()
}

/// The performance profiles of Dolan and More (2002): for every method the points `(tau, rho)` at which
/// its fraction `rho` of instances with a ratio of at most `tau` to the best method rises.
///
/// `values[s][p]` is the time or cost of method `s` on instance `p`, positive or zero, `None` where it
/// did not solve it; all methods list the same instances. Instances that nobody solves count in the
/// denominator, so no curve reaches 1 then. Where the best value is zero, zero has the ratio 1 and
/// everything else is never within reach.
///
/// With more than two methods the order of the curves may change when one is left out (Gould and Scott
/// 2016): a profile compares each method with the best, not two methods with each other.
///
/// ```
/// use vmpack_results::stats::performance_profile;
///
/// let profiles = performance_profile(&[
///     vec![Some(1.0), Some(4.0), None, None],
///     vec![Some(2.0), Some(2.0), Some(9.0), None],
/// ]);
/// assert_eq!(profiles[0], [(1.0, 0.25), (2.0, 0.5)]);
/// assert_eq!(profiles[1], [(1.0, 0.5), (2.0, 0.75)]);
/// ```
///
/// # Panics
/// If the methods do not list the same number of instances.
pub fn performance_profile(values: &[Vec<Option<f64>>]) -> Vec<Vec<(f64, f64)>> {
    let best = virtual_best(values);
    let profile = |method: &Vec<Option<f64>>| {
        let ratio = |(value, best): (&Option<f64>, &Option<f64>)| match (*value)? / (*best)? {
            ratio if ratio.is_nan() => Some(1.0),
            ratio => Some(ratio).filter(|ratio| ratio.is_finite()),
        };
        let mut ratios: Vec<f64> = method.iter().zip(&best).filter_map(ratio).collect();
        ratios.sort_by(f64::total_cmp);
        let mut points: Vec<(f64, f64)> = Vec::new();
        for (ratio, solved) in ratios.into_iter().zip(1_u32..) {
            let fraction = f64::from(solved) / best.len() as f64;
            match points.last_mut() {
                Some(last) if last.0.total_cmp(&ratio).is_eq() => last.1 = fraction,
                _ => points.push((ratio, fraction)),
            }
        }
        points
    };
    values.iter().map(profile).collect()
}

/// The virtual best method: on every instance the least value of all methods, `None` where nobody has
/// one. What a portfolio that always guesses right would reach.
///
/// ```
/// use vmpack_results::stats::virtual_best;
///
/// let best = virtual_best(&[vec![Some(1.0), None, None], vec![Some(2.0), Some(5.0), None]]);
/// assert_eq!(best, [Some(1.0), Some(5.0), None]);
/// ```
///
/// # Panics
/// If the methods do not list the same number of instances.
pub fn virtual_best(values: &[Vec<Option<f64>>]) -> Vec<Option<f64>> {
    let instances = values.first().map_or(0, Vec::len);
    assert!(
        values.iter().all(|method| method.len() == instances),
        "all methods list the same instances"
    );
    let best = |p: usize| values.iter().filter_map(|method| method[p]).min_by(f64::total_cmp);
    (0..instances).map(best).collect()
}
